"""What a client is told: answers to its own messages, and how envelopes and frames are written.

Every message is one text frame, whether many of them leave in one write or not. Messages of a channel share an
envelope, `{channel, epoch, n, sequence, at_ns, type, …}`; their bodies are encoded once for all who follow.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import msgspec

from api.stream.requests import Echo
from exchange.core.ids import ORDINALS, SHARD, OrderId, to_wire
from exchange.core.messages import Citation, Event, Rejected
from exchange.core.node_messages import RunStarted
from exchange.core.wire_json import show
from exchange.node.ports import NodeFault, Outcome
from matching.lot_messages import BidCommitted, BidPlaced, BidRevealed
from matching.messages import OrderAccepted, OrderCancelled, OrderReduced, OrderReplaced, TradeMade

encode = msgspec.json.Encoder().encode

Told = tuple[OrderId, int, int]
"""What an order's command comes to: the order, its status (a place in STATUSES) and the lots that are open of it."""
OPEN, FILLED, CANCELLED = range(3)
STATUSES = ("open", "filled", "cancelled")

MAX_CACHED = 65_536


class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message to one client."""


class Ack(Answer, frozen=True, kw_only=True, tag="ack", omit_defaults=True):
    """The command is durable. `status` is the order's afterwards: open, filled or cancelled.

    `repeated`: this key was used before, and this is what became of it then. `orders` counts what a cancel-all plans.
    """

    id: Echo
    sequence: int
    at_ns: int
    order_id: str | None = None
    status: str | None = None
    remaining_lots: int | None = None
    orders: int | None = None
    bid_id: str | None = None
    repeated: bool = False


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """The provision behind a refusal."""

    profile: str
    version: int
    field: str
    provision: str


class Refused(Answer, frozen=True, kw_only=True, tag="refused", omit_defaults=True):
    """Nothing changed, and why. One with a `sequence` was decided by the engine and is durable."""

    id: Echo
    code: str
    detail: str = ""
    rule: Rule | None = None
    sequence: int | None = None


class LoggedIn(Answer, frozen=True, kw_only=True, tag="logged_in"):
    """The ticket was good."""

    id: Echo
    user_id: str
    connection_id: int
    epoch: int
    at_ns: int
    heartbeat_s: int


class Pong(Answer, frozen=True, kw_only=True, tag="pong"):
    """The sign of life that was asked for."""

    id: Echo
    at_ns: int


class Heartbeat(Answer, frozen=True, kw_only=True, tag="heartbeat"):
    """Sent when there was nothing else to send for a while."""

    at_ns: int


class Subscribed(Answer, frozen=True, kw_only=True, tag="subscribed"):
    """The channel is followed. It has come to `n`; a snapshot or what was missed follows, then number `n + 1`."""

    id: Echo
    channel: str
    epoch: int
    n: int


class Unsubscribed(Answer, frozen=True, kw_only=True, tag="unsubscribed", omit_defaults=True):
    """The channel is followed no longer; with a code, the exchange ended it."""

    id: Echo
    channel: str
    code: str | None = None


def answer_frame(echo: str | int | None, outcome: Outcome | NodeFault) -> bytes:
    """What the sender of a command is told of its durable outcome, as a whole frame."""
    if isinstance(outcome, Outcome):
        told = outcome.told or _told_by(outcome.events)
        if told is not None:
            order_id, status, left = told
            return _quick_ack_frame(
                b"%d" % echo if type(echo) is int else encode(echo),
                outcome.sequence,
                outcome.at_ns,
                order_id,
                status,
                left,
                outcome.repeated,
            )
    return frame(encode(answer_to(echo, outcome)))


def answer_to(echo: str | int | None, outcome: Outcome | NodeFault) -> Answer:
    """What the sender of a command is told of its durable outcome."""
    if isinstance(outcome, NodeFault):
        return Refused(id=echo, code=outcome.code, detail=outcome.detail)
    told = outcome.told or _told_by(outcome.events)
    if told is not None:
        order_id, status, left = told
        return Ack(
            id=echo,
            sequence=outcome.sequence,
            at_ns=outcome.at_ns,
            order_id=to_wire("O", order_id),
            status=STATUSES[status],
            remaining_lots=left,
            repeated=outcome.repeated,
        )
    first = outcome.events[0] if outcome.events else None
    if isinstance(first, Rejected):
        return Refused(id=echo, code=first.code, detail=first.detail, rule=_rule(first.rule), sequence=outcome.sequence)
    orders = bid_id = None
    if first is None:
        orders = 0
    elif isinstance(first, BidPlaced | BidCommitted | BidRevealed):
        bid_id = to_wire("BD", first.bid.bid_id)
    elif isinstance(first, RunStarted):
        orders = first.run.total
    return Ack(
        id=echo,
        sequence=outcome.sequence,
        at_ns=outcome.at_ns,
        orders=orders,
        bid_id=bid_id,
        repeated=outcome.repeated,
    )


def _told_by(events: Sequence[Event]) -> Told | None:
    """What the events of an order's command come to: the order's status and open lots after all of them.

    A command may end or change other orders too, before and after: only what is told of its own counts.
    """
    match next((event for event in events if isinstance(event, OrderAccepted | OrderReplaced | OrderCancelled)), None):
        case OrderAccepted() as first:
            order_id, left = first.order_id, first.quantity_lots
        case OrderReplaced() as first:
            order_id, left = first.order_id, first.remaining_lots
        case OrderCancelled() as first:
            return first.order_id, CANCELLED, 0
        case _:
            return None
    for event in events[1:]:
        match event:
            case TradeMade(buyer=own) if own.order_id == order_id:
                left = own.remaining_lots
            case TradeMade(seller=own) if own.order_id == order_id:
                left = own.remaining_lots
            case OrderReduced() if event.order_id == order_id:
                left = event.remaining_lots
            case OrderCancelled() if event.order_id == order_id:
                return order_id, CANCELLED, 0
            case _:
                pass  # somebody else's order, or another place in the book
    return order_id, OPEN if left else FILLED, left


def order_ack_frame(
    echo: bytes, sequence: int, at_ns: int, order_id: int, status: int, left: int, repeated: bool
) -> bytes:
    """The ack of an order as a whole frame, as `encode(Ack(…))` writes it; `echo` is the client's id as JSON.

    Most of what is sent is this, so `_acks.pyx` has a compiled twin of it.
    """
    number, ordinal = divmod(order_id, ORDINALS)
    return frame(
        b'{"type":"ack","id":%b,"sequence":%d,"at_ns":%d,"order_id":"O%d-%d%b","status":"%b","remaining_lots":%d%b}'
        % (
            echo,
            sequence,
            at_ns,
            SHARD,
            number,
            b"-%d" % ordinal if ordinal else b"",
            STATUSES[status].encode(),
            left,
            b',"repeated":true' if repeated else b"",
        )
    )


def _rule(citation: Citation | None) -> Rule | None:
    return None if citation is None else msgspec.convert(show(citation), Rule)


@lru_cache(MAX_CACHED)
def id_text(kind: str, identifier: int) -> str:
    """An identifier as text, remembered: for accounts, assets and instruments, of which there are few."""
    return to_wire(kind, identifier)


def envelope(channel: str, epoch: int, n: int, sequence: int, at_ns: int, body: bytes) -> bytes:
    """A channel's message: the envelope around an encoded body, which is a JSON object that is not empty."""
    return b'%b%d,"sequence":%d,"at_ns":%d,%b' % (_envelope_head(channel, epoch), n, sequence, at_ns, body[1:])


