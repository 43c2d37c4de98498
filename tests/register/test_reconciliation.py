"""A bank's and another register's statements beside the ledger: each kind of difference, suspension, resolution."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.corrections_messages import FreezeAsset, TransferUnits
from custody.funding_messages import Receipt, RecordReceipt
from custody.reconciliation import (
    CloseReconciliation,
    CompareLines,
    Difference,
    DifferenceResolved,
    IssueReleased,
    IssueSuspended,
    LinesCompared,
    OpenReconciliation,
    Reconciliation,
    ReconciliationClosed,
    ReconciliationOpened,
    ReconciliationStatus,
    ResolveDifference,
    StatementLine,
    Suspension,
)
from exchange.core.documents import FileDocument
from exchange.core.ids import AccountId, DifferenceId, ReconciliationId
from exchange.core.messages import Rejected
from exchange.core.units import Minor, Units
from tests.support import Venue

TODAY = "2026-03-02"
PAPER = hashlib.sha256(b"statement").hexdigest()


def venue() -> Venue:
    """A market in which wu holds 700 units and li 300, and the bank has their money."""
    made = Venue.sandbox(fee_ppm=0, fee_minimum=0)
    made.member("wu", cash=5_000)
    made.member("li", cash=2_000)
    made.instrument("INS", wu=700, li=300)
    made.do(FileDocument(sha256=PAPER, size_bytes=9, media_type="application/pdf", title="statement"))
    return made


def opened(at: Venue, **figures: Any) -> Reconciliation:
    """Open a statement of the bank, or of the asset where `total_units` is said."""
    subject = {"asset_id": at.asset("INS")} if "total_units" in figures else {"bank_id": at.bank_id}
    fields = {"source": "register", "statement_date": TODAY, "statement_sha256": PAPER} | subject | figures
    return at.make(OpenReconciliation(**fields), ReconciliationOpened).reconciliation


def holders(at: Venue, statement: Reconciliation, *rows: tuple[str, int], start: int = 0) -> list[Difference]:
    """Compare holders by name."""
    lines = [StatementLine(account_id=at.accounts[name], amount=units) for name, units in rows]
    lines.sort(key=lambda line: line.account_id or 0)
    command = CompareLines(reconciliation_id=statement.reconciliation_id, from_line=start, lines=tuple(lines))
    return list(at.make(command, LinesCompared).differences)


def closed(at: Venue, statement: Reconciliation, lines: int) -> ReconciliationClosed:
    """End a statement."""
    command = CloseReconciliation(reconciliation_id=statement.reconciliation_id, lines=lines)
    return at.make(command, ReconciliationClosed)


def told(differences: Any) -> str:
    """Differences in words: kind, ours beside theirs."""
    return ", ".join(f"{found.kind.value} {found.ours}/{found.theirs}" for found in differences)


# --- A register's statement -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "rows", "found"),
    [
        pytest.param(1_000, [("wu", 700), ("li", 300)], "", id="all agree"),
        pytest.param(1_001, [("wu", 700), ("li", 300)], "total_units 1000/1001", id="one unit more is issued there"),
        pytest.param(1_000, [("wu", 699), ("li", 300)], "holder_units 700/699", id="a holder has one unit less there"),
        pytest.param(1_000, [("wu", 700)], "holder_not_there 300/0", id="a holder is not in the file"),
        pytest.param(1_000, [("li", 300)], "holder_not_there 700/0", id="the first holder is not in the file"),
        pytest.param(1_000, [], "holder_not_there 700/0, holder_not_there 300/0", id="an empty file"),
        pytest.param(
            1_000, [("wu", 700), ("li", 300), ("zhao", 5)], "holder_not_here 0/5", id="a holder whom nobody knows here"
        ),
    ],
)
def test_each_way_in_which_a_register_differs(total: int, rows: list[tuple[str, int]], found: str) -> None:
    at = venue()
    at.member("zhao")
    statement = opened(at, total_units=total)
    differences = list(at.state.table(Difference).values())
    if rows:
        differences += holders(at, statement, *rows)
    end = closed(at, statement, len(rows))
    assert told([*differences, *end.differences]) == found
    agrees = not found
    assert (end.reconciliation.status is ReconciliationStatus.AGREED) is agrees
    assert at.state.assets[at.asset("INS")].frozen is not agrees
    at.close()


def test_a_holding_that_moved_meanwhile_is_not_guessed() -> None:
    at = venue()
    statement = opened(at, total_units=1_000)
    at.plays("""
        wu sells 10 @ 100 -> rests
        li buys  10 @ 100 -> wu 10 @ 100
    """)
    assert told(holders(at, statement, ("wu", 700), ("li", 300))) == "moved_since 690/700, moved_since 310/300"
    end = closed(at, statement, 2)
    assert end.reconciliation.status is ReconciliationStatus.DIFFERENT
    statement = opened(at, total_units=1_000)
    assert holders(at, statement, ("wu", 690), ("li", 310)) == []
    end = closed(at, statement, 2)
    assert [before.status for before in end.superseded] == [ReconciliationStatus.SUPERSEDED]
    assert len(end.ended) == 2
    assert not at.state.assets[at.asset("INS")].frozen, "a later statement agrees"
    at.close()


# --- Suspension -------------------------------------------------------------------------------------------------------


def suspended() -> tuple[Venue, list[Difference]]:
    """A venue whose issue is suspended: two holders differ."""
    at = venue()
    at.plays("wu sells 10 @ 100 -> rests")
    statement = opened(at, total_units=1_000)
    found = holders(at, statement, ("wu", 600), ("li", 400))
    command = CloseReconciliation(reconciliation_id=statement.reconciliation_id, lines=2)
    events = at.do(command)
    assert any(isinstance(event, IssueSuspended) for event in events)
    assert not at.state.orders, "what was open in it has ended"
    return at, found


def test_a_suspended_issue_takes_no_order_and_nobody_releases_it_by_hand() -> None:
    at, _ = suspended()
    at.plays("li buys 10 @ 100 -> asset.frozen")
    assert at.refusal(FreezeAsset(asset_id=at.asset("INS"), frozen=False, reason="please")) == "asset.suspended"
    at.close()


def test_every_difference_is_resolved_by_two_operators_before_it_trades_again() -> None:
    at, (first, second) = suspended()
    resolve = ResolveDifference(difference_id=first.difference_id, reason="their file was old", evidence_sha256=PAPER)
    events = at.by_two(resolve)
    assert any(isinstance(event, DifferenceResolved) for event in events)
    assert at.state.assets[at.asset("INS")].frozen
    [again] = at.by_two(resolve)
    assert isinstance(again, Rejected)
    assert again.code == "reconciliation.difference_unknown", "once"
    unknown = ResolveDifference(difference_id=second.difference_id, reason="so", evidence_sha256="0" * 64)
    [refused] = at.by_two(unknown)
    assert isinstance(refused, Rejected)
    assert refused.code == "document.unknown"
    other = ResolveDifference(difference_id=second.difference_id, reason="the same file", evidence_sha256=PAPER)
    assert any(isinstance(event, IssueReleased) for event in at.by_two(other))
    at.plays("li buys 10 @ 100 -> rests")
    at.close()


def test_an_issue_that_was_frozen_before_stays_frozen() -> None:
    at = venue()
    at.do(FreezeAsset(asset_id=at.asset("INS"), frozen=True, reason="a court"))
    statement = opened(at, total_units=999)
    holders(at, statement, ("wu", 700), ("li", 300))
    closed(at, statement, 2)
    statement = opened(at, total_units=1_000)
    holders(at, statement, ("wu", 700), ("li", 300))
    events = at.do(CloseReconciliation(reconciliation_id=statement.reconciliation_id, lines=2))
    assert any(isinstance(event, IssueReleased) for event in events)
    assert at.state.assets[at.asset("INS")].frozen
    assert not at.state.table(Suspension)
    at.close()


# --- A bank's statement -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client", "house", "payments", "found"),
    [
        pytest.param(7_150, 0, {"B-1": 100, "B-2": 50}, "", id="all agree"),
        pytest.param(7_150, 0, {"B-1": 100, "B-2": 50, "B-9": -400}, "", id="what was paid out is in the balance"),
        pytest.param(7_149, 0, {"B-1": 100, "B-2": 50}, "client_balance 7150/7149", id="a cent is missing"),
        pytest.param(7_150, 5, {"B-1": 100, "B-2": 50}, "house_balance 0/5", id="the house's account differs"),
        pytest.param(7_150, 0, {"B-1": 100}, "payment_not_there 50/0", id="a receipt the bank does not list"),
        pytest.param(7_150, 0, {"B-2": 50}, "payment_not_there 100/0", id="the first receipt is not listed"),
        pytest.param(
            7_150, 0, {"B-1": 100, "B-2": 50, "B-3": 7}, "payment_not_here 0/7", id="a payment nobody recorded"
        ),
        pytest.param(7_150, 0, {"B-1": 101, "B-2": 50}, "payment_amount 100/101", id="an amount differs"),
    ],
)
def test_each_way_in_which_a_bank_differs(client: int, house: int, payments: dict[str, int], found: str) -> None:
    at = venue()
    first = opened(at, closing_client_minor=Minor(7_000), closing_house_minor=Minor(0))
    lines = [StatementLine(reference=line.reference, amount=int(line.amount_minor)) for line in receipts(at)]
    at.do(CompareLines(reconciliation_id=first.reconciliation_id, from_line=0, lines=tuple(lines)))
    assert closed(at, first, len(lines)).reconciliation.status is ReconciliationStatus.AGREED
    for reference, amount in (("B-1", 100), ("B-2", 50)):
        at.do(
            RecordReceipt(
                bank_id=at.bank_id,
                reference=reference,
                payer_name="somebody",
                payer_account="CN00",
                amount_minor=Minor(amount),
            )
        )
    statement = opened(at, closing_client_minor=Minor(client), closing_house_minor=Minor(house))
    differences = list(at.state.table(Difference).values())
    rows = tuple(StatementLine(reference=reference, amount=amount) for reference, amount in payments.items())
    command = CompareLines(reconciliation_id=statement.reconciliation_id, from_line=0, lines=rows)
    differences += at.make(command, LinesCompared).differences
    end = closed(at, statement, len(rows))
    assert told([*differences, *end.differences]) == found
    assert end.reconciliation.status is (ReconciliationStatus.DIFFERENT if found else ReconciliationStatus.AGREED)
    assert not at.state.table(Suspension), "money is not suspended: the difference is listed"
    at.close()


def receipts(at: Venue) -> list[Any]:
    """The venue's receipts by reference."""
    return sorted(at.state.table(Receipt).values(), key=lambda receipt: receipt.reference)


