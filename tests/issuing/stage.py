"""A stage for issues: a small deal in force, three licensors with their claims, and everybody an issue needs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from exchange.core.documents import FileDocument
from exchange.core.ids import ClaimId, ClosingItemId, IssueId, OfferingId
from exchange.core.messages import Event
from exchange.core.parties import Role
from exchange.core.rule_messages import ActivateText, PublishedKind
from exchange.core.units import Minor, Ppm, TimeNs
from securitization.issue_messages import (
    ClassTerms,
    ClosingFee,
    ClosingItem,
    ClosingKind,
    DealPublished,
    FeePayee,
    Issue,
    IssueModel,
    IssueParty,
    IssueProposed,
    IssueRole,
    ProposeIssue,
    PublishDeal,
    SatisfyClosing,
)
from securitization.messages import ClaimRegistered, RegisterClaim
from securitization.offering_messages import (
    Allotment,
    BookBid,
    BookBidPlaced,
    ClassOffer,
    CloseOffering,
    Offering,
    OpenOffering,
    PlaceBookBid,
    Pricing,
)
from tests.support import START_NS, Venue

EXAMPLE = Path(__file__).parents[2] / "securitization/examples/two_classes.json"
SENIOR, JUNIOR, POOL, FACE = 900_000, 100_000, 1_050_000, 1_000
CLAIMS = (525_000, 315_000, 210_000)
DAY_NS = 86_400_000_000_000
DOCUMENT = hashlib.sha256(b"offering file").hexdigest()
STAFF = {
    "issuer": IssueRole.ISSUER,
    "arranger": IssueRole.ARRANGER,
    "servicer": IssueRole.SERVICER,
    "trustee": IssueRole.TRUSTEE,
    "lawyers": IssueRole.LAW_FIRM,
    "raters": IssueRole.RATING_AGENCY,
    "guarantor": IssueRole.GUARANTOR,
}


def deal_text(**changed: Any) -> str:
    """The two-class example in the test currency: 900 senior and 100 junior notes of 1,000 over a pool of 1,050,000."""
    deal = json.loads(EXAMPLE.read_text())
    deal |= {"currency": "XTS", "issue_minor": SENIOR + JUNIOR}
    deal["pool"] = {"initial_balance_minor": POOL, "initial_valuation_minor": 1_500_000}
    for tranche, face in zip(deal["tranches"], (SENIOR, JUNIOR), strict=True):
        tranche["face_minor"] = face
    return json.dumps(deal | changed)


class Stage:
    """One venue with a deal in force."""

    def __init__(self, investors: int = 4, cash: int = 2_000_000, **fields: Any) -> None:
        self.venue = Venue.sandbox(fee_ppm=0, fee_minimum=0, **fields)
        for place in range(3):
            self.venue.member(f"licensor{place}", Role.INSTITUTION)
            self.venue.member(f"licensee{place}")
        self.venue.instrument("PATENTS", licensor0=1, licensor1=1, licensor2=1)
        for name in STAFF:
            self.venue.member(name, Role.INTERMEDIARY, cash=100_000 if name == "issuer" else 0)
        for place in range(investors):
            self.venue.member(f"i{place}", cash=cash)
        for name in (
            "lawyers",
            "raters",
            "guarantor",
            "servicer",
            "trustee",
            "issuer",
            "licensor0",
            "licensor1",
            "licensor2",
        ):
            self.file(name)
        self.issue_id, self.offering_id = IssueId(0), OfferingId(0)
        self.bids: dict[str, Any] = {}

    def file(self, name: str) -> None:
        """Put the one file of this stage on record for a member."""
        self.venue.do(FileDocument(sha256=DOCUMENT, size_bytes=1, media_type="application/pdf", title="t"), name)

    def publish(self, text: str = "") -> None:
        """Publish the deal and put it in force."""
        command = PublishDeal(version=1, effective_from="2026-01-01", text=text or deal_text())
        self.venue.make(command, DealPublished)
        self.venue.by_two(ActivateText(kind=PublishedKind.DEAL, name="two_classes", version=1))

    def claim(self, place: int) -> ClaimId:
        """Register one licensor's fee."""
        command = RegisterClaim(
            originator_account_id=self.venue.accounts[f"licensor{place}"],
            debtor_account_id=self.venue.accounts[f"licensee{place}"],
            right_asset_id=self.venue.asset("PATENTS"),
            money_asset_id=self.venue.money,
            amount_minor=Minor(CLAIMS[place]),
            due_date="2026-12-01",
            contract_sha256=f"{place:064x}",
        )
        return self.venue.make(command, ClaimRegistered, f"licensor{place}").claim.claim_id

    def proposal(self, **changed: Any) -> ProposeIssue:
        """An issue of the deal: the senior class rated and offered, the junior one kept by the first licensor."""
        venue = self.venue
        who = STAFF | {"licensor0": IssueRole.ORIGINATOR}
        terms: dict[str, Any] = {
            "name": "one",
            "market_id": venue.market_id,
            "deal_name": "two_classes",
            "deal_version": 1,
            "model": IssueModel.RECEIVABLES,
            "parties": tuple(
                IssueParty(role=role, member_id=venue.members[name], account_id=venue.accounts[name])
                for name, role in who.items()
            ),
            "claims": (),
            "classes": (
                ClassTerms(name="senior", note_face_minor=Minor(FACE), rated=True),
                ClassTerms(name="junior", note_face_minor=Minor(FACE), retained_ppm=Ppm(1_000_000)),
            ),
            "payees": (
                FeePayee(name="trustee", role=IssueRole.TRUSTEE),
                FeePayee(name="line", role=IssueRole.GUARANTOR),
            ),
            "closing_fees": (
                ClosingFee(role=IssueRole.ARRANGER, rate_ppm=Ppm(10_000)),
                ClosingFee(role=IssueRole.LAW_FIRM, amount_minor=Minor(5_000)),
            ),
        }
        return ProposeIssue(**(terms | changed))

    def propose(self, **changed: Any) -> Issue:
        """Publish, register the claims, propose."""
        return self.propose_text("", **changed)

    def propose_text(self, text: str, **changed: Any) -> Issue:
        """The same with another text of the deal."""
        self.publish(text)
        claims = tuple(self.claim(place) for place in range(3))
        made = self.venue.make(self.proposal(claims=claims, **changed), IssueProposed, "arranger")
        self.issue_id = made.issue.issue_id
        return made.issue

    def items(self, kind: ClosingKind | None = None) -> list[ClosingItem]:
        """The checklist."""
        found = [item for _, item in sorted(self.venue.state.table(ClosingItem).items())]
        return [item for item in found if kind in (None, item.kind)]

    def show(self, item: ClosingItem, **changed: Any) -> SatisfyClosing:
        """What shows one item."""
        terms: dict[str, Any] = {
            "closing_item_id": ClosingItemId(item.closing_item_id),
            "documents": (DOCUMENT,),
            "grade": "AAA" if item.kind is ClosingKind.RATING else "",
        }
        return SatisfyClosing(**(terms | changed))

    def satisfy(self, *kinds: ClosingKind) -> None:
        """Show every item of these kinds; of all if none is named."""
        by = {
            ClosingKind.TRUE_SALE_OPINION: "lawyers",
            ClosingKind.RATING: "raters",
            ClosingKind.GUARANTEE: "guarantor",
            ClosingKind.FUND_ACCOUNT: "trustee",
        }
        sellers = iter(range(3))
        for item in self.items():
            name = by.get(item.kind) or f"licensor{next(sellers)}"
            if not kinds or item.kind in kinds:
                events = self.venue.do(self.show(item), name)
                assert type(events[0]).__name__ == "ClosingSatisfied", (item, events)

    def terms(self, pricing: Pricing = Pricing.PRICE, **changed: Any) -> OpenOffering:
        """An offer of the 900 senior notes in lots of 10."""
        limits: dict[str, Any] = {"least_minor": Minor(980), "most_minor": Minor(1_020)}
        if pricing is Pricing.YIELD:
            limits = {"least_ppm": Ppm(10_000), "most_ppm": Ppm(30_000)}
        if pricing is Pricing.FIXED:
            limits = {"least_minor": Minor(FACE), "most_minor": Minor(FACE)}
        terms: dict[str, Any] = {
            "issue_id": self.issue_id,
            "pricing": pricing,
            "allotment": Allotment.UNIFORM,
            "classes": (ClassOffer(name="senior", lot_notes=10, **limits),),
            "ends_ns": TimeNs(self.venue.clock_ns + 5 * DAY_NS),
            "book_cap_minor": Minor(5_000_000),
            "refund_rate_ppm": Ppm(36_500),
            "document_sha256": DOCUMENT,
        }
        return OpenOffering(**(terms | changed))

    def offered(self, pricing: Pricing = Pricing.PRICE, **changed: Any) -> Offering:
        """An offer whose book is open, with everything shown."""
        self.propose()
        self.satisfy()
        self.venue.by_two(self.terms(pricing, **changed))
        self.offering_id = OfferingId(max(self.venue.state.table(Offering)))  # type: ignore[arg-type]
        return self.offering()

    def bid(self, name: str, notes: int, limit: int) -> PlaceBookBid:
        """A bid of one investor for senior notes."""
        account_id = self.venue.accounts[name]
        return PlaceBookBid(
            offering_id=self.offering_id, account_id=account_id, class_name="senior", notes=notes, limit=limit
        )

    def bids_in(self, text: str) -> list[BookBid]:
        """Bids written as `i0 300 @ 1010`, one a line."""
        placed: list[BookBid] = []
        for line in text.strip().splitlines():
            name, notes, _, limit = line.split()
            placed.append(self.venue.make(self.bid(name, int(notes), int(limit)), BookBidPlaced, name).bid)
        return placed

    def close(self) -> list[Event]:
        """Let the period pass and close the book."""
        self.venue.pass_time(days=5, seconds=1)
        return self.venue.do(CloseOffering(offering_id=self.offering_id))

    def issue(self) -> Issue:
        """The issue at hand."""
        return self.venue.state.table(Issue)[self.issue_id]

    def offering(self) -> Offering:
        """The offer at hand."""
        return self.venue.state.table(Offering)[self.offering_id]

    def notes(self, name: str, place: int = 0) -> int:
        """How many notes of a class a member has."""
        return self.venue.state.ledger.units(self.venue.accounts[name], self.issue().classes[place].asset_id)

    def cash(self, name: str) -> int:
        """A member's money."""
        return self.venue.cash(name)


__all__ = ["CLAIMS", "DAY_NS", "DOCUMENT", "FACE", "START_NS", "Stage", "deal_text"]
