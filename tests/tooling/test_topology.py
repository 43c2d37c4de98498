"""The topology of compose.yaml by plain processes: its command and variables, a PostgreSQL and a NATS beside it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
import yaml
from sqlalchemy import make_url

from api.client import Client
from exchange.bus_nats import FeedRow, follow
from exchange.core.ids import to_wire
from exchange.core.wire import decode_events
from exchange.node.clock import SystemClock
from exchange.store.postgres import PostgresStore, connection_string
from matching.messages import TradeMade
from tests.node import template
from tests.node.driven import copy_to_postgres, driver_url
from tests.node.template import Stage
from tests.services import LOCALHOST, free_port

ROOT = Path(__file__).parents[2]
DRAWN = re.compile(r"\$\{\w+:\?[^}]+\}")
PASSWORD = re.compile(r"password '([^']+)'")


def compose() -> dict[str, Any]:
    """The exchange as compose.yaml runs it."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    found: dict[str, Any] = loaded["services"]["exchange"]
    return found


def environment(database: str, bus: str, folder: Path, port: int) -> dict[str, str]:
    """The variables of compose.yaml, each pointed at what stands here in the place of its containers."""
    asked = {name: DRAWN.sub("drawn", value) for name, value in compose()["environment"].items()}
    there, here = make_url(asked["EXCHANGE_DATABASE_URL"]), make_url(driver_url(database))
    assert there.drivername == here.drivername
    moved = here.set(password=there.password).render_as_string(hide_password=False)
    bus_there, bus_here = urlsplit(asked["EXCHANGE_BUS_URL"]), urlsplit(bus)
    there_at, here_at = f"@{bus_there.hostname}:{bus_there.port}", f"@{bus_here.netloc}"
    placed = {
        "EXCHANGE_DATABASE_URL": moved,
        "EXCHANGE_BUS_URL": asked["EXCHANGE_BUS_URL"].replace(there_at, here_at),
        "EXCHANGE_DATA_DIR": str(folder),
        "EXCHANGE_HOST": LOCALHOST,
        "EXCHANGE_PORT": str(port),
    }
    assert placed.keys() == asked.keys(), "a variable of compose.yaml that this test does not place"
    return placed


@dataclass
class Served:
    """A running exchange, and what it said when it started."""

    process: subprocess.Popen[str]
    base_url: str
    said: Path

    def stop(self) -> int:
        """End it as Compose does; answers its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


@contextmanager
def serving(variables: dict[str, str], folder: Path) -> Iterator[Served]:
    """Run compose.yaml's command until it is ready, by compose.yaml's own check."""
    folder.mkdir(exist_ok=True)
    said = folder / "said"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("EXCHANGE_")}
    settings = {**clean, **variables, "PYTHONPATH": str(ROOT)}
    with said.open("w") as out, (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "exchange", *compose()["command"]],
            cwd=ROOT,
            env=settings,
            stdout=out,
            stderr=log,
            text=True,
        )
    try:
        check = compose()["healthcheck"]["test"]
        assert check[:2] == ["CMD", ".venv/bin/python"]

        def healthy() -> bool:
            assert process.poll() is None, (folder / "log").read_text()[-2_000:]
            command = [sys.executable, *check[2:]]
            return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, check=False).returncode == 0

        eventually(healthy)
        yield Served(process, f"http://{LOCALHOST}:{variables['EXCHANGE_PORT']}", said)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def eventually(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def metric(base_url: str, name: str) -> float:
    """One number of /metrics."""
    found = re.search(rf"^{name} (\S+)$", httpx.get(f"{base_url}/metrics").text, re.MULTILINE)
    assert found, f"{name} is not in /metrics"
    return float(found[1])


async def trades_once(base_url: str, password: str, stage: Stage) -> int:
    """Have the operator give two traders passwords, and the traders meet; answers the trade's sequence."""
    async with Client(base_url) as operator, Client(base_url) as wu, Client(base_url) as li:
        await operator.login("ops", password)
        for name, client in (("wu", wu), ("li", li)):
            user = to_wire("U", stage.users[name])
            answer = await operator.request(
                "POST",
                "/v1/users/password",
                f'{{"user_id": "{user}", "password": "correct horse {name}"}}'.encode(),
                {"content-type": "application/json"},
            )
            assert answer.status == 204, answer.body
            await client.login(f"{name}.user", f"correct horse {name}")
        order = {"instrument_id": to_wire("I", stage.instruments[0]), "quantity_lots": 10, "price_ticks": 100}
        sell = {**order, "side": "sell", "account_id": to_wire("A", stage.accounts["wu"]), "client_order_id": "s"}
        buy = {**order, "side": "buy", "account_id": to_wire("A", stage.accounts["li"]), "client_order_id": "b"}
        await wu.post("/v1/orders", sell, "sell-1")
        told = await li.post("/v1/orders", buy, "buy-1")
        assert "trade.made" in {event["type"] for event in told["events"]}
        return int(told["sequence"])


