"""Pilot first, promote later: every step of a programme in every stage, and whose case begins under which version."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from custody.pilot import PilotKind, PilotState
from custody.reform import (
    DraftReform,
    EndReform,
    EvaluateReform,
    PromoteReform,
    Reform,
    ReformDrafted,
    ReformScope,
    StartReformPilot,
)
from exchange.core.calendar import local_date
from exchange.core.ids import MarketId, MemberId, ReformId, to_wire
from exchange.core.instruments import TechnologyClass
from exchange.core.messages import Command, Rejected
from exchange.core.units import Ppm
from exchange.engine.state import VENUE_TIME_ZONE
from tests.deals.stage import WRONG
from tests.pilots.stage import Case, part

TWO = ("start", "promote")
"""The steps that open or widen: two operators take them."""


class Office:
    """The reform office of a case's market, with one programme: `thu` is in scope, for membranes and dyes."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.reform_id = ReformId(0)

    def scope(self, **changed: Any) -> ReformScope:
        """Thu alone, from half to nine tenths of the right, from half of the income on, twenty days of notice."""
        fields: dict[str, Any] = {
            "unit_ids": (self.case.venue.members["thu"],),
            "fields": ("membranes", "dyes"),
            "negative_fields": ("isotopes",),
            "excluded_classes": (TechnologyClass.PROHIBITED,),
            "team_from_ppm": Ppm(500_000),
            "team_to_ppm": Ppm(900_000),
            "income_from_ppm": Ppm(500_000),
            "income_to_ppm": Ppm(1_000_000),
            "notice_days": 20,
        }
        return ReformScope(**(fields | changed))

    def drafting(self, **changed: Any) -> DraftReform:
        """The command that puts the programme on record."""
        fields: dict[str, Any] = {
            "name": "graded share",
            "market_id": self.case.cn_market,
            "scope": self.scope(),
            "document_sha256": self.case.file("ops", "programme"),
        }
        return DraftReform(**(fields | changed))

    def drafted(self) -> Office:
        """Put the programme on record."""
        self.reform_id = self.case.venue.make(self.drafting(), ReformDrafted).reform.reform_id
        return self

    def now(self) -> Reform:
        """The programme as it stands."""
        return self.case.venue.state.table(Reform)[self.reform_id]

    def day(self, days: int) -> str:
        """The venue's date in so many days."""
        today = local_date(self.case.venue.clock_ns, VENUE_TIME_ZONE)
        return date.isoformat(today + timedelta(days=days))

    def step(self, step: str, **changed: Any) -> str:
        """Take one step; the code it is refused with, or nothing."""
        version = self.now().version if self.reform_id in self.case.venue.state.table(Reform) else 1
        text = self.case.file("ops", "text")
        steps: dict[str, tuple[Callable[..., Command], dict[str, Any]]] = {
            "start": (StartReformPilot, {"version": version, "starts_on": self.day(0), "ends_on": self.day(1_095)}),
            "evaluate": (EvaluateReform, {"report_sha256": text}),
            "promote": (PromoteReform, {"version": version, "scope": self.scope(), "document_sha256": text}),
            "end": (EndReform, {"reason": "superseded"}),
        }
        make, fields = steps[step]
        command = make(**({"reform_id": self.reform_id, **fields} | changed))
        events = self.case.venue.by_two(command) if step in TWO else self.case.venue.do(command)
        return events[0].code.value if isinstance(events[0], Rejected) else ""

    def steps(self, *steps: str) -> None:
        """Take several steps, none of which is refused; `wait DAYS` lets time pass."""
        for step in steps:
            if step.startswith("wait "):
                self.case.step(step)
            else:
                assert not self.step(step), step

    def opening(self, **changed: Any) -> tuple[str, str]:
        """What a case that names the programme is refused with: its code, and the field of the programme it cites."""
        named = {"reform_id": self.reform_id, "field": "membranes"} | changed
        rejected = self.case.venue.do(self.case.opening(**named), "thu")[0]
        if not isinstance(rejected, Rejected):
            return "", ""
        return rejected.code.value, rejected.rule.field if rejected.rule else ""


TABLE = """
          | start   | evaluate  | promote   | end   | a case
draft     | pilot   | .         | .         | ended | stage
pilot     | .       | evaluated | .         | ended | opens
evaluated | .       | .         | promoted  | ended | opens
promoted  | .       | .         | promoted  | ended | opens
ended     | .       | .         | .         | .     | stage
"""
PATHS = {
    "draft": (),
    "pilot": ("start",),
    "evaluated": ("start", "evaluate"),
    "promoted": ("start", "evaluate", "promote"),
    "ended": ("start", "end"),
}
LINES = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip("\n").splitlines()]


@functools.cache
def _office_in(stage: str) -> Office:
    office = Office(Case.cn()).drafted()
    office.steps(*PATHS[stage])
    return office


def _again(stage: str) -> Office:
    before = _office_in(stage)
    office = Office(before.case.again())
    office.reform_id = before.reform_id
    return office


