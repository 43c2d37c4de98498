"""Surveillance of a stretch of the journal: committed events become the detectors' facts, page by page.

A stretch names the alerts that are completed in it. What came before is read as far back as the thresholds look, so an
alert is the same whichever stretch it is found in. Each page is a snapshot of its own: what is committed never
changes, so a walk of hours keeps no snapshot open, and in memory there is a bounded past of the instruments lately
traded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from sqlalchemy import Select, Table, func, or_, select

from exchange.core.ids import AccountId, AssetId, InstrumentId, MemberId, TradeId, make_id, sequence_of
from exchange.core.instruments import Phase, Side
from exchange.core.messages import Event
from exchange.core.units import PriceTicks, QuantityLots, TimeNs
from exchange.core.units import Sequence as Seq
from exchange.core.wire import decode_events
from exchange.store.queries.corrections import CORRECTIONS, Corrected, corrected_between
from exchange.store.queries.reader import Snapshot
from exchange.store.schema.custody import AccountTable
from exchange.store.schema.journal import JournalTable
from exchange.store.schema.matching import InstrumentTable, TradeTable
from matching.correction_messages import Remedy
from matching.messages import (
    CancelReason,
    InstrumentPhaseChanged,
    OrderAccepted,
    OrderCancelled,
    OrderMoved,
    OrderReduced,
    OrderReplaced,
    TradeMade,
    TradeSide,
)
from matching.surveillance.alerts import Alert
from matching.surveillance.facts import (
    Entered,
    Fact,
    LastTraded,
    Moved,
    Part,
    Reduced,
    Traded,
    Turn,
    TurnKind,
    Withdrawn,
)
from matching.surveillance.parameters import Parameters
from matching.surveillance.relations import Owner, Relations
from matching.surveillance.watch import Watch
from securitization.messages import ProductPaymentStarted

PAGE_ROWS = 2_000
"""Rows of the journal a step reads."""

JOURNAL = cast("Table", JournalTable.__table__)
TRADES = cast("Table", TradeTable.__table__)

CONCERNED = re.compile(
    rb"order\.(?:accepted|replaced|moved|reduced|cancelled)|trade\.made|\.phase_changed|\.payment_started"
)
"""The names of the events that say anything here. Other rows are not even decoded."""
BY_CHOICE = frozenset(
    {
        CancelReason.REQUESTED,
        CancelReason.CANCEL_ALL,
        CancelReason.DISCONNECTED,
        CancelReason.EXPIRED,
        CancelReason.KILL_SWITCH,
    }
)
"""Who asks for cancellation on disconnection withdraws by disconnecting, who names the moment of its end by that."""
FORESEEN_CALLS = (Phase.OPENING_CALL, Phase.CLOSING_CALL)
"""Auctions that everybody can see coming. A volatility call comes by surprise."""
ENDS = (Phase.POST_CLOSE, Phase.CLOSED)
"""Phases with which trading at moving prices is over."""
OrderEvent = OrderAccepted | OrderReplaced | OrderMoved | OrderReduced | OrderCancelled


@dataclass(frozen=True, slots=True)
class Traits:
    """What of an instrument its facts need."""

    asset_id: AssetId
    money_asset_id: AssetId


class Patrol:
    """One walk over the rows `first..last`, all instruments or one, with one version of the thresholds.

    `most_before` limits how many rows before the stretch are read; `whole` says whether they reached as far back as the
    thresholds look. Without a limit they always do.
    """

    def __init__(
        self,
        parameters: Parameters,
        *,
        first: int,
        last: int,
        instrument_id: InstrumentId | None = None,
        declared: Sequence[Iterable[AccountId]] = (),
        most_before: int | None = None,
    ) -> None:
        self.first, self.last = max(first, 1), last
        self.whole = True
        self.rows = 0
        self.position: int | None = None
        """The last row read; None before the first step."""
        self._forgotten = 0
        self._parameters = parameters
        self._relations = Relations(declared=declared)
        self._only = instrument_id
        self._most_before = most_before
        self._watches: dict[InstrumentId, tuple[Watch, int]] = {}
        self._traits: dict[InstrumentId, Traits] = {}
        self._corrected: dict[int, Corrected] = {}

    @property
    def done(self) -> bool:
        """Whether the stretch is walked to its end."""
        return self.position is not None and self.position >= self.last

    def step(self, snapshot: Snapshot, rows: int = PAGE_ROWS) -> list[Alert]:
        """Walk on by a page; the alerts that are completed in it, within the stretch."""
        if self.position is None:
            self.last = min(self.last, snapshot.sequence)
            self.position = self._start(snapshot) - 1
        if self.done:
            return []
        through = min(self.position + rows, self.last)
        page = [
            (Seq(sequence), TimeNs(at_ns), decode_events(events))
            for sequence, at_ns, events in snapshot.rows(_rows(self.position, through))
            if CONCERNED.search(events)
        ]
        self._learn(snapshot, page)
        self._corrected = _corrected_in(snapshot, page)
        found: list[Alert] = []
        for sequence, at_ns, events in page:
            for instrument_id, trade_n, fact in self._facts(sequence, at_ns, events):
                alerts = self._show(snapshot, instrument_id, trade_n, fact)
                found += alerts if sequence >= self.first else ()
        self.rows += through - self.position
        self.position = through
        if page:
            self._leave_the_idle(page[-1][1])
        return found

    # --- Where to begin -------------------------------------------------------------------------------------------

    def _start(self, snapshot: Snapshot) -> int:
        """The first row within the thresholds' reach of the stretch, or as near to it as the limit allows."""
        at_ns = _time_of(snapshot, self.first)
        if at_ns is None:
            return self.first
        start = _first_since(snapshot, at_ns - self._parameters.lookback_ns, self.first)
        if self._most_before is not None and self.first - start > self._most_before:
            self.whole = False
            return self.first - self._most_before
        return start

    # --- From events to alerts ------------------------------------------------------------------------------------

    def _show(self, snapshot: Snapshot, instrument_id: InstrumentId, trade_n: int, fact: Fact) -> list[Alert]:
        known = self._watches.get(instrument_id)
        if known is None:
            if isinstance(fact, Turn):
                return []  # nothing was traded lately that could have moved a price
            watch, told_n = Watch(instrument_id, self._parameters, self._relations), 0
        else:
            watch, told_n = known
        if not told_n and trade_n > 1:
            before = _last_trade(snapshot, instrument_id, fact.sequence)
            if before is not None:
                watch.see(before)
        self._watches[instrument_id] = (watch, trade_n or told_n)
        return watch.see(fact)

    def _facts(self, sequence: Seq, at_ns: TimeNs, events: Iterable[Event]) -> Iterator[tuple[InstrumentId, int, Fact]]:
        """What a row says about the instruments under watch; with a trade, its number there, else 0."""
        for event in events:
            if isinstance(event, TradeMade):
                if self._wanted(event.instrument_id):
                    for fact in self._trade_facts(sequence, at_ns, event):
                        yield event.instrument_id, event.trade_n, fact
            elif isinstance(event, OrderEvent):
                if self._wanted(event.instrument_id):
                    yield event.instrument_id, 0, self._order_fact(sequence, at_ns, event)
            elif isinstance(event, InstrumentPhaseChanged):
                kind = turn_of(event.instrument.phase)
                if kind is not None and self._wanted(event.instrument.instrument_id):
                    yield event.instrument.instrument_id, 0, Turn(sequence=sequence, at_ns=at_ns, kind=kind)
            elif isinstance(event, ProductPaymentStarted):
                for instrument_id in [*self._watches]:
                    if self._traits[instrument_id].asset_id == event.product.note_asset_id:
                        yield instrument_id, 0, Turn(sequence=sequence, at_ns=at_ns, kind=TurnKind.RECORD_DATE)

    def _trade_facts(self, sequence: Seq, at_ns: TimeNs, event: TradeMade) -> Iterator[Fact]:
        """A trade at the price it has now; of a busted one only that its orders shrank."""
        corrected = self._corrected.get(event.trade_id)
        if corrected is None:
            yield traded(sequence, at_ns, event)
        elif not corrected.is_bust:
            yield traded(sequence, at_ns, msgspec.structs.replace(event, price_ticks=corrected.price_ticks))
        else:
            for side in (event.buyer, event.seller):
                yield Reduced(
                    sequence=sequence,
                    at_ns=at_ns,
                    order_id=side.order_id,
                    remaining_lots=side.remaining_lots,
                    by_choice=False,
                )

    def _order_fact(self, sequence: Seq, at_ns: TimeNs, event: OrderEvent) -> Fact:
        match event:
            case OrderAccepted():
                # One with conditions shows nothing until the book has put it somewhere.
                visible = event.quantity_lots if event.conditions is None else QuantityLots(0)
                return entered(sequence, at_ns, event, event.side, event.quantity_lots, visible)
            case OrderCancelled():
                return Withdrawn(
                    sequence=sequence,
                    at_ns=at_ns,
                    order_id=event.order_id,
                    cancelled_lots=event.cancelled_lots,
                    by_choice=event.reason in BY_CHOICE,
                )
            case OrderMoved():
                return Moved(
                    sequence=sequence,
                    at_ns=at_ns,
                    order_id=event.order_id,
                    price_ticks=event.price_ticks,
                    visible_lots=QuantityLots(event.shown_lots),
                )
            case OrderReduced():
                return Reduced(
                    sequence=sequence,
                    at_ns=at_ns,
                    order_id=event.order_id,
                    remaining_lots=event.remaining_lots,
                    by_choice=False,
                )
            case _ if event.priority == sequence:  # at the back of the queue, as a new order
                bids = event.hold_asset_id == self._traits[event.instrument_id].money_asset_id
                side, lots = Side.BUY if bids else Side.SELL, event.remaining_lots
                return entered(sequence, at_ns, event, side, lots, lots)
            case _:
                return Reduced(
                    sequence=sequence, at_ns=at_ns, order_id=event.order_id, remaining_lots=event.remaining_lots
                )

    def _wanted(self, instrument_id: InstrumentId) -> bool:
        return self._only is None or instrument_id == self._only

    def _leave_the_idle(self, now_ns: int) -> None:
        """Forget instruments of which nothing recent is known; the last price is looked up should they come back."""
        for instrument_id, (watch, _) in list(self._watches.items()):
            if now_ns - watch.seen_ns > self._parameters.lookback_ns:
                self._forgotten += watch.forgotten
                del self._watches[instrument_id]

    @property
    def forgotten(self) -> int:
        """How many things were forgotten for lack of room: where it is not 0, an alert may be missing."""
        return self._forgotten + sum(watch.forgotten for watch, _ in self._watches.values())

    # --- Whose accounts, which instruments ------------------------------------------------------------------------

    def _learn(self, snapshot: Snapshot, page: Sequence[tuple[Seq, TimeNs, list[Event]]]) -> None:
        accounts: dict[AccountId, None] = {}
        instruments: dict[InstrumentId, None] = {}
        for _, _, events in page:
            for event in events:
                if isinstance(event, OrderAccepted | OrderReplaced):
                    accounts[event.account_id] = instruments[event.instrument_id] = None
                elif isinstance(event, TradeMade):
                    accounts[event.buyer.account_id] = accounts[event.seller.account_id] = None
                    instruments[event.instrument_id] = None
                elif isinstance(event, OrderCancelled | OrderMoved | OrderReduced):
                    instruments[event.instrument_id] = None
        for some in _portions([account for account in accounts if account not in self._relations]):
            self._relations.add(_owners(snapshot, some))
        for some in _portions([instrument for instrument in instruments if instrument not in self._traits]):
            self._traits.update(_traits(snapshot, some))


