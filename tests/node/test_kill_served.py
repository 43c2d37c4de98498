"""The whole server is killed, `exchange serve` with its door open, while members trade over the public stream.

As in test_kill.py the members live in another process and keep their own list; but every order goes through login,
ticket, WebSocket, node and store, and comes back as an acknowledgement. The server is forked ready imported, so that a
round costs a second and not five (see served.py); the last start of each series is the plain command.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random  # noqa: TID251 - seeded, and the seed is printed
import sqlite3
import sys
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from api.client import Client
from api.client_http import Http
from api.directory import Directory
from api.keys import key_of
from api.services import open_edge_services
from exchange.bootstrap import Settings
from exchange.node.clock import SystemClock
from exchange.store.proofs import verify
from exchange.store.snapshot import snapshot
from tests.node.clients import Clients
from tests.node.driven import ROOT, Node, Nodes, copy_template, copy_to_postgres, driver_url, nodes
from tests.node.template import NAMES, Stage
from tests.node.traders import PASSWORD, WINDOW, Traders, login_name
from tests.services import LOCALHOST, free_port

ROUNDS = 20
POSTGRES_ROUNDS = 6
SOAK_SERIES = 10
VERIFY_EVERY = 5
START_S = 60.0
PATIENCE_S = 0.5
ASKED_AGAIN = 100
BUSY = {"apply", "commit"}
LOCKED = "store.locked"
WANTED = ("commit", "apply", "any", "commit", "apply", "commit", "start", "apply", "commit", "apply")
QUICK_PASSWORDS = {"PASSWORD_TIME_COST": "1", "PASSWORD_MEMORY_KIB": "8", "PASSWORD_PARALLELISM": "1"}


@dataclass
class Site:
    """A database, the data folder beside it, and the address on which a server answers for them."""

    folder: Path
    url: str
    port: int

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a server, as the environment gives them."""
        names = {**QUICK_PASSWORDS, "DATABASE_URL": self.url, "LOG_LEVEL": "error"}
        return {f"EXCHANGE_{name}": value for name, value in names.items()}

    @property
    def arguments(self) -> list[str]:
        """The command line of a server."""
        return ["serve", "--port", str(self.port), "--data-dir", str(self.folder)]

    async def give_passwords(self, stage: Stage) -> None:
        """Let the members of the template log in."""
        settings = Settings(
            data_dir=self.folder,
            database_url=self.url,
            password_time_cost=1,
            password_memory_kib=8,
            password_parallelism=1,
        )
        edge = open_edge_services(settings.edge_url, settings, Directory(SystemClock()))
        for name in NAMES:
            await edge.passwords.set(stage.users[name], login_name(name), PASSWORD)
        edge.close()

    async def is_ready(self) -> bool:
        """Whether a server answers and its node runs."""
        http = Http(f"http://{LOCALHOST}:{self.port}", timeout_s=5)
        try:
            return (await http.request("GET", "/readyz")).status == 200
        except (OSError, asyncio.IncompleteReadError):
            return False
        finally:
            await http.close()

    def proofs(self, *, replay: bool) -> str:
        """Verify the database; what it says in a line."""
        with snapshot(self.url) as tables:
            report = verify(tables, replay=replay)
        assert report.clean, [problem.line() for problem in report.problems.kept]
        return report.summary()


async def comes_up(site: Site, is_over: Callable[[], bool]) -> bool:
    """Wait until the server answers; false if it ended instead."""
    async with asyncio.timeout(START_S):
        while not is_over():
            if await site.is_ready():
                return True
            await asyncio.sleep(0.005)
    return False


def fork(forking: Nodes, site: Site) -> Node:
    """A server that has everything imported and nothing done yet."""
    stage = site.folder / "stage"
    stage.unlink(missing_ok=True)
    stage.write_bytes(b"\0")
    line = {"arguments": site.arguments, "settings": site.settings, "stage": str(stage)}
    return forking.fork(line, site.folder)


