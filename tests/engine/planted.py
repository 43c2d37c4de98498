"""Engines with a bug, each of a kind that was found in real exchanges. The suite must notice every one.

A bug is planted by replacing one function of the real engine while the tests run; `Plant` names it and does so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from custody.funding_messages import MatchReceipt, Receipt, ReceiptStatus
from custody.ledger import Ledger
from exchange.core.instruments import Side, TimeInForce
from exchange.core.messages import Event, Header, Rejected
from exchange.core.postings import FeedMark
from exchange.engine import (
    access,
    apply,
    book_fold,
    corrections,
    fees,
    funding,
    members,
    order_ends,
    orders,
    settlement,
)
from exchange.engine import state as state_module
from exchange.engine.open_order import OpenOrder, with_terms
from exchange.engine.state import ExchangeState
from exchange.store.save import hot, records
from matching import book_trading, taking
from matching.book_messages import BookEvent
from matching.messages import Instrument, OrderAccepted, OrderReplaced, PlaceOrder
from matching.order_book import PlainBook
from matching.queues import Entry

Plant = Callable[[pytest.MonkeyPatch], None]


def fee_forgotten_on_one_side(patch: pytest.MonkeyPatch) -> None:
    """The seller's first fee is never charged."""
    charge_fill = fees.charge_fill

    def charges(state: ExchangeState, instrument: Instrument, order: OpenOrder, notional_minor: int) -> int:
        charged = charge_fill(state, instrument, order, notional_minor)
        return 0 if order.side is Side.SELL and order.remaining_lots == 1 else charged

    patch.setattr(settlement, "charge_fill", charges)


def hold_kept_on_cancel(patch: pytest.MonkeyPatch) -> None:
    """A cancelled order goes on holding what it held."""
    end_order = book_fold.end_order

    def ends(
        state: ExchangeState, header: Header, order: OpenOrder, reason: Any, events: list[Event], **how: Any
    ) -> None:
        told = len(events)
        end_order(state, header, order, reason, events, **how)
        held = state.ledger.hold(order.account_id, order.hold_asset_id, order.hold_units)
        events[told] = msgspec.structs.replace(events[told], held_after=held)

    patch.setattr(book_fold, "end_order", ends)


def hold_one_tick_too_low(patch: pytest.MonkeyPatch) -> None:
    """A bid is covered one tick below its limit, and everybody who asks is told the same."""
    hold_units = fees.hold_units

    def holds(state: ExchangeState, instrument: Instrument, order: OpenOrder) -> int:
        lower = with_terms(order, order.client_order_id, max(order.price_ticks - 1, 1), order.quantity_lots)
        return hold_units(state, instrument, lower)

    for module in (fees, orders, settlement):
        patch.setattr(module, "hold_units", holds)


def partial_fill_loses_a_lot(patch: pytest.MonkeyPatch) -> None:
    """What is left after a partial fill is one lot short."""
    fill_order = settlement._fill_order

    def fills(state: ExchangeState, instrument: Instrument, order: OpenOrder, lots: int, notional: int) -> int:
        fee = fill_order(state, instrument, order, lots, notional)
        order.remaining_lots -= order.remaining_lots > 1
        return fee

    patch.setattr(settlement, "_fill_order", fills)


def crossed_book_rested(patch: pytest.MonkeyPatch) -> None:
    """A large order is put into the book although it crosses."""

    class Crossed(PlainBook):
        def _take(self, taker: Entry, max_fills: int, events: list[BookEvent]) -> tuple[int, int]:
            return (max_fills, 0) if taker.remaining_lots > 4 else super()._take(taker, max_fills, events)

    patch.setattr(state_module, "make_book", Crossed)


def wrong_after_value_in_a_trade(patch: pytest.MonkeyPatch) -> None:
    """A trade tells a hold that is one unit off."""
    side = settlement._side

    def sides(*asked: Any) -> Any:
        told = side(*asked)
        return msgspec.structs.replace(told, held_after=told.held_after + (told.remaining_lots > 0))

    patch.setattr(settlement, "_side", sides)


def previous_sequence_of_itself(patch: pytest.MonkeyPatch) -> None:
    """A private channel leads a reader to the present command instead of the one before."""
    tell = Ledger.tell

    def tells(self: Ledger, account_id: Any, sequence: Any) -> FeedMark:
        mark = tell(self, account_id, sequence)
        return msgspec.structs.replace(mark, previous_sequence=sequence) if mark.n > 5 else mark

    patch.setattr(Ledger, "tell", tells)


def freeze_ignored(patch: pytest.MonkeyPatch) -> None:
    """A frozen member may still enter orders."""
    refuse_account = access.refuse_account

    def refuses(*asked: Any, **more: Any) -> Rejected | None:
        return refuse_account(*asked, **{**more, "frozen_too": True})

    patch.setattr(orders, "refuse_account", refuses)


def frozen_orders_left_in_the_book(patch: pytest.MonkeyPatch) -> None:
    """A freeze forgets the last of the orders it ends."""
    end_orders = order_ends.end_orders
    for module in (corrections, members):
        patch.setattr(module, "end_orders", lambda state, header, plan: end_orders(state, header, plan[:-1]))


