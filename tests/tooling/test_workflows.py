"""The pictures of the workflows are what their tables say, and no table has a state that nothing leads to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.core.wire import name_of_type
from exchange.core.workflows import ANY, NEW, Workflow
from exchange.engine.apply import ROUTES
from exchange.engine.workflows import WORKFLOWS

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "workflow_diagrams.py"


def test_the_pictures_are_what_the_tables_say() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("flow", WORKFLOWS, ids=lambda flow: flow.name)
def test_every_state_is_reached_and_every_command_is_one(flow: Workflow) -> None:
    reached = {NEW}
    while True:
        more = {after for before, after in flow.steps if before in reached} - reached
        if not more:
            break
        reached |= more
    assert reached == {NEW, *flow.states}
    named = {name for by in flow.steps.values() for name in by}
    assert named <= {ANY, *(name_of_type(kind) for kind in ROUTES)}
