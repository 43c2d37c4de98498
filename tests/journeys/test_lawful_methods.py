"""Every method the default profile allows, from the listing to the recordal; an open licence from fee to register."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from custody.rights import TitleCheck
from exchange.rulebook.profile import Method
from matching.deals import DealCompleted
from matching.listing import ListingState
from matching.listing_messages import ListingDelisted
from tests.deals.stage import Desk
from tests.licences.offers import OfferDesk
from tests.licences.stage import LicenceDesk
from tests.quotes.stage import QuoteDesk
from tests.rulebook.shipped import profile
from tests.sales.stage import Hall
from tests.sales.tender_stage import TenderHall

SIGNED = """
    {buyer} signs A        ->  A awarded {buyer} {price}
    lab signs A            ->  A contracted {buyer} {price}
    wait 30 days           ->  A contracted {buyer} {price}
    ops records A          ->  A sold {buyer} {price}
"""


def by_agreement() -> tuple[Desk, str]:
    desk = Desk.cn()
    desk.right_id = desk.right("lab")
    desk.admitted("lab", desk.whole("lab", desk.right_id, name="A"))
    desk.offered()
    desk.steps("accept", "buyer signs", "seller signs", "wait 30", "confirm")
    return desk, "li"


def by_quotes() -> tuple[Desk, str]:
    desk = QuoteDesk.asked()
    desk.plays("""
        li  quotes 900 10      ->  open: li 900
        wu  quotes 950 10      ->  open: li 900, wu 950
        lab takes wu           ->  accepted: wu 950
        wu  signs              ->  accepted: wu 950
        lab signs              ->  accepted: wu 950
        ops records            ->  closed: wu 950
    """)
    return desk, "wu"


def in_public(method: str, bids: str, price: int) -> tuple[Desk, str]:
    hall = Hall.cn()
    hall.announced(method, A=800)
    hall.enter("li", "wu")
    hall.plays(bids.rstrip() + SIGNED.format(buyer="wu", price=price))
    hall.right_id = hall.assets["A"]
    return hall, "wu"


def by_english() -> tuple[Desk, str]:
    return in_public("english", """
        begin                  ->  A open
        li  bids A 800         ->  A li 800
        wu  bids A 850         ->  A wu 850
        end                    ->  A awarded wu 850
    """, 850)  # fmt: skip


def by_dutch() -> tuple[Desk, str]:
    return in_public("dutch", """
        begin                  ->  A 1600
        wait 60 seconds        ->  A 1500
        wu  bids A 1500        ->  A awarded wu 1500
    """, 1_500)  # fmt: skip


def by_sealed() -> tuple[Desk, str]:
    return in_public("sealed", """
        begin                  ->  A open
        li  commits A 800      ->  A open
        wu  commits A 900      ->  A open
        end                    ->  A revealing
        li  reveals A 800      ->  A revealing
        wu  reveals A 900      ->  A revealing
        close                  ->  A awarded wu 900
    """, 900)  # fmt: skip


def by_tender() -> tuple[Desk, str]:
    hall = TenderHall.opened(li="900", wu="800")
    for who in ("ann", "ben", "cem"):
        for whom, points in (("li", "20/20"), ("wu", "90/90")):
            hall.happens(f"{who} scores {whom} {points}")
    hall.plays(SIGNED.format(buyer="wu", price=800))
    hall.right_id = hall.assets["A"]
    return hall, "wu"


def at_its_price() -> tuple[Desk, str]:
    desk = OfferDesk.cn()
    desk.plays("""
        lab offers             ->  open
        wu  takes              ->  taken wu
        li  takes              ->  listing.state
        wu  signs              ->  taken wu
        lab signs              ->  taken wu
        wait 30 days           ->  taken wu
        ops records            ->  closed wu
    """)
    return desk, "wu"


JOURNEYS: dict[Method, Callable[[], tuple[Desk, str]]] = {
    Method.AGREEMENT: by_agreement,
    Method.RFQ: by_quotes,
    Method.ENGLISH: by_english,
    Method.DUTCH: by_dutch,
    Method.SEALED: by_sealed,
    Method.TENDER: by_tender,
    Method.LISTING: at_its_price,
}


def test_every_lawful_method_is_walked() -> None:
    assert set(profile("cn_ip_venue").fields.methods.value) == {*JOURNEYS, Method.OPEN_LICENCE}


@pytest.mark.parametrize("method", JOURNEYS)
def test_a_right_goes_from_its_listing_to_the_office(method: Method) -> None:
    desk, buyer = JOURNEYS[method]()
    assert (desk.owner(), desk.escrow(), desk.held()) == (buyer, 0, 0)
    completed = desk.last(DealCompleted).deal
    fee = completed.price_minor // 100
    assert desk.money("lab") == completed.price_minor - fee
    assert desk.fees_due() == 2 * fee
    assert desk.right_of(desk.right_id).title is TitleCheck.UNKNOWN, "a new owner's title is examined anew"
    assert desk.last(ListingDelisted).listing.state is ListingState.DELISTED
    assert not desk.venue.state.due
    desk.venue.close()


def test_an_open_licence_goes_from_its_declaration_to_the_office_and_leaves_the_right_where_it_is() -> None:
    desk = LicenceDesk.cn()
    desk.plays("""
        lab opens 200          ->  declared 0 taken
        ops publishes          ->  open 0 taken
        wu  takes 200          ->  wu in_force, open 1 taken
        ops records wu         ->  wu in_force, open 1 taken
        lab closes             ->  wu in_force, withdrawn 1 taken
        wait 730 days          ->  wu expired, withdrawn 1 taken
    """)
    fee = 200_000
    assert (desk.owner(), desk.escrow(), desk.held()) == ("lab", 0, 0)
    assert (desk.money("lab"), desk.fees_due()) == (20_000_000 - fee, 2 * fee)
    assert not desk.venue.state.due
    desk.venue.close()
