"""Transfers of equity: told to the other members, taken by them or the buyer, entered by the company or refused."""

from __future__ import annotations

import pytest

from custody.register import TitleStage
from exchange.core.membership import FreezeMember
from matching.equity import EquityNoticeClosed
from tests.claims.stage import THOUSAND
from tests.equity.stage import Firm
from tests.equity.test_founding import stages

FEE = 500 * THOUSAND // 100
"""One per cent of 500 thousand, of each side."""


def test_two_members_step_in_by_their_contributions() -> None:
    firm = Firm.founded()
    firm.plays("""
        li   offers 300 for 500 to cy   ->  offered
        cy   accepts                    ->  notice
        ada  exercises                  ->  notice
        wu   exercises                  ->  notice
        wait 31                         ->  contracted, wu 180, ada 120
        co   enters                     ->  entered, wu 180, ada 120
    """)
    assert firm.members() == {"thu": "200", "ada": "320", "wu": "480"}
    assert firm.money("ada") == (10_000 - 200) * THOUSAND - 2 * THOUSAND
    assert firm.money("wu") == (10_000 - 300 - 300) * THOUSAND - 3 * THOUSAND
    assert firm.money("li") == (10_000 - 300 + 500) * THOUSAND - FEE
    assert firm.money("cy") == 10_000 * THOUSAND and firm.escrow() == 0 and firm.all_held() == 0
    assert stages(firm, firm.equity()) == [TitleStage.CONTRACTED] * 2 + [TitleStage.EFFECTIVE] * 2
    firm.venue.restart()
    firm.venue.close()


def test_silence_waives_at_the_end_of_thirty_days_and_not_before() -> None:
    firm = Firm.founded()
    firm.happens("li offers 300 for 500 to cy")
    firm.happens("cy accepts")
    firm.venue.clock_ns = firm.offer().notice_until_ns - 2_000_000_000
    firm.tick()
    assert firm.shown() == "notice"
    firm.venue.clock_ns = firm.offer().notice_until_ns
    firm.tick()
    assert firm.shown() == "contracted"
    assert firm.happens("co enters") == "entered"
    assert firm.members() == {"thu": "200", "ada": "200", "wu": "300", "cy": "300"}
    days = (firm.offer().notice_until_ns - firm.offer().accepted_at_ns) / 86_400e9
    assert 30 <= days < 34  # the day it is told is not counted, the last may be a weekend
    firm.venue.close()


def test_all_have_answered_and_nobody_waits() -> None:
    firm = Firm.founded(notice_days=7)
    firm.plays("""
        li   offers 100 for 50 to cy   ->  offered
        cy   accepts                   ->  notice
        ada  waives                    ->  notice
        thu  waives                    ->  notice
        wu   waives                    ->  contracted
        co   enters                    ->  entered
    """)
    assert firm.members()["cy"] == "100" and firm.members()["li"] == "200"
    firm.venue.close()


def test_among_members_a_transfer_is_free() -> None:
    firm = Firm.founded()
    firm.plays("""
        li   offers 300 for 500 to ada  ->  offered
        ada  accepts                    ->  contracted
        co   enters                     ->  entered
    """)
    assert firm.members() == {"thu": "200", "ada": "500", "wu": "300"}


@pytest.mark.parametrize(("company", "after"), [("co refuses", "refused"), ("wait 400", "lapsed")])
def test_what_the_company_does_not_enter_goes_back(company: str, after: str) -> None:
    firm = Firm.founded()
    before = {who: firm.money(who) for who in ("li", "cy", "ada", "wu")}
    firm.plays("""
        li   offers 300 for 500 to cy   ->  offered
        cy   accepts                    ->  notice
        ada  exercises                  ->  notice
        wu   exercises                  ->  notice
        thu  waives                     ->  contracted, wu 180, ada 120
    """)
    assert firm.happens(company).split(",")[0] == after
    assert {who: firm.money(who) for who in before} == before
    assert firm.members()["li"] == "300" and firm.escrow() == 0
    assert stages(firm, firm.equity()) == [TitleStage.CONTRACTED] * 2 + [TitleStage.UNWOUND] * 2
    firm.venue.close()


@pytest.mark.parametrize(
    ("objects", "majority", "after"),
    [
        ("wu", 571_428, "contracted"),
        ("wu", 571_429, "dissented"),
        ("wu", 0, "contracted"),
        ("ada", 700_000, "contracted"),
    ],
)
def test_a_charter_may_ask_for_the_others_consent(objects: str, majority: int, after: str) -> None:
    firm = Firm.founded(consent_majority_ppm=majority)  # thu 200, ada 200, wu 300: 4/7 of the others without wu
    firm.happens("li offers 300 for 500 to cy")
    firm.happens("cy accepts")
    assert firm.happens(f"{objects} objects") == "notice"
    assert firm.happens("wait 34") == after
    if after == "dissented":
        assert (
            firm.money("cy") == 10_000 * THOUSAND
            and firm.venue.state.ledger.held(firm.venue.accounts["li"], firm.equity()) == 0
        )
    firm.venue.close()