async def started(forking: Nodes, site: Site) -> Node:
    """A server that answers. PostgreSQL notices a killed client only after a moment: who is refused starts again."""
    end = time.monotonic() + START_S
    while not await comes_up(site, (node := fork(forking, site)).is_over):
        node.ended()
        words = forking.last_words()
        assert LOCKED in words and time.monotonic() < end, words
    return node


@contextlib.asynccontextmanager
async def plain_command(site: Site) -> AsyncIterator[int]:
    """The server as everybody starts it, until SIGTERM; its process id."""
    log = site.folder / "plain.log"
    end = time.monotonic() + START_S
    while True:
        process = await plainly_started(site, log)
        try:
            if await comes_up(site, partial(has_ended, process)):
                yield process.pid
                process.terminate()
                assert await process.wait() == 0, log.read_text()[-2_000:]
                return
            assert LOCKED in log.read_text() and time.monotonic() < end, log.read_text()[-2_000:]
        finally:
            if not has_ended(process):
                process.kill()
            await process.wait()


async def plainly_started(site: Site, log: Path) -> Process:
    """`python -m exchange serve`."""
    environment = {**os.environ, **site.settings}
    command = [sys.executable, "-m", "exchange", *site.arguments]
    with log.open("wb") as words:
        return await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=words, stderr=words)


def has_ended(process: Process) -> bool:
    """Whether a process is over."""
    return process.returncode is not None


def runs_the_compiled_desk(pid: int) -> bool:
    """Whether the process has the compiled desk in its memory."""
    return "/engine/_desk." in Path(f"/proc/{pid}/maps").read_text()


async def killed_round(node: Node, traders: Traders, wanted: str, delay_s: float) -> str:
    """Trade until the moment has come, and kill; answers the stage in which it struck."""
    connections = traders.connections
    until = time.monotonic() + delay_s
    while time.monotonic() < until or (wanted not in ("any", node.stage) and time.monotonic() < until + PATIENCE_S):
        traders.trade()
        await asyncio.sleep(0)
    assert traders.connections == connections, "the server ended before its time"
    stage = node.kill()
    await traders.hear_the_last()
    return stage


async def kill_series(forking: Nodes, traders: Traders, site: Site, rng: random.Random, rounds: int) -> Counter[str]:
    """Rounds on one database, then one start of the plain command that answers everybody; and every proof."""
    stages: Counter[str] = Counter()
    async with contextlib.AsyncExitStack() as stack:
        clients: dict[str, Client] = {}
        for place in range(rounds):
            wanted, delay_s = WANTED[place % len(WANTED)], rng.uniform(0.03, 0.25)
            if wanted == "start":
                node = fork(forking, site)
                await asyncio.sleep(delay_s)
                stages[node.kill()] += 1
                continue
            node = await started(forking, site)
            assert runs_the_compiled_desk(node.pid)
            clients = clients or await stack.enter_async_context(traders.logged_in())
            async with traders.connected(clients):
                stages[await killed_round(node, traders, wanted, delay_s)] += 1
            traders.check(site.url)
            if place % VERIFY_EVERY == VERIFY_EVERY - 1:
                site.proofs(replay=False)
        async with plain_command(site) as pid:
            assert runs_the_compiled_desk(pid)
            async with traders.connected(clients):
                await traders.everybody_answered()
                await ask_some_again(traders, rng)
    assert traders.check(site.url) == len(traders.clients.asked)
    return stages


async def ask_some_again(traders: Traders, rng: random.Random) -> None:
    """Whoever asks for an order twice is told what became of it the first time; `Traders.hears` compares the words."""
    orders = [asked for asked in traders.clients.asked.values() if traders.told[asked.key]["type"] == "ack"]
    keyed = [asked for asked in orders if key_of(asked.command)]
    chosen = rng.sample(keyed, min(ASKED_AGAIN, len(keyed)))
    before = traders.repeated
    for asked in chosen:
        traders.send(asked)
    await traders.everybody_answered()
    assert traders.repeated == before + len(chosen), "an order that was asked for again was decided again"
    traders.repeated = before


