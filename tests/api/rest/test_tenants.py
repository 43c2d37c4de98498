"""Two members over every GET of the document: neither ever reads what is the other's (OWASP API1, BOLA).

The routes come from the document, so a new one is in this test from its first day, and one that shares what it should
not fails it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.rest.exchange import Exchange

WITNESSED = ("/v1/proofs/head", "/v1/proofs/heads", "/v1/proofs/consistency", "/v1/proofs/verifier")
OPEN_TO_ALL = ("/openapi.json", "/healthz", "/readyz", "/metrics", "/v1/time", "/v1/keys/exchange", *WITNESSED)
"""What has no tenant at all."""
WORD = re.compile(r"[A-Z]{1,2}1-\d+(?:-\d+)?")


async def lively(exchange: Exchange) -> dict[str, dict[str, set[str]]]:
    """Let both members do everything a member can, and answer what is private to each, by kind of identifier."""
    found: dict[str, dict[str, set[str]]] = {}
    ops = await exchange.by("ops")
    for name, price in (("wu", 100), ("li", 90)):
        await exchange.place(name, "sell" if name == "wu" else "buy", 5, price, "resting")
        await exchange.place(name, "sell" if name == "wu" else "buy", 5, price, "resting-too")
    await exchange.place("li", "buy", 2, 100, "trades-with-wu")
    await ops.post("/v1/approvals/deny", json={"approval_id": "H1-1"})
    for name in ("wu", "li"):
        client = await exchange.by(name)
        sub = await client.post("/v1/accounts", json={"member_id": exchange[f"member.{name}"], "sub_account": "second"})
        assert sub.status_code == 201, sub.text
        mandate = await client.post(
            "/v1/mandates",
            json={
                "account_id": exchange[f"account.{name}"],
                "user_id": exchange[f"user.{name}-blind"],
                "rights": ["trade"],
                "valid_from_ns": 0,
                "valid_until_ns": 2**62,
            },
        )
        assert mandate.status_code == 201, mandate.text
        staff = await gathered(exchange, ops, name)
        found[name] = staff
    return found


async def gathered(exchange: Exchange, ops: httpx.AsyncClient, name: str) -> dict[str, set[str]]:
    """Every identifier of a member's own things, as staff sees them."""
    private: dict[str, set[str]] = {"member_id": {exchange[f"member.{name}"]}}
    accounts = (await ops.get("/v1/accounts", params={"member_id": exchange[f"member.{name}"]})).json()["items"]
    private["account_id"] = {account["account_id"] for account in accounts}
    users = (await ops.get("/v1/users", params={"member_id": exchange[f"member.{name}"]})).json()["items"]
    private["user_id"] = {user["user_id"] for user in users}
    for path, key in (
        ("orders", "order_id"),
        ("withdrawals", "withdrawal_id"),
        ("receipts", "receipt_id"),
        ("mandates", "mandate_id"),
    ):
        items = (await ops.get(f"/v1/{path}", params={"account_id": exchange[f"account.{name}"]})).json()["items"]
        private[key] = {item[key] for item in items}
    payouts = await ops.get("/v1/payout-accounts", params={"member_id": exchange[f"member.{name}"]})
    private["payout_account_id"] = {item["payout_account_id"] for item in payouts.json()["items"]}
    documents = (await ops.get("/v1/documents")).json()["items"]
    member_id = exchange[f"member.{name}"]
    private["document_id"] = {item["document_id"] for item in documents if item["member_id"] == member_id}
    assert all(private.values()), private
    await exchange.services.proofs.step(checkpoint=True)
    return private


