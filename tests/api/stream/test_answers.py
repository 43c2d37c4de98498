"""Answers as bytes: however they are written, they are what the message types say."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.stream import answers
from api.stream.answers import (
    CANCELLED,
    FILLED,
    OPEN,
    Ack,
    Told,
    answer_frame,
    answer_to,
    encode,
    frame,
    order_ack_frame,
    payloads,
)
from exchange.core.ids import MAX_ID, OrderId, make_id, to_wire
from exchange.core.messages import Citation, Event, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.units import MAX_INTEGER, QuantityLots
from exchange.node.ports import JournalRow, NodeFault, Outcome
from matching.messages import OrderAccepted, OrderCancelled, OrderReduced, OrderReplaced, TradeMade, TradeSide

WRITERS = [order_ack_frame]
if importlib.util.find_spec("api.stream._acks"):
    WRITERS.append(importlib.import_module("api.stream._acks").order_ack_frame)

ECHOES = st.none() | st.integers(0, MAX_INTEGER) | st.text(max_size=64)
COUNTS = st.integers(0, MAX_INTEGER) | st.integers(0, 20) | st.sampled_from([9, 10, 99, 100, MAX_INTEGER])


@given(ECHOES, COUNTS, st.integers(0, 2**63 - 1), st.integers(0, MAX_ID), st.integers(0, 2), COUNTS, st.booleans())
def test_an_orders_ack_is_what_its_type_says(
    echo: str | int | None, sequence: int, at_ns: int, order_id: int, status: int, left: int, repeated: bool
) -> None:
    ack = Ack(
        id=echo,
        sequence=sequence,
        at_ns=at_ns,
        order_id=to_wire("O", order_id),
        status=answers.STATUSES[status],
        remaining_lots=left,
        repeated=repeated,
    )
    for write in WRITERS:
        assert write(encode(echo), sequence, at_ns, order_id, status, left, repeated) == frame(encode(ack))


@pytest.mark.parametrize("wrong", [{"sequence": -1}, {"left": -1}, {"status": 3}, {"echo": b"x" * 1_000}])
def test_the_compiled_writer_refuses_what_no_ack_holds(wrong: dict[str, Any]) -> None:
    fields: dict[str, Any] = {
        "echo": b"1",
        "sequence": 1,
        "at_ns": 1,
        "order_id": 1,
        "status": 0,
        "left": 1,
        "repeated": False,
    }
    for write in WRITERS[1:]:
        with pytest.raises(ValueError, match="not the ack of an order"):
            write(**{**fields, **wrong})


def made(kind: type[Event], **fields: Any) -> Any:
    """An event with these fields; an answer asks for no others."""
    blank = dict.fromkeys(kind.__struct_fields__)
    return kind(**{**blank, **fields})


ORDER = OrderId(make_id(7))
ACCEPTED = made(OrderAccepted, order_id=ORDER, quantity_lots=QuantityLots(10))
REPLACED = made(OrderReplaced, order_id=ORDER, quantity_lots=QuantityLots(12), remaining_lots=QuantityLots(10))
CANCELLED_BY_WISH = made(OrderCancelled, order_id=ORDER, cancelled_lots=QuantityLots(10))
OTHER = OrderId(make_id(8))


def traded(buyer: tuple[OrderId, int], seller: tuple[OrderId, int]) -> TradeMade:
    """A trade: each side's order and what is left of it."""
    sides = [
        made(TradeSide, order_id=order_id, remaining_lots=QuantityLots(left)) for order_id, left in (buyer, seller)
    ]
    made_trade: TradeMade = made(TradeMade, buyer=sides[0], seller=sides[1])
    return made_trade


FOUR, SIX = traded((ORDER, 6), (OTHER, 1)), traded((OTHER, 3), (ORDER, 0))
OF_OTHERS = traded((OTHER, 5), (OrderId(make_id(9)), 0))
OTHERS_END = made(OrderCancelled, order_id=OTHER, cancelled_lots=QuantityLots(4))
REDUCED = made(OrderReduced, order_id=ORDER, reduced_lots=QuantityLots(3), remaining_lots=QuantityLots(7))
OTHER_REDUCED = made(OrderReduced, order_id=OTHER, reduced_lots=QuantityLots(3), remaining_lots=QuantityLots(2))
REJECTED = Rejected(code=RejectCode.ORDER_UNKNOWN, detail='who is "O1-7"?')
BY_RULE = Rejected(
    code=RejectCode.RULE_VALUE_CAP, rule=Citation(profile="p", version=1, field="cap", provision="第三条")
)


