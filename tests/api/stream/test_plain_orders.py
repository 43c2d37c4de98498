"""What the compiled way in reads, it reads as the message types do; what they refuse, it leaves to them."""

from __future__ import annotations

import importlib
import importlib.util
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.keys import key_of
from api.stream.requests import TWINS, UNREADABLE, PlainOrder, decode_request, plain_order, to_command
from exchange.core.ids import MAX_ID, to_wire
from exchange.core.units import MAX_INTEGER
from exchange.core.wire import decode_command, encode_command

IS_COMPILED = importlib.util.find_spec("api.stream._orders") is not None


def readable(raw: bytes) -> PlainOrder | None:
    """What the message types make of it; none if it is refused or no order."""
    try:
        request = decode_request(raw)
        if type(request) not in TWINS:
            return None
        command = to_command(request)
    except (*UNREADABLE, ValueError):
        return None
    return request.id, command, key_of(command), encode_command(command)


def spelled(message: dict[str, Any]) -> bytes:
    """JSON without white space."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()


PLACE = {
    "type": "order.place", "id": 7, "client_order_id": "c-1", "account_id": "A1-12", "instrument_id": "I1-70",
    "side": "buy", "quantity_lots": 10, "price_ticks": 100,
}  # fmt: skip
CANCEL = {"type": "order.cancel", "id": "mine", "account_id": "A1-12", "order_id": "O1-87"}
REPLACE = {
    "type": "order.replace", "account_id": "A1-12-3", "order_id": "O1-87-1023", "client_order_id": "c-2",
    "price_ticks": 99, "quantity_lots": 8,
}  # fmt: skip


@pytest.mark.parametrize("message", [PLACE, PLACE | {"time_in_force": "ioc", "order_type": "limit"}, CANCEL, REPLACE])
def test_a_plain_order_is_read_whole(message: dict[str, Any]) -> None:
    raw = spelled(message)
    read = plain_order(raw)
    assert (read is not None) == IS_COMPILED
    for found in filter(None, [read]):
        assert found == readable(raw)
        assert decode_command(found[3]) == found[1]
    assert plain_order(spelled(dict(reversed(message.items())))) == read, "the order of the fields does not matter"


WRONG: dict[str, list[Any]] = {
    "type": ["order.placed", "ping", "", 3],
    "id": [-1, MAX_INTEGER + 1, 1.5, True, "x" * 65],
    "client_order_id": ["", "a b", "买", 'a"b', "a\\b", "a\tb", "\x7f", "x" * 65, 7],
    "account_id": [
        "A1-012", "A2-12", "I1-12", "A1-", "A1", "A1-x", "A1-12-", "A1-12-0", "A1-12-01", "A1-12-1024", "A1-1-1-1",
        "A1-8796093022208", "A1-99999999999999", "", 12, None,
    ],
    "side": ["Buy", "", 1, None],
    "quantity_lots": [0, -1, MAX_INTEGER + 1, 99 * 10**15, 1.0, "10", True, None],
    "price_ticks": [0, MAX_INTEGER + 1, "100", None],
    "order_type": ["stop", "", 0, 5],
    "time_in_force": ["gtd", "", 3],
    "order_id": ["O1-87"],
    "odd": [1],
}  # fmt: skip
"""Values that make an order one to be read by its type, or to be refused."""
SPELLINGS = [
    b"", b"\0", b"{", b"{}", b"[]", b'"order.place"', b'{"type"', b'{"type":"order.place"}', b'{"type":"ping","id":1}',
    spelled(PLACE)[:-1], spelled(PLACE) + b" ", spelled(PLACE) + b"\0", spelled(PLACE) + b"}", b" " + spelled(PLACE),
    json.dumps(PLACE).encode(),
    spelled(PLACE).replace(b"c-1", b"c\\u002d1"),
    spelled(PLACE).replace(b'"side"', b'"type":"order.place","side"'),
    *[spelled(PLACE).replace(b":10,", number) for number in (b":1e1,", b":010,", b":,", b":-0,", b":0x1,", b":1 ,")],
    spelled(CANCEL | {"order_id": "A1-87"}), spelled(CANCEL | {"side": "buy"}), spelled(CANCEL | {"quantity_lots": 1}),
    spelled(REPLACE | {"time_in_force": "day"}), spelled(REPLACE | {"instrument_id": "I1-70"}),
    spelled(REPLACE | {"quantity_lots": 0}),
]  # fmt: skip


@pytest.mark.parametrize("raw", SPELLINGS)
def test_what_is_not_spelled_plainly_is_left_alone(raw: bytes) -> None:
    assert plain_order(raw) is None


@pytest.mark.parametrize("name, value", [(name, value) for name, values in WRONG.items() for value in values])
def test_an_order_with_an_odd_value_is_left_alone(name: str, value: Any) -> None:
    assert plain_order(spelled(PLACE | {name: value})) is None


@pytest.mark.parametrize("message", [PLACE, CANCEL, REPLACE], ids=lambda message: message["type"])
def test_an_order_without_one_of_its_fields_is_left_alone(message: dict[str, Any]) -> None:
    for missing in message.keys() - {"id"}:
        assert plain_order(spelled({name: value for name, value in message.items() if name != missing})) is None


IDENTIFIERS = st.builds(to_wire, st.sampled_from("AIO"), st.integers(0, 5_000_000) | st.integers(0, MAX_ID))
TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7F), max_size=66) | st.text(max_size=20)
NUMBERS = st.integers(-1, MAX_INTEGER + 1) | st.integers(0, 100) | st.just(10**30)
WORDS = st.sampled_from(["buy", "sell", "limit", "market", "day", "gtc", "ioc", "fok", "order.place", "order.cancel"])
ANYTHING = IDENTIFIERS | TEXTS | NUMBERS | WORDS | st.none() | st.booleans() | st.floats(allow_nan=False)


@st.composite
def nearly_orders(draw: st.DrawFn) -> bytes:
    """An order message in which a value or two may be anything, now and then spelled with spaces or cut short."""
    message: dict[str, Any] = dict(draw(st.sampled_from([PLACE, CANCEL, REPLACE])))
    names = [*PLACE, "order_id", "order_type", "time_in_force", "max_notional_minor", "cancel_on_disconnect", "odd"]
    likely = {
        "id": NUMBERS | TEXTS, "client_order_id": TEXTS, "account_id": IDENTIFIERS, "instrument_id": IDENTIFIERS,
        "order_id": IDENTIFIERS, "quantity_lots": NUMBERS, "price_ticks": NUMBERS,
    }  # fmt: skip
    for name in draw(st.lists(st.sampled_from(names), max_size=4)):
        if name in message and draw(st.integers(0, 9)) == 0:
            del message[name]
        else:
            message[name] = draw(likely.get(name, WORDS) if draw(st.integers(0, 3)) else ANYTHING)
    raw = json.dumps(message).encode() if draw(st.integers(0, 9)) == 0 else spelled(message)
    return raw[: draw(st.integers(0, len(raw)))] if draw(st.integers(0, 9)) == 0 else raw


@given(nearly_orders() | st.binary(max_size=80))
@example(spelled(PLACE | {"account_id": to_wire("A", MAX_ID), "quantity_lots": MAX_INTEGER, "id": MAX_INTEGER}))
@example(spelled(CANCEL | {"id": 0, "order_id": "O1-0"}))
@example(spelled(PLACE | {"client_order_id": "x" * 64, "id": "y" * 64}))
def test_what_it_reads_is_what_the_types_read(raw: bytes) -> None:
    read = plain_order(raw)
    assert read is None or read == readable(raw)
    if read is not None:
        assert type(read[0]) in (int, str, type(None))
        assert [type(getattr(read[1], name)) for name in read[1].__struct_fields__] == [
            type(getattr(decode_command(read[3]), name)) for name in read[1].__struct_fields__
        ]


def test_without_compiled_parts_every_message_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from api.stream import answers, requests

    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    assert requests._quick_way()(spelled(PLACE)) is None
    assert answers._quick_way() is answers.order_ack_frame
