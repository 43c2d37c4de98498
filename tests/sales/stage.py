"""A hall in which whole rights are sold in public, in the default profile's market; scenarios are played line by line.

    hall = Hall.cn(); hall.announced("english", A=800)        lab sells the lot A, listed at CNY 800,000
    hall.enter("li", "wu", "ren")                              who pays the deposit and is admitted
    hall.plays('''
        begin                 ->  A open
        li   bids A 800       ->  A li 800
        wu   bids A 840       ->  bid.too_low
        end                   ->  A awarded li 800
    ''')

Prices are in thousands of CNY. A lot that leads below its reserve is shown as `A (li 800)`.
"""

from __future__ import annotations

import functools
from typing import Any

from exchange.core.calendar import local_date
from exchange.core.ids import AssetId, BidderId, BidId, DealId, ListingId, LotId, SaleId, to_wire
from exchange.core.instruments import Side
from exchange.core.messages import Command, Event, Rejected
from exchange.core.parties import SellerClass
from exchange.core.units import Minor, TimeNs
from exchange.engine.state import VENUE_TIME_ZONE
from matching.deals import AcceptDeal, ConfirmRecordal, Deal, ProposeDeal, RefuseRecordal, SignDeal, WithdrawDeal
from matching.listing_messages import ListingMethod
from matching.lot_messages import AnswerOffer, CommitBid, LotBid, PlaceBid, RevealBid
from matching.lots import commitment_of
from matching.sale_messages import (
    AnnounceSale,
    Bidder,
    BidderRegistered,
    BindBidder,
    CancelSale,
    Lot,
    LotState,
    LotTerms,
    PayDeposit,
    QualifyBidder,
    RegisterBidder,
    Sale,
    SaleAnnounced,
    ViewDocument,
)
from tests.deals.stage import Desk

THOUSAND = 100_000
"""CNY 1,000 in fen."""
DAY_NS = 86_400 * 10**9
NOTICE_DAYS = 10
BIDDERS = ("li", "wu", "ren", "mei")
PURSE = 10_000
"""Thousands of CNY that every bidder has."""


