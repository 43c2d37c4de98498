"""Signing heads: what a crash leaves, what a start refuses, what is never signed over, and what a witness catches."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.proofs import keeper as keeping
from api.proofs import keys, shelf
from api.proofs.statements import hash_of, is_signed
from api.proofs.witness import Kept, NotWitnessed, read_kept, write_kept
from exchange.bootstrap import StartRefused
from exchange.cli.proofs import signed_roots
from exchange.node.ports import NodeFault
from exchange.store.proofs import verify
from exchange.store.snapshot import snapshot
from tests.api.rest.exchange import Exchange, World, opened
from tests.rechain import rechain
from tests.verifier import refusal


def journal(folder: Path) -> contextlib.closing[sqlite3.Connection]:
    return contextlib.closing(sqlite3.connect(folder / "exchange.sqlite", isolation_level=None))


async def shown(exchange: Exchange) -> dict[str, Any]:
    answer = await exchange.client.get("/v1/proofs/head")
    found: dict[str, Any] = answer.json()
    return found


async def traded(world: World, folder: Path, *prices: int, kept: Kept | None = None, **settings: Any) -> dict[str, Any]:
    """Run the exchange for a few orders; answers the head it leaves, which a witness may keep."""
    async with again(world, folder, **settings) as exchange:
        for price in prices:
            await exchange.place("wu", "sell", 10, price, f"{price}")
        await exchange.services.proofs.step(checkpoint=True)
        found = await shown(exchange)
        if kept is not None:
            await look(exchange, kept)
    return found


def again(world: World, folder: Path, **settings: Any) -> contextlib.AbstractAsyncContextManager[Exchange]:
    """The exchange in a folder: begun there, or going on with what is there."""
    database = folder / "exchange.sqlite"
    if database.exists():
        return opened(World(world.ids, world.users, database), folder, **settings)
    return opened(world, folder, **settings)


async def look(exchange: Exchange, kept: Kept) -> bool:
    """What `exchange witness` does, over this exchange's own answers."""
    now, path = await shown(exchange), None
    if kept.last is not None and kept.needs_path(now):
        sizes = f"first={kept.last['size']}&second={now['head']['size']}"
        answer = await exchange.client.get(f"/v1/proofs/consistency?{sizes}")
        path = answer.json().get("path")
    return kept.take(now, path)


