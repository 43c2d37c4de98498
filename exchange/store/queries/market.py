"""Orders, trades and depth, out of the tables.

Hot tables have one key, in journal order (DESIGN.md 13), so a question about one account or instrument looks at a
bounded stretch of them and says how far it came; a page may therefore be short, or even empty, and still go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from sqlalchemy import Select, Table, and_, func, or_, select

from exchange.core.ids import AccountId, InstrumentId, OrderId, TradeId
from exchange.core.instruments import OrderPlace, Side
from exchange.core.messages import Record
from exchange.core.units import PriceTicks, QuantityLots, TimeNs
from exchange.store.queries.corrections import Corrected, corrected_among
from exchange.store.queries.reader import Snapshot
from exchange.store.schema.matching import NumbersTable, OrderConditionsTable, OrderTable, TradeTable
from matching.depth import DepthFeed, DepthSnapshot
from matching.depth import OpenOrder as ShownOrder

WINDOW = 20_000
"""Rows of a hot table that one question looks at."""

ORDERS = cast("Table", OrderTable.__table__)
CONDITIONS = cast("Table", OrderConditionsTable.__table__)
TRADES = cast("Table", TradeTable.__table__)
QUEUE = OrderPlace.QUEUE.value


class Asked(Record, frozen=True, kw_only=True):
    """What an order asked for beyond type, price, quantity and time, and where it stands.

    Units: as in `order.place`, zero where it said nothing; while it is open it stands at `standing_ticks` in `place`,
    shows `shown_lots`, and a stop's level is `level_ticks` now.
    """

    self_trade_prevention: str
    stop_ticks: int
    trail_ticks: int
    offset_ticks: int
    display_lots: int
    minimum_lots: int
    hidden: bool
    post_only: bool
    all_or_none: bool
    oco_order_id: OrderId | None
    expires_at_ns: int
    place: str
    standing_ticks: PriceTicks
    level_ticks: int
    shown_lots: int


class Order(Record, frozen=True, kw_only=True):
    """An order as its owner sees it. Units: `charged_minor` in fees and `notional_minor` traded, so far.

    `conditions` is null for a plain order, which stands at its price and shows all that remains.
    """

    order_id: OrderId
    client_order_id: str
    account_id: AccountId
    instrument_id: InstrumentId
    side: str
    order_type: str
    time_in_force: str
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    remaining_lots: QuantityLots
    hold_units: int
    notional_minor: int
    charged_minor: int
    max_notional_minor: int
    cancel_on_disconnect: bool
    status: str
    conditions: Asked | None = None


class PublicTrade(Record, frozen=True, kw_only=True):
    """A trade as everybody sees it."""

    trade_id: TradeId
    instrument_id: InstrumentId
    trade_n: int
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    aggressor: str | None
    """The side that came last; in an auction nobody did."""
    at_ns: TimeNs
    correction: Corrected | None = None
    """What became of it, if it was busted or has another price."""


class Fill(Record, frozen=True, kw_only=True):
    """One side's part in a trade."""

    side: str
    order_id: OrderId
    account_id: AccountId
    fee_minor: int


class Trade(Record, frozen=True, kw_only=True):
    """A trade with the sides its reader may see."""

    trade_id: TradeId
    instrument_id: InstrumentId
    trade_n: int
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    aggressor: str | None
    """The side that came last; in an auction nobody did."""
    at_ns: TimeNs
    fills: tuple[Fill, ...]
    correction: Corrected | None = None
    """What became of it, if it was busted or has another price."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was found in a stretch of a hot table, newest first, and where it ended; None at the table's end."""

    records: tuple[Record, ...]
    next_before: int | None


_PLAIN = tuple(name for name in Order.__struct_fields__ if name != "conditions")
_ASKED = tuple(column.name for column in CONDITIONS.columns if column.name not in ("order_id", "group_id"))
_PUBLIC = [name for name in PublicTrade.__struct_fields__ if name in TRADES.columns]


def order(snapshot: Snapshot, order_id: int, accounts: Sequence[int] | None) -> Order | None:
    """One order, if it is one of these accounts' (None: anybody's)."""
    query = _with_conditions(ORDERS).where(ORDERS.columns["order_id"] == order_id)
    if accounts is not None:
        query = query.where(ORDERS.columns["account_id"].in_(accounts))
    found = snapshot.first(query)
    return _order(found) if found is not None else None


