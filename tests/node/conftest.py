"""What the tests of the node share: the template's database, quiet logs, and a collector left as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.node import template
from tests.node.template import Stage


@pytest.fixture(scope="session")
def staged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Stage]:
    """The template's database and who is on it; copied, never changed."""
    path = tmp_path_factory.mktemp("template") / "exchange.sqlite"
    return path, template.write(path)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A node that is struck logs at length; and every node takes the heap out of the collector's sight."""
    thresholds = gc.get_threshold()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    yield
    structlog.reset_defaults()
    gc.unfreeze()
    gc.set_threshold(*thresholds)
