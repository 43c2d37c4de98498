"""One event → what one account may see of it: its own order, its own side of a trade, its own postings and holds.

The other side of a trade is never named. The same functions serve the live channel and its replay from the journal, so
a client that resumes reads the bytes it would have read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from api.stream.answers import encode, envelope, frame, id_text
from exchange.core.ids import KINDS, AccountId, to_wire
from exchange.core.instruments import OrderPlace, OrderType, SelfTradePrevention, Side, TimeInForce
from exchange.core.messages import Event, Header, Record
from exchange.core.postings import FeedMark, Movement, Posting
from exchange.core.wire import name_of
from matching.messages import (
    CancelReason,
    Conditions,
    MoveCause,
    OrderAccepted,
    OrderCancelled,
    OrderCovered,
    OrderMoved,
    OrderReduced,
    OrderReplaced,
    TradeMade,
)


class OwnPosting(msgspec.Struct, frozen=True, gc=False):
    """A leg of a transfer on the account, and what it has afterwards."""

    asset_id: str
    units: int
    balance_after: int


class OwnHold(msgspec.Struct, frozen=True, gc=False):
    """What the account has promised of an asset, afterwards."""

    asset_id: str
    held_after: int


class OwnConditions(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What the account's order asked for beyond type, price, quantity and time; what it did not ask for is left out."""

    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST
    stop_ticks: int = 0
    trail_ticks: int = 0
    offset_ticks: int = 0
    display_lots: int = 0
    minimum_lots: int = 0
    hidden: bool = False
    post_only: bool = False
    all_or_none: bool = False
    oco_order_id: str = ""
    expires_at_ns: int = 0


class OwnAccepted(msgspec.Struct, frozen=True, gc=False, tag="order.accepted", omit_defaults=True):
    """The account's order stands, covered by a hold (FIX ExecType New); a plain one has no `conditions`."""

    order_id: str
    client_order_id: str
    instrument_id: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    price_ticks: int
    quantity_lots: int
    hold_asset_id: str
    hold_units: int
    held_after: int
    conditions: OwnConditions | None = None


class OwnTrade(msgspec.Struct, frozen=True, gc=False, tag="trade.made"):
    """The account's side of a trade, with what is left of its order (FIX ExecType Trade).

    `aggressor` is null in an auction, where nobody came last.
    """

    trade_id: str
    order_id: str
    instrument_id: str
    side: Side
    aggressor: bool | None
    price_ticks: int
    quantity_lots: int
    remaining_lots: int
    fee_minor: int
    hold_asset_id: str
    hold_units: int
    held_after: int
    postings: list[OwnPosting]


class OwnCancelled(msgspec.Struct, frozen=True, gc=False, tag="order.cancelled"):
    """What remained of the account's order is withdrawn (FIX ExecType Canceled)."""

    order_id: str
    instrument_id: str
    cancelled_lots: int
    reason: CancelReason
    hold_asset_id: str
    held_after: int


class OwnReplaced(msgspec.Struct, frozen=True, gc=False, tag="order.replaced"):
    """The account's order has new terms (FIX ExecType Replaced)."""

    order_id: str
    client_order_id: str
    instrument_id: str
    price_ticks: int
    quantity_lots: int
    remaining_lots: int
    hold_asset_id: str
    hold_units: int
    held_after: int


class OwnMoved(msgspec.Struct, frozen=True, gc=False, tag="order.moved"):
    """Where the account's order stands now, and what the public sees of it (FIX ExecType Triggered or Restated)."""

    order_id: str
    instrument_id: str
    cause: MoveCause
    place: OrderPlace
    price_ticks: int
    stop_ticks: int
    shown_lots: int
    remaining_lots: int


class OwnReduced(msgspec.Struct, frozen=True, gc=False, tag="order.reduced"):
    """The account's order shrank because it met another of its own (FIX ExecType Restated)."""

    order_id: str
    instrument_id: str
    reduced_lots: int
    remaining_lots: int
    shown_lots: int
    hold_asset_id: str
    hold_units: int
    held_after: int


class OwnCovered(msgspec.Struct, frozen=True, gc=False, tag="order.covered"):
    """The hold of the account's order changed with that of the other one of its pair."""

    order_id: str
    instrument_id: str
    hold_asset_id: str
    hold_units: int
    held_after: int


class OwnMovement(msgspec.Struct, frozen=True, gc=False, tag="account.moved"):
    """Anything else that moved or held the account's units: which event it was, what it is about, and the own legs."""

    event: str
    about: list[str]
    postings: list[OwnPosting]
    holds: list[OwnHold]


Told = tuple[AccountId, FeedMark, int]
"""An account, the event's place in its channel, and which of the event's marks it is."""


def told(event: Event) -> Sequence[Told]:
    """The accounts an event tells something, in the order of their marks."""
    match event:
        case OrderAccepted() | OrderCancelled() | OrderReplaced() | OrderMoved() | OrderReduced() | OrderCovered():
            return ((event.account_id, event.mark, 0),)
        case TradeMade():
            buyer, seller = event.buyer, event.seller
            return ((buyer.account_id, buyer.mark, 0), (seller.account_id, seller.mark, 1))
        case _:
            return [
                (mark.account_id, mark.mark, place)
                for place, movement in enumerate(_movements(event))
                for mark in movement.marks
            ]


