"""Every step of a pilot case in every state, as one table; and the golden paths to the ledger entry."""

from __future__ import annotations

import functools

import pytest

from custody.outcomes import PriorClaimKind
from custody.pilot import PilotCompleted, PilotState
from custody.rights import TitleCheck
from tests.pilots.stage import TEAM, THIRD, Case, part

PATHS = {
    "proposed": [],
    "notice": ["decide"],
    "objected": ["decide", "object"],
    "agreeing": ["decide", "wait 16"],
    "thu signed": ["decide", "wait 16", "thu signs"],
    "two signed": ["decide", "wait 16", "thu signs", "ada signs", "bo signs"],
    "completed": ["decide", "wait 16", "thu signs", "bo signs", "ada signs", "cy signs"],
    "withdrawn": ["withdraw"],
    "stopped": ["decide", "object", "uphold"],
}

TABLE = """
           | decide | object   | uphold  | dismiss | thu signs | ada signs | cy signs  | withdraw
proposed   | notice | .        | .       | .       | shown     | shown     | shown     | withdrawn
notice     | .      | objected | .       | .       | shown     | shown     | shown     | withdrawn
objected   | .      | .        | stopped | notice  | shown     | shown     | shown     | withdrawn
agreeing   | .      | .        | .       | .       | agreeing  | .         | .         | withdrawn
thu signed | .      | .        | .       | .       | .         | agreeing  | agreeing  | withdrawn
two signed | .      | .        | .       | .       | .         | .         | completed | withdrawn
completed  | .      | .        | .       | .       | .         | .         | .         | .
withdrawn  | -      | -        | -       | -       | -         | -         | -         | -
stopped    | -      | -        | -       | -       | -         | -         | -         | -
"""
CODES = {".": "pilot.state", "shown": "pilot.notice_running", "-": "pilot.unknown"}
"""What the short words of the table stand for; memory forgets a case that assigned nothing."""
LINES = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip("\n").splitlines()]


@functools.cache
def _case_in(state: str) -> Case:
    case = Case.cn()
    case.opened()
    case.steps(*PATHS[state])
    return case


@pytest.mark.parametrize("row", LINES[1:], ids=lambda row: row[0])
def test_a_step_is_taken_or_refused_as_the_table_says(row: list[str]) -> None:
    for step, cell in zip(LINES[0][1:], row[1:], strict=True):
        case = _case_in(row[0]).again()
        became = case.step(step) or case.pilot().state.value
        assert became == CODES.get(cell, cell), f"{row[0]}: {step}"
        case.venue.close()


def test_the_table_names_every_state() -> None:
    assert [line[0] for line in LINES[1:]] == list(PATHS)


# --- Golden paths ----------------------------------------------------------------------------------------------------


def test_the_last_signature_moves_exact_units_to_the_inventors() -> None:
    case = Case.cn()
    case.opened()
    case.steps("decide", "wait 16", "thu signs", "ada signs", "bo signs")
    assert [case.has_of(name) for name in TEAM] == [0, 0, 0]
    case.steps("cy signs")
    assert case.venue.state.assets[case.right_id].total_units == 3_000_000
    assert [case.has_of(name) for name in TEAM] == [700_000] * 3, "7/10 of the whole, a third of it each"
    assert case.has_of("thu") == 900_000
    assigned = case.last(PilotCompleted).assigned
    assert [(entry.account_id, entry.units) for entry in assigned] == [
        (case.venue.accounts[name], 700_000) for name in TEAM
    ]
    case.venue.close()


def test_the_inventors_own_the_outcome_too_and_nobody_sells_it_without_them() -> None:
    case = Case.cn(patent_ids=())
    case.opened()
    case.steps("decide", "wait 16", "thu signs", "ada signs", "bo signs", "cy signs")
    outcome = case.outcome_now()
    assert outcome.member_id == case.venue.members["thu"]
    assert outcome.co_owner_ids == tuple(case.venue.members[name] for name in TEAM)
    assert [claim.waiver_sha256 for claim in outcome.claims if claim.kind is PriorClaimKind.CO_OWNER] == [""]
    case.venue.close()