def mandate_limit_ignored(patch: pytest.MonkeyPatch) -> None:
    """A mandate's limit is never asked."""
    refuse_mandate = access._refuse_mandate
    patch.setattr(
        access,
        "_refuse_mandate",
        lambda state, header, account_id, right, value_minor: refuse_mandate(state, header, account_id, right, 0),
    )


def receipt_credited_twice(patch: pytest.MonkeyPatch) -> None:
    """A receipt that was credited may be matched again, if the suspense account can pay."""
    match_receipt = funding.match_receipt

    def matches(state: ExchangeState, header: Header, command: MatchReceipt) -> list[Event]:
        receipt = state.table(Receipt).get(command.receipt_id)
        if receipt is not None and receipt.status is ReceiptStatus.CREDITED:
            state.put(msgspec.structs.replace(receipt, status=ReceiptStatus.RECEIVED))
        return match_receipt(state, header, command)

    _reroute(patch, MatchReceipt, matches)


def payer_not_checked(patch: pytest.MonkeyPatch) -> None:
    """Anybody's money becomes the member's that is named."""
    patch.setattr(funding, "_paid_by", lambda state, receipt, account: True)


def withdrawal_leaves_twice(patch: pytest.MonkeyPatch) -> None:
    """The money in transit keeps its hold on the account, so it is promised although it is gone."""
    move = Ledger.move

    def moves(self: Ledger, sequence: Any, legs: Any, holds: Any = ()) -> Any:
        kept = [] if legs and holds else holds
        return move(self, sequence, legs, kept)

    patch.setattr(Ledger, "move", moves)


def self_trade(patch: pytest.MonkeyPatch) -> None:
    """Both sides of a trade may be one account's."""
    patch.setattr(state_module, "make_book", PlainBook)
    patch.setattr(book_trading, "related", lambda taker, maker: False)
    patch.setattr(taking, "related", lambda taker, maker: False)


def holder_place_not_reserved(patch: pytest.MonkeyPatch) -> None:
    """Open bids of those who hold nothing yet are not counted."""

    def counts(ledger: Ledger, asset_id: Any, account_id: Any) -> int:
        owners = {ledger.owners[holder] for holder, _ in ledger.holders(asset_id) if holder in ledger.owners}
        return len(owners | {ledger.owners[account_id]})

    patch.setattr(Ledger, "holders_with", counts)


def refusal_leaves_a_trace(patch: pytest.MonkeyPatch) -> None:
    """A refused order uses up a number of the book."""
    place_order = orders.place_order

    def places(state: ExchangeState, header: Header, command: PlaceOrder) -> list[Event]:
        events = place_order(state, header, command)
        if isinstance(events[0], Rejected) and command.instrument_id in state.numbers:
            state.numbers[command.instrument_id].book_n += 1
        return events

    _reroute(patch, PlaceOrder, places)


def taker_pays_its_own_limit(patch: pytest.MonkeyPatch) -> None:
    """A trade is priced at the limit of the one who came later."""

    class Dear(PlainBook):
        def _fill(self, taker: Entry, maker: Entry, price: int, lots: int, events: list[BookEvent]) -> None:
            super()._fill(taker, maker, taker.price_ticks, lots, events)

    patch.setattr(state_module, "make_book", Dear)


def place_in_the_queue_not_saved(patch: pytest.MonkeyPatch) -> None:
    """The tables keep a replaced order's old place."""

    def replaced(changes: Any, header: Header, event: OrderReplaced) -> None:
        hot.order_replaced(changes, header, event)
        changes.order(event.order_id).pop("priority", None)

    _save_otherwise(patch, OrderReplaced, replaced)


def hold_of_an_order_not_saved(patch: pytest.MonkeyPatch) -> None:
    """The tables learn of an order that is not for the day, but not of what its account holds for it."""

    def accepted(changes: Any, header: Header, event: OrderAccepted) -> None:
        hot.order_accepted(changes, header, event)
        if event.time_in_force is not TimeInForce.DAY:
            changes.balance(event.account_id, event.hold_asset_id).held_units = event.held_after - event.hold_units

    _save_otherwise(patch, OrderAccepted, accepted)


def _reroute(patch: pytest.MonkeyPatch, command: type[Any], handler: apply.Handler) -> None:
    """Have a command decided by another handler."""
    routes: dict[Any, apply.Route] = dict(apply.ROUTES)
    routes[command] = apply.Route(handler, routes[command].roles)
    patch.setattr(apply, "ROUTES", routes)


def _save_otherwise(patch: pytest.MonkeyPatch, event: type[Any], saver: records.Saver) -> None:
    """Have an event saved by another function."""
    savers: dict[Any, records.Saver] = dict(records.SAVERS)
    savers[event] = saver
    patch.setattr(records, "SAVERS", savers)


PLANTED: list[Plant] = [
    fee_forgotten_on_one_side,
    hold_kept_on_cancel,
    hold_one_tick_too_low,
    partial_fill_loses_a_lot,
    crossed_book_rested,
    wrong_after_value_in_a_trade,
    previous_sequence_of_itself,
    freeze_ignored,
    frozen_orders_left_in_the_book,
    mandate_limit_ignored,
    receipt_credited_twice,
    payer_not_checked,
    withdrawal_leaves_twice,
    self_trade,
    holder_place_not_reserved,
    refusal_leaves_a_trace,
    taker_pays_its_own_limit,
    place_in_the_queue_not_saved,
    hold_of_an_order_not_saved,
]
