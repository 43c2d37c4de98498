"""Claims, products, subscriptions and rewards, as commands and events.

A product's life: `product.create` (draft) → `product.offer` → `product.subscribe` … → `product.close` (issued: notes
against cash, claims sold) → `claim.pay` (collections) → `product.pay` (a run to the holders of record) → paid.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import (
    AccountId,
    AssetId,
    ClaimId,
    IssueId,
    MarketId,
    MemberId,
    ProductId,
    ProgrammeId,
    RewardId,
    SubscriptionId,
)
from exchange.core.messages import Command, Event, Record
from exchange.core.postings import Movement
from exchange.core.units import (
    Code,
    IsoDate,
    Minor,
    Name,
    PositiveCount,
    PositiveMinor,
    Ppm,
    RatePpm,
    Sha256Hex,
    TimeNs,
)

MAX_CLAIMS = 100
MAX_SUBSCRIPTIONS = 200
"""The most subscribers one close can issue to: also the look-through cap of a non-public offer."""


class ClaimStatus(StrEnum):
    """Where a licence-fee claim stands."""

    REGISTERED = "registered"
    POOLED = "pooled"
    SOLD = "sold"
    COLLECTED = "collected"


class Claim(Record, frozen=True, kw_only=True):
    """A licence fee that is owed: by whose account, to whose, for the use of which right, due when.

    Units: `amount_minor` of `money_asset_id`.
    """

    claim_id: ClaimId
    originator_account_id: AccountId
    debtor_account_id: AccountId
    right_asset_id: AssetId
    money_asset_id: AssetId
    amount_minor: Minor
    due_date: str
    contract_sha256: str
    status: ClaimStatus
    product_id: ProductId = ProductId(0)
    issue_id: IssueId = IssueId(0)
    """The issue it is sold to; its fee is then collected by that issue's servicer."""


class ProductStatus(StrEnum):
    """Where a product stands."""

    DRAFT = "draft"
    OFFERED = "offered"
    ISSUED = "issued"
    PAYING = "paying"
    PAID = "paid"
    FAILED = "failed"


class Product(Record, frozen=True, kw_only=True):
    """A pool of claims and the one class of notes issued against it.

    Units: `note_face_minor` a note; `notes` in all; a subscriber pays the face. What the pool collects beyond the faces
    is the notes' return; `collection_account_id` keeps it until it is paid.
    """

    product_id: ProductId
    name: str
    market_id: MarketId
    issuer_account_id: AccountId
    arranger_member_id: MemberId
    money_asset_id: AssetId
    claims: tuple[ClaimId, ...]
    note_face_minor: Minor
    notes: int
    final_date: str
    status: ProductStatus
    collection_account_id: AccountId = AccountId(0)
    note_asset_id: AssetId = AssetId(0)
    subscribed_notes: int = 0
    collected_minor: Minor = Minor(0)
    issued_at_ns: TimeNs = TimeNs(0)
    record_sequence: int = 0


class Subscription(Record, frozen=True, kw_only=True):
    """What one account asked for of an offer; its cash is held until the close."""

    subscription_id: SubscriptionId
    product_id: ProductId
    account_id: AccountId
    notes: int
    status: str = "open"


class RegisterClaim(Command, frozen=True, kw_only=True, tag="claim.register"):
    """Put a licence-fee claim on record: the licensor's, against a member that owes it.

    Refused: account.unknown, account.not_yours, asset.unknown, right.not_owned, claim.not_eligible.
    """

    originator_account_id: AccountId
    debtor_account_id: AccountId
    right_asset_id: AssetId
    money_asset_id: AssetId
    amount_minor: PositiveMinor
    due_date: IsoDate
    contract_sha256: Sha256Hex


class ClaimRegistered(Event, frozen=True, kw_only=True, tag="claim.registered"):
    """The claim is on record and may be pooled."""

    claim: Claim


class CreateProduct(Command, frozen=True, kw_only=True, tag="product.create"):
    """Pool claims behind one class of notes. `arranger_member_id` is the intermediary that will be rewarded.

    Refused: account.unknown, account.not_yours, market.unknown, currency.mismatch, claim.unknown, claim.not_eligible,
    member.unknown, product.invalid.
    """

    name: Name
    market_id: MarketId
    issuer_account_id: AccountId
    arranger_member_id: MemberId
    claims: Annotated[tuple[ClaimId, ...], msgspec.Meta(min_length=1, max_length=MAX_CLAIMS)]
    note_face_minor: PositiveMinor
    notes: PositiveCount
    final_date: IsoDate


class ProductCreated(Event, frozen=True, kw_only=True, tag="product.created"):
    """The pool is put together; its claims can be in no other."""

    product: Product
    claims: tuple[Claim, ...]


class OfferProduct(Command, frozen=True, kw_only=True, tag="product.offer"):
    """Admit a product to be subscribed, under its market's profile. Needs two operators.

    Refused: product.unknown, product.state, rule.method_not_allowed.
    """

    product_id: ProductId


class ProductOffered(Event, frozen=True, kw_only=True, tag="product.offered"):
    """Investors may subscribe."""

    product: Product


class SubscribeProduct(Command, frozen=True, kw_only=True, tag="product.subscribe"):
    """Ask for notes; first come, first served, the cash held until the close.

    Refused: account.unknown, account.not_yours, product.unknown, product.state, subscription.invalid,
    rule.suitability, rule.value_cap, rule.holder_cap, hold.insufficient_available.
    """

    product_id: ProductId
    account_id: AccountId
    notes: PositiveCount


