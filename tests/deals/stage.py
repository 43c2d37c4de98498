"""A desk at which whole rights are sold by agreement, in the default profile's market, in CNY.

desk = Desk.cn()                    `lab` (a private institution) and `thu` (a state university) sell, `li` buys
desk.offered()                      a deal of lab to li; see `proposal` for its terms
desk.step("accept"), desk.step("sign", "lab"), desk.step("confirm")      each answers the code of a refusal, or ""
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from custody.accounts import Bank
from custody.funding_messages import RecordReceipt
from custody.rights import Right
from exchange.core.calendar import local_date
from exchange.core.ids import AssetId, DealId, MarketId
from exchange.core.instruments import Side, TechnologyClass, TitleRegime
from exchange.core.membership import ClassMember, MemberRegistered, RegisterMember
from exchange.core.messages import Command, Event, Header, Record
from exchange.core.parties import Role, SellerClass, Standing, UserRight
from exchange.core.postings import Movement
from exchange.core.units import Minor
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from matching.deals import (
    AcceptDeal,
    ConfirmRecordal,
    Deal,
    DealProposed,
    ObjectToDeal,
    ProposeDeal,
    RefuseRecordal,
    ResolveObjection,
    SignDeal,
    WithdrawDeal,
)
from matching.messages import Market
from tests.listings.stage import House

PRICE = 80_000_000
"""CNY 800,000: one per cent of it, CNY 8,000, is each side's fee."""
FEE = 800_000
CASH = 100_000_000
WRONG = hashlib.sha256(b"another text").hexdigest()