def open_orders(
    snapshot: Snapshot, limit: int, before: int | None, accounts: Sequence[int] | None, instrument_id: int | None
) -> Stretch:
    """Open orders, newest first, by their own index."""
    columns = ORDERS.columns
    query = _with_conditions(ORDERS).where(columns["status"] == "open")
    query = query.order_by(columns["order_id"].desc()).limit(limit + 1)
    if accounts is not None:
        query = query.where(columns["account_id"].in_(accounts))
    if instrument_id is not None:
        query = query.where(columns["instrument_id"] == instrument_id)
    if before is not None:
        query = query.where(columns["order_id"] < before)
    found = [_order(row) for row in snapshot.rows(query)]
    return Stretch(tuple(found[:limit]), found[limit - 1].order_id if len(found) > limit else None)


def orders(
    snapshot: Snapshot,
    limit: int,
    before: int | None,
    accounts: Sequence[int] | None,
    instrument_id: int | None,
    status: str | None,
) -> Stretch:
    """Orders of any status, newest first, as far as one stretch reaches."""
    wanted: dict[str, Any] = {"instrument_id": instrument_id, "status": status}
    rows, ended = _stretch(snapshot, ORDERS, "order_id", before)
    conditions = [rows.c[name] == value for name, value in wanted.items() if value is not None]
    if accounts is not None:
        conditions.append(rows.c["account_id"].in_(accounts))
    query = _with_conditions(rows).where(and_(True, *conditions))
    found = [_order(row) for row in snapshot.rows(query.order_by(rows.c["order_id"].desc()).limit(limit + 1))]
    if len(found) > limit:
        return Stretch(tuple(found[:limit]), found[limit - 1].order_id)
    return Stretch(tuple(found), ended)


def public_trades(snapshot: Snapshot, limit: int, before: int | None, instrument_id: int) -> Stretch:
    """An instrument's trades, newest first, as far as one stretch reaches."""
    rows, ended = _stretch(snapshot, TRADES, "trade_id", before)
    query = select(*(rows.c[name] for name in _PUBLIC))
    query = query.where(rows.c["instrument_id"] == instrument_id).order_by(rows.c["trade_id"].desc()).limit(limit + 1)
    found = [PublicTrade(**_public(row._mapping)) for row in snapshot.rows(query)]
    page = _with_corrections(snapshot, found[:limit])
    return Stretch(page, found[limit - 1].trade_id if len(found) > limit else ended)


def trades(
    snapshot: Snapshot, limit: int, before: int | None, accounts: Sequence[int] | None, instrument_id: int | None
) -> Stretch:
    """Trades of these accounts (None: of all), newest first, each with the sides that are theirs."""
    rows, ended = _stretch(snapshot, TRADES, "trade_id", before)
    query = select(rows)
    if accounts is not None:
        mine = (rows.c["buyer_account_id"].in_(accounts), rows.c["seller_account_id"].in_(accounts))
        query = query.where(or_(*mine))
    if instrument_id is not None:
        query = query.where(rows.c["instrument_id"] == instrument_id)
    query = query.order_by(rows.c["trade_id"].desc()).limit(limit + 1)
    may_see = None if accounts is None else frozenset(accounts)
    found = [_trade(row._mapping, may_see) for row in snapshot.rows(query)]
    page = _with_corrections(snapshot, found[:limit])
    return Stretch(page, found[limit - 1].trade_id if len(found) > limit else ended)


def depth(snapshot: Snapshot, instrument_id: InstrumentId, levels: int) -> DepthSnapshot:
    """The visible book, reckoned from the open orders: for a reader without the stream's projector."""
    shown = [_standing(instrument_id, row) for row in snapshot.rows(_standing_orders(instrument_id))]
    numbers = select(NumbersTable.book_n).where(NumbersTable.instrument_id == instrument_id)
    found = snapshot.first(numbers)
    feed = DepthFeed()
    feed.restore(shown, {instrument_id: found[0] if found is not None else 0})
    return feed.snapshot(instrument_id, levels)