class ProductSubscribed(Event, frozen=True, kw_only=True, tag="product.subscribed"):
    """The subscriber's cash is held."""

    subscription: Subscription
    product: Product
    movement: Movement


class CloseProduct(Command, frozen=True, kw_only=True, tag="product.close"):
    """End the offer: fully subscribed, the notes are issued against cash and the claims sold; else all is released.

    Refused: product.unknown, product.state.
    """

    product_id: ProductId


class ProductIssued(Event, frozen=True, kw_only=True, tag="product.issued"):
    """Notes minted to the subscribers, cash to the originators and the claims to the pool, in one transfer."""

    product: Product
    subscriptions: tuple[Subscription, ...]
    claims: tuple[Claim, ...]
    movement: Movement


class ProductFailed(Event, frozen=True, kw_only=True, tag="product.failed"):
    """The offer was not taken up in full: every subscriber's cash is free again, every claim too."""

    product: Product
    subscriptions: tuple[Subscription, ...]
    claims: tuple[Claim, ...]
    movement: Movement


class PayClaim(Command, frozen=True, kw_only=True, tag="claim.pay"):
    """The debtor pays its licence fee into the pool's collection account.

    Refused: claim.unknown, claim.not_eligible, account.not_yours, hold.insufficient_available.
    """

    claim_id: ClaimId


class ClaimCollected(Event, frozen=True, kw_only=True, tag="claim.collected"):
    """A fee came in."""

    claim: Claim
    product: Product
    movement: Movement


class PayProduct(Command, frozen=True, kw_only=True, tag="product.pay"):
    """Pay what the pool collected to the holders of record, and redeem the notes; a run. Needs two operators.

    Refused: product.unknown, product.state, product.invalid (a claim is not collected yet), payment.notes_held (notes
    are promised, pledged or still listed).
    """

    product_id: ProductId


class ProductPaymentStarted(Event, frozen=True, kw_only=True, tag="product.payment_started"):
    """The holders of record are fixed as of this sequence; `collected_minor` is shared out by largest remainder.

    The note is frozen in the same command: what is being redeemed is no longer traded.
    """

    product: Product


class HoldersPaid(Event, frozen=True, kw_only=True, tag="product.holders_paid"):
    """Some holders got their part against their notes, in one transfer."""

    product_id: ProductId
    movement: Movement


class ProductPaid(Event, frozen=True, kw_only=True, tag="product.paid"):
    """Everybody is paid and no note is left."""

    product: Product


# --- Rewards ----------------------------------------------------------------------------------------------------------


class RewardRole(StrEnum):
    """In which role a party earns."""

    ISSUER = "issuer"
    INTERMEDIARY = "intermediary"


class Programme(Record, frozen=True, kw_only=True):
    """Who rewards what: rates on the amount issued, a cap a claim, a budget held in the sponsor's account.

    Units: rates in ppm of the issued faces; `budget_left_minor` of `money_asset_id` is held, never promised twice.
    """

    programme_id: ProgrammeId
    name: str
    sponsor_account_id: AccountId
    money_asset_id: AssetId
    issuer_rate_ppm: Ppm
    intermediary_rate_ppm: Ppm
    cap_minor: Minor
    budget_left_minor: Minor


class OpenProgramme(Command, frozen=True, kw_only=True, tag="programme.open"):
    """Fund a reward programme from one's own account.

    Refused: account.unknown, account.not_yours, programme.exists, hold.insufficient_available.
    """

    name: Code
    sponsor_account_id: AccountId
    money_asset_id: AssetId
    issuer_rate_ppm: RatePpm
    intermediary_rate_ppm: RatePpm
    cap_minor: PositiveMinor
    budget_minor: PositiveMinor


class ProgrammeOpened(Event, frozen=True, kw_only=True, tag="programme.opened"):
    """The programme's budget is held."""

    programme: Programme
    movement: Movement


class Reward(Record, frozen=True, kw_only=True):
    """What one party claims of one programme for one product in one role; its figures are kept with it."""

    reward_id: RewardId
    programme_id: ProgrammeId
    product_id: ProductId
    role: RewardRole
    account_id: AccountId
    base_minor: Minor
    amount_minor: Minor
    status: str = "claimed"


class ClaimReward(Command, frozen=True, kw_only=True, tag="reward.claim"):
    """Claim what a programme owes for a product that was issued; once per programme, product and role.

    Refused: account.unknown, account.not_yours, reward.unknown (no such programme), product.unknown, product.state,
    reward.state (not that role), reward.double_claim, reward.budget.
    """

    programme_id: ProgrammeId
    product_id: ProductId
    role: RewardRole
    account_id: AccountId


class RewardClaimed(Event, frozen=True, kw_only=True, tag="reward.claimed"):
    """The claim stands, its amount set aside of the budget."""

    reward: Reward
    programme: Programme


class PayReward(Command, frozen=True, kw_only=True, tag="reward.pay"):
    """Pay a claimed reward from the sponsor's account. Needs two operators.

    Refused: reward.unknown, reward.state.
    """

    reward_id: RewardId


class RewardPaid(Event, frozen=True, kw_only=True, tag="reward.paid"):
    """The reward moved from sponsor to earner."""

    reward: Reward
    movement: Movement
