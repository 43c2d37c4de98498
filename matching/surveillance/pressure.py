"""Pressure on a price at a moment that counts: marking the close, and ramping before an auction or a record date.

When such a moment comes, the trades of the minutes before it are looked at. A group is named if its aggressive trades
on one side are several and a large share of all, if these trades themselves moved the price, and if the price still
stood there at the moment. Buying much at a standing price is no pressure, nor is a push that was undone in time, nor
trading in a market that everybody moves. In an auction nobody is the aggressor: its trades count as what was traded and
as the price that others moved, and push nothing.

Source: MAR Annex I A (a), (b), (g); Delegated Regulation (EU) 2016/522 Annex II section 1, indicator A(g);
证券法 (2019) 55(1)(1).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from exchange.core.ids import InstrumentId, TradeId
from exchange.core.instruments import Side
from exchange.core.units import NS_PER_SECOND
from matching.surveillance.alerts import Alert, AlertKind, accounts_text, alert_name, counted, percent
from matching.surveillance.facts import LastTraded, Part, Traded, Turn, TurnKind
from matching.surveillance.parameters import Parameters, PressureThresholds
from matching.surveillance.relations import Group, Relations

PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """The trades before a moment, all their lots, and the trade before them, from which the price came."""

    before: Traded | LastTraded
    trades: Sequence[Traded]
    lots: int


@dataclass(frozen=True, slots=True)
class Push:
    """One group's aggressive trades on one side, its part in each, and how far they moved the price that way."""

    group: Group
    side: Side
    trades: tuple[Traded, ...]
    takers: tuple[Part, ...]
    lots: int
    moved_ticks: int