# --- Events as facts --------------------------------------------------------------------------------------------------


def entered(
    sequence: Seq,
    at_ns: TimeNs,
    event: OrderAccepted | OrderReplaced,
    side: Side,
    lots: QuantityLots,
    visible_lots: QuantityLots,
) -> Entered:
    """An order at the back of the queue; what it shows of itself, an `order.moved` behind it may tell otherwise."""
    return Entered(
        sequence=sequence,
        at_ns=at_ns,
        order_id=event.order_id,
        account_id=event.account_id,
        side=side,
        price_ticks=event.price_ticks,
        quantity_lots=lots,
        visible_lots=visible_lots,
    )


def traded(sequence: Seq, at_ns: TimeNs, event: TradeMade) -> Traded:
    """A trade with both its parts."""
    return Traded(
        sequence=sequence,
        at_ns=at_ns,
        trade_id=event.trade_id,
        price_ticks=event.price_ticks,
        quantity_lots=event.quantity_lots,
        aggressor=event.aggressor,
        buyer=_part(event.buyer),
        seller=_part(event.seller),
    )


def turn_of(phase: Phase) -> TurnKind | None:
    """The moment that the beginning of a phase is, if a price may be worth moving for it.

    >>> turn_of(Phase.CLOSED), turn_of(Phase.CLOSING_CALL), turn_of(Phase.HALTED)
    (<TurnKind.CLOSE: 'close'>, <TurnKind.AUCTION: 'auction'>, None)
    """
    if phase in ENDS:
        return TurnKind.CLOSE
    return TurnKind.AUCTION if phase in FORESEEN_CALLS else None


