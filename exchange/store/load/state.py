"""Load the whole state from the tables, through any connection that answers SQL with rows."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, cast

import msgspec
from sqlalchemy import Table, select
from sqlalchemy.sql import Select

from custody.balances import Balance, Channel
from custody.distribution_messages import Distribution, DistributionState
from exchange.core.ids import AccountId, AssetId, ConnectionId, InstrumentId, OrderId, UserId, make_id
from exchange.core.instruments import OrderPlace, OrderType, SelfTradePrevention, Side, TimeInForce
from exchange.core.messages import Record
from exchange.core.node_messages import RunKind
from exchange.engine.auctions import shares_due
from exchange.engine.book_fold import PLACES
from exchange.engine.book_follow import plain_standing
from exchange.engine.distributions import units_now
from exchange.engine.open_order import Numbers, OpenOrder
from exchange.engine.order_terms import book_order
from exchange.engine.recent_trades import MOST_KEPT, RecentTrade, keep
from exchange.engine.record_dates import holdings_then
from exchange.engine.state import ENTITIES, ExchangeState
from exchange.store.registry import STUBS, TABLES, RecordTable
from exchange.store.schema.custody import BalanceTable, ChannelTable, PostingTable
from exchange.store.schema.matching import (
    NumbersTable,
    OrderConditionsTable,
    OrderTable,
    TradeCorrectionTable,
    TradeTable,
)
from matching.book_messages import BookState, Call, Matching, OrderState
from matching.messages import BookStanding, Conditions
from securitization.servicing_records import ClassPayment

SIDES = {side.value: side for side in Side}
TYPES = {kind.value: kind for kind in OrderType}
TIMES = {time.value: time for time in TimeInForce}
BOOK_PLACES = {word: place for place, word in PLACES.items()}

Rows = Callable[[Select[Any]], Iterable[tuple[Any, ...]]]
"""Runs a query and answers its rows."""


def load_state(rows: Rows) -> ExchangeState:
    """The state the tables describe; its sequence, epoch and time come from the journal's head."""
    state = ExchangeState()
    for entity in ENTITIES:
        for record in load_records(rows, entity.record):
            state.put(record)
    _load_ledger(rows, state)
    _load_orders(rows, state)
    _load_recent_trades(rows, state)
    _load_recorded(rows, state)
    return state


def load_records(rows: Rows, record: type[Record]) -> list[Record]:
    """Every record of one kind that still matters to a decision."""
    kept = TABLES[STUBS.get(record, record)]
    return [read_record(kept, record, row) for row in rows(_records_query(record))]


@functools.cache
def _records_query(record: type[Record]) -> Select[Any]:
    """Made once a record, so that whoever loads often may keep its text."""
    kept = TABLES[STUBS.get(record, record)]
    query = select(*(kept.table.columns[name] for name in record.__struct_fields__))
    if kept.has_live:
        query = query.where(kept.table.columns["live"])
    return query.order_by(*kept.table.primary_key.columns)


def read_record(kept: RecordTable, record: type[Record], row: tuple[Any, ...]) -> Record:
    """One record from its row's values, in the record's own field order."""
    nested = dict(kept.fields)
    values = [
        msgspec.msgpack.decode(value) if nested[name] else value
        for name, value in zip(record.__struct_fields__, row, strict=True)
    ]
    tag = record.__struct_config__.tag
    return msgspec.convert([tag, *values] if tag else values, record, strict=False)


def _load_ledger(rows: Rows, state: ExchangeState) -> None:
    balances = state.ledger.balances
    for asset_id, account_id, units, held, last in rows(_all_of(BalanceTable)):
        balances.setdefault(AssetId(asset_id), {})[AccountId(account_id)] = Balance(units, held, last)
        if units > 0:
            state.ledger.take_place(AssetId(asset_id), AccountId(account_id), 1)
    for account_id, n, sequence in rows(_all_of(ChannelTable)):
        state.ledger.channels[AccountId(account_id)] = Channel(n, sequence)


