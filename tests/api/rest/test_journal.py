"""The journal as its readers see it, and what a member can prove with what it is given.

The proof is computed here from the answer alone, by the formulas of the document and not by the exchange's own code.
"""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import Any

from tests.api.rest.exchange import Exchange


def leaf(row: dict[str, Any]) -> bytes:
    """A row's leaf, from its header and hashes."""
    head = struct.pack(
        ">cHHQQQI",
        b"\x00",
        row["format"],
        row["shard"],
        row["sequence"],
        row["epoch"],
        row["at_ns"],
        row["engine_version"],
    )
    hashes = [bytes.fromhex(text) for text in row["event_hashes"]]
    asked = bytes.fromhex(row["command_hash"])
    return sha256(b"".join((head, asked, struct.pack(">H", len(hashes)), *hashes))).digest()


def holds(row: dict[str, Any], told: dict[str, Any]) -> bool:
    """Whether an event's bytes are those under its place in the row."""
    found = sha256(b"\x02" + bytes.fromhex(told["salt"]) + bytes.fromhex(told["bytes"])).hexdigest()
    return bool(found == row["event_hashes"][told["place"]])


async def test_a_member_proves_its_own_event_with_what_it_is_given(exchange: Exchange) -> None:
    before = await exchange.place("wu", "sell", 10, 100, "one")
    made = await exchange.place("wu", "sell", 10, 101, "two")
    wu, regulator = await exchange.by("wu"), await exchange.by("regulator")
    row = (await wu.get(f"/v1/journal/{made['sequence']}")).json()["item"]
    previous = (await regulator.get(f"/v1/journal/{before['sequence']}")).json()["item"]

    assert made["sequence"] == before["sequence"] + 1
    assert sha256(bytes.fromhex(previous["chain"]) + leaf(row)).hexdigest() == row["chain"]
    told = row["events"][0]
    assert holds(row, told)
    assert told["event"]["client_order_id"] == "two"
    changed = {**told, "bytes": told["bytes"][:-2] + "00"}
    assert not holds(row, changed)


async def test_an_event_that_is_shown_in_part_carries_no_bytes(exchange: Exchange) -> None:
    await exchange.place("wu", "sell", 10, 100, "rests")
    made = await exchange.place("li", "buy", 10, 100, "takes")
    row = (await (await exchange.by("wu")).get(f"/v1/journal/{made['sequence']}")).json()["item"]
    shown = {told["event"]["type"]: told for told in row["events"]}

    assert set(shown) == {"trade.made"}
    assert "bytes" not in shown["trade.made"]
    assert shown["trade.made"]["event"]["buyer"] is None
    assert len(row["event_hashes"]) == len(made["events"])


async def test_an_accounts_events_are_walked_back_through_the_journal(exchange: Exchange) -> None:
    for number in range(4):
        await exchange.place("wu", "sell", 10, 100 + number, f"o{number}")
        await exchange.place("li", "buy", 1, 50, f"o{number}")
    wu = await exchange.by("wu")
    path = f"/v1/accounts/{exchange['account.wu']}/events"
    first = (await wu.get(path, params={"limit": 3})).json()
    rest = (await wu.get(path, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    sequences = [row["sequence"] for row in first["items"] + rest["items"]]

    assert sequences == sorted(sequences, reverse=True)
    assert [row["events"][0]["event"].get("client_order_id") for row in first["items"]] == ["o3", "o2", "o1"]
    assert all(row["events"] for row in first["items"] + rest["items"])


async def test_staff_reads_whole_rows_in_order_and_members_do_not(exchange: Exchange) -> None:
    made = await exchange.place("wu", "sell", 10, 100, "one")
    regulator, wu, li = await exchange.by("regulator"), await exchange.by("wu"), await exchange.by("li")
    rows = (await regulator.get("/v1/journal", params={"after": made["sequence"] - 1})).json()["items"]

    conditions = ("stop_ticks", "trail_ticks", "offset_ticks", "display_lots", "minimum_lots", "oco_order_id")
    assert rows[0]["command"] == {
        "type": "order.place",
        **exchange.order("wu", "sell", 10, 100, "one"),
        **dict.fromkeys((*conditions, "expires_at_ns")),
        **dict.fromkeys(("hidden", "post_only", "all_or_none"), False),
        "order_type": "limit",
        "time_in_force": "day",
        "max_notional_minor": None,
        "self_trade_prevention": "cancel_newest",
        "cancel_on_disconnect": False,
    }
    assert rows[0]["principal"] == exchange["user.wu"]
    assert (await wu.get("/v1/journal")).status_code == 404
    assert (await li.get(f"/v1/journal/{made['sequence']}")).status_code == 404


async def test_a_refusal_is_journaled_and_read_by_staff(exchange: Exchange) -> None:
    wu = await exchange.by("wu")
    refused = (await wu.post("/v1/orders", json=exchange.order("li", "sell", 1, 1, "no"))).json()
    row = (await (await exchange.by("regulator")).get(f"/v1/journal/{refused['sequence']}")).json()["item"]

    assert row["events"] == [{"type": "command.rejected", "code": "account.not_yours", "detail": "", "rule": None}]
