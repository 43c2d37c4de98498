"""An issue: a published deal with its parties, its claims, its closing checklist and the notes of its classes.

Its life: `issue.propose` (from a published deal) → `closing.satisfy` … → `offering.open` (state `offered`) →
`offering.close` (`allotting`, a run) → `established`, or `failed` with every bid refunded. What is issued is served
from here (`servicing.open`): the deal's accounts in the ledger, the classes' notes, and the deal as it stood at the
closing. Each payment lowers the classes' balances; at the last one the issue is `redeemed`, or `unpaid`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import (
    AccountId,
    AssetId,
    ClaimId,
    ClosingItemId,
    EncumbranceId,
    IssueId,
    LicenceId,
    MarketId,
    MemberId,
    OfferingId,
    PoolAssetId,
    PoolId,
    ShelfId,
)
from exchange.core.messages import Command, Event, Part, Record
from exchange.core.postings import Movement
from exchange.core.rule_messages import Published, PublishedBody
from exchange.core.units import Code, IsoDate, Minor, Name, PositiveCount, PositiveMinor, Ppm, Sha256Hex, Text, TimeNs
from securitization.deal_triggers import Status
from securitization.messages import Claim
from securitization.offering_messages import BookBid, Offering, Shelf
from securitization.periods import PoolPeriod
from securitization.pool_records import Pool, PoolAsset
from securitization.trigger import TriggerState

MAX_ISSUE_CLAIMS = 100
MAX_PARTIES = 40
NO_RATE = -1
"""A class whose coupon is the published text's."""


class IssueRole(StrEnum):
    """In which role a member takes part in an issue."""

    ORIGINATOR = "originator"
    ISSUER = "issuer"
    ARRANGER = "arranger"
    SERVICER = "servicer"
    TRUSTEE = "trustee"
    RATING_AGENCY = "rating_agency"
    VALUER = "valuer"
    LAW_FIRM = "law_firm"
    AUDITOR = "auditor"
    GUARANTOR = "guarantor"
    UNDERWRITER = "underwriter"
    BACKUP_SERVICER = "backup_servicer"
    """Takes the servicer's place when the sale is perfected against the debtors."""
    HEDGE_PROVIDER = "hedge_provider"


NEEDED_ROLES = (
    IssueRole.ORIGINATOR,
    IssueRole.ISSUER,
    IssueRole.ARRANGER,
    IssueRole.SERVICER,
    IssueRole.TRUSTEE,
    IssueRole.LAW_FIRM,
)
"""Nobody else can do what these do."""


class IssueModel(StrEnum):
    """How the claims arose, which decides what must be shown before they are sold (SECURITIZATION.md 1.4)."""

    RECEIVABLES = "receivables"
    SECOND_LICENCE = "second_licence"
    PLEDGED_LOANS = "pledged_loans"
    LEASE_BACK = "lease_back"


class IssueState(StrEnum):
    """Where an issue stands."""

    PROPOSED = "proposed"
    OFFERED = "offered"
    ALLOTTING = "allotting"
    ESTABLISHED = "established"
    REFUNDING = "refunding"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    REDEEMED = "redeemed"
    """Every class was paid to zero, every note is ended."""
    UNPAID = "unpaid"
    """The periods are over and a class is still owed something."""


class IssueParty(Part, frozen=True, kw_only=True):
    """Who has a role, and the account on which it is paid and from which it pays."""

    role: IssueRole
    member_id: MemberId
    account_id: AccountId


class FeePayee(Part, frozen=True, kw_only=True):
    """To which role a fee, or the costs and repayments of a support or hedge, of the deal's text goes."""

    name: str
    role: IssueRole


class ClosingFee(Part, frozen=True, kw_only=True):
    """What a role earns at closing. Units: a part of the amount raised, rounded half even, plus an amount."""

    role: IssueRole
    rate_ppm: Annotated[Ppm, msgspec.Meta(ge=0, le=1_000_000)] = Ppm(0)
    amount_minor: Annotated[Minor, msgspec.Meta(ge=0, le=2**53 - 1)] = Minor(0)


