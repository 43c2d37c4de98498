"""What is promised for later: every step in every state, amounts and fees to the last fen, dates to the second."""

from __future__ import annotations

import functools
from typing import Any

import msgspec
import pytest

from custody.corrections_messages import FreezeAccount, FreezeAsset
from exchange.core.ids import ObligationId
from exchange.core.node_messages import Timer
from exchange.core.units import MAX_INTEGER, Minor, Ppm
from exchange.engine.order_terms import MAX_ORDER_MINOR
from matching.consideration import Equity, Instalment, Items, Milestone, Royalty
from matching.deals import Consideration, Deal, DealCompleted
from matching.obligations import (
    Obligation,
    ObligationFellLate,
    ObligationLapsed,
    ObligationPaid,
    PaymentPlan,
    PayObligation,
    ReportObligation,
)
from tests.deals.promises import ALL, DAY_NS, THOUSAND, Promises
from tests.deals.stage import CASH, PRICE, Desk

# --- Every step in every state ---------------------------------------------------------------------------------------

TABLE = """
                       | li pays 10 | li reports | lab delivered | lab releases | lab pays 10 | li releases
I1                     | owed       | state      | invalid       | released     | not_party   | not_party
I1 paid                | -          | -          | -             | -            | -           | -
I1 released            | -          | -          | -             | -            | -           | -
M1                     | invalid    | owed       | invalid       | released     | not_party   | not_party
M1 reported            | owed       | state      | invalid       | released     | not_party   | not_party
M1 too late            | -          | -          | -             | -            | -           | -
R1                     | expected   | invalid    | invalid       | released     | not_party   | not_party
R1 year over           | expected   | owed       | invalid       | released     | not_party   | not_party
R1 reported            | owed       | state      | invalid       | released     | not_party   | not_party
E1                     | invalid    | state      | delivered     | released     | not_party   | not_party
E1 delivered           | -          | -          | -             | -            | -           | -
"""
PATHS: dict[str, list[str]] = {
    "I1": [],
    "I1 paid": ["li pays I1 300"],
    "I1 released": ["lab releases I1"],
    "M1": [],
    "M1 reported": ["li reports M1"],
    "M1 too late": ["wait 301 days"],
    "R1": [],
    "R1 year over": ["wait 366 days"],
    "R1 reported": ["wait 366 days", "li reports R1 9000"],
    "E1": [],
    "E1 delivered": ["lab delivered E1"],
}
LINES = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip("\n").splitlines()]


@functools.cache
def _in(state: str) -> Promises:
    due = Promises.made()
    for line in PATHS[state]:
        due.happens(line, state.split(maxsplit=1)[0])
    return due


@pytest.mark.parametrize("state", PATHS)
def test_a_step_is_taken_or_refused_as_the_table_says(state: str) -> None:
    name = state.split(maxsplit=1)[0]
    [row] = [line for line in LINES[1:] if line[0] == state]
    for step, cell in zip(LINES[0][1:], row[1:], strict=True):
        due = _in(state).again()
        who, verb, *number = step.split()
        refused = due.venue.refusal(due.do(who, verb, name, *number), who)
        became = refused or due.obligation(name).state.value
        refusals = {word: f"obligation.{word}" for word in ("state", "invalid", "not_party")}
        assert became == (refusals | {"-": "obligation.unknown"}).get(cell, cell), f"{state}: {step}"
        due.venue.close()


def test_the_table_names_every_state() -> None:
    assert [line[0] for line in LINES[1:]] == list(PATHS)


# --- What is promised ------------------------------------------------------------------------------------------------


def test_the_price_passes_with_the_right_and_the_rest_is_on_record_with_its_dates() -> None:
    due = Promises.made()
    assert (due.owner(), due.escrow()) == ("li", 0)
    assert due.money("lab") == PRICE - 8 * THOUSAND
    dates = {name: (due.obligation(name).due_at_ns - due.passed_ns) / DAY_NS for name in due.owed}
    assert dates == {"I1": 90, "I2": 180, "M1": 300, "R1": 365 + 60, "R2": 730 + 60, "E1": 120}
    assert sorted(timer.subject_id for timer in due.venue.state.table(Timer).values()) == sorted(due.owed.values())
    plan = due.venue.state.table(PaymentPlan)[due.deal_id]
    assert (plan.open, plan.paid_minor) == (6, PRICE)
    due.venue.close()


