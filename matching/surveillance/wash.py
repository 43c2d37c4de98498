"""Wash trading: trades that change nothing, or only appear to.

Three forms. *Same owner*: buyer and seller are one owner's accounts; whatever the orders looked like, nothing changed
hands. *Related*: accounts of one member or declared group, whose orders were matched: close in time, alike in price
and lots. That two desks of one house meet in the book by chance is no alert. *Circular*: matched trades hand the same
lots round until they are back with whom they started, A → B → C → A, though no two of them are related.

Source: MAR Annex I A (c); Delegated Regulation (EU) 2016/522 Annex II section 1, indicator A(c);
证券法 (2019) 55(1)(2) and (3).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from exchange.core.ids import AccountId, InstrumentId, OrderId
from exchange.core.units import NS_PER_SECOND, Sequence, TimeNs
from matching.surveillance.alerts import Alert, AlertKind, accounts_text, alert_name, counted
from matching.surveillance.facts import Traded
from matching.surveillance.parameters import Parameters
from matching.surveillance.recent import Recent, RecentOrders
from matching.surveillance.relations import Relations

PPM = 1_000_000
MOST_STEPS = 20_000
"""Trades looked at for one ring: the search stays bounded, whatever the thresholds say."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One matched trade: lots went from the seller to the buyer. `since` is the row of its first order."""

    traded: Traded
    since: Sequence
    since_ns: TimeNs

    @property
    def giver(self) -> AccountId:
        """Who sold."""
        return self.traded.seller.account_id

    @property
    def taker(self) -> AccountId:
        """Who bought."""
        return self.traded.buyer.account_id