class NoteClass(Record, frozen=True, kw_only=True):
    """One class of the deal as notes. Its place among the issue's classes is its place in the deal's text.

    Units: `notes` of `note_face_minor` each make `face_minor`; `balance_minor` is the principal outstanding, zero
    before the issue is established; `retained_notes` stay with the originator for good; `rate_ppm` is the coupon the
    book found, NO_RATE where the text's own coupon stands.
    """

    name: str
    asset_id: AssetId
    notes: int
    note_face_minor: Minor
    face_minor: Minor
    retained_notes: int = 0
    price_minor: Minor = Minor(0)
    rate_ppm: int = NO_RATE
    balance_minor: Minor = Minor(0)


class DealAccount(Record, frozen=True, kw_only=True):
    """An account of the deal's text, and the ledger account that keeps its money."""

    name: str
    account_id: AccountId


class StoredTranche(Record, frozen=True, kw_only=True):
    """A tranche as the last period left it (running.TrancheState)."""

    name: str
    balance: int
    interest_due: int = 0
    accrued: int = 0


class StoredDue(Record, frozen=True, kw_only=True):
    """What is owed of a fee or hedge (running.Due)."""

    name: str
    amount: int = 0


class StoredSupport(Record, frozen=True, kw_only=True):
    """A support as the last period left it (running.SupportState)."""

    name: str
    used: int = 0
    owed: int = 0
    interest_due: int = 0
    failed: bool = False


class StoredTrigger(Record, frozen=True, kw_only=True):
    """A trigger's strikes, and the (left, right) figures of its window, the oldest first."""

    name: str
    state: TriggerState
    window: tuple[tuple[int, int], ...] = ()


class StatusChange(Record, frozen=True, kw_only=True):
    """From which period on the deal had another status."""

    period: int
    status: Status


class RunningDeal(Record, frozen=True, kw_only=True):
    """The running deal as values: what `securitization/running.Running` needs to go on with the next period.

    `period` 0 is the closing day. The balances of the accounts are those of the ledger accounts, minor for minor.
    """

    period: int = 0
    status: Status = Status.NORMAL
    accounts: tuple[StoredDue, ...] = ()
    tranches: tuple[StoredTranche, ...] = ()
    fees: tuple[StoredDue, ...] = ()
    hedges: tuple[StoredDue, ...] = ()
    supports: tuple[StoredSupport, ...] = ()
    triggers: tuple[StoredTrigger, ...] = ()
    opening_balance: int = 0
    cumulative_defaults: int = 0
    invalidated_rights: int = 0
    pool: tuple[PoolPeriod, ...] = ()
    """The last period's figures; none on the closing day."""
    history: tuple[StatusChange, ...] = ()


class Issue(Record, frozen=True, kw_only=True):
    """A deal being issued, or issued.

    It sells either single `claims` or the sealed pool `pool_id`. `running` is the deal at its closing.
    Units: `raised_minor` is what all classes were sold for, retained ones at their face; `purchase_minor` what the
    originators got for what they sold, of which `retained_minor` in notes.
    """

    issue_id: IssueId
    name: str
    market_id: MarketId
    money_asset_id: AssetId
    deal_name: str
    deal_version: int
    deal_hash: Sha256Hex
    model: IssueModel
    state: IssueState
    parties: tuple[IssueParty, ...]
    claims: tuple[ClaimId, ...]
    classes: tuple[NoteClass, ...]
    accounts: tuple[DealAccount, ...]
    payees: tuple[FeePayee, ...]
    closing_fees: tuple[ClosingFee, ...]
    proceeds_account_id: AccountId
    running: RunningDeal
    pool_id: PoolId = PoolId(0)
    shelf_id: ShelfId = ShelfId(0)
    offering_id: OfferingId = OfferingId(0)
    raised_minor: Minor = Minor(0)
    retained_minor: Minor = Minor(0)
    purchase_minor: Minor = Minor(0)
    proposed_by: int = 0
    proposed_at_ns: TimeNs = TimeNs(0)
    established_at_ns: TimeNs = TimeNs(0)
    reason: str = ""

    def party(self, role: IssueRole) -> IssueParty | None:
        """Who has a role; the first where several share it."""
        return next((party for party in self.parties if party.role is role), None)

    def payee(self, name: str) -> IssueParty | None:
        """Who gets what is paid under a name of the deal's text."""
        return next((self.party(payee.role) for payee in self.payees if payee.name == name), None)

    def note_class(self, name: str) -> NoteClass | None:
        """A class by its name in the deal's text."""
        return next((each for each in self.classes if each.name == name), None)


