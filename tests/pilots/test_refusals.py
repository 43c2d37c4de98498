"""Whatever stands in a pilot assignment's way, one row each: its code, and the provision the refusal cites."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.corrections_messages import FreezeAccount, FreezeAsset
from custody.outcomes import DeclaredFunding, Outcome
from custody.pilot import PilotKind, TeamMember, TeamShare, splits_whole, team_units
from custody.pilot_life import IncentiveRecorded, RecordIncentive
from custody.rights import RightForm, TitleCheck, units_for
from exchange.core.ids import AccountId, MarketId, OutcomeId, ReformId
from exchange.core.membership import GrantMandate
from exchange.core.messages import Header, Record
from exchange.core.parties import UserRight
from exchange.core.postings import Movement
from exchange.core.units import Minor, TimeNs
from exchange.engine.state import ExchangeState
from tests.deals.stage import WRONG
from tests.pilots.stage import PRIVATE, PUBLIC, TEAM, THIRD, Case, part

Arrange = Callable[[Case], dict[str, Any]]
"""Puts something in the way, and answers the terms that differ."""


def _terms(**changed: Any) -> Arrange:
    return lambda _: changed


def _funds(*sources: DeclaredFunding) -> Arrange:
    def arrange(case: Case) -> dict[str, Any]:
        case.custody(funding=sources)
        return {}

    return arrange


def _fund(fiscal: bool, amount_minor: int) -> DeclaredFunding:
    return DeclaredFunding(source="fund", country="CN", fiscal=fiscal, amount_minor=Minor(amount_minor))


def _team(*shares: tuple[str, int, int]) -> Arrange:
    def arrange(case: Case) -> dict[str, Any]:
        accounts = case.venue.accounts
        named = tuple(TeamShare(account_id=accounts[name], share=part(a, b)) for name, a, b in shares)
        return {"team": named, "representative_id": named[0].account_id}

    return arrange


def _right(**changed: Any) -> Arrange:
    def arrange(case: Case) -> dict[str, Any]:
        case.change_right(**changed)
        return {}

    return arrange


def _pooled(case: Case) -> dict[str, Any]:
    outcome_id = case.outcome_id

    def seed(state: ExchangeState, header: Header) -> list[Record | Movement]:
        del header
        outcome = msgspec.structs.replace(state.table(Outcome)[outcome_id], form=RightForm.POOLED)
        state.put(outcome)
        return [outcome]

    case.venue.seed(seed)
    return {}


def _frozen(case: Case) -> dict[str, Any]:
    case.venue.do(FreezeAsset(asset_id=case.right_id, frozen=True))
    return {}


def _institution_frozen(case: Case) -> dict[str, Any]:
    case.venue.do(FreezeAccount(account_id=case.venue.accounts["thu"], frozen=True))
    return {}


def _runs_already(case: Case) -> dict[str, Any]:
    case.opened()
    return {}


def _assigned_before(case: Case) -> dict[str, Any]:
    case.opened()
    case.steps("decide", "wait 16", "thu signs", "ada signs", "bo signs", "cy signs")
    return {}


def _without_custody(case: Case) -> dict[str, Any]:
    return {"outcome_id": case.outcome("thu", funding=(PUBLIC,))}


def _another_s(case: Case) -> dict[str, Any]:
    return {"outcome_id": case.outcome("pku", funding=(PUBLIC,))}


def _being_sold(case: Case) -> dict[str, Any]:
    case.custody(patent_ids=(case.patent("thu"),))
    case.offered()
    return {}


def _too_fine(case: Case) -> dict[str, Any]:
    """Halves, the one in 997 parts and the other in 1,009: no multiple of a million below the limit has them whole."""
    parts = _team(("ada", 1, 1_994), ("bo", 996, 1_994), ("cy", 1, 2_018), ("dee", 1_008, 2_018))
    return parts(case) | {"kind": PilotKind.USE_RIGHT}


def _rewarded(case: Case) -> dict[str, Any]:
    document = case.file("thu", "reward")
    case.venue.make(RecordIncentive(outcome_id=case.outcome_id, document_sha256=document), IncentiveRecorded, "thu")
    return {}


def _listed(case: Case) -> dict[str, Any]:
    case.custody(patent_ids=(case.patent("thu"),))
    case.admitted("thu", case.whole("thu", case.right_id))
    return {}


REFUSED: list[tuple[str, Arrange, str, str]] = [
    ("no such account", _terms(account_id=AccountId(1)), "account.unknown", ""),
    ("another's account", lambda case: {"account_id": case.venue.accounts["pku"]}, "account.not_yours", ""),
    ("account frozen", _institution_frozen, "account.frozen", ""),
    ("no such market", _terms(market_id=MarketId(1)), "market.unknown", ""),
    ("no such outcome", _terms(outcome_id=OutcomeId(1)), "outcome.unknown", ""),
    ("a case runs", _runs_already, "pilot.state", ""),
    ("assigned before", _assigned_before, "pilot.state", ""),
    ("another's outcome", _another_s, "right.not_owned", ""),
    ("no member", lambda case: _team(("ada", 1, 1))(case) | {"team": (_nobody(),)}, "pilot.team_invalid", ""),
    ("an investor in the team", _team(("ada", 1, 2), ("li", 1, 2)), "pilot.team_invalid", ""),
    ("the institution in the team", _team(("ada", 1, 2), ("thu", 1, 2)), "pilot.team_invalid", ""),
    ("named twice", _team(("ada", 1, 2), ("ada", 1, 2)), "pilot.team_invalid", ""),
    ("a stranger speaks", lambda case: {"representative_id": case.venue.accounts["dee"]}, "pilot.team_invalid", ""),
    ("parts below one", _team(("ada", 1, 3), ("bo", 1, 3)), "pilot.shares_invalid", ""),
    ("parts above one", _team(("ada", 1, 2), ("bo", 1, 2), ("cy", 1, 1_000_000)), "pilot.shares_invalid", ""),
    (
        "a use right in parts too fine",
        lambda case: _too_fine(case) | {"kind": PilotKind.USE_RIGHT},
        "pilot.shares_invalid",
        "",
    ),
    ("touches security", _terms(touches_security=True), "pilot.excluded", ""),
    ("rewarded already", _rewarded, "pilot.incentive_given", ""),
    ("no such programme", _terms(reform_id=ReformId(1)), "reform.unknown", ""),
    ("funds stated twice", _terms(funding=(PUBLIC,)), "pilot.not_eligible", ""),
    ("no funds stated", _funds(), "pilot.not_eligible", "CN-PILOT-128"),
    ("exactly half is not mainly", _funds(_fund(True, 500), _fund(False, 500)), "pilot.not_eligible", "CN-PILOT-128"),
    ("private money", _funds(PRIVATE), "pilot.not_eligible", "CN-PILOT-128"),
    ("not in custody", _without_custody, "right.not_owned", ""),
    ("pooled", _pooled, "right.immobilised", ""),
    ("right frozen", _frozen, "asset.frozen", ""),
    ("burdened", _right(encumbered=True), "right.encumbered", ""),
    ("title unknown", _right(title=TitleCheck.UNKNOWN), "right.title_unknown", ""),
    ("title with a defect", _right(title=TitleCheck.DEFECT), "right.title_unknown", ""),
    ("being sold", _being_sold, "deal.state", ""),
    ("listed", _listed, "listing.state", ""),
    ("no split on file", _terms(split_sha256=WRONG), "document.unknown", ""),
]


def _nobody() -> TeamShare:
    return TeamShare(account_id=AccountId(1), share=part(1, 1))


@pytest.mark.parametrize(
    ("arrange", "code", "provision"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_proposal_is_refused(arrange: Arrange, code: str, provision: str) -> None:
    case = Case.cn()
    changed = arrange(case)
    assert case.refused(case.opening(**changed), "thu") == (code, provision)


def test_one_fen_more_than_half_is_mainly() -> None:
    case = Case.cn(funding=(_fund(True, 501), _fund(False, 500)))
    assert case.opened().funding[0].fiscal


def test_funds_may_be_stated_with_the_case_where_the_outcome_states_none() -> None:
    case = Case.cn(funding=())
    assert case.opened(funding=(PUBLIC, PRIVATE)).funding[1].source == "Li Ltd"
    case.venue.close()


def test_a_pilot_keeps_its_outcome_from_being_sold_meanwhile() -> None:
    case = Case.cn(patent_ids=())
    case.custody(patent_ids=(case.patent("thu"),))
    case.opened()
    assert case.refused(case.proposal(), "thu") == ("pilot.state", "")
    case.steps("withdraw")
    case.offered()


# --- Who may do what -------------------------------------------------------------------------------------------------


def test_only_an_institution_proposes_and_its_other_approver_decides() -> None:
    case = Case.cn()
    assert case.venue.refusal(case.opening(), "ada") == "role.not_allowed"
    case.opened()
    assert case.step("decide", by="thu") == "approval.same_person"
    assert case.step("decide", by="clerk") == "pilot.not_party"
    assert case.step("decide", by="pku") == "pilot.not_party"
    assert case.step("decide", decision_sha256=WRONG) == "document.unknown"
    assert case.step("withdraw", by="pku") == "pilot.not_party"
    case.steps("decide")


def test_who_objected_does_not_decide_it_and_only_operators_do() -> None:
    case = Case.cn()
    case.opened()
    case.steps("decide")
    assert not case.step("object", by="ops")
    assert case.step("uphold", by="thu") == "role.not_allowed"
    assert case.step("uphold", by="ops") == "approval.same_person"
    assert not case.step("dismiss", by="ops2")


def test_everybody_signs_for_themselves() -> None:
    case = Case.cn()
    case.opened()
    case.steps("decide", "wait 16")
    assert case.step("thu signs", by="ada") == "pilot.not_party"
    assert case.step("dee signs") == "pilot.not_party"
    case.steps("thu signs")
    assert case.step("ada signs", by="bo") == "pilot.not_party"
    assert case.step("ada signs", terms=case.terms(team_share=THIRD)) == "pilot.terms_changed"
    case.steps("ada signs", "bo signs", "cy signs")


def test_one_person_does_not_sign_for_the_institution_and_for_an_inventor() -> None:
    case = Case.cn()
    case.opened()
    case.steps("decide", "wait 16")
    mandate = GrantMandate(
        account_id=case.venue.accounts["ada"],
        user_id=case.venue.users["thu"],
        rights=(UserRight.TRADE,),
        valid_from_ns=TimeNs(0),
        valid_until_ns=TimeNs(2**62),
    )
    case.venue.do(mandate, "ada")
    case.steps("thu signs")
    assert case.step("ada signs", by="thu") == "approval.same_person"
    case.steps("ada signs")


# --- Shares ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "code"),
    [
        (part(7, 10), ""),
        (part(1, 1), ""),
        (part(1, 7), "pilot.shares_invalid"),
        (part(11, 10), "pilot.shares_invalid"),
        (part(1, 1_000_000), ""),
        (part(1, 999_999), "pilot.shares_invalid"),
    ],
)
def test_every_part_is_a_whole_number_of_units(share: Any, code: str) -> None:
    case = Case.cn()
    case.opened()
    case.steps("decide", "wait 16")
    assert case.step("thu signs", terms=case.terms(team_share=share)) == code


def test_duties_are_on_file() -> None:
    case = Case.cn()
    case.opened()
    case.steps("decide", "wait 16")
    assert case.step("thu signs", terms=case.terms(duties_sha256=WRONG)) == "document.unknown"


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(1, 30), st.integers(0, 30))
def test_parts_are_exact_or_refused(weights: list[int], numerator: int, more: int) -> None:
    whole, share = sum(weights), Fraction(numerator, numerator + more)
    parts = [part(weight, whole) for weight in weights]
    team = [TeamMember(account_id=AccountId(1), numerator=weight, denominator=whole) for weight in weights]
    assert splits_whole([TeamShare(account_id=AccountId(1), share=each) for each in parts])
    fine = units_for(tuple(part(weight * share.numerator, whole * share.denominator) for weight in weights))
    assert fine is not None
    units = team_units(fine, share, team)
    assert units is not None and sum(units) == fine * share
    assert [Fraction(part_units, fine) for part_units in units] == [share * Fraction(w, whole) for w in weights]


# --- What comes in between -------------------------------------------------------------------------------------------


def _freeze_inventor(case: Case) -> dict[str, Any]:
    case.venue.do(FreezeAccount(account_id=case.venue.accounts["ada"], frozen=True))
    return {}


BETWEEN: list[tuple[str, Arrange, str]] = [
    ("an inventor frozen", _freeze_inventor, "account.frozen"),
    ("right frozen", _frozen, "asset.frozen"),
    ("burdened", _right(encumbered=True), "right.encumbered"),
    ("title unknown", _right(title=TitleCheck.UNKNOWN), "right.title_unknown"),
]


@pytest.mark.parametrize(("arrange", "code"), [row[1:] for row in BETWEEN], ids=[row[0] for row in BETWEEN])
def test_the_last_signature_asks_everything_again(arrange: Arrange, code: str) -> None:
    case = Case.cn()
    case.opened()
    case.steps("decide", "wait 16", "thu signs", "ada signs", "bo signs")
    arrange(case)
    assert case.step("cy signs") == code
    assert [case.has_of(name) for name in TEAM] == [0, 0, 0]


def test_a_calendar_that_ends_refuses_the_decision() -> None:
    case = Case.cn()
    case.opened()
    case.venue.pass_time(days=660)
    assert case.step("decide") == "calendar.not_covered"
