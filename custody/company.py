"""A company founded on an outcome 成果作价投资: who brings what, under which charter, and when its equity exists.

Founders bring cash, and one of them the whole right in an outcome at a valuation on file (作价投资). Each signs the
same terms; what they bring is promised from then on. Where an office makes title, all waits for it; then cash and right
go to the company and its equity to the members, in one command. A unit of equity is one minor unit of registered
capital, all of it paid in: capital promised for later, increases, reductions and liquidation are not modelled.
Source: 公司法 (2023) arts. 42 (1 to 50 members), 48 (contributions in kind are valued, and title passes), 56 (the
register of members); 促进科技成果转化法 art. 45 (contributors' part of the shares).
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated

import msgspec

from custody.accounts import Account, Asset
from exchange.core.ids import AccountId, AssetId, CompanyId, ContributionId, MarketId, MemberId, UserId
from exchange.core.messages import Citation, Command, Event, Part, Record
from exchange.core.postings import Movement
from exchange.core.units import (
    AnyMinor,
    Code,
    IsoDate,
    Minor,
    Name,
    PositiveUnits,
    Ppm,
    RatePpm,
    Sha256Hex,
    Text,
    TimeNs,
    Units,
)

MAX_MEMBERS = 50
"""A limited company has at most so many members. Source: 公司法 art. 42."""
MEMBERS_RULE = Citation(profile="company_law", version=1, field="max_members", provision="CN-COMPANY-42")


class CompanyState(StrEnum):
    """Where a company stands. The last three are ends; a founded one stays."""

    FOUNDING = "founding"
    """The terms are shown; founders sign."""
    CONTRIBUTING = "contributing"
    """All have signed; the office has still to record the contributed right."""
    FOUNDED = "founded"
    ABANDONED = "abandoned"
    CONTRIBUTION_REFUSED = "contribution_refused"
    LAPSED = "lapsed"
    """The long stop came before the last signature, or the office's answer."""


class ContributionState(StrEnum):
    """What became of one founder's contribution. The last two are ends."""

    PROMISED = "promised"
    MADE = "made"
    RETURNED = "returned"


# --- Terms ------------------------------------------------------------------------------------------------------------


class Charter(Part, frozen=True, kw_only=True):
    """What the company's charter says of transfers of its equity; left out, the law's own rule.

    `notice_days` is how long the other members may answer; who says nothing has waived. `consent_majority_ppm` of the
    other members' contributions must not object to a transfer to an outsider where nobody steps in (0: no consent is
    asked, as the law has it since 2024). For `lock_up_days` after the founding nothing goes to outsiders.
    Source: 公司法 (2023) art. 84, and its last paragraph: the charter may say otherwise.
    """

    document_sha256: Sha256Hex
    notice_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 30
    consent_majority_ppm: RatePpm = Ppm(0)
    lock_up_days: Annotated[int, msgspec.Meta(ge=0, le=3_650)] = 0


class ContributorPart(Part, frozen=True, kw_only=True):
    """Equity out of a contribution in kind, for somebody who made the outcome. Units: of the company's equity."""

    account_id: AccountId
    units: PositiveUnits


class Founder(Part, frozen=True, kw_only=True):
    """What one founder brings.

    Units: `cash_minor` of the market's currency; `value_minor` is what the right of `asset_id` counts for, by the
    valuation on file. A unit of equity is one minor unit of both; `contributors` get theirs out of `value_minor`.
    """

    account_id: AccountId
    cash_minor: AnyMinor = Minor(0)
    asset_id: AssetId | None = None
    value_minor: AnyMinor = Minor(0)
    valuation_sha256: Sha256Hex | None = None
    contributors: Annotated[tuple[ContributorPart, ...], msgspec.Meta(max_length=MAX_MEMBERS)] = ()

    @property
    def capital_minor(self) -> int:
        """What the contribution counts for in the registered capital."""
        return self.cash_minor + self.value_minor

    @property
    def kept_units(self) -> int:
        """The equity that stays with the founder."""
        return self.capital_minor - sum(part.units for part in self.contributors)


Founders = Annotated[tuple[Founder, ...], msgspec.Meta(min_length=1, max_length=MAX_MEMBERS)]


class CompanyTerms(Part, frozen=True, kw_only=True):
    """What every founder signs, whole."""

    account_id: AccountId
    name: str
    market_id: MarketId
    founders: tuple[Founder, ...]
    charter: Charter
    jurisdiction: str
    contract_sha256: str


def company_terms_hash(terms: CompanyTerms) -> str:
    """The SHA-256 of the terms as compact JSON, fields in their declared order: any client can compute it."""
    return hashlib.sha256(msgspec.json.encode(terms)).hexdigest()


# --- Records ----------------------------------------------------------------------------------------------------------