class Desk(House):
    """A house with sellers, buyers and one deal at hand."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.deal_id = DealId(0)
        self.right_id = AssetId(0)
        self.seller, self.buyer = "lab", "li"

    @classmethod
    def cn(cls) -> Desk:
        """The default profile's market, with two sellers and two buyers who have money."""
        return _prepared().again()

    def again(self) -> Desk:
        """Another desk with the same past."""
        desk = Desk(self.venue.copy())
        desk.cn_market, desk.serial = self.cn_market, self.serial
        desk.deal_id, desk.right_id, desk.seller, desk.buyer = self.deal_id, self.right_id, self.seller, self.buyer
        return desk

    def trader(self, name: str, *, seller_class: SellerClass = SellerClass.PRIVATE, country: str = "CN") -> None:
        """Admit an investor with one user of its name, who signed the method's statement."""
        command = RegisterMember(name=name, role=Role.INVESTOR, country=country, seller_class=seller_class)
        events = self.venue.do(command)
        registered = events[0]
        assert isinstance(registered, MemberRegistered), events
        member_id = registered.member.member_id
        self.venue.members[name] = member_id
        self.venue.accounts[name] = events[1].account.account_id  # type: ignore[attr-defined]
        self.venue.user(name, name, rights=tuple(UserRight))
        self.venue.do(ClassMember(member_id=member_id, standings=(Standing.METHOD_STATEMENT, Standing.INVITED)))

    def bank(self) -> Bank:
        """The bank of the default market's money."""
        market = self.venue.state.table(Market)[self.cn_market]
        return self.venue.state.table(Bank)[self.venue.state.assets[market.money_asset_id].bank_id]

    def pay_in(self, name: str, amount_minor: int) -> None:
        """Let a member pay in CNY."""
        self.venue.do(
            RecordReceipt(
                bank_id=self.bank().bank_id,
                reference=f"C{self.venue.state.sequence + 1}",
                payer_name=name,
                payer_account="CN00 0000",
                amount_minor=Minor(amount_minor),
                account_id=self.venue.accounts[name],
            )
        )

    # --- The deal at hand ---------------------------------------------------------------------------------------------

    def proposal(self, **changed: Any) -> ProposeDeal:
        """The command that offers the right at hand, or a new one of the seller."""
        if not self.right_id:
            self.right_id = self.right(self.seller)
        terms: dict[str, Any] = {
            "market_id": self.cn_market,
            "asset_id": self.right_id,
            "seller_account_id": self.venue.accounts[self.seller],
            "buyer_account_id": self.venue.accounts[self.buyer],
            "price_minor": Minor(PRICE),
            "contract_sha256": self.file(self.seller, "contract"),
        }
        return ProposeDeal(**(terms | changed))

    def offered(self, **changed: Any) -> Deal:
        """Propose, and keep the deal at hand."""
        deal = self.venue.make(self.proposal(**changed), DealProposed, self.seller).deal
        self.deal_id = deal.deal_id
        return deal

    def deal(self) -> Deal:
        """The deal at hand, as it last was: from memory, or from the last event that carries it."""
        found = self.venue.state.table(Deal).get(self.deal_id)
        if found is not None:
            return found
        for entry in reversed(self.venue.journal):
            for event in reversed(entry.events):
                deal = getattr(event, "deal", None)
                if isinstance(deal, Deal) and deal.deal_id == self.deal_id:
                    return deal
        raise AssertionError("no deal at hand")

    def command(self, step: str, **changed: Any) -> tuple[Command, str]:
        """The command of a step of the deal at hand, and who sends it when nothing else is said."""
        deal = self.deal() if self.deal_id else None
        today = local_date(self.venue.clock_ns, VENUE_TIME_ZONE).isoformat()
        terms = deal.terms_sha256 if deal else WRONG
        contract = deal.contract_sha256 if deal else WRONG
        signing = {"contract_sha256": contract}
        office = {"office_reference": "CNIPA 2026-0001"}
        steps: dict[str, tuple[Callable[..., Command], dict[str, Any], str]] = {
            "accept": (AcceptDeal, {"terms_sha256": terms}, self.buyer),
            "object": (ObjectToDeal, {"reason": "the price is too low"}, "pku"),
            "uphold": (ResolveObjection, {"upheld": True, "reason": "it is"}, "ops"),
            "dismiss": (ResolveObjection, {"upheld": False, "reason": "it is not"}, "ops"),
            "seller signs": (SignDeal, {"side": Side.SELL, **signing}, self.seller),
            "buyer signs": (SignDeal, {"side": Side.BUY, **signing}, self.buyer),
            "confirm": (ConfirmRecordal, {"effective_date": today, **office}, "ops"),
            "refuse": (RefuseRecordal, {"reason": "a paper is missing", **office}, "ops"),
            "withdraw": (WithdrawDeal, {}, self.seller),
        }
        make, fields, by = steps[step]
        return make(**({"deal_id": self.deal_id, **fields} | changed)), by

    def step(self, step: str, by: str = "", **changed: Any) -> str:
        """Take one step; answers the code it is refused with, or nothing. `wait DAYS` lets time pass instead."""
        if step.startswith("wait "):
            self.venue.pass_time(days=int(step.split()[1]))
            self.tick()
            return ""
        command, sender = self.command(step, **changed)
        return self.venue.refusal(command, by or sender)

    def steps(self, *names: str) -> None:
        """Take several steps, none of which is refused."""
        for name in names:
            refused = self.step(name)
            assert not refused, f"{name}: {refused}"

    def tick(self) -> None:
        """Let due timers fire, by a command that is refused."""
        self.venue.do(AcceptDeal(deal_id=DealId(0), terms_sha256=WRONG), "pku")

    def last(self, kind: type[Event]) -> Any:
        """The last event of one kind."""
        for entry in reversed(self.venue.journal):
            for event in reversed(entry.events):
                if isinstance(event, kind):
                    return event
        raise AssertionError(f"no {kind.__name__}")

    # --- Looking ------------------------------------------------------------------------------------------------------

    def money(self, name: str) -> int:
        """A member's CNY."""
        return self.venue.state.ledger.units(self.venue.accounts[name], self.bank().money_asset_id)

    def escrow(self) -> int:
        """What lies in escrow."""
        return self.venue.state.ledger.units(self.bank().escrow_id, self.bank().money_asset_id)

    def fees_due(self) -> int:
        """What the venue has charged and not yet swept."""
        return self.venue.state.ledger.units(self.bank().fees_due_id, self.bank().money_asset_id)

    def owner(self) -> str:
        """Who has every unit of the right at hand."""
        [(account_id, units)] = self.venue.state.ledger.holders(self.right_id)
        assert units == self.venue.state.assets[self.right_id].total_units
        return next(name for name, account in self.venue.accounts.items() if account == account_id)

    def held(self) -> int:
        """The seller's promised units of the right at hand."""
        return self.venue.state.ledger.held(self.venue.accounts[self.seller], self.right_id)

    # --- Facts the world brings, put by hand --------------------------------------------------------------------------

    def change_right(self, **changed: Any) -> None:
        """Change the right at hand as an examination, or another workflow, would."""
        right_id = self.right_id

        def seed(state: ExchangeState, header: Header) -> list[Record | Movement]:
            del header
            right = msgspec.structs.replace(state.table(Right)[right_id], **changed)
            state.put(right)
            return [right]

        self.venue.seed(seed)

    def american(self) -> None:
        """Let the right at hand be one whose law needs no office: a signed writing moves title."""
        if not self.right_id:
            self.right_id = self.right(self.seller)
        self.change_right(title_regime=TitleRegime.US_SIGNED_WRITING, technology_class=TechnologyClass.FREE)


@functools.cache
def _prepared() -> Desk:
    house = House.cn()
    desk = Desk(house.venue)
    desk.cn_market = MarketId(house.cn_market)
    desk.institution("lab", SellerClass.PRIVATE)
    desk.trader("li")
    desk.trader("wu")
    desk.pay_in("li", CASH)
    desk.pay_in("wu", CASH)
    return desk
