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
from tests.node.driven import Driver, Nodes, copy_template, nodes
from tests.node.template import Stage

ROUNDS = 100
SERIES = 5
"""Databases, each with its share of the rounds."""
BUSY = {"apply", "commit"}
WANTED = ("commit", "commit", "apply", "apply", "any")


def killed_round(forking: Nodes, driver: Driver, url: str, folder: Path, rng: random.Random) -> str:
    """One round: start, ask again what was not answered, drive, kill at the wanted stage, check the list."""
    node = forking.start(url, folder)
    wire = node.connect()
    driver.begin(wire)
    until = time.monotonic() + rng.uniform(0.03, 0.25)
    wanted = rng.choice(WANTED)
    patience = until + 0.5
    while True:
        driver.turn(wire)
        now = time.monotonic()
        if now >= until and (wanted in ("any", node.stage) or now > patience):
            break
    stage = node.kill()
    driver.drain(wire)
    driver.check(url)
    return stage


def kill_series(
    forking: Nodes, driver: Driver, url: str, folder: Path, rng: random.Random, rounds: int
) -> Counter[str]:
    """Rounds on one database; then one undisturbed start that answers everybody, and every proof."""
    stages: Counter[str] = Counter()
    for _ in range(rounds):
        stages[killed_round(forking, driver, url, folder, rng)] += 1
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


@pytest.mark.parametrize("seed", range(SERIES))
def test_nothing_acknowledged_is_lost_when_the_process_is_killed(
    seed: int, staged: tuple[Path, Stage], tmp_path: Path
) -> None:
    template, stage = staged
    rng = random.Random(seed)
    database = copy_template(template, tmp_path / "data")
    driver = Driver(Clients(stage, rng))
    driver.clients.on_conflict = pytest.fail
    with nodes(tmp_path) as forking:
        rounds = ROUNDS // SERIES
        stages = kill_series(forking, driver, f"sqlite:///{database}", database.parent, rng, rounds)
    busy = sum(count for stage_name, count in stages.items() if stage_name in BUSY)
    print(f"seed {seed}: {busy} of {rounds} kills while a batch was applied or committed")
    assert busy >= 0.6 * rounds, stages