# --- Every state and command ------------------------------------------------------------------------------------------

STEPS = ("open", "compare", "close", "resolve")
TABLE = {
    "none": ("", "reconciliation.unknown", "reconciliation.unknown", "reconciliation.difference_unknown"),
    "open": ("reconciliation.state", "", "", "reconciliation.difference_unknown"),
    "agreed": ("", "reconciliation.state", "reconciliation.state", "reconciliation.difference_unknown"),
    "different": ("", "reconciliation.state", "reconciliation.state", ""),
    "resolved": ("", "reconciliation.state", "reconciliation.state", "reconciliation.difference_unknown"),
    "superseded": ("", "reconciliation.unknown", "reconciliation.unknown", "reconciliation.difference_unknown"),
}


@pytest.mark.parametrize(("state", "step"), [(state, step) for state in TABLE for step in STEPS])
def test_every_state_and_command(state: str, step: str) -> None:
    at, statement, difference = in_state(state)
    commands: dict[str, Any] = {
        "open": OpenReconciliation(
            source="register",
            asset_id=at.asset("INS"),
            statement_date=TODAY,
            statement_sha256=PAPER,
            total_units=1_000,
        ),
        "compare": CompareLines(
            reconciliation_id=statement,
            from_line=0,
            lines=(StatementLine(account_id=at.accounts["wu"], amount=700),),
        ),
        "close": CloseReconciliation(reconciliation_id=statement, lines=0),
        "resolve": ResolveDifference(difference_id=difference, reason="so", evidence_sha256=PAPER),
    }
    if step == "resolve":
        events = at.by_two(commands[step])
        code = events[0].code.value if isinstance(events[0], Rejected) else ""
    else:
        code = at.refusal(commands[step])
    assert code == TABLE[state][STEPS.index(step)]
    at.close()


