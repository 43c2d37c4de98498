"""Workflow 8: an institution gives its inventors part of a right, from the proposal to the sale of what it kept."""

from __future__ import annotations

from custody.pilot import Pilot, PilotKind
from tests.journeys.script import Acts, walk
from tests.pilots.stage import PRIVATE, REPORTS, TEAM, Case


def proposes(case: Case, by: str = "thu") -> str:
    """Open a case and keep it at hand, or answer the code of the refusal."""
    refused = case.venue.refusal(case.opening(), by)
    case.pilot_id = max(case.venue.state.table(Pilot), default=case.pilot_id)
    return refused


def said(case: Case, text: str) -> None:
    """Walk with the lines of this journey that the text says."""
    lines: Acts = {
        "thu proposes": lambda: proposes(case),
        "pku proposes": lambda: proposes(case, "pku"),
        "the unit decides": lambda: case.step("decide"),
        "the clerk decides": lambda: case.step("decide", "clerk"),
        "pku objects": lambda: case.step("object"),
        "pku dismisses the objection": lambda: case.step("dismiss", "pku"),
        "ops dismisses the objection": lambda: case.step("dismiss"),
        "ops upholds the objection": lambda: case.step("uphold"),
        **{f"{name} signs": lambda name=name: case.step(f"{name} signs") for name in ("thu", *TEAM, "dee")},
        "the office records the co-owners": lambda: case.step("confirm"),
        "the office refuses": lambda: case.step("no record"),
        **{f"{name} reports": lambda name=name: case.step(f"{name} reports") for name in ("ada", "dee")},
        "thu offers what it kept": lambda: case.step("offer"),
        **{f"{name} buys": lambda name=name: case.step(f"{name} buys") for name in (*TEAM, "dee")},
        "the office records the sale": lambda: case.step("confirm kept"),
        "the unit extends the use": lambda: case.step("extend"),
        "two operators revoke it": lambda: case.step("revoke"),
        "the case is": lambda: case.pilot().state.value,
        "the sale is": lambda: case.kept_share().state.value,
        "ada, bo, cy and thu own": lambda: ", ".join(str(case.has_of(name)) for name in (*TEAM, "thu")),
    }
    whole = {" ".join(line.partition("->")[0].partition("#")[0].split()) for line in text.splitlines()}
    walk(case, text, {line: act for line, act in lines.items() if line in whole})


def test_a_team_gets_seven_tenths_of_a_patent_and_later_buys_the_rest() -> None:
    case = Case.cn()
    case.patented()
    said(
        case,
        """
        # Proposed, decided by the unit, public for fifteen days; an objection stops the clock.
        pku proposes                           -> account.not_yours
        thu proposes
        thu proposes                           -> pilot.state
        ada signs                              -> pilot.notice_running
        the clerk decides                      -> pilot.not_party
        the unit decides
        thu signs                              -> pilot.notice_running
        pku objects
        the unit decides                       -> pilot.state
        pku dismisses the objection            -> role.not_allowed
        ops dismisses the objection
        14 days pass
        thu signs                              -> pilot.notice_running
        2 days pass

        # Everybody signs the same terms; then the office records the co-owners, and units move with that.
        dee signs                              -> pilot.not_party
        thu signs
        thu signs                              -> pilot.state
        ada signs
        the exchange restarts
        bo signs
        ada, bo, cy and thu own                -> 0, 0, 0, 3000000
        cy signs
        the case is                            -> recording
        the office records the co-owners
        the case is                            -> completed
        ada, bo, cy and thu own                -> 700000, 700000, 700000, 900000

        # The unit sells what it kept to the team: priced, public, signed by all, recorded.
        thu offers what it kept
        ada buys                               -> kept_share.notice_running
        16 days pass
        dee buys                               -> kept_share.not_party
        ada buys
        bo buys
        cy buys
        the sale is                            -> recording
        the office records the sale
        ada, bo, cy and thu own                -> 1000000, 1000000, 1000000, 0
        """,
    )
    case.venue.close()


def test_an_outcome_of_private_money_is_no_pilot_s() -> None:
    case = Case.cn(funding=(PRIVATE,))
    said(case, "thu proposes -> pilot.not_eligible")
    case.venue.close()


def test_an_upheld_objection_and_an_office_s_refusal_each_end_the_case_where_it_began() -> None:
    for text in (
        """
        thu proposes
        the unit decides
        pku objects
        ops upholds the objection
        the case is                            -> stopped
        """,
        """
        thu proposes
        the unit decides
        16 days pass
        thu signs
        ada signs
        bo signs
        cy signs
        the office refuses
        the case is                            -> recordal_refused
        the office records the co-owners       -> pilot.unknown
        """,
    ):
        case = Case.cn()
        case.patented()
        said(case, text + "\nada, bo, cy and thu own -> 0, 0, 0, 3000000")
        assert case.held() == 0
        case.venue.close()


def test_a_use_right_of_ten_years_is_reported_on_extended_and_revoked_for_cause() -> None:
    case = Case.cn()
    case.reports, case.kind = REPORTS, PilotKind.USE_RIGHT
    said(
        case,
        """
        thu proposes
        the unit decides
        16 days pass
        thu signs
        ada signs
        bo signs
        cy signs
        the case is                            -> completed
        ada, bo, cy and thu own                -> 0, 0, 0, 3000000   # the right itself stays with the unit
        the unit extends the use               -> pilot.reports_missing
        dee reports                            -> pilot.not_party
        ada reports
        the unit extends the use
        two operators revoke it
        the case is                            -> revoked
        """,
    )
    case.venue.close()