def private_frame(header: Header, event: Event, one: Told) -> bytes:
    """The frame by which the account hears of the event."""
    account_id, mark, place = one
    channel = "account:" + id_text("A", account_id)
    body = encode(_body(event, account_id, place))
    return frame(envelope(channel, header.epoch, mark.n, header.sequence, header.at_ns, body))


def _body(event: Event, account_id: AccountId, place: int) -> msgspec.Struct:
    match event:
        case OrderAccepted():
            return OwnAccepted(
                to_wire("O", event.order_id),
                event.client_order_id,
                id_text("I", event.instrument_id),
                event.side,
                event.order_type,
                event.time_in_force,
                event.price_ticks,
                event.quantity_lots,
                id_text("S", event.hold_asset_id),
                event.hold_units,
                event.held_after,
                None if event.conditions is None else _own_conditions(event.conditions),
            )
        case TradeMade():
            return _own_trade(event, buys=place == 0)
        case OrderCancelled():
            return OwnCancelled(
                to_wire("O", event.order_id),
                id_text("I", event.instrument_id),
                event.cancelled_lots,
                event.reason,
                id_text("S", event.hold_asset_id),
                event.held_after,
            )
        case OrderReplaced():
            return OwnReplaced(
                to_wire("O", event.order_id),
                event.client_order_id,
                id_text("I", event.instrument_id),
                event.price_ticks,
                event.quantity_lots,
                event.remaining_lots,
                id_text("S", event.hold_asset_id),
                event.hold_units,
                event.held_after,
            )
        case OrderMoved() | OrderReduced() | OrderCovered():
            return _own_change(event)
        case _:
            return _own_movement(event, account_id, place)


def _own_change(event: OrderMoved | OrderReduced | OrderCovered) -> msgspec.Struct:
    order_id, instrument_id = to_wire("O", event.order_id), id_text("I", event.instrument_id)
    if isinstance(event, OrderMoved):
        return OwnMoved(
            order_id,
            instrument_id,
            event.cause,
            event.place,
            event.price_ticks,
            event.stop_ticks,
            event.shown_lots,
            event.remaining_lots,
        )
    hold = id_text("S", event.hold_asset_id), event.hold_units, event.held_after
    if isinstance(event, OrderReduced):
        return OwnReduced(order_id, instrument_id, event.reduced_lots, event.remaining_lots, event.shown_lots, *hold)
    return OwnCovered(order_id, instrument_id, *hold)


def _own_conditions(asked: Conditions) -> OwnConditions:
    return OwnConditions(
        asked.self_trade_prevention,
        asked.stop_ticks,
        asked.trail_ticks,
        asked.offset_ticks,
        asked.display_lots,
        asked.minimum_lots,
        asked.hidden,
        asked.post_only,
        asked.all_or_none,
        to_wire("O", asked.oco_order_id) if asked.oco_order_id else "",
        asked.expires_at_ns,
    )


def _own_trade(event: TradeMade, *, buys: bool) -> OwnTrade:
    # Both sides may be one account (two sub-orders of a member): then each mark shows its own legs only.
    own = event.buyer if buys else event.seller
    money, right = event.postings[0].asset_id, event.postings[2].asset_id
    first, second = (event.postings[0], event.postings[3]) if buys else (event.postings[1], event.postings[2])
    return OwnTrade(
        to_wire("T", event.trade_id),
        to_wire("O", own.order_id),
        id_text("I", event.instrument_id),
        Side.BUY if buys else Side.SELL,
        None if event.aggressor is None else (event.aggressor is Side.BUY) is buys,
        event.price_ticks,
        event.quantity_lots,
        own.remaining_lots,
        own.fee_minor,
        id_text("S", money if buys else right),
        own.hold_units,
        own.held_after,
        [_own_posting(first), _own_posting(second)],
    )


def _own_movement(event: Event, account_id: AccountId, place: int) -> OwnMovement:
    movement = list(_movements(event))[place]
    return OwnMovement(
        name_of(event),
        _about(event),
        [_own_posting(posting) for posting in movement.postings if posting.account_id == account_id],
        [
            OwnHold(id_text("S", hold.asset_id), hold.held_after)
            for hold in movement.holds
            if hold.account_id == account_id
        ],
    )


def _own_posting(posting: Posting) -> OwnPosting:
    return OwnPosting(id_text("S", posting.asset_id), posting.units, posting.balance_after)


def _movements(event: Event) -> Iterator[Movement]:
    """The movements an event carries, in its fields' order."""
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if isinstance(value, Movement):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Movement))


def _about(event: Event) -> list[str]:
    """The identifiers of the records an event carries, by which REST tells the rest to those who may know it."""
    found: list[str] = []
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if isinstance(value, Record) and not isinstance(value, Movement):
            field = msgspec.structs.fields(value)[0]
            letter = KINDS.get(getattr(field.type, "__name__", ""))
            if letter is not None:
                found.append(to_wire(letter, getattr(value, field.name)))
    return found
