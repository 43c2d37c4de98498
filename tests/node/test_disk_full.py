"""The disk fills up: the commit fails, everybody is told, memory is given up; when there is room again, it goes on."""

from __future__ import annotations

import random  # noqa: TID251 - seeded
import time
from pathlib import Path

from exchange.store.proofs import verify
from exchange.store.snapshot import snapshot
from tests.node.clients import Clients
from tests.node.driven import Driver, copy_template, nodes
from tests.node.template import Stage

PAGE = 4_096


def test_a_full_disk_loses_nothing_and_the_service_goes_on_when_there_is_room(
    staged: tuple[Path, Stage], tmp_path: Path
) -> None:
    template, stage = staged
    database = copy_template(template, tmp_path / "data")
    url = f"sqlite:///{database}"
    driver = Driver(Clients(stage, random.Random(3)))
    with nodes(tmp_path) as forking:
        node = forking.start(url, database.parent)
        wire = node.connect()
        for _ in range(50):
            driver.turn(wire)
        driver.finish(wire)

        assert wire.control(f"limit {PAGE}") == "ok"
        full_since = time.monotonic()
        while time.monotonic() < full_since + 1.0:
            driver.turn(wire, 0.01)
        assert driver.faults["node.restarting"] > 0, "whoever was in the batch is told that its outcome is unknown"
        assert driver.sent, "nobody is acknowledged while nothing can be written"

        assert wire.control("limit 0") == "ok"
        driver.finish(wire)
        assert wire.control("compare") == "", "memory is what the tables say"
        driver.check(url)
        node.kill()
        wire.close()
    with snapshot(url) as tables:
        report = verify(tables, replay=True)
    assert report.clean, [problem.line() for problem in report.problems.kept]
