"""What a follower keeps of a channel: where it stands, and for a book the sizes, proved by the checksum."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Any

Message = dict[str, Any]

CHECKSUM_LEVELS = 10
CHECKSUM_ORDERS = 10


class Followed:
    """A channel's messages in order, without gaps or repeats, whatever the connection did meanwhile."""

    def __init__(self, name: str, from_n: int | None = None) -> None:
        self.name = name
        self.n: int | None = None if from_n is None else from_n - 1
        """The number of the last message taken."""
        self.is_live = False
        """Whether what is shown is current; false while the connection is away."""
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.is_asked = False
        """Whether its subscription waits for an answer."""
        self.ended: str = ""
        """Why the exchange ended the channel."""

    def take(self, message: Message) -> bool:
        """Take the next message; false if one is missing before it."""
        n: int = message["n"]
        from_n: int = message.get("from_n", n)
        if message["type"].endswith(".snapshot"):
            self.restart(message)
        elif self.n is None:
            return True  # on its way when the channel was begun anew: the snapshot has it
        elif from_n > self.n + 1:
            return False
        elif from_n <= n <= self.n:
            return True  # seen before
        self.n = n
        self.is_live = True
        kept = self.apply(message)
        self.messages.put_nowait(message)
        return kept

    def restart(self, message: Message) -> None:
        """A snapshot came: what was known before is replaced."""

    def apply(self, message: Message) -> bool:
        """Bring what is kept up to date; false if it cannot be right any more."""
        del message
        return True

    async def __aiter__(self) -> AsyncIterator[Message]:
        """The messages as they come."""
        while True:
            yield await self.messages.get()


class LiveBook(Followed):
    """One instrument's depth: `bids` and `offers` are lots by price, whole for the prices that a snapshot shows."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.bids: dict[int, int] = {}
        self.offers: dict[int, int] = {}
        self.phase: str | None = None

    def restart(self, message: Message) -> None:
        """Begin anew from a snapshot."""
        self.bids, self.offers = {}, {}

    def apply(self, message: Message) -> bool:
        """Set the sizes the message names; the checksum proves the result."""
        for side, lines in ((self.bids, message["bids"]), (self.offers, message["offers"])):
            for price, lots in lines:
                if lots:
                    side[price] = lots
                else:
                    side.pop(price, None)
        self.phase = message.get("phase") or self.phase
        told: int = message["checksum"]
        return checksum(self.bids, self.offers) == told

    @property
    def best_bid(self) -> int | None:
        """The highest price bid."""
        return max(self.bids, default=None)

    @property
    def best_offer(self) -> int | None:
        """The lowest price offered."""
        return min(self.offers, default=None)


class LiveOrders(Followed):
    """One instrument's single orders, where its market shows them: `[price, lots]` by their public numbers.

    In one queue, at one price of one side, the order with the lowest number is the oldest.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.bids: dict[int, tuple[int, int]] = {}
        self.offers: dict[int, tuple[int, int]] = {}
        self.is_whole = False
        """Whether the last part of the snapshot has come."""

    def restart(self, message: Message) -> None:
        """Begin anew with the first part of a snapshot."""
        if message["first"]:
            self.bids, self.offers = {}, {}
            self.is_whole = False

    def apply(self, message: Message) -> bool:
        """Set the orders the message names; once all have come, the checksum proves the result."""
        for side, rows in ((self.bids, message["bids"]), (self.offers, message["offers"])):
            for number, price, lots in rows:
                if lots:
                    side[number] = (price, lots)
                else:
                    side.pop(number, None)
        self.is_whole = self.is_whole or message.get("last", False)
        told: int = message["checksum"]
        return not self.is_whole or self.checksum() == told

    def queue(self, *, bids: bool) -> list[tuple[int, int, int]]:
        """Number, price and lots of one side's orders, in the order in which they would trade."""
        rows = [(number, price, lots) for number, (price, lots) in (self.bids if bids else self.offers).items()]
        return sorted(rows, key=lambda row: (-row[1] if bids else row[1], row[0]))

    def checksum(self) -> int:
        """CRC-32 of the ten first orders of each side, `number:price:lots` joined by `|`; 0 without any."""
        first = self.queue(bids=True)[:CHECKSUM_ORDERS] + self.queue(bids=False)[:CHECKSUM_ORDERS]
        return zlib.crc32("|".join(f"{number}:{price}:{lots}" for number, price, lots in first).encode("ascii"))


def checksum(bids: dict[int, int], offers: dict[int, int]) -> int:
    """CRC-32 of the ten best levels of each side, `price:lots` joined by `|`; 0 for an empty book.

    >>> checksum({99: 5, 98: 7}, {101: 2})
    2374614950
    """
    best_bids = sorted(bids.items(), reverse=True)[:CHECKSUM_LEVELS]
    best_offers = sorted(offers.items())[:CHECKSUM_LEVELS]
    return zlib.crc32("|".join(f"{price}:{lots}" for price, lots in best_bids + best_offers).encode("ascii"))
