"""What is paid on a product whose register is elsewhere: one registrar, the whole pot of the class, to the cent."""

from __future__ import annotations

from fractions import Fraction

import pytest

from exchange.core.parties import UserRight
from securitization.servicing_messages import ServicingOpened
from tests.issuing.test_mirror import Mirrored
from tests.servicing.stage import Stage, deal_and_periods


def in_servicing(at: Mirrored) -> Stage:
    """The issued classes in servicing, by the shipped deal of the same two."""
    deal, periods = deal_and_periods()
    at.venue.deposit("servicer", 2_000_000)
    at.venue.user("trustee2", "trustee", (UserRight.VIEW, UserRight.APPROVE))
    stage = Stage(at.venue, deal, periods, {"senior": at.note(0), "junior": at.note(1)}, at.stage.issue_id)
    requested = at.venue.by_two(stage.opening())
    opened = next(event for event in requested if isinstance(event, ServicingOpened))
    stage.servicing_id = opened.servicing.servicing_id
    return stage


@pytest.mark.parametrize(
    ("handed_over", "paid"),
    [
        pytest.param(False, {"i0": "1/3", "i1": "7/18", "i2": "5/18", "csdc": "0"}, id="before: the holders here"),
        pytest.param(True, {"i0": "0", "i1": "0", "i2": "0", "csdc": "1"}, id="after: the registrar alone"),
    ],
)
def test_a_class_pays_whoever_holds_it_here(paid: dict[str, str], *, handed_over: bool) -> None:

    at = Mirrored(handed_over=handed_over)
    at.venue.checking = False
    stage = in_servicing(at)
    before = {name: at.stage.cash(name) for name in paid}
    for step in ("import", "deposit", "prepare"):
        assert stage.step(step) == "", step
    stage.to_payment_date()
    for step in ("approve", "pay"):
        assert stage.step(step) == "", step
    at.venue.finish_runs()
    got = {name: at.stage.cash(name) - before[name] for name in paid}
    pot = sum(got.values())
    assert pot > 0
    for name, part in paid.items():
        assert abs(got[name] - pot * Fraction(part)) < 1, (name, got)
    at.venue.close()
