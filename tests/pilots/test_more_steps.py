"""Steps of custody's workflows that the other tables leave out: how a case begins, and what else ends it."""

from __future__ import annotations

from typing import Any

import pytest

from custody.pilot import PilotKind
from custody.pledges import ConsentAct, Proceeds, RefusePledge, ReleasePledge
from custody.preservations import LiftPreservation
from custody.reform import ReformDrafted
from exchange.core.ids import EncumbranceId, PilotId
from exchange.core.messages import Rejected
from tests.incomes.stage import Stage
from tests.pilots.stage import REPORTS, Case
from tests.pilots.test_reforms import Office
from tests.pledges.stage import Vault
from tests.state_tables import StateTable, answered, every_row


def newest(flow: str, case: Any) -> Any:
    """The number of the newest case of a workflow; 1, which is nobody's, if there is none."""
    return max((key for name, key in case.venue.steps.states if name == flow), default=1)


def each(flow: str, case: Any) -> str:
    """In which states the cases of a workflow are, in the order of the alphabet."""
    return " ".join(sorted({state for (name, _), state in case.venue.steps.states.items() if name == flow})) or "none"


# --- Encumbrances -----------------------------------------------------------------------------------------------------


def of_a_right(vault: Vault, step: str) -> str:
    """A step about lab's right, its pledge to the bank or a court's order."""
    entry = EncumbranceId(newest("encumbrance", vault))
    match step:
        case "lab pledges":
            return vault.venue.refusal(vault.request("bank", 300), "lab")
        case "registers":
            return vault.venue.refusal(vault.registering(entry))
        case "refuses":
            return vault.venue.refusal(RefusePledge(encumbrance_id=entry, reason="a paper is missing"))
        case "releases":
            return vault.venue.refusal(ReleasePledge(encumbrance_id=entry), "bank")
        case "enforces":
            return vault.venue.refusal(vault.enforcement(entry, "bank", 300), "bank")
        case "lets it be sold":
            consent = vault.consent(entry, "bank", ConsentAct.SALE, proceeds=Proceeds.DEPOSIT)
            return vault.venue.refusal(consent, "bank")
        case "court orders":
            return vault.court_orders(vault.right_id)
        case "court lifts":
            paper = vault.file("ops", "release")
            return vault.venue.refused_by_two(
                LiftPreservation(encumbrance_id=entry, reference="No. 8", document_sha256=paper)
            )
        case "sold":
            if refused := vault.venue.refusal(vault.proposal(), "lab"):
                return refused
            vault.deal_id = newest("agreement", vault)
            vault.steps("accept", "seller signs", "buyer signs")
            return ""
        case _:
            return vault.step(step)


PLEDGED = ("lab pledges", "registers")
ENCUMBRANCE = StateTable(
    "encumbrance",
    """
               | lab pledges | registers  | refuses | releases | enforces  | court orders | court lifts | sold       | confirm
    requested  | requested   | registered | refused | .        | .         | ordered      | -           | requested  | no deal
    refused    | requested   | -          | -       | -        | -         | ordered      | -           | refused    | no deal
    registered | checks      | .          | .       | released | enforcing | ordered      | -           | held       | no deal
    let go     | checks      | .          | .       | released | enforcing | ordered      | -           | registered | no deal
    being sold | deal.       | .          | .       | released | deal.     | ordered      | -           | deal.      | deposited
    deposited  | checks      | .          | .       | released | .         | ordered      | -           | owner      | no deal
    released   | requested   | -          | -       | -        | -         | ordered      | -           | released   | no deal
    enforcing  | listed      | .          | .       | released | listed    | ordered      | -           | held       | no deal
    ordered    | checks      | -          | -       | -        | -         | ordered      | lifted      | held       | no deal
    lifted     | requested   | -          | -       | -        | -         | ordered      | -           | lifted     | no deal
    """,  # noqa: E501 - a table is read across
    {
        "requested": ("lab pledges",),
        "refused": ("lab pledges", "refuses"),
        "registered": PLEDGED,
        "let go": (*PLEDGED, "lets it be sold"),
        "being sold": (*PLEDGED, "lets it be sold", "sold"),
        "deposited": (*PLEDGED, "lets it be sold", "sold", "confirm"),
        "released": (*PLEDGED, "releases"),
        "enforcing": (*PLEDGED, "enforces"),
        "ordered": ("court orders",),
        "lifted": ("court orders", "court lifts"),
    },
    Vault.cn,
    of_a_right,
    {
        ".": "pledge.state",
        "deal.": "deal.state",
        "listed": "listing.state",
        "-": "encumbrance.unknown",
        "no deal": "deal.unknown",
        "held": "right.encumbered",
        "checks": "pledge.checks_failed",
        "owner": "right.not_owned",
    },
)