class Company(Record, frozen=True, kw_only=True):
    """One company, from the founders' terms on; it is a member of the exchange, and `account_id` is its own.

    `asset_id` is its equity and `right_id` the right that was brought in (0: none). `contracted_at_ns` is the last
    founder's signature, `effective_date` the office's day, `founded_at_ns` when its equity came to be.
    """

    company_id: CompanyId
    member_id: MemberId
    account_id: AccountId
    name: str
    market_id: MarketId
    money_asset_id: AssetId
    founders: tuple[Founder, ...]
    charter: Charter
    jurisdiction: str
    overlays_version: int
    contract_sha256: str
    terms_sha256: str
    publicity_until_ns: TimeNs
    state: CompanyState
    proposed_by: UserId
    proposed_at_ns: TimeNs
    right_id: AssetId = AssetId(0)
    asset_id: AssetId = AssetId(0)
    contracted_at_ns: TimeNs = TimeNs(0)
    founded_at_ns: TimeNs = TimeNs(0)
    effective_date: str = ""
    office_reference: str = ""
    reason: str = ""

    @property
    def live(self) -> bool:
        """Whether the company is, or may still come to be."""
        return self.state in (CompanyState.FOUNDING, CompanyState.CONTRIBUTING, CompanyState.FOUNDED)

    @property
    def capital_units(self) -> int:
        """The registered capital, which is all of the equity."""
        return sum(founder.capital_minor for founder in self.founders)


class Contribution(Record, frozen=True, kw_only=True):
    """What a founder who signed has promised: `held_minor` of its money and `held_units` of a right (0: none)."""

    contribution_id: ContributionId
    company_id: CompanyId
    account_id: AccountId
    company_account_id: AccountId
    money_asset_id: AssetId
    held_minor: Minor
    asset_id: AssetId
    held_units: Units
    state: ContributionState
    signed_by: UserId
    signed_at_ns: TimeNs

    @property
    def live(self) -> bool:
        """Whether the founders still wait for each other, or for the office."""
        return self.state is ContributionState.PROMISED


# --- Founding ---------------------------------------------------------------------------------------------------------


class FoundCompany(Command, frozen=True, kw_only=True, tag="company.found"):
    """Put the terms of a company to its founders, for the member it will be: who brings what, and its charter.

    `jurisdiction` selects the disposal overlay of who brings a right in. A state institution's price by agreement is
    shown first; until then nobody signs, and whoever objects turns to an operator, who may abandon the founding.
    Refused: account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, company.exists,
    market.unknown, company.terms_invalid (twice one founder, nothing brought, more than one right, no valuation, too
    much capital), rule.method_not_allowed, currency.mismatch, rule.value_cap, rule.holder_cap, asset.unknown,
    profile.not_active, company.share_floor, calendar.not_covered, document.unknown.
    """

    account_id: AccountId
    name: Name
    market_id: MarketId
    founders: Founders
    charter: Charter
    contract_sha256: Sha256Hex
    jurisdiction: Code = "national"


class CompanyProposed(Event, frozen=True, kw_only=True, tag="company.proposed"):
    """The founders may sign the terms; `rules` are the provisions that were asked."""

    company: Company
    terms: CompanyTerms
    rules: tuple[Citation, ...]
    movement: Movement


class SubscribeCapital(Command, frozen=True, kw_only=True, tag="company.subscribe"):
    """Sign, as a founder, exactly the terms of this hash: what one brings is promised at once.

    Refused: company.unknown, account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen,
    company.not_founder, company.state (signed already too), company.publicity_running, company.terms_changed,
    export.not_cleared, whatever keeps the whole right from being sold (asset.frozen to right.title_unknown,
    outcome.state), listing.prior_claims_open (waivers beforehand: nobody can match a price in shares),
    consent.missing, deal.state, listing.state, sale.state, quote.state, pilot.state, hold.insufficient_available.
    """

    company_id: CompanyId
    account_id: AccountId
    terms_sha256: Sha256Hex


class CapitalSubscribed(Event, frozen=True, kw_only=True, tag="company.subscribed"):
    """A founder has signed; with the last one, the founding goes on."""

    company: Company
    contribution: Contribution
    movement: Movement


class CompanyFounded(Event, frozen=True, kw_only=True, tag="company.founded"):
    """Cash and right are the company's (`contributed`), its equity is made (`issued`) and handed out (`allotted`)."""

    company: Company
    asset: Asset
    account: Account
    contributions: tuple[Contribution, ...]
    contributed: Movement
    issued: Movement
    allotted: Movement


class AbandonCompany(Command, frozen=True, kw_only=True, tag="company.abandon"):
    """Give the founding up, as the company, a founder or an operator, before the last signature.

    Refused: company.unknown, company.not_founder, company.state.
    """

    company_id: CompanyId
    reason: Text = ""


class CompanyAbandoned(Event, frozen=True, kw_only=True, tag="company.abandoned"):
    """The company did not come to be (`company.state` says how); what was promised is free."""

    company: Company
    contributions: tuple[Contribution, ...]
    movement: Movement


class ConfirmContribution(Command, frozen=True, kw_only=True, tag="company.confirm_contribution"):
    """Enter that the office recorded the company as owner of the right: the company is founded.

    Refused: company.unknown, company.state, recordal.invalid, account.frozen, member.frozen, asset.frozen,
    right.encumbered (a court preserves it since).
    """

    company_id: CompanyId
    office_reference: Name
    effective_date: IsoDate


class RefuseContribution(Command, frozen=True, kw_only=True, tag="company.refuse_contribution"):
    """Enter that the office refused to record it: the founding is off, and what was promised is free.

    Refused: company.unknown, company.state.
    """

    company_id: CompanyId
    office_reference: Name
    reason: Text = ""