def routes(document: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every GET with its parameters."""
    for path, operations in document["paths"].items():
        if "get" in operations and path not in OPEN_TO_ALL:
            yield path, operations["get"].get("parameters", [])


def addresses(
    path: str, params: list[dict[str, Any]], ids: dict[str, set[str]], shared: dict[str, str]
) -> Iterator[str]:
    """A route's addresses with somebody's identifiers in every place, path and query."""
    places = re.findall(r"{(\w+)}", path)
    known = {
        **{name: sorted(values) for name, values in ids.items()},
        **{name: [value] for name, value in shared.items()},
    }
    variants = [path]
    for place in places:
        variants = [variant.replace(f"{{{place}}}", value) for variant in variants for value in known.get(place, ["0"])]
    required = {
        param["name"]: [*known.get(param["name"], ()), *param["schema"].get("enum", ()), "1"][0]
        for param in params
        if param["in"] == "query" and param.get("required")
    }
    narrowed = [param["name"] for param in params if param["in"] == "query" and param["name"] in ids]
    base = "&".join(f"{name}={value}" for name, value in required.items())
    for variant in variants:
        yield f"{variant}?{base}"
        for name in narrowed:
            for value in known[name]:
                yield f"{variant}?{base}&{name}={value}"


@pytest.mark.parametrize(("reader", "owner"), [("wu", "li"), ("li", "wu")])
async def test_no_route_shows_one_member_what_is_anothers(exchange: Exchange, reader: str, owner: str) -> None:
    private = await lively(exchange)
    document = (await exchange.client.get("/openapi.json")).json()
    client = await exchange.by(reader)
    secrets = set().union(*private[owner].values())
    sequences = {f"{number}" for number in range(1, exchange.sequence + 1)}
    shared = {"asset_id": exchange["money"], "instrument_id": exchange["instrument"]}
    seen_own: set[str] = set()
    asked = 0
    for path, params in routes(document):
        for ids in (private[owner], private[reader]):
            by_row = "{sequence}" in path or any(param["name"] == "sequence" for param in params)
            with_rows = {**ids, "sequence": sequences} if by_row else ids
            for address in addresses(path, params, with_rows, shared):
                answer = await client.get(address)
                asked += 1
                assert answer.status_code in {200, 403, 404, 422}, (address, answer.text)
                words = set(WORD.findall(answer.text)) - set(WORD.findall(address))
                assert not words & secrets, (address, words & secrets)
                if answer.status_code == 200:
                    foreign = set(WORD.findall(address)) & secrets
                    assert not foreign or not answer.json().get("items", [1]), address
                seen_own |= set(WORD.findall(answer.text)) & set().union(*private[reader].values())
    # The readers do see what is their own: the test looks at answers that hold something.
    assert seen_own == set().union(*private[reader].values())
    assert asked > 100


async def test_a_user_without_the_right_to_view_sees_no_account_of_its_member(exchange: Exchange) -> None:
    private = await lively(exchange)
    blind = await exchange.by("wu-blind")
    document = (await exchange.client.get("/openapi.json")).json()
    hidden = private["wu"]["account_id"] | private["wu"]["order_id"] | private["wu"]["receipt_id"]
    shared = {"asset_id": exchange["money"], "instrument_id": exchange["instrument"]}
    for path, params in routes(document):
        if path.startswith("/v1/mandates"):
            continue  # its own mandate names the account it may trade on
        for address in addresses(path, params, private["wu"], shared):
            answer = await blind.get(address)
            assert not (set(WORD.findall(answer.text)) - set(WORD.findall(address))) & hidden, address


async def test_a_mandate_to_view_opens_exactly_one_account_while_it_lasts(exchange: Exchange) -> None:
    wu, li = await exchange.by("wu"), await exchange.by("li")
    address = f"/v1/accounts/{exchange['account.wu']}/balances"
    assert (await li.get(address)).status_code == 404
    granted = await wu.post(
        "/v1/mandates",
        json={
            "account_id": exchange["account.wu"],
            "user_id": exchange["user.li"],
            "rights": ["view"],
            "valid_from_ns": 0,
            "valid_until_ns": 2**62,
        },
    )
    mandate_id = granted.json()["events"][0]["mandate"]["mandate_id"]
    assert (await li.get(address)).status_code == 200
    await wu.post("/v1/mandates/revoke", json={"mandate_id": mandate_id})
    assert (await li.get(address)).status_code == 404


async def test_staff_reads_everything_and_the_regulator_changes_nothing(exchange: Exchange) -> None:
    private = await lively(exchange)
    regulator = await exchange.by("regulator")
    for name in ("wu", "li"):
        for account_id in private[name]["account_id"]:
            assert (await regulator.get(f"/v1/accounts/{account_id}/balances")).status_code == 200
        for order_id in private[name]["order_id"]:
            assert (await regulator.get(f"/v1/orders/{order_id}")).status_code == 200
    refused = await regulator.post("/v1/orders", json=exchange.order("wu", "sell", 1, 100, "x"))
    assert (refused.status_code, refused.json()["code"]) == (403, "role.not_allowed")
