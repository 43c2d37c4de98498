"""A desk at which the right A, listed at CNY 800,000, is offered to everybody; scenarios are played line by line.

desk = OfferDesk.cn()
desk.plays('''
    lab offers            ->  open
    li  takes             ->  taken li
    li  signs             ->  taken li
''')
"""

from __future__ import annotations

import functools
from typing import Any

from exchange.core.calendar import local_date
from exchange.core.ids import ListingId, PriceOfferId
from exchange.core.instruments import Side
from exchange.core.messages import Command
from exchange.core.units import Minor
from exchange.engine.state import VENUE_TIME_ZONE
from matching.deals import ConfirmRecordal, RefuseRecordal, SignDeal, WithdrawDeal
from matching.listing_messages import DelistListing, ListingMethod
from matching.price_offers import CloseListingOffer, ListingOffered, OfferListing, PriceOffer, TakeListing
from tests.deals.stage import PRICE, Desk

DEPOSIT = 8_000_000
"""A tenth of the price, by the default profile."""


class OfferDesk(Desk):
    """A desk with one listing at hand."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.listing_id = ListingId(0)
        self.offer_id = PriceOfferId(0)

    @classmethod
    def cn(cls, seller: str = "lab") -> OfferDesk:
        """The default profile's market, with a right that is listed at a price."""
        return _listed(seller).again()

    def again(self) -> OfferDesk:
        """Another desk with the same past."""
        desk = OfferDesk(self.venue.copy())
        desk.cn_market, desk.serial, desk.seller = self.cn_market, self.serial, self.seller
        desk.right_id, desk.deal_id = self.right_id, self.deal_id
        desk.listing_id, desk.offer_id = self.listing_id, self.offer_id
        return desk

    def plays(self, text: str) -> None:
        """Play a scenario: each line is what happens, and after an arrow how the offer stands, or a refusal."""
        for line in text.strip().splitlines():
            asked, _, expected = (part.strip() for part in line.partition("->"))
            told = self.happens(asked)
            assert told == " ".join(expected.split()), f"{asked} -> {told}, expected {expected}"

    def happens(self, line: str) -> str:
        """One line of a scenario; answers the refusal, or how the offer stands."""
        match line.split():
            case ["wait", days, _]:
                self.step(f"wait {days}")
            case ["restart"]:
                self.venue.restart()
            case [who, *step]:
                if refused := self.takes(who, step):
                    return refused
        return self.shown()

    def takes(self, who: str, step: list[str]) -> str:
        """Take a step; the code it is refused with, or nothing."""
        events = self.venue.do(self.step_of(who, step), who)
        for event in events:
            if isinstance(event, ListingOffered):
                self.offer_id = event.offer.price_offer_id
        code = getattr(events[0], "code", None)
        return str(code.value) if code is not None else ""

    def step_of(self, who: str, step: list[str]) -> Command:
        """The command of a line's step."""
        paper = self.file(self.seller, "contract")
        self.deal_id = self.offer().deal_id if self.offer_id else self.deal_id
        match step:
            case ["offers"]:
                return OfferListing(listing_id=self.listing_id, contract_sha256=paper, payment_days=5)
            case ["takes", *price]:
                return self.taking(who, int(price[0]) if price else PRICE)
            case ["closes"]:
                return CloseListingOffer(listing_id=self.listing_id, reason="kept after all")
            case ["signs"]:
                side = Side.SELL if who == self.seller else Side.BUY
                return SignDeal(deal_id=self.deal_id, side=side, contract_sha256=paper)
            case ["withdraws"]:
                return WithdrawDeal(deal_id=self.deal_id)
            case ["delists"]:
                return DelistListing(listing_id=self.listing_id, reason="over")
            case ["records"]:
                today = local_date(self.venue.clock_ns, VENUE_TIME_ZONE).isoformat()
                return ConfirmRecordal(deal_id=self.deal_id, effective_date=today, office_reference="CNIPA 2026-9")
            case ["refuses"]:
                return RefuseRecordal(
                    deal_id=self.deal_id, office_reference="CNIPA 2026-9", reason="a paper is missing"
                )
            case _:
                raise ValueError(f"{who} {step}")

    def taking(self, who: str, price_minor: int = PRICE, **more: Any) -> TakeListing:
        """The command that takes it."""
        terms: dict[str, Any] = {
            "listing_id": self.listing_id,
            "account_id": self.venue.accounts[who],
            "price_minor": Minor(price_minor),
            "contract_sha256": self.file(self.seller, "contract"),
        }
        return TakeListing(**(terms | more))

    def offer(self) -> PriceOffer:
        """The offer at hand, as it last was."""
        found = self.venue.state.table(PriceOffer).get(self.offer_id)
        if found is not None:
            return found
        for entry in reversed(self.venue.journal):
            for event in reversed(entry.events):
                offer = getattr(event, "offer", None)
                if isinstance(offer, PriceOffer) and offer.price_offer_id == self.offer_id:
                    return offer
        raise AssertionError("no offer at hand")

    def held_money(self, name: str) -> int:
        """What of a member's CNY is promised."""
        return self.venue.state.ledger.held(self.venue.accounts[name], self.bank().money_asset_id)

    def shown(self) -> str:
        """`open`, `taken li`, `closed: nobody took it in time`."""
        if not self.offer_id:
            return "not offered"
        offer = self.offer()
        if offer.state == "closed" and offer.reason:
            return f"closed: {offer.reason}"
        names = [name for name, account in self.venue.accounts.items() if account == offer.taker_account_id]
        return " ".join([offer.state.value, *names])


@functools.cache
def _listed(seller: str) -> OfferDesk:
    desk = OfferDesk(Desk.cn().venue)
    desk.cn_market, desk.seller, desk.serial = Desk.cn().cn_market, seller, 800
    desk.right_id = desk.right(seller)
    command = desk.whole(seller, desk.right_id, method=ListingMethod.LISTING, name="A")
    desk.listing_id = desk.admitted(seller, command).listing.listing_id
    return desk