def in_state(state: str) -> tuple[Venue, ReconciliationId, DifferenceId]:
    """A venue whose statement is in that state, the statement, and a difference of it if it has one."""
    at = venue()
    if state == "none":
        return at, ReconciliationId(0), DifferenceId(0)
    statement = opened(at, total_units=1_000 if state in ("open", "agreed") else 999)
    found = next(iter(at.state.table(Difference)), 0)
    if state != "open":
        holders(at, statement, ("wu", 700), ("li", 300))
        closed(at, statement, 2)
    if state == "resolved":
        at.by_two(ResolveDifference(difference_id=DifferenceId(found), reason="so", evidence_sha256=PAPER))
    if state == "superseded":
        later = opened(at, total_units=1_000)
        holders(at, later, ("wu", 700), ("li", 300))
        closed(at, later, 2)
    return at, statement.reconciliation_id, DifferenceId(found)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"asset_id": None}, "reconciliation.invalid"),
        ({"total_units": None}, "reconciliation.invalid"),
        ({"closing_client_minor": Minor(1)}, "reconciliation.invalid"),
        ({"statement_date": "2026-03-03"}, "reconciliation.invalid"),
        ({"statement_date": "2026-02-30"}, "reconciliation.invalid"),
        ({"statement_sha256": "0" * 64}, "document.unknown"),
        ({"asset_id": 5}, "asset.unknown"),
        ({"bank_id": 5}, "bank.unknown"),
    ],
)
def test_a_statement_that_is_none_is_refused(changed: dict[str, Any], code: str) -> None:
    at = venue()
    fields: dict[str, Any] = {
        "source": "register",
        "asset_id": at.asset("INS"),
        "statement_date": TODAY,
        "statement_sha256": PAPER,
        "total_units": 1_000,
    }
    assert at.refusal(OpenReconciliation(**(fields | changed))) == code


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([("li", 300), ("wu", 700)], id="falling"),
        pytest.param([("wu", 700), ("wu", 700)], id="twice"),
        pytest.param([("wu", 0)], id="nothing held"),
    ],
)
def test_lines_in_another_order_are_refused_whole(rows: list[tuple[str, int]]) -> None:
    at = venue()
    statement = opened(at, total_units=1_000)
    lines = tuple(StatementLine(account_id=at.accounts[name], amount=units) for name, units in rows)
    command = CompareLines(reconciliation_id=statement.reconciliation_id, from_line=0, lines=lines)
    assert at.refusal(command) == "reconciliation.lines_invalid"
    stale = CompareLines(reconciliation_id=statement.reconciliation_id, from_line=7, lines=lines[:1])
    assert at.refusal(stale) == "reconciliation.stale"
    early = CloseReconciliation(reconciliation_id=statement.reconciliation_id, lines=1)
    assert at.refusal(early) == "reconciliation.stale"