# --- Programmes -------------------------------------------------------------------------------------------------------


def of_a_programme(case: Case, step: str) -> str:
    """A step of the reform programme at hand."""
    office = Office(case)
    office.reform_id = newest("reform programme", case)
    if step == "draft":
        events = case.venue.do(office.drafting())
        assert isinstance(events[0], ReformDrafted | Rejected)
        return answered(events)
    return office.step(step)


REFORM = StateTable(
    "reform programme",
    """
              | draft  | start | evaluate  | promote  | end
    draft     | exists | pilot | .         | .        | ended
    pilot     | exists | .     | evaluated | .        | ended
    evaluated | exists | .     | .         | promoted | ended
    promoted  | exists | .     | .         | promoted | ended
    ended     | exists | .     | .         | .        | .
    """,
    {
        "draft": ("draft",),
        "pilot": ("draft", "start"),
        "evaluated": ("draft", "start", "evaluate"),
        "promoted": ("draft", "start", "evaluate", "promote"),
        "ended": ("draft", "end"),
    },
    Case.cn,
    of_a_programme,
    {".": "reform.state", "exists": "reform.exists"},
)

# --- Pilots -----------------------------------------------------------------------------------------------------------


def of_a_pilot(case: Case, step: str) -> str:
    """A step of a pilot case, or of the transfer of the share that was kept."""
    if step in ("know-how", "patent", "use"):
        case.reports = REPORTS
        if step == "patent":
            case.patented()
        if step == "use":
            case.kind = PilotKind.USE_RIGHT
        return ""
    if step == "proposes":
        events = case.venue.do(case.opening(), "thu")
        case.pilot_id = PilotId(newest("pilot assignment", case))
        return answered(events)
    return case.step(step)