def test_an_assigned_patent_is_no_longer_sold_whole_by_the_institution() -> None:
    case = Case.cn()
    case.custody(patent_ids=(case.patent("thu"),))
    case.assigned("confirm")
    assert case.refused(case.proposal(), "thu") == ("right.not_owned", "")


def test_shares_that_float_are_assigned_as_shares() -> None:
    case = Case.cn()
    share_id = case.floated()
    case.opened()
    case.steps("decide", "wait 16", "thu signs", "ada signs", "bo signs", "cy signs")
    assert [case.has_of(name, share_id) for name in ("thu", *TEAM)] == [900_000, 700_000, 700_000, 700_000]
    assert case.outcome_now().co_owner_ids == ()
    case.venue.close()


def test_the_whole_may_be_assigned_and_one_inventor_may_be_the_team() -> None:
    case = Case.cn(shares=())
    case.team = ("ada",)
    case.opened()
    case.steps("decide", "wait 16")
    terms = case.terms(team_share=part(1, 1))
    assert not case.step("thu signs", terms=terms)
    assert not case.step("ada signs", terms=terms)
    assert (case.has_of("ada"), case.has_of("thu")) == (1_000_000, 0)
    case.venue.close()


def test_the_notice_ends_with_its_fifteenth_day_and_not_before() -> None:
    case = Case.cn()
    case.opened()
    case.steps("decide")
    due = case.pilot().notice_until_ns
    assert due == 1_773_763_200 * 10**9, "2026-03-18, 00:00 in Shanghai"
    case.venue.clock_ns = due - 10_000_000
    assert case.step("thu signs") == "pilot.notice_running"
    case.venue.clock_ns = due
    assert not case.step("thu signs")


def test_an_objection_stops_the_clock_and_a_dismissal_starts_it_anew() -> None:
    case = Case.cn()
    case.opened()
    case.steps("decide", "wait 14", "object", "wait 200")
    assert case.pilot().state is PilotState.OBJECTED
    case.steps("dismiss", "wait 14")
    assert case.step("thu signs") == "pilot.notice_running"
    case.steps("wait 8", "thu signs")
    case.venue.close()


def test_after_an_upheld_objection_or_a_withdrawal_another_case_may_be_opened() -> None:
    case = Case.cn()
    first = case.opened()
    case.steps("decide", "object", "uphold")
    second = case.opened()
    case.steps("withdraw")
    assert len({first.pilot_id, second.pilot_id, case.opened().pilot_id}) == 3


def test_other_terms_of_the_institution_void_the_signatures_of_the_team() -> None:
    case = Case.cn()
    case.opened()
    case.steps("decide", "wait 16", "thu signs", "ada signs", "bo signs")
    other = case.terms(team_share=THIRD)
    assert case.step("cy signs", terms=other) == "pilot.terms_changed"
    case.team = TEAM
    assert case.step("thu signs", terms=case.terms(team_share=part(3, 10))) == ""
    assert [member.signed_by for member in case.pilot().team] == [0, 0, 0]
    assert case.step("cy signs") == "pilot.terms_changed"
    for name in TEAM:
        assert not case.step(f"{name} signs", terms=case.terms(team_share=part(3, 10)))
    assert [case.has_of(name) for name in TEAM] == [300_000] * 3
    case.venue.close()


def test_a_restart_in_the_middle_of_a_case_loses_nothing() -> None:
    case = Case.cn()
    case.opened()
    for step in ("decide", "wait 16", "thu signs", "ada signs", "bo signs", "cy signs"):
        case.venue.restart()
        case.steps(step)
    assert case.pilot().state is PilotState.COMPLETED
    assert case.right_of(case.right_id).title is TitleCheck.CLEAR
    case.venue.close()
