"""A public sale on a running exchange: prepared in the past of the machine's clock, so that it is open now.

The test market's calendar never ends, so these tests need no year of their own.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from custody.rights import TitleCheck
from exchange.core.ids import AssetId, BidId, to_wire
from exchange.core.units import Minor, Ppm, TimeNs
from exchange.node.clock import SystemClock
from exchange.store.migrate import head
from matching.consideration import Basis
from matching.licence_messages import (
    DeclareOpenLicence,
    OpenLicenceDeclared,
    OpenLicencePublished,
    PublishOpenLicence,
)
from matching.licences import Scope, Territories
from matching.listing_messages import ListingMethod
from matching.lot_messages import BidCommitted, CommitBid
from matching.price_offers import ListingOffered, OfferListing
from matching.quote_messages import QuotesRequested, RequestQuotes
from matching.tender_messages import RevealOffer
from matching.tenders import Criterion, Offer, TenderTerms, offer_commitment
from tests.sales.stage import DAY_NS, NOTICE_DAYS, THOUSAND, Hall
from tests.support import Venue

CASH = 10_000


class Sandbox(Hall):
    """A hall in the test market, where what is sold is know-how and its second signature moves it."""

    def right(self, by: str, *, title: TitleCheck = TitleCheck.CLEAR, **changed: Any) -> AssetId:
        """The whole right in an outcome."""
        return super().right(by, title=title, **({"patent_id": None, "outcome_id": self.outcome(by)} | changed))

    def again(self) -> Sandbox:
        """Another hall with the same past."""
        hall = super().again()
        hall.__class__ = Sandbox
        return hall  # type: ignore[return-value]


def open_sale(method: str, reserves: dict[str, int] | None = None, /, stage: str = "open", **more: Any) -> Sandbox:
    """A sale that began a day ago and is open for another day; li and wu are admitted, ren is not.

    `stage`: `announced` for one that begins in a day, `revealing` for one whose commitments ended an hour ago, or
    `scoring` for a tender whose offers, of 900 and 850, were opened an hour ago.
    """
    hall = Sandbox(Venue.sandbox())
    hall.venue.checking = False
    hall.cn_market = hall.venue.market_id
    hall.institution("lab")
    hall.institution("pku")
    for name in ("li", "wu", "ren"):
        hall.trader(name)
        hall.venue.deposit(name, CASH * THOUSAND)
    now_ns = SystemClock().now_ns()
    begins_in = {"announced": 1, "open": -1, "revealing": -2, "scoring": -3}[stage] * DAY_NS
    hall.venue.clock_ns = now_ns + begins_in - NOTICE_DAYS * DAY_NS
    ends_ns = now_ns + (2 * DAY_NS if stage == "announced" else DAY_NS)
    times: dict[str, Any] = {"ends_at_ns": TimeNs(ends_ns)}
    if method == "dutch":
        times = {"step_seconds": 86_400}
    if method in ("sealed", "tender"):
        ends_ns = now_ns - DAY_NS // 24 if stage == "revealing" else ends_ns
        times = {"ends_at_ns": TimeNs(ends_ns), "reveal_until_ns": TimeNs(now_ns + 2 * DAY_NS)}
    if stage == "scoring":
        times = {"ends_at_ns": TimeNs(now_ns - DAY_NS), "reveal_until_ns": TimeNs(now_ns - DAY_NS // 24)}
    if method == "tender":
        times["tender"] = comparison(hall)
    hall.announced(method, reserves, **(times | more))
    hall.enter("li", "wu")
    if stage != "announced":
        hall.happens("begin")
    if stage == "revealing":
        if method == "tender":
            commit_offer(hall, "li", 900)
        else:
            hall.happens("li commits A 900")
        hall.happens("end")
    if stage == "scoring":
        made = {who: commit_offer(hall, who, price) for who, price in (("li", 900), ("wu", 850))}
        hall.happens("end")
        for who, (bid_id, offer, nonce) in made.items():
            assert not hall.venue.refusal(RevealOffer(bid_id=bid_id, offer=offer, nonce=nonce), who)
        hall.happens("close")
    return hall


def comparison(hall: Sandbox) -> TenderTerms:
    """How the offers of a tender are compared, and by whom."""
    return TenderTerms(
        price_weight_ppm=Ppm(600_000),
        criteria=(Criterion(code="fit", name="Fit with the field", weight_ppm=Ppm(400_000)),),
        evaluators=tuple(hall.venue.users[name] for name in ("ops", "ops2", "pku")),
        basis=Basis(discount_ppm=Ppm(50_000), royalty_base="net sales", expected_base_minor=(Minor(THOUSAND),)),
        scoring_days=10,
    )


def ask_for_quotes(hall: Sandbox) -> None:
    """Have the seller ask every member what it would give for one more right, until a day from now."""
    hall.listed("C", ListingMethod.RFQ, 500)
    command = RequestQuotes(
        listing_id=hall.listings["C"],
        contract_sha256=hall.file(hall.seller, "contract"),
        closes_at_ns=TimeNs(SystemClock().now_ns() + DAY_NS),
        payment_days=5,
    )
    hall.venue.make(command, QuotesRequested, hall.seller)


def offer_to_all(hall: Sandbox) -> None:
    """Have the seller offer one more right at its price, and the use of another to everybody for a fee."""
    hall.listed("D", ListingMethod.LISTING, 600)
    paper = hall.file(hall.seller, "contract")
    offer = OfferListing(listing_id=hall.listings["D"], contract_sha256=paper, payment_days=5)
    hall.venue.make(offer, ListingOffered, hall.seller)
    declare = DeclareOpenLicence(
        market_id=hall.cn_market,
        asset_id=hall.right(hall.seller),
        account_id=hall.venue.accounts[hall.seller],
        name="E",
        scope=Scope(territories=Territories(everywhere_but=True), starts_on="2026-01-01", ends_on="2075-01-01"),
        fee_minor=Minor(20 * THOUSAND),
        contract_sha256=paper,
    )
    declared = hall.venue.make(declare, OpenLicenceDeclared, hall.seller).open_licence
    publish = PublishOpenLicence(open_licence_id=declared.open_licence_id, office_reference="announced")
    hall.venue.make(publish, OpenLicencePublished)


def commit_offer(hall: Sandbox, who: str, price: int) -> tuple[BidId, Offer, str]:
    """Have somebody commit to a price at signing; answers what opens it."""
    bidder_id, lot = hall.entered[who], to_wire("LT", hall.lots["A"])
    nonce, offer = f"{who}-A-{price}".ljust(16, "."), Offer(price_minor=Minor(price * THOUSAND))
    sha256 = offer_commitment(to_wire("BR", bidder_id), lot, offer, nonce)
    command = CommitBid(bidder_id=bidder_id, commitment_sha256=sha256, client_bid_id="k")
    bid_id = hall.venue.make(command, BidCommitted, who).bid.bid_id
    hall.sealed[f"{who} A {price}"] = (bid_id, hall.named("A"), price, "")
    return bid_id, offer, nonce


def write_database(venue: Venue, path: Path) -> None:
    """A venue's journal and tables as the file a node starts from."""
    with contextlib.closing(sqlite3.connect(path)) as file:
        venue.scratch.connection.backup(file)
        file.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        file.execute("INSERT INTO alembic_version VALUES (?)", (head(),))
        file.execute("INSERT INTO epochs VALUES (1, 1, 0, 1)")
        file.execute("PRAGMA journal_mode = WAL")
        file.commit()