class ClosingKind(StrEnum):
    """What must be shown before the classes are offered, or before the claims are sold."""

    SALE_CONTRACT = "sale_contract"
    """An originator's word: it sells this claim."""
    TRUE_SALE_OPINION = "true_sale_opinion"
    RATING = "rating"
    VALUATION = "valuation"
    AUDIT = "audit"
    GUARANTEE = "guarantee"
    LOAN_ORIGINATED = "loan_originated"
    PLEDGE_REGISTERED = "pledge_registered"
    FIRST_LICENCE = "first_licence"
    RETURN_LICENCE = "return_licence"
    LEASE_BACK = "lease_back"
    FUND_ACCOUNT = "fund_account"


class ClosingState(StrEnum):
    """Where an item stands."""

    OPEN = "open"
    SATISFIED = "satisfied"


class ClosingItem(Record, frozen=True, kw_only=True):
    """One line of an issue's closing checklist; `subject` is the class it is about, `claim_id` the claim or
    `pool_asset_id` the asset of the pool."""

    closing_item_id: ClosingItemId
    issue_id: IssueId
    kind: ClosingKind
    state: ClosingState
    claim_id: ClaimId = ClaimId(0)
    subject: str = ""
    documents: tuple[Sha256Hex, ...] = ()
    reference_id: int = 0
    """The encumbrance, licence or account that shows it; 0 where a document does."""
    grade: str = ""
    satisfied_by: int = 0
    satisfied_at_ns: TimeNs = TimeNs(0)
    pool_asset_id: PoolAssetId = PoolAssetId(0)


class NoteLock(Record, frozen=True, kw_only=True):
    """Notes that may not leave an account: what the originator keeps of a class, until they are redeemed.

    Units: notes of `asset_id`, held; 0 once they are.
    """

    asset_id: AssetId
    issue_id: IssueId
    account_id: AccountId
    units: int


# --- Commands and events ----------------------------------------------------------------------------------------------


class ClassTerms(Part, frozen=True, kw_only=True):
    """How a class of the deal becomes notes. Units: `retained_ppm` of its notes, rounded up, stay with the originator.

    A `rated` class waits for its rating.
    """

    name: str
    note_face_minor: PositiveMinor
    retained_ppm: Annotated[Ppm, msgspec.Meta(ge=0, le=1_000_000)] = Ppm(0)
    rated: bool = False


class PublishDeal(Command, frozen=True, kw_only=True, tag="deal.publish"):
    """Publish one version of a deal's text, checked. It is put in force by `rules.activate`, which needs two operators.

    Refused: deal.text_invalid, document.exists.
    """

    version: PositiveCount
    effective_from: IsoDate
    text: PublishedBody


class DealPublished(Event, frozen=True, kw_only=True, tag="deal.published"):
    """The text stands in its canonical spelling, which its hash names."""

    published: Published


class ProposeIssue(Command, frozen=True, kw_only=True, tag="issue.propose"):
    """Propose to issue a deal in force: who does what, what is sold, how each class becomes notes.

    What is sold is either single claims or the issuer's sealed pool. The arranger asks. Every party names an account
    of its own member; every fee, hedge and support with recourse of the text names the role that is paid.
    Refused: account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, market.unknown,
    deal.text_unknown, issue.invalid, currency.mismatch, rule.method_not_allowed, shelf.unknown, claim.unknown,
    claim.not_eligible, pool.unknown, pool.state, issue.pool_unfit.
    """

    name: Code
    market_id: MarketId
    deal_name: Name
    deal_version: PositiveCount
    model: IssueModel
    parties: Annotated[tuple[IssueParty, ...], msgspec.Meta(min_length=1, max_length=MAX_PARTIES)]
    claims: Annotated[tuple[ClaimId, ...], msgspec.Meta(max_length=MAX_ISSUE_CLAIMS)] = ()
    classes: Annotated[tuple[ClassTerms, ...], msgspec.Meta(min_length=1, max_length=40)]
    payees: Annotated[tuple[FeePayee, ...], msgspec.Meta(max_length=120)] = ()
    closing_fees: Annotated[tuple[ClosingFee, ...], msgspec.Meta(max_length=40)] = ()
    shelf_id: ShelfId | None = None
    pool_id: PoolId | None = None