AGREEING = ("proposes", "decide", "wait 16", "thu signs", "ada signs", "bo signs")
LAST = "cy signs"
BOUGHT = ("offer", "wait 16", "ada buys", "bo buys", "cy buys")
PILOTS: dict[str, tuple[str, ...]] = {
    "proposed": ("know-how", "proposes"),
    "notice": ("know-how", "proposes", "decide"),
    "objected": ("know-how", "proposes", "decide", "object"),
    "stopped": ("know-how", "proposes", "decide", "object", "uphold"),
    "withdrawn": ("know-how", "proposes", "withdraw"),
    "one to sign": ("know-how", *AGREEING),
    "completed": ("know-how", *AGREEING, LAST),
    "revoked": ("know-how", *AGREEING, LAST, "revoke"),
    "patent, one to sign": ("patent", *AGREEING),
    "recording": ("patent", *AGREEING, LAST),
    "recorded": ("patent", *AGREEING, LAST, "confirm"),
    "not recorded": ("patent", *AGREEING, LAST, "no record"),
    "use, one to sign": ("use", *AGREEING),
    "use right": ("use", *AGREEING, LAST),
    "use right revoked": ("use", *AGREEING, LAST, "revoke"),
    "use right over": ("use", *AGREEING, LAST, "wait 3660"),
    "sale not recorded": ("patent", *AGREEING, LAST, "confirm", *BOUGHT, "refuse kept"),
}
PILOT_CODES = {
    ".": "pilot.state",
    "-": "pilot.unknown",
    "shown": "pilot.notice_running",
    "no report": "pilot.report_unknown",
    "office": "recordal.invalid",
}
CAME: dict[str, Any] = {}
PILOT = StateTable(
    "pilot assignment",
    """
                        | proposes | cy signs  | confirm   | no record        | ada reports | revoke  | offer
    proposed            | .        | shown     | .         | .                | no report   | .       | .
    notice              | .        | shown     | .         | .                | no report   | .       | .
    objected            | .        | shown     | .         | .                | no report   | .       | .
    stopped             | proposed | -         | -         | -                | no report   | -       | -
    withdrawn           | proposed | -         | -         | -                | no report   | -       | -
    one to sign         | .        | completed | .         | .                | no report   | .       | .
    completed           | .        | .         | .         | .                | completed   | revoked | completed
    revoked             | proposed | -         | -         | -                | no report   | -       | -
    patent, one to sign | .        | recording | .         | .                | no report   | .       | .
    recording           | .        | .         | completed | recordal_refused | no report   | .       | .
    recorded            | .        | .         | .         | .                | completed   | office  | completed
    not recorded        | proposed | -         | -         | -                | no report   | -       | -
    use, one to sign    | .        | completed | .         | .                | no report   | .       | .
    use right           | .        | .         | .         | .                | completed   | revoked | .
    use right revoked   | proposed | -         | -         | -                | no report   | -       | -
    use right over      | proposed | -         | -         | -                | no report   | -       | -
    sale not recorded   | .        | .         | .         | .                | completed   | office  | completed
    """,
    PILOTS,
    Case.cn,
    of_a_pilot,
    PILOT_CODES,
    shown=lambda case: case.pilot().state.value,
    also=("use right", "tracking report", "sale of a kept share"),
    came=CAME,
)
REPORT = StateTable(
    "tracking report",
    """
                        | cy signs | confirm | ada reports | revoke
    proposed            | shown    | .       | no report   | .
    notice              | shown    | .       | no report   | .
    objected            | shown    | .       | no report   | .
    stopped             | -        | -       | no report   | -
    withdrawn           | -        | -       | no report   | -
    one to sign         | owed     | .       | no report   | .
    completed           | .        | .       | filed owed  | dropped
    revoked             | -        | -       | no report   | -
    patent, one to sign | none     | .       | no report   | .
    recording           | .        | owed    | no report   | .
    recorded            | .        | .       | filed owed  | office
    not recorded        | -        | -       | no report   | -
    use, one to sign    | owed     | .       | no report   | .
    use right           | .        | .       | filed owed  | dropped
    use right revoked   | -        | -       | no report   | -
    use right over      | -        | -       | no report   | -
    sale not recorded   | .        | .       | filed owed  | office
    """,
    PILOTS,
    Case.cn,
    of_a_pilot,
    PILOT_CODES,
    shown=lambda case: each("tracking report", case),
    also=("pilot assignment", "use right"),
    came=CAME,
)

# --- Income -----------------------------------------------------------------------------------------------------------


def of_an_income(stage: Stage, step: str) -> str:
    """A step of an income."""
    if step == "records":
        events = stage.venue.do(stage.record(), "thu")
        stage.income_id = newest("income", stage)
        return answered(events)
    return stage.take(step)


INCOME = StateTable(
    "income",
    """
                    | records  | propose | withdraw | withdraw income
    recorded        | source   | planned | no plan  | withdrawn
    planned         | source   | .       | recorded | .
    planned no more | source   | planned | no plan  | withdrawn
    distributed     | source   | .       | plan.    | .
    withdrawn       | recorded | -       | no plan  | -
    """,
    {
        "recorded": ("records",),
        "planned": ("records", "propose"),
        "planned no more": ("records", "propose", "withdraw"),
        "distributed": ("records", "propose", "approve", "pay"),
        "withdrawn": ("records", "withdraw income"),
    },
    Stage.without_income,
    of_an_income,
    {
        ".": "income.state",
        "-": "income.unknown",
        "no plan": "distribution.unknown",
        "plan.": "distribution.state",
        "source": "income.source_invalid",
    },
    also=("distribution",),
)
TABLES = (ENCUMBRANCE, REFORM, PILOT, REPORT, INCOME)


@pytest.mark.parametrize(("table", "row"), every_row(*TABLES))
def test_every_step_in_every_state_is_taken_or_refused(table: StateTable, row: list[str]) -> None:
    table.check(row)
