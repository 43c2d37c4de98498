"""Which halves of the projections run: the compiled ones where they were built, else their readable twins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from api.stream.numbers import ChannelNumbers
from exchange.core.ids import AccountId, InstrumentId
from exchange.core.messages import Event
from matching.depth import DepthFeed, DepthSnapshot, OpenOrder, R
from matching.visible import BookChange, OrderLine, PublicTrade


class VisibleBooks(Protocol):
    """The visible books of all instruments; `matching.depth.DepthFeed` says what each answer means."""

    def restore(
        self,
        open_orders: Iterable[OpenOrder],
        book_numbers: Mapping[InstrumentId, int],
        last_prices: Mapping[InstrumentId, int] | None = None,
    ) -> None:
        """Start from the tables."""
        ...

    def rows(self, rows: Iterable[R]) -> list[R]:
        """Take in committed rows; answers those that tell of more than orders and their trades."""
        ...

    def row(self, events: Iterable[Event], at_ns: int = 0) -> None:
        """Take in one row's events."""
        ...

    def watch(self, instrument_id: InstrumentId, *, by_order: bool = False) -> list[PublicTrade]:
        """Keep what changes in a book from now on, of single orders too if asked; answers its last trades."""
        ...

    def unwatch(self, instrument_id: InstrumentId) -> None:
        """Keep it no longer."""
        ...

    @property
    def is_changed(self) -> bool:
        """Whether a watched book changed."""
        ...

    def changes(self) -> list[BookChange]:
        """What changed in the watched books since this was last asked."""
        ...

    def book_n(self, instrument_id: InstrumentId) -> int:
        """The number of an instrument's last event."""
        ...

    def last_price(self, instrument_id: InstrumentId) -> int:
        """The price of an instrument's last trade; 0 without any."""
        ...

    def snapshot(self, instrument_id: InstrumentId, depth: int) -> DepthSnapshot:
        """The best prices of both sides."""
        ...

    def orders(self, instrument_id: InstrumentId, after: OrderLine | None, limit: int) -> tuple[OrderLine, ...]:
        """A page of the single orders of a book where they are kept."""
        ...

    def checksum(self, instrument_id: InstrumentId, depth: int = ...) -> int:
        """The checksum of the top levels, of so many at most."""
        ...

    def orders_checksum(self, instrument_id: InstrumentId) -> int:
        """The checksum of the first orders of each side."""
        ...


class Numbers(Protocol):
    """How far every private channel has come; `api.stream.numbers.ChannelNumbers` says what each answer means."""

    def restore(self, numbers: Mapping[AccountId, int]) -> None:
        """Start from the tables."""
        ...

    def __getitem__(self, account_id: AccountId) -> int:
        """The number of the account's last message."""
        ...

    def follow(self, account_id: AccountId) -> None:
        """Pick out the account's rows."""
        ...

    def unfollow(self, account_id: AccountId) -> None:
        """Pick them out no longer."""
        ...

    def rows(self, rows: Iterable[R]) -> list[R]:
        """Count what committed rows told; answers the rows that told a followed account something."""
        ...


def visible_books() -> VisibleBooks:
    """Empty visible books."""
    try:
        from matching._depth import DepthFeed as CompiledFeed
    except ImportError:
        return DepthFeed()
    return CompiledFeed()


def channel_numbers() -> Numbers:
    """No numbers yet."""
    try:
        from api.stream._numbers import ChannelNumbers as CompiledNumbers
    except ImportError:
        return ChannelNumbers()
    return CompiledNumbers()
