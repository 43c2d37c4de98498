"""The hot path's rows: orders, trades, postings, balances, channels. One function an event."""

from __future__ import annotations

from typing import Any

from exchange.core.ids import ORDINALS
from exchange.core.instruments import OrderPlace
from exchange.core.messages import Header
from exchange.core.postings import FeedMark, Movement, Posting
from exchange.store.save.changes import Changes
from matching.correction_messages import TradeBusted, TradeCorrected
from matching.messages import (
    Conditions,
    OrderAccepted,
    OrderCancelled,
    OrderCovered,
    OrderMoved,
    OrderReduced,
    OrderReplaced,
    TradeMade,
    TradeSide,
)

NOBODY = ""
"""Who took in an auction's trade."""


def order_accepted(changes: Changes, header: Header, event: OrderAccepted) -> None:
    """A new order row, and what its account now holds."""
    changes.new_orders[event.order_id] = {
        "order_id": event.order_id,
        "client_order_id": event.client_order_id,
        "account_id": event.account_id,
        "instrument_id": event.instrument_id,
        "side": event.side.value,
        "order_type": event.order_type.value,
        "time_in_force": event.time_in_force.value,
        "price_ticks": event.price_ticks,
        "quantity_lots": event.quantity_lots,
        "remaining_lots": event.quantity_lots,
        "hold_asset_id": event.hold_asset_id,
        "hold_units": event.hold_units,
        "notional_minor": 0,
        "charged_minor": 0,
        "fee_version": event.fee_version,
        "max_notional_minor": event.max_notional_minor,
        "priority": event.order_id,
        "cancel_on_disconnect": event.cancel_on_disconnect,
        "connection_id": event.connection_id,
        "epoch": header.epoch,
        "entered_by": header.principal,
        "status": "open",
    }
    if event.conditions is not None:
        changes.new_conditions[event.order_id] = _conditions(event, event.conditions)
    changes.balance(event.account_id, event.hold_asset_id).held_units = event.held_after
    mark(changes, header, event.account_id, event.mark)
    _book_n(changes, event.instrument_id, event.book_n)


def trade_made(changes: Changes, header: Header, event: TradeMade) -> None:
    """A trade row, both orders after it, its postings and both holds."""
    buyer, seller = event.buyer, event.seller
    changes.trades.append(
        (
            event.trade_id,
            event.instrument_id,
            event.trade_n,
            event.price_ticks,
            event.quantity_lots,
            event.aggressor.value if event.aggressor is not None else NOBODY,
            buyer.order_id,
            seller.order_id,
            buyer.account_id,
            seller.account_id,
            buyer.fee_minor,
            seller.fee_minor,
            header.at_ns,
        )
    )
    postings(changes, header, event.postings)
    for side in (buyer, seller):
        _side(changes, side)
        mark(changes, header, side.account_id, side.mark)
    money_id, right_id = event.postings[0].asset_id, event.postings[2].asset_id
    changes.balance(buyer.account_id, money_id).held_units = buyer.held_after
    changes.balance(seller.account_id, right_id).held_units = seller.held_after
    changes.numbers[event.instrument_id] = (event.book_n, event.trade_n, event.price_ticks)


def trade_changed(changes: Changes, header: Header, event: TradeBusted | TradeCorrected) -> None:
    """Another number in the instrument's trades; record and movement go their usual way."""
    del header
    changed = event.correction
    changes.numbers[changed.instrument_id] = (event.book_n, changed.trade_n, event.last_price_ticks)


def order_cancelled(changes: Changes, header: Header, event: OrderCancelled) -> None:
    """The order is over; what remained of it is what was cancelled."""
    changed = changes.order(event.order_id)
    changed["hold_units"] = 0
    changed["status"] = "cancelled"
    changes.balance(event.account_id, event.hold_asset_id).held_units = event.held_after
    mark(changes, header, event.account_id, event.mark)
    _book_n(changes, event.instrument_id, event.book_n)


def order_replaced(changes: Changes, header: Header, event: OrderReplaced) -> None:
    """The order under its new terms; one that left its place has the number that its command gives first."""
    changed = changes.order(event.order_id)
    changed["client_order_id"] = event.client_order_id
    changed["price_ticks"] = event.price_ticks
    changed["quantity_lots"] = event.quantity_lots
    changed["remaining_lots"] = event.remaining_lots
    if event.priority == header.sequence:
        changed["priority"] = header.sequence * ORDINALS
    changed["hold_units"] = event.hold_units
    changes.balance(event.account_id, event.hold_asset_id).held_units = event.held_after
    mark(changes, header, event.account_id, event.mark)
    _book_n(changes, event.instrument_id, event.book_n)