def _load_orders(rows: Rows, state: ExchangeState) -> None:
    """Open orders as they were entered, and with those of each instrument its book, everybody in their place."""
    for instrument_id, book_n, trade_n, price in rows(_all_of(NumbersTable)):
        state.numbers[InstrumentId(instrument_id)] = Numbers(book_n, trade_n, price)
    standings = {row[0]: row for row in rows(_open_conditions())}
    standing: dict[InstrumentId, list[OrderState]] = {instrument_id: [] for instrument_id in state.books}
    for row in rows(_open_orders()):
        special = standings.get(row[0])
        order = _order(row, special)
        state.open_order(order)
        standing[order.instrument_id].append(_stands(state, order, special))
    for instrument_id, orders in standing.items():
        state.books[instrument_id].restore(
            _book_state(state, instrument_id, orders),
            [_paired(state, stands) for stands in sorted(orders, key=lambda stands: stands.priority)],
        )


def _order(row: tuple[Any, ...], special: tuple[Any, ...] | None) -> OpenOrder:
    return OpenOrder(
        order_id=OrderId(row[0]),
        client_order_id=row[1],
        account_id=AccountId(row[2]),
        instrument_id=InstrumentId(row[3]),
        side=SIDES[row[4]],
        order_type=TYPES[row[5]],
        time_in_force=TIMES[row[6]],
        price_ticks=row[7],
        quantity_lots=row[8],
        remaining_lots=row[9],
        hold_asset_id=AssetId(row[10]),
        hold_units=row[11],
        notional_minor=row[12],
        charged_minor=row[13],
        fee_version=row[14],
        max_notional_minor=row[15],
        priority=row[16],
        cancel_on_disconnect=bool(row[17]),
        connection_id=ConnectionId(row[18]),
        epoch=row[19],
        entered_by=UserId(row[20]),
        conditions=None if special is None else _conditions(special),
    )


def _conditions(row: tuple[Any, ...]) -> Conditions:
    return Conditions(
        self_trade_prevention=SelfTradePrevention(row[1]),
        group_id=row[2],
        stop_ticks=row[3],
        trail_ticks=row[4],
        offset_ticks=row[5],
        display_lots=row[6],
        minimum_lots=row[7],
        hidden=bool(row[8]),
        post_only=bool(row[9]),
        all_or_none=bool(row[10]),
        oco_order_id=row[11],
        expires_at_ns=row[12],
    )


def _stands(state: ExchangeState, order: OpenOrder, special: tuple[Any, ...] | None) -> OrderState:
    """Where an open order stands; a plain one in the queue at its price, all of it shown."""
    sent = book_order(order, state.instruments[order.instrument_id].tick_minor)
    place, price_ticks, stop_ticks, reserve_lots = (
        (OrderPlace.QUEUE, order.price_ticks, 0, 0) if special is None else (OrderPlace(special[13]), *special[14:17])
    )
    return OrderState(
        order=sent,
        place=BOOK_PLACES[place],
        price_ticks=price_ticks,
        stop_ticks=stop_ticks,
        remaining_lots=order.remaining_lots,
        shown_lots=max(0, order.remaining_lots - reserve_lots),
        priority=order.priority,
        oco_id=0,
    )


def _paired(state: ExchangeState, stands: OrderState) -> OrderState:
    """The same with the other order of its pair, which is known once all orders are."""
    partner_id = state.orders[OrderId(stands.order.order_id)].partner_id
    return msgspec.structs.replace(stands, oco_id=partner_id) if partner_id else stands