# --- Against a model: two lists, compared at once ---------------------------------------------------------------------

UNITS = st.integers(0, 3)


@given(
    ours=st.lists(UNITS, min_size=5, max_size=5), theirs=st.lists(UNITS, min_size=5, max_size=5), cut=st.integers(1, 5)
)
@settings(max_examples=150, deadline=None)
def test_lines_in_slices_say_what_two_lists_say(ours: list[int], theirs: list[int], cut: int) -> None:
    at = crowd()
    names = [f"h{number}" for number in range(5)]
    for name, units in zip(names, ours, strict=True):
        if units:
            at.by_two(
                TransferUnits(
                    asset_id=at.asset("INS"),
                    from_account_id=at.accounts["wu"],
                    to_account_id=at.accounts[name],
                    units=Units(units),
                    reason="seed",
                )
            )
    here = {at.accounts[name]: units for name, units in zip(names, ours, strict=True) if units}
    here[at.accounts["wu"]] = 1_000 - sum(ours)
    there = {at.accounts[name]: units for name, units in zip(names, theirs, strict=True) if units}
    there[at.accounts["wu"]] = 1_000 - sum(ours)
    statement = opened(at, total_units=1_000)
    found: list[Difference] = []
    rows = [StatementLine(account_id=AccountId(account), amount=units) for account, units in sorted(there.items())]
    for start in range(0, len(rows), cut):
        command = CompareLines(
            reconciliation_id=statement.reconciliation_id, from_line=start, lines=tuple(rows[start : start + cut])
        )
        found += at.make(command, LinesCompared).differences
    found += closed(at, statement, len(rows)).differences
    expected = {
        account: (here.get(account, 0), there.get(account, 0))
        for account in here | there
        if here.get(account, 0) != there.get(account, 0)
    }
    assert {difference.account_id: (difference.ours, difference.theirs) for difference in found} == expected
    assert len(found) == len(expected), "each told once"


def crowd() -> Venue:
    """A venue with five more members and a thousand units at wu."""
    at = Venue.sandbox(fee_ppm=0, fee_minimum=0)
    at.member("wu")
    for number in range(5):
        at.member(f"h{number}")
    at.instrument("INS", wu=1_000)
    at.do(FileDocument(sha256=PAPER, size_bytes=9, media_type="application/pdf", title="statement"))
    return at
