"""Every state of a period, every command: allowed, or refused with which code; and why a holder got what it got."""

from __future__ import annotations

import dataclasses
import functools
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine

from custody.corrections_messages import FreezeAccount
from exchange.core.ids import DealPaymentId, IssueId
from exchange.store.queries.deal_payments import explanation
from securitization.deal import Deal, deal_hash, read_deal
from securitization.deal_terms import FixedCoupon
from securitization.offering_messages import Pricing
from securitization.servicing import pots
from securitization.servicing_messages import OpenServicing, ReleaseUnpaidPart
from securitization.servicing_records import Servicing, UnpaidPart
from tests.issuing import stage as issuing
from tests.servicing.stage import Stage, text

COMMANDS = ("import", "deposit", "prepare", "fund", "approve", "pay", "perfect", "serve")
PERIOD = ("import", "deposit", "prepare", "approve", "wait", "pay", "runs")
POOR = ("import nothing", "prepare", "wait", "approve", "pay", "runs")
"""A period whose line does not pay in: its day passes, and the payment is worked out again without it."""
STATES: dict[str, tuple[str, ...]] = {
    "open": (),
    "late": ("late",),
    "parted": ("import part",),
    "collected": ("import",),
    "deposited": ("import", "deposit"),
    "late done": ("late", "import", "deposit"),
    "corrected": ("import", "deposit", "prepare", "import again"),
    "prepared": ("import", "deposit", "prepare"),
    "called": ("import nothing", "prepare"),
    "missed": ("import nothing", "prepare", "wait"),
    "approved": ("import", "deposit", "prepare", "approve"),
    "paying": ("import", "deposit", "prepare", "approve", "wait", "pay"),
    "redeemed": (*PERIOD, *PERIOD, *PERIOD, *PERIOD),
    "unpaid": (*POOR, *POOR, *POOR, *POOR),
}
TABLE = """
            | import                | deposit               | prepare                  | fund               | approve         | pay             | perfect                 | serve
open        | ok                    | collection.incomplete | collection.incomplete    | payment.unknown    | payment.unknown | payment.unknown | servicing.not_triggered | servicing.exists
late        | ok                    | collection.incomplete | collection.incomplete    | payment.unknown    | payment.unknown | payment.unknown | ok                      | servicing.exists
parted      | collection.version    | collection.incomplete | collection.incomplete    | payment.unknown    | payment.unknown | payment.unknown | servicing.not_triggered | servicing.exists
collected   | collection.version    | ok                    | collection.not_deposited | payment.unknown    | payment.unknown | payment.unknown | servicing.not_triggered | servicing.exists
deposited   | collection.version    | collection.period     | ok                       | payment.unknown    | payment.unknown | payment.unknown | servicing.state         | servicing.exists
late done   | collection.version    | collection.period     | ok                       | payment.unknown    | payment.unknown | payment.unknown | servicing.state         | servicing.exists
corrected   | collection.version    | ok                    | collection.not_deposited | payment.unknown    | payment.unknown | payment.unknown | servicing.state         | servicing.exists
prepared    | collection.version    | collection.period     | payment.state            | payment.not_called | ok              | payment.state   | servicing.state         | servicing.exists
called      | collection.version    | collection.period     | payment.state            | ok                 | payment.not_funded | payment.state | servicing.state        | servicing.exists
missed      | collection.version    | collection.period     | payment.state            | payment.not_called | ok              | payment.state   | servicing.state         | servicing.exists
approved    | collection.version    | collection.period     | payment.state            | payment.state      | payment.state   | payment.record_pending | servicing.state  | servicing.exists
paying      | collection.period     | collection.incomplete | payment.state            | payment.state      | payment.state   | payment.state   | servicing.state         | servicing.exists
redeemed    | servicing.unknown     | servicing.unknown     | servicing.unknown        | payment.unknown    | payment.unknown | payment.unknown | servicing.unknown       | issue.state
unpaid      | servicing.unknown     | servicing.unknown     | servicing.unknown        | payment.unknown    | payment.unknown | payment.unknown | servicing.unknown       | issue.state
"""  # noqa: E501


def _rows() -> list[tuple[str, str, str]]:
    lines = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip("\n").splitlines()[1:]]
    assert [line[0] for line in lines] == list(STATES)
    return [(line[0], command, code) for line in lines for command, code in zip(COMMANDS, line[1:], strict=True)]


@functools.cache
def _stage_in(state: str) -> Stage:
    stage = Stage.opened()
    for name in STATES[state]:
        match name:
            case "wait":
                stage.to_payment_date()
            case "late":
                stage.to_collection_day()
            case "runs":
                stage.venue.finish_runs()
            case _:
                assert stage.step(name) == "", name
    return stage


def _at(state: str) -> Stage:
    """A stage of its own whose servicing has come so far."""
    stage = _stage_in(state)
    return dataclasses.replace(stage, venue=stage.venue.copy())


@pytest.mark.parametrize(("state", "command", "code"), _rows())
def test_what_each_state_allows(state: str, command: str, code: str) -> None:
    assert _at(state).step(command) == ("" if code == "ok" else code)


