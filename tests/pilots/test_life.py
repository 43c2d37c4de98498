"""What follows a pilot's agreement, with exact numbers: recordal, use right, reports, revocation, the kept share."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from custody.accounts import AccountKind
from custody.corrections_messages import FreezeAccount, FreezeAsset, TransferUnits
from custody.encumbrances import BurdenKind
from custody.outcomes import DeclaredClaim, PriorClaimKind
from custody.pilot import PilotKind, PilotState
from custody.pilot_life import PilotReported, PilotReportLate, RecordIncentive, UseRightState
from exchange.core.ids import AssetId
from exchange.core.messages import Rejected
from exchange.core.units import Minor, Units
from exchange.engine.burdens import burdens_of
from exchange.engine.issuance import outstanding_units
from securitization.messages import RegisterClaim
from tests.deals.stage import CASH, WRONG
from tests.pilots.stage import KEPT_PRICE, REPORTS, TEAM, Case, part


@functools.cache
def _granted() -> Case:
    case = Case.cn()
    case.kind, case.reports = PilotKind.USE_RIGHT, REPORTS
    case.assigned()
    return case


@functools.cache
def _recording() -> Case:
    case = Case.cn()
    case.patented()
    case.assigned()
    return case


@functools.cache
def _completed() -> Case:
    case = Case.cn()
    case.assigned()
    return case


def give(case: Case, asset_id: AssetId, giver: str, taker: str, units: int) -> str:
    """Move units by hand; the code it is refused with, or nothing."""
    accounts = case.venue.accounts
    command = TransferUnits(
        asset_id=asset_id,
        from_account_id=accounts[giver],
        to_account_id=accounts[taker],
        units=Units(units),
        reason="a court's order",
    )
    events = case.venue.by_two(command)
    return events[0].code.value if isinstance(events[0], Rejected) else ""


# --- Recordal ---------------------------------------------------------------------------------------------------------


def test_units_of_a_registered_right_move_when_the_office_has_recorded_the_co_owners() -> None:
    case = _recording().again()
    assert [case.has_of(name) for name in ("thu", *TEAM)] == [3_000_000, 0, 0, 0]
    assert case.venue.state.ledger.held(case.venue.accounts["thu"], case.right_id) == 2_100_000
    assert case.outcome_now().co_owner_ids == ()
    case.steps("wait 3", "confirm")
    assert [case.has_of(name) for name in ("thu", *TEAM)] == [900_000, 700_000, 700_000, 700_000]
    assert case.venue.state.ledger.held(case.venue.accounts["thu"], case.right_id) == 0
    assert len(case.outcome_now().co_owner_ids) == 3
    assert case.pilot().office_reference == "CNIPA 2026-0001"
    case.venue.close()


@pytest.mark.parametrize("step", ["no record", "wait 181"])
def test_without_recordal_everything_is_free_again_and_another_case_may_follow(step: str) -> None:
    case = _recording().again()
    case.steps(step)
    assert case.pilot().state in (PilotState.RECORDAL_REFUSED, PilotState.LAPSED)
    assert case.venue.state.ledger.available(case.venue.accounts["thu"], case.right_id) == 3_000_000
    case.opened()
    case.venue.close()


def test_the_long_stop_is_its_last_moment_and_not_one_before() -> None:
    case = _recording().again()
    [due_ns] = [due for due, _ in case.venue.state.due]
    case.venue.clock_ns = due_ns - 10_000_000
    case.tick()
    assert case.pilot().state is PilotState.RECORDING
    case.venue.clock_ns = due_ns
    case.tick()
    assert case.pilot().state is PilotState.LAPSED


@pytest.mark.parametrize("day", ["2026-03-17", "2999-01-01", "2026-02-30"])
def test_an_office_records_between_the_last_signature_and_today(day: str) -> None:
    assert _recording().again().step("confirm", effective_date=day) == "recordal.invalid"


def test_whoever_is_frozen_is_not_recorded_as_an_owner() -> None:
    case = _recording().again()
    case.venue.do(FreezeAccount(account_id=case.venue.accounts["bo"], frozen=True))
    assert case.step("confirm") == "account.frozen"
    case.venue.do(FreezeAccount(account_id=case.venue.accounts["bo"], frozen=False))
    case.venue.do(FreezeAsset(asset_id=case.right_id, frozen=True))
    assert case.step("confirm") == "asset.frozen"


# --- Use rights -------------------------------------------------------------------------------------------------------


def test_a_use_right_is_issued_to_the_team_and_the_right_stays_whole_where_it_is() -> None:
    case = _granted().again()
    use_right = case.use_right()
    assert case.has_of("thu") == 3_000_000
    assert [case.has_of(name, use_right.asset_id) for name in ("thu", *TEAM)] == [0] + [1_000_000] * 3
    assert case.outcome_now().co_owner_ids == ()
    assert use_right.until_date == "2036-03-18", "ten years from 2026-03-18"
    assert use_right.until_ns == 2_089_468_800 * 10**9, "its last day is over at 2036-03-19, 00:00 in Shanghai"
    case.venue.close()


def test_it_lies_on_the_right_as_a_burden_that_goes_with_it() -> None:
    case = _granted().again()
    [burden] = burdens_of(case.venue.state, case.right_id)
    assert (burden.kind, burden.blocks) == (BurdenKind.USE_RIGHT, False)
    assert "2036-03-18" in burden.summary
    assert burdens_of(case.venue.state, case.use_right().asset_id) == []
    share_id = case.floated()
    assert burdens_of(case.venue.state, share_id) == [burden]
    case.steps("revoke")
    assert burdens_of(case.venue.state, case.right_id) == []


def test_it_ends_with_its_last_moment_and_not_one_before() -> None:
    case = _granted().again()
    use_right = case.use_right()
    case.venue.clock_ns = use_right.until_ns - 10_000_000
    case.tick()
    assert case.pilot().state is PilotState.COMPLETED
    case.venue.clock_ns = use_right.until_ns
    case.tick()
    assert case.pilot().state is PilotState.EXPIRED
    assert case.told("use_right", type(use_right)).state is UseRightState.EXPIRED
    assert outstanding_units(case.venue.state, use_right.asset_id) == 0
    assert [case.has_of(name, use_right.asset_id) for name in TEAM] == [0, 0, 0]
    assert case.has_of("thu") == 3_000_000
    case.venue.close()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"use_years": 9}, "pilot.terms_invalid"),
        ({"use_years": 0}, "pilot.terms_invalid"),
        ({"use_years": 10}, ""),
        ({"use_years": 100}, ""),
        ({"team_share": part(9, 10)}, "pilot.terms_invalid"),
    ],
)
def test_a_use_right_is_whole_and_for_ten_years_at_least(changed: dict[str, Any], code: str) -> None:
    case = Case.cn()
    case.kind = PilotKind.USE_RIGHT
    case.opened()
    case.steps("decide", "wait 16")
    assert case.step("thu signs", terms=case.terms(**changed)) == code


def test_it_is_not_given_away_unless_the_agreement_says_so() -> None:
    case = _granted().again()
    assert give(case, case.use_right().asset_id, "ada", "li", 1) == "use_right.not_transferable"
    free = Case.cn()
    free.kind = PilotKind.USE_RIGHT
    free.opened()
    free.steps("decide", "wait 16")
    terms = free.terms(use_transferable=True)
    for who in ("thu", *TEAM):
        assert not free.step(f"{who} signs", terms=terms)
    asset_id = free.use_right().asset_id
    assert give(free, asset_id, "ada", "li", 400_000) == ""
    free.steps("wait 3660")
    assert [free.has_of(name, asset_id) for name in ("li", *TEAM)] == [0] * 4, "its end finds it wherever it is"
    free.venue.close()


def test_nobody_pools_or_pledges_income_against_a_use_right() -> None:
    case = _granted().again()
    command = RegisterClaim(
        originator_account_id=case.venue.accounts["ada"],
        debtor_account_id=case.venue.accounts["li"],
        right_asset_id=case.use_right().asset_id,
        money_asset_id=case.bank().money_asset_id,
        amount_minor=Minor(1),
        due_date="2027-01-01",
        contract_sha256=WRONG,
    )
    assert case.venue.refusal(command, "ada") == "asset.unknown"


def test_an_extension_needs_progress_on_file_and_another_person_than_signed() -> None:
    case = _granted().again()
    assert case.step("extend") == "pilot.reports_missing"
    case.steps("bo reports")
    assert case.step("extend", by="thu") == "approval.same_person"
    assert case.step("extend", by="clerk") == "pilot.not_party"
    assert case.step("extend", decision_sha256=WRONG) == "document.unknown"
    case.steps("extend")
    assert case.use_right().until_date == "2041-03-18"
    assert (case.use_right().years, case.use_right().extensions) == (15, 1)
    case.steps("ada reports", "cy reports", "wait 3660")
    assert case.use_right().state is UseRightState.STANDS, "the old end is no end any more"
    assert case.step("extend", years=100) == ""
    assert case.step("extend", years=100) == "pilot.terms_invalid"
    case.venue.close()


def test_an_institution_that_sold_the_right_extends_nothing_on_it() -> None:
    case = _granted().again()
    case.steps("ada reports")
    assert give(case, case.right_id, "thu", "li", 3_000_000) == ""
    assert case.step("extend") == "right.not_owned"


# --- Reports ----------------------------------------------------------------------------------------------------------


def test_a_report_that_is_not_there_on_its_day_is_flagged_and_still_owed() -> None:
    case = _granted().again()
    case.steps("wait 90")
    assert not any(isinstance(event, PilotReportLate) for entry in case.venue.journal for event in entry.events)
    case.steps("wait 1")
    late = case.last(PilotReportLate).report
    assert (late.stage.value, late.subject, late.late) == ("science", "bench results", True)
    assert case.step("extend") == "pilot.reports_missing"
    case.steps("cy reports")
    filed = case.last(PilotReported).report
    assert (filed.report_id, filed.late, filed.progress_ppm) == (late.report_id, True, 400_000)
    assert case.pilot().reports_filed == 1
    case.steps("extend")
    case.venue.close()


def test_a_report_filed_before_its_day_is_never_late() -> None:
    case = _granted().again()
    case.steps("ada reports", "bo reports", "cy reports", "wait 400")
    assert not any(isinstance(event, PilotReportLate) for entry in case.venue.journal for event in entry.events)
    assert case.step("ada reports") == "pilot.report_unknown"
    case.venue.close()


def test_the_team_reports_and_nobody_else() -> None:
    case = _granted().again()
    accounts = case.venue.accounts
    assert case.step("dee reports") == "pilot.not_party"
    assert case.step("thu reports") == "pilot.not_party"
    assert case.step("ada reports", by="bo") == "pilot.not_party"
    assert case.step("ada reports", document_sha256=WRONG) == "document.unknown"
    case.venue.do(FreezeAccount(account_id=accounts["ada"], frozen=True))
    assert case.step("ada reports") == "account.frozen"


# --- Revocation -------------------------------------------------------------------------------------------------------


def test_a_revocation_compensates_to_the_last_unit_and_undoes_the_co_ownership() -> None:
    case = _completed().again()
    case.steps("revoke")
    assert [case.has_of(name) for name in ("thu", *TEAM)] == [3_000_000, 0, 0, 0]
    outcome = case.outcome_now()
    assert outcome.co_owner_ids == ()
    assert [claim.kind for claim in outcome.claims] == [PriorClaimKind.FINISHER]
    assert case.pilot().state is PilotState.REVOKED
    case.assigned()
    case.venue.close()


def test_one_unit_missing_anywhere_refuses_the_whole_and_says_where() -> None:
    case = _completed().again()
    assert give(case, case.right_id, "bo", "li", 1) == ""
    command, _ = case.command("revoke")
    [rejected] = case.venue.by_two(command)
    assert isinstance(rejected, Rejected)
    assert rejected.code.value == "pilot.revoke_uncovered"
    assert "has 699999 of 700000 free" in rejected.detail
    assert give(case, case.right_id, "li", "bo", 1) == ""
    case.steps("revoke")
    case.venue.close()


def test_one_operator_alone_revokes_nothing() -> None:
    case = _completed().again()
    command, _ = case.command("revoke")
    case.venue.do(command)
    assert case.pilot().state is PilotState.COMPLETED
    assert [case.has_of(name) for name in TEAM] == [700_000] * 3


def test_what_an_office_recorded_it_records_again() -> None:
    case = _recording().again()
    case.steps("confirm")
    assert case.step("revoke") == "recordal.invalid"
    assert case.step("revoke", office_reference="CN 9", effective_date="2026-03-17") == "recordal.invalid"
    assert case.step("revoke", office_reference="CN 9", effective_date="2026-03-18") == ""
    assert case.has_of("thu") == 3_000_000
    free = _completed().again()
    assert free.step("revoke", office_reference="CN 9", effective_date="2026-03-18") == "recordal.invalid"
    case.venue.close()


def test_a_revocation_names_its_decision_and_leaves_what_is_frozen() -> None:
    case = _completed().again()
    assert case.step("revoke", document_sha256=WRONG) == "document.unknown"
    case.venue.do(FreezeAsset(asset_id=case.right_id, frozen=True))
    assert case.step("revoke") == "asset.frozen"


def test_a_revoked_use_right_is_burned_and_its_reports_are_dropped() -> None:
    case = _granted().again()
    asset_id = case.use_right().asset_id
    case.steps("revoke")
    assert outstanding_units(case.venue.state, asset_id) == 0
    case.steps("wait 4000")
    assert not any(isinstance(event, PilotReportLate) for entry in case.venue.journal for event in entry.events)
    case.venue.close()


# --- The other incentive ----------------------------------------------------------------------------------------------


def test_an_outcome_has_one_incentive() -> None:
    case = _completed().again()
    document = case.file("thu", "reward")
    command = RecordIncentive(outcome_id=case.outcome_id, document_sha256=document)
    assert case.venue.refusal(command, "thu") == "pilot.state"
    case.custody()
    command = RecordIncentive(outcome_id=case.outcome_id, document_sha256=document)
    assert case.venue.refusal(command, "pku") == "account.not_yours"
    assert case.venue.refusal(RecordIncentive(outcome_id=case.outcome_id, document_sha256=WRONG), "thu") == (
        "document.unknown"
    )
    assert case.venue.refusal(command, "thu") == ""
    assert case.venue.refusal(command, "thu") == "pilot.incentive_given"
    case.venue.close()


# --- The kept share ---------------------------------------------------------------------------------------------------


def test_a_kept_share_goes_to_the_team_by_its_split_against_the_price() -> None:
    case = _completed().again()
    paid_before = case.money("thu")
    case.steps("offer", "wait 16", "ada buys", "bo buys")
    held = [case.venue.state.ledger.held(case.venue.accounts[name], case.bank().money_asset_id) for name in TEAM]
    assert held == [10_000_01, 10_000_00, 0]
    assert case.has_of("thu") == 900_000
    case.steps("cy buys")
    assert [case.has_of(name) for name in ("thu", *TEAM)] == [0, 1_000_000, 1_000_000, 1_000_000]
    assert [case.money(name) for name in TEAM] == [9_999_99, 10_000_00, 10_000_00]
    assert case.money("thu") - paid_before == KEPT_PRICE
    assert case.step("revoke") == "pilot.state"
    case.venue.close()


def test_what_an_office_records_is_held_on_both_sides_until_then() -> None:
    case = _recording().again()
    case.steps("confirm", "offer", "wait 16", "ada buys", "bo buys", "cy buys")
    assert case.venue.state.ledger.held(case.venue.accounts["thu"], case.right_id) == 900_000
    assert [case.money(name) for name in TEAM] == [20_000_00] * 3
    assert case.step("revoke", office_reference="CN 9", effective_date="2026-03-18") == "pilot.state"
    case.steps("confirm kept")
    assert [case.has_of(name) for name in ("thu", *TEAM)] == [0, 1_000_000, 1_000_000, 1_000_000]
    assert [case.money(name) for name in TEAM] == [9_999_99, 10_000_00, 10_000_00]
    case.venue.close()


def test_a_single_inventor_who_has_everything_is_the_outcomes_owner() -> None:
    case = Case.cn()
    case.patented()
    case.team = ("ada",)
    case.assigned("confirm")
    case.steps("offer", "wait 16")
    assert case.step("ada buys", price_minor=Minor(KEPT_PRICE - 1)) == "kept_share.terms_changed"
    case.pay_in("ada", CASH)
    case.steps("ada buys", "confirm kept")
    assert case.has_of("ada") == 3_000_000
    assert case.outcome_now().member_id == case.venue.members["ada"]
    assert case.outcome_now().co_owner_ids == ()
    case.venue.close()


WAYS: list[tuple[str, dict[str, Any], str]] = [
    ("another contract", {"contract_sha256": WRONG}, "kept_share.terms_changed"),
    ("another price", {"price_minor": Minor(1)}, "kept_share.terms_changed"),
    ("as it was offered", {}, ""),
]


@pytest.mark.parametrize(("changed", "code"), [row[1:] for row in WAYS], ids=[row[0] for row in WAYS])
def test_a_buyer_signs_what_was_offered(changed: dict[str, Any], code: str) -> None:
    case = _completed().again()
    case.steps("offer", "wait 16")
    assert case.step("ada buys", **changed) == code


def test_who_offers_does_not_sign_and_a_stranger_neither_signs_nor_steps_back() -> None:
    case = _completed().again()
    assert case.step("offer", by="clerk") == "pilot.not_party"
    assert case.step("offer", by="pku") == "pilot.not_party"
    case.steps("offer", "wait 16")
    assert case.step("dee buys") == "kept_share.not_party"
    assert case.step("ada buys", by="bo") == "kept_share.not_party"
    assert case.step("withdraw kept", by="pku") == "kept_share.not_party"
    assert case.step("withdraw kept", by="bo") == ""


def test_a_buyer_without_the_money_does_not_sign_to_the_last_fen() -> None:
    case = _completed().again()
    case.steps("offer", "wait 16")
    give(case, case.bank().money_asset_id, "ada", "li", 10_000_00)
    assert case.step("ada buys") == "hold.insufficient_available"
    give(case, case.bank().money_asset_id, "li", "ada", 1)
    assert case.step("ada buys") == ""


def test_prior_claims_of_others_stand_in_the_way_and_the_teams_own_do_not() -> None:
    finisher = DeclaredClaim(kind=PriorClaimKind.FINISHER)
    case = Case.cn(claims=(finisher,))
    case.assigned()
    assert case.step("offer") == ""
    case = Case.cn(claims=(finisher, DeclaredClaim(kind=PriorClaimKind.COMMISSIONER)))
    case.assigned()
    assert case.step("offer") == "listing.prior_claims_open"
    case = Case.cn()
    case.custody(co_owner_ids=(case.venue.members["pku"],))
    case.assigned()
    assert case.step("offer") == "listing.prior_claims_open", "pku owns it too and is none of the team"


def test_a_kept_share_whose_split_is_not_whole_is_refused() -> None:
    case = _completed().again()
    give(case, case.right_id, "thu", "li", 1)
    assert case.step("offer") == "pilot.shares_invalid"


def test_every_venue_account_is_as_before() -> None:
    case = _completed().again()
    case.steps("offer", "wait 16", "ada buys", "bo buys", "cy buys")
    state = case.venue.state
    assert state.accounts[case.bank().escrow_id].kind is AccountKind.ESCROW
    assert case.escrow() == 0 and case.fees_due() == 0
