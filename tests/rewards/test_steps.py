"""Every step in every state of a scheme and of its calls, as tables; an application's own steps: see test_states.py."""

from __future__ import annotations

from typing import Any

import pytest

from exchange.core.ids import RewardEventId
from securitization.application_messages import ApplicationChanged
from securitization.scheme_messages import SchemeCallOpened, SchemeOpened
from tests.rewards.stage import Office
from tests.state_tables import StateTable, answered, every_row


def takes(office: Office, step: str) -> str:
    """Take a step of the scheme, call or application at hand; the code it is refused with, or nothing."""
    venue = office.venue
    match step.split():
        case ["opens", *budget]:
            events = venue.do(office.opening(int(budget[0]) if budget else 400), "sponsor")
        case ["activates"]:
            return venue.refused_by_two(office.activating())
        case ["ends"]:
            return venue.refusal(office.ending())
        case ["calls", *budget]:
            events = venue.do(office.calling(int(budget[0]) if budget else 200))
        case ["awards", count]:
            return venue.refused_by_two(office.awarding(int(count)))
        case [who, "begins"]:
            contract = office.event(who, f"contract of {who} at {venue.state.sequence}")
            events = venue.do(office.begin(who, contract), who)
            for event in events:
                if isinstance(event, ApplicationChanged):
                    office.applications[who] = event.application.application_id
        case [who, "asks", "without", "a", "contract"]:
            return venue.refusal(office.begin(who, RewardEventId(9)), who)
        case ["wait"]:
            office.take("wu", "wait")
            return ""
        case [who, word]:
            command, by = office.steps(who)[word]
            return venue.refused_by_two(command) if by == "two" else venue.refusal(command, by)
        case _:
            raise ValueError(step)
    for event in events:
        if isinstance(event, SchemeOpened):
            office.scheme_id = event.scheme.scheme_id
        if isinstance(event, SchemeCallOpened):
            office.call_id = event.call.call_id
    return answered(events)


def of_flow(flow: str, office: Any) -> str:
    """The state of the newest case of a workflow; none: there is none yet."""
    states = {key: state for (name, key), state in office.venue.steps.states.items() if name == flow}
    return states[max(states)] if states else "none"


CODES = {
    ".": "scheme.state",
    "no scheme": "scheme.unknown",
    "call.": "scheme_call.state",
    "no call": "scheme_call.unknown",
    "budget": "reward.budget",
    "no event": "application.no_event",
}
CALLED = ("opens", "activates", "calls")
ACCEPTED = (*CALLED, "wu begins", "wu submit", "wu accept")
PATHS: dict[str, tuple[str, ...]] = {
    "draft": ("opens",),
    "active": ("opens", "activates"),
    "called": CALLED,
    "call over": (*CALLED, "wait"),
    "begun": (*CALLED, "wu begins"),
    "submitted": (*CALLED, "wu begins", "wu submit"),
    "accepted": ACCEPTED,
    "accepted, over": (*ACCEPTED, "wait"),
    "two accepted": (*ACCEPTED, "li begins", "li submit", "li accept", "wait"),
    "awarded": (*ACCEPTED, "wait", "awards 1"),
    "withdrawn": (*ACCEPTED, "wu withdraw"),
    "ended": ("opens", "activates", "ends"),
    "draft ended": ("opens", "ends"),
}
CAME: dict[str, Any] = {}
SCHEME = StateTable(
    "scheme",
    """
                   | opens | activates | calls  | calls 201 | ends  | wu begins
    draft          | draft | active    | .      | .         | ended | no call
    active         | draft | .         | active | active    | ended | no call
    called         | draft | .         | active | budget    | ended | active
    call over      | draft | .         | active | budget    | ended | call.
    begun          | draft | .         | active | budget    | .     | active
    submitted      | draft | .         | active | budget    | .     | active
    accepted       | draft | .         | active | budget    | .     | active
    accepted, over | draft | .         | active | budget    | .     | call.
    two accepted   | draft | .         | active | budget    | .     | call.
    awarded        | draft | .         | active | budget    | .     | call.
    withdrawn      | draft | .         | active | budget    | ended | active
    ended          | draft | .         | .      | .         | .     | no call
    draft ended    | draft | .         | .      | .         | .     | no call
    """,
    PATHS,
    lambda: Office(exhaustion="pro_rata"),
    takes,
    CODES,
    shown=lambda office: of_flow("scheme", office),
    also=("scheme_call", "application"),
    came=CAME,
)
CALL = StateTable(
    "scheme_call",
    """
                   | calls | awards 1 | awards 2 | ren begins | ren asks without a contract | ends
    called         | open  | call.    | call.    | open       | no event                    | open
    call over      | open  | call.    | call.    | call.      | call.                       | open
    begun          | open  | call.    | call.    | open       | no event                    | .
    submitted      | open  | call.    | call.    | open       | no event                    | .
    accepted       | open  | call.    | call.    | open       | no event                    | .
    accepted, over | open  | awarded  | call.    | call.      | call.                       | .
    two accepted   | open  | call.    | awarded  | call.      | call.                       | .
    awarded        | open  | call.    | call.    | call.      | call.                       | .
    withdrawn      | open  | call.    | call.    | open       | no event                    | open
    """,
    {row: path for row, path in PATHS.items() if "calls" in path},
    lambda: Office(exhaustion="pro_rata"),
    takes,
    CODES,
    shown=lambda office: of_flow("scheme_call", office),
    also=("scheme", "application"),
    came=CAME,
)
APPLICATION = StateTable(
    "application",
    """
                   | awards 1 | awards 2 | wu begins | ends
    begun          | call.    | call.    | draft     | .
    submitted      | call.    | call.    | draft     | .
    accepted       | call.    | call.    | draft     | .
    accepted, over | awarded  | call.    | call.     | .
    two accepted   | call.    | awarded  | call.     | .
    awarded        | call.    | call.    | call.     | .
    withdrawn      | call.    | call.    | draft     | withdrawn
    """,
    {row: path for row, path in PATHS.items() if "wu begins" in path},
    lambda: Office(exhaustion="pro_rata"),
    takes,
    CODES,
    shown=lambda office: of_flow("application", office),
    also=("scheme", "scheme_call"),
    came=CAME,
)
TABLES = (SCHEME, CALL, APPLICATION)


@pytest.mark.parametrize(("table", "row"), every_row(*TABLES))
def test_every_step_in_every_state_is_taken_or_refused(table: StateTable, row: list[str]) -> None:
    table.check(row)
