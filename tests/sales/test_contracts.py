"""After the award: payment, default, the next bidder, one bidder alone, calling off, and listing lower."""

from __future__ import annotations

import msgspec
import pytest

from custody.corrections_messages import FreezeAccount
from exchange.core.node_messages import TimerSet
from exchange.core.units import Minor
from matching.listing_messages import DelistListing
from matching.lot_messages import BidDefaulted
from matching.sale_messages import AnnounceSale, ListingRepriced, ListingSteps, RepriceListing
from tests.sales.stage import DAY_NS, THOUSAND, Hall


def won(**lots: int) -> Hall:
    """A hall in which li bid 800, ren 900 and wu 1000 for the lot A."""
    made = Hall.cn()
    made.announced("english", **(lots or {"A": 800}))
    made.enter("li", "wu", "ren")
    made.plays("""
        begin            ->  A open
        li  bids A 800   ->  A li 800
        ren bids A 900   ->  A ren 900
        wu  bids A 1000  ->  A wu 1000
        end              ->  A awarded wu 1000
    """)
    return made


# --- Deposits, defaults and the next bidder ---------------------------------------------------------------------------


def test_losers_have_their_deposits_back_at_once_and_the_winner_pays_with_its_own() -> None:
    made = won()
    assert [made.deposit(who) for who in ("li", "wu", "ren")] == [0, 80, 0]
    made.plays("wu signs A -> A awarded wu 1000")
    assert (made.deposit("wu"), made.money("wu"), made.escrow()) == (0, 8_990 * THOUSAND, 1_010 * THOUSAND)
    made.venue.close()


def test_the_deposit_counts_towards_the_price() -> None:
    made = Hall.cn()
    made.announced("english", A=800)
    made.enter("li", "wu")
    made.plays("""
        begin             ->  A open
        li  bids A 9900   ->  A li 9900
        end               ->  A awarded li 9900
        li  signs A       ->  A awarded li 9900
    """)
    assert made.money("li") == 1 * THOUSAND, "9,900 and a fee of 99, of which 80 lay in the deposit"
    made.venue.close()


def test_who_does_not_pay_in_time_forfeits_the_deposit_and_the_next_is_offered_the_lot() -> None:
    made = won()
    made.plays("""
        wait 4 days         ->  A awarded wu 1000
        wait 1 day          ->  A offered ren 900
    """)
    assert (made.purse("wu"), made.purse("lab"), made.bidder("wu").state) == (9_920, 80, "defaulted")
    made.plays("""
        li  takes A         ->  account.not_yours
        ren takes A         ->  A awarded ren 900
    """)
    assert made.deposit("ren") == 80
    made.plays("""
        ren signs A         ->  A awarded ren 900
        lab signs A         ->  A contracted ren 900
        ops records A       ->  A sold ren 900
    """)
    assert made.owner_of("A") == "ren"
    made.venue.close()


def test_a_winner_who_steps_back_is_in_default_at_once_and_the_seller_is_bound() -> None:
    made = won()
    made.plays("""
        lab withdraws A     ->  deal.state
        wu  withdraws A     ->  A offered ren 900
        ren declines A      ->  A offered li 800
        wait 5 days         ->  A failed: the buyer defaulted
    """)
    assert (made.purse("wu"), made.purse("ren"), made.purse("li")) == (9_920, 10_000, 10_000)
    assert made.sale().state == "closed"
    made.venue.close()


def test_a_buyer_who_has_paid_does_not_step_back() -> None:
    made = won()
    made.plays("""
        wu  signs A         ->  A awarded wu 1000
        wu  withdraws A     ->  deal.state
    """)


def test_a_seller_who_does_not_sign_has_the_buyer_refunded_and_takes_no_deposit() -> None:
    made = won()
    made.plays("""
        wu  signs A         ->  A awarded wu 1000
        wait 5 days         ->  A failed: the seller did not sign in time
    """)
    assert (made.purse("wu"), made.purse("lab"), made.escrow()) == (10_000, 0, 0)
    assert not made.venue.state.table(ListingSteps), "a sale its seller broke makes nothing cheaper"
    made.venue.close()


def test_who_was_stopped_by_the_law_is_not_in_default() -> None:
    made = won()
    made.venue.do(FreezeAccount(account_id=made.venue.accounts["wu"], frozen=True, reason="a court's order"))
    made.plays("wait 5 days -> A failed: could not be signed: account.frozen")
    assert (made.purse("wu"), made.deposit("wu"), made.purse("lab")) == (10_000, 0, 0)
    made.venue.close()