class IssueProposed(Event, frozen=True, kw_only=True, tag="issue.proposed"):
    """The issue has its accounts, what it sells is sold to nobody else, and its checklist is open."""

    issue: Issue
    items: tuple[ClosingItem, ...]
    claims: tuple[Claim, ...]
    pool: Pool | None = None


class SatisfyClosing(Command, frozen=True, kw_only=True, tag="closing.satisfy"):
    """Show what an item of the checklist asks for, by the party whose word it is.

    `encumbrance_id` is the pledge that shows it, `licence_id` the licence; the other items are shown by documents. A
    rating names its `grade`.
    Refused: closing.unknown, closing.state, closing.not_party, document.unknown, closing.not_shown.
    """

    closing_item_id: ClosingItemId
    documents: Annotated[tuple[Sha256Hex, ...], msgspec.Meta(max_length=16)] = ()
    encumbrance_id: EncumbranceId | None = None
    licence_id: LicenceId | None = None
    grade: Annotated[str, msgspec.Meta(max_length=16)] = ""

    @property
    def reference_id(self) -> int:
        """What of the register is named; 0 if nothing is."""
        return self.encumbrance_id or self.licence_id or 0


class ClosingSatisfied(Event, frozen=True, kw_only=True, tag="closing.satisfied"):
    """The item is shown."""

    item: ClosingItem


class WithdrawIssue(Command, frozen=True, kw_only=True, tag="issue.withdraw"):
    """Give an issue up that is not offered yet: its claims are free again.

    Refused: issue.unknown, account.not_yours, issue.state.
    """

    issue_id: IssueId
    reason: Text = ""


class IssueWithdrawn(Event, frozen=True, kw_only=True, tag="issue.withdrawn"):
    """The issue is over."""

    issue: Issue
    claims: tuple[Claim, ...]
    pool: Pool | None = None


class IssueOffered(Event, frozen=True, kw_only=True, tag="issue.offered"):
    """The classes are offered; an issue from a shelf drew on it."""

    issue: Issue
    shelf: Shelf | None = None


class OfferingClosed(Event, frozen=True, kw_only=True, tag="offering.closed"):
    """The book was closed: prices, coupons and quantities stand; notes and cash follow in a run."""

    issue: Issue
    offering: Offering


class OfferingStopped(Event, frozen=True, kw_only=True, tag="offering.stopped"):
    """The offer came to nothing; every bidder is refunded in a run."""

    issue: Issue
    offering: Offering


class NotesAllotted(Event, frozen=True, kw_only=True, tag="issue.notes_allotted"):
    """Some bidders got their notes against their cash, and the rest of their cash back, in one transfer."""

    bids: tuple[BookBid, ...]
    offering: Offering
    movement: Movement


class IssueEstablished(Event, frozen=True, kw_only=True, tag="issue.established"):
    """What is sold is the issuer's, fees and originators are paid, retained notes locked: the plan is established."""

    issue: Issue
    offering: Offering
    claims: tuple[Claim, ...]
    locks: tuple[NoteLock, ...]
    movement: Movement
    locked: Movement
    pool: Pool | None = None
    pool_assets: tuple[PoolAsset, ...] = ()


class BidsRefunded(Event, frozen=True, kw_only=True, tag="issue.bids_refunded"):
    """Some bidders' cash is free again, with interest from the issuer."""

    bids: tuple[BookBid, ...]
    offering: Offering
    movement: Movement


class IssueFailed(Event, frozen=True, kw_only=True, tag="issue.failed"):
    """Nothing was issued; every claim may go into another pool."""

    issue: Issue
    offering: Offering
    claims: tuple[Claim, ...]
    movement: Movement
    shelf: Shelf | None = None
    pool: Pool | None = None