def test_a_charter_may_keep_outsiders_out_for_a_while() -> None:
    firm = Firm.founded(lock_up_days=365)
    assert firm.takes("li", "offers 300 for 500 to cy") == "rule.lock_up"
    assert firm.takes("li", "offers 10 for 10 to ada") == ""
    firm.venue.pass_time(days=364)
    assert firm.takes("li", "offers 100 for 100 to cy") == "rule.lock_up"
    firm.venue.pass_time(days=1)
    assert firm.takes("li", "offers 100 for 100 to cy") == ""


def test_who_is_frozen_when_the_days_are_over_takes_nothing() -> None:
    firm = Firm.founded()
    firm.plays("""
        li   offers 300 for 500 to cy   ->  offered
        cy   accepts                    ->  notice
        ada  exercises                  ->  notice
    """)
    for who in ("ada", "cy"):
        firm.venue.do(FreezeMember(member_id=firm.venue.members[who], frozen=True, reason="a court asks"))
    assert firm.happens("wait 34") == "stopped"
    assert firm.money("ada") == 10_000 * THOUSAND and firm.all_held() == 0 and firm.escrow() == 0
    firm.venue.close()


def test_who_sold_everything_meanwhile_steps_in_no_more() -> None:
    firm = Firm.founded()
    firm.plays("""
        li   offers 300 for 500 to cy   ->  offered
        cy   accepts                    ->  notice
        wu   exercises                  ->  notice
        ada  exercises                  ->  notice
    """)
    first = firm.offer_id
    firm.plays("""
        ada  offers 200 for 100 to wu   ->  offered
        wu   accepts                    ->  contracted
        co   enters                     ->  entered
    """)
    firm.offer_id = first
    assert firm.happens("thu waives") == "contracted, wu 300"
    closed = firm.last(EquityNoticeClosed)
    assert {firm.member_name(one.member_id): one.state.value for one in closed.notices} == {
        "thu": "waived",
        "ada": "outranked",
        "wu": "taken",
    }
    firm.venue.close()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("li offers 301 for 500 to cy", "right.not_owned"),
        ("li offers 300 for 500 to li", "equity.terms_invalid"),
        ("li offers 300 for 500 to co", "equity.terms_invalid"),
        ("cy offers 1 for 1 to li", "right.not_owned"),
        ("li offers 300 for 500 to zeiss", "export.not_cleared"),
    ],
)
def test_offers_that_are_refused(line: str, code: str) -> None:
    assert Firm.founded().happens(line) == code


def test_units_on_offer_are_held_from_the_acceptance_on() -> None:
    firm = Firm.founded()
    assert firm.happens("li offers 300 for 500 to cy") == "offered"
    assert firm.happens("cy accepts") == "notice"
    assert firm.takes("li", "offers 1 for 1 to dee") == "right.encumbered"


def test_who_bought_waits_before_selling() -> None:
    firm = Firm.founded()
    firm.plays("""
        li   offers 300 for 500 to ada  ->  offered
        ada  accepts                    ->  contracted
        co   enters                     ->  entered
    """)
    assert firm.takes("ada", "offers 1 for 1 to cy") == "rule.opposite_side_gap"
    firm.venue.pass_time(days=8)
    assert firm.takes("ada", "offers 1 for 1 to cy") == ""


def test_the_fifty_first_member_is_refused() -> None:
    firm = Firm.founded()
    for n in range(46):
        firm.trader(f"f{n}")
        account = firm.venue.accounts[f"f{n}"]
        firm.pay_in(f"f{n}", 10 * THOUSAND)
        assert account
    for n in range(46):
        firm.offer_id = firm.offer_id.__class__(0)
        assert firm.takes("li", f"offers 1 for 1 to f{n}") == ""
        assert firm.takes(f"f{n}", "accepts") == ""
        for who in ("thu", "ada", "wu", *(f"f{k}" for k in range(n))):
            assert firm.takes(who, "waives") == "", who
        assert firm.takes("co", "enters") == ""
    assert len(firm.members()) == 50
    assert firm.refused(firm.offering("li", THOUSAND, THOUSAND, "cy"), "li") == ("rule.holder_cap", "CN-COMPANY-42")


@pytest.mark.parametrize(("majority", "after"), [(750_000, "contracted"), (750_001, "dissented")])
def test_exactly_the_majority_is_enough(majority: int, after: str) -> None:
    firm = Firm.founded(consent_majority_ppm=majority)  # ada 200 of the others' 800 objects
    firm.plays(f"""
        thu  offers 200 for 500 to cy   ->  offered
        cy   accepts                    ->  notice
        ada  objects                    ->  notice
        wait 34                         ->  {after}
    """)
