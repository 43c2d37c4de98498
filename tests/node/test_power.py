"""The power goes: only what was synced is left. Nothing acknowledged may be lost, and without syncs it must be.

A kill leaves the page cache alive, so a shim under the SQLite that ships keeps a twin of each file as it was synced
last; after the kill the next node starts on the twins.
"""

from __future__ import annotations

import random  # noqa: TID251 - seeded, and the seed is printed
import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest

from exchange.core.wire import encode_command
from exchange.store.proofs import verify
from exchange.store.snapshot import snapshot
from tests.node.clients import Clients
from tests.node.driven import Driver, Nodes, copy_template, nodes
from tests.node.server import frame
from tests.node.template import Stage

ROUNDS = 10
SOURCE = Path(__file__).with_name("powerloss.c")


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shim, compiled."""
    built = tmp_path_factory.mktemp("shim") / "powerloss.so"
    command = ["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(built), str(SOURCE), "-ldl", "-lpthread"]
    subprocess.run(command, check=True)
    return built


class Machine:
    """A folder with a database, the twins of what was synced there, and the counts of syncs."""

    def __init__(self, shim: Path, template: Path, folder: Path) -> None:
        self.data, self.twins, self.counts = folder / "data", folder / "twins", folder / "counts"
        self.database = copy_template(template, self.data)
        self.url = f"sqlite:///{self.database}"
        self.twins.mkdir()
        shutil.copyfile(self.database, self.twins / self.database.name)
        self.counts.write_bytes(bytes(16))
        self.environment = {
            "LD_PRELOAD": str(shim),
            "POWERLOSS_FROM": str(self.data),
            "POWERLOSS_TO": str(self.twins),
            "POWERLOSS_COUNT": str(self.counts),
        }

    @property
    def log_syncs(self) -> int:
        """How often a write-ahead log was synced."""
        return int(struct.unpack("=QQ", self.counts.read_bytes())[0])

    def lose_power(self) -> None:
        """Go on from what was synced; everything else is gone."""
        shutil.rmtree(self.data)
        shutil.copytree(self.twins, self.data)


def powerless_rounds(
    forking: Nodes, machine: Machine, driver: Driver, rng: random.Random, rounds: int, synchronous: str
) -> None:
    """Drive, kill, drop what was not synced, check the list."""
    for _ in range(rounds):
        node = forking.start(machine.url, machine.data, synchronous)
        wire = node.connect()
        driver.begin(wire)
        answered = driver.answered
        while driver.answered == answered:  # something must be there to be lost
            driver.turn(wire)
        until = time.monotonic() + rng.uniform(0.05, 0.25)
        while time.monotonic() < until:
            driver.turn(wire)
        node.kill()
        driver.drain(wire)
        machine.lose_power()
        driver.check(machine.url)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_acknowledged_is_lost_when_the_power_goes(
    seed: int, staged: tuple[Path, Stage], shim: Path, tmp_path: Path
) -> None:
    template, stage = staged
    rng = random.Random(seed)
    machine = Machine(shim, template, tmp_path)
    driver = Driver(Clients(stage, rng))
    driver.clients.on_conflict = pytest.fail
    with nodes(tmp_path, machine.environment) as forking:
        powerless_rounds(forking, machine, driver, rng, ROUNDS, "FULL")
        node = forking.start(machine.url, machine.data)
        wire = node.connect()
        driver.begin(wire)
        driver.finish(wire)
        assert wire.control("compare") == ""
        node.kill()
        wire.close()
    with snapshot(machine.url) as tables:
        report = verify(tables, replay=True)
    assert report.clean, [problem.line() for problem in report.problems.kept]
    print(f"seed {seed}: {len(driver.clients.asked)} acknowledged, {machine.log_syncs} syncs; {report.summary()}")


@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL"])
def test_the_loss_is_found_when_commits_are_not_synced(
    synchronous: str, staged: tuple[Path, Stage], shim: Path, tmp_path: Path
) -> None:
    template, stage = staged
    rng = random.Random(7)
    machine = Machine(shim, template, tmp_path)
    driver = Driver(Clients(stage, rng))
    with nodes(tmp_path, machine.environment) as forking, pytest.raises(AssertionError, match="was acknowledged at"):
        powerless_rounds(forking, machine, driver, rng, ROUNDS, synchronous)


def test_a_commit_costs_one_sync(staged: tuple[Path, Stage], shim: Path, tmp_path: Path) -> None:
    template, stage = staged
    machine = Machine(shim, template, tmp_path)
    driver = Driver(Clients(stage, random.Random(1)))
    with nodes(tmp_path, machine.environment) as forking:
        node = forking.start(machine.url, machine.data)
        wire = node.connect()
        driver.send(wire, driver.clients.ask())
        driver.finish(wire)
        before = machine.log_syncs
        for _ in range(20):
            driver.send(wire, driver.clients.ask())
            driver.finish(wire)
        assert machine.log_syncs - before == 20
        before = machine.log_syncs
        asked = [driver.clients.ask() for _ in range(20)]
        frames = [frame([each.key, each.principal, encode_command(each.command)]) for each in asked]
        wire.connection.sendall(b"".join(frames))
        driver.sent = {each.key: each for each in asked}
        driver.finish(wire)
        assert machine.log_syncs - before <= 2, "commands that wait together share a sync"
        node.kill()
        wire.close()
