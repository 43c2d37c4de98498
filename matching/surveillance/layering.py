"""Layering and spoofing: orders shown on one side so that the other side is filled, then withdrawn.

A suspicion begins with a fill. If the group that was filled shows, on the opposite side, several orders entered a short
while before, away from the price of the fill, and far more lots than it shows on the side that was filled, these orders
are its layers, and they are followed. When enough of their lots are withdrawn by choice, soon enough, that is the
alert; what was traded, or ended by a rule, was not withdrawn. A market maker shows both sides alike and raises none.

The price of the fill stands for the touch: a trade happens nowhere else. So the alert rests on its own orders alone,
and is found again without the rest of the book.

Source: MAR Annex I A (f); Delegated Regulation (EU) 2016/522 Annex II section 1, indicator A(f);
证券法 (2019) 55(1)(4).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from exchange.core.ids import InstrumentId, OrderId
from exchange.core.instruments import Side
from exchange.core.units import NS_PER_SECOND
from matching.surveillance.alerts import Alert, AlertKind, accounts_text, alert_name, counted, percent
from matching.surveillance.facts import Entered, Part, Placed, Reduced, Traded, Withdrawn
from matching.surveillance.parameters import Parameters
from matching.surveillance.recent import Recent, RecentOrders
from matching.surveillance.relations import Group, Relations

PPM = 1_000_000


@dataclass(slots=True)
class Layer:
    """An order that may have been shown only to be withdrawn. Units: `lots` of it are still there."""

    order: Recent
    lots: int


@dataclass(slots=True)
class Suspicion:
    """A fill and the layers opposite to it. Units: lots shown, withdrawn, and shown on the side that was filled."""

    fill: Traded
    filled: Part
    group: Group
    side: Side
    layers: dict[OrderId, Layer]
    since: Placed | Recent
    shown_lots: int
    other_side_lots: int
    withdrawn_lots: int = 0
    told: bool = False


class LayeringDetector:
    """Follows the layers opposite to each fill of one instrument."""

    def __init__(
        self, instrument_id: InstrumentId, parameters: Parameters, relations: Relations, orders: RecentOrders
    ) -> None:
        self.forgotten = 0
        self._instrument_id = instrument_id
        self._label = parameters.label
        self._limits = parameters.layering
        self._most = parameters.memory.most_suspicions.value
        self._relations = relations
        self._orders = orders
        self._open: deque[Suspicion] = deque()
        self._by_order: dict[OrderId, list[Suspicion]] = {}

    def traded(self, fact: Traded) -> None:
        """Both parts of a trade are fills, and either order may be somebody's layer. Ask before the orders are cut."""
        self.forget(fact.at_ns)
        for part, layers_on in ((fact.buyer, Side.SELL), (fact.seller, Side.BUY)):
            for _, layer in self._layers_of(part.order_id):
                layer.lots = min(layer.lots, part.remaining_lots)
            self._suspect(fact, part, layers_on)

    def entered(self, fact: Entered, before: Recent | None) -> list[Alert]:
        """An old order at the back of the queue again: farther away, or with fewer lots, it is in so far withdrawn."""
        if before is None:
            return []
        self.forget(fact.at_ns)
        farther = fact.price_ticks < before.price_ticks
        if before.side is Side.SELL:
            farther = fact.price_ticks > before.price_ticks
        return self._take(fact, fact.order_id, 0 if farther else fact.visible_lots)

    def reduced(self, fact: Reduced) -> list[Alert]:
        """Fewer lots at the same place."""
        self.forget(fact.at_ns)
        if fact.by_choice:
            return self._take(fact, fact.order_id, fact.remaining_lots)
        for _, layer in self._layers_of(fact.order_id):
            layer.lots = min(layer.lots, fact.remaining_lots)
        return []

    def withdrawn(self, fact: Withdrawn) -> list[Alert]:
        """An order ended unfilled."""
        self.forget(fact.at_ns)
        if fact.by_choice:
            return self._take(fact, fact.order_id, 0)
        for _, layer in self._layers_of(fact.order_id):
            layer.lots = 0
        return []

    def forget(self, now_ns: int) -> None:
        """Give up suspicions whose time is over."""
        within_ns = self._limits.withdrawn_within_s.value * NS_PER_SECOND
        while self._open and now_ns - self._open[0].fill.at_ns > within_ns:
            self._drop_first()

    # --- From a fill to its layers --------------------------------------------------------------------------------

    def _suspect(self, fact: Traded, filled: Part, side: Side) -> None:
        limits = self._limits
        known: list[tuple[OrderId, ...]] = []
        for group in self._relations.groups(filled.account_id):
            layers = [order for order in self._orders.open_of(group, side) if self._is_layer(order, fact)]
            if len(layers) < limits.least_orders.value:
                continue
            names = tuple(order.order_id for order in layers)
            other = [
                order
                for order in self._orders.open_of(group, _opposite(side))
                if order.order_id != filled.order_id and self._is_fresh(order, fact)
            ]
            other_lots = fact.quantity_lots + filled.remaining_lots + sum(order.shown_lots for order in other)
            shown = sum(order.shown_lots for order in layers)
            if names in known or shown * PPM < limits.least_times_other_side_ppm.value * other_lots:
                continue
            known.append(names)
            self._follow(
                Suspicion(
                    fill=fact,
                    filled=filled,
                    group=group,
                    side=side,
                    layers={order.order_id: Layer(order, order.shown_lots) for order in layers},
                    since=min((*layers, *other), key=lambda order: order.sequence),
                    shown_lots=shown,
                    other_side_lots=other_lots,
                )
            )

    def _is_fresh(self, order: Recent, fact: Traded) -> bool:
        return fact.at_ns - order.at_ns <= self._limits.entered_within_s.value * NS_PER_SECOND

    def _is_layer(self, order: Recent, fact: Traded) -> bool:
        """Entered shortly before the fill, visible, and away from it by neither too little nor too much."""
        away = fact.price_ticks - order.price_ticks
        if order.side is Side.SELL:
            away = -away
        limits = self._limits
        near_enough = away * PPM <= limits.most_away_ppm.value * fact.price_ticks
        visible = order.shown_lots > 0
        return visible and near_enough and away >= limits.least_away_ticks.value and self._is_fresh(order, fact)

    def _follow(self, suspicion: Suspicion) -> None:
        self._open.append(suspicion)
        for order_id in suspicion.layers:
            self._by_order.setdefault(order_id, []).append(suspicion)
        if len(self._open) > self._most:
            self._drop_first()
            self.forgotten += 1

    def _drop_first(self) -> None:
        gone = self._open.popleft()
        for order_id in gone.layers:
            left = [suspicion for suspicion in self._by_order[order_id] if suspicion is not gone]
            if left:
                self._by_order[order_id] = left
            else:
                del self._by_order[order_id]

    # --- From the layers to an alert ------------------------------------------------------------------------------

    def _layers_of(self, order_id: OrderId) -> Iterator[tuple[Suspicion, Layer]]:
        """An order as a layer, once for each suspicion it is part of."""
        for suspicion in self._by_order.get(order_id, ()):
            yield suspicion, suspicion.layers[order_id]

    def _take(self, fact: Placed, order_id: OrderId, lots_left: int) -> list[Alert]:
        """Lots of an order were taken away by choice; an alert if that completes any suspicion."""
        completed: list[Suspicion] = []
        for suspicion, layer in self._layers_of(order_id):
            if lots_left >= layer.lots:
                continue
            suspicion.withdrawn_lots += layer.lots - lots_left
            layer.lots = lots_left
            enough = suspicion.withdrawn_lots * PPM >= self._limits.least_withdrawn_ppm.value * suspicion.shown_lots
            if enough and not suspicion.told:
                suspicion.told = True
                completed.append(suspicion)
        return [self._alert(fact, completed)] if completed else []

    def _alert(self, fact: Placed, completed: list[Suspicion]) -> Alert:
        """One alert for all fills whose layers this withdrawal completes: the fullest of them gives the figures."""
        main = max(completed, key=lambda suspicion: suspicion.shown_lots)
        layers = {order_id: layer for suspicion in completed for order_id, layer in suspicion.layers.items()}
        since = min((suspicion.since for suspicion in completed), key=lambda placed: placed.sequence)
        filled = tuple(dict.fromkeys(suspicion.filled.order_id for suspicion in completed))
        trades = tuple(dict.fromkeys(suspicion.fill.trade_id for suspicion in completed))
        accounts = tuple(
            dict.fromkeys(
                (
                    *(suspicion.filled.account_id for suspicion in completed),
                    *(layer.order.account_id for layer in layers.values()),
                )
            )
        )
        word, filled_word = ("bids", "selling") if main.side is Side.BUY else ("offers", "buying")
        share_ppm = main.withdrawn_lots * PPM // main.shown_lots
        after_s = (fact.at_ns - main.fill.at_ns) // NS_PER_SECOND
        shown = f"{counted(main.shown_lots, 'lot')} in {len(main.layers)} {word}"
        return Alert(
            alert_id=alert_name(AlertKind.LAYERING, trades[-1], fact.sequence),
            kind=AlertKind.LAYERING,
            instrument_id=self._instrument_id,
            parameters=self._label,
            from_sequence=min(since.sequence, completed[0].fill.sequence),
            to_sequence=fact.sequence,
            from_ns=min(since.at_ns, completed[0].fill.at_ns),
            to_ns=fact.at_ns,
            accounts=accounts,
            relation="" if len(accounts) == 1 else main.group.how,
            order_ids=(*filled, *layers),
            trade_ids=trades,
            figures={
                "layers": len(main.layers),
                "shown_lots": main.shown_lots,
                "other_side_lots": main.other_side_lots,
                "withdrawn_lots": main.withdrawn_lots,
                "withdrawn_ppm": share_ppm,
                "fill_price_ticks": main.fill.price_ticks,
                "after_s": after_s,
            },
            sentence=(
                f"{accounts_text(accounts)} showed {shown} against {counted(main.other_side_lots, 'lot')} on the other "
                f"side, was filled there, {filled_word} at {main.fill.price_ticks} ticks, and withdrew "
                f"{percent(share_ppm)} of what it showed within {counted(after_s, 'second')}."
            ),
        )


def _opposite(side: Side) -> Side:
    return Side.SELL if side is Side.BUY else Side.BUY
