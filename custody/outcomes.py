"""Research outcomes: what they are made of, who paid for them, who has prior claims, under which deed they float.

Issuing shares immobilises the whole right, or rights, of an outcome and mints its shares in one command, so that the
units outstanding are the immobilised fraction, always.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from custody.accounts import Account, Asset
from custody.rights import DeclaredShares, Right, RightForm
from exchange.core.ids import AccountId, AssetId, DocumentId, MemberId, OutcomeId, PatentId
from exchange.core.instruments import TechnologyClass
from exchange.core.messages import Command, Event, Part, Record
from exchange.core.postings import Movement
from exchange.core.units import (
    AnyMinor,
    CountryCode,
    CurrencyCode,
    Minor,
    Name,
    PositiveCount,
    RatePpm,
    Sha256Hex,
    Text,
    TimeNs,
)

# --- Outcomes ---------------------------------------------------------------------------------------------------------


class PriorClaimKind(StrEnum):
    """Who may step in before a buyer.

    Source: 民法典 art. 847 (finisher), 859 (commissioner), 860 (co-developer), 305-306 (co-owner), 444 (pledgee).
    """

    FINISHER = "finisher"
    COMMISSIONER = "commissioner"
    CO_DEVELOPER = "co_developer"
    CO_OWNER = "co_owner"
    PLEDGEE = "pledgee"


class PriorClaim(Record, frozen=True, kw_only=True):
    """A prior claim, and the standing waiver of all who have it, by its document's hash (empty: none yet)."""

    kind: PriorClaimKind
    waiver_sha256: str


class ClaimHolder(Record, frozen=True, kw_only=True):
    """Who has a prior claim, by the document that says so (empty: none named): whoever is known is asked in a deal."""

    kind: PriorClaimKind
    member_id: MemberId
    document_sha256: str = ""


HolderIds = Annotated[tuple[MemberId, ...], msgspec.Meta(max_length=50)]


class DeclaredClaim(Part, frozen=True, kw_only=True):
    """A prior claim as its outcome's owner declares it, with the standing waiver if it is on file already.

    `holder_ids` name who has it, `document_sha256` the contract or record it follows from.
    """

    kind: PriorClaimKind
    waiver_sha256: Sha256Hex | None = None
    holder_ids: HolderIds = ()
    document_sha256: Sha256Hex | None = None


class Funding(Record, frozen=True, kw_only=True):
    """One source of an outcome's funds. Units: minor, of the outcome's one funding currency."""

    source: str
    country: str
    fiscal: bool
    amount_minor: Minor


class DeclaredFunding(Part, frozen=True, kw_only=True):
    """One source of funds as declared: `fiscal` says that it is a state's money."""

    source: Name
    country: CountryCode
    fiscal: bool
    amount_minor: AnyMinor


class Outcome(Record, frozen=True, kw_only=True):
    """A research outcome of an institution: a bundle of its patents, or know-how alone.

    `readiness_level` is the technology readiness level (TRL, 1-9); `node` the home node in the matching network.
    `deed_id` is the share deed in force; `share_asset_id`, `immobilised_id` are set when shares are issued (0: none).
    `holders` are those who are known to have a prior claim; co-owners are known by what they hold.
    """

    outcome_id: OutcomeId
    member_id: MemberId
    title: str
    readiness_level: int
    technology_class: TechnologyClass
    funding_currency: str
    funding: tuple[Funding, ...]
    patent_ids: tuple[PatentId, ...]
    co_owner_ids: tuple[MemberId, ...]
    claims: tuple[PriorClaim, ...]
    node: str
    form: RightForm
    registered_at_ns: TimeNs
    right_id: AssetId = AssetId(0)
    share_asset_id: AssetId = AssetId(0)
    immobilised_id: AccountId = AccountId(0)
    deed_id: DocumentId = DocumentId(0)
    holders: tuple[ClaimHolder, ...] = ()


class RegisterOutcome(Command, frozen=True, kw_only=True, tag="outcome.register"):
    """Put an outcome of one's own institution on record, with the patents it consists of.

    `co_owner_ids` are the other members who own it; `claims` the prior claims on it. The finisher's first refusal
    (民法典 art. 847) stands on every institution's outcome, declared or not.
    Refused: account.not_yours, member.frozen, patent.unknown, right.not_owned, outcome.state, right.immobilised,
    right.expired, member.unknown, document.unknown.
    """

    title: Name
    readiness_level: Annotated[int, msgspec.Meta(ge=1, le=9)]
    technology_class: TechnologyClass = TechnologyClass.UNCLASSIFIED
    funding_currency: CurrencyCode = "CNY"
    funding: Annotated[tuple[DeclaredFunding, ...], msgspec.Meta(max_length=50)] = ()
    patent_ids: Annotated[tuple[PatentId, ...], msgspec.Meta(max_length=100)] = ()
    co_owner_ids: Annotated[tuple[MemberId, ...], msgspec.Meta(max_length=50)] = ()
    claims: Annotated[tuple[DeclaredClaim, ...], msgspec.Meta(max_length=5)] = ()
    node: Annotated[str, msgspec.Meta(max_length=100)] = ""


