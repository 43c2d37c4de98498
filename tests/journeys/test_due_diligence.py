"""Workflow 10, the whole way: a university sells a patent, and its leader takes away a pack that shows care."""

from __future__ import annotations

import contextlib
import io
import json
import sqlite3
import zipfile
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from custody.packs import AddEvidence, EvidenceHead
from exchange.cli import packs as command_line
from exchange.core.ids import KINDS, to_wire
from exchange.store.migrate import head
from tests.api.rest.exchange import Exchange, World, opened
from tests.deals.stage import Desk
from tests.rechain import close_gaps, rechain
from tests.verifier import run_alone

HEADS = {
    "decision": "minutes of the council",
    "care": "valuation report",
    "supervision": "note of the discipline office",
    "no_gain": "statements on conflicts of interest",
}


@pytest.fixture
async def sold(tmp_path: Path) -> AsyncIterator[tuple[Exchange, str]]:
    """An exchange on which `thu` sold a patent after an objection and two periods of publicity; minutes are on file."""
    desk = Desk.cn()
    desk.seller = "thu"
    deal = desk.offered(related_party=True)
    for text in HEADS.values():
        desk.file("thu", text)
    desk.steps("accept", "object", "dismiss", "wait 30", "seller signs")
    case_id = to_wire("D", deal.deal_id)
    named = sha256(f"thu: {HEADS['decision']}".encode()).hexdigest()
    add = AddEvidence(case_id=case_id, head=EvidenceHead.DECISION, sha256=named, note="第3次会议")
    assert desk.venue.refusal(add, "thu") == ""
    desk.steps("buyer signs", "confirm")
    path = tmp_path / "sold.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as file:
        desk.venue.scratch.connection.backup(file)
        file.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        file.execute("INSERT INTO alembic_version VALUES (?)", (head(),))
        file.execute("INSERT INTO epochs VALUES (1, 1, 0, 1)")
        close_gaps(file)
        rechain(file)
        file.execute("PRAGMA journal_mode = WAL")
        file.commit()
    ids = {f"account.{name}": to_wire(KINDS["AccountId"], found) for name, found in desk.venue.accounts.items()}
    async with opened(World(ids, dict(desk.venue.users), path), tmp_path / "var") as exchange:
        yield exchange, case_id


async def add(exchange: Exchange, case_id: str, evidence_head: str, by: str = "thu") -> tuple[int, str]:
    """Add the document of a head; status and code."""
    body = {"case_id": case_id, "head": evidence_head, "sha256": named(evidence_head)}
    answer = await (await exchange.by(by)).post("/v1/evidence", json=body)
    return answer.status_code, answer.json().get("code", "")


def named(evidence_head: str) -> str:
    return sha256(f"thu: {HEADS[evidence_head]}".encode()).hexdigest()


async def seal(exchange: Exchange, case_id: str, by: str = "thu") -> dict[str, Any]:
    found: dict[str, Any] = (await (await exchange.by(by)).post("/v1/packs/seal", json={"case_id": case_id})).json()
    return found


