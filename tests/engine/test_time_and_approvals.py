"""Four eyes, and what happens when time has come."""

from __future__ import annotations

import pytest

from custody.corrections_messages import TransferUnits
from exchange.core.ids import ApprovalId
from exchange.core.membership import SuspendUser
from exchange.core.messages import Rejected
from exchange.core.node_messages import (
    AdvanceClock,
    Approval,
    ApprovalEnded,
    ApprovalRequested,
    ClockAdvanced,
    DenyApproval,
    GrantApproval,
    TimerDropped,
)
from exchange.core.units import Units
from exchange.engine.node_life import MAX_FIRED
from tests.support import Venue


@pytest.fixture
def venue() -> Venue:
    venue = Venue.sandbox(fee_ppm=0, fee_minimum=0)
    venue.member("wu", cash=100)
    venue.member("li")
    return venue


def moves(venue: Venue, units: int = 60) -> TransferUnits:
    """A transfer by hand from wu to li."""
    return TransferUnits(
        asset_id=venue.money,
        from_account_id=venue.accounts["wu"],
        to_account_id=venue.accounts["li"],
        units=Units(units),
        reason="a court's order",
    )


def test_nothing_happens_before_the_second_signature(venue: Venue) -> None:
    approval_id = venue.make(moves(venue), ApprovalRequested).approval.approval_id
    venue.has("li", cash=0)
    grant = GrantApproval(approval_id=approval_id)
    assert venue.refusal(grant, "ops") == "approval.same_person"
    assert venue.refusal(grant, "li") == "role.not_allowed"
    assert venue.refusal(grant, "reg") == "role.not_allowed"
    venue.has("li", cash=0)
    venue.restart()
    assert venue.refusal(grant, "ops2") == ""
    venue.has("li", cash=60)
    assert venue.refusal(grant, "ops2") == "approval.unknown"
    venue.has("li", cash=60)
    venue.close()


def test_what_is_refused_when_signed_may_be_signed_again_when_the_world_has_changed(venue: Venue) -> None:
    approval_id = venue.make(moves(venue, 150), ApprovalRequested).approval.approval_id
    grant = GrantApproval(approval_id=approval_id)
    assert venue.refusal(grant, "ops2") == "hold.insufficient_available"
    venue.deposit("wu", 50)
    assert venue.refusal(grant, "ops2") == ""
    venue.has("wu", cash=0)
    venue.close()


def test_a_request_may_be_denied_by_another_or_withdrawn_by_its_maker(venue: Venue) -> None:
    for who in ("ops", "ops2"):
        approval_id = venue.make(moves(venue), ApprovalRequested).approval.approval_id
        deny = DenyApproval(approval_id=approval_id, reason="not this one")
        assert venue.refusal(deny, "li") == "role.not_allowed"
        ended = venue.make(deny, ApprovalEnded, who)
        assert (ended.approval.status, ended.reason) == ("denied", "not this one")
        assert venue.refusal(GrantApproval(approval_id=approval_id), "ops2") == "approval.unknown"
        assert venue.refusal(deny, "ops2") == "approval.unknown"
    assert not venue.state.due
    venue.close()


def test_a_request_nobody_signs_expires_before_the_next_command(venue: Venue) -> None:
    approval_id = venue.make(moves(venue), ApprovalRequested).approval.approval_id
    venue.pass_time(days=7)
    assert venue.refusal(GrantApproval(approval_id=approval_id), "ops2") == "approval.unknown"
    fired = venue.journal[-2].events
    assert [type(event) for event in fired] == [ClockAdvanced, TimerDropped, ApprovalEnded]
    assert not venue.state.table(Approval)
    venue.close()


def test_a_request_can_still_be_signed_at_its_last_moment(venue: Venue) -> None:
    approval = venue.make(moves(venue), ApprovalRequested).approval
    venue.clock_ns = approval.expires_at_ns - 1_000_001
    assert venue.refusal(GrantApproval(approval_id=approval.approval_id), "ops2") == ""


def test_time_comes_only_when_a_timer_is_due_and_in_bounded_steps(venue: Venue) -> None:
    assert venue.refusal(AdvanceClock(), "node") == "run.stale"
    for _ in range(MAX_FIRED + 1):
        venue.make(moves(venue), ApprovalRequested)
    assert venue.refusal(AdvanceClock(), "node") == "run.stale"
    venue.pass_time(days=8)
    venue.do(SuspendUser(user_id=venue.users["li"], suspended=True))
    fired = [entry.events for entry in venue.journal if isinstance(entry.command, AdvanceClock)][2:]
    assert [sum(isinstance(event, ApprovalEnded) for event in events) for events in fired] == [MAX_FIRED, 1]
    assert venue.refusal(AdvanceClock(), "node") == "run.stale"
    venue.close()


def test_a_suspended_operator_signs_nothing(venue: Venue) -> None:
    approval_id = venue.make(moves(venue), ApprovalRequested).approval.approval_id
    assert venue.refusal(SuspendUser(user_id=venue.users["ops"], suspended=True)) == "approval.same_person"
    venue.do(SuspendUser(user_id=venue.users["ops2"], suspended=True))
    assert venue.refusal(GrantApproval(approval_id=approval_id), "ops2") == "user.suspended"
    assert venue.refusal(GrantApproval(approval_id=ApprovalId(1)), "ops") == "approval.unknown"
    venue.do(SuspendUser(user_id=venue.users["ops2"], suspended=False))
    assert not isinstance(venue.do(GrantApproval(approval_id=approval_id), "ops2")[0], Rejected)
