"""Every step of an application in every state: allowed, or refused, and with which code."""

from __future__ import annotations

import functools

import pytest

from securitization.application_messages import ApplicationState as S
from tests.rewards.stage import Office

REACHED: dict[S, tuple[str, ...]] = {
    S.DRAFT: (),
    S.SUBMITTED: ("submit",),
    S.CORRECTING: ("submit", "send_back"),
    S.ACCEPTED: ("submit", "accept"),
    S.AWARDED: ("submit", "accept"),
    S.NOTICE: ("submit", "accept", "publicise"),
    S.OBJECTED: ("submit", "accept", "publicise", "object"),
    S.CLEARED: ("submit", "accept", "publicise", "wait"),
    S.APPROVED: ("submit", "accept", "publicise", "wait", "approve"),
    S.ORDERED: ("submit", "accept", "publicise", "wait", "approve", "order"),
    S.PAID: ("submit", "accept", "publicise", "wait", "approve", "pay"),
    S.RECOVERING: ("submit", "accept", "publicise", "wait", "approve", "pay", "spend", "clawback", "earn"),
    S.CLAWED_BACK: ("submit", "accept", "publicise", "wait", "approve", "pay", "clawback"),
    S.REFUSED: ("submit", "refuse"),
    S.APPEALED: ("submit", "refuse", "appeal"),
    S.ENDED: ("submit", "refuse", "wait"),
    S.WITHDRAWN: ("submit", "withdraw"),
}

ALLOWED: dict[S, str] = {
    S.DRAFT: "submit withdraw",
    S.SUBMITTED: "accept send_back refuse withdraw",
    S.CORRECTING: "correct refuse withdraw",
    S.ACCEPTED: "withdraw",
    S.AWARDED: "publicise withdraw",
    S.NOTICE: "object withdraw",
    S.OBJECTED: "uphold dismiss withdraw",
    S.CLEARED: "approve decline withdraw",
    S.APPROVED: "pay",
    S.ORDERED: "voucher",
    S.PAID: "clawback",
    S.RECOVERING: "repay",
    S.CLAWED_BACK: "",
    S.REFUSED: "appeal withdraw",
    S.APPEALED: "uphold dismiss withdraw",
    S.ENDED: "",
    S.WITHDRAWN: "",
}

OTHERWISE: dict[tuple[S, str], str] = {
    (S.APPROVED, "order"): "application.decision",  # this scheme pays here
    (S.RECOVERING, "voucher"): "application.decision",
}
"""What is refused for another reason than the state; who is over is not known any more."""

STEPS = (
    *("submit", "correct", "withdraw", "accept", "send_back", "refuse", "publicise", "object", "appeal", "uphold"),
    *("dismiss", "approve", "decline", "pay", "order", "voucher", "clawback", "repay"),
)


@functools.cache
def reached(state: S) -> Office:
    """An office whose firm wu has an application in that state."""
    office = Office(exhaustion="pro_rata" if state is S.ACCEPTED else "first_come")
    office.active(by_order=state is S.ORDERED)
    office.drafted("wu")
    for name in REACHED[state]:
        if name == "spend":
            command = office.opening(200, sponsor_account_id=office.venue.accounts["wu"])
            office.done(office.venue.do(command, "wu"))
        elif name == "earn":
            office.venue.deposit("wu", 1)
        else:
            office.take("wu", name)
    assert office.now("wu").state is state
    return office


@pytest.mark.parametrize("state", list(S))
def test_every_step_in_every_state(state: S) -> None:
    office = reached(state)
    before = office.venue
    answers: dict[str, str] = {}
    for name in STEPS:
        office.venue = before.copy()
        answers[name] = office.code("wu", name)
    office.venue = before
    unknown = state in (S.ENDED, S.WITHDRAWN)
    expected = {
        name: ""
        if name in ALLOWED[state].split()
        else "application.unknown"
        if unknown
        else OTHERWISE.get((state, name), "application.state")
        for name in STEPS
    }
    assert answers == expected
    before.close()


def test_the_table_names_every_state_and_every_step_somewhere() -> None:
    assert set(REACHED) == set(ALLOWED) == set(S)
    used = {name for allowed in ALLOWED.values() for name in allowed.split()} | {"order"}
    assert used == set(STEPS)