@pytest.mark.parametrize("row", LINES[1:], ids=lambda row: row[0])
def test_a_step_is_taken_or_refused_as_the_table_says(row: list[str]) -> None:
    for step, cell in zip(LINES[0][1:-1], row[1:-1], strict=True):
        office = _again(row[0])
        became = office.step(step) or office.now().stage.value
        assert became == ("reform.state" if cell == "." else cell), f"{row[0]}: {step}"
        office.case.venue.close()
    office = _again(row[0])
    assert office.opening() == (("", "") if row[-1] == "opens" else ("pilot.out_of_scope", "stage"))


def test_the_table_names_every_stage() -> None:
    assert [line[0] for line in LINES[1:]] == list(PATHS)


# --- Whose case begins ------------------------------------------------------------------------------------------------


def test_what_the_last_day_of_the_pilot_allows_the_next_day_does_not_until_promotion() -> None:
    office = Office(Case.cn()).drafted()
    assert not office.step("start", ends_on=office.day(30))
    office.steps("wait 30")
    before = office.case.again()
    assert office.opening() == ("", "")
    office = _with(before, office)
    office.steps("wait 1")
    assert office.opening() == ("pilot.out_of_scope", "stage")
    office.steps("evaluate")
    assert office.opening() == ("pilot.out_of_scope", "stage")
    office.steps("promote")
    assert office.opening() == ("", "")
    office.case.venue.close()


def test_before_the_first_day_nobody_opens_a_case() -> None:
    office = Office(Case.cn()).drafted()
    assert not office.step("start", starts_on=office.day(1), ends_on=office.day(9))
    assert office.opening() == ("pilot.out_of_scope", "stage")
    office.steps("wait 1")
    assert office.opening() == ("", "")


def _with(case: Case, office: Office) -> Office:
    other = Office(case)
    other.reform_id = office.reform_id
    return other


Changes = dict[str, Any]
OUTSIDE: list[tuple[str, Changes, Changes, str, str]] = [
    ("another unit", {"unit_ids": "pku"}, {}, "pilot.out_of_scope", "unit_ids"),
    ("every unit", {"unit_ids": (), "all_units": True}, {}, "", ""),
    ("only use rights", {"kinds": (PilotKind.USE_RIGHT,)}, {}, "pilot.out_of_scope", "kinds"),
    ("another field", {}, {"field": "alloys"}, "pilot.out_of_scope", "fields"),
    ("no field named", {}, {"field": ""}, "pilot.out_of_scope", "fields"),
    ("on the negative list", {}, {"field": "isotopes"}, "pilot.excluded", "negative_fields"),
    ("every field but those", {"fields": ()}, {"field": "alloys"}, "", ""),
    (
        "a class left out",
        {"excluded_classes": (TechnologyClass.UNCLASSIFIED,)},
        {},
        "pilot.excluded",
        "excluded_classes",
    ),
    ("no programme named", {}, {"reform_id": None}, "pilot.out_of_scope", "reform_id"),
    ("no such programme", {}, {"reform_id": ReformId(1)}, "reform.unknown", ""),
    ("in scope", {}, {}, "", ""),
]


@pytest.mark.parametrize(
    ("scope", "case", "code", "field"), [row[1:] for row in OUTSIDE], ids=[row[0] for row in OUTSIDE]
)
def test_a_case_is_in_scope_or_refused_citing_the_programme(
    scope: Changes, case: Changes, code: str, field: str
) -> None:
    office = Office(Case.cn())
    if scope.get("unit_ids") == "pku":
        scope = {"unit_ids": (office.case.venue.members["pku"],)}
    draft = office.drafting(scope=office.scope(**scope))
    office.reform_id = office.case.venue.make(draft, ReformDrafted).reform.reform_id
    office.steps("start")
    assert office.opening(**case) == (code, field)


def test_a_refusal_names_programme_and_version() -> None:
    office = Office(Case.cn()).drafted()
    office.steps("start")
    command = office.case.opening(reform_id=office.reform_id, field="alloys")
    [rejected] = office.case.venue.do(command, "thu")
    assert isinstance(rejected, Rejected) and rejected.rule is not None
    assert (rejected.rule.profile, rejected.rule.version) == ("graded share", 2)
    assert rejected.rule.provision == to_wire("RP", office.reform_id)


def test_a_market_that_never_opened_a_programme_takes_cases_without_one() -> None:
    office = Office(Case.cn()).drafted()
    office.steps("end")
    assert office.opening(reform_id=None, field="") == ("", "")


# --- What a case keeps ------------------------------------------------------------------------------------------------


