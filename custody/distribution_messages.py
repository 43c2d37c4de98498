"""Income and its distribution: the records, what is asked, what is told.

An income lies recorded, and held, in its owner's account. A distribution of it goes `awaiting_record` → `planning` →
`planned` → `approved` → `paying` → `paid` → `done`, or ends `withdrawn` before it pays.
The plan is a *dry run*: frozen by its hash, readable line by line, and paid only by whoever names that hash.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from custody.accounts import Account
from custody.distribution import (
    Deducted,
    Deductions,
    Line,
    OwnRule,
    Payees,
    Pot,
    Treaties,
)
from exchange.core.ids import (
    AccountId,
    AssetId,
    DealId,
    DistributionId,
    IncomeId,
    ObligationId,
    OutcomeId,
    PlanPageId,
    ReceiptId,
    UnclaimedId,
    UserId,
)
from exchange.core.messages import Citation, Command, Event, Record
from exchange.core.postings import Movement
from exchange.core.units import (
    Code,
    IsoDate,
    Minor,
    PositiveMinor,
    RatePpm,
    Sequence,
    Sha256Hex,
    Text,
    TimeNs,
)

MAX_LINES = 240
"""Lines of one page of a plan: a page is paid by one command, whose postings are numbered up to 1,024."""


class IncomeKind(StrEnum):
    """What the income was earned by: it decides which floor of the law it falls under."""

    TRANSFER = "transfer"
    LICENCE = "licence"
    SHARES = "shares"
    """Money from shares that an outcome brought (作价投资): a dividend, their sale."""
    PROFIT = "profit"
    """A year's operating profit from an outcome implemented by its owner, alone or jointly."""


class IncomeState(StrEnum):
    """Where an income stands; until it is distributed, or withdrawn, its amount is held."""

    RECORDED = "recorded"
    PLANNED = "planned"
    DISTRIBUTED = "distributed"
    WITHDRAWN = "withdrawn"


class Income(Record, frozen=True, kw_only=True):
    """An amount earned by an outcome, or by a right alone, that lies in its owner's account.

    `source` is what brought it, as clients read it (`D1-184`), or the evidence; each brings income once.
    """

    income_id: IncomeId
    account_id: AccountId
    outcome_id: OutcomeId
    asset_id: AssetId
    money_asset_id: AssetId
    kind: IncomeKind
    amount_minor: Minor
    source: str
    evidence_sha256: str
    profit_year: int
    state: IncomeState
    distribution_id: DistributionId
    recorded_by: UserId
    recorded_at_ns: TimeNs
    reason: str = ""

    @property
    def live(self) -> bool:
        """Whether its source may not be recorded again."""
        return self.state is not IncomeState.WITHDRAWN

    @property
    def held_minor(self) -> int:
        """What is held of it in its account."""
        return self.amount_minor if self.state in (IncomeState.RECORDED, IncomeState.PLANNED) else 0


class DistributionState(StrEnum):
    """Where a distribution stands."""

    AWAITING_RECORD = "awaiting_record"
    """The record date is still to come."""
    PLANNING = "planning"
    """The holders of record are fixed; what each gets is worked out, page after page."""
    PLANNED = "planned"
    APPROVED = "approved"
    PAYING = "paying"
    PAID = "paid"
    """Every page is paid; withheld tax or somebody's part still waits."""
    DONE = "done"
    WITHDRAWN = "withdrawn"


class TreatyRate(Record, frozen=True, kw_only=True):
    """A treaty's rate as it is kept."""

    country: str
    rate_ppm: int
    document_sha256: str


class Distribution(Record, frozen=True, kw_only=True):
    """One distribution of one income, and its plan's totals.

    Units: `record_units` are the holders' units at `record_sequence`, summed. `planned_minor` is the sum of the gross
    amounts of all lines, `withholding_minor` what of it will be withheld; `waiting_minor` is what `waiting` payees have
    not been paid yet. `plan_sha256` chains the hashes of the head and of each page.
    """

    distribution_id: DistributionId
    income_id: IncomeId
    account_id: AccountId
    money_asset_id: AssetId
    share_asset_id: AssetId
    gross_minor: Minor
    deducted: tuple[Deducted, ...]
    net_minor: Minor
    pots: tuple[Pot, ...]
    jurisdiction: str
    overlays_version: int
    withholding_ppm: int
    withholding_rule: Citation | None
    treaties: tuple[TreatyRate, ...]
    record_date: str
    state: DistributionState
    proposed_by: UserId
    proposed_at_ns: TimeNs
    record_sequence: Sequence = Sequence(0)
    holders: int = 0
    record_units: int = 0
    pages: int = 0
    lines: int = 0
    planned_minor: Minor = Minor(0)
    withholding_minor: Minor = Minor(0)
    plan_sha256: str = ""
    approved_by: UserId = UserId(0)
    escrow_account_id: AccountId = AccountId(0)
    tax_account_id: AccountId = AccountId(0)
    paid_pages: int = 0
    withheld_minor: Minor = Minor(0)
    remitted_minor: Minor = Minor(0)
    waiting: int = 0
    waiting_minor: Minor = Minor(0)
    reason: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.state in (DistributionState.DONE, DistributionState.WITHDRAWN)


