"""A company founded on an outcome, and transfers of its equity.

firm = Firm.founded()         thu brought a right (400), half of it for ada; li and wu brought 300 in cash each
firm.plays('''
    li   offers 300 for 500 to cy   ->  offered
    cy   accepts                    ->  notice
    ada  exercises                  ->  notice
    wait 31                         ->  contracted, ada 300
    co   enters                     ->  entered, ada 300
''')

Units and prices are in thousands of CNY of capital and of money.
"""

from __future__ import annotations

import functools
from typing import Any

from custody.company import (
    AbandonCompany,
    Charter,
    Company,
    CompanyProposed,
    CompanyState,
    ConfirmContribution,
    ContributorPart,
    FoundCompany,
    Founder,
    RefuseContribution,
    SubscribeCapital,
)
from exchange.core.calendar import local_date
from exchange.core.ids import AssetId, CompanyId, EquityNoticeId, EquityOfferId
from exchange.core.messages import Command
from exchange.core.units import Minor, Units
from exchange.engine.state import VENUE_TIME_ZONE
from matching.equity import (
    AcceptEquity,
    EnterMember,
    EquityNotice,
    EquityOffer,
    EquityOffered,
    ExerciseEquity,
    OfferEquity,
    RefuseMember,
    WaiveEquity,
    WithdrawEquity,
)
from tests.claims.stage import THOUSAND, Owners
from tests.deals.stage import WRONG


