"""What is PostgreSQL's own: a forgetful server is refused, a lost COMMIT is found again, the lock dies with us."""

from __future__ import annotations

import asyncio
import random  # noqa: TID251 - seeded, and the seed is in the test's name
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, make_url

from exchange.engine.digest import differences
from exchange.node.clock import SystemClock
from exchange.node.ports import NodeFault
from exchange.store import migrate
from exchange.store.load.state import load_state
from exchange.store.postgres import LOCK_KEY, PostgresStore, connection_string
from exchange.store.proofs import verify
from exchange.store.queries.reader import Reads
from exchange.store.schema.all import metadata
from exchange.store.snapshot import snapshot
from tests import services
from tests.node.clients import Asked, Clients
from tests.node.driven import copy_to_postgres, driver_url
from tests.node.running import Running, running
from tests.node.template import Stage
from tests.store.conftest import code

LOST_ROUNDS = 30


@pytest.fixture
def url(postgres_url: str) -> str:
    """An empty database of this test's own."""
    return driver_url(postgres_url)


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[services.Postgres]:
    """A server of our own, whose settings may be spoiled."""
    with services.own_postgres() as server:
        yield server


# --- Schema -----------------------------------------------------------------------------------------------------------


def test_the_migrations_make_the_declared_tables_and_indexes(url: str, postgres_server: services.Postgres) -> None:
    migrate.upgrade(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        assert migrate.current(connection) == migrate.head()
    with postgres_server.fresh_database() as other:
        declared = create_engine(driver_url(other))
        metadata.create_all(declared)
        assert definitions(declared) == definitions(engine)
        assert len(definitions(engine)) > len(inspect(engine).get_table_names())
        declared.dispose()
    engine.dispose()


def definitions(engine: Engine) -> set[str]:
    """Every index as the server would write it, conditions and all."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        )
        return {row[0] for row in found}


# --- Durability -------------------------------------------------------------------------------------------------------


@contextmanager
def spoiled(server: services.Postgres, setting: str, value: str) -> Iterator[None]:
    """The server with one setting changed for everybody."""
    with server.connect() as connection:
        connection.execute(f"ALTER SYSTEM SET {setting} = {value}")
        connection.execute("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        with server.connect() as connection:
            connection.execute(f"ALTER SYSTEM RESET {setting}")
            connection.execute("SELECT pg_reload_conf()")


def wait_for(server: services.Postgres, database: str, setting: str, value: str) -> None:
    """Wait until new sessions see a setting."""
    deadline = time.monotonic() + 10
    while True:
        with server.connect(database) as connection:
            if connection.execute(f"SHOW {setting}").fetchall() == [(value,)]:
                return
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.services
@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit"])
def test_a_server_that_may_forget_what_it_committed_is_refused(own_server: services.Postgres, setting: str) -> None:
    with own_server.fresh_database() as url:
        name = make_url(url).database or ""
        with spoiled(own_server, setting, "off"):
            wait_for(own_server, name, setting, "off")
            store = PostgresStore(url, SystemClock())
            with pytest.raises(NodeFault) as refused:
                store.open()
            assert (code(refused), refused.value.detail) == ("store.not_durable", f"{setting} is off")
            with own_server.connect(name) as connection:
                tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchall()
            assert tables == [(0,)], "nothing was made, not even the tables"
        wait_for(own_server, name, setting, "on")
        assert store.open() == 1
        store.close()


# --- The lock ---------------------------------------------------------------------------------------------------------

HOLD = """
import sys
from exchange.node.clock import SystemClock
from exchange.store.postgres import PostgresStore
store = PostgresStore(sys.argv[1], SystemClock())
print(store.open(), flush=True)
sys.stdin.read()
"""


def test_the_lock_of_a_killed_node_is_free_and_its_epoch_is_past(url: str) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "1"
    store = PostgresStore(url, SystemClock())
    with pytest.raises(NodeFault) as refused:
        store.open()
    assert code(refused) == "store.locked"
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert holder.stdin is not None
    holder.stdin.close()
    deadline = time.monotonic() + 10
    while True:
        try:
            assert store.open() == 2
            break
        except NodeFault as fault:  # the server has not noticed yet
            assert fault.code == "store.locked" and time.monotonic() < deadline
            time.sleep(0.05)
    store.close()


def test_the_lock_is_one_database_wide_and_not_the_servers(url: str, postgres_server: services.Postgres) -> None:
    first = PostgresStore(url, SystemClock())
    first.open()
    with postgres_server.fresh_database() as other:
        second = PostgresStore(driver_url(other), SystemClock())
        assert second.open() == 1
        second.close()
    ((held,),) = first.connection.execute(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND pid = pg_backend_pid()",
        (LOCK_KEY,),
    ).fetchall()
    assert held == 1
    first.close()


# --- A connection lost during COMMIT ----------------------------------------------------------------------------------


class Strikes:
    """Ends the writer's backend on the server, again and again, each time a random moment after it began to work."""

    def __init__(self, url: str, rng: random.Random) -> None:
        self.url = url
        self.rng = rng
        self.struck = 0
        self.over = threading.Event()

    def run(self, ready: asyncio.Event) -> None:
        """Strike until told that it is over; an event's flag may be read from any thread."""
        with psycopg.connect(connection_string(self.url), autocommit=True) as connection:
            while not self.over.wait(0.002):
                if not ready.is_set():
                    continue
                time.sleep(self.rng.uniform(0.0, 0.08))
                rows = connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                    " AND objid = %s AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                    (LOCK_KEY,),
                ).fetchall()
                self.struck += len(rows)
                while ready.is_set() and not self.over.wait(0.002):
                    pass


