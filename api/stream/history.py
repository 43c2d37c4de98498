"""A private channel's past, read out of the journal while the present goes on.

The account's marks form a chain through the journal: each names the command before it that told the account something.
So the past is found by key, walking back from the newest to the number asked for, and then sent forwards in pages, as
fast as the client reads. What was told meanwhile is read the same way, until nothing is missing; then, without a pause
in between, the client follows live.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Sequence
from typing import TypeVar

from api.stream.link import Link
from api.stream.private import private_frame, told
from exchange.core.ids import AccountId, InstrumentId
from exchange.core.rejections import ensure
from exchange.store.queries import days, stream
from exchange.store.queries.days import Day
from exchange.store.queries.reader import Reads, Snapshot
from matching.correction_messages import TradeCorrection
from matching.notice_messages import Announcement

T = TypeVar("T")

COMMANDS_A_WALK = 500
COMMANDS_A_PAGE = 200
FRAMES_A_WRITE = 256


class Journal:
    """What the stream reads of the tables, in the readers' threads."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def rows_after(self, sequence: int, limit: int) -> Sequence[stream.FeedRow]:
        """The rows after a sequence, read at once: a start uses it before anything else runs."""
        return self._reads.run(lambda snapshot: stream.rows_after(snapshot, sequence, limit))

    def last_trades(self, limit: int) -> Sequence[stream.TradeRow]:
        """The newest trades, oldest first; read at once."""
        return self._reads.run(lambda snapshot: stream.last_trades(snapshot, limit))

    def last_corrections(self, limit: int) -> Sequence[TradeCorrection]:
        """The newest corrections of trades, oldest first; read at once."""
        return self._reads.run(lambda snapshot: stream.last_corrections(snapshot, limit))

    def last_announcements(self, limit: int) -> Sequence[Announcement]:
        """The newest released announcements, oldest first."""
        return self._reads.run(lambda snapshot: stream.last_announcements(snapshot, limit))

    async def day(self, instrument_id: InstrumentId) -> Day | None:
        """An instrument's trading day so far; None without such an instrument.

        Raises: ReadFault.
        """
        day = await self._ask(lambda snapshot: days.begin(snapshot, instrument_id))
        while day is not None and not day.is_whole:
            day = await self._ask(functools.partial(_go_on, day))
        return day

    async def rows(self, sequences: Sequence[int]) -> Sequence[stream.FeedRow]:
        """These rows, in their order.

        Raises: ReadFault.
        """
        return await self._ask(lambda snapshot: stream.rows(snapshot, sequences))

    async def chain(self, account_id: AccountId, from_n: int) -> list[int]:
        """The commands that told the account its numbers from `from_n` on, oldest first.

        Raises: ReadFault.
        """
        found: list[int] = []
        sequence: int | None = None
        while sequence != 0:
            part, sequence = await self._ask(functools.partial(_walk, account_id, sequence, from_n))
            found.extend(part)
        found.reverse()
        return found

    async def _ask(self, work: Callable[[Snapshot], T]) -> T:
        return await asyncio.wrap_future(self._reads.submit(work))


def _go_on(day: Day, snapshot: Snapshot) -> Day | None:
    return days.go_on(snapshot, day)


def _walk(account_id: AccountId, start: int | None, from_n: int, snapshot: Snapshot) -> tuple[list[int], int]:
    """Commands that told the account something, newest first, and where to go on (0: nowhere)."""
    sequence = stream.newest_command(snapshot, account_id) if start is None else start
    found: list[int] = []
    while sequence and len(found) < COMMANDS_A_WALK:
        marks = [
            one[1]
            for row in stream.rows(snapshot, [sequence])
            for event in row.events
            for one in told(event)
            if one[0] == account_id
        ]
        ensure(bool(marks), "a mark names the command before it")
        found.append(sequence)
        sequence = 0 if marks[0].n <= from_n else marks[0].previous_sequence
    return found, sequence


async def replay(
    journal: Journal,
    account_id: AccountId,
    from_n: int,
    newest: Callable[[], int],
    write: Callable[[list[bytes]], bool],
    link: Link,
) -> bool:
    """Send an account's messages from `from_n` on until none is missing; false if the client went away.

    When it returns, `newest()` was sent and nothing was awaited since it was asked: follow at once.
    """
    position = from_n
    while position <= (target := newest()):
        chain = await journal.chain(account_id, position)
        for start in range(0, len(chain), COMMANDS_A_PAGE):
            rows = await journal.rows(chain[start : start + COMMANDS_A_PAGE])
            frames = [
                private_frame(row.header, event, one)
                for row in rows
                for event in row.events
                for one in told(event)
                if one[0] == account_id and position <= one[1].n <= target
            ]
            for begin in range(0, len(frames), FRAMES_A_WRITE):
                if not write(frames[begin : begin + FRAMES_A_WRITE]):
                    return False
                await link.drain()
        position = target + 1
    return True
