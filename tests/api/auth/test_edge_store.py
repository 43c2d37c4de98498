"""The edge store: made once, durable, private, refusing what it does not know; and the pool before it."""

from __future__ import annotations

import asyncio
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import insert, inspect, select, text, update

from api.auth import edge_store
from api.auth.codes import EdgeCode, EdgeRefused
from api.auth.edge_store import EdgeStore, EdgeStoreMismatch, edge_url, open_edge
from api.auth.edge_tables import EdgeBase, Nonce, SchemaVersion
from api.auth.pool import BoundedPool
from tests.api.auth.refusals import codes, refusal, refusal_of


def _count(store: EdgeStore) -> int:
    with store.read() as connection:
        return len(connection.execute(select(Nonce.nonce)).all())


def _add(store: EdgeStore, nonce: str) -> None:
    with store.transaction() as connection:
        connection.execute(insert(Nonce).values(key_id=1, nonce=nonce, keep_until_ns=1))


def test_what_was_committed_is_there_after_opening_again(store_url: str) -> None:
    first = open_edge(store_url)
    _add(first, "kept")
    first.close()
    second = open_edge(store_url)
    assert _count(second) == 1
    second.close()


def test_another_version_refuses_to_start(store_url: str) -> None:
    store = open_edge(store_url)
    with store.transaction() as connection:
        connection.execute(update(SchemaVersion).values(version=2))
    store.close()
    with pytest.raises(EdgeStoreMismatch, match=r"version \[2\], this program needs \[1\]"):
        open_edge(store_url)


def test_many_may_make_it_at_once(store_url: str) -> None:
    with ThreadPoolExecutor(6) as threads:
        stores = list(threads.map(lambda _: open_edge(store_url), range(6)))
    with stores[0].read() as connection:
        assert connection.scalars(select(SchemaVersion.version)).all() == [1]
    for store in stores:
        store.close()


def test_a_block_that_raises_leaves_nothing(store: EdgeStore) -> None:
    def write_and_fail() -> None:
        with store.transaction() as connection:
            connection.execute(insert(Nonce).values(key_id=1, nonce="lost", keep_until_ns=1))
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()
    assert _count(store) == 0


def test_every_constraint_has_the_name_it_was_given(store: EdgeStore) -> None:
    schema = "edge" if store.engine.dialect.name == "postgresql" else None
    inspector = inspect(store.engine)
    for table in EdgeBase.metadata.sorted_tables:
        assert inspector.get_pk_constraint(table.name, schema=schema)["name"] == f"pk_{table.name}"
        for key in inspector.get_foreign_keys(table.name, schema=schema):
            assert str(key["name"]).startswith("fk_")
    assert inspector.get_unique_constraints("credential", schema=schema)[0]["name"] == "uq_credential_login"


def test_every_commit_is_synced(store: EdgeStore) -> None:
    with store.read() as connection:
        if connection.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
            assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
        else:
            assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    store = open_edge(edge_url(tmp_path))
    _add(store, "one")
    files = list(tmp_path.iterdir())
    assert {file.name for file in files} == {"edge.sqlite", "edge.sqlite-wal", "edge.sqlite-shm"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    store.close()


def test_a_reader_does_not_wait_for_a_writer(store: EdgeStore) -> None:
    _add(store, "before")
    with store.transaction() as connection:
        connection.execute(insert(Nonce).values(key_id=1, nonce="not yet", keep_until_ns=1))
        assert _count(store) == 1
    assert _count(store) == 2


def test_a_store_that_does_not_answer_in_time_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_store, "BUSY_MS", 50)
    store = open_edge(edge_url(tmp_path))
    with store.transaction():
        assert refusal(lambda: _add(store, "second writer")).code is EdgeCode.AUTH_UNAVAILABLE
    _add(store, "afterwards")
    assert _count(store) == 1
    store.close()


async def test_a_full_pool_refuses_at_once_and_a_place_is_free_when_its_work_is_done() -> None:
    gate = threading.Event()
    pool = BoundedPool("test", workers=1, waiting=2)
    taken = [asyncio.create_task(pool.run(gate.wait, 10)) for _ in range(3)]
    await asyncio.sleep(0)
    assert pool.taken == 3
    assert (await refusal_of(pool.run(gate.wait, 10))).code is EdgeCode.AUTH_BUSY

    # Giving up the wait does not give up the place of what runs: the thread is still at it.
    taken[0].cancel()
    await asyncio.gather(taken[0], return_exceptions=True)
    assert pool.taken == 3
    # What has not begun is dropped, and its place is free.
    taken[2].cancel()
    await asyncio.gather(taken[2], return_exceptions=True)
    assert pool.taken == 2

    gate.set()
    assert await taken[1] is True
    assert await pool.run(lambda: "again") == "again"
    pool.close()
    assert pool.taken == 0


async def test_the_store_takes_no_more_than_its_pool(tmp_path: Path) -> None:
    store = open_edge(edge_url(tmp_path), workers=1, waiting=1)
    gate = threading.Event()
    work = [asyncio.create_task(store.run(lambda _: gate.wait(10))) for _ in range(5)]
    await asyncio.sleep(0)
    gate.set()
    answers = await asyncio.gather(*work, return_exceptions=True)
    assert codes(answers) == [EdgeCode.AUTH_BUSY] * 3
    store.close()


async def test_a_fault_of_the_work_reaches_who_waits(file_store: EdgeStore) -> None:
    def refuse(_: object) -> None:
        raise EdgeRefused(EdgeCode.AUTH_LOGIN_TAKEN)

    assert (await refusal_of(file_store.run(refuse))).code is EdgeCode.AUTH_LOGIN_TAKEN
