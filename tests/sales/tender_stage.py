"""A hall in which a right is sold by tender; scenarios are played line by line.

    hall = TenderHall.opened(li="900", wu="700+300@365")     offers were committed and revealed; the panel scores
    hall.plays('''
        ann scores li 80/60          ->  A scoring
        ...
    ''')

An offer is its price at signing in thousands of CNY, and instalments `+amount@days`. The price counts 60 %, fit 25 %
and team 15 %; ann, ben and cem score, the discount is 10 % a year, and A is listed at CNY 800,000.
"""

from __future__ import annotations

import functools
from typing import Any

from exchange.core.ids import BidderId, BidId, to_wire
from exchange.core.messages import Command
from exchange.core.units import Minor, Ppm
from matching.consideration import Basis, ExpectedMilestone, Instalment, Items
from matching.lot_messages import CommitBid, LotBid
from matching.sale_messages import AnnounceSale, Sale
from matching.tender_messages import LeavePanel, RevealOffer, ScoreOffer, TenderOffer
from matching.tenders import Criterion, Offer, Points, TenderTerms, offer_commitment
from tests.sales.stage import THOUSAND, Hall

PANEL = ("ann", "ben", "cem")
CRITERIA = (
    Criterion(code="fit", name="fit with the right's field", weight_ppm=Ppm(250_000)),
    Criterion(code="team", name="who would put it to use", weight_ppm=Ppm(150_000)),
)
BASIS = Basis(
    discount_ppm=Ppm(100_000),
    milestones=(ExpectedMilestone(code="trial", probability_ppm=Ppm(500_000), after_days=365),),
    royalty_base="net sales",
    expected_base_minor=(Minor(1_000 * THOUSAND),),
)


class TenderHall(Hall):
    """A hall with one tender at hand."""

    @classmethod
    def cn(cls) -> TenderHall:
        """The default profile's market, and three who may sit in a panel."""
        return _prepared().again()

    @classmethod
    def opened(cls, **offers: str) -> TenderHall:
        """A tender whose offers are in; with more than one valid offer its panel scores."""
        return _opened(tuple(offers.items())).again()

    def again(self) -> TenderHall:
        """Another hall with the same past."""
        hall = super().again()
        hall.__class__ = TenderHall
        return hall  # type: ignore[return-value]

    def panel_terms(self, **changed: Any) -> TenderTerms:
        """How offers are compared."""
        terms: dict[str, Any] = {
            "price_weight_ppm": Ppm(600_000),
            "criteria": CRITERIA,
            "evaluators": tuple(self.venue.users[name] for name in PANEL),
            "basis": BASIS,
            "scoring_days": 10,
        }
        return TenderTerms(**(terms | changed))

    def announcement(self, method: str, reserves: dict[str, int] | None = None, /, **prices: int) -> AnnounceSale:
        """The command that announces a tender under plain terms."""
        super().announcement(method, reserves, **prices)
        if method == "tender":
            self.terms["tender"] = self.panel_terms()
        return AnnounceSale(**self.terms)

    def tendered(self, *names: str, **more: Any) -> Sale:
        """Announce the tender of A, admit bidders and let it begin."""
        sale = self.announced("tender", **({"A": 800} | more))
        self.enter(*names)
        self.happens("begin")
        return sale

    def step_of(self, who: str, step: list[str]) -> tuple[Command, str]:
        """The command of a line's step."""
        bidder_id = self.entered.get(who, BidderId(0))
        lot = to_wire("LT", self.lots.get("A", 0))
        match step:
            case ["offers", text]:
                self.keys += 1
                sha256 = offer_commitment(to_wire("BR", bidder_id), lot, self.offer(text), nonce_of(who))
                return CommitBid(bidder_id=bidder_id, commitment_sha256=sha256, client_bid_id=f"k{self.keys}"), who
            case ["opens", text]:
                bid_id = self.bid_id(who)
                return RevealOffer(bid_id=bid_id, offer=self.offer(text), nonce=nonce_of(who)), who
            case ["scores", whom, points]:
                given = [int(number) for number in points.split("/")]
                named = zip(CRITERIA, given, strict=True)
                signed = tuple(Points(code=criterion.code, points=number) for criterion, number in named)
                return ScoreOffer(bid_id=self.bid_id(whom), points=signed), who
            case ["leaves"]:
                return LeavePanel(sale_id=self.sale_id, reason="a former colleague bids"), who
            case _:
                return super().step_of(who, step)

    def _keep(self, who: str, step: list[str]) -> None:
        """Remember a commitment by who made it."""
        if step[0] == "offers":
            for event in self.venue.journal[-1].events:
                bid = getattr(event, "bid", None)
                if isinstance(bid, LotBid):
                    self.sealed[who] = (bid.bid_id, (), 0, "")
        else:
            super()._keep(who, step)

    def bid_id(self, who: str) -> BidId:
        """Somebody's commitment."""
        return self.sealed[who][0] if who in self.sealed else BidId(0)

    def offer(self, text: str) -> Offer:
        """An offer of a scenario: `700+300@365` is 700 at signing and 300 after a year."""
        price, *later = text.split("+")
        dated = [one.split("@") for one in later]
        instalments = tuple(
            Instalment(amount_minor=Minor(int(amount) * THOUSAND), due_days=int(days)) for amount, days in dated
        )
        items = Items(instalments=instalments) if instalments else None
        return Offer(price_minor=Minor(int(price) * THOUSAND), items=items)

    def offered(self, who: str) -> TenderOffer:  # type: ignore[override]
        """Somebody's offer, as it last was."""
        found = self.venue.state.table(TenderOffer).get(self.bid_id(who))
        return found if found is not None else self._told("offers", self.bid_id(who), "bid_id")

    def ranks(self) -> dict[str, tuple[int, int]]:
        """Everybody's rank and score."""
        return {who: (self.offered(who).rank, self.offered(who).score_ppm) for who in self.sealed}


def nonce_of(who: str) -> str:
    """What keeps an offer from being guessed."""
    return who.ljust(16, ".")


@functools.cache
def _prepared() -> TenderHall:
    hall = Hall.cn()
    for name in PANEL:
        hall.trader(name)
    hall.__class__ = TenderHall
    return hall  # type: ignore[return-value]


@functools.cache
def _opened(offers: tuple[tuple[str, str], ...]) -> TenderHall:
    hall = TenderHall.cn()
    hall.tendered(*(who for who, _ in offers), *("mei",) * (len(offers) < 2))
    for verb, then in (("offers", "end"), ("opens", "close")):
        for who, text in offers:
            told = hall.happens(f"{who} {verb} {text}")
            assert told.startswith("A "), told
        hall.happens(then)
    return hall