class PlanPage(Record, frozen=True, kw_only=True):
    """Some lines of a plan; a page is paid whole. `account_id` is the owner's, who distributes.

    `holder_place` is the place of its first line among the holders of record; -1: it holds the other payees.
    """

    page_id: PlanPageId
    distribution_id: DistributionId
    account_id: AccountId
    n: int
    holder_place: int
    lines: tuple[Line, ...]
    plan_sha256: str
    """The plan's hash up to and with this page."""
    paid_sequence: Sequence = Sequence(0)
    dropped: bool = False

    @property
    def live(self) -> bool:
        """Whether it is still to be paid."""
        return not self.paid_sequence and not self.dropped


class Unclaimed(Record, frozen=True, kw_only=True):
    """A payee's part that waits, because the payee was frozen when it was to be paid."""

    unclaimed_id: UnclaimedId
    distribution_id: DistributionId
    account_id: AccountId
    gross_minor: Minor
    withheld_minor: Minor
    released_sequence: Sequence = Sequence(0)

    @property
    def live(self) -> bool:
        """Whether it still waits."""
        return not self.released_sequence


# --- Income -----------------------------------------------------------------------------------------------------------


class RecordIncome(Command, frozen=True, kw_only=True, tag="income.record"):
    """Put income of an outcome, or of a right in no outcome, on record: its amount is held in the account from here on.

    It came by a deal (the right's last completed one, of which the account's member was the seller), an obligation, or
    a bank receipt, or is shown by its evidence alone. `profit_year` counts the years of a profit from 1; else it is 0.
    An obligation that is over is no longer known and taken by its evidence.
    Refused: account.unknown, account.not_yours, account.frozen, member.frozen, income.invalid, outcome.unknown,
    asset.unknown, right.not_owned, asset.frozen, income.source_invalid, document.unknown, hold.insufficient_available.
    """

    account_id: AccountId
    outcome_id: OutcomeId | None = None
    asset_id: AssetId | None = None
    money_asset_id: AssetId
    kind: IncomeKind
    amount_minor: PositiveMinor
    deal_id: DealId | None = None
    obligation_id: ObligationId | None = None
    receipt_id: ReceiptId | None = None
    evidence_sha256: Sha256Hex
    profit_year: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0


class IncomeRecorded(Event, frozen=True, kw_only=True, tag="income.recorded"):
    """The amount lies held until it is distributed."""

    income: Income
    movement: Movement


class WithdrawIncome(Command, frozen=True, kw_only=True, tag="income.withdraw"):
    """Take a mistaken record back, before any distribution of it: the amount is free again.

    Refused: income.unknown, income.not_party, income.state.
    """

    income_id: IncomeId
    reason: Text = ""


class IncomeWithdrawn(Event, frozen=True, kw_only=True, tag="income.withdrawn"):
    """It is no income any more; its source may be recorded again."""

    income: Income
    movement: Movement


# --- The plan ---------------------------------------------------------------------------------------------------------


class ProposeDistribution(Command, frozen=True, kw_only=True, tag="distribution.propose"):
    """Have the plan of a distribution worked out: deductions, rewards, co-owners, and the holders of a record date.

    `contributors` split their reward, in parts that sum to one, by the document `split_sha256`; where a completed pilot
    assigned the outcome, its agreement decides rate and split and neither is named. `staff_rate_ppm` is for the
    transfer staff, at least the overlay's. `co_owners` share what is left with the owner, by their agreement's parts.
    Where shares float, their holders at the end of `record_date` (none: now) get what the share deed says.
    Refused: income.unknown, income.not_party, account.frozen, member.frozen, income.state, distribution.suspended,
    profile.not_active, distribution.deductions_invalid, distribution.payees_invalid, distribution.below_floor,
    distribution.agreement_missing, distribution.over_net, distribution.treaty_invalid, distribution.record_invalid,
    document.unknown.
    """

    income_id: IncomeId
    jurisdiction: Code = "national"
    deductions: Deductions = ()
    own_rule: OwnRule | None = None
    contributors: Payees = ()
    split_sha256: Sha256Hex | None = None
    staff_rate_ppm: RatePpm | None = None
    staff: Payees = ()
    co_owners: Payees = ()
    co_owner_sha256: Sha256Hex | None = None
    treaties: Treaties = ()
    record_date: IsoDate | None = None


