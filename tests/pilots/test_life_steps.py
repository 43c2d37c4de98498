"""Every later step of a pilot in every state, as tables: recordal, reports, extension, revocation, the kept share."""

from __future__ import annotations

import functools

import pytest

from custody.pilot import PilotKind
from tests.pilots.stage import REPORTS, TEAM, Case

SIGNED = ("decide", "wait 16", "thu signs", *(f"{name} signs" for name in TEAM))
LINES = [
    [cell.strip() for cell in line.split("|")]
    for line in """
                 | confirm   | no record        | ada reports | extend    | revoke   | offer     | withdraw | decide
proposed         | .         | .                | none        | .         | .        | .         | withdrawn| notice
agreeing         | .         | .                | none        | .         | .        | .         | withdrawn| .
recording        | completed | recordal_refused | none        | .         | .        | .         | .        | .
completed        | .         | .                | completed   | .         | revoked  | completed | .        | .
recorded         | .         | .                | completed   | .         | office   | completed | .        | .
use right        | .         | .                | completed   | missing   | revoked  | .         | .        | .
reported on      | .         | .                | completed   | completed | revoked  | .         | .        | .
late with one    | .         | .                | completed   | missing   | revoked  | .         | .        | .
revoked          | -         | -                | none        | -         | -        | -         | -        | -
expired          | -         | -                | none        | -         | -        | -         | -        | -
lapsed           | -         | -                | none        | -         | -        | -         | -        | -
refused          | -         | -                | none        | -         | -        | -         | -        | -
""".strip("\n").splitlines()
]
CODES = {
    ".": "pilot.state",
    "-": "pilot.unknown",
    "none": "pilot.report_unknown",
    "missing": "pilot.reports_missing",
    "office": "recordal.invalid",
}
PATHS: dict[str, tuple[str, tuple[str, ...]]] = {
    "proposed": ("know-how", ()),
    "agreeing": ("know-how", ("decide", "wait 16")),
    "recording": ("patent", SIGNED),
    "completed": ("know-how", SIGNED),
    "recorded": ("patent", (*SIGNED, "confirm")),
    "use right": ("use", SIGNED),
    "reported on": ("use", (*SIGNED, "ada reports")),
    "late with one": ("use", (*SIGNED, "ada reports", "wait 367")),
    "revoked": ("know-how", (*SIGNED, "revoke")),
    "expired": ("use", (*SIGNED, "wait 3660")),
    "lapsed": ("patent", (*SIGNED, "wait 181")),
    "refused": ("patent", (*SIGNED, "no record")),
}


@functools.cache
def _case_in(state: str) -> Case:
    matter, steps = PATHS[state]
    case = Case.cn()
    case.reports = REPORTS
    if matter == "patent":
        case.patented()
    elif matter == "use":
        case.kind = PilotKind.USE_RIGHT
    case.opened()
    case.steps(*steps)
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


# --- A kept share -----------------------------------------------------------------------------------------------------

KEPT = [
    [cell.strip() for cell in line.split("|")]
    for line in """
            | object   | uphold  | dismiss | ada buys | cy buys   | withdraw  | confirm   | refuse  | offer
notice      | objected | .       | .       | shown    | shown     | withdrawn | .         | .       | .
objected    | .        | stopped | notice  | shown    | shown     | withdrawn | .         | .       | .
signing     | .        | .       | .       | signing  | signing   | withdrawn | .         | .       | .
two signed  | .        | .       | .       | .        | completed | withdrawn | .         | .       | .
two waiting | .        | .       | .       | .        | recording | withdrawn | .         | .       | .
recording   | .        | .       | .       | .        | .         | .         | completed | refused | .
completed   | -        | -       | -       | -        | -         | -         | -         | -       | nothing
withdrawn   | -        | -       | -       | -        | -         | -         | -         | -       | notice
stopped     | -        | -       | -       | -        | -         | -         | -         | -       | notice
lapsed      | -        | -       | -       | -        | -         | -         | -         | -       | notice
""".strip("\n").splitlines()
]
KEPT_CODES = {
    ".": "kept_share.state",
    "-": "kept_share.unknown",
    "shown": "kept_share.notice_running",
    "nothing": "right.not_owned",
    "refused": "recordal_refused",
}
BOUGHT = ("offer", "wait 16", "ada buys", "bo buys")
KEPT_PATHS: dict[str, tuple[str, tuple[str, ...]]] = {
    "notice": ("know-how", ("offer",)),
    "objected": ("know-how", ("offer", "object kept")),
    "signing": ("know-how", ("offer", "wait 16")),
    "two signed": ("know-how", BOUGHT),
    "two waiting": ("patent", BOUGHT),
    "recording": ("patent", (*BOUGHT, "cy buys")),
    "completed": ("know-how", (*BOUGHT, "cy buys")),
    "withdrawn": ("know-how", (*BOUGHT, "withdraw kept")),
    "stopped": ("know-how", ("offer", "object kept", "uphold kept")),
    "lapsed": ("patent", (*BOUGHT, "cy buys", "wait 181")),
}


def kept_share_of(matter: str) -> Case:
    """A team has its share, and the institution keeps one that it may sell."""
    case = Case.cn()
    if matter == "patent":
        case.patented()
    case.assigned(*(("confirm",) if matter == "patent" else ()))
    return case


@functools.cache
def _kept_in(state: str) -> Case:
    matter, steps = KEPT_PATHS[state]
    case = kept_share_of(matter)
    case.steps(*steps)
    return case


@pytest.mark.parametrize("row", KEPT[1:], ids=lambda row: row[0])
def test_a_step_of_a_kept_share_is_taken_or_refused_as_the_table_says(row: list[str]) -> None:
    for step, cell in zip(KEPT[0][1:], row[1:], strict=True):
        case = _kept_in(row[0]).again()
        named = step if step == "offer" or step.endswith("buys") else f"{step} kept"
        became = case.step(named) or case.kept_share().state.value
        assert became == KEPT_CODES.get(cell, cell), f"{row[0]}: {step}"
        case.venue.close()


def test_the_table_names_every_state_of_a_kept_share() -> None:
    assert [line[0] for line in KEPT[1:]] == list(KEPT_PATHS)
