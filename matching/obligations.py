"""Obligations 义务: what a contract promised for later, on record until it is paid, delivered, lapsed or released.

They begin when the right passes, one for each instalment, milestone, royalty year and equity item, each with its date.

    instalment   owed → paid
    milestone    expected → (reported reached) owed → paid, or lapsed when its last day passes
    royalty year expected → (base reported) owed → paid; its minimum is owed from the beginning
    equity       owed → delivered, when the creditor says that it was entered in the company's register

Whatever is not done on its day is marked late, for good, and stays to be done. The creditor may release it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import AccountId, AssetId, DealId, LicenceId, MarketId, ObligationId, UserId
from exchange.core.messages import Command, Event, Record
from exchange.core.postings import Movement
from exchange.core.units import AnyMinor, Minor, PositiveMinor, Sha256Hex, Text, TimeNs

Reason = Annotated[Text, msgspec.Meta(min_length=1)]
NO_LICENCE = LicenceId(0)
"""The contract is a deal."""


class ObligationKind(StrEnum):
    """What is promised."""

    INSTALMENT = "instalment"
    MILESTONE = "milestone"
    ROYALTY = "royalty"
    EQUITY = "equity"


class ObligationState(StrEnum):
    """Where an obligation stands. The last four are ends."""

    EXPECTED = "expected"
    """What it depends on is not reported yet."""
    OWED = "owed"
    PAID = "paid"
    DELIVERED = "delivered"
    LAPSED = "lapsed"
    """The milestone was not reached in its time."""
    RELEASED = "released"


class Obligation(Record, frozen=True, kw_only=True):
    """One thing promised to the seller of a right, by its buyer.

    Units: `amount_minor` of the market's money is known to be owed, `paid_minor` of it is paid; of equity both are 0.
    It may be reported from `opens_at_ns` on. `due_at_ns` is its next date: to reach a milestone, to report and pay a
    royalty, to pay or deliver the rest. `place` is the item's in its kind, of a royalty the year. A licence's has its
    `licence_id`; `deal_id` is then the same number.
    """

    obligation_id: ObligationId
    deal_id: DealId
    market_id: MarketId
    asset_id: AssetId
    money_asset_id: AssetId
    debtor_account_id: AccountId
    creditor_account_id: AccountId
    kind: ObligationKind
    place: int
    state: ObligationState
    subject: str
    rate_ppm: int
    minimum_minor: Minor
    due_days: int
    amount_minor: Minor
    opens_at_ns: TimeNs
    due_at_ns: TimeNs
    paid_minor: Minor = Minor(0)
    late: bool = False
    base_minor: Minor = Minor(0)
    reported_by: UserId = UserId(0)
    evidence_sha256: str = ""
    closed_at_ns: TimeNs = TimeNs(0)
    reason: str = ""
    licence_id: LicenceId = NO_LICENCE

    @property
    def live(self) -> bool:
        """Whether something is still to be done about it."""
        return self.state in (ObligationState.EXPECTED, ObligationState.OWED)

    @property
    def outstanding_minor(self) -> int:
        """What is known to be owed and is not paid."""
        return self.amount_minor - self.paid_minor


class PaymentPlan(Record, frozen=True, kw_only=True):
    """What the obligations of one deal have in common: the fees they are charged under, and how many are open.

    Units: `paid_minor` is everything paid under the deal, the price at signing among it: fees are charged on it, so
    that paying in parts never costs more than paying at once.
    """

    deal_id: DealId
    market_id: MarketId
    debtor_account_id: AccountId
    creditor_account_id: AccountId
    method: str
    fee_version: int
    paid_minor: Minor
    open: int
    licence_id: LicenceId = NO_LICENCE

    @property
    def live(self) -> bool:
        """Whether anything of it is still to be done."""
        return self.open > 0


class ObligationsMade(Event, frozen=True, kw_only=True, tag="obligation.made"):
    """The right has passed: what was promised for later is on record from here on."""

    plan: PaymentPlan
    obligations: tuple[Obligation, ...]


class PayObligation(Command, frozen=True, kw_only=True, tag="obligation.pay"):
    """Pay, as the debtor, all or a part of what is known to be owed; the fee comes on top.

    Refused: obligation.unknown, obligation.not_party, mandate.invalid, account.frozen, member.frozen,
    obligation.invalid (equity, or more than is owed), asset.frozen, hold.insufficient_available.
    """

    obligation_id: ObligationId
    amount_minor: PositiveMinor


class ObligationPaid(Event, frozen=True, kw_only=True, tag="obligation.paid"):
    """The creditor has the amount less its fee; with the last part the obligation is over."""

    obligation: Obligation
    plan: PaymentPlan
    amount_minor: Minor
    movement: Movement


class ReportObligation(Command, frozen=True, kw_only=True, tag="obligation.report"):
    """Say, as the debtor or as an operator who was shown it, that a milestone is reached, or what a year's base was.

    Units: `base_minor` is the royalty year's base; 0 for a milestone. `evidence_sha256` names a document on file.
    Refused: obligation.unknown, obligation.not_party, mandate.invalid, account.frozen, member.frozen, obligation.state,
    obligation.invalid (the year is not over, a base for a milestone), document.unknown, limit.exceeded.
    """

    obligation_id: ObligationId
    evidence_sha256: Sha256Hex
    base_minor: AnyMinor = Minor(0)


class ObligationReported(Event, frozen=True, kw_only=True, tag="obligation.reported"):
    """What is owed is known, and since when it is due; a year that makes nothing is over."""

    obligation: Obligation
    plan: PaymentPlan
    movement: Movement


class ConfirmDelivery(Command, frozen=True, kw_only=True, tag="obligation.confirm_delivery"):
    """Say, as the creditor, that the equity was entered in the company's register, by a document on file.

    Refused: obligation.unknown, obligation.not_party, mandate.invalid, account.frozen, member.frozen,
    obligation.invalid (it is not equity), document.unknown.
    """

    obligation_id: ObligationId
    evidence_sha256: Sha256Hex


class ObligationDelivered(Event, frozen=True, kw_only=True, tag="obligation.delivered"):
    """The creditor has its equity."""

    obligation: Obligation
    plan: PaymentPlan
    movement: Movement


class ReleaseObligation(Command, frozen=True, kw_only=True, tag="obligation.release"):
    """Release the debtor, as the creditor, from what is still to be done.

    Refused: obligation.unknown, obligation.not_party, mandate.invalid, account.frozen, member.frozen.
    """

    obligation_id: ObligationId
    reason: Reason


class ObligationReleased(Event, frozen=True, kw_only=True, tag="obligation.released"):
    """Nothing more is owed of it."""

    obligation: Obligation
    plan: PaymentPlan
    movement: Movement


class ObligationFellLate(Event, frozen=True, kw_only=True, tag="obligation.fell_late"):
    """Its day is over, and it is not done: it stays owed, and marked."""

    obligation: Obligation
    movement: Movement


class ObligationLapsed(Event, frozen=True, kw_only=True, tag="obligation.lapsed"):
    """The milestone was not reached in its time: nothing is owed for it."""

    obligation: Obligation
    plan: PaymentPlan
    movement: Movement