async def insists(node: Running, clients: Clients, asked: Asked) -> None:
    """Ask with the same key until there is an answer."""
    while not asked.answered:
        try:
            clients.hears(asked, await node.bus.submit(asked.command, asked.principal, key=asked.key))
        except NodeFault as fault:
            clients.hears(asked, fault)
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("at_once", [1, 20, 120])
async def test_a_connection_lost_at_any_moment_loses_nothing_and_doubles_nothing(
    url: str, staged: tuple[Path, Stage], tmp_path: Path, at_once: int
) -> None:
    copy_to_postgres(staged[0], url)
    rng = random.Random(at_once)
    clients = Clients(staged[1], rng)
    clients.on_conflict = pytest.fail
    strikes = Strikes(url, rng)
    async with running(tmp_path, staged[1], open_store=lambda: PostgresStore(url, SystemClock())) as node:
        striking = threading.Thread(target=strikes.run, args=(node.keeper.ready,))
        striking.start()
        try:
            async with asyncio.timeout(240):
                while strikes.struck < LOST_ROUNDS:
                    await asyncio.gather(*(insists(node, clients, clients.ask()) for _ in range(at_once)))
        finally:
            strikes.over.set()
            await asyncio.to_thread(striking.join)
        await insists(node, clients, clients.ask())
        assert node.keeper.sequencer is not None
        with snapshot(url) as tables:
            loaded = load_state(tables.stream)
        state = node.keeper.sequencer.state
        loaded.sequence, loaded.epoch, loaded.at_ns = state.sequence, state.epoch, state.at_ns
        assert differences(state, loaded) == []
    unknown = sum("node.restarting" in asked.faults for asked in clients.asked.values())
    print(f"{strikes.struck} struck, {node.keeper.starts} starts, {unknown} of {len(clients.asked)} had to ask again")
    assert unknown, "no strike hit a commit"
    with psycopg.connect(connection_string(url)) as connection:
        keys = connection.execute("SELECT key, sequence FROM journal WHERE key IS NOT NULL").fetchall()
    places = dict(keys)
    assert len(places) == len(keys), "a key is in the journal twice"
    assert all(places[asked.key] == asked.sequence for asked in clients.asked.values())
    with snapshot(url) as tables:
        report = verify(tables, replay=True)
    assert report.clean, [problem.line() for problem in report.problems.kept]


# --- Readers ----------------------------------------------------------------------------------------------------------


def test_readers_are_repeatable_read_only_and_limited(url: str) -> None:
    migrate.upgrade(url)
    reads = Reads(url, seconds=1.5)
    with reads.snapshot() as moment:
        shown = {
            name: moment._connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("transaction_isolation", "transaction_read_only", "statement_timeout")
        }
    reads.close()
    assert shown == {
        "transaction_isolation": "repeatable read",
        "transaction_read_only": "on",
        "statement_timeout": "1500ms",
    }


def test_a_reader_comes_back_after_its_connections_were_ended(url: str, postgres_server: services.Postgres) -> None:
    migrate.upgrade(url)
    reads = Reads(url)
    assert reads.run(lambda moment: moment.sequence) == 0
    name = make_url(url).database or ""
    with postgres_server.connect() as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
    assert reads.run(lambda moment: moment.sequence) == 0
    reads.close()
