"""Every state of a deal with every command: taken, or refused with which code."""

from __future__ import annotations

import functools

import pytest

from custody.outcomes import PriorClaimKind
from matching.deals import DealCompleted
from tests.claims.stage import Owners

STATES = (
    "proposed",
    "publicity",
    "objected",
    "pre_emption",
    "signing",
    "buyer signed",
    "exercised",
    "contracted",
    "completed",
)
STATE, RUNS, SHOWN, GONE = "deal.state", "deal.pre_emption_running", "deal.publicity_running", "deal.unknown"
CLAIM, PARTY = "prior_claim.unknown", "deal.not_party"
TABLE: dict[str, tuple[str, ...]] = {
    #                 proposed publicity objected pre_emption signing signed exercised contracted completed
    "li accepts": ("", STATE, STATE, STATE, STATE, STATE, PARTY, STATE, GONE),
    "pku objects": (STATE, "", STATE, STATE, STATE, STATE, STATE, STATE, GONE),
    "ops2 upholds": (STATE, STATE, "", STATE, STATE, STATE, STATE, STATE, GONE),
    "ops2 dismisses": (STATE, STATE, "", STATE, STATE, STATE, STATE, STATE, GONE),
    "li signs": (STATE, SHOWN, SHOWN, RUNS, "", STATE, PARTY, STATE, GONE),
    "thu signs": (STATE, SHOWN, SHOWN, RUNS, "", "", "", STATE, GONE),
    "cy exercises": (CLAIM, CLAIM, CLAIM, "", CLAIM, CLAIM, CLAIM, CLAIM, CLAIM),
    "cy waives": (CLAIM, CLAIM, CLAIM, "", CLAIM, CLAIM, CLAIM, CLAIM, CLAIM),
    "thu withdraws": ("", "", "", STATE, "", "", STATE, STATE, GONE),
    "li withdraws": ("", "", "", STATE, "", "", PARTY, STATE, GONE),
    "ops records": (STATE, STATE, STATE, STATE, STATE, STATE, STATE, "", GONE),
    "ops refuses": (STATE, STATE, STATE, STATE, STATE, STATE, STATE, "", GONE),
}


@functools.cache
def _in_state(state: str) -> Owners:
    if state == "proposed":
        owners = Owners.claimed(PriorClaimKind.FINISHER, seller="thu")
        owners.happens("thu proposes all 800")
        return owners
    before, step = {
        "publicity": ("proposed", "li accepts"),
        "objected": ("publicity", "pku objects"),
        "pre_emption": ("publicity", "wait 16"),
        "signing": ("pre_emption", "cy waives"),
        "buyer signed": ("signing", "li signs"),
        "exercised": ("pre_emption", "cy exercises"),
        "contracted": ("buyer signed", "thu signs"),
        "completed": ("contracted", "ops records"),
    }[state]
    owners = _in_state(before).fresh()
    assert not owners.happens(step).count("."), step
    return owners


@pytest.mark.parametrize("line", TABLE)
@pytest.mark.parametrize("state", STATES)
def test_every_command_in_every_state(state: str, line: str) -> None:
    owners = _in_state(state).fresh()
    who, step = line.split()
    if step in ("upholds", "dismisses"):
        told = owners.step(step.removesuffix("es" if step == "dismisses" else "s"), by=who)
    else:
        told = owners.takes(who, step)
    assert told == TABLE[line][STATES.index(state)]


def test_what_was_walked_came_to_its_end() -> None:
    owners = _in_state("completed").fresh()
    assert owners.last(DealCompleted).deal.displaced_account_id == 0
    owners.venue.close()