def test_a_deal_without_items_promises_nothing() -> None:
    desk = Desk.cn()
    desk.offered()
    desk.steps("accept", "seller signs", "buyer signs", "confirm")
    assert not desk.venue.state.table(Obligation)
    assert desk.last(DealCompleted).deal.items is None


def test_a_contract_that_comes_to_nothing_owes_nothing() -> None:
    desk = Desk.cn()
    desk.offered(items=ALL)
    desk.steps("accept", "buyer signs", "seller signs", "refuse")
    assert (desk.money("li"), desk.venue.state.table(Obligation)) == (CASH, {})
    desk.venue.close()


def test_the_items_are_among_the_terms_that_are_accepted() -> None:
    plain, other = Desk.cn(), Desk.cn()
    assert plain.offered(items=ALL).terms_sha256 != other.offered().terms_sha256


def bad(**changed: Any) -> Items:
    return msgspec.structs.replace(ALL, **changed)


FIRST, SECOND = ALL.instalments
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("as it should be", {"items": ALL}, ""),
    ("kinds that are there", {"items": ALL, "consideration": tuple(Consideration)}, ""),
    ("no item at all", {"items": Items()}, "deal.terms_invalid"),
    ("two on one day", {"items": bad(instalments=(FIRST, FIRST))}, "deal.terms_invalid"),
    ("the later one first", {"items": bad(instalments=(SECOND, FIRST))}, "deal.terms_invalid"),
    ("a milestone twice", {"items": bad(milestones=ALL.milestones * 2)}, "deal.terms_invalid"),
    (
        "a kind without its item",
        {"items": bad(equity=None), "consideration": (Consideration.EQUITY,)},
        "deal.consideration_not_supported",
    ),
    (
        "beyond all money",
        {"items": bad(instalments=(Instalment(amount_minor=Minor(MAX_INTEGER), due_days=1),))},
        "limit.exceeded",
    ),
]


