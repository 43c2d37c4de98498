"""A deal served from its first collection to its last note, to the cent of the waterfall."""

from __future__ import annotations

from exchange.core.node_messages import ContinueRun
from securitization.evaluate import run_deal
from securitization.explain import DealRun
from securitization.issue_messages import IssueState, NoteLock
from securitization.servicing import pots
from securitization.servicing_records import DealPayment, Duty, DutyKind, DutyState, Servicing
from tests.servicing.stage import JUNIOR, SENIOR, Stage, deal_and_periods


def serve_period(stage: Stage, *, restarts: bool = False) -> DealPayment:
    """All steps of one period, in time."""
    for name in ("import", "deposit", "prepare"):
        assert stage.step(name) == "", name
    if stage.payment().missing_minor:
        assert stage.step("approve") == "payment.not_funded"
        assert stage.step("fund") == ""
    assert stage.step("approve") == ""
    payment = stage.payment()
    assert stage.step("pay") == "payment.record_pending"
    stage.to_payment_date()
    if restarts:
        stage.venue.restart()
    assert stage.step("pay") == ""
    if restarts:
        stage.venue.restart()
    stage.venue.finish_runs()
    return payment


def test_every_period_pays_what_the_whole_run_of_the_deal_says_and_the_notes_end_at_zero() -> None:
    stage = Stage.opened()
    deal, periods = deal_and_periods()
    whole = run_deal(deal, periods)
    assert isinstance(whole, DealRun)
    for number, expected in enumerate(whole.periods, start=1):
        before = {name: stage.venue.cash(name) for name in ("wu", "ren", "li", "licensor0", "trustee")}
        payment = serve_period(stage, restarts=number == 2)
        assert payment.result == expected  # each amount, and each of its reasons
        shares = pots(deal, expected)
        got = {name: stage.venue.cash(name) - before[name] for name in before}
        assert got["wu"] + got["ren"] + got["li"] + got["licensor0"] == sum(shares.values())
        assert abs(got["wu"] * 90 - shares["senior"] * 60) < 90  # a cent at most, by largest remainder
        fees = sum(each.amount_minor for each in expected.payments if each.kind == "fee")
        assert got["trustee"] == fees
        ledger = stage.venue.state.ledger
        accounts = {one.name: one.account_id for one in payment_accounts(stage)}
        for name, account_id in accounts.items():
            assert ledger.units(account_id, stage.venue.money) == expected.figures[f"account.{name}"]
        balances = {one.name: one.balance_minor for one in stage.issue().classes}
        assert balances == {name: expected.figures[f"tranche.{name}.balance"] for name in balances}
        over = number == len(whole.periods)
        assert stage.issue().state is (IssueState.REDEEMED if over else IssueState.ESTABLISHED)
        kept = stage.venue.state.table(NoteLock)[stage.notes["junior"]].units
        assert kept == ledger.held(stage.venue.accounts["licensor0"], stage.notes["junior"]) == (0 if over else 3)
    assert stage.servicing_id not in stage.venue.state.table(Servicing)
    for name, parts in (("senior", SENIOR), ("junior", JUNIOR)):
        assert all(stage.venue.state.ledger.units(stage.venue.accounts[who], stage.notes[name]) == 0 for who in parts)
    stage.venue.close()


def payment_accounts(stage: Stage) -> tuple[object, ...]:
    """The deal's accounts, from the opening on."""
    for entry in stage.venue.journal:
        for event in entry.events:
            found = getattr(event, "servicing", None)
            if isinstance(found, Servicing):
                return found.accounts
    raise AssertionError("no servicing")


def test_a_line_that_does_not_pay_in_is_left_out_and_the_trustee_is_on_duty() -> None:
    stage = Stage.opened()
    poor = stage.periods[0].__class__(
        interest_minor=0,
        principal_minor=0,
        recoveries_minor=0,
        defaults_minor=0,
        balance_minor=1_050_000,
        valuation_minor=1_500_000,
    )
    stage.venue.do(stage.collection(poor), "servicer")
    assert stage.step("prepare") == ""
    called = stage.payment().pay_ins
    assert [one.name for one in called] == ["line"]
    duties = [duty.kind for duty in stage.venue.state.table(Duty).values()]
    assert duties == [DutyKind.TOP_UP]
    stage.to_payment_date()  # the top-up was due five days before
    payment = stage.payment()
    assert (payment.revision, payment.failed_supports, payment.missing_minor) == (2, ("line",), 0)
    duty = next(iter(stage.venue.state.table(Duty).values()))
    assert (duty.kind, duty.state) == (DutyKind.PAY_INSTRUCTION, DutyState.OPEN)
    assert stage.step("approve") == ""
    assert stage.step("pay") == ""
    stage.venue.finish_runs()
    assert stage.servicing().period == 2
    owed = {one.name: one.interest_due for one in stage.servicing().running.tranches}
    assert owed["senior"] == payment.result.figures["tranche.senior.interest_due"] > 0
    stage.venue.close()


def test_a_corrected_collection_withdraws_the_payment_and_takes_the_difference() -> None:
    stage = Stage.opened()
    for name in ("import", "deposit", "prepare", "approve"):
        assert stage.step(name) == ""
    before = stage.venue.cash("servicer")
    smaller = stage.periods[0].__class__(
        **{name: getattr(stage.periods[0], name) for name in stage.periods[0].__struct_fields__}
        | {"interest_minor": 20_000}
    )
    assert stage.step("import") == "collection.version"
    stage.venue.do(stage.collection(smaller, version=2), "servicer")
    assert stage.servicing().payment_id == 0
    assert stage.step("prepare") == "collection.not_deposited"
    assert stage.step("deposit") == ""
    assert stage.venue.cash("servicer") - before == 23_625 - 20_000
    assert stage.step("prepare") == ""
    stage.venue.close()


def test_a_node_that_stops_between_two_classes_still_ends_the_payment() -> None:
    stage = Stage.opened()
    for name in ("import", "deposit", "prepare", "approve"):
        assert stage.step(name) == ""
    stage.to_payment_date()
    assert stage.step("pay") == ""
    venue = stage.venue
    first = min(venue.state.runs)
    while first in venue.state.runs:
        venue.do(ContinueRun(run_id=first, from_position=venue.state.runs[first].position), "node")
    assert venue.state.runs, "another class is still to be paid"
    venue.restart()
    venue.finish_runs()
    assert (stage.servicing().period, stage.servicing().paying) == (2, False)
    venue.close()
