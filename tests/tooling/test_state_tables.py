"""Workflows have tables of their every state and command, and each table does cover what it is said to.

What a table covers is looked at and not said: see tests/state_tables.py. What is still to be written stands in `OPEN`
(states and commands no table tries) and in `WITHOUT` (workflows with no table here). Both must be exact,
so that a new workflow, a new state or a new command comes with its table, and a table that is written leaves the list.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from custody.pledges import EncumbranceState
from exchange.engine.workflows import WORKFLOWS
from securitization.application_messages import ApplicationState
from tests.claims import test_states as claims
from tests.deals import test_more_steps as more_deals
from tests.deals import test_obligations as obligations
from tests.deals import test_steps as deals
from tests.engine import test_states as small
from tests.equity import test_steps as equity
from tests.incomes import test_steps as incomes
from tests.issuing import test_steps as issuing
from tests.licences import test_licences as licences
from tests.licences import test_open_licences as open_licences
from tests.licences import test_price_offers as price_offers
from tests.listings import test_steps as listings
from tests.pilots import test_life_steps as life
from tests.pilots import test_more_steps as more_pilots
from tests.pilots import test_reforms as reforms
from tests.pilots import test_steps as pilots
from tests.pledges import test_refusals as pledges
from tests.pledges.stage import Vault
from tests.pools import test_steps as pools
from tests.products import test_steps as products
from tests.quotes import test_quotes as quotes
from tests.register import test_steps as register
from tests.rewards import test_states as applications
from tests.rewards import test_steps as rewards
from tests.sales import test_steps as sales
from tests.servicing import test_refusals as servicing
from tests.state_tables import BY_ITSELF, Covered, twin

Stage = Any


def told_who(stage: Stage, step: str) -> object:
    """A step whose line begins with who takes it."""
    who, *words = step.split()
    return stage.takes(who, words)


def lines_of(flow: str, module: ModuleType) -> Covered:
    """A table of tests/licences and tests/quotes."""
    columns = tuple(module.LINES[0][1:])
    return Covered(flow, tuple(module.PATHS), columns, lambda row: module._in(row).again(), told_who)


def claimed(stage: Stage, line: str) -> object:
    """A line of the table of prior claims."""
    who, step = line.split()
    if step in ("upholds", "dismisses"):
        return stage.step(step.removesuffix("es" if step == "dismisses" else "s"), by=who)
    return stage.takes(who, step)


def owed(stage: Stage, step: str) -> object:
    """A step about the first instalment."""
    who, verb, *number = step.split()
    return stage.venue.refusal(stage.do(who, verb, "I1", *number), who)


def of_kept(stage: Stage, step: str) -> object:
    """A step of a kept share."""
    return stage.step(step if step == "offer" or step.endswith("buys") else f"{step} kept")


def office_in(row: str) -> Stage:
    """A reform office, with its case's venue."""
    office: Stage = reforms._again(row)
    office.venue = office.case.venue
    return office


def pledge_in(row: str) -> Stage:
    """A vault with a pledge at hand."""
    vault: Stage = Vault.cn()
    vault.pledge = pledges._at(vault, EncumbranceState(row))
    return vault


def office_of_rewards(row: str) -> Stage:
    """An office with an application in a state."""
    return twin(applications.reached(ApplicationState(row)))


def cases(flow: str) -> Covered:
    """The table of a pilot's first steps, and the one of its later life."""
    return Covered(
        flow,
        tuple(life.PATHS),
        tuple(life.LINES[0][1:]),
        lambda row: life._case_in(row).again(),
        lambda stage, step: stage.step(step),
    )


TABLES: tuple[ModuleType, ...] = (
    small,
    listings,
    sales,
    equity,
    register,
    products,
    rewards,
    pools,
    issuing,
    more_deals,
    more_pilots,
)
"""The modules whose tables say all of themselves."""

COVERED: tuple[Covered, ...] = (
    *(covered for module in TABLES for table in module.TABLES for covered in table.covered()),
    lines_of("listed price", price_offers),
    lines_of("licence", licences),
    lines_of("open licence", open_licences),
    lines_of("request for quotes", quotes),
    lines_of("quote", quotes),
    Covered(
        "agreement",
        tuple(deals.PATHS),
        tuple(deals.LINES[0][1:]),
        lambda row: deals._desk_in(row).again(),
        lambda stage, step: stage.step(step),
    ),
    *(
        Covered(flow, claims.STATES, tuple(claims.TABLE), lambda row: claims._in_state(row).fresh(), claimed)
        for flow in ("agreement", "prior claim in an agreement")
    ),
    Covered(
        "obligation",
        tuple(obligations.PATHS),
        tuple(obligations.LINES[0][1:]),
        lambda row: obligations._in(row).again(),
        owed,
    ),
    Covered(
        "encumbrance",
        tuple(state.value for state in EncumbranceState),
        tuple(pledges.STEPS),
        pledge_in,
        lambda vault, step: vault.venue.refusal(*pledges._step(vault, step, vault.pledge)),
    ),
    Covered(
        "reform programme",
        tuple(reforms.PATHS),
        ("start", "evaluate", "promote", "end"),
        office_in,
        lambda office, step: office.step(step),
    ),
    Covered(
        "pilot assignment",
        tuple(pilots.PATHS),
        tuple(pilots.LINES[0][1:]),
        lambda row: pilots._case_in(row).again(),
        lambda stage, step: stage.step(step),
    ),
    *(cases(flow) for flow in ("pilot assignment", "use right", "tracking report")),
    Covered(
        "sale of a kept share",
        tuple(life.KEPT_PATHS),
        tuple(life.KEPT[0][1:]),
        lambda row: life._kept_in(row).again(),
        of_kept,
    ),
    *(
        Covered(
            flow,
            tuple(incomes.PATHS),
            tuple(incomes.LINES[0][1:]),
            lambda row: incomes._stage_in(row).twin(),
            lambda stage, step: stage.take(step),
        )
        for flow in ("income", "distribution")
    ),
    *(
        Covered(flow, tuple(servicing.STATES), servicing.COMMANDS, servicing._at, lambda stage, step: stage.step(step))
        for flow in (
            "issue",
            "servicing of a deal",
            "collection",
            "payment of a deal",
            "payment of a class",
            "duty of a period",
        )
    ),
    Covered(
        "application",
        tuple(state.value for state in ApplicationState),
        applications.STEPS,
        office_of_rewards,
        lambda office, step: office.code("wu", step),
    ),
)

OPEN: dict[str, tuple[str, ...]] = {"pool asset": ("command repurchase.make",)}
WITHOUT = ("register file of a product",)


def untried(flow: str) -> tuple[str, ...]:
    """What no table of a workflow tries."""
    tables = [table for table in COVERED if table.flow == flow]
    states = set[str]().union(*(table.states() for table in tables))
    commands = set[str]().union(*(table.commands() for table in tables))
    workflow = tables[0].workflow
    named = dict.fromkeys(name for by in workflow.steps.values() for name in by if name not in BY_ITSELF)
    return (
        *(f"state {state}" for state in workflow.states if state not in states),
        *(f"command {name}" for name in named if name not in commands),
    )


def test_every_workflow_has_a_table_or_is_named_as_one_without() -> None:
    tables = {table.flow for table in COVERED}
    assert tuple(flow.name for flow in WORKFLOWS if flow.name not in tables) == WITHOUT


@pytest.mark.parametrize("flow", sorted({table.flow for table in COVERED}))
def test_a_table_tries_every_state_and_command_but_those_named_as_open(flow: str) -> None:
    assert untried(flow) == OPEN.get(flow, ())
