"""Every kind of bad input: a stable code, nothing changed, one line in the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from tests.api.rest.exchange import Exchange

Change = Callable[[dict[str, Any]], bytes]
JSON = {"content-type": "application/json"}


def field(**values: Any) -> Change:
    """An order with other values in these fields."""
    return lambda order: msgspec.json.encode({**order, **values})


def without(name: str) -> Change:
    """An order without a field."""
    return lambda order: msgspec.json.encode({key: value for key, value in order.items() if key != name})


def text(before: bytes, after: bytes) -> Change:
    """An order whose bytes were changed."""

    def change(order: dict[str, Any]) -> bytes:
        raw = msgspec.json.encode(order)
        assert before in raw
        return raw.replace(before, after, 1)

    return change


BAD_ORDERS: list[tuple[str, int, str, Change]] = [
    ("nothing", 400, "request.malformed", lambda _: b""),
    ("half an object", 400, "request.malformed", lambda order: msgspec.json.encode(order)[:-5]),
    ("more after the end", 400, "request.malformed", lambda order: msgspec.json.encode(order) + b"{}"),
    ("not UTF-8", 400, "request.malformed", text(b'"bad"', b'"\xff\xfe"')),
    ("a lone surrogate", 400, "request.malformed", text(b'"bad"', b'"\\ud800"')),
    ("not a number", 400, "request.malformed", text(b":10", b":NaN")),
    ("deeper than any command", 400, "request.malformed", lambda _: b"[" * 50_000),
    ("a field twice", 400, "request.duplicate_field", text(b'"side":', b'"side":"buy","side":')),
    ("a field twice, spaced", 400, "request.duplicate_field", text(b'"side":', b'"side" : "a:b", "side" :')),
    ("an array", 422, "request.invalid", lambda order: msgspec.json.encode([order])),
    ("a number alone", 422, "request.invalid", lambda _: b"7"),
    ("another command", 422, "request.invalid", field(type="order.cancel")),
    ("an unknown field", 422, "request.unknown_field", field(leverage=10)),
    ("a field of the header's", 422, "request.unknown_field", field(at_ns=1)),
    ("no side", 422, "request.missing_field", without("side")),
    ("a fraction", 422, "request.invalid", field(quantity_lots=1.5)),
    ("a whole float", 422, "request.invalid", text(b":10", b":10.0")),
    ("a number as text", 422, "request.invalid", field(quantity_lots="10")),
    ("true for one", 422, "request.invalid", field(quantity_lots=True)),
    ("nothing for a number", 422, "request.invalid", field(quantity_lots=None)),
    ("a negative quantity", 422, "request.out_of_range", field(quantity_lots=-1)),
    ("a quantity of zero", 422, "request.out_of_range", field(quantity_lots=0)),
    ("one more than the largest integer", 422, "request.out_of_range", field(quantity_lots=2**53)),
    ("a price of 2^64", 422, "request.out_of_range", field(price_ticks=2**64)),
    ("more than any double", 422, "request.out_of_range", text(b":10", b":1e999")),
    ("an unknown side", 422, "request.invalid", field(side="ask")),
    ("an identifier as a number", 422, "request.invalid", field(account_id=1024)),
    ("an identifier of another kind", 422, "request.invalid", field(account_id="O1-7")),
    ("an identifier spelt otherwise", 422, "request.invalid", field(account_id="A1-007")),
    ("an identifier of another shard", 422, "request.invalid", field(account_id="A2-7")),
    ("an identifier beyond all journals", 422, "request.invalid", field(account_id="A1-9999999999999999")),
    ("a name with a space", 422, "request.invalid", field(client_order_id="a b")),
    ("an endless name", 422, "request.out_of_range", field(client_order_id="x" * 65)),
    ("a NUL", 422, "request.invalid", text(b'"bad"', b'"\\u0000"')),
    ("an unknown instrument", 404, "order.unknown_instrument", field(instrument_id="I1-999999")),
    ("an unknown account", 404, "account.unknown", field(account_id="A1-999999")),
]


@pytest.mark.parametrize(
    ("status", "code", "change"), [row[1:] for row in BAD_ORDERS], ids=[row[0] for row in BAD_ORDERS]
)
async def test_a_bad_order_is_refused(exchange: Exchange, status: int, code: str, change: Change) -> None:
    wu = await exchange.by("wu")
    body = change(exchange.order("wu", "sell", 10, 100, "bad"))
    before = (await wu.get(f"/v1/accounts/{exchange['account.wu']}/balances")).json()["items"]
    sequence = exchange.sequence

    with capture_logs() as lines:
        answer = await wu.post("/v1/orders", content=body, headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [line["code"] for line in lines if line["event"] == "request.refused"] == [code]
    assert len(lines) == 1
    journaled = not code.startswith("request.")
    assert exchange.sequence == sequence + journaled
    assert (await wu.get(f"/v1/accounts/{exchange['account.wu']}/balances")).json()["items"] == before
    assert (await wu.get("/v1/orders")).json()["items"] == []


async def test_a_foreign_account_is_refused_by_the_engine(exchange: Exchange) -> None:
    wu = await exchange.by("wu")
    answer = await wu.post("/v1/orders", json=exchange.order("li", "sell", 10, 100, "theirs"))

    assert (answer.status_code, answer.json()["code"]) == (403, "account.not_yours")
    assert (await (await exchange.by("li")).get("/v1/orders")).json()["items"] == []


async def test_a_command_of_another_role_is_refused_by_the_engine(exchange: Exchange) -> None:
    wu = await exchange.by("wu")
    answer = await wu.post("/v1/members", json={"name": "Mine", "role": "investor", "country": "CN"})

    assert (answer.status_code, answer.json()["code"]) == (403, "role.not_allowed")


@pytest.mark.parametrize(
    "media_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"]
)
async def test_a_form_of_a_foreign_page_cannot_post_a_command(exchange: Exchange, media_type: str) -> None:
    wu = await exchange.by("wu")
    body = msgspec.json.encode(exchange.order("wu", "sell", 10, 100, "bad"))
    answer = await wu.post("/v1/orders", content=body, headers={"content-type": media_type})

    assert (answer.status_code, answer.json()["code"]) == (415, "request.media_type")


async def test_a_charset_beside_the_media_type_is_no_harm(exchange: Exchange) -> None:
    wu = await exchange.by("wu")
    body = msgspec.json.encode(exchange.order("wu", "sell", 10, 100, "good"))
    headers = {"content-type": "Application/JSON; charset=utf-8"}

    assert (await wu.post("/v1/orders", content=body, headers=headers)).status_code == 201


async def test_an_oversize_body_is_refused_by_its_stated_length_and_as_it_arrives(exchange: Exchange) -> None:
    wu = await exchange.by("wu")
    body = msgspec.json.encode(exchange.order("wu", "sell", 10, 100, "x" * 70_000))

    async def in_parts() -> Any:
        for start in range(0, len(body), 4_096):
            yield body[start : start + 4_096]

    for content in (body, in_parts()):
        answer = await wu.post("/v1/orders", content=content, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")


async def test_a_published_text_may_be_larger_than_an_order(exchange: Exchange) -> None:
    ops = await exchange.by("ops")
    answer = await ops.post("/v1/rules", json={"kind": "profile", "text": "x" * 100_000})

    assert (answer.status_code, answer.json()["code"]) == (422, "profile.invalid")


async def test_a_body_that_never_ends_is_given_up(exchange: Exchange) -> None:
    exchange.services.settings.body_seconds = 0.05
    wu = await exchange.by("wu")

    async def slowly() -> Any:
        yield b"{"
        await asyncio.sleep(0.5)
        yield b"}"

    answer = await wu.post("/v1/orders", content=slowly(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (408, "request.body_late")


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "schlüssel".encode(), '""'])
async def test_a_bad_idempotency_key_is_refused(exchange: Exchange, key: str | bytes) -> None:
    wu = await exchange.by("wu")
    answer = await wu.post(
        "/v1/orders", json=exchange.order("wu", "sell", 10, 100, "bad"), headers={"Idempotency-Key": key}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "request.idempotency_key")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/orders?limit=0", "request.parameter"),
        ("/v1/orders?limit=501", "request.parameter"),
        ("/v1/orders?limit=-1", "request.parameter"),
        ("/v1/orders?limit=1e2", "request.parameter"),
        ("/v1/orders?limit=٣", "request.parameter"),
        ("/v1/orders?limit=1&limit=2", "request.parameter"),
        ("/v1/orders?status=gone", "request.parameter"),
        ("/v1/orders?account_id=7", "request.parameter"),
        ("/v1/orders?order_by=price", "request.parameter"),
        ("/v1/orders/7", "request.parameter"),
        ("/v1/orders/O1-999999", "resource.unknown"),
        ("/v1/orders?cursor=AAAA", "request.cursor"),
        ("/v1/orders?cursor=%00", "request.parameter"),
        ("/v1/rules/profile/sandbox/99", "resource.unknown"),
        ("/v1/nothing", "request.not_found"),
        ("/v1/orders/", "request.not_found"),
    ],
)
async def test_a_bad_question_is_refused(exchange: Exchange, path: str, code: str) -> None:
    answer = await (await exchange.by("wu")).get(path)

    assert answer.json()["code"] == code, answer.text
    assert answer.status_code in {400, 404, 422}


async def test_other_methods_are_named(exchange: Exchange) -> None:
    answer = await (await exchange.by("wu")).put("/v1/orders", json={})

    assert (answer.status_code, answer.json()["code"]) == (405, "request.method")
    assert "GET" in answer.headers["allow"]


async def test_a_client_over_its_budget_waits_and_others_do_not(exchange: Exchange) -> None:
    exchange.services.limits.per_second, exchange.services.limits.burst = 1, 3.0
    wu, li = await exchange.by("wu"), await exchange.by("li")
    codes = [(await wu.get("/v1/orders")).status_code for _ in range(5)]
    refused = await wu.post("/v1/orders", json=exchange.order("wu", "sell", 1, 100, "late"))

    assert codes == [200, 200, 200, 429, 429]
    assert (refused.status_code, refused.json()["code"]) == (429, "request.rate_limited")
    assert refused.headers["retry-after"] == "1"
    assert (await li.get("/v1/orders")).status_code == 200