@pytest.mark.parametrize(("terms", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_items_are_proposed_or_refused(terms: dict[str, Any], code: str) -> None:
    desk = Desk.cn()
    assert desk.venue.refusal(desk.proposal(**terms), "lab") == code


def test_what_is_promised_counts_towards_the_limit_to_the_last_fen() -> None:
    for missing, code in ((0, ""), (1, "limit.exceeded")):
        desk = Desk.cn()
        rest = MAX_ORDER_MINOR - PRICE - 8 * THOUSAND + missing
        items = Items(instalments=(Instalment(amount_minor=Minor(rest), due_days=1),))
        assert desk.venue.refusal(desk.proposal(items=items), "lab") == code


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Instalment, {"amount_minor": 0, "due_days": 1}),
        (Instalment, {"amount_minor": 1, "due_days": 0}),
        (Instalment, {"amount_minor": 1, "due_days": 7_301}),
        (Milestone, {"code": "m", "condition": "", "amount_minor": 1, "within_days": 1, "due_days": 1}),
        (Milestone, {"code": "m", "condition": "it runs", "amount_minor": 1, "within_days": 1, "due_days": 366}),
        (Royalty, {"base": "sales", "rate_ppm": 0, "years": 1, "due_days": 1}),
        (Royalty, {"base": "sales", "rate_ppm": 1_000_001, "years": 1, "due_days": 1}),
        (Royalty, {"base": "sales", "rate_ppm": 1, "years": 21, "due_days": 1}),
        (Equity, {"company": "", "share_ppm": 1, "value_minor": 1, "due_days": 1}),
        (Equity, {"company": "Newco", "share_ppm": 0, "value_minor": 1, "due_days": 1}),
        (Items, {"instalments": [{"amount_minor": 1, "due_days": day} for day in range(1, 38)]}),
        (Items, {"bonus": 1}),
    ],
)
def test_every_item_has_its_limits(kind: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(fields, kind)


# --- Paying ----------------------------------------------------------------------------------------------------------


def test_an_instalment_is_paid_in_parts_and_its_fee_is_that_of_the_whole() -> None:
    due = Promises.made()
    due.plays("""
        li   pays I1 100        ->  I1 owed 200
        li   pays I1 200        ->  I1 paid
        li   pays I1 1          ->  obligation.unknown
    """)
    assert due.money("lab") == PRICE + 300 * THOUSAND - 11 * THOUSAND, "1 % of 1,100"
    assert due.fees_due() == 22 * THOUSAND
    due.venue.close()


def test_however_it_is_paid_the_fees_come_to_the_same() -> None:
    at_once, in_parts = Promises.made(), Promises.made()
    at_once.plays("li pays I1 300 -> I1 paid")
    in_parts.plays("""
        li   pays I1 1fen       ->  I1 owed 299
        li   pays I1 149        ->  I1 owed 150
        li   pays I1 15099999fen ->  I1 paid
    """)
    assert in_parts.fees_due() == at_once.fees_due()
    assert in_parts.money("lab") == at_once.money("lab")


def test_nobody_pays_more_than_is_owed_nor_more_than_it_has() -> None:
    due = Promises.made()
    due.plays("""
        li   pays I1 30000001fen  ->  obligation.invalid
        li   pays M1 1            ->  obligation.invalid
        li   pays R1 50           ->  R1 expected
        li   pays R1 1            ->  obligation.invalid
    """)
    poor = Promises.of(bad(instalments=(Instalment(amount_minor=Minor(300 * THOUSAND), due_days=90),)), cash=1)
    assert poor.money("li") == 193 * THOUSAND
    cost = 190 * THOUSAND + 190 * THOUSAND // 100
    poor.plays(f"""
        li   pays I1 {193 * THOUSAND}fen  ->  hold.insufficient_available
        li   pays I1 190        ->  I1 owed 110
    """)
    assert poor.money("li") == 193 * THOUSAND - cost
    poor.venue.close()


def test_whom_the_law_stopped_neither_pays_nor_is_paid() -> None:
    for who in ("li", "lab"):
        due = Promises.made()
        due.venue.do(FreezeAccount(account_id=due.venue.accounts[who], frozen=True))
        due.plays("li pays I1 1 -> account.frozen")
    due = Promises.made()
    due.venue.do(FreezeAsset(asset_id=due.bank().money_asset_id, frozen=True))
    due.plays("li pays I1 1 -> asset.frozen")


# --- Dates -----------------------------------------------------------------------------------------------------------


def test_what_is_not_paid_on_its_day_is_late_and_stays_owed() -> None:
    due = Promises.made()
    due.venue.clock_ns = due.passed_ns + 90 * DAY_NS - 10**9
    due.tick()
    assert due.shown("I1") == "I1 owed 300"
    due.venue.clock_ns = due.passed_ns + 90 * DAY_NS
    due.tick()
    assert due.shown("I1") == "I1 owed 300 late"
    due.plays("""
        restart                 ->  I1 owed 300 late
        li   pays I1 300        ->  I1 paid late
    """)
    assert due.last(ObligationFellLate).obligation.obligation_id == due.owed["I1"]
    due.venue.close()


def test_what_is_paid_before_its_day_never_falls_late() -> None:
    due = Promises.made()
    due.plays("""
        li   pays I1 300        ->  I1 paid
        wait 91 days            ->  I1 paid
    """)


def test_a_milestone_is_owed_from_its_report_and_lapses_when_its_time_is_over() -> None:
    due = Promises.made()
    due.plays("""
        wait 299 days           ->  M1 expected
        li   reports M1 1       ->  obligation.invalid
        li   reports M1         ->  M1 owed 400
        wait 29 days            ->  M1 owed 400
        wait 2 days             ->  M1 owed 400 late
        li   pays M1 400        ->  M1 paid late
    """)
    other = Promises.made()
    other.plays("""
        wait 301 days           ->  M1 lapsed
        li   reports M1         ->  obligation.unknown
    """)
    assert other.last(ObligationLapsed).plan.open == 5
    other.venue.close()


def test_the_seller_turns_to_an_operator_where_the_buyer_reports_nothing() -> None:
    due = Promises.made()
    due.plays("""
        lab  reports M1         ->  obligation.not_party
        ops  reports M1         ->  M1 owed 400
    """)
    unfiled = ReportObligation(obligation_id=due.owed["M1"], evidence_sha256="0" * 64)
    assert Promises.made().venue.refusal(unfiled, "li") == "document.unknown"


def test_a_royalty_year_owes_its_minimum_and_more_when_more_was_sold() -> None:
    due = Promises.made()
    due.plays("""
        li   reports R1 9000    ->  obligation.invalid
        wait 366 days           ->  R1 expected 50
        li   pays R1 50         ->  R1 expected
        li   reports R1 9000    ->  R1 owed 220
        li   pays R1 220        ->  R1 paid
        wait 365 days           ->  R2 expected 50
        li   reports R2 1000    ->  R2 owed 50
    """)
    assert due.last(ObligationPaid).obligation.amount_minor == 270 * THOUSAND, "3 % of nine millions"
    due.venue.close()


def test_a_year_that_nobody_reports_is_late_and_its_minimum_stays_owed() -> None:
    due = Promises.made()
    due.plays("""
        wait 424 days           ->  R1 expected 50
        wait 2 days             ->  R1 expected 50 late
        li   pays R1 50         ->  R1 expected late
        ops  reports R1 0       ->  R1 paid late
    """)
    due.venue.close()


def test_a_year_without_minimum_and_sales_is_over_with_its_report() -> None:
    royalty = Royalty(base="net sales", rate_ppm=Ppm(30_000), years=1, due_days=60)
    due = Promises.of(Items(royalty=royalty))
    due.plays("""
        wait 366 days           ->  R1 expected
        li   reports R1 0       ->  R1 paid
    """)
    assert not due.venue.state.table(PaymentPlan) and not due.venue.state.due
    due.venue.close()


def test_a_base_beyond_all_money_is_refused() -> None:
    royalty = Royalty(base="net sales", rate_ppm=Ppm(1_000_000), years=1, due_days=60)
    for more, code in ((0, ""), (1, "limit.exceeded")):
        due = Promises.of(Items(royalty=royalty))
        due.step("wait 366")
        command = due.do("li", "reports", "R1", f"{MAX_ORDER_MINOR + more}fen")
        assert due.venue.refusal(command, "li") == code


def test_equity_is_delivered_by_the_sellers_word_and_no_money_moves() -> None:
    due = Promises.made()
    before = due.money("li")
    due.plays("""
        wait 121 days           ->  E1 owed late
        lab  delivered E1       ->  E1 delivered late
    """)
    assert due.money("li") == before
    due.venue.close()


# --- The end ---------------------------------------------------------------------------------------------------------


def test_with_its_last_promise_the_plan_is_over_and_nothing_waits() -> None:
    due = Promises.made()
    due.plays("""
        li   pays I1 300        ->  I1 paid
        li   pays I2 200        ->  I2 paid
        lab  releases M1        ->  M1 released
        lab  delivered E1       ->  E1 delivered
        wait 366 days           ->  R1 expected 50
        li   reports R1 1000    ->  R1 owed 50
        li   pays R1 50         ->  R1 paid
        lab  releases R2        ->  R2 released
    """)
    assert not due.venue.state.table(Obligation) and not due.venue.state.table(PaymentPlan)
    assert not due.venue.state.due
    due.venue.close()


def test_the_promises_stay_when_the_right_goes_on_to_another() -> None:
    due = Promises.made()
    assert due.venue.state.table(Deal) == {}
    due.plays("li pays I1 300 -> I1 paid")
    due.venue.restart()
    due.plays("li pays I2 200 -> I2 paid")


def test_nothing_is_asked_of_what_is_not_there() -> None:
    due = Promises.made()
    pay = PayObligation(obligation_id=ObligationId(1), amount_minor=Minor(1))
    assert due.venue.refusal(pay, "li") == "obligation.unknown"
    for verb, name in (("pays", "I1"), ("reports", "M1"), ("delivered", "E1"), ("releases", "I1")):
        assert due.venue.refusal(due.do("wu", verb, name, "0" if verb == "reports" else "1"), "wu") == (
            "obligation.not_party"
        )