def test_what_the_office_refuses_is_unwound_and_may_be_announced_again() -> None:
    made = won()
    made.plays("""
        wu  signs A         ->  A awarded wu 1000
        lab signs A         ->  A contracted wu 1000
        ops refuses A       ->  A failed: recordal_refused
    """)
    assert (made.purse("wu"), made.owner_of("A")) == (10_000, "lab")
    made.announced("english", A=800)
    made.venue.close()


def test_a_set_stands_and_falls_together() -> None:
    made = Hall.cn()
    made.announced("english", A=800, B=400)
    made.enter("li", "wu")
    made.plays("""
        begin               ->  A open, B open
        li  bids A 850      ->  A li 850, B open
        wu  bids A+B 1500   ->  A+B wu 1500
        end                 ->  A awarded wu 1000, B awarded wu 500
        wu  signs A         ->  A awarded wu 1000, B awarded wu 500
        wait 5 days         ->  A offered li 850, B failed: the buyer defaulted
    """)
    assert (made.purse("wu"), made.escrow()) == (10_000 - 120, 0), "the price of A came back, the deposit did not"
    [default] = made.told(BidDefaulted)
    assert default.bid.state == "defaulted"
    made.venue.close()


# --- One bidder alone -------------------------------------------------------------------------------------------------


def alone() -> Hall:
    """A hall in which li alone was admitted to the sale of A, listed at 800 and starting at 900."""
    made = Hall.cn()
    made.announcement("english", A=800)
    lots = (msgspec.structs.replace(made.terms["lots"][0], start_minor=Minor(900 * THOUSAND)),)
    made.announced("english", A=800, lots=lots, deposit_minor=Minor(90 * THOUSAND))
    made.enter("li")
    made.registered("wu")
    made.plays("begin -> A negotiated li")
    return made


def test_one_bidder_and_the_seller_may_agree_not_below_the_listing_price() -> None:
    made = alone()
    made.plays("""
        lab proposes A wu 900   ->  sale.state
        lab proposes A li 799   ->  deal.terms_invalid
        lab proposes A li 800   ->  A negotiated li
        lab proposes A li 801   ->  deal.state
        li  accepts A           ->  A negotiated li
        li  signs A             ->  A negotiated li
        lab signs A             ->  A contracted li 800
        ops records A           ->  A sold li 800
    """)
    assert (made.owner_of("A"), made.sale().state, made.deposit("li")) == ("li", "closed", 0)
    made.venue.close()


def test_one_bidder_who_agrees_to_nothing_has_its_deposit_back() -> None:
    made = alone()
    assert made.deposit("li") == 90
    made.plays("""
        lab proposes A li 5000  ->  A negotiated li
        lab withdraws A         ->  A negotiated li
        lab proposes A li 4000  ->  A negotiated li
        wait 5 days             ->  A failed: no agreement
    """)
    assert (made.deposit("li"), made.purse("li")) == (0, 10_000)
    made.venue.close()


def test_one_bidder_who_accepted_and_does_not_pay_is_in_default() -> None:
    made = alone()
    made.plays("""
        lab proposes A li 1000  ->  A negotiated li
        li  accepts A           ->  A negotiated li
        wait 5 days             ->  A failed: the buyer defaulted
    """)
    assert (made.purse("li"), made.purse("lab")) == (9_910, 90)
    made.venue.close()


def test_the_publicity_of_an_agreement_runs_before_the_days_to_pay() -> None:
    made = Hall.cn()
    made.seller = "thu"
    made.announced("english", A=800)
    made.enter("li")
    made.plays("""
        begin                   ->  A negotiated li
        thu proposes A li 900   ->  A negotiated li
        li  accepts A           ->  A negotiated li
        wait 10 days            ->  A negotiated li
        li  signs A             ->  deal.publicity_running
        wait 6 days             ->  A negotiated li
        li  signs A             ->  A negotiated li
        thu signs A             ->  A contracted li 900
    """)
    made.venue.close()


def test_where_the_overlay_knows_no_agreement_one_bidder_is_not_enough() -> None:
    made = Hall.cn()
    made.seller = "soe"
    begins = made.venue.clock_ns + 40 * DAY_NS
    made.announced("english", A=800, starts_at_ns=begins, ends_at_ns=begins + DAY_NS)
    made.enter("li")
    made.plays("begin -> A failed: one bidder")
    assert (made.deposit("li"), made.sale().state) == (0, "closed")
    made.venue.close()