class PressureDetector:
    """Remembers the last trades of one instrument until a moment comes for which a price may be worth moving."""

    def __init__(self, instrument_id: InstrumentId, parameters: Parameters, relations: Relations) -> None:
        self.forgotten = 0
        self._instrument_id = instrument_id
        self._parameters = parameters
        self._relations = relations
        self._within_ns = parameters.trades_within_ns
        self._most = parameters.memory.most_trades.value
        self._before: Traded | LastTraded | None = None
        self._trades: deque[Traded] = deque()

    def last_traded(self, fact: LastTraded) -> None:
        """What the price was before the stretch, unless a trade told already."""
        if self._before is None and not self._trades:
            self._before = fact

    def traded(self, fact: Traded) -> None:
        """Remember a trade."""
        self._trades.append(fact)
        if len(self._trades) > self._most:
            self._before = self._trades.popleft()
            self.forgotten += 1
        self._forget(fact.at_ns, self._within_ns)

    def turned(self, fact: Turn) -> list[Alert]:
        """The moment has come: who pushed?"""
        kind = AlertKind.MARKING_THE_CLOSE if fact.kind is TurnKind.CLOSE else AlertKind.RAMPING
        limits = self._parameters.close if fact.kind is TurnKind.CLOSE else self._parameters.ramp
        window = self._window(fact.at_ns - limits.within_s.value * NS_PER_SECOND)
        found = (
            [] if window is None else [self._alert(kind, fact, window, push) for push in self._pushes(window, limits)]
        )
        if fact.kind is not TurnKind.RECORD_DATE:
            # A phase has ended: its trades are no part of the next one's last minutes.
            self._forget(fact.at_ns, -1)
        return found

    def _forget(self, now_ns: int, within_ns: int) -> None:
        while self._trades and now_ns - self._trades[0].at_ns > within_ns:
            self._before = self._trades.popleft()

    def _window(self, from_ns: int) -> Window | None:
        """The trades since a time. The very first trade of all is its own reference: it moved nothing."""
        trades = [trade for trade in self._trades if trade.at_ns >= from_ns]
        if not trades:
            return None
        place = len(self._trades) - len(trades)
        before = self._trades[place - 1] if place else self._before
        return Window(before if before is not None else trades[0], trades, _lots(trades))

    def _pushes(self, window: Window, limits: PressureThresholds) -> list[Push]:
        """The groups that meet every threshold. Of two that end in the same trade, the one that took more."""
        taken: dict[tuple[Group, Side], list[Traded]] = {}
        for trade in window.trades:
            if trade.aggressor is None or trade.taker is None:
                continue
            for group in self._relations.groups(trade.taker.account_id):
                taken.setdefault((group, trade.aggressor), []).append(trade)
        found: dict[TradeId, Push] = {}
        for (group, side), own in taken.items():
            lots = _lots(own)
            if len(own) < limits.least_trades.value or lots * PPM < limits.least_share_ppm.value * window.lots:
                continue
            other_way = _lots(taken.get((group, Side.SELL if side is Side.BUY else Side.BUY), []))
            if other_way * PPM > limits.most_other_way_ppm.value * lots:
                continue
            takers = tuple(trade.taker for trade in own if trade.taker is not None)
            push = Push(group, side, tuple(own), takers, lots, _moved(window, own, side))
            stood = _signed(window.trades[-1].price_ticks - window.before.price_ticks, side)
            if min(push.moved_ticks, stood) * PPM < limits.least_move_ppm.value * window.before.price_ticks:
                continue
            last = own[-1].trade_id
            if last not in found or lots > found[last].lots:
                found[last] = push
        return list(found.values())

    def _alert(self, kind: AlertKind, turn: Turn, window: Window, push: Push) -> Alert:
        reference = window.before.price_ticks
        accounts = tuple(dict.fromkeys(taker.account_id for taker in push.takers))
        share_ppm = push.lots * PPM // window.lots
        moved_ppm = push.moved_ticks * PPM // reference
        last = push.trades[-1]
        took, way = ("bought", "up") if push.side is Side.BUY else ("sold", "down")
        moment = {
            TurnKind.CLOSE: "trading closed",
            TurnKind.AUCTION: "an auction began",
            TurnKind.RECORD_DATE: "the holders of record were fixed",
        }[turn.kind]
        before_s = (turn.at_ns - push.trades[0].at_ns) // NS_PER_SECOND
        return Alert(
            alert_id=alert_name(kind, last.trade_id, turn.sequence),
            kind=kind,
            instrument_id=self._instrument_id,
            parameters=self._parameters.label,
            from_sequence=window.before.sequence,
            to_sequence=turn.sequence,
            from_ns=window.before.at_ns,
            to_ns=turn.at_ns,
            accounts=accounts,
            relation="" if len(accounts) == 1 else push.group.how,
            order_ids=tuple(dict.fromkeys(taker.order_id for taker in push.takers)),
            trade_ids=tuple(trade.trade_id for trade in push.trades),
            figures={
                "trades": len(push.trades),
                "quantity_lots": push.lots,
                "share_ppm": share_ppm,
                "reference_price_ticks": reference,
                "last_price_ticks": window.trades[-1].price_ticks,
                "moved_ticks": push.moved_ticks,
                "moved_ppm": moved_ppm,
            },
            sentence=(
                f"{accounts_text(accounts)} {took} {counted(push.lots, 'lot')} aggressively in "
                f"{counted(len(push.trades), 'trade')} from {counted(before_s, 'second')} before {moment}, "
                f"{percent(share_ppm)} of all, and moved the price "
                f"{way} by {percent(moved_ppm)}, from {reference} to {window.trades[-1].price_ticks} ticks."
            ),
        )


def _lots(trades: Sequence[Traded]) -> int:
    return sum(trade.quantity_lots for trade in trades)


def _moved(window: Window, own: Sequence[Traded], side: Side) -> int:
    """How far these trades moved the price their way: each against the trade before it, whoever made that."""
    moved = 0
    previous: Traded | LastTraded = window.before
    mine = {trade.trade_id for trade in own}
    for trade in window.trades:
        if trade.trade_id in mine:
            moved += _signed(trade.price_ticks - previous.price_ticks, side)
        previous = trade
    return moved


def _signed(ticks: int, side: Side) -> int:
    return ticks if side is Side.BUY else -ticks
