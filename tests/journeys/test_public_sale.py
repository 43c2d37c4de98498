"""A patent nobody wanted at its price, listed lower by decision, fought over, lost by default, and recorded at last."""

from __future__ import annotations

import msgspec

from custody.rights import TitleCheck
from exchange.core.messages import Rejected
from exchange.core.units import Minor
from matching.listing import ListingState
from matching.listing_messages import DelistListing, ListingDelisted, ListingMethod
from matching.lot_messages import BidDefaulted, LotsFailed, SaleClosed
from matching.sale_messages import AnnounceSale, DocumentViewed, ListingSteps, RepriceListing, SaleAnnounced
from tests.sales.stage import DAY_NS, THOUSAND, Hall


def test_a_university_s_patent_goes_to_the_next_bidder_in_its_second_sale() -> None:
    hall = Hall.cn()
    hall.seller = "thu"

    # A Dutch clock falls to the listing price; two were admitted, and nobody takes it.
    hall.announced("dutch", A=800)
    hall.enter("li", "wu")
    hall.plays("""
        begin                  ->  A 1600
        wait 300 seconds       ->  A 1100
        wait 700 seconds       ->  A failed: no bid
    """)
    assert [hall.deposit(who) for who in ("li", "wu")] == [0, 0]
    assert [len(event.steps) for event in hall.told(LotsFailed)] == [1]

    # The university decides to take less; two operators put that into force, once for the one failed sale.
    decision = hall.file("thu", "minutes: to be listed at CNY 600,000")
    lower = RepriceListing(listing_id=hall.listings["A"], price_minor=Minor(600 * THOUSAND), decision_sha256=decision)
    assert not isinstance(hall.venue.by_two(lower)[0], Rejected)
    steps = hall.venue.state.table(ListingSteps)[hall.listings["A"]]
    assert (steps.failed_sales, steps.steps, steps.first_price_minor) == (1, 1, 800 * THOUSAND)

    # The same clock again, at twice the new price; the same bidders and one more read the charts first.
    begin = hall.venue.clock_ns + 12 * DAY_NS
    lots = (msgspec.structs.replace(hall.terms["lots"][0], start_minor=Minor(1_200 * THOUSAND)),)
    changed = {"lots": lots, "starts_at_ns": begin, "deposit_minor": Minor(120 * THOUSAND)}
    announced = hall.venue.make(AnnounceSale(**(hall.terms | changed)), SaleAnnounced, "thu")
    hall.sale_id, hall.lots, hall.entered = announced.sale.sale_id, {"A": announced.lots[0].lot_id}, {}
    hall.enter("li", "wu", "ren")
    for who in ("li", "wu", "ren"):
        assert not hall.enters("view", who)
    assert [event.bidder.paddle for event in hall.told(DocumentViewed)] == [1, 2, 3]
    hall.plays("""
        begin                  ->  A 1200
        wait 120 seconds       ->  A 1000
        wu  bids A 1000        ->  A awarded wu 1000
        wait 5 days            ->  A failed: the buyer defaulted
    """)
    assert (hall.purse("wu"), hall.purse("thu")) == (10_000 - 120, 120)
    assert [event.bidder.state for event in hall.told(BidDefaulted)] == ["defaulted"]

    # Without a second bid on a clock there is nobody to offer it to: an English auction is announced of a new listing.
    ended = DelistListing(listing_id=hall.listings["A"], reason="to be sold another way")
    hall.venue.make(ended, ListingDelisted, "thu")
    hall.listings.clear()
    command = hall.whole(
        "thu", hall.assets["A"], method=ListingMethod.ENGLISH, name="A", asking_price_minor=Minor(600 * THOUSAND)
    )
    hall.listings["A"] = hall.admitted("thu", command).listing.listing_id
    hall.announced("english", {"A": 650}, A=600)
    hall.enter("li", "ren", "mei")
    hall.plays("""
        begin                  ->  A open
        ren bids A 600         ->  A (ren 600)
        li  bids A 700         ->  A li 700
        almost end 60          ->  A li 700
        mei bids A 900         ->  A mei 900
        almost end 30          ->  A mei 900
        ren bids A 949         ->  bid.too_low
        end                    ->  A awarded mei 900
        mei withdraws A        ->  A offered li 700
        restart                ->  A offered li 700
        li  takes A            ->  A awarded li 700
        thu signs A            ->  A awarded li 700
        li  signs A            ->  A contracted li 700
        wait 30 days           ->  A contracted li 700
        ops records A          ->  A sold li 700
    """)

    # The right is li's, the price less fee the university's, with what two defaults forfeited.
    assert hall.owner_of("A") == "li"
    assert (hall.purse("li"), hall.purse("mei")) == (10_000 - 707, 10_000 - 60)
    assert hall.money("thu") == (693 + 120 + 60) * THOUSAND
    assert (hall.escrow(), hall.fees_due()) == (0, 14 * THOUSAND)
    assert hall.right_of(hall.assets["A"]).title is TitleCheck.UNKNOWN
    assert [event.sale.state for event in hall.told(SaleClosed)] == ["closed"] * 3
    assert hall.told(ListingDelisted)[-1].listing.state is ListingState.DELISTED
    assert not hall.venue.state.due
    hall.venue.close()