def test_a_case_keeps_the_terms_it_began_under_and_the_next_has_the_new_ones() -> None:
    office = Office(Case.cn()).drafted()
    office.steps("start")
    case = office.case
    case.opened(reform_id=office.reform_id, field="membranes")
    office.steps("evaluate")
    assert not office.step("promote", scope=office.scope(team_from_ppm=Ppm(800_000), notice_days=40))
    case.steps("decide", "wait 22")
    assert case.pilot().state is PilotState.AGREEING, "twenty days, not forty"
    assert case.pilot().reform_version == 2
    case.steps("thu signs", "ada signs", "bo signs", "cy signs")
    assert [case.has_of(name) for name in case.team] == [700_000] * 3, "seven tenths, below the new range"
    case.custody()
    case.opened(reform_id=office.reform_id, field="membranes")
    case.steps("decide", "wait 22")
    assert case.pilot().state is PilotState.NOTICE
    case.steps("wait 23")
    assert case.step("thu signs") == "pilot.terms_invalid"
    assert case.step("thu signs", terms=case.terms(team_share=part(4, 5))) == ""
    case.venue.close()


def test_a_case_goes_on_after_its_programme_has_ended() -> None:
    office = Office(Case.cn()).drafted()
    office.steps("start")
    office.case.opened(reform_id=office.reform_id, field="dyes")
    office.steps("end")
    office.case.steps("decide", "wait 22", "thu signs", "ada signs", "bo signs", "cy signs")
    assert office.case.pilot().state is PilotState.COMPLETED
    office.case.venue.close()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"team_share": part(1, 2)}, ""),
        ({"team_share": part(9, 10)}, ""),
        ({"team_share": part(499_999, 1_000_000)}, "pilot.terms_invalid"),
        ({"team_share": part(900_001, 1_000_000)}, "pilot.terms_invalid"),
        ({"income_ratio_ppm": Ppm(500_000)}, ""),
        ({"income_ratio_ppm": Ppm(499_999)}, "pilot.terms_invalid"),
        ({"use_years": 10}, "pilot.terms_invalid"),
        ({"use_transferable": True}, "pilot.terms_invalid"),
    ],
)
def test_an_agreement_keeps_within_the_ranges_to_their_last_ppm(changed: Changes, code: str) -> None:
    office = Office(Case.cn()).drafted()
    office.steps("start")
    office.case.opened(reform_id=office.reform_id, field="dyes")
    office.case.steps("decide", "wait 22")
    assert office.case.step("thu signs", terms=office.case.terms(**changed)) == code


# --- What is no programme ---------------------------------------------------------------------------------------------

INVALID: list[tuple[str, Changes, str]] = [
    ("fewer days than the profile", {"notice_days": 14}, "reform.terms_invalid"),
    ("as many days as the profile", {"notice_days": 15}, ""),
    ("a range upside down", {"team_from_ppm": Ppm(900_001)}, "reform.terms_invalid"),
    ("another upside down", {"income_from_ppm": Ppm(2), "income_to_ppm": Ppm(1)}, "reform.terms_invalid"),
    ("nobody in scope", {"unit_ids": ()}, "reform.terms_invalid"),
    ("some and all", {"all_units": True}, "reform.terms_invalid"),
    ("a field twice", {"fields": ("dyes", "dyes")}, "reform.terms_invalid"),
    ("a field in and out", {"negative_fields": ("dyes",)}, "reform.terms_invalid"),
    ("a stranger", {"unit_ids": (MemberId(1),)}, "member.unknown"),
]


@pytest.mark.parametrize(("changed", "code"), [row[1:] for row in INVALID], ids=[row[0] for row in INVALID])
def test_a_scope_that_contradicts_itself_is_refused_drafted_and_promoted(changed: Changes, code: str) -> None:
    office = Office(Case.cn())
    assert office.case.venue.refusal(office.drafting(scope=office.scope(**changed))) == code
    office = _again("evaluated")
    assert office.step("promote", scope=office.scope(**changed)) == code


def test_a_draft_names_its_market_its_text_and_a_name_of_its_own() -> None:
    office = Office(Case.cn())
    refusal = office.case.venue.refusal
    assert refusal(office.drafting(market_id=MarketId(1))) == "market.unknown"
    assert refusal(office.drafting(document_sha256=WRONG)) == "document.unknown"
    office.drafted()
    assert refusal(office.drafting()) == "reform.exists"
    assert office.step("start", reform_id=ReformId(1)) == "reform.unknown"


def test_two_operators_sign_the_version_they_read_and_days_that_can_be() -> None:
    office = Office(Case.cn()).drafted()
    assert office.step("start", version=2) == "reform.terms_invalid"
    assert office.step("start", starts_on=office.day(2), ends_on=office.day(1)) == "reform.terms_invalid"
    assert office.step("start", starts_on=office.day(-2), ends_on=office.day(-1)) == "reform.terms_invalid"
    assert office.step("start", ends_on="2027-02-30") == "reform.terms_invalid"
    assert office.step("start", ends_on=office.day(0)) == ""
    assert office.step("evaluate", report_sha256=WRONG) == "document.unknown"
    office.steps("evaluate")
    assert office.step("promote", version=2) == "reform.terms_invalid"
    assert office.step("promote", document_sha256=WRONG) == "document.unknown"
    office.steps("promote")
    assert office.now().version == 4