class Firm(Owners):
    """A desk with one company and one offer at hand."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.company_id = CompanyId(0)
        self.offer_id = EquityOfferId(0)

    @classmethod
    def people(cls) -> Firm:
        """Nobody has founded anything yet; `co` will be the company."""
        return _people().anew()

    @classmethod
    def proposed(cls, **changed: Any) -> Firm:
        """The terms are put to the founders, and thu's publicity is over."""
        firm = cls.people()
        firm.propose(**changed)
        firm.venue.pass_time(days=16)
        return firm

    @classmethod
    def founded(cls, **charter: int) -> Firm:
        """The office has recorded the company; its equity exists."""
        return _founded(tuple(sorted(charter.items()))).anew()

    def anew(self) -> Firm:
        """Another desk with the same past."""
        other = Firm(self.venue.copy())
        self.over(other)
        other.company_id, other.offer_id = self.company_id, self.offer_id
        return other

    # --- Founding -----------------------------------------------------------------------------------------------------

    def founders(self, **changed: Any) -> tuple[Founder, ...]:
        """thu brings a right for 400, half of the equity for ada; li and wu bring 300 each."""
        accounts = self.venue.accounts
        right: dict[str, Any] = {
            "account_id": accounts["thu"],
            "asset_id": self.right_id,
            "value_minor": Minor(400 * THOUSAND),
            "valuation_sha256": self.file("co", "valuation"),
            "contributors": (ContributorPart(account_id=accounts["ada"], units=Units(200 * THOUSAND)),),
        }
        cash = tuple(Founder(account_id=accounts[who], cash_minor=Minor(300 * THOUSAND)) for who in ("li", "wu"))
        return (Founder(**(right | changed)), *cash)

    def founding(self, charter: dict[str, int] | None = None, **changed: Any) -> FoundCompany:
        """The command that puts the terms to the founders."""
        fields: dict[str, Any] = {
            "account_id": self.venue.accounts["co"],
            "name": "Membrane Ltd",
            "market_id": self.cn_market,
            "founders": self.founders(),
            "charter": Charter(document_sha256=self.file("co", "charter"), **(charter or {})),
            "contract_sha256": self.file("co", "founders' agreement"),
        }
        return FoundCompany(**(fields | changed))

    def propose(self, charter: dict[str, int] | None = None, **changed: Any) -> None:
        """Put the terms to the founders."""
        self.company_id = self.venue.make(self.founding(charter, **changed), CompanyProposed, "co").company.company_id

    def company(self) -> Company:
        """The company at hand, as it last was told."""
        kept = self.venue.state.table(Company).get(self.company_id)
        return kept if kept is not None else self._last_of("company", "company_id", self.company_id)

    def equity(self) -> AssetId:
        """The company's equity."""
        return self.company().asset_id

    # --- Transfers ----------------------------------------------------------------------------------------------------

    def offer(self) -> EquityOffer:
        """The offer at hand, as it last was told."""
        kept = self.venue.state.table(EquityOffer).get(self.offer_id)
        return kept if kept is not None else self._last_of("offer", "offer_id", self.offer_id)

    def _last_of(self, field: str, key: str, value: int) -> Any:
        for entry in reversed(self.venue.journal):
            for event in reversed(entry.events):
                record = getattr(event, field, None)
                if record is not None and getattr(record, key) == value:
                    return record
        raise AssertionError(f"no {field} at hand")

    def notice_of(self, who: str) -> EquityNoticeId:
        """What somebody was told of the offer at hand; 0: nothing, or over."""
        for notice in self.venue.state.table(EquityNotice).values():
            if notice.offer_id == self.offer_id and notice.member_id == self.venue.members[who]:
                return notice.notice_id
        return EquityNoticeId(0)

    def takes(self, who: str, step: str) -> str:
        """Take a step; the code it is refused with, or nothing."""
        match step.split():
            case ["offers", units, "for", price, "to", buyer]:
                command = self.offering(who, int(units) * THOUSAND, int(price) * THOUSAND, buyer)
                events = self.venue.do(command, who)
                if isinstance(events[0], EquityOffered):
                    self.offer_id = events[0].offer.offer_id
                    return ""
                return str(events[0].code.value)  # type: ignore[attr-defined]
            case _:
                return self.venue.refusal(self.asks(who, step), who)

    def offering(self, who: str, units: int, price: int, buyer: str) -> OfferEquity:
        """The command by which somebody offers equity."""
        return OfferEquity(
            company_id=self.company_id,
            seller_account_id=self.venue.accounts[who],
            buyer_account_id=self.venue.accounts[buyer],
            units=Units(units),
            price_minor=Minor(price),
            contract_sha256=self.file(who, "contract"),
        )

    def asks(self, who: str, step: str) -> Command:
        """The command of a step, by somebody."""
        today = local_date(self.venue.clock_ns, VENUE_TIME_ZONE).isoformat()
        offer = self.offer() if self.offer_id else None
        terms = offer.terms_sha256 if offer is not None else WRONG
        contract = offer.contract_sha256 if offer is not None else WRONG
        account_id, offer_id, company_id = self.venue.accounts.get(who, 0), self.offer_id, self.company_id
        match step:
            case "signs":
                terms = self.company().terms_sha256 if company_id else WRONG
                return SubscribeCapital(company_id=company_id, account_id=account_id, terms_sha256=terms)  # type: ignore[arg-type]
            case "abandons":
                return AbandonCompany(company_id=company_id, reason="no more")
            case "records":
                return ConfirmContribution(company_id=company_id, office_reference="CNIPA 7", effective_date=today)
            case "turns-down":
                return RefuseContribution(
                    company_id=company_id, office_reference="CNIPA 8", reason="a paper is missing"
                )
            case "accepts":
                return AcceptEquity(offer_id=offer_id, terms_sha256=terms)
            case "withdraws":
                return WithdrawEquity(offer_id=offer_id)
            case "exercises":
                return ExerciseEquity(
                    notice_id=self.notice_of(who),
                    account_id=account_id,  # type: ignore[arg-type]
                    terms_sha256=terms,
                    contract_sha256=contract,
                )
            case "waives" | "objects":
                return WaiveEquity(notice_id=self.notice_of(who), consents=step == "waives")
            case "enters":
                return EnterMember(offer_id=offer_id, register_reference="register, line 5", entered_on=today)
            case "refuses":
                return RefuseMember(offer_id=offer_id, reason="the transferee is barred")
            case _:
                raise ValueError(f"{who} {step}")

    # --- Looking ------------------------------------------------------------------------------------------------------

    def shown(self) -> str:
        """How the offer, or before one the company, stands; and who takes what, in thousands where it is whole."""
        if not self.offer_id:
            return self.company().state.value
        offer = self.offer()
        told = [offer.state.value]
        told += [f"{self.name_of(part.account_id)} {self.thousands(part.units)}" for part in offer.parts]
        return ", ".join(told)

    @staticmethod
    def thousands(units: int) -> str:
        """Units as thousands, or to the unit with a u."""
        return str(units // THOUSAND) if units % THOUSAND == 0 else f"{units}u"

    def members(self) -> dict[str, str]:
        """The register of members."""
        holders = self.venue.state.ledger.holders(self.equity())
        return {self.name_of(account_id): self.thousands(units) for account_id, units in holders}

    def tick(self) -> None:
        """Let due timers fire, by a command that is refused."""
        self.venue.do(AcceptEquity(offer_id=EquityOfferId(0), terms_sha256=WRONG), "pku")


@functools.cache
def _people() -> Firm:
    owners = Owners.claimed(seller="thu")
    firm = owners.over(Firm(owners.venue))
    assert isinstance(firm, Firm)
    firm.trader("co")
    return firm


@functools.cache
def _founded(charter: tuple[tuple[str, int], ...]) -> Firm:
    firm = Firm.proposed(charter=dict(charter))
    firm.plays("""
        li   signs    -> founding
        thu  signs    -> founding
        wu   signs    -> contributing
        ops  records  -> founded
    """)
    assert firm.company().state is CompanyState.FOUNDED
    return firm