def test_without_an_admitted_bidder_nothing_begins() -> None:
    made = Hall.cn()
    made.announced("dutch", A=500)
    made.registered("li")
    made.plays("begin -> A failed: no bidder")
    assert not made.venue.state.due
    made.venue.close()


# --- Calling off, and listing lower -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "seller", "operator"),
    [
        ([], "", ""),
        (["begin"], "sale.state", ""),
        (["begin", "li bids A 800"], "sale.state", ""),
        (["begin", "li bids A 800", "end"], "sale.state", "sale.state"),
    ],
)
def test_the_seller_calls_a_sale_off_before_it_begins_and_an_operator_until_somebody_won(
    path: list[str], seller: str, operator: str
) -> None:
    for who, code in (("lab", seller), ("ops", operator), ("pku", "account.not_yours")):
        made = Hall.cn()
        made.announced("english", A=800)
        made.enter("li", "wu")
        for line in path:
            made.happens(line)
        assert made.venue.refusal(*made.step_of(who, ["cancels"])) == code
        if not code:
            assert (made.sale().state, made.deposit("li"), made.venue.state.due) == ("cancelled", 0, [])
            assert not made.venue.state.table(ListingSteps)
        made.venue.close()


def test_what_found_no_buyer_is_listed_lower_only_by_two_operators_one_step_a_failed_sale() -> None:
    made = Hall.cn()
    made.announced("english", A=800)
    listing_id = made.listings["A"]

    def lower(price: int) -> RepriceListing:
        decision = made.file("lab", "decision to list lower")
        return RepriceListing(listing_id=listing_id, price_minor=Minor(price * THOUSAND), decision_sha256=decision)

    def refused(price: int) -> str:
        [rejected] = made.venue.by_two(lower(price))
        return str(rejected.code)  # type: ignore[attr-defined]

    assert refused(700) == "sale.state", "it is in a sale"
    made.plays("begin -> A failed: no bidder")
    made.announcement("english", A=800)
    cheap = (msgspec.structs.replace(made.terms["lots"][0], start_minor=Minor(700 * THOUSAND)),)
    below = AnnounceSale(**(made.terms | {"lots": cheap, "deposit_minor": Minor(70 * THOUSAND)}))
    assert made.venue.refusal(below, "lab") == "sale.terms_invalid", "nobody sells below the listing price"
    assert refused(800) == "listing.terms_invalid"
    repriced = made.venue.by_two(lower(700))
    assert any(isinstance(event, ListingRepriced) for event in repriced)
    assert refused(600) == "sale.state", "a step for each sale that failed"
    assert made.venue.refusal(below, "lab") == ""
    assert made.listing(listing_id).asking_price_minor == 700 * THOUSAND
    made.venue.close()


def test_nothing_else_happens_to_a_right_while_it_is_in_a_sale() -> None:
    made = won()
    assert made.venue.refusal(*made.step_of("lab", ["proposes", "A", "li", "5000"])) == "deal.state"
    other = Hall.cn()
    other.announced("english", A=800)
    other.plays("lab proposes A li 5000 -> sale.state")
    assert other.venue.refusal(AnnounceSale(**other.terms), "lab") == "sale.state"
    delist = DelistListing(listing_id=other.listings["A"], reason="a second thought")
    assert other.venue.refusal(delist, "lab") == "sale.state"
    other.venue.close()


def test_a_timer_that_is_set_and_dropped_by_one_command_lends_its_number_to_no_other() -> None:
    made = Hall.cn()
    made.announced("english", A=800, B=400)
    made.enter("li", "wu", "ren")
    made.plays("""
        begin               ->  A open, B open
        li  bids A 850      ->  A li 850, B open
        li  bids B 450      ->  A li 850, B li 450
        wu  bids A 900      ->  A wu 900, B li 450
        ren bids B 500      ->  A wu 900, B ren 500
        wu  bids B 550      ->  A wu 900, B wu 550
        end                 ->  A awarded wu 900, B awarded wu 550
        wait 5 days         ->  A offered li 850, B offered ren 500
        restart             ->  A offered li 850, B offered ren 500
        wait 5 days         ->  A failed: the buyer defaulted, B offered li 450
    """)
    numbers = [event.timer.timer_id for event in made.told(TimerSet)]
    assert len(set(numbers)) == len(numbers)
    made.venue.close()