async def killed_and_proven(seed: int, stage: Stage, site: Site, forking: Nodes, rounds: int) -> None:
    """A series with a seed of its own, and what it came to, printed."""
    rng = random.Random(seed)
    await site.give_passwords(stage)
    traders = Traders(stage, Clients(stage, rng), f"http://{LOCALHOST}:{site.port}")
    stages = await kill_series(forking, traders, site, rng, rounds)
    proven = site.proofs(replay=True)
    busy = sum(count for stage_name, count in stages.items() if stage_name in BUSY)
    print(f"seed {seed}: {busy} of {rounds} kills while a batch was applied or committed {dict(stages)}")
    print(
        f"  {len(traders.told)} acknowledged, {traders.repeated} of them durable at a kill and told after it; {proven}"
    )
    assert busy >= 0.6 * rounds, stages


async def test_nothing_acknowledged_is_lost_when_the_whole_server_is_killed(
    staged: tuple[Path, Stage], tmp_path: Path
) -> None:
    template, stage = staged
    with nodes(tmp_path, module="tests.node.served") as forking:
        await killed_and_proven(40, stage, sqlite_site(template, tmp_path), forking, ROUNDS)


async def test_nothing_acknowledged_is_lost_when_the_whole_server_is_killed_on_postgresql(
    staged: tuple[Path, Stage], postgres_url: str, tmp_path: Path
) -> None:
    template, stage = staged
    url = driver_url(postgres_url)
    copy_to_postgres(template, url)
    folder = tmp_path / "data"
    folder.mkdir()
    with nodes(tmp_path, module="tests.node.served") as forking:
        await killed_and_proven(50, stage, Site(folder, url, free_port()), forking, POSTGRES_ROUNDS)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2_000, 2_000 + SOAK_SERIES))
async def test_nothing_acknowledged_is_lost_in_many_more_kills_of_the_whole_server(
    seed: int, staged: tuple[Path, Stage], tmp_path: Path
) -> None:
    template, stage = staged
    with nodes(tmp_path, module="tests.node.served") as forking:
        await killed_and_proven(seed, stage, sqlite_site(template, tmp_path), forking, ROUNDS)


PLANTED = (
    ("acknowledged and lost", "DELETE FROM journal WHERE sequence = :told"),
    ("the journal has another there", "UPDATE journal SET principal = principal + 1 WHERE sequence = :told"),
    ("durable:", "UPDATE journal SET events = (SELECT events FROM journal WHERE sequence = 1) WHERE sequence = :told"),
    (
        "in the journal twice",
        "UPDATE journal SET (principal, key) = (SELECT principal, key FROM journal WHERE sequence = :told) "
        "WHERE sequence = 1",
    ),
)


async def test_the_list_finds_what_a_journal_lost_changed_or_doubled(
    staged: tuple[Path, Stage], tmp_path: Path
) -> None:
    template, stage = staged
    site = sqlite_site(template, tmp_path)
    await site.give_passwords(stage)
    traders = Traders(stage, Clients(stage, random.Random(60)), f"http://{LOCALHOST}:{site.port}")
    with nodes(tmp_path, module="tests.node.served") as forking:
        node = await started(forking, site)
        async with traders.logged_in() as clients, traders.connected(clients):
            traders.trade()
            await traders.everybody_answered()
            node.kill()
    assert traders.check(site.url) == WINDOW
    last = max(asked.sequence for asked in traders.clients.asked.values() if key_of(asked.command))
    with contextlib.closing(sqlite3.connect(site.folder / "exchange.sqlite")) as original:
        for place, (found, damage) in enumerate(PLANTED):
            copy = tmp_path / f"damaged-{place}.sqlite"
            with contextlib.closing(sqlite3.connect(copy)) as damaged:
                original.backup(damaged)
                assert damaged.execute(damage, {"told": last}).rowcount == 1
                damaged.commit()
            traders.proven.clear()
            with pytest.raises(AssertionError, match=found):
                traders.check(f"sqlite:///{copy}")


def sqlite_site(template: Path, folder: Path) -> Site:
    """A copy of the template in a data folder of its own."""
    database = copy_template(template, folder / "data")
    return Site(database.parent, f"sqlite:///{database}", free_port())
