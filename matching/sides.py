"""Who took which side of a right, and when: the gap and the lock-up are counted from it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from exchange.core.ids import AssetId, DealId, MemberId
from exchange.core.messages import Record
from exchange.core.units import TimeNs


class SideTaken(Record, frozen=True, kw_only=True):
    """When a member last bought, and last sold, a part of a right by a completed agreement (0: never)."""

    member_id: MemberId
    bought_at_ns: TimeNs = TimeNs(0)
    sold_at_ns: TimeNs = TimeNs(0)


MAX_SIDES = 1_000
"""So many members' sides are kept for one right; of more, those whose last side is longest ago are forgotten."""


class LastSale(Record, frozen=True, kw_only=True):
    """The last completed agreement about a right: who took which side, and when they contracted.

    `sides` says the same of everybody who ever took one, since parts of a right go from hand to hand beside each other;
    a record from before parts could be sold has none.
    """

    asset_id: AssetId
    deal_id: DealId
    seller_id: MemberId
    buyer_id: MemberId
    contracted_at_ns: TimeNs
    sides: tuple[SideTaken, ...] = ()

    def bought_at_ns(self, member_id: MemberId) -> int:
        """When a member last contracted to buy; 0: never."""
        found = [side.bought_at_ns for side in self.sides if side.member_id == member_id]
        return found[0] if found else (self.contracted_at_ns if self.buyer_id == member_id else 0)

    def sold_at_ns(self, member_id: MemberId) -> int:
        """When a member last contracted to sell; 0: never."""
        found = [side.sold_at_ns for side in self.sides if side.member_id == member_id]
        return found[0] if found else (self.contracted_at_ns if self.seller_id == member_id else 0)


def take_sides(
    before: LastSale | None, seller_id: MemberId, buyer_ids: Sequence[MemberId], at_ns: TimeNs
) -> tuple[SideTaken, ...]:
    """The sides everybody has taken of a right, after one more sale of it."""
    sides = {side.member_id: side for side in before.sides} if before is not None else {}
    if before is not None and not before.sides:
        sides = {
            before.seller_id: SideTaken(member_id=before.seller_id, sold_at_ns=before.contracted_at_ns),
            before.buyer_id: SideTaken(member_id=before.buyer_id, bought_at_ns=before.contracted_at_ns),
        }
    sold = sides.get(seller_id, SideTaken(member_id=seller_id))
    sides[seller_id] = msgspec.structs.replace(sold, sold_at_ns=at_ns)
    for buyer_id in buyer_ids:
        bought = sides.get(buyer_id, SideTaken(member_id=buyer_id))
        sides[buyer_id] = msgspec.structs.replace(bought, bought_at_ns=at_ns)
    newest = sorted(sides.values(), key=lambda side: (-max(side.bought_at_ns, side.sold_at_ns), side.member_id))
    return tuple(sorted(newest[:MAX_SIDES], key=lambda side: side.member_id))
