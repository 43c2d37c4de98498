"""The list of instruments: one is on it from its admission, and what a delisting changed is told."""

from __future__ import annotations

from api.stream.market import Market
from exchange.core.instruments import Phase
from exchange.core.wire import encode_event, encode_events
from exchange.store.queries.stream import FeedRow
from matching.listing_messages import DelistListing, ListingDelisted
from tests.listings.stage import House


def test_an_instrument_is_on_the_list_before_its_first_phase_and_closed_on_it_when_it_is_delisted() -> None:
    house = House.sandbox()
    journal = house.venue.journal
    admitted = house.admitted("thu", house.book("thu", house.floating("thu")))
    instrument = admitted.instrument
    assert instrument is not None
    market = Market()
    market.rows([FeedRow(entry.header, encode_events(list(map(encode_event, entry.events)))) for entry in journal[-1:]])
    assert market.instruments[instrument.instrument_id] == instrument
    assert market.refusal("book", instrument.instrument_id) is None

    delist = DelistListing(listing_id=admitted.listing.listing_id, reason="invalidated")
    ended = house.venue.make(delist, ListingDelisted)
    market.rows([FeedRow(journal[-1].header, encode_events(list(map(encode_event, journal[-1].events))))])
    shown = market.instruments[instrument.instrument_id]
    assert shown == ended.instrument and (shown.phase, shown.frozen) == (Phase.CLOSED, True)


def test_a_listing_without_a_book_puts_nothing_on_the_list() -> None:
    house = House.cn()
    admitted = house.admitted("thu", house.whole("thu", house.right("thu")))
    assert admitted.instrument is None
    last, market = house.venue.journal[-1], Market()
    market.rows([FeedRow(last.header, encode_events(list(map(encode_event, last.events))))])
    assert not market.instruments
