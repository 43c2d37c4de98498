"""A desk that asks for quotes for the right A, listed at CNY 800,000; scenarios are played line by line.

    desk = QuoteDesk.asked()                 everybody is asked, for thirty days; `asked("li", "wu")` asks them alone
    desk.plays('''
        li  quotes 900 10         ->  open: li 900
        lab takes li              ->  accepted: li 900
        li  signs                 ->  accepted: li 900
    ''')

A quote is in thousands of CNY and binds for so many days.
"""

from __future__ import annotations

import functools
from typing import Any

from exchange.core.calendar import local_date
from exchange.core.ids import DealId, ListingId, QuoteId, QuoteRequestId
from exchange.core.instruments import Side
from exchange.core.messages import Command
from exchange.core.units import Minor, TimeNs
from exchange.engine.state import VENUE_TIME_ZONE
from matching.deals import ConfirmRecordal, SignDeal, WithdrawDeal
from matching.listing_messages import ListingMethod
from matching.quote_messages import (
    AcceptQuote,
    CloseQuoteRequest,
    PlaceQuote,
    Quote,
    QuotePlaced,
    QuoteRequest,
    QuotesRequested,
    RequestQuotes,
)
from tests.deals.stage import Desk

THOUSAND = 100_000
DAY_NS = 86_400 * 10**9
OPEN_DAYS = 30


class QuoteDesk(Desk):
    """A desk with one request at hand."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.request_id = QuoteRequestId(0)
        self.listing_id = ListingId(0)
        self.quoted: dict[str, QuoteId] = {}

    @classmethod
    def cn(cls, seller: str = "lab") -> QuoteDesk:
        """The default profile's market, with a right that is listed for quotes."""
        return _listed(seller).again()

    @classmethod
    def asked(cls, *names: str, seller: str = "lab", **changed: Any) -> QuoteDesk:
        """Quotes are asked of these, or of all."""
        desk = cls.cn(seller)
        desk.request(*names, **changed)
        return desk

    def again(self) -> QuoteDesk:
        """Another desk with the same past."""
        desk = QuoteDesk(self.venue.copy())
        desk.cn_market, desk.serial, desk.seller = self.cn_market, self.serial, self.seller
        desk.right_id, desk.listing_id, desk.request_id = self.right_id, self.listing_id, self.request_id
        desk.quoted, desk.deal_id = dict(self.quoted), self.deal_id
        return desk

    def asking(self, *names: str, **changed: Any) -> RequestQuotes:
        """The command that asks."""
        terms: dict[str, Any] = {
            "listing_id": self.listing_id,
            "contract_sha256": self.file(self.seller, "contract"),
            "closes_at_ns": TimeNs(self.venue.clock_ns + OPEN_DAYS * DAY_NS),
            "payment_days": 5,
            "addressees": tuple(self.venue.members[name] for name in names),
        }
        return RequestQuotes(**(terms | changed))

    def request(self, *names: str, **changed: Any) -> QuoteRequest:
        """Ask, and keep the request at hand."""
        made = self.venue.make(self.asking(*names, **changed), QuotesRequested, self.seller).request
        self.request_id = made.request_id
        return made

    # --- Playing ------------------------------------------------------------------------------------------------------

    def plays(self, text: str) -> None:
        """Play a scenario: each line is what happens, and after an arrow how the request stands, or a refusal."""
        for line in text.strip().splitlines():
            asked, _, expected = (part.strip() for part in line.partition("->"))
            told = self.happens(asked)
            assert told == " ".join(expected.split()), f"{asked} -> {told}, expected {expected}"

    def happens(self, line: str) -> str:
        """One line of a scenario; answers the refusal, or how the request stands."""
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
            if isinstance(event, QuotePlaced):
                self.quoted[who] = event.quote.quote_id
        code = getattr(events[0], "code", None)
        return str(code.value) if code is not None else ""

    def step_of(self, who: str, step: list[str]) -> Command:
        """The command of a line's step."""
        match step:
            case ["quotes", price, days]:
                until = TimeNs(self.venue.clock_ns + int(days) * DAY_NS)
                return self.quote(who, int(price) * THOUSAND, until)
            case ["takes", whom]:
                return AcceptQuote(quote_id=self.quoted.get(whom, QuoteId(0)))
            case ["closes"]:
                return CloseQuoteRequest(request_id=self.request_id, reason="kept after all")
            case ["signs"]:
                self.deal_id = self.shown_request().deal_id
                paper = self.file(self.seller, "contract")
                side = Side.SELL if who == self.seller else Side.BUY
                return SignDeal(deal_id=self.deal_id, side=side, contract_sha256=paper)
            case ["withdraws"]:
                return WithdrawDeal(deal_id=self.shown_request().deal_id)
            case ["records"]:
                today = local_date(self.venue.clock_ns, VENUE_TIME_ZONE).isoformat()
                deal_id = self.shown_request().deal_id
                return ConfirmRecordal(deal_id=deal_id, effective_date=today, office_reference="CNIPA 2026-9")
            case _:
                raise ValueError(f"{who} {step}")

    def quote(self, who: str, price_minor: int, until: TimeNs, **more: Any) -> PlaceQuote:
        """The command of a quote."""
        return PlaceQuote(
            request_id=self.request_id,
            account_id=self.venue.accounts[who],
            price_minor=Minor(price_minor),
            valid_until_ns=until,
            **more,
        )

    # --- Looking ------------------------------------------------------------------------------------------------------

    def shown_request(self) -> QuoteRequest:
        """The request at hand, as it last was."""
        found = self.venue.state.table(QuoteRequest).get(self.request_id)
        if found is not None:
            return found
        for entry in reversed(self.venue.journal):
            for event in reversed(entry.events):
                request = getattr(event, "request", None)
                if isinstance(request, QuoteRequest) and request.request_id == self.request_id:
                    return request
        raise AssertionError("no request at hand")

    def quote_of(self, who: str) -> Quote:
        """Somebody's last quote, as it last was."""
        quote_id = self.quoted[who]
        found = self.venue.state.table(Quote).get(quote_id)
        if found is not None:
            return found
        for entry in reversed(self.venue.journal):
            for event in reversed(entry.events):
                for value in (getattr(event, "quote", None), *getattr(event, "passed", ())):
                    if isinstance(value, Quote) and value.quote_id == quote_id:
                        return value
        raise AssertionError(f"no quote of {who}")

    def shown(self) -> str:
        """`open: li 900, wu 850`, `accepted: li 900`, `closed: no quote was taken in time`."""
        request = self.shown_request()
        alive = ("accepted",) if request.deal_id else ("standing",)
        quotes = [(who, self.quote_of(who)) for who in self.quoted]
        told = ", ".join(f"{who} {one.price_minor // THOUSAND}" for who, one in quotes if one.state in alive)
        rest = request.reason if request.state == "closed" and request.reason else told
        return f"{request.state}{f': {rest}' if rest else ''}"


@functools.cache
def _listed(seller: str) -> QuoteDesk:
    desk = QuoteDesk(Desk.cn().venue)
    desk.cn_market, desk.seller = Desk.cn().cn_market, seller
    desk.serial, desk.deal_id = 500, DealId(0)
    desk.right_id = desk.right(seller)
    price = Minor(800 * THOUSAND)
    command = desk.whole(seller, desk.right_id, method=ListingMethod.RFQ, name="A", asking_price_minor=price)
    desk.listing_id = desk.admitted(seller, command).listing.listing_id
    return desk