def _book_state(state: ExchangeState, instrument_id: InstrumentId, orders: list[OrderState]) -> BookState:
    """What a book is beside its orders; its next number is above all that it gave, the journal raises it further."""
    instrument = state.instruments[instrument_id]
    kept = state.table(BookStanding).get(instrument_id) or plain_standing(instrument)
    return BookState(
        matching=Matching(kept.matching),
        call=Call(kept.call),
        fixed_ticks=kept.fixed_ticks,
        last_ticks=state.numbers[instrument_id].last_price_ticks,
        reference_ticks=kept.reference_ticks,
        band_low_ticks=kept.band_low_ticks,
        band_high_ticks=kept.band_high_ticks,
        shares=_shares(state, instrument_id),
        next_priority=max((stands.priority for stands in orders), default=0) + 1,
        reached=kept.reached,
        uncross_ticks=kept.uncross_ticks,
        uncross_lots=kept.uncross_lots,
        pegged_to=kept.pegged_to,
    )


def _shares(state: ExchangeState, instrument_id: InstrumentId) -> tuple[tuple[int, int], ...]:
    """What is still due to each order of an auction under way that shares out its last price."""
    for run in state.runs.values():
        if run.kind is RunKind.UNCROSS and run.subject_id == instrument_id:
            left = {order.order_id: order.remaining_lots for order in state.orders.values()}
            return shares_due(msgspec.msgpack.decode(run.plan, type=list[int]), left)
    return ()


def _load_recent_trades(rows: Rows, state: ExchangeState) -> None:
    """The newest trades of the instruments whose rules have a window, oldest first, as they were kept."""
    if not state.bust_windows:
        return
    trades, corrections = _table(TradeTable).columns, _table(TradeCorrectionTable).columns
    newest = (
        select(*(trades[name] for name in RecentTrade._fields if name != "is_corrected"))
        .where(trades["instrument_id"].in_(sorted(state.bust_windows)))
        .order_by(trades["trade_id"].desc())
        .limit(MOST_KEPT)
    )
    found = [RecentTrade(*row) for row in rows(newest)]
    if not found:
        return
    corrected = dict.fromkeys(
        trade_id for (trade_id,) in rows(select(corrections["trade_id"]).where(corrections["trade_id"] >= found[-1][0]))
    )
    for trade in reversed(found):
        keep(state.recent_trades, trade._replace(is_corrected=trade.trade_id in corrected))


def _load_recorded(rows: Rows, state: ExchangeState) -> None:
    """The holders of record of each distribution that is being planned: those of now, before what was posted since."""
    postings = _table(PostingTable).columns
    for distribution in state.table(Distribution).values():
        if distribution.state is DistributionState.PLANNING:
            since = rows(
                select(postings["account_id"], postings["units"])
                .where(postings["posting_id"] >= make_id(distribution.record_sequence + 1))
                .where(postings["asset_id"] == distribution.share_asset_id)
            )
            now = units_now(state, distribution.share_asset_id)
            posted = ((AccountId(row[0]), int(row[1])) for row in since)
            state.recorded[distribution.distribution_id] = holdings_then(now, posted)
    for paid in state.table(ClassPayment).values():
        since = rows(
            select(postings["account_id"], postings["units"])
            .where(postings["posting_id"] >= make_id(paid.record_sequence + 1))
            .where(postings["asset_id"] == paid.asset_id)
        )
        posted = ((AccountId(row[0]), int(row[1])) for row in since)
        state.class_holders[paid.class_payment_id] = holdings_then(units_now(state, paid.asset_id), posted)


@functools.cache
def _all_of(mapped: Any) -> Select[Any]:
    return select(*_table(mapped).columns)


@functools.cache
def _open_orders() -> Select[Any]:
    """By identifier, so that the earlier order of a pair is there when the later one names it."""
    columns = _table(OrderTable).columns
    return select(*columns).where(columns["status"] == "open").order_by(columns["order_id"])


@functools.cache
def _open_conditions() -> Select[Any]:
    orders, conditions = _table(OrderTable).columns, _table(OrderConditionsTable).columns
    return select(*conditions).where(conditions["order_id"] == orders["order_id"]).where(orders["status"] == "open")


def _table(mapped: Any) -> Table:
    return cast("Table", mapped.__table__)