@lru_cache(MAX_CACHED)
def _envelope_head(channel: str, epoch: int) -> bytes:
    return b'{"channel":"%b","epoch":%d,"n":' % (channel.encode(), epoch)


def frame(payload: bytes) -> bytes:
    """A whole unmasked text frame (RFC 6455 5.2), as a server sends it."""
    length = len(payload)
    return (_HEADS[length] if length < len(_HEADS) else _head(length)) + payload


def _head(length: int) -> bytes:
    if length < 126:
        return bytes((0x81, length))
    if length < 65_536:
        return b"\x81\x7e" + length.to_bytes(2, "big")
    return b"\x81\x7f" + length.to_bytes(8, "big")


_HEADS = [_head(length) for length in range(1_024)]


def payloads(frames: Iterable[bytes]) -> list[bytes]:
    """The payloads of frames that `frame` made."""
    skips = {126: 4, 127: 10}
    return [whole[skips.get(whole[1], 2) :] for whole in frames]


def _quick_way() -> Callable[[bytes, int, int, int, int, int, bool], bytes]:
    """The compiled twin of `order_ack_frame`, or the function itself where nothing was compiled."""
    try:
        made: Callable[[bytes, int, int, int, int, int, bool], bytes]
        made = importlib.import_module("api.stream._acks").order_ack_frame
    except ImportError:
        return order_ack_frame
    return made


_quick_ack_frame = _quick_way()