def order_moved(changes: Changes, header: Header, event: OrderMoved) -> None:
    """Where the order stands now; of a plain one only its number can be another."""
    changes.order(event.order_id)["priority"] = event.priority
    changes.conditions(event.order_id).update(
        place=event.place.value,
        price_ticks=event.price_ticks,
        level_ticks=event.stop_ticks,
        reserve_lots=event.remaining_lots - event.shown_lots,
    )
    mark(changes, header, event.account_id, event.mark)
    _book_n(changes, event.instrument_id, event.book_n)


def order_reduced(changes: Changes, header: Header, event: OrderReduced) -> None:
    """The order with fewer lots, in its place."""
    changed = changes.order(event.order_id)
    changed["quantity_lots"] = event.quantity_lots
    changed["remaining_lots"] = event.remaining_lots
    changed["hold_units"] = event.hold_units
    changes.conditions(event.order_id)["reserve_lots"] = event.remaining_lots - event.shown_lots
    changes.balance(event.account_id, event.hold_asset_id).held_units = event.held_after
    mark(changes, header, event.account_id, event.mark)
    _book_n(changes, event.instrument_id, event.book_n)


def order_covered(changes: Changes, header: Header, event: OrderCovered) -> None:
    """Another hold for the same order."""
    changes.order(event.order_id)["hold_units"] = event.hold_units
    changes.balance(event.account_id, event.hold_asset_id).held_units = event.held_after
    mark(changes, header, event.account_id, event.mark)
    _book_n(changes, event.instrument_id, event.book_n)


def movement(changes: Changes, header: Header, moved: Movement) -> None:
    """What any other event did in the ledger."""
    for hold in moved.holds:
        changes.balance(hold.account_id, hold.asset_id).held_units = hold.held_after
    postings(changes, header, moved.postings)
    for told in moved.marks:
        mark(changes, header, told.account_id, told.mark)


def postings(changes: Changes, header: Header, legs: tuple[Posting, ...]) -> None:
    """Posting rows and the balances after them; a row's place counts all postings of its command."""
    rows = changes.postings
    base = header.sequence * ORDINALS
    place = rows[-1][0] + 1 if rows and rows[-1][0] >= base else base
    sequence = header.sequence
    for leg in legs:
        rows.append((place, leg.account_id, leg.asset_id, leg.units, leg.balance_after, leg.previous_sequence))
        place += 1
        change = changes.balance(leg.account_id, leg.asset_id)
        change.units = leg.balance_after
        change.last_sequence = sequence


def mark(changes: Changes, header: Header, account_id: int, told: FeedMark) -> None:
    """How far the account's private channel has come."""
    changes.channels[account_id] = (told.n, header.sequence)


def _conditions(event: OrderAccepted, asked: Conditions) -> dict[str, Any]:
    """What an order asked for, and that it stands nowhere special until an event says so."""
    return {
        "order_id": event.order_id,
        "self_trade_prevention": asked.self_trade_prevention.value,
        "group_id": asked.group_id,
        "stop_ticks": asked.stop_ticks,
        "trail_ticks": asked.trail_ticks,
        "offset_ticks": asked.offset_ticks,
        "display_lots": asked.display_lots,
        "minimum_lots": asked.minimum_lots,
        "hidden": asked.hidden,
        "post_only": asked.post_only,
        "all_or_none": asked.all_or_none,
        "oco_order_id": asked.oco_order_id,
        "expires_at_ns": asked.expires_at_ns,
        "place": OrderPlace.QUEUE.value,
        "price_ticks": event.price_ticks,
        "level_ticks": 0,
        "reserve_lots": 0,
    }


def _side(changes: Changes, side: TradeSide) -> None:
    changed = changes.order(side.order_id)
    changed["remaining_lots"] = side.remaining_lots
    changed["hold_units"] = side.hold_units
    changed["notional_minor"] = side.notional_minor
    changed["charged_minor"] = side.charged_minor
    if not side.remaining_lots:
        changed["status"] = "filled"


def _book_n(changes: Changes, instrument_id: int, book_n: int) -> None:
    earlier = changes.numbers.get(instrument_id)
    changes.numbers[instrument_id] = (book_n, earlier[1], earlier[2]) if earlier else (book_n, None, None)