async def taken(exchange: Exchange, case_id: str, by: str = "thu") -> bytes:
    answer = await (await exchange.by(by)).get(f"/v1/packs/{case_id}/bundle")
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_a_leader_proves_offline_that_care_was_taken(sold: tuple[Exchange, str], tmp_path: Path) -> None:
    exchange, case_id = sold
    await exchange.services.proofs.step(checkpoint=True)
    key = (await exchange.client.get("/v1/proofs/head")).json()["keys"][0]["public_key"]

    # It is not complete, and says why; so does the page.
    refused = await seal(exchange, case_id)
    assert refused["code"] == "pack.incomplete"
    assert [part.split(":")[0] for part in refused["detail"].split("; ")] == ["care", "supervision", "no_gain"]
    page = (await (await exchange.by("thu")).get(f"/v1/packs/{case_id}/bundle?form=html")).text
    assert refused["detail"].split("; ")[0] in page
    assert "not complete" in page

    # Strangers neither add nor read; the buyer is one.
    assert await add(exchange, case_id, "care", by="li") == (403, "pack.not_party")
    for stranger in ("li", "lab"):
        assert (await (await exchange.by(stranger)).get(f"/v1/packs/{case_id}/bundle")).status_code == 404
        assert (await (await exchange.by(stranger)).get(f"/v1/packs/{case_id}")).status_code == 404
    assert (await exchange.client.get(f"/v1/packs/{case_id}/bundle")).status_code == 401
    assert (await (await exchange.by("thu")).get("/v1/packs/D1-1/bundle")).status_code == 404

    # The other documents come, one of them twice; then it is sealed.
    for evidence_head in ("care", "supervision", "no_gain"):
        assert (await add(exchange, case_id, evidence_head))[0] == 201
    assert await add(exchange, case_id, "care") == (409, "pack.duplicate")
    sealed = await seal(exchange, case_id)
    assert "code" not in sealed, sealed
    assert await add(exchange, case_id, "care") == (409, "pack.state")
    answer = await (await exchange.by("thu")).get(f"/v1/packs/{case_id}/bundle")
    assert (answer.status_code, answer.json()["code"]) == (503, "proofs.not_ready")
    await exchange.services.proofs.step(checkpoint=True)

    # What it holds: the decision as it was, the rules' texts, each step's row; and the verifier proves all of it.
    packed = await taken(exchange, case_id)
    shown = run_alone(packed, key)
    assert shown.returncode == 0, shown.stderr
    assert f"due-diligence pack, {case_id}, sealed" in shown.stdout
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    told = json.loads(files["pack.json"])
    assert told["complete"] is True
    assert told["facts"]["related_party"] is True
    assert {one["title"] for one in told["evidence"]} == set(HEADS.values())
    assert sha256(told["facts_text"].encode()).hexdigest() == told["facts_sha256"]
    listed = [[one["head"], one["sha256"], one["note"]] for one in told["evidence"]]
    compact = json.dumps([told["facts_sha256"], listed], separators=(",", ":"), ensure_ascii=False)
    assert sha256(compact.encode()).hexdigest() == told["pack_sha256"]
    assert any(name.startswith("rules/profile-cn_ip_venue") for name in files)
    assert any(name.startswith("rules/overlays") for name in files)
    rows = [json.loads(files[name]) for name in sorted(files) if name.endswith(".proof.json")]
    events = [event for row in rows for event in row["row"]["events"]]
    names = [event["event"]["type"] for event in events]
    steps = ["deal.proposed", "deal.accepted", "deal.objected", "deal.objection_dismissed", "deal.completed"]
    assert [name for name in names if name in steps] == steps
    assert names[-1] == "pack.sealed"
    assert told["pack_sha256"].encode().hex() in events[-1]["bytes"]
    assert "Met by the register" in files["cover.html"].decode()
    assert "第3次会议" in files["cover.html"].decode()

    # It is found out when anything in it is another one.
    for name in ("pack.json", "cover.html", max(files)):
        assert run_alone(repacked(files | {name: files[name] + b" "}), key).returncode != 0, name
    assert run_alone(repacked({name: files[name] for name in files if name != "cover.html"}), key).returncode != 0
    assert run_alone(packed, "ab" * 32).returncode != 0

    # Years later, whatever came after, it is the same but for the head it is proved against.
    await exchange.services.proofs.step(checkpoint=True)
    with zipfile.ZipFile(io.BytesIO(await taken(exchange, case_id, by="ops"))) as archive:
        assert archive.read("pack.json") == files["pack.json"]
        assert archive.read("cover.html") == files["cover.html"]


def repacked(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return packed.getvalue()


def test_the_command_explains_itself() -> None:
    assert "Example: exchange pack" in (command_line.pack.__doc__ or "")