@pytest.mark.parametrize(
    "events, told",
    [
        ([ACCEPTED], (ORDER, OPEN, 10)),
        ([ACCEPTED, FOUR], (ORDER, OPEN, 6)),
        ([ACCEPTED, FOUR, SIX], (ORDER, FILLED, 0)),
        ([ACCEPTED, FOUR, CANCELLED_BY_WISH], (ORDER, CANCELLED, 0)),
        ([REPLACED], (ORDER, OPEN, 10)),
        ([REPLACED, FOUR], (ORDER, OPEN, 6)),
        ([REPLACED, FOUR, SIX], (ORDER, FILLED, 0)),
        ([CANCELLED_BY_WISH], (ORDER, CANCELLED, 0)),
        ([CANCELLED_BY_WISH, OTHERS_END], (ORDER, CANCELLED, 0)),
        ([ACCEPTED, OTHERS_END], (ORDER, OPEN, 10)),
        ([ACCEPTED, OTHERS_END, FOUR, OTHER_REDUCED, OF_OTHERS, OTHERS_END], (ORDER, OPEN, 6)),
        ([ACCEPTED, OTHERS_END, REDUCED], (ORDER, OPEN, 7)),
        ([ACCEPTED, REDUCED, CANCELLED_BY_WISH, OF_OTHERS], (ORDER, CANCELLED, 0)),
    ],
    ids=[
        "rests", "rests after a trade", "is filled", "rest is cancelled",
        "replaced", "replaced and trades", "replaced and is filled", "cancelled", "cancelled with its pair",
        "ends another and rests", "trades, and others do because of it", "shrinks with one of its own",
        "shrinks and is cancelled, and others trade",
    ],
)  # fmt: skip
@pytest.mark.parametrize("repeated", [False, True])
def test_events_and_their_summary_are_told_alike(events: list[Event], told: Told, repeated: bool) -> None:
    by_events = Outcome(9, 1_000, events, repeated=repeated)
    row = JournalRow(None, "", None, b"", events, b"", b"", b"", told=told)  # type: ignore[arg-type] # nobody looks
    by_summary = Outcome(9, 1_000, row=row, repeated=repeated)
    for echo in (None, 0, 17, "mine", '"买"'):
        whole = answer_frame(echo, by_events)
        assert whole == answer_frame(echo, by_summary)
        assert whole == frame(encode(answer_to(echo, by_events))) == frame(encode(answer_to(echo, by_summary)))
        shown = msgspec.json.decode(payloads([whole])[0])
        assert (shown["status"], shown["remaining_lots"]) == (answers.STATUSES[told[1]], told[2])


@pytest.mark.parametrize(
    "outcome, expected",
    [
        (NodeFault("node.busy"), {"type": "refused", "id": 5, "code": "node.busy"}),
        (Outcome(9, 8, []), {"type": "ack", "id": 5, "sequence": 9, "at_ns": 8, "orders": 0}),
        (Outcome(9, 8, [REJECTED]),
         {"type": "refused", "id": 5, "code": "order.unknown", "detail": 'who is "O1-7"?', "sequence": 9}),
        (Outcome(9, 8, [BY_RULE]),
         {"type": "refused", "id": 5, "code": "rule.value_cap", "sequence": 9,
          "rule": {"profile": "p", "version": 1, "field": "cap", "provision": "第三条"}}),
        (Outcome(9, 8, [FOUR]), {"type": "ack", "id": 5, "sequence": 9, "at_ns": 8}),
    ],
    ids=["fault", "nothing to do", "rejected", "rejected by a rule", "another command"],
)  # fmt: skip
def test_everything_else_is_told_by_its_type(outcome: Outcome | NodeFault, expected: dict[str, Any]) -> None:
    told = msgspec.json.decode(payloads([answer_frame(5, outcome)])[0])
    assert told == expected


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 1_023, 1_024, 65_535, 65_536])
def test_a_frame_says_its_length_and_gives_its_payload_back(size: int) -> None:
    payload = b"x" * size
    whole = frame(payload)
    assert payloads([whole]) == [payload]
    assert whole[0] == 0x81 and whole[1] == (size if size < 126 else 126 if size < 65_536 else 127)
    assert int.from_bytes(whole[2 : len(whole) - size] or bytes((whole[1],)), "big") == size