class Hall(Desk):
    """A desk with one public sale at hand."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.sale_id = SaleId(0)
        self.lots: dict[str, LotId] = {}
        self.assets: dict[str, AssetId] = {}
        self.listings: dict[str, ListingId] = {}
        self.entered: dict[str, BidderId] = {}
        self.sealed: dict[str, tuple[BidId, tuple[LotId, ...], int, str]] = {}
        self.keys = 0

    @classmethod
    def cn(cls) -> Hall:
        """The default profile's market; lab, thu and a state-owned enterprise sell, four investors have money."""
        return _prepared().again()

    def again(self) -> Hall:
        """Another hall with the same past."""
        hall = Hall(self.venue.copy())
        hall.cn_market, hall.serial, hall.seller = self.cn_market, self.serial, self.seller
        hall.sale_id, hall.lots, hall.assets = self.sale_id, dict(self.lots), dict(self.assets)
        hall.listings, hall.entered, hall.sealed = dict(self.listings), dict(self.entered), dict(self.sealed)
        hall.keys = self.keys
        return hall

    # --- Announcing ---------------------------------------------------------------------------------------------------

    def listed(self, name: str, method: ListingMethod, price: int) -> ListingId:
        """List one new right of the seller for public sale, under the name of its lot."""
        self.assets[name] = self.right(self.seller)
        command = self.whole(
            self.seller, self.assets[name], method=method, name=name, asking_price_minor=Minor(price * THOUSAND)
        )
        self.listings[name] = self.admitted(self.seller, command).listing.listing_id
        return self.listings[name]

    def announcement(self, method: str, reserves: dict[str, int] | None = None, /, **prices: int) -> AnnounceSale:
        """The command that announces lots at these listing prices, under plain terms of the method."""
        kind = ListingMethod(method)
        listings = [
            self.listings[name] if name in self.listings else self.listed(name, kind, price)
            for name, price in prices.items()
        ]
        starts = {name: price * (2 if kind is ListingMethod.DUTCH else 1) for name, price in prices.items()}
        begin = self.venue.clock_ns + NOTICE_DAYS * DAY_NS
        terms: dict[str, Any] = {
            "lots": tuple(
                LotTerms(
                    listing_id=listing_id,
                    start_minor=Minor(starts[name] * THOUSAND),
                    reserve_minor=Minor((reserves or {}).get(name, 0) * THOUSAND),
                )
                for listing_id, name in zip(listings, prices, strict=True)
            ),
            "confidentiality_sha256": self.file(self.seller, "confidentiality"),
            "contract_sha256": self.file(self.seller, "contract"),
            "data_room": (self.file(self.seller, "claim charts"),),
            "conditions": ("a business licence",),
            "deposit_minor": Minor(sum(starts.values()) * THOUSAND // 10),
            "payment_days": 5,
            "starts_at_ns": TimeNs(begin),
        }
        match kind:
            case ListingMethod.ENGLISH:
                terms |= {"ends_at_ns": begin + DAY_NS, "increment_minor": 50 * THOUSAND, "soft_close_seconds": 300}
            case ListingMethod.DUTCH:
                terms |= {"increment_minor": 100 * THOUSAND, "step_seconds": 60}
            case _:
                terms |= {"ends_at_ns": begin + DAY_NS, "reveal_until_ns": begin + 2 * DAY_NS}
        self.terms = terms
        return AnnounceSale(**terms)

    def announced(self, method: str, reserves: dict[str, int] | None = None, /, **more: Any) -> Sale:
        """Announce, and keep the sale at hand. Lots are named by capitals; what else is named are terms."""
        prices = {name: value for name, value in more.items() if name.isupper()}
        changed = {name: value for name, value in more.items() if not name.isupper()}
        self.announcement(method, reserves, **prices)
        event = self.venue.make(AnnounceSale(**(self.terms | changed)), SaleAnnounced, self.seller)
        self.sale_id = event.sale.sale_id
        self.lots = dict(zip(prices, event.sale.lot_ids, strict=True))
        self.entered, self.sealed = {}, {}
        return event.sale

    # --- Entering -----------------------------------------------------------------------------------------------------

    def registration(self, who: str) -> RegisterBidder:
        """The command by which somebody asks to take part."""
        evidence = (self.file(who, "business licence"),)
        return RegisterBidder(sale_id=self.sale_id, account_id=self.venue.accounts[who], evidence=evidence)

    def registered(self, who: str) -> BidderId:
        """Register somebody."""
        made = self.venue.make(self.registration(who), BidderRegistered, who)
        self.entered[who] = made.bidder.bidder_id
        return made.bidder.bidder_id

    def entry(self, step: str, who: str, **changed: Any) -> tuple[Command, str]:
        """The command of a bidder's next step, and who sends it."""
        bidder_id = self.entered.get(who, BidderId(0))
        paper, chart = self.file(self.seller, "confidentiality"), self.file(self.seller, "claim charts")
        steps: dict[str, tuple[type[Command], dict[str, Any], str]] = {
            "qualify": (QualifyBidder, {"qualified": True, "reason": "as the licence shows"}, "ops"),
            "refuse": (QualifyBidder, {"qualified": False, "reason": "the licence has expired"}, "ops"),
            "bind": (BindBidder, {"confidentiality_sha256": paper}, who),
            "view": (ViewDocument, {"sha256": chart}, who),
            "deposit": (PayDeposit, {}, who),
        }
        make, fields, by = steps[step]
        return make(**({"bidder_id": bidder_id, **fields} | changed)), by

    def enters(self, step: str, who: str, **changed: Any) -> str:
        """Take a bidder's step; the code it is refused with, or nothing."""
        return self.venue.refusal(*self.entry(step, who, **changed))

    def enter(self, *names: str) -> None:
        """Have bidders admitted."""
        for who in names:
            self.registered(who)
            for step in ("qualify", "bind", "deposit"):
                refused = self.enters(step, who)
                assert not refused, f"{who} {step}: {refused}"

    # --- Playing ------------------------------------------------------------------------------------------------------

    def plays(self, text: str) -> None:
        """Play a scenario: each line is what happens, and after an arrow how the lots then stand, or a refusal."""
        for line in text.strip().splitlines():
            asked, _, expected = (part.strip() for part in line.partition("->"))
            told = self.happens(asked)
            assert " ".join(told.split()) == " ".join(expected.split()), f"{asked} -> {told}, expected {expected}"

    def happens(self, line: str) -> str:
        """One line of a scenario; answers the refusal, or how the lots stand."""
        words = line.split()
        match words:
            case ["begin"]:
                self.until(self.sale().starts_at_ns)
            case ["end"]:
                self.until(max(lot.ends_at_ns for lot in self.standing_lots()))
            case ["almost", "end", seconds]:
                end = max(lot.ends_at_ns for lot in self.standing_lots())
                self.venue.clock_ns = end - int(seconds) * 10**9
                self.tick()
            case ["close"]:
                self.until(self.sale().reveal_until_ns)
            case ["wait", count, unit]:
                self.wait(int(count), unit)
            case ["restart"]:
                self.venue.restart()
            case [who, *step]:
                refused = self.venue.refusal(*self.step_of(who, step))
                self._keep(who, step)
                if refused:
                    return refused
        return self.shown()

    def step_of(self, who: str, step: list[str]) -> tuple[Command, str]:
        """The command of a line's step."""
        bidder_id = self.entered.get(who, BidderId(0))
        self.keys += 1
        match step:
            case ["bids", names, price]:
                return self.bid(who, names, int(price)), who
            case ["commits", names, price]:
                nonce = f"{who}-{names}-{price}".ljust(16, ".")
                text = [to_wire("LT", lot_id) for lot_id in self.named(names)]
                sha256 = commitment_of(to_wire("BR", bidder_id), text, int(price) * THOUSAND, nonce)
                return CommitBid(bidder_id=bidder_id, commitment_sha256=sha256, client_bid_id=f"k{self.keys}"), who
            case ["reveals", names, price]:
                bid_id = self.sealed.get(f"{who} {names} {price}", (BidId(0), (), 0, ""))[0]
                nonce = f"{who}-{names}-{price}".ljust(16, ".")
                return RevealBid(
                    bid_id=bid_id, lot_ids=self.named(names), price_minor=Minor(int(price) * THOUSAND), nonce=nonce
                ), who
            case ["takes", name] | ["declines", name]:
                return AnswerOffer(bid_id=self.lot(name).bid_id, accepted=step[0] == "takes"), who
            case ["signs", name]:
                deal = self.deal_of(name)
                side = Side.SELL if who == self.seller else Side.BUY
                return SignDeal(deal_id=deal.deal_id, side=side, contract_sha256=deal.contract_sha256), who
            case ["withdraws", name]:
                return WithdrawDeal(deal_id=self.lot(name).deal_id), who
            case ["records", name]:
                office = {"office_reference": "CNIPA 2026-7", "effective_date": self.today()}
                return ConfirmRecordal(deal_id=self.lot(name).deal_id, **office), who
            case ["refuses", name]:
                deal_id = self.lot(name).deal_id
                return RefuseRecordal(deal_id=deal_id, office_reference="CNIPA 2026-7", reason="a paper lacks"), who
            case ["proposes", name, buyer, price]:
                return ProposeDeal(
                    market_id=self.cn_market,
                    asset_id=self.assets[name],
                    seller_account_id=self.venue.accounts[who],
                    buyer_account_id=self.venue.accounts[buyer],
                    price_minor=Minor(int(price) * THOUSAND),
                    contract_sha256=self.file(who, "contract"),
                ), who
            case ["accepts", name]:
                deal = self.deal_of(name)
                return AcceptDeal(deal_id=deal.deal_id, terms_sha256=deal.terms_sha256), who
            case ["cancels"]:
                return CancelSale(sale_id=self.sale_id, reason="the seller asks for it"), who
            case _:
                raise ValueError(f"{who} {step}")

    def bid(self, who: str, names: str, price: int, **changed: Any) -> PlaceBid:
        """The command of an open bid."""
        self.keys += 1
        terms: dict[str, Any] = {
            "bidder_id": self.entered.get(who, BidderId(0)),
            "lot_ids": self.named(names),
            "price_minor": Minor(price * THOUSAND),
            "client_bid_id": f"k{self.keys}",
        }
        return PlaceBid(**(terms | changed))

    def _keep(self, who: str, step: list[str]) -> None:
        """Remember a commitment by what was committed to."""
        if step[0] == "commits":
            for event in self.venue.journal[-1].events:
                bid = getattr(event, "bid", None)
                if isinstance(bid, LotBid):
                    self.sealed[f"{who} {step[1]} {step[2]}"] = (bid.bid_id, self.named(step[1]), int(step[2]), "")

    def named(self, names: str) -> tuple[LotId, ...]:
        """Lots by their names, as `A+B`."""
        return tuple(self.lots.get(name, LotId(0)) for name in names.split("+"))

    def until(self, at_ns: int) -> None:
        """Let time pass to a moment."""
        self.venue.clock_ns = max(self.venue.clock_ns, at_ns)
        self.tick()

    def wait(self, count: int, unit: str) -> None:
        """Let some days or seconds pass."""
        self.venue.pass_time(**{unit if unit.endswith("s") else f"{unit}s": count})
        self.tick()

    # --- Looking ------------------------------------------------------------------------------------------------------

    def sale(self) -> Sale:
        """The sale at hand, as it last was."""
        found = self.venue.state.table(Sale).get(self.sale_id)
        return found if found is not None else self._told("sale", self.sale_id, "sale_id")

    def lot(self, name: str) -> Lot:
        """A lot at hand, as it last was."""
        lot_id = self.lots[name]
        found = self.venue.state.table(Lot).get(lot_id)
        return found if found is not None else self._told("lots", lot_id, "lot_id")

    def bidder(self, who: str) -> Bidder:
        """Somebody's part in the sale, as it last was."""
        bidder_id = self.entered[who]
        found = self.venue.state.table(Bidder).get(bidder_id)
        return found if found is not None else self._told("bidders", bidder_id, "bidder_id")

    def deal_of(self, name: str) -> Deal:
        """The contract about a lot, as it last was."""
        self.deal_id = self.lot(name).deal_id or DealId(-1)
        return self.deal()

    def standing_lots(self) -> list[Lot]:
        """The lots that may still be sold."""
        return [lot for lot in (self.lot(name) for name in self.lots) if lot.live]

    def shown(self) -> str:
        """How the lots stand, in a scenario's words."""
        names = {lot_id: name for name, lot_id in self.lots.items()}
        told: list[str] = []
        seen: list[LotId] = []
        for name in self.lots:
            lot = self.lot(name)
            if lot.lot_id in seen:
                continue
            together = [lot_id for lot_id in lot.leading_lot_ids if self.lot(names[lot_id]).state is lot.state]
            if lot.state is LotState.OPEN and lot.leading_paddle:
                seen.extend(together)
                text = f"{self.who(lot.leading_paddle)} {lot.leading_minor // THOUSAND}"
                told.append(
                    f"{'+'.join(names[lot_id] for lot_id in together)} {text if lot.reserve_met else f'({text})'}"
                )
            elif lot.state is LotState.OPEN and lot.clock_minor:
                told.append(f"{name} {lot.clock_minor // THOUSAND}")
            elif lot.bidder_id and lot.state is not LotState.FAILED:
                price = f" {lot.price_minor // THOUSAND}" if lot.price_minor else ""
                told.append(f"{name} {lot.state} {self.who(lot.leading_paddle)}{price}")
            else:
                told.append(f"{name} {lot.state}{f': {lot.reason}' if lot.reason else ''}")
        return ", ".join(told)

    def who(self, paddle: int) -> str:
        """Who has a paddle."""
        return next(name for name in self.entered if self.bidder(name).paddle == paddle)

    def today(self) -> str:
        """The day it is in Shanghai."""
        return local_date(self.venue.clock_ns, VENUE_TIME_ZONE).isoformat()

    def deposit(self, who: str) -> int:
        """What is held of somebody's money, in thousands."""
        money_id = self.bank().money_asset_id
        return self.venue.state.ledger.held(self.venue.accounts[who], money_id) // THOUSAND

    def purse(self, who: str) -> int:
        """What somebody has, held or not, in thousands."""
        return self.money(who) // THOUSAND

    def owner_of(self, name: str) -> str:
        """Who has the right of a lot."""
        self.right_id = self.assets[name]
        return self.owner()

    def code(self, command: Command, by: str) -> tuple[str, str]:
        """The code a command is refused with, and the field of the rule it cites."""
        [rejected] = self.venue.do(command, by)
        assert isinstance(rejected, Rejected), rejected
        return rejected.code.value, rejected.rule.field if rejected.rule else ""

    def told(self, kind: type[Event]) -> list[Any]:
        """Every event of a kind, in order."""
        return [event for entry in self.venue.journal for event in entry.events if isinstance(event, kind)]

    def _told(self, field: str, wanted: int, key: str) -> Any:
        """A record as the last event that carries it has it."""
        for entry in reversed(self.venue.journal):
            for event in reversed(entry.events):
                value = getattr(event, field, None) or getattr(event, field.rstrip("s"), None) or ()
                for record in value if isinstance(value, tuple) else (value,):
                    if getattr(record, key, None) == wanted:
                        return record
        raise AssertionError(f"nothing told of {field} {wanted}")


@functools.cache
def _prepared() -> Hall:
    desk = Desk.cn()
    hall = Hall(desk.venue)
    hall.cn_market, hall.serial = desk.cn_market, desk.serial
    hall.institution("soe", SellerClass.STATE_OWNED_ENTERPRISE)
    for name in ("ren", "mei"):
        hall.trader(name)
    for name in BIDDERS:
        hall.pay_in(name, PURSE * THOUSAND - hall.money(name))
    return hall
