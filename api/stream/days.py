"""Has trading days read from the tables for the channels of statistics that wait for them, in the readers' threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from api.stream.history import Journal
from api.stream.statistics import StatisticsChannel
from exchange.core.ids import to_wire
from exchange.store.queries.days import Day

READ_AGAIN_S = 0.5
FOLLOW_S = 0.005

log = structlog.get_logger("api.stream")


class Days:
    """The days that are being read."""

    def __init__(self, journal: Journal, readers: asyncio.Semaphore) -> None:
        self.is_wanted: Callable[[StatisticsChannel], bool] = lambda _: True
        """Whether a channel still waits for its day."""
        self.reached: Callable[[], int] = lambda: 0
        """How far the rows have come: what was read later than that must wait for them."""
        self.was_read: Callable[[StatisticsChannel, Day], None] = lambda _channel, _day: None
        self._journal = journal
        self._readers = readers
        self._tasks: set[asyncio.Task[None]] = set()

    def read(self, channel: StatisticsChannel) -> None:
        """Read a channel's day, and hand it over when the rows have come as far as it has."""
        task = asyncio.get_running_loop().create_task(self._read(channel))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Read no more."""
        for task in list(self._tasks):
            task.cancel()

    async def _read(self, channel: StatisticsChannel) -> None:
        await asyncio.sleep(0)  # the channel is being made
        while self.is_wanted(channel):
            try:
                async with self._readers:
                    day = await self._journal.day(channel.instrument_id)
            except Exception as fault:
                log.warning("stream.day_not_read", instrument=to_wire("I", channel.instrument_id), fault=repr(fault))
                await asyncio.sleep(READ_AGAIN_S)
                continue
            if day is None:
                return
            while self.reached() < day.last_sequence and self.is_wanted(channel):  # noqa: ASYNC110 - rows are many
                await asyncio.sleep(FOLLOW_S)
            if self.is_wanted(channel):
                self.was_read(channel, day)
            return
