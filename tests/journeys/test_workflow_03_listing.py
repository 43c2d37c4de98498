"""Workflow 3: a listing, its disclosure and its days of publicity, with what keeps a seller out of the market."""

from __future__ import annotations

from custody.rights import TitleCheck
from exchange.core.ids import ListingId
from matching.listing_messages import AdmitListing, DelistListing, Listing, ListingDelisted, RejectListing
from tests.deals.stage import Desk
from tests.journeys.script import walk


def test_a_state_university_lists_discloses_and_waits_out_its_publicity() -> None:
    desk = Desk.cn()
    venue = desk.venue
    desk.seller = "thu"
    desk.right_id = desk.right("thu", title=TitleCheck.UNKNOWN)
    newest = ListingId(0)

    def lists(by: str = "thu", **changed: object) -> str:
        nonlocal newest
        refused = venue.refusal(desk.whole(by, desk.right_id, **changed), by)
        newest = max(venue.state.table(Listing), default=newest)
        return refused

    walk(
        desk,
        """
        # What keeps the right out of the market.
        thu lists it for the order book              -> rule.method_not_allowed   # Guofa [2011] 38 and [2012] 37
        thu lists it before its title is checked     -> right.title_unknown
        ops examines the title
        thu names a disclosure nobody filed          -> document.unknown
        pku lists the right of thu                   -> right.not_owned

        # A draft; an operator sends the first one back, with the reason.
        thu lists it
        thu lists it                                 -> listing.state
        ops rejects it
        ops admits it                                -> listing.unknown
        thu lists it
        the exchange restarts
        thu admits it itself                         -> role.not_allowed
        ops admits it
        ops rejects it                               -> listing.state

        # What a state university would sell is public for fifteen days, and anybody may object meanwhile.
        thu offers it to li
        li accepts the terms
        li signs                                     -> deal.publicity_running
        pku objects
        15 days pass
        li signs                                     -> deal.publicity_running
        thu dismisses the objection                  -> role.not_allowed
        ops dismisses the objection
        14 days pass                                              # the days count anew from the decision
        li signs                                     -> deal.publicity_running
        8 days pass
        li signs
        the listing says                             -> admitted

        # The seller may still withdraw: the buyer's money goes back, and the listing is taken down.
        thu withdraws the offer
        thu takes the listing down
        thu takes the listing down                   -> listing.unknown
        """,
        {
            "thu lists it for the order book": lambda: venue.refusal(
                desk.book("thu", desk.right_id, market_id=desk.cn_market), "thu"
            ),
            "thu lists it before its title is checked": lists,
            "ops examines the title": lambda: desk.examine(desk.right_id, TitleCheck.CLEAR),
            "thu names a disclosure nobody filed": lambda: lists(disclosure_sha256="0" * 64),
            "pku lists the right of thu": lambda: lists("pku"),
            "thu lists it": lists,
            "ops rejects it": lambda: venue.refusal(RejectListing(listing_id=newest, reason="the disclosure is thin")),
            "ops admits it": lambda: venue.refusal(AdmitListing(listing_id=newest)),
            "thu admits it itself": lambda: venue.refusal(AdmitListing(listing_id=newest), "thu"),
            "thu offers it to li": desk.offered,
            "li accepts the terms": lambda: desk.step("accept"),
            "li signs": lambda: desk.step("buyer signs"),
            "pku objects": lambda: desk.step("object"),
            "thu dismisses the objection": lambda: desk.step("dismiss", by="thu"),
            "ops dismisses the objection": lambda: desk.step("dismiss"),
            "the listing says": lambda: desk.listing(newest).state.value,
            "thu withdraws the offer": lambda: desk.step("withdraw"),
            "thu takes the listing down": lambda: venue.refusal(
                DelistListing(listing_id=newest, reason="not for sale any more"), "thu"
            ),
        },
    )
    assert desk.last(ListingDelisted).listing.reason == "not for sale any more"
    assert (desk.owner(), desk.escrow(), desk.held(), desk.money("li")) == ("thu", 0, 0, 100_000_000)
    venue.close()
