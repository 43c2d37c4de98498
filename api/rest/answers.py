"""Outcomes as HTTP answers: what was decided, where in the journal, and the sender's part of its events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from api.directory import Directory, Principal
from api.problems import Problem, of_rejected
from api.views import everything, of_sender
from exchange.core.ids import AccountId
from exchange.core.messages import Rejected
from exchange.core.node_messages import ApprovalRequested
from exchange.node.ports import Outcome

encode = msgspec.json.Encoder().encode


def view_of(directory: Directory, principal: Principal) -> Callable[[AccountId], bool]:
    """Which accounts' private parts the principal is shown."""
    if principal.staff:
        return everything
    return lambda account_id: directory.owns(principal, account_id)


def answer_to(outcome: Outcome, directory: Directory, principal: Principal, status: int) -> tuple[int, bytes] | Problem:
    """The answer's status and body, or the problem a refusal is.

    202 says that the command waits for a second person.
    """
    first = outcome.events[0] if outcome.events else None
    if isinstance(first, Rejected):
        return of_rejected(first, outcome)
    if isinstance(first, ApprovalRequested):
        status = 202
    return status, encode(told(outcome, directory, principal))


def told(outcome: Outcome, directory: Directory, principal: Principal) -> dict[str, Any]:
    """What a command's sender is told."""
    return {
        "sequence": outcome.sequence,
        "at_ns": outcome.at_ns,
        "repeated": outcome.repeated,
        "events": of_sender(list(outcome.events), view_of(directory, principal)),
    }