def _part(side: TradeSide) -> Part:
    return Part(order_id=side.order_id, account_id=side.account_id, remaining_lots=side.remaining_lots)


# --- Questions --------------------------------------------------------------------------------------------------------

AT_ONCE = 500
"""How many identifiers one question names."""


def _rows(after: int, through: int) -> Select[Any]:
    columns = (JOURNAL.c.sequence, JOURNAL.c.at_ns, JOURNAL.c.events)
    query = select(*columns).where(JOURNAL.c.sequence > after, JOURNAL.c.sequence <= through)
    return query.order_by(JOURNAL.c.sequence)


def _time_of(snapshot: Snapshot, sequence: int) -> int | None:
    """The time of a row, or of the first behind it; None behind the journal's end."""
    query = select(JOURNAL.c.at_ns).where(JOURNAL.c.sequence >= sequence)
    found = snapshot.first(query.order_by(JOURNAL.c.sequence).limit(1))
    return None if found is None else int(found[0])


def _first_since(snapshot: Snapshot, at_ns: int, before: int) -> int:
    """The first row not earlier than a time, at most `before`: times rise with the sequence, so it is halved in on."""
    low, high = 1, before
    while low < high:
        middle = (low + high) // 2
        found = _time_of(snapshot, middle)
        if found is None or found < at_ns:
            low = middle + 1
        else:
            high = middle
    return low