async def heard(url: str, name: str, sequence: int) -> list[FeedRow]:
    """Everything JetStream tells, up to a sequence."""
    rows: list[FeedRow] = []
    async with asyncio.timeout(20), aclosing(follow(url, 0, name=name)) as batches:
        async for batch in batches:
            rows.extend(batch)
            if rows[-1].sequence >= sequence:
                return rows
    return rows


def test_the_topology_trades_publishes_stops_and_starts_again(
    postgres_url: str, nats_url: str, fresh_stream: str, tmp_path: Path
) -> None:
    stage = template.write(tmp_path / "template.sqlite")
    copy_to_postgres(tmp_path / "template.sqlite", driver_url(postgres_url))
    variables = environment(postgres_url, nats_url, tmp_path / "data", free_port())
    variables["EXCHANGE_BUS_STREAM"] = fresh_stream  # other tests share this NATS
    with serving(variables, tmp_path / "first") as served:
        password = PASSWORD.search(served.said.read_text())
        assert password, "the first operator's password is told once"
        sequence = asyncio.run(trades_once(served.base_url, password[1], stage))
        rows = asyncio.run(heard(variables["EXCHANGE_BUS_URL"], fresh_stream, sequence))
        trade = next(row for row in rows if row.sequence == sequence)
        assert any(isinstance(event, TradeMade) for event in decode_events(trade.events))
        eventually(lambda: metric(served.base_url, "exchange_feed_behind") == 0)
        assert metric(served.base_url, "exchange_feed_connected") == 1
        assert served.stop() == 0

    with psycopg.connect(connection_string(postgres_url)) as connection:
        journal = connection.execute("SELECT sequence, chain FROM journal ORDER BY sequence").fetchall()
    everything = asyncio.run(heard(variables["EXCHANGE_BUS_URL"], fresh_stream, journal[-1][0]))
    assert [(row.sequence, row.chain) for row in everything] == journal, "a clean stop leaves nothing unpublished"

    with serving(variables, tmp_path / "second") as again:
        assert not PASSWORD.search(again.said.read_text())
        assert metric(again.base_url, "exchange_sequence") > journal[-1][0]
        assert again.stop() == 0
    store = PostgresStore(driver_url(postgres_url), SystemClock())
    store.open()  # the lock is free
    store.close()


@pytest.mark.services
def test_an_exchange_whose_nats_is_away_serves_all_the_same_and_says_so(postgres_url: str, tmp_path: Path) -> None:
    stage = template.write(tmp_path / "template.sqlite")
    copy_to_postgres(tmp_path / "template.sqlite", driver_url(postgres_url))
    variables = environment(postgres_url, f"nats://{LOCALHOST}:9", tmp_path / "data", free_port())
    with serving(variables, tmp_path / "first") as served:
        password = PASSWORD.search(served.said.read_text())
        assert password
        asyncio.run(trades_once(served.base_url, password[1], stage))
        assert metric(served.base_url, "exchange_feed_connected") == 0
        assert metric(served.base_url, "exchange_feed_behind") > 0
        assert served.stop() == 0
    log = (tmp_path / "first" / "log").read_text()
    assert log.count("feed.away") == 1, "told once, however often it is tried"
    assert "drawn" not in log, "and without the password"


def test_a_bus_that_is_not_nats_ends_the_start_in_one_line(tmp_path: Path) -> None:
    variables = {**os.environ, "EXCHANGE_DATA_DIR": str(tmp_path), "EXCHANGE_BUS_URL": "redis://127.0.0.1:6379"}
    refused = subprocess.run(
        [sys.executable, "-m", "exchange", "serve", "--port", str(free_port())],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert refused.returncode == 1
    assert refused.stderr.strip().splitlines()[-1].startswith("exchange: bus.url_unsupported: ")
    assert "Traceback" not in refused.stderr