class DistributionProposed(Event, frozen=True, kw_only=True, tag="distribution.proposed"):
    """The pots are fixed, and the lines of all but the holders; where shares float, their holders follow."""

    distribution: Distribution
    income: Income
    pages: tuple[PlanPage, ...]
    movement: Movement


class HoldersRecorded(Event, frozen=True, kw_only=True, tag="distribution.recorded"):
    """The record date is over: the holders are those after this very command, whatever is traded from here on."""

    distribution: Distribution
    movement: Movement


class DistributionPagePlanned(Event, frozen=True, kw_only=True, tag="distribution.page_planned"):
    """What the next holders of record get."""

    distribution: Distribution
    page: PlanPage


class DistributionPlanned(Event, frozen=True, kw_only=True, tag="distribution.planned"):
    """The plan is whole; its hash is what may be approved and paid."""

    distribution: Distribution
    movement: Movement


class WithdrawDistribution(Command, frozen=True, kw_only=True, tag="distribution.withdraw"):
    """Give a distribution up before it is paid; its income may be distributed otherwise. Its pages are emptied.

    Refused: distribution.unknown, distribution.not_party, distribution.state.
    """

    distribution_id: DistributionId
    reason: Text = ""


class DistributionWithdrawn(Event, frozen=True, kw_only=True, tag="distribution.withdrawn"):
    """Nothing was paid. The lines of its plan are in the journal only."""

    distribution: Distribution
    income: Income
    pages: tuple[PlanPage, ...]
    movement: Movement


# --- Approval and payment ---------------------------------------------------------------------------------------------


class ApproveDistribution(Command, frozen=True, kw_only=True, tag="distribution.approve"):
    """Agree to exactly this plan, as an approver of the owner who did not propose it.

    Refused: distribution.unknown, distribution.not_party, account.frozen, member.frozen, distribution.state,
    approval.same_person, distribution.plan_changed, distribution.suspended.
    """

    distribution_id: DistributionId
    plan_sha256: Sha256Hex


class DistributionApproved(Event, frozen=True, kw_only=True, tag="distribution.approved"):
    """The venue may pay it."""

    distribution: Distribution
    movement: Movement


class PayDistribution(Command, frozen=True, kw_only=True, tag="distribution.pay"):
    """Pay exactly this plan, as one operator asks and another signs: what it pays out leaves the owner at once.

    Refused: distribution.unknown, distribution.state, distribution.plan_changed, distribution.suspended,
    account.frozen, member.frozen, asset.frozen.
    """

    distribution_id: DistributionId
    plan_sha256: Sha256Hex


class DistributionPaymentStarted(Event, frozen=True, kw_only=True, tag="distribution.payment_started"):
    """What is to be paid lies in the distribution's own escrow; page after page it goes to the payees."""

    distribution: Distribution
    income: Income
    accounts: tuple[Account, ...]
    movement: Movement


class DistributionPagePaid(Event, frozen=True, kw_only=True, tag="distribution.page_paid"):
    """The page's payees have their money, less what was withheld; a frozen payee's part waits."""

    distribution: Distribution
    page: PlanPage
    waiting: tuple[Unclaimed, ...]
    movement: Movement


class ReleaseUnclaimed(Command, frozen=True, kw_only=True, tag="distribution.release"):
    """Pay a part that waited, to the payee it was meant for, as that payee or an operator, once it is frozen no more.

    Refused: distribution.unclaimed_unknown, distribution.not_party, account.frozen, member.frozen, asset.frozen.
    """

    unclaimed_id: UnclaimedId


class UnclaimedReleased(Event, frozen=True, kw_only=True, tag="distribution.released"):
    """The payee has its part."""

    distribution: Distribution
    unclaimed: Unclaimed
    movement: Movement


class RemitWithholding(Command, frozen=True, kw_only=True, tag="distribution.remit"):
    """Record that the bank paid what was withheld so far to the tax office, as one operator asks and another signs.

    Refused: distribution.unknown, distribution.state (the run still pays, or nothing is withheld), asset.frozen,
    document.unknown.
    """

    distribution_id: DistributionId
    bank_reference: Code
    evidence_sha256: Sha256Hex


class WithholdingRemitted(Event, frozen=True, kw_only=True, tag="distribution.remitted"):
    """The money left the client account at the bank."""

    distribution: Distribution
    amount_minor: Minor
    bank_reference: str
    evidence_sha256: str
    movement: Movement
