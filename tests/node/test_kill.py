"""A real process, real orders, SIGKILL: what was acknowledged is there after every restart, once.

The clients live in another process than the node and keep their own list. The moment of the kill is chosen at random,
mostly among the moments at which a batch is being applied or committed; the stage in which it struck is read from a
shared byte afterwards, and counted.
"""

from __future__ import annotations

import random  # noqa: TID251 - seeded, and the seed is printed
import time
from collections import Counter
from pathlib import Path

import pytest

from exchange.store.proofs import verify
from exchange.store.snapshot import snapshot
from tests.node.clients import Clients
from tests.node.driven import Driver, Nodes, copy_template, copy_to_postgres, driver_url, nodes
from tests.node.template import Stage

ROUNDS = 100
POSTGRES_ROUNDS = 30
SERIES = 5
"""Databases, each with its share of the rounds."""
BUSY = {"apply", "commit"}
PATIENCE_S = 0.5
WANTED = ("commit", "commit", "apply", "apply", "any")


def killed_round(forking: Nodes, driver: Driver, url: str, folder: Path, wanted: str, delay: float) -> str:
    """One round: start, ask again what was not answered, drive, kill at the wanted stage, check the list."""
    node = forking.start(url, folder)
    wire = node.connect()
    driver.begin(wire)
    while wanted != "any" and node.stage == "start":  # "any" may strike while the state is still being loaded
        driver.turn(wire)
    until = time.monotonic() + delay
    while time.monotonic() < until or (wanted not in ("any", node.stage) and time.monotonic() < until + PATIENCE_S):
        driver.turn(wire)
    stage = node.kill()
    driver.drain(wire)
    driver.check(url)
    return stage


def kill_series(
    forking: Nodes, driver: Driver, url: str, folder: Path, rng: random.Random, rounds: int
) -> Counter[str]:
    """Rounds on one database; then one undisturbed start that answers everybody, and every proof."""
    stages: Counter[str] = Counter()
    for place in range(rounds):
        wanted, delay = WANTED[place % len(WANTED)], rng.uniform(0.03, 0.25)
        stages[killed_round(forking, driver, url, folder, wanted, delay)] += 1
    node = forking.start(url, folder)
    wire = node.connect()
    driver.begin(wire)
    driver.finish(wire)
    assert wire.control("compare") == ""
    acknowledged = driver.check(url)
    assert acknowledged == len(driver.clients.asked)
    node.kill()
    wire.close()
    with snapshot(url) as tables:
        report = verify(tables, replay=True)
    assert report.clean, [problem.line() for problem in report.problems.kept]
    assert not driver.clients.waiting()
    print(f"{acknowledged} acknowledged; killed in {dict(stages)}; {report.summary()}")
    return stages


def test_nothing_acknowledged_is_lost_when_the_process_is_killed_on_postgresql(
    staged: tuple[Path, Stage], postgres_url: str, tmp_path: Path
) -> None:
    template, stage = staged
    url = driver_url(postgres_url)
    copy_to_postgres(template, url)
    rng = random.Random(30)
    driver = Driver(Clients(stage, rng, officers=True))
    driver.clients.on_conflict = pytest.fail
    with nodes(tmp_path) as forking:
        stages = kill_series(forking, driver, url, tmp_path, rng, POSTGRES_ROUNDS)
    busy = sum(count for stage_name, count in stages.items() if stage_name in BUSY)
    print(f"seed 30: {busy} of {POSTGRES_ROUNDS} kills while a batch was applied or committed")
    assert busy >= 0.6 * POSTGRES_ROUNDS, stages


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1_000, 1_020))
def test_nothing_acknowledged_is_lost_in_many_more_kills(seed: int, staged: tuple[Path, Stage], tmp_path: Path) -> None:
    template, stage = staged
    rng = random.Random(seed)
    database = copy_template(template, tmp_path / "data")
    driver = Driver(Clients(stage, rng, officers=True))
    driver.clients.on_conflict = pytest.fail
    with nodes(tmp_path) as forking:
        kill_series(forking, driver, f"sqlite:///{database}", database.parent, rng, ROUNDS)


@pytest.mark.parametrize("seed", range(SERIES))
def test_nothing_acknowledged_is_lost_when_the_process_is_killed(
    seed: int, staged: tuple[Path, Stage], tmp_path: Path
) -> None:
    template, stage = staged
    rng = random.Random(seed)
    database = copy_template(template, tmp_path / "data")
    driver = Driver(Clients(stage, rng, officers=True))
    driver.clients.on_conflict = pytest.fail
    with nodes(tmp_path) as forking:
        rounds = ROUNDS // SERIES
        stages = kill_series(forking, driver, f"sqlite:///{database}", database.parent, rng, rounds)
    busy = sum(count for stage_name, count in stages.items() if stage_name in BUSY)
    print(f"seed {seed}: {busy} of {rounds} kills while a batch was applied or committed")
    assert busy >= 0.6 * rounds, stages
