"""Notes listed where the profile allows a book, and traded there: who may list, who may order, how many may hold."""

from __future__ import annotations

import pytest

from exchange.core.instruments import Phase, Side
from exchange.core.messages import Rejected
from exchange.core.units import Minor, PriceTicks, QuantityLots
from matching.listing_messages import AdmitListing, DelistListing, ListingAdmitted, ListingProposed, ProposeListing
from matching.messages import ChangePhase, OrderAccepted, PlaceOrder, TradeMade
from tests.blocks.stage import Floor, junior_of


class Board(Floor):
    """A floor whose notes are listed as NOTE, lots of 10 notes."""

    @classmethod
    def open(cls, **fields: object) -> Board:
        """Notes of an issue in the sandbox, on its book, continuous."""
        floor = Floor.notes(sandbox=True, **fields)
        board = cls(floor.venue)
        board.serial, board.asset_id, board.market = floor.serial, floor.asset_id, floor.market
        admitted = board.admits(board.listing_of())
        assert admitted.instrument is not None
        board.venue.instruments["NOTE"] = admitted.instrument.instrument_id
        board.venue.do(ChangePhase(instrument_id=admitted.instrument.instrument_id, phase=Phase.CONTINUOUS))
        return board

    def listing_of(self, by: str = "issuer", **changed: object) -> ProposeListing:
        """The command by which the issuer lists the notes."""
        scales = {"lot_units": Minor(10), "band_high_ticks": Minor(20_000), "name": "Notes"}
        return self.book(by, self.asset_id, **{"market_id": self.market, **scales, **changed})

    def admits(self, command: ProposeListing) -> ListingAdmitted:
        """Propose as the issuer, and admit."""
        listing = self.venue.make(command, ListingProposed, "issuer").listing
        return self.venue.make(AdmitListing(listing_id=listing.listing_id), ListingAdmitted)

    def order(self, who: str, side: Side, lots: int, price: int) -> str:
        """An order for lots of the notes; the refusal, or what became of it."""
        self.serial += 1
        events = self.venue.do(
            PlaceOrder(
                client_order_id=f"n{self.serial}",  # type: ignore[arg-type]
                account_id=self.venue.accounts[who],
                instrument_id=self.venue.instruments["NOTE"],
                side=side,
                price_ticks=PriceTicks(price),
                quantity_lots=QuantityLots(lots),
            ),
            who,
        )
        if isinstance(events[0], Rejected):
            return events[0].code.value
        assert isinstance(events[0], OrderAccepted)
        return "trades" if any(isinstance(event, TradeMade) for event in events) else "rests"


def test_notes_trade_on_a_book_where_the_profile_allows_it() -> None:
    board = Board.open()
    instrument = board.venue.state.instruments[board.venue.instruments["NOTE"]]
    assert instrument.code.startswith("IPXN")
    cash = board.venue.cash("ren")
    assert board.order("li", Side.SELL, 20, 10_100) == "rests"
    assert board.order("ren", Side.BUY, 15, 10_200) == "trades"
    board.has(li=350, wu=400, ren=150)
    assert board.venue.cash("ren") == cash - 15 * 10_100
    assert board.held("li") == 50


@pytest.mark.parametrize(
    ("fields", "changed", "by", "code", "provision"),
    [
        ({}, {}, "issuer", "rule.method_not_allowed", "CN-38/37"),
        ({"sandbox": True}, {}, "li", "right.not_owned", ""),
        ({"sandbox": True}, {"lot_units": 7}, "issuer", "listing.terms_invalid", ""),
    ],
    ids=["a private product's market has no book", "not the issuer", "lots that do not share out the whole"],
)
def test_what_keeps_notes_from_being_listed(
    fields: dict[str, object], changed: dict[str, object], by: str, code: str, provision: str
) -> None:
    floor = Floor.notes(**fields)
    board = Board(floor.venue)
    board.serial, board.asset_id, board.market = floor.serial, floor.asset_id, floor.market
    assert board.refused(board.listing_of(by, **changed), by) == (code, provision)


def test_notes_of_a_private_product_do_not_escape_to_another_markets_book() -> None:
    floor = Floor.notes()
    board = Board(floor.venue)
    board.serial, board.asset_id, board.market = floor.serial, floor.asset_id, floor.venue.market_id
    [rejected] = board.venue.do(board.listing_of(), "issuer")
    assert isinstance(rejected, Rejected) and rejected.rule is not None
    rule = rejected.rule
    assert (rejected.code.value, rule.profile, rule.version, rule.field, rule.provision) == (
        "rule.method_not_allowed",
        "cn_private_product",
        2,
        "centralised_methods",
        "CN-38/37",
    )


def test_an_order_is_asked_for_suitability_and_for_the_holders_of_every_class() -> None:
    """li, wu and the originator, who has the other class, are three: a fourth finds no place until one has left."""
    board = Board.open(holder_cap=3)
    board.venue.member("nobody", cash=1_000_000, standings=())
    assert board.order("nobody", Side.BUY, 1, 10_000) == "rule.suitability"
    assert board.order("ren", Side.BUY, 1, 10_000) == "rule.holder_cap"
    assert board.order("licensor0", Side.SELL, 1, 10_000) == "hold.insufficient_available"
    assert board.order("li", Side.SELL, 50, 10_000) == "rests"
    assert board.order("wu", Side.BUY, 50, 10_000) == "trades"
    assert board.order("ren", Side.BUY, 1, 10_000) == "rests"
    assert board.order("li", Side.BUY, 1, 10_000) == "rule.holder_cap"


def test_a_bid_in_the_book_keeps_its_holders_place_before_a_block() -> None:
    board = Board.open(holder_cap=4)
    assert board.order("ren", Side.BUY, 1, 10_000) == "rests"
    events = board.venue.do(board.proposal("li", "ordinary", 100, 10_000), "li")
    assert isinstance(events[0], Rejected) and events[0].code.value == "rule.holder_cap"


def test_what_an_originator_keeps_is_not_offered() -> None:
    board = Board.open()
    board.asset_id = junior_of(board)
    admitted = board.admits(board.listing_of())
    assert admitted.instrument is not None
    board.venue.instruments["NOTE"] = admitted.instrument.instrument_id
    board.venue.do(ChangePhase(instrument_id=admitted.instrument.instrument_id, phase=Phase.CONTINUOUS))
    assert board.order("licensor0", Side.SELL, 1, 10_000) == "rule.lock_up"


def test_units_offered_in_the_book_are_not_sold_as_a_block_and_the_listing_outlives_a_block() -> None:
    board = Board.open()
    assert board.order("li", Side.SELL, 45, 10_000) == "rests"
    events = board.venue.do(board.proposal("li", "ren", 100, 10_000), "li")
    assert isinstance(events[0], Rejected) and events[0].code.value == "hold.insufficient_available"
    board.sold("a", "li", "ren", 50, 10_000)
    board.has(li=450, ren=50)
    assert board.order("ren", Side.SELL, 5, 9_990) == "rests"
    listing_id = board.venue.state.instruments[board.venue.instruments["NOTE"]].listing_id
    board.venue.do(DelistListing(listing_id=listing_id, reason="over"))
    board.venue.finish_runs()
    assert (board.held("li"), board.held("ren")) == (0, 0)
