"""The signed door: what is let in once, what is not, and what a known sender is told."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from api.auth.signer import UntrustedAnswer
from api.client import CounterpartyClient, Problem
from api.counterparty.resources import GETS, PERSONAL, POSTS
from exchange.core.membership import SuspendUser
from tests.api.counterparty.exchange import KEYS, Exchange, World, opened


def event(answer: httpx.Response, name: str) -> dict[str, Any]:
    """The first event of a kind in an answer."""
    found: dict[str, Any] = next(event for event in answer.json()["events"] if event["type"] == name)
    return found


async def is_refused_unsigned(exchange: Exchange, answer: httpx.Response, code: str) -> None:
    """The answer is an unsigned problem with this code, and nothing was journaled."""
    before = exchange.services.sequence
    assert (answer.status_code, answer.json()["code"]) == (401, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == 'Signature realm="ip-exchange"'
    assert "signature" not in answer.headers
    assert exchange.services.sequence == before


# --- Trading ----------------------------------------------------------------------------------------------------------


async def test_an_order_through_the_door_trades_with_an_investor_at_the_other_door(exchange: Exchange) -> None:
    listed = exchange.order("thu", "free", "sell", 10, 100)
    assert (await exchange.by_token("thu", "POST", "/v1/orders", listed)).status_code == 201
    bid = exchange.order("acme", "free", "buy", 10, 100)
    taken = await exchange.ask("acme", "POST", "/orders", body=bid, key="one")
    assert taken.status_code == 201
    trade = event(taken, "trade.made")
    assert trade["buyer"]["account_id"] == exchange["account.acme"]
    assert trade["seller"] is None and exchange["account.thu"] not in taken.text

    offer = exchange.order("acme", "free", "sell", 10, 101)
    offered = await exchange.ask("acme2", "POST", "/orders", body=offer, key="two")  # the same user's other key
    order_id = event(offered, "order.accepted")["order_id"]
    met = await exchange.by_token("li", "POST", "/v1/orders", exchange.order("li", "free", "buy", 10, 101))
    at = f"min_sequence={met.json()['sequence']}"
    trades = (await exchange.ask("acme", "GET", f"/trades?{at}")).json()["items"]
    assert [(found["price_ticks"], [fill["side"] for fill in found["fills"]]) for found in trades] == [
        (101, ["sell"]),
        (100, ["buy"]),
    ]
    assert (await exchange.ask("acme", "GET", f"/orders/{order_id}?{at}")).json()["item"]["status"] == "filled"


async def test_an_order_is_replaced_and_cancelled(exchange: Exchange) -> None:
    placed = await exchange.ask("acme", "POST", "/orders", body=exchange.order("acme", "free", "buy", 5, 50), key="p")
    order_id = event(placed, "order.accepted")["order_id"]
    named = {"account_id": exchange["account.acme"], "order_id": order_id}
    terms = {"client_order_id": "again", "price_ticks": 51, "quantity_lots": 6}
    replaced = await exchange.ask("acme", "POST", "/orders/replace", body={**named, **terms}, key="r")
    assert (replaced.status_code, event(replaced, "order.replaced")["price_ticks"]) == (200, 51)
    open_now = await exchange.ask("acme", "GET", f"/orders?status=open&min_sequence={replaced.json()['sequence']}")
    assert [order["quantity_lots"] for order in open_now.json()["items"]] == [6]
    cancelled = await exchange.ask("acme", "POST", "/orders/cancel", body=named, key="c")
    assert event(cancelled, "order.cancelled")["cancelled_lots"] == 6
    again = await exchange.ask("acme", "POST", "/orders/cancel", body=named, key="c2")
    assert (again.status_code, again.json()["code"]) == (404, "order.unknown")
    await exchange.ask("acme", "POST", "/orders", body=exchange.order("acme", "free", "buy", 1, 40), key="q")
    everything = {"account_id": exchange["account.acme"]}
    ended = await exchange.ask("acme", "POST", "/orders/cancel-all", body=everything, key="all")
    assert ended.status_code == 200


async def test_the_client_that_ships_trades_and_reads_through_the_door(exchange: Exchange) -> None:
    async with CounterpartyClient(exchange.base_url, exchange["key.globex"], KEYS["globex"]) as client:
        order = exchange.order("globex", "free", "buy", 3, 20)
        told = await client.post("/v1/counterparty/orders", order, "first")
        again = await client.post("/v1/counterparty/orders", order, "first")
        assert again == {**told, "repeated": True}
        account = await client.get(f"/v1/counterparty/accounts/{exchange['account.globex']}")
        held = {holding["code"]: holding["held_units"] for holding in account["item"]["holdings"]}
        assert sum(held.values()) > 0
        with pytest.raises(Problem) as refused:
            await client.post("/v1/counterparty/orders", {**order, "quantity_lots": 4}, "first")
        assert refused.value.code == "idempotency.key_reused"
    async with CounterpartyClient(exchange.base_url, "K1-999999", KEYS["nobody"]) as stranger:
        with pytest.raises(Problem) as unknown:
            await stranger.get("/v1/counterparty/accounts")
        assert (unknown.value.status, unknown.value.code) == (401, "signature.key_unknown")


# --- The technology-class guard ---------------------------------------------------------------------------------------


async def test_a_foreign_order_for_restricted_technology_is_refused_with_the_provision_and_signed(
    exchange: Exchange,
) -> None:
    order = exchange.order("acme", "restricted", "buy", 1, 100)
    refused = await exchange.ask("acme", "POST", "/orders", body=order, key="r")
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (403, "export.not_cleared")
    assert problem["rule"]["provision"] == "TIE-33"
    assert problem["sequence"] == exchange.services.sequence, "the engine refused it, on the record"

    by_token = await exchange.by_token("acme", "POST", "/v1/orders", {**order, "client_order_id": "other-door"})
    assert (by_token.status_code, by_token.json()["code"]) == (403, "export.not_cleared"), "no door has another rule"
    home = exchange.order("li", "restricted", "buy", 1, 100)
    assert (await exchange.by_token("li", "POST", "/v1/orders", home)).status_code == 201


@pytest.mark.parametrize(("name", "cleared"), [("free", True), ("restricted", False)])
async def test_an_instrument_says_beforehand_whether_its_reader_may_order_it(
    exchange: Exchange, name: str, cleared: bool
) -> None:
    instrument = (await exchange.ask("acme", "GET", f"/instruments/{exchange[name]}")).json()
    gate = (await exchange.ask("acme", "GET", f"/instruments/{exchange[name]}/export")).json()["item"]
    assert instrument["item"]["instrument_id"] == exchange[name]
    assert instrument["export"] == gate
    assert (gate["technology_class"], gate["cleared"]) == (name, cleared)
    assert (gate["from_country"], gate["to_country"]) == ("CN", "US")
    order = exchange.order("acme", name, "buy", 1, 100)
    assert (await exchange.ask("acme", "POST", "/orders", body=order, key="o")).is_success is cleared


async def test_a_foreign_party_reads_no_document_of_what_it_may_not_order(exchange: Exchange) -> None:
    listed = (await exchange.by_token("thu", "GET", "/v1/documents")).json()["items"]
    assert listed
    for document in listed:
        one = await exchange.by_token("acme", "GET", f"/v1/documents/{document['document_id']}")
        content = await exchange.by_token("acme", "GET", f"/v1/documents/{document['document_id']}/content")
        assert {one.status_code, content.status_code} == {404}
        signed = await exchange.ask("acme", "GET", f"/documents/{document['document_id']}")
        assert signed.json()["code"] == "request.not_found", "the door has no documents at all"


# --- Whose, and what is shown -----------------------------------------------------------------------------------------


async def test_a_counterparty_acts_and_reads_for_its_own_accounts_alone(exchange: Exchange) -> None:
    foreign = exchange.order("globex", "free", "buy", 1, 10)
    assert (await exchange.ask("acme", "POST", "/orders", body=foreign, key="f")).json()["code"] == "account.not_yours"
    placed = await exchange.ask("globex", "POST", "/orders", body=foreign, key="f")
    order_id = event(placed, "order.accepted")["order_id"]
    theirs = (
        f"/orders/{order_id}?min_sequence={placed.json()['sequence']}",
        f"/accounts/{exchange['account.globex']}",
        f"/orders?account_id={exchange['account.globex']}",
        f"/trades?account_id={exchange['account.li']}",
    )
    for path in theirs:
        answer = await exchange.ask("acme", "GET", path)
        assert answer.json()["code"] in {"account.not_yours", "resource.unknown"}, path
        assert order_id not in json.dumps(answer.json().get("items", []))
    accounts = (await exchange.ask("acme", "GET", "/accounts")).json()["items"]
    assert [account["account_id"] for account in accounts] == [exchange["account.acme"]]


async def test_no_answer_names_a_natural_person(exchange: Exchange) -> None:
    order = exchange.order("acme", "free", "buy", 2, 30)
    placed = await exchange.ask("acme", "POST", "/orders", body=order, key="n")
    order_id = event(placed, "order.accepted")["order_id"]
    places = {
        "{instrument_id}": exchange["free"],
        "{order_id}": order_id,
        "{account_id}": exchange["account.acme"],
    }
    texts = [placed.text]
    for get in GETS:
        path = get.path
        for place, value in places.items():
            path = path.replace(place, value)
        answer = await exchange.ask("acme", "GET", f"{path}?min_sequence={placed.json()['sequence']}")
        assert answer.status_code == 200, answer.text
        texts.append(answer.text)
    names = {"user_name", "user_id", "payer_name", "holder_name", *PERSONAL}
    for text in texts:
        assert not names & keys_of(json.loads(text))
        assert ".user" not in text


def keys_of(value: Any) -> set[str]:
    """Every field name in an answer, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*(keys_of(inner) for inner in value.values())) if value else set()
    return set().union(*(keys_of(inner) for inner in value)) if isinstance(value, list) else set()


