"""A listed right at its price: the first to take it has bought it, and loses its deposit if it does not pay."""

from __future__ import annotations

import functools

import pytest

from custody.encumbrances import burdens_hash
from exchange.core.parties import SellerClass
from exchange.core.units import Minor
from exchange.engine.burdens import burdens_of
from matching.deals import DealCompleted, ProposeDeal
from matching.listing_messages import ListingMethod
from matching.price_offers import OfferListing
from tests.deals.stage import CASH, FEE, PRICE
from tests.licences.offers import DEPOSIT, OfferDesk
from tests.licences.stage import LicenceDesk

PATHS: dict[str, list[str]] = {
    "listed": [],
    "open": ["lab offers"],
    "taken": ["lab offers", "li takes"],
    "paid": ["lab offers", "li takes", "li signs"],
    "contracted": ["lab offers", "li takes", "li signs", "lab signs"],
    "completed": ["lab offers", "li takes", "li signs", "lab signs", "ops records"],
    "closed": ["lab offers", "lab closes"],
    "unsold": ["lab offers", "wait 400 days"],
}
TABLE = """
           | lab offers      | li takes        | wu takes        | wu takes 79999900  | lab takes       | lab closes      | li signs     | li withdraws | lab withdraws | lab delists
listed     | taken           | listing.state   | listing.state   | listing.state      | listing.state   | listing.state   | deal.unknown | deal.unknown | deal.unknown  | taken
open       | listing.state   | taken           | taken           | deal.terms_changed | listing.state   | taken           | deal.unknown | deal.unknown | deal.unknown  | listing.state
taken      | listing.state   | listing.state   | listing.state   | listing.state      | listing.state   | listing.state   | taken        | deal.state   | deal.state    | listing.state
paid       | listing.state   | listing.state   | listing.state   | listing.state      | listing.state   | listing.state   | deal.state   | deal.state   | deal.state    | listing.state
contracted | listing.state   | listing.state   | listing.state   | listing.state      | listing.state   | listing.state   | deal.state   | deal.state   | deal.state    | listing.state
completed  | listing.unknown | listing.unknown | listing.unknown | listing.unknown    | listing.unknown | listing.unknown | deal.unknown | deal.unknown | deal.unknown  | listing.unknown
closed     | taken           | listing.state   | listing.state   | listing.state      | listing.state   | listing.state   | deal.unknown | deal.unknown | deal.unknown  | taken
unsold     | taken           | listing.state   | listing.state   | listing.state      | listing.state   | listing.state   | deal.unknown | deal.unknown | deal.unknown  | taken
"""  # noqa: E501 - a table is read across
LINES = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip("\n").splitlines()]


@functools.cache
def _in(state: str) -> OfferDesk:
    desk = OfferDesk.cn()
    for line in PATHS[state]:
        told = desk.happens(line)
        assert "." not in told, f"{line}: {told}"
    return desk


@pytest.mark.parametrize("state", PATHS)
def test_every_step_in_every_state_is_taken_or_refused(state: str) -> None:
    [row] = [line for line in LINES[1:] if line[0] == state]
    for step, expected in zip(LINES[0][1:], row[1:], strict=True):
        desk = _in(state).again()
        who, *words = step.split()
        assert (desk.takes(who, words) or "taken") == expected, f"{state}: {step}"
    desk.venue.close()


def test_the_first_taker_buys_it_and_its_deposit_goes_into_the_price() -> None:
    desk = OfferDesk.cn()
    desk.plays("""
        lab offers            ->  open
        li  takes             ->  taken li
        wu  takes             ->  listing.state
        restart               ->  taken li
    """)
    assert (desk.held_money("li"), desk.held_money("wu")) == (DEPOSIT, 0)
    desk.plays("""
        li  signs             ->  taken li
        lab signs             ->  taken li
        ops records           ->  closed li
    """)
    assert (desk.owner(), desk.escrow(), desk.held(), desk.held_money("li")) == ("li", 0, 0, 0)
    assert (desk.money("li"), desk.money("lab")) == (CASH - PRICE - FEE, PRICE - FEE)
    assert desk.fees_due() == 2 * FEE and desk.last(DealCompleted)
    assert not desk.venue.state.due
    desk.venue.close()


def test_who_does_not_pay_in_time_loses_the_deposit_to_the_seller() -> None:
    desk = _in("taken").again()
    desk.plays("""
        wait 4 days           ->  taken li
        wait 1 day            ->  closed: the buyer did not sign in time
    """)
    assert (desk.money("li"), desk.money("lab"), desk.held_money("li")) == (CASH - DEPOSIT, DEPOSIT, 0)
    assert desk.happens("lab offers") == "open", "it may be offered again"
    desk.venue.close()