class WashDetector:
    """Watches the trades of one instrument for those that change nothing."""

    def __init__(
        self, instrument_id: InstrumentId, parameters: Parameters, relations: Relations, orders: RecentOrders
    ) -> None:
        self.forgotten = 0
        self._instrument_id = instrument_id
        self._label = parameters.label
        self._limits = parameters.wash
        self._most = parameters.memory.most_hops.value
        self._relations = relations
        self._orders = orders
        self._hops: deque[Hop] = deque()

    def traded(self, fact: Traded) -> list[Alert]:
        """Look at one trade. Its two orders must still be as they were before it."""
        buyer, seller = fact.buyer.account_id, fact.seller.account_id
        group = self._relations.shared(buyer, seller)
        hop = self._matched(fact)
        if group is not None and (group.how == "owner" or buyer == seller):
            return [self._same_owner(fact, hop)]
        if hop is None:
            return []
        if group is not None:
            return [self._related(hop, group.how)]
        return self._circular(hop)

    def _matched(self, fact: Traded) -> Hop | None:
        """The trade as a hop, if its orders came together and ask for the same."""
        bid, offer = self._orders.get(fact.buyer.order_id), self._orders.get(fact.seller.order_id)
        if bid is None or offer is None:
            return None
        limits = self._limits
        together = abs(bid.at_ns - offer.at_ns) <= limits.entered_within_s.value * NS_PER_SECOND
        apart = limits.quantity_apart_ppm.value
        alike = near(bid.quantity_lots, offer.quantity_lots, apart) and near(
            fact.quantity_lots, max(bid.quantity_lots, offer.quantity_lots), apart
        )
        if not (together and alike and near(bid.price_ticks, offer.price_ticks, limits.limit_apart_ppm.value)):
            return None
        first: Recent = min(bid, offer, key=lambda order: order.sequence)
        return Hop(fact, first.sequence, first.at_ns)

    def _circular(self, last: Hop) -> list[Alert]:
        """The shortest ring the trade closes, if any; then it is remembered for the next."""
        within_ns = self._limits.ring_within_s.value * NS_PER_SECOND
        while self._hops and last.traded.at_ns - self._hops[0].traded.at_ns > within_ns:
            self._hops.popleft()
        ring = self._ring(last)
        self._hops.append(last)
        if len(self._hops) > self._most:
            self._hops.popleft()
            self.forgotten += 1
        return [self._ring_alert(ring)] if ring else []

    def _ring(self, last: Hop) -> tuple[Hop, ...]:
        """The shortest way by which the lots this trade hands on had come from its buyer: that buyer's sale first."""
        limits = self._limits
        alike = [
            hop
            for hop in self._hops
            if near(hop.traded.quantity_lots, last.traded.quantity_lots, limits.ring_quantity_apart_ppm.value)
            and near(hop.traded.price_ticks, last.traded.price_ticks, limits.ring_price_apart_ppm.value)
        ]
        ways: list[tuple[tuple[Hop, ...], int]] = [
            ((hop,), place) for place, hop in enumerate(alike) if self._one(hop.giver, last.taker)
        ]
        steps = 0
        for _ in range(limits.ring_longest_hops.value - 1):
            for way, _place in ways:
                if self._one(way[-1].taker, last.giver):
                    return (*way, last)
            longer: list[tuple[tuple[Hop, ...], int]] = []
            for way, place in ways:
                for following in range(place + 1, len(alike)):
                    steps += 1
                    if steps > MOST_STEPS:
                        return ()
                    if self._one(alike[following].giver, way[-1].taker):
                        longer.append(((*way, alike[following]), following))
            ways = longer
        return ()

    def _one(self, one: AccountId, other: AccountId) -> bool:
        """Whether two accounts count as one link of a chain."""
        return one == other or self._relations.shared(one, other) is not None

    # --- What is said ---------------------------------------------------------------------------------------------

    def _same_owner(self, fact: Traded, hop: Hop | None) -> Alert:
        return self._pair_alert(
            AlertKind.WASH_SAME_OWNER,
            hop if hop is not None else Hop(fact, fact.sequence, fact.at_ns),
            "owner",
            {"matched_orders": int(hop is not None)},
            "both accounts are one owner's, so nothing changed hands",
        )

    def _related(self, hop: Hop, how: str) -> Alert:
        apart_s = (hop.traded.at_ns - hop.since_ns) // NS_PER_SECOND
        reason = "one member's" if how == "member" else "in a declared group"
        return self._pair_alert(
            AlertKind.WASH_RELATED,
            hop,
            how,
            {"entered_apart_s": apart_s},
            f"the accounts are {reason}, and their orders, alike in price and lots, came "
            f"{counted(apart_s, 'second')} apart",
        )

    def _pair_alert(self, kind: AlertKind, hop: Hop, relation: str, figures: dict[str, int], reason: str) -> Alert:
        fact = hop.traded
        accounts = tuple(dict.fromkeys((fact.seller.account_id, fact.buyer.account_id)))
        lots = counted(fact.quantity_lots, "lot")
        return Alert(
            alert_id=alert_name(kind, fact.trade_id, fact.sequence),
            kind=kind,
            instrument_id=self._instrument_id,
            parameters=self._label,
            from_sequence=hop.since,
            to_sequence=fact.sequence,
            from_ns=hop.since_ns,
            to_ns=fact.at_ns,
            accounts=accounts,
            relation=relation,
            order_ids=(fact.seller.order_id, fact.buyer.order_id),
            trade_ids=(fact.trade_id,),
            figures={"quantity_lots": fact.quantity_lots, "price_ticks": fact.price_ticks, **figures},
            sentence=f"{accounts_text(accounts)} traded {lots} at {fact.price_ticks} ticks with each other: {reason}.",
        )

    def _ring_alert(self, ring: tuple[Hop, ...]) -> Alert:
        first = min(ring, key=lambda hop: hop.since)
        last = ring[-1].traded
        accounts = tuple(dict.fromkeys(hop.giver for hop in ring))
        lots = min(hop.traded.quantity_lots for hop in ring)
        prices = [hop.traded.price_ticks for hop in ring]
        took_s = (last.at_ns - ring[0].traded.at_ns) // NS_PER_SECOND
        return Alert(
            alert_id=alert_name(AlertKind.WASH_CIRCULAR, last.trade_id, last.sequence),
            kind=AlertKind.WASH_CIRCULAR,
            instrument_id=self._instrument_id,
            parameters=self._label,
            from_sequence=first.since,
            to_sequence=last.sequence,
            from_ns=first.since_ns,
            to_ns=last.at_ns,
            accounts=accounts,
            relation="",
            order_ids=tuple(dict.fromkeys(_orders_of(ring))),
            trade_ids=tuple(hop.traded.trade_id for hop in ring),
            figures={
                "hops": len(ring),
                "quantity_lots": lots,
                "lowest_price_ticks": min(prices),
                "highest_price_ticks": max(prices),
                "took_s": took_s,
            },
            sentence=(
                f"{counted(lots, 'lot')} went round {accounts_text(accounts)} in {len(ring)} matched trades within "
                f"{counted(took_s, 'second')} and came back to the first."
            ),
        )


def near(one: int, other: int, apart_ppm: int) -> bool:
    """Whether two numbers differ by at most so many ppm of the larger.

    >>> near(90, 100, 100_000), near(89, 100, 100_000)
    (True, False)
    """
    return abs(one - other) * PPM <= apart_ppm * max(one, other)


def _orders_of(ring: tuple[Hop, ...]) -> Iterator[OrderId]:
    for hop in ring:
        yield hop.traded.seller.order_id
        yield hop.traded.buyer.order_id
