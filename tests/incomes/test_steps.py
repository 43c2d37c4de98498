"""Every step of a distribution in every state, as one table; and who may take which."""

from __future__ import annotations

import functools

import pytest

from custody.corrections_messages import FreezeAccount
from custody.distribution_messages import DistributionState
from exchange.core.messages import Rejected
from exchange.core.parties import UserRight
from exchange.core.units import Minor
from tests.deals.stage import WRONG
from tests.incomes.stage import INCOME, Stage

PATHS = {
    "recorded": [],
    "awaiting_record": ["propose with date"],
    "planning": ["propose shares"],
    "planned": ["propose"],
    "approved": ["propose", "approve"],
    "paying": ["propose", "approve", "pay"],
    "paid": ["propose abroad", "approve", "pay", "run"],
    "waiting": ["freeze", "propose", "approve", "pay", "run"],
    "done": ["propose", "approve", "pay", "run"],
    "withdrawn": ["propose", "withdraw"],
    "no income": ["withdraw income"],
}
SHARES = ("awaiting_record", "planning")

TABLE = """
                | propose | approve  | pay    | run     | release | remit | withdraw  | withdraw income
recorded        | planned | -        | -      | .       | ?       | -     | -         | ok
awaiting_record | income  | state    | state  | .       | ?       | state | withdrawn | income
planning        | income  | state    | state  | planned | ?       | state | state     | income
planned         | income  | approved | state  | .       | ?       | state | withdrawn | income
approved        | income  | state    | paying | .       | ?       | state | withdrawn | income
paying          | income  | state    | state  | done    | ?       | state | state     | income
paid            | income  | state    | state  | .       | ?       | done  | state     | income
waiting         | income  | state    | state  | .       | frozen  | state | state     | income
done            | income  | -        | -      | .       | ?       | -     | -         | income
withdrawn       | planned | -        | -      | .       | ?       | -     | -         | ok
no income       | none    | -        | -      | .       | ?       | -     | -         | none
"""
CODES = {
    "-": "distribution.unknown",
    "?": "distribution.unclaimed_unknown",
    "state": "distribution.state",
    "income": "income.state",
    "none": "income.unknown",
    "frozen": "account.frozen",
    "ok": "",
    ".": "",
}
"""What the short words stand for; memory forgets what is over."""
LINES = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip("\n").splitlines()]


@functools.cache
def _stage_in(state: str) -> Stage:
    stage = Stage.cn()
    if state in SHARES:
        stage.floats(ada=100_000)
    for step in PATHS[state]:
        if step == "freeze":
            stage.venue.do(FreezeAccount(account_id=stage.venue.accounts["bo"], frozen=True))
        elif step == "propose with date":
            assert not stage.take("propose", record_date="2026-03-20")
        elif step == "propose abroad":
            assert not stage.take("propose", contributors=stage.payees(hana=(1, 1)))
        elif step == "propose shares":
            assert not stage.take("propose")
        else:
            stage.takes(step)
    return stage


@pytest.mark.parametrize("row", LINES[1:], ids=lambda row: row[0])
def test_a_step_is_taken_or_refused_as_the_table_says(row: list[str]) -> None:
    for step, cell in zip(LINES[0][1:], row[1:], strict=True):
        stage = _stage_in(row[0]).twin()
        became = stage.take(step)
        if not became and cell not in CODES:
            became = stage.distribution().state.value
        assert became == CODES.get(cell, cell), f"{row[0]}: {step}"
        stage.venue.close()


def test_the_table_names_every_state() -> None:
    assert {row[0] for row in LINES[1:]} == {*DistributionState, "recorded", "waiting", "no income"}
    assert [row[0] for row in LINES[1:]] == list(PATHS)


# --- Who may do what --------------------------------------------------------------------------------------------------


def test_the_maker_does_not_approve_and_only_the_owner_s_approvers_do() -> None:
    stage = Stage.cn()
    stage.planned()
    assert stage.take("approve", by="thu") == "approval.same_person"
    assert stage.take("approve", by="clerk") == "distribution.not_party"
    assert stage.take("approve", by="pku") == "distribution.not_party"
    assert stage.take("approve", plan_sha256=WRONG) == "distribution.plan_changed"
    stage.takes("approve")


def test_payment_takes_two_operators_and_names_the_plan() -> None:
    stage = Stage.cn()
    stage.planned()
    stage.takes("approve")
    command, _ = stage.steps_of("pay")
    assert stage.venue.refusal(command, "thu") == "role.not_allowed"
    [asked, *_] = stage.venue.do(command, "ops")
    approval_id = asked.approval.approval_id  # type: ignore[attr-defined]
    from exchange.core.node_messages import GrantApproval

    assert stage.venue.refusal(GrantApproval(approval_id=approval_id), "ops") == "approval.same_person"
    assert stage.take("pay", plan_sha256=WRONG) == "distribution.plan_changed"
    assert not stage.venue.refusal(GrantApproval(approval_id=approval_id), "ops2")
    assert stage.distribution().state is DistributionState.PAYING


def test_an_income_is_its_owner_s_alone() -> None:
    stage = Stage.cn()
    assert stage.take("propose", by="pku") == "income.not_party"
    assert stage.take("withdraw income", by="pku") == "income.not_party"
    stage.planned()
    assert stage.take("withdraw", by="pku") == "distribution.not_party"


def test_an_income_stays_in_its_account_until_it_is_distributed() -> None:
    stage = Stage.cn()
    account, money = stage.venue.accounts["thu"], stage.money_id()
    assert stage.venue.state.ledger.available(account, money) == 0
    second = stage.record(evidence_sha256=stage.file("thu", "another"), amount_minor=Minor(1))
    assert stage.venue.refusal(second, "thu") == "hold.insufficient_available"
    stage.takes("withdraw income")
    assert stage.venue.state.ledger.available(account, money) == INCOME
    assert not stage.venue.refusal(stage.record(), "thu"), "its source is free again"


# --- Frozen payees ----------------------------------------------------------------------------------------------------


def test_a_frozen_payee_s_part_waits_and_is_paid_once_after_its_release() -> None:
    stage = Stage.cn()
    account_id = stage.venue.accounts["hana"]
    stage.venue.do(FreezeAccount(account_id=account_id, frozen=True))
    stage.planned(contributors=stage.payees(ada=(1, 2), hana=(1, 2)))
    stage.takes("approve", "pay", "run")
    [part] = stage.waiting()
    assert (part.gross_minor, part.withheld_minor, stage.money("hana")) == (222_500_00, 22_250_00, 0)
    assert stage.take("remit") == "distribution.state", "nothing is withheld before it is paid"
    assert stage.take("release") == "account.frozen"
    stage.venue.restart()
    stage.venue.do(FreezeAccount(account_id=account_id, frozen=False))
    assert stage.take("release", by="ada") == "distribution.not_party"
    stage.takes("release")
    assert stage.money("hana") == 200_250_00
    assert stage.take("release", unclaimed_id=part.unclaimed_id) == "distribution.unclaimed_unknown"
    assert stage.distribution().state is DistributionState.PAID
    stage.takes("remit")
    assert stage.distribution().state is DistributionState.DONE
    stage.venue.close()


def test_a_clerk_without_the_right_to_trade_records_nothing() -> None:
    stage = Stage.without_income()
    stage.venue.user("guest", "thu", rights=(UserRight.VIEW,))
    events = stage.venue.do(stage.record(), "guest")
    assert isinstance(events[0], Rejected) and events[0].code.value == "account.not_yours"