class OutcomeRegistered(Event, frozen=True, kw_only=True, tag="outcome.registered"):
    """The outcome is on record; its patents lie in it and in no other."""

    outcome: Outcome


class OutcomeChanged(Event, frozen=True, kw_only=True, tag="outcome.changed"):
    """How an outcome stands after another event of the same command: its right in custody, its co-owners, its form."""

    outcome: Outcome


class WaivePriorClaim(Command, frozen=True, kw_only=True, tag="prior_claim.waive"):
    """Put the standing waiver of one kind of prior claim on record: a document signed by all who have it.

    Refused: outcome.unknown, right.not_owned, outcome.state, document.unknown.
    """

    outcome_id: OutcomeId
    kind: PriorClaimKind
    waiver_sha256: Sha256Hex


class DeclarePriorClaim(Command, frozen=True, kw_only=True, tag="prior_claim.declare"):
    """Say who has a prior claim on one's own institution's outcome; a later word takes the earlier one's place.

    Whom the exchange knows is asked in each deal; a claim whose holders nobody named stops every deal until it is
    waived. Naming holders again does not undo a standing waiver.
    Refused: outcome.unknown, right.not_owned, outcome.state (a co-owner's or pledgee's claim follows from the
    register), deal.state, sale.state (a sale of it runs), member.unknown, document.unknown.
    """

    outcome_id: OutcomeId
    kind: PriorClaimKind
    holder_ids: Annotated[tuple[MemberId, ...], msgspec.Meta(min_length=1, max_length=50)]
    document_sha256: Sha256Hex


class PriorClaimDeclared(Event, frozen=True, kw_only=True, tag="prior_claim.declared"):
    """These have the claim, as far as the outcome's owner says."""

    outcome: Outcome


class PriorClaimWaived(Event, frozen=True, kw_only=True, tag="prior_claim.waived"):
    """This kind of prior claim no longer stands in the way of a listing."""

    outcome: Outcome


# --- Share deeds ------------------------------------------------------------------------------------------------------


class ShareDeed(Record, frozen=True, kw_only=True):
    """One version of the contract that makes shares of an outcome what they are. Never edited; a change is a version.

    Units: `income_ratio_ppm` of the outcome's net income goes to the sharers, `majority_ppm` decides reserved matters.
    """

    deed_id: DocumentId
    outcome_id: OutcomeId
    version: int
    document_sha256: str
    registered_holder_id: MemberId
    signer_ids: tuple[MemberId, ...]
    transfer_consent: bool
    preemption_waived: bool
    reserved_matters: tuple[str, ...]
    majority_ppm: int
    income_ratio_ppm: int
    cost_duty: str
    on_lapse: str
    on_delisting: str
    on_whole: str
    filed_at_ns: TimeNs


class FileShareDeed(Command, frozen=True, kw_only=True, tag="share_deed.file"):
    """Put a share deed on file: its signed document's hash, its signers, and the terms a buyer accepts with the order.

    Every co-owner and the registered holder, who holds for the sharers, must have signed. `transfer_consent` and
    `preemption_waived` are the co-owners' consent to transfers and waiver of pre-emption for trades on a venue.
    `on_lapse` covers lapse and invalidation, `on_whole` what happens when one holder has everything.
    Refused: outcome.unknown, right.not_owned, outcome.state (not a later version), deed.signer_missing,
    document.unknown.
    """

    outcome_id: OutcomeId
    version: PositiveCount
    document_sha256: Sha256Hex
    registered_holder_id: MemberId
    signer_ids: Annotated[tuple[MemberId, ...], msgspec.Meta(min_length=1, max_length=60)]
    transfer_consent: bool
    preemption_waived: bool
    reserved_matters: Annotated[tuple[Name, ...], msgspec.Meta(max_length=50)] = ()
    majority_ppm: RatePpm
    income_ratio_ppm: RatePpm
    cost_duty: Text = ""
    on_lapse: Text = ""
    on_delisting: Text = ""
    on_whole: Text = ""


class ShareDeedFiled(Event, frozen=True, kw_only=True, tag="share_deed.filed"):
    """The deed is the one in force for the outcome."""

    deed: ShareDeed
    outcome: Outcome


# --- Shares -----------------------------------------------------------------------------------------------------------


class IssueShares(Command, frozen=True, kw_only=True, tag="outcome.issue_shares"):
    """Turn an outcome's whole right, or rights, into shares: immobilise the one, mint the others, to one account.

    `shares` are the declared shares that must come out whole.
    Refused: account.unknown, account.not_yours, account.frozen, member.frozen, outcome.unknown, right.not_owned,
    right.immobilised, asset.frozen, right.expired, patent.not_listable, right.encumbered, right.title_defect,
    right.title_unknown (an examination found a defect), listing.state, shares.invalid.
    """

    outcome_id: OutcomeId
    account_id: AccountId
    shares: DeclaredShares = ()


class SharesIssued(Event, frozen=True, kw_only=True, tag="outcome.shares_issued"):
    """The shares are the owner's; the rights lie immobilised in a venue account of their own."""

    outcome: Outcome
    rights: tuple[Right, ...]
    asset: Asset
    accounts: tuple[Account, ...]
    immobilised: Movement
    issued: Movement
