"""What a client may send, typed, and how the hot ones become commands.

Each order message is a twin of its command with identifiers as text and an `id` that the answer repeats. One decoder
takes any of them in one pass; the twins are written out because this is the hottest decode of the exchange, and a test
holds them to their commands field by field. What is spelled plainly, `_orders.pyx` reads in a quarter of the time.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any

import msgspec

from exchange.core.ids import AccountId, BidderId, BidId, InstrumentId, LotId, OrderId, from_wire
from exchange.core.instruments import OrderType, SelfTradePrevention, Side, TimeInForce
from exchange.core.messages import Command
from exchange.core.units import MAX_INTEGER, Code, PositiveLots, PositiveMinor, PositivePrice, Sha256Hex, TimeNs
from matching.lot_messages import CommitBid, Nonce, PlaceBid, RevealBid
from matching.lots import MAX_LOTS
from matching.messages import CancelAllOrders, CancelOrder, PlaceOrder, ReplaceOrder

Echo = Annotated[str, msgspec.Meta(max_length=64)] | Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)] | None
"""The client's own number or name for a message; its answer carries it back."""
IdText = Annotated[str, msgspec.Meta(max_length=24)]
IdTexts = Annotated[tuple[IdText, ...], msgspec.Meta(min_length=1, max_length=MAX_LOTS)]
MAX_CACHED = 65_536


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A message from a client."""

    id: Echo = None


class Login(Request, frozen=True, kw_only=True, tag="login"):
    """The first message: the one-time ticket that `POST /v1/stream/ticket` gave."""

    ticket: Annotated[str, msgspec.Meta(max_length=128)]


class Ping(Request, frozen=True, kw_only=True, tag="ping"):
    """Asks for a sign of life."""


class Subscribe(Request, frozen=True, kw_only=True, tag="subscribe"):
    """Follow a channel; with `from_n`, from that number on."""

    channel: Annotated[str, msgspec.Meta(max_length=40)]
    from_n: Annotated[int, msgspec.Meta(ge=1, le=MAX_INTEGER)] | None = None


class Unsubscribe(Request, frozen=True, kw_only=True, tag="unsubscribe"):
    """Follow a channel no longer."""

    channel: Annotated[str, msgspec.Meta(max_length=40)]


class PlaceOrderText(Request, frozen=True, kw_only=True, tag="order.place"):
    """`order.place` with identifiers as text."""

    client_order_id: Code
    account_id: IdText
    instrument_id: IdText
    side: Side
    quantity_lots: PositiveLots
    price_ticks: PositivePrice | None = None
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.DAY
    max_notional_minor: PositiveMinor | None = None
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST
    cancel_on_disconnect: bool = False
    stop_ticks: PositivePrice | None = None
    trail_ticks: PositivePrice | None = None
    offset_ticks: PositivePrice | None = None
    display_lots: PositiveLots | None = None
    minimum_lots: PositiveLots | None = None
    hidden: bool = False
    post_only: bool = False
    all_or_none: bool = False
    oco_order_id: IdText | None = None
    expires_at_ns: TimeNs | None = None


class CancelOrderText(Request, frozen=True, kw_only=True, tag="order.cancel"):
    """`order.cancel` with identifiers as text."""

    account_id: IdText
    order_id: IdText


class ReplaceOrderText(Request, frozen=True, kw_only=True, tag="order.replace"):
    """`order.replace` with identifiers as text."""

    account_id: IdText
    order_id: IdText
    client_order_id: Code
    price_ticks: PositivePrice
    quantity_lots: PositiveLots
    stop_ticks: PositivePrice | None = None


class CancelAllOrdersText(Request, frozen=True, kw_only=True, tag="orders.cancel_all"):
    """`orders.cancel_all` with identifiers as text."""

    account_id: IdText
    instrument_id: IdText | None = None
    side: Side | None = None


class PlaceBidText(Request, frozen=True, kw_only=True, tag="lot.bid"):
    """`lot.bid` with identifiers as text."""

    bidder_id: IdText
    lot_ids: IdTexts
    price_minor: PositiveMinor
    client_bid_id: Code


class CommitBidText(Request, frozen=True, kw_only=True, tag="lot.commit"):
    """`lot.commit` with identifiers as text."""

    bidder_id: IdText
    commitment_sha256: Sha256Hex
    client_bid_id: Code


class RevealBidText(Request, frozen=True, kw_only=True, tag="lot.reveal"):
    """`lot.reveal` with identifiers as text."""

    bid_id: IdText
    lot_ids: IdTexts
    price_minor: PositiveMinor
    nonce: Nonce


OrderRequest = (
    PlaceOrderText
    | CancelOrderText
    | ReplaceOrderText
    | CancelAllOrdersText
    | PlaceBidText
    | CommitBidText
    | RevealBidText
)
AnyRequest = OrderRequest | Login | Ping | Subscribe | Unsubscribe
TWINS: dict[type[Request], type[Command]] = {
    PlaceOrderText: PlaceOrder,
    CancelOrderText: CancelOrder,
    ReplaceOrderText: ReplaceOrder,
    CancelAllOrdersText: CancelAllOrders,
    PlaceBidText: PlaceBid,
    CommitBidText: CommitBid,
    RevealBidText: RevealBid,
}
"""Each message that becomes a command, and the command it is the text form of."""

decode_request = msgspec.json.Decoder(AnyRequest).decode
"""Read one message. Raises: one of UNREADABLE; a msgspec.ValidationError names the path of what is wrong."""
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


PlainOrder = tuple[str | int | None, Command, str, bytes]
"""An order message's id, its command, the command's key and its journal bytes."""


def _quick_way() -> Callable[[bytes], PlainOrder | None]:
    """The compiled reader of plainly spelled orders; it leaves a message alone by answering None."""
    try:
        read: Callable[[bytes], PlainOrder | None] = importlib.import_module("api.stream._orders").plain_order
    except ImportError:  # nothing was compiled here
        return lambda _raw: None
    return read


plain_order = _quick_way()


@lru_cache(MAX_CACHED)
def account_of(text: str) -> AccountId:
    """An account's identifier; a session names few of them, so they are remembered.

    Raises: ValueError.
    """
    return AccountId(from_wire("A", text))


@lru_cache(MAX_CACHED)
def instrument_of(text: str) -> InstrumentId:
    """An instrument's identifier.

    Raises: ValueError.
    """
    return InstrumentId(from_wire("I", text))


def order_of(text: str) -> OrderId:
    """An order's identifier.

    Raises: ValueError.
    """
    return OrderId(from_wire("O", text))


def lot_of(text: str) -> LotId:
    """A lot's identifier.

    Raises: ValueError.
    """
    return LotId(from_wire("LT", text))


def to_command(request: OrderRequest) -> Command:
    """The command of an order's or a bid's message.

    Raises: ValueError if an identifier is not one.
    """
    match request:
        case PlaceOrderText():
            return PlaceOrder(
                client_order_id=request.client_order_id,
                account_id=account_of(request.account_id),
                instrument_id=instrument_of(request.instrument_id),
                side=request.side,
                quantity_lots=request.quantity_lots,
                price_ticks=request.price_ticks,
                order_type=request.order_type,
                time_in_force=request.time_in_force,
                max_notional_minor=request.max_notional_minor,
                self_trade_prevention=request.self_trade_prevention,
                cancel_on_disconnect=request.cancel_on_disconnect,
                stop_ticks=request.stop_ticks,
                trail_ticks=request.trail_ticks,
                offset_ticks=request.offset_ticks,
                display_lots=request.display_lots,
                minimum_lots=request.minimum_lots,
                hidden=request.hidden,
                post_only=request.post_only,
                all_or_none=request.all_or_none,
                oco_order_id=None if request.oco_order_id is None else order_of(request.oco_order_id),
                expires_at_ns=request.expires_at_ns,
            )
        case CancelOrderText():
            return CancelOrder(account_id=account_of(request.account_id), order_id=order_of(request.order_id))
        case ReplaceOrderText():
            return ReplaceOrder(
                account_id=account_of(request.account_id),
                order_id=order_of(request.order_id),
                client_order_id=request.client_order_id,
                price_ticks=request.price_ticks,
                quantity_lots=request.quantity_lots,
                stop_ticks=request.stop_ticks,
            )
        case CancelAllOrdersText():
            instrument = request.instrument_id
            return CancelAllOrders(
                account_id=account_of(request.account_id),
                instrument_id=None if instrument is None else instrument_of(instrument),
                side=request.side,
            )
        case PlaceBidText():
            return PlaceBid(
                bidder_id=BidderId(from_wire("BR", request.bidder_id)),
                lot_ids=tuple(lot_of(text) for text in request.lot_ids),
                price_minor=request.price_minor,
                client_bid_id=request.client_bid_id,
            )
        case CommitBidText():
            return CommitBid(
                bidder_id=BidderId(from_wire("BR", request.bidder_id)),
                commitment_sha256=request.commitment_sha256,
                client_bid_id=request.client_bid_id,
            )
        case RevealBidText():
            return RevealBid(
                bid_id=BidId(from_wire("BD", request.bid_id)),
                lot_ids=tuple(lot_of(text) for text in request.lot_ids),
                price_minor=request.price_minor,
                nonce=request.nonce,
            )


def echo_of(raw: bytes) -> str | int | None:
    """The `id` of a message that could not be read, if it has one that an answer may carry back."""
    try:
        message: Any = msgspec.json.decode(raw)
        return msgspec.convert(message.get("id"), Echo) if isinstance(message, dict) else None
    except UNREADABLE:
        return None
