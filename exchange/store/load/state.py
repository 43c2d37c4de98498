"""Load the whole state from the tables, through any connection that answers SQL with rows."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, cast

import msgspec
from sqlalchemy import Table, select
from sqlalchemy.sql import Select

from custody.balances import Balance, Channel
from exchange.core.ids import AccountId, AssetId, ConnectionId, InstrumentId, OrderId
from exchange.core.instruments import OrderType, Side, TimeInForce
from exchange.core.messages import Record
from exchange.core.units import PriceTicks, QuantityLots
from exchange.engine.open_order import Numbers, OpenOrder
from exchange.engine.state import ENTITIES, ExchangeState
from exchange.store.registry import STUBS, TABLES, RecordTable
from exchange.store.schema.custody import BalanceTable, ChannelTable
from exchange.store.schema.matching import NumbersTable, OrderTable

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
    """Open orders, by priority, so that the books come out with everybody's place kept."""
    for instrument_id, book_n, trade_n, price in rows(_all_of(NumbersTable)):
        state.numbers[InstrumentId(instrument_id)] = Numbers(book_n, trade_n, price)
    sides = {side.value: side for side in Side}
    types = {kind.value: kind for kind in OrderType}
    times = {time.value: time for time in TimeInForce}
    for row in rows(_open_orders()):
        order = OpenOrder(
            order_id=OrderId(row[0]),
            client_order_id=row[1],
            account_id=AccountId(row[2]),
            instrument_id=InstrumentId(row[3]),
            side=sides[row[4]],
            order_type=types[row[5]],
            time_in_force=times[row[6]],
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
        )
        state.open_order(order)
        state.books[order.instrument_id].rest(
            order.order_id,
            order.account_id,
            order.side,
            PriceTicks(order.price_ticks),
            QuantityLots(order.remaining_lots),
            order.priority,
        )


@functools.cache
def _all_of(mapped: Any) -> Select[Any]:
    return select(*_table(mapped).columns)


@functools.cache
def _open_orders() -> Select[Any]:
    columns = _table(OrderTable).columns
    return select(*columns).where(columns["status"] == "open").order_by(columns["priority"])


def _table(mapped: Any) -> Table:
    return cast("Table", mapped.__table__)
