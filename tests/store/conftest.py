"""What the tests of the store share: a database with a short past, told by a real node."""

from __future__ import annotations

import asyncio
import gc
import random  # noqa: TID251 - seeded
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from exchange.core.ids import MemberId
from exchange.core.membership import RegisterUser
from exchange.core.parties import Role
from exchange.core.rule_messages import ActivateText, PublishedKind
from exchange.node.ports import NodeFault
from tests.node import template
from tests.node.clients import Clients
from tests.node.running import Running, running
from tests.node.template import Stage


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Every node takes the heap out of the collector's sight; give it back."""
    thresholds = gc.get_threshold()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    yield
    structlog.reset_defaults()
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.fixture(scope="session")
def staged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Stage]:
    """The template's database and who is on it, before the first trade; copied, never changed."""
    path = tmp_path_factory.mktemp("template") / "exchange.sqlite"
    return path, template.write(path)


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Stage]:
    """A database with some hundred rows: the template's stretch of an old engine, then trading; read only, copy it."""
    path = tmp_path_factory.mktemp("past") / "exchange.sqlite"
    stage = template.write(path)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    asyncio.run(_trade(path, stage))
    return path, stage


async def _trade(path: Path, stage: Stage) -> None:
    clients = Clients(stage, random.Random(5))
    async with running(path, stage) as node:
        for _ in range(150):
            asked = clients.ask()
            clients.hears(asked, await node.bus.submit(asked.command, asked.principal, key=asked.key))
        await _administer(node)


async def _administer(node: Running) -> None:
    operator = node.stage.operators[0]
    await node.bus.submit(RegisterUser(member_id=MemberId(0), user_name="ops3", roles=(Role.OPERATOR,)), operator)
    await node.bus.submit(ActivateText(kind=PublishedKind.PROFILE, name="sandbox", version=1), operator)


@pytest.fixture
def database(past: tuple[Path, Stage], tmp_path: Path) -> Path:
    """A copy of that database, to be harmed."""
    folder = tmp_path / "data"
    folder.mkdir()
    return Path(shutil.copyfile(past[0], folder / "exchange.sqlite"))


def code(fault: pytest.ExceptionInfo[NodeFault]) -> str:
    """The code of what was refused."""
    return fault.value.code