def _standing_orders(instrument_id: InstrumentId) -> Select[Any]:
    """An instrument's open orders, with where those stand that are not plain."""
    orders, conditions = ORDERS.columns, CONDITIONS.columns
    names = ("order_id", "side", "price_ticks", "remaining_lots", "priority")
    places = ("place", "price_ticks", "reserve_lots")
    return (
        select(*(orders[name] for name in names), *(conditions[name].label(f"its_{name}") for name in places))
        .outerjoin_from(ORDERS, CONDITIONS, orders["order_id"] == conditions["order_id"])
        .where(orders["status"] == "open", orders["instrument_id"] == instrument_id)
    )


def _standing(instrument_id: InstrumentId, row: Any) -> ShownOrder:
    """An open order as the public sees it: of one that stands in no queue, nothing."""
    order_id, side, price_ticks, remaining_lots, priority, place, its_price_ticks, reserve_lots = row
    plain = place is None
    shown = remaining_lots if plain else max(0, remaining_lots - reserve_lots) if place == QUEUE else 0
    return ShownOrder(
        OrderId(order_id),
        instrument_id,
        Side(side),
        PriceTicks(price_ticks if plain else its_price_ticks),
        QuantityLots(remaining_lots),
        shown,
        priority,
        plain,
    )


def _with_conditions(orders: Any) -> Select[Any]:
    """Orders, each with what it asked for if it is not plain."""
    asked = [CONDITIONS.columns[name].label(f"asked_{name}") for name in _ASKED]
    joined = orders.c["order_id"] == CONDITIONS.columns["order_id"]
    return select(*(orders.c[name] for name in _PLAIN), *asked).outerjoin_from(orders, CONDITIONS, joined)


def _order(row: Any) -> Order:
    values = row._mapping
    plain = {name: values[name] for name in _PLAIN}
    asked = {name: values[f"asked_{name}"] for name in _ASKED}
    if asked["place"] is None:
        return Order(**plain)
    standing_ticks, reserve_lots = asked.pop("price_ticks"), asked.pop("reserve_lots")
    asked["oco_order_id"] = asked["oco_order_id"] or None
    is_open = plain["status"] == "open"
    shown = max(0, plain["remaining_lots"] - reserve_lots) if is_open and asked["place"] == QUEUE else 0
    return Order(**plain, conditions=Asked(**asked, standing_ticks=standing_ticks, shown_lots=shown))


def _trade(row: Any, may_see: frozenset[int] | None) -> Trade:
    fills = [
        Fill(
            side=side,
            order_id=row[f"{name}_order_id"],
            account_id=row[f"{name}_account_id"],
            fee_minor=row[f"{name}_fee_minor"],
        )
        for side, name in (("buy", "buyer"), ("sell", "seller"))
        if may_see is None or row[f"{name}_account_id"] in may_see
    ]
    return Trade(**_public(row), fills=tuple(fills))


def _public(row: Any) -> dict[str, Any]:
    """What everybody sees of a trade; the tables write nothing where nobody came last."""
    public = {name: row[name] for name in _PUBLIC}
    return {**public, "aggressor": public["aggressor"] or None}


def _with_corrections(snapshot: Snapshot, found: Sequence[PublicTrade] | Sequence[Trade]) -> tuple[Record, ...]:
    """The same trades, each with what became of it."""
    corrected = corrected_among(snapshot, [trade.trade_id for trade in found])
    return tuple(
        msgspec.structs.replace(trade, correction=corrected[trade.trade_id]) if trade.trade_id in corrected else trade
        for trade in found
    )


def _stretch(snapshot: Snapshot, table: Table, key: str, before: int | None) -> tuple[Any, int | None]:
    """The newest rows before a key, as a subquery, and the last of them, unless the table ends in it."""
    column = table.columns[key]
    query = select(table).order_by(column.desc()).limit(WINDOW)
    if before is not None:
        query = query.where(column < before)
    rows = query.subquery()
    counted = snapshot.first(select(func.count(), func.min(rows.c[key])))
    full = counted is not None and counted[0] == WINDOW
    return rows, int(counted[1]) if full and counted is not None else None
