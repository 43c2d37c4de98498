"""Every step in every state of a reconciliation, as a table: a register's statement beside the venue's own ledger."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from custody.reconciliation import (
    CloseReconciliation,
    CompareLines,
    Difference,
    OpenReconciliation,
    ReconciliationOpened,
    ResolveDifference,
    StatementLine,
)
from exchange.core.documents import FileDocument
from exchange.core.ids import DifferenceId, ReconciliationId
from tests.state_tables import StateTable, answered, every_row
from tests.support import Venue

PAPER = hashlib.sha256(b"statement").hexdigest()


class Desk:
    """A market in which wu holds 700 units and li 300, and the statement at hand: the last that was opened."""

    def __init__(self) -> None:
        self.venue = Venue.sandbox(fee_ppm=0, fee_minimum=0)
        for name in ("wu", "li"):
            self.venue.member(name)
        self.venue.instrument("INS", wu=700, li=300)
        self.venue.do(FileDocument(sha256=PAPER, size_bytes=9, media_type="application/pdf", title="statement"))
        self.statement_id = ReconciliationId(0)
        self.difference_id = DifferenceId(0)


def takes(desk: Desk, step: str) -> str:
    """Take a step; the code it is refused with, or nothing."""
    venue = desk.venue
    match step.split():
        case ["opens", *units]:
            opening = OpenReconciliation(
                source="register",
                asset_id=venue.asset("INS"),
                statement_date="2026-03-02",
                statement_sha256=PAPER,
                total_units=int(units[0]) if units else 1_000,
            )
            events = venue.do(opening)
            if isinstance(events[0], ReconciliationOpened):
                desk.statement_id = events[0].reconciliation.reconciliation_id
        case ["compares", name, units]:
            lines = (StatementLine(account_id=venue.accounts[name], amount=int(units)),)
            compared = 1 if name == "li" else 0
            command = CompareLines(reconciliation_id=desk.statement_id, from_line=compared, lines=lines)
            events = venue.do(command)
        case ["closes", lines]:
            events = venue.do(CloseReconciliation(reconciliation_id=desk.statement_id, lines=int(lines)))
        case _:
            unresolved = [one.difference_id for one in venue.state.table(Difference).values() if not one.resolved_by]
            place = 1 if step == "resolves the last" else 0
            difference_id = unresolved[place] if len(unresolved) > place else DifferenceId(0)
            command = ResolveDifference(difference_id=difference_id, reason="an old file", evidence_sha256=PAPER)
            return venue.refused_by_two(command)
    return answered(events)


def shown(desk: Any) -> str:
    """How the statement at hand stands."""
    return str(desk.venue.steps.states[RECONCILIATION.flow, desk.statement_id])


def every(desk: Any) -> str:
    """How each statement stands, the oldest first."""
    return " ".join(state for (flow, _), state in desk.venue.steps.states.items() if flow == RECONCILIATION.flow)


READ = ("opens", "compares wu 700", "compares li 300")
OTHER = ("opens", "compares wu 600", "compares li 400")
RECONCILIATION = StateTable(
    "reconciliation",
    """
                     | opens   | compares wu 700 | compares li 300 | closes 0  | closes 1  | closes 2  | resolves one | resolves the last
    open             | running | open            | stale           | different | stale     | stale     | nothing      | nothing
    one line read    | running | stale           | open            | stale     | different | stale     | nothing      | nothing
    read             | running | stale           | stale           | stale     | stale     | agreed    | nothing      | nothing
    one line differs | running | stale           | open            | stale     | different | stale     | nothing      | nothing
    another total    | running | stale           | stale           | stale     | stale     | different | nothing      | nothing
    agreed           | open    | running         | running         | running   | running   | running   | nothing      | nothing
    different        | open    | running         | running         | running   | running   | running   | different    | different
    one resolved     | open    | running         | running         | running   | running   | running   | resolved     | nothing
    resolved         | open    | running         | running         | running   | running   | running   | nothing      | nothing
    read again       | running | stale           | stale           | stale     | stale     | agreed    | open         | open
    """,  # noqa: E501 - a table is read across
    {
        "open": ("opens",),
        "one line read": ("opens", "compares wu 700"),
        "read": READ,
        "one line differs": ("opens", "compares wu 600"),
        "another total": ("opens 1001", "compares wu 700", "compares li 300"),
        "agreed": (*READ, "closes 2"),
        "different": (*OTHER, "closes 2"),
        "one resolved": (*OTHER, "closes 2", "resolves one"),
        "resolved": (*OTHER, "closes 2", "resolves one", "resolves one"),
        "read again": (*OTHER, "closes 2", *READ),
    },
    Desk,
    takes,
    {
        "running": "reconciliation.state",
        "-": "reconciliation.unknown",
        "stale": "reconciliation.stale",
        "nothing": "reconciliation.difference_unknown",
        "order": "reconciliation.lines_invalid",
    },
    shown=shown,
)
SUPERSEDED = StateTable(
    "reconciliation",
    """
                  | resolves one         | closes 2 | opens
    superseded    | nothing              | running  | superseded agreed open
    differs again | superseded different | running  | superseded different open
    """,
    {"superseded": (*OTHER, "closes 2", *READ, "closes 2"), "differs again": (*OTHER, "closes 2", *OTHER, "closes 2")},
    Desk,
    takes,
    RECONCILIATION.codes,
    shown=every,
)
"""What an older statement found is the newer one's to say."""
TABLES = (RECONCILIATION, SUPERSEDED)


@pytest.mark.parametrize(("table", "row"), every_row(*TABLES))
def test_every_step_in_every_state_is_taken_or_refused(table: StateTable, row: list[str]) -> None:
    table.check(row)