# --- What is not let in -----------------------------------------------------------------------------------------------


async def test_a_replayed_request_is_refused_at_once_and_after_a_restart(
    exchange: Exchange, world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "restarted"
    async with opened(world, folder) as first:
        request = first.signed("acme", "GET", "/accounts")
        order = first.signed("acme", "POST", "/orders", body=first.order("acme", "free", "buy", 1, 10), key="k")
        assert (await first.send(request)).status_code == 200
        assert (await first.send(order)).status_code == 201
        await is_refused_unsigned(first, await first.send(request), "signature.replayed")
        await is_refused_unsigned(first, await first.send(order), "signature.replayed")
        authority = first.base_url.removeprefix("http://")
    async with opened(world, folder, authorities=(authority,)) as second:
        for replayed in (request, order):
            moved = dataclasses.replace(replayed, url=replayed.url.replace(first.base_url, second.base_url))
            answer = await second.send(moved, host=authority)
            await is_refused_unsigned(second, answer, "signature.replayed")


async def test_a_truncated_body_is_refused(exchange: Exchange) -> None:
    request = exchange.signed("acme", "POST", "/orders", body=exchange.order("acme", "free", "buy", 1, 10), key="k")
    cut = dataclasses.replace(request, body=request.body[:-1])
    answer = await exchange.send(cut, **{"content-length": str(len(cut.body))})
    await is_refused_unsigned(exchange, answer, "signature.digest")


async def test_a_body_that_never_ends_is_given_up_and_reaches_nothing(world: World, tmp_path: Path) -> None:
    async with opened(world, tmp_path / "var", body_seconds=0.3) as exchange:
        before = exchange.services.sequence
        request = exchange.signed("acme", "POST", "/orders", body=b"{}", key="k")
        host, port = exchange.base_url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        headers = {**request.headers, "content-length": "50", "host": f"{host}:{port}"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"POST /v1/counterparty/orders HTTP/1.1\r\n{lines}\r\n{{".encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.close()
        assert b" 408 " in head.splitlines()[0]
        assert b"signature-input" not in head.lower()
        assert exchange.services.sequence == before


ALTERED: dict[str, dict[str, str | None]] = {
    "signature.digest": {"content-digest": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"},
    "signature.invalid": {"idempotency-key": "another"},
    "signature.components": {"idempotency-key": None},
    "signature.missing": {"signature": None},
}


@pytest.mark.parametrize("code", list(ALTERED))
async def test_an_altered_request_is_refused(exchange: Exchange, code: str) -> None:
    request = exchange.signed("acme", "POST", "/orders", body=exchange.order("acme", "free", "buy", 1, 10), key="k")
    if code == "signature.components":  # what was signed is what came, but the key itself is not there
        request = dataclasses.replace(
            request, headers={name: value for name, value in request.headers.items() if name != "idempotency-key"}
        )
        await is_refused_unsigned(exchange, await exchange.send(request), code)
        return
    await is_refused_unsigned(exchange, await exchange.send(request, **ALTERED[code]), code)


async def test_another_path_query_or_method_is_not_what_was_signed(exchange: Exchange) -> None:
    request = exchange.signed("acme", "GET", "/trades?limit=1")
    for url in (request.url.replace("limit=1", "limit=2"), request.url.replace("trades", "orders"), request.url + "&"):
        answer = await exchange.send(dataclasses.replace(request, url=url))
        await is_refused_unsigned(exchange, answer, "signature.invalid")
    answer = await exchange.send(dataclasses.replace(request, method="DELETE"))
    await is_refused_unsigned(exchange, answer, "signature.components")


async def test_wrong_unknown_and_revoked_keys_are_refused(exchange: Exchange) -> None:
    await is_refused_unsigned(
        exchange, await exchange.send(exchange.signed("nobody", "GET", "/accounts")), "signature.key_unknown"
    )
    exchange.world.ids["key.wrong"] = exchange["key.acme"]
    KEYS["wrong"] = KEYS["nobody"]
    wrong = exchange.signed("wrong", "GET", "/accounts")
    await is_refused_unsigned(exchange, await exchange.send(wrong), "signature.invalid")
    assert (await exchange.ask("acme", "GET", "/accounts")).status_code == 200
    await exchange.revoke("acme")
    await is_refused_unsigned(
        exchange, await exchange.send(exchange.signed("acme", "GET", "/accounts")), "signature.key_unknown"
    )
    assert (await exchange.ask("acme2", "GET", "/accounts")).status_code == 200, "its other key goes on"


@pytest.mark.parametrize(
    ("shift_s", "code"), [(-60, "signature.expired"), (60, "signature.created_in_future"), (-3, ""), (3, "")]
)
async def test_a_signature_lives_as_long_as_it_says_give_or_take_the_clocks(
    exchange: Exchange, shift_s: float, code: str
) -> None:
    answer = await exchange.send(exchange.signed("acme", "GET", "/accounts", shift_s=shift_s))
    if code:
        await is_refused_unsigned(exchange, answer, code)
    else:
        assert answer.status_code == 200


async def test_a_token_opens_nothing_here_and_a_signature_nothing_there(exchange: Exchange) -> None:
    here = await exchange.by_token("acme", "GET", "/v1/counterparty/accounts")
    await is_refused_unsigned(exchange, here, "signature.missing")
    request = exchange.signed("acme", "GET", "/accounts")
    there = await exchange.send(dataclasses.replace(request, url=f"{exchange.base_url}/v1/orders"))
    assert there.json()["code"] == "auth.required"


async def test_another_hosts_requests_are_not_ours(exchange: Exchange) -> None:
    request = exchange.signed("acme", "GET", "/accounts")
    await is_refused_unsigned(exchange, await exchange.send(request, host="elsewhere.example"), "signature.authority")


# --- What a known sender is told --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/nothing", None, 404, "request.not_found"),
        ("GET", "/", None, 404, "request.not_found"),
        ("GET", "/orders/cancel/now", None, 404, "request.not_found"),
        ("POST", "/trades", b"{}", 405, "request.method"),
        ("GET", "/orders?wrong=1", None, 422, "request.parameter"),
        ("GET", "/orders?limit=1&limit=2", None, 422, "request.parameter"),
        ("GET", "/orders/X1-1", None, 422, "request.parameter"),
        ("GET", "/orders/O1-1", None, 404, "resource.unknown"),
        ("GET", "/instruments/I1-1", None, 404, "resource.unknown"),
        ("GET", "/trades?min_sequence=999999999", None, 503, "read.behind"),
        ("POST", "/orders", b"{", 400, "request.malformed"),
        ("POST", "/orders", b'{"lots": 1}', 422, "request.unknown_field"),
        ("POST", "/orders", b"{}", 422, "request.missing_field"),
    ],
)
async def test_every_refusal_after_the_signature_is_signed_too(
    world: World, tmp_path: Path, method: str, path: str, body: bytes | None, status: int, code: str
) -> None:
    async with opened(world, tmp_path / "var", min_sequence_seconds=0.05) as exchange:
        before = exchange.services.sequence
        with capture_logs() as told:
            answer = await exchange.ask("acme", method, path, body=body, key="k")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        refused = [line for line in told if line["event"] == "request.refused"]
        assert [(line["code"], line["user_id"]) for line in refused] == [(code, world.users["acme"])]
        assert exchange.services.sequence == before


async def test_a_key_that_is_no_idempotency_key_is_refused(exchange: Exchange) -> None:
    order = exchange.order("acme", "free", "buy", 1, 10)
    answer = await exchange.ask("acme", "POST", "/orders", body=order, key="k" * 200)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.idempotency_key")


async def test_a_body_of_another_type_is_refused(exchange: Exchange) -> None:
    request = exchange.signed("acme", "POST", "/orders", body=b"a=1", key="k", content_type="text/plain")
    answer = await exchange.send(request)
    exchange.check(request, answer)
    assert (answer.status_code, answer.json()["code"]) == (415, "request.media_type")


async def test_a_suspended_user_is_told_so_under_signature(exchange: Exchange) -> None:
    suspend = SuspendUser(user_id=exchange.world.users["acme"], suspended=True)
    await exchange.services.bus.submit(suspend, exchange.world.users["ops"])
    answer = await exchange.ask("acme", "GET", "/accounts")
    assert (answer.status_code, answer.json()["code"]) == (403, "user.suspended")


async def test_a_failure_of_ours_is_answered_signed_and_tells_nothing(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret of ours")

    monkeypatch.setattr("api.counterparty.resources.accounts.holdings", fails)
    with capture_logs() as told:
        answer = await exchange.ask("acme", "GET", f"/accounts/{exchange['account.acme']}")
    assert (answer.status_code, answer.json()["code"]) == (500, "edge.failed")
    assert "secret" not in answer.text
    assert "request.failed" in {line["event"] for line in told}


async def test_a_head_is_answered_without_a_body_and_signed_as_such(exchange: Exchange) -> None:
    request = exchange.signed("acme", "HEAD", "/accounts")
    answer = await exchange.send(request)
    exchange.check(request, answer)
    assert (answer.status_code, answer.content) == (405, b"")


# --- The answer -------------------------------------------------------------------------------------------------------


async def test_an_answer_that_was_changed_or_belongs_elsewhere_is_not_trusted(exchange: Exchange) -> None:
    request = exchange.signed("acme", "GET", "/accounts")
    other = exchange.signed("acme", "GET", "/accounts")
    answer = await exchange.send(request)
    exchange.check(request, answer)
    with pytest.raises(UntrustedAnswer):
        exchange.check(other, answer)
    changed = {
        "body": httpx.Response(200, headers=answer.headers, content=answer.content.replace(b"item", b"litem", 1)),
        "status": httpx.Response(201, headers=answer.headers, content=answer.content),
        "signature": httpx.Response(200, headers={"content-type": "application/json"}, content=answer.content),
    }
    for what, tampered in changed.items():
        with pytest.raises(UntrustedAnswer):
            exchange.check(request, tampered)
        assert what


async def test_two_keys_of_one_user_share_idempotency_and_not_nonces(exchange: Exchange) -> None:
    order = exchange.order("acme", "free", "buy", 1, 15)
    nonce = "one-nonce-for-both"
    first = exchange.signed("acme", "POST", "/orders", body=order, key="same", nonce=nonce)
    second = exchange.signed("acme2", "POST", "/orders", body=order, key="same", nonce=nonce)
    one, two = await exchange.send(first), await exchange.send(second)
    assert (one.status_code, two.status_code) == (201, 201)
    assert {**one.json(), "repeated": True} == two.json()


async def test_the_commands_of_the_door_are_those_of_rest(exchange: Exchange) -> None:
    document = (await exchange.http.get(f"{exchange.base_url}/openapi.json")).json()
    for post in POSTS:
        assert f"/v1{post.path}" in document["paths"]