async def test_heads_follow_the_journal_over_restarts_without_a_gap(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "var"
    first = await traded(world, folder, 100, 101)
    second = await traded(world, folder, 102)
    assert second["head"]["size"] > first["head"]["size"]
    assert second["keys"] == first["keys"]
    async with again(world, folder) as exchange:
        heads = (await exchange.client.get("/v1/proofs/heads")).json()["items"]
    for before, after in itertools.pairwise(heads):
        before.pop("given_up")
        assert after["previous"] == hash_of("head", before)
        assert is_signed("head", before, before["key"])


async def test_the_key_is_its_owners_and_an_exposed_or_a_lost_one_is_refused(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "var"
    await traded(world, folder, 100)
    path = folder / keys.FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(StartRefused, match=r"proofs\.key_exposed"):
        await traded(world, folder, 101)
    path.chmod(0o600)
    other = tmp_path / "other.key"
    path.rename(other)
    with pytest.raises(StartRefused, match=r"proofs\.key_unknown"):
        await traded(world, folder, 101)
    keys.kept_key(path)
    with pytest.raises(StartRefused, match=r"proofs\.key_unknown"):
        await traded(world, folder, 101)
    path.write_text("{}")
    with pytest.raises(StartRefused, match=r"proofs\.key_unreadable"):
        await traded(world, folder, 101)
    other.replace(path)
    assert (await traded(world, folder, 101))["head"]["key"]


async def test_a_rotation_cut_off_anywhere_leaves_the_old_key_or_the_new_one(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "var"
    async with again(world, folder) as exchange:
        proofs = exchange.services.proofs
        await proofs.step(checkpoint=True)

        def cut(*_: object) -> None:
            raise OSError("cut off")

        with monkeypatch.context() as patch, pytest.raises(OSError, match="cut off"):
            patch.setattr(keeping, "write_key", cut)
            await proofs.rotate()
        with monkeypatch.context() as patch, pytest.raises(OSError, match="cut off"):
            patch.setattr(shelf, "put_key", cut)
            await proofs.rotate()
    old = await traded(world, folder, 100)
    assert len(old["keys"]) == 1
    async with again(world, folder) as exchange:
        proofs = exchange.services.proofs
        with monkeypatch.context() as patch, pytest.raises(OSError, match="cut off"):
            patch.setattr(
                Path, "replace", lambda self, target: cut() if self.suffix == ".next" else os.replace(self, target)
            )
            await proofs.rotate()
    new = await traded(world, folder, 101)
    assert len(new["keys"]) == 2
    assert new["head"]["key"] == new["keys"][1]["public_key"]
    assert refusal(new, old["keys"][0]["public_key"]) == ""


@pytest.mark.parametrize("strike", ["put_tiles", "put_holdings", "put_head", "root", "sign"])
async def test_a_head_cut_off_anywhere_is_as_if_it_had_never_begun(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch, strike: str
) -> None:
    proofs = exchange.services.proofs
    await proofs.step(checkpoint=True)
    before = await shown(exchange)
    await exchange.place("wu", "sell", 10, 100, "one")
    module = keeping if hasattr(keeping, strike) else shelf
    real: Callable[..., Any] = getattr(module, strike)

    def struck(*given: Any) -> Any:
        real(*given)
        raise OSError("cut off")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="cut off"):
        patch.setattr(module, strike, struck)
        await proofs.step(checkpoint=True)
    assert await shown(exchange) == before
    await proofs.step(checkpoint=True)
    after = await shown(exchange)
    assert after["head"]["number"] == before["head"]["number"] + 1
    assert refusal(after, before["keys"][0]["public_key"]) == ""
    made = await exchange.client.get(f"/v1/proofs/consistency?first={before['head']['size']}")
    assert refusal(made.json(), before["keys"][0]["public_key"]) == ""


@pytest.mark.parametrize("column", ["command", "events", "salt", "at_ns", "chain", "key", "principal"])
async def test_a_row_that_was_changed_is_never_signed_over(exchange: Exchange, column: str) -> None:
    proofs = exchange.services.proofs
    await proofs.step(checkpoint=True)
    before = await shown(exchange)
    made = await exchange.place("wu", "sell", 10, 100, "one")
    changes = {"at_ns": "at_ns + 1", "key": "'other'", "principal": "principal + 1"}
    with journal(proofs.data_dir) as file:
        changed = changes.get(column, f"zeroblob(length({column}))")
        file.execute(f"UPDATE journal SET {column} = {changed} WHERE sequence = ?", (made["sequence"],))
    with pytest.raises(NodeFault) as refused:
        await proofs.step()
    assert refused.value.code == "proofs.journal_broken"
    assert proofs.broken_at == made["sequence"]
    assert await shown(exchange) == before


@pytest.mark.parametrize("kept_head", [True, False], ids=["with the head file", "by the signed head alone"])
async def test_a_cut_or_rolled_back_database_is_refused_at_start(world: World, tmp_path: Path, kept_head: bool) -> None:
    folder = tmp_path / "var"
    await traded(world, folder, 100)
    shutil.copyfile(folder / "exchange.sqlite", tmp_path / "older.sqlite")
    await traded(world, folder, 101)
    if not kept_head:
        (folder / "head").unlink()
    shutil.copyfile(folder / "exchange.sqlite", tmp_path / "newest.sqlite")
    for name in ("exchange.sqlite-wal", "exchange.sqlite-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.copyfile(tmp_path / "older.sqlite", folder / "exchange.sqlite")
    with pytest.raises(StartRefused, match=r"journal\.behind_head"):
        await traded(world, folder, 102)

    shutil.copyfile(tmp_path / "newest.sqlite", folder / "exchange.sqlite")
    with journal(folder) as file:
        file.execute("DELETE FROM journal WHERE sequence = (SELECT max(sequence) FROM journal)")
    with pytest.raises(StartRefused, match=r"journal\.behind_head"):
        await traded(world, folder, 102)


async def test_an_accepted_loss_is_on_record_and_the_witness_names_it(world: World, tmp_path: Path) -> None:
    folder, kept = tmp_path / "var", Kept()
    await traded(world, folder, 100)
    shutil.copyfile(folder / "exchange.sqlite", tmp_path / "older.sqlite")
    await traded(world, folder, 101, 102, 103, 104, kept=kept)
    for name in ("exchange.sqlite-wal", "exchange.sqlite-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.copyfile(tmp_path / "older.sqlite", folder / "exchange.sqlite")
    async with again(world, folder, accept_head=True) as exchange:
        await exchange.services.proofs.step(checkpoint=True)
        heads = (await exchange.client.get("/v1/proofs/heads")).json()["items"]
        now = await shown(exchange)
        assert refusal(now, now["keys"][0]["public_key"]) == ""
        with pytest.raises(NotWitnessed, match="rows were taken back"):
            await look(exchange, kept)
    assert any(head["given_up"] for head in heads)
    assert not heads[-1]["given_up"]
    assert [head["number"] for head in heads] == list(range(1, len(heads) + 1))


async def test_a_history_rewritten_and_signed_anew_with_the_real_key_is_caught_by_a_witness(
    world: World, tmp_path: Path
) -> None:
    folder, file = tmp_path / "var", tmp_path / "witness.json"
    kept = read_kept(file)
    await traded(world, folder, 100, 101, kept=kept)
    write_kept(file, kept)
    await traded(world, folder, 102, kept=kept)
    assert len(kept.heads) == 2
    write_kept(file, kept)

    # Whoever owns the machine changes one old row, makes every link anew, and lets the real key sign it all again.
    with journal(folder) as database:
        database.execute("UPDATE journal SET connection_id = connection_id + 1 WHERE sequence = 40")
        rechain(database)
    (folder / "head").unlink()
    with contextlib.closing(sqlite3.connect(folder / "edge.sqlite")) as edge:
        edge.execute("DELETE FROM proof_head")
        edge.execute("DELETE FROM proof_tile")
        edge.execute("DELETE FROM proof_entries")
        edge.commit()
    async with again(world, folder) as exchange:
        await exchange.services.proofs.step(checkpoint=True)
        await exchange.place("wu", "sell", 10, 103, "103")
        await exchange.services.proofs.step(checkpoint=True)
        forged = await shown(exchange)
        assert refusal(forged, forged["keys"][0]["public_key"]) == ""  # by its signature alone it is perfect
        with pytest.raises(NotWitnessed, match="history was rewritten"):
            await look(exchange, read_kept(file))
        # A path for other sizes does not help either.
        with pytest.raises(NotWitnessed, match="history was rewritten"):
            read_kept(file).take(forged, [])


async def test_a_witness_keeps_each_head_once_and_refuses_other_keys(exchange: Exchange) -> None:
    kept = Kept()
    await exchange.services.proofs.step(checkpoint=True)
    assert await look(exchange, kept)
    assert not await look(exchange, kept)
    now = await shown(exchange)
    for change in ("root", "chain", "previous"):
        with pytest.raises(NotWitnessed, match="not signed"):
            kept.take({**now, "head": {**now["head"], change: "11" * 32}}, None)
    with pytest.raises(NotWitnessed, match="other keys"):
        kept.take({**now, "keys": []}, None)
    assert len(kept.heads) == 1


async def test_verify_finds_a_history_rewritten_with_its_whole_chain_by_the_heads_that_were_signed(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "var"
    await traded(world, folder, 100, 101)
    await traded(world, folder, 102)

    def found() -> list[tuple[str, str]]:
        roots = signed_roots(folder, None)
        assert len(roots) >= 2
        with snapshot(f"sqlite:///{folder / 'exchange.sqlite'}") as tables:
            problems = verify(tables, signed=roots).problems.kept
        return [(problem.key, problem.column) for problem in problems if problem.proof == "head"]

    assert found() == []
    sizes = sorted(signed_roots(folder, None))
    with journal(folder) as database:
        database.execute("UPDATE journal SET connection_id = connection_id + 1 WHERE sequence = 40")
        rechain(database)
    assert found() == [(f"sequence=1..{size}", "root") for size in sizes]
    with journal(folder) as database:
        database.execute("UPDATE journal SET connection_id = connection_id - 1 WHERE sequence = 40")
        rechain(database)
        assert found() == []
        database.execute("DELETE FROM journal WHERE sequence = ?", (sizes[-1],))
    assert found() == [(f"sequence={sizes[-1]}", "")]