def test_only_the_parties_act_and_only_by_the_hash_that_was_worked_out() -> None:
    stage = _at("prepared")
    for name, by in (("import", "wu"), ("deposit", "trustee"), ("prepare", "guarantor")):
        command = {"import": stage.collection(stage.periods[0], 2)}.get(name) or None
        if command is not None:
            assert stage.venue.refusal(command, by) == "servicing.not_party"
    assert stage.step("approve", plan_sha256="0" * 64) == "payment.changed"
    assert stage.step("approve") == ""
    stage.to_payment_date()
    assert stage.step("pay", plan_sha256="1" * 64) == "payment.changed"
    assert stage.venue.by_two(stage.opening())[0].code == "servicing.exists"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"issue_id": None}, "servicing.invalid"),
        ({"name": "two_classes"}, "servicing.invalid"),  # what the issue says itself
        ({"deal_text": text()}, "servicing.invalid"),
        ({"issue_id": None, "name": "two_classes", "deal_text": text()}, "servicing.invalid"),
        ({"issue_id": IssueId(1)}, "issue.unknown"),
    ],
)
def test_servicing_takes_an_issue_and_nothing_beside_it(changed: dict[str, Any], code: str) -> None:
    stage = Stage.ready()
    assert stage.venue.by_two(stage.opening(**changed))[0].code == code  # type: ignore[attr-defined] # a Rejected


def test_only_an_established_issue_is_served_and_once() -> None:
    proposed = issuing.Stage(investors=0)
    proposed.propose()
    command = OpenServicing(issue_id=proposed.issue_id)
    assert proposed.venue.by_two(command)[0].code == "issue.state"  # type: ignore[attr-defined] # a Rejected
    stage = Stage.opened()
    assert stage.venue.by_two(stage.opening())[0].code == "servicing.exists"  # type: ignore[attr-defined]


def test_what_is_served_has_the_coupon_that_the_book_found() -> None:
    stage = issuing.Stage()
    stage.offered(Pricing.YIELD)
    stage.bids_in("i0 900 @ 25000")
    stage.close()
    stage.venue.finish_runs()
    stage.venue.by_two(OpenServicing(issue_id=stage.issue_id))
    (servicing,) = stage.venue.state.table(Servicing).values()
    deal = read_deal(servicing.deal_text)
    assert isinstance(deal, Deal) and deal_hash(deal) == servicing.deal_sha256
    assert deal.tranches[0].coupon == FixedCoupon(rate_ppm=25_000)
    assert servicing.running == stage.issue().running
    stage.venue.close()


def test_a_holder_reads_each_reason_of_what_it_got(tmp_path: Path) -> None:
    stage = _at("paying")
    payment_id = stage.servicing().payment_id
    before = stage.venue.cash("wu")
    stage.venue.finish_runs()
    got = stage.venue.cash("wu") - before
    path = tmp_path / "x.sqlite"
    with sqlite3.connect(path) as file:
        stage.venue.scratch.connection.backup(file)
    with create_engine(f"sqlite:///{path}").connect() as connection:
        snapshot: Any = SimpleNamespace(
            rows=lambda query: list(connection.execute(query)),
            stream=lambda query: iter(connection.execute(query)),
            first=lambda query: connection.execute(query).first(),
        )
        told = explanation(snapshot, DealPaymentId(payment_id), stage.venue.accounts["wu"])
        assert explanation(snapshot, DealPaymentId(payment_id), stage.venue.accounts["guarantor"]) is None
    assert told is not None
    (part,) = told["parts"]
    assert (part["class"], part["notes"], part["record_units"], part["amount_minor"]) == ("senior", 60, 90, got)
    assert sum(one["amount_minor"] for one in part["payments"]) == part["pot_minor"]
    assert all(one["why_en"] and one["why_zh"] for one in part["payments"])


def test_a_holder_who_sold_after_the_record_date_is_paid_and_a_frozen_one_waits() -> None:
    stage = _at("approved")
    stage.to_payment_date()
    venue, accounts, note = stage.venue, stage.venue.accounts, stage.notes["senior"]

    def sell(state: Any, header: Any) -> Any:
        return [state.ledger.move(header.sequence, [(accounts["wu"], note, -60), (accounts["li"], note, 60)])]

    venue.seed(sell)
    venue.do(FreezeAccount(account_id=accounts["li"], frozen=True, reason="court"))
    shares = pots(stage.deal, stage.payment().result)
    before = {name: venue.cash(name) for name in ("wu", "li")}
    assert stage.step("pay") == ""
    venue.restart()  # the holders of record are found again from the postings
    venue.finish_runs()
    assert venue.cash("wu") - before["wu"] in (shares["senior"] * 60 // 90, shares["senior"] * 60 // 90 + 1)
    assert venue.cash("li") == before["li"]
    waiting = sorted(venue.state.table(UnpaidPart).values(), key=lambda part: part.unpaid_part_id)
    assert {part.account_id for part in waiting} == {accounts["li"]}
    release = ReleaseUnpaidPart(unpaid_part_id=waiting[0].unpaid_part_id)
    assert venue.refusal(release) == "account.frozen"
    venue.do(FreezeAccount(account_id=accounts["li"], frozen=False, reason="lifted"))
    for part in waiting:
        venue.do(ReleaseUnpaidPart(unpaid_part_id=part.unpaid_part_id))
    assert venue.cash("li") - before["li"] == sum(part.amount_minor for part in waiting)
    assert venue.refusal(release) == "payment.part_unknown"
    venue.close()
