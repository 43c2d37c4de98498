"""A thread pool with a limit on its queue: what does not fit is refused at once, so that a flood costs nothing.

An executor's own queue has no end. Ten thousand logins of 165 ms each would be taken, and the next honest user
would wait for half an hour.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from api.auth.codes import EdgeCode, EdgeRefused

P = ParamSpec("P")
T = TypeVar("T")


class BoundedPool:
    """Runs blocking work in `workers` threads, with at most `waiting` calls in line behind them."""

    def __init__(self, name: str, *, workers: int, waiting: int, busy: EdgeCode = EdgeCode.AUTH_BUSY) -> None:
        self._executor = ThreadPoolExecutor(max_workers=workers, thread_name_prefix=name)
        self._limit = workers + waiting
        self._busy = busy
        self._taken = 0
        self._lock = threading.Lock()

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the work in a thread and wait for it.

        Refused: the pool's busy code (auth.busy) when every place is taken.
        """
        return await asyncio.wrap_future(self.submit(work, *args, **kwargs))

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Take a place and start; the place is free again when the work is done, not when its caller gives up.

        Refused: the pool's busy code when every place is taken.
        """
        with self._lock:
            if self._taken >= self._limit:
                raise EdgeRefused(self._busy, retry_after_s=1)
            self._taken += 1
        try:
            future = self._executor.submit(work, *args, **kwargs)
        except BaseException:
            self._give_back(None)
            raise
        future.add_done_callback(self._give_back)
        return future

    @property
    def taken(self) -> int:
        """Places in use: running and waiting."""
        return self._taken

    def close(self) -> None:
        """Finish what runs, drop what waits."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _give_back(self, _done: object) -> None:
        with self._lock:
            self._taken -= 1