def test_where_the_seller_does_not_sign_or_the_office_refuses_everything_goes_back() -> None:
    desk = _in("paid").again()
    desk.plays("wait 5 days -> closed: the seller did not sign in time")
    assert (desk.money("li"), desk.held_money("li"), desk.escrow()) == (CASH, 0, 0)
    other = _in("contracted").again()
    other.plays("ops refuses -> closed: a paper is missing")
    assert (other.money("li"), other.owner(), other.escrow()) == (CASH, "lab", 0)
    for one in (desk, other):
        one.venue.close()


def test_what_nobody_takes_closes_by_itself_and_may_be_offered_again() -> None:
    desk = _in("open").again()
    days = (desk.offer().closes_at_ns - desk.offer().offered_at_ns) // (86_400 * 10**9)
    desk.plays(f"""
        wait {days - 1} days  ->  open
        wait 1 day            ->  closed: nobody took it in time
        lab offers            ->  open
    """)
    desk.venue.close()


def test_who_cannot_cover_the_deposit_does_not_take_it() -> None:
    desk = _in("open").again()
    assert desk.happens("pku takes") == "hold.insufficient_available"
    desk.pay_in("pku", DEPOSIT - 1)
    assert desk.happens("pku takes") == "hold.insufficient_available"
    desk.pay_in("pku", 1)
    assert desk.happens("pku takes") == "taken pku"
    desk.venue.close()


@pytest.mark.parametrize(("short", "expected"), [(0, "taken pku"), (1, "hold.insufficient_available")])
def test_the_deposit_counts_towards_the_price_to_the_last_unit(short: int, expected: str) -> None:
    desk = _in("open").again()
    desk.pay_in("pku", PRICE + FEE - short)
    assert desk.happens("pku takes") == "taken pku"
    assert desk.happens("pku signs") == expected
    assert desk.held_money("pku") == (DEPOSIT if short else 0)
    desk.venue.close()


def test_a_right_on_offer_goes_no_other_way() -> None:
    desk = _in("open").again()
    deal = ProposeDeal(
        market_id=desk.cn_market,
        asset_id=desk.right_id,
        seller_account_id=desk.venue.accounts["lab"],
        buyer_account_id=desk.venue.accounts["wu"],
        price_minor=Minor(PRICE),
        contract_sha256=desk.file("lab", "contract"),
    )
    assert desk.venue.refusal(deal, "lab") == "listing.state"


def test_a_taker_names_the_licences_it_takes_the_right_with() -> None:
    desk = _in("open").again()
    licensing = LicenceDesk(desk.venue)
    licensing.cn_market, licensing.right_id = desk.cn_market, desk.right_id
    for line in ("lab offers wu ordinary CN 1", "wu accepts", "wu signs", "lab signs wu"):
        assert "." not in licensing.happens(line)
    assert desk.happens("li takes") == "deal.terms_changed"
    known = burdens_hash(burdens_of(desk.venue.state, desk.right_id))
    assert desk.venue.refusal(desk.taking("li", burdens_sha256=known), "li") == ""
    desk.venue.close()


def test_a_state_universitys_listed_price_needs_no_publicity_of_its_own() -> None:
    desk = OfferDesk.cn("thu")
    desk.plays("""
        thu offers            ->  open
        li  takes             ->  taken li
        li  signs             ->  taken li
        thu signs             ->  taken li
        ops records           ->  closed li
    """)
    desk.venue.close()


def test_a_state_owned_enterprise_may_not_give_it_to_the_first_comer() -> None:
    desk = OfferDesk.cn()
    desk.institution("soe", SellerClass.STATE_OWNED_ENTERPRISE)
    right_id = desk.right("soe")
    listed = desk.whole("soe", right_id, method=ListingMethod.LISTING, name="B")
    listing_id = desk.admitted("soe", listed).listing.listing_id
    offer = OfferListing(listing_id=listing_id, contract_sha256=desk.file("soe", "contract"), payment_days=5)
    code, provision = desk.refused(offer, "soe")
    assert (code, provision) == ("rule.method_not_allowed", "CN-SASAC-32")


def test_only_what_is_listed_at_a_price_is_offered() -> None:
    desk = OfferDesk.cn()
    right_id = desk.right("lab")
    listing_id = desk.admitted("lab", desk.whole("lab", right_id, name="B")).listing.listing_id
    offer = OfferListing(listing_id=listing_id, contract_sha256=desk.file("lab", "contract"), payment_days=5)
    assert desk.venue.refusal(offer, "lab") == "listing.terms_invalid"
    assert desk.venue.refusal(offer, "li") == "account.not_yours"