def _last_trade(snapshot: Snapshot, instrument_id: InstrumentId, before: int) -> LastTraded | None:
    """The instrument's last trade before a row, by the trades' one key: newest first until it is met."""
    columns = TRADES.c
    price_ticks = func.coalesce(CORRECTIONS.c.corrected_ticks, columns.price_ticks)
    query = select(columns.trade_id, price_ticks, columns.at_ns).select_from(TRADES)
    query = query.where(columns.instrument_id == instrument_id, columns.trade_id < make_id(before))
    query = query.outerjoin(CORRECTIONS, CORRECTIONS.c.trade_id == columns.trade_id)
    query = query.where(or_(CORRECTIONS.c.remedy.is_(None), CORRECTIONS.c.remedy == Remedy.REPRICED.value))
    found = snapshot.first(query.order_by(columns.trade_id.desc()).limit(1))
    if found is None:
        return None
    return LastTraded(
        sequence=Seq(sequence_of(found[0])),
        at_ns=TimeNs(found[2]),
        trade_id=TradeId(found[0]),
        price_ticks=PriceTicks(found[1]),
    )


def _corrected_in(snapshot: Snapshot, page: Sequence[tuple[Seq, TimeNs, list[Event]]]) -> dict[int, Corrected]:
    """What became of the trades of a page, up to the snapshot."""
    if not page:
        return {}
    return corrected_between(snapshot, make_id(page[0][0]), make_id(page[-1][0] + 1))


def _owners(snapshot: Snapshot, accounts: Sequence[AccountId]) -> dict[AccountId, Owner]:
    table = AccountTable
    query = select(table.account_id, table.member_id, table.beneficiary).where(table.account_id.in_(accounts))
    return {AccountId(row[0]): Owner(member_id=MemberId(row[1]), beneficiary=row[2]) for row in snapshot.rows(query)}


def _traits(snapshot: Snapshot, instruments: Sequence[InstrumentId]) -> dict[InstrumentId, Traits]:
    table = InstrumentTable
    query = select(table.instrument_id, table.asset_id, table.money_asset_id)
    query = query.where(table.instrument_id.in_(instruments))
    return {InstrumentId(row[0]): Traits(AssetId(row[1]), AssetId(row[2])) for row in snapshot.rows(query)}


def _portions(items: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]
