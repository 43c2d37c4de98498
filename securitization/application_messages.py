"""Applications: one party's claim, in one role, for one event, under one scheme.

draft → submitted (⇄ correcting) → accepted → awarded → notice (⇄ objected) → cleared → approved → (ordered →) paid; a
refusal may be appealed once. What was paid may be taken back: recovering → clawed_back.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import (
    AccountId,
    ApplicationId,
    IssueId,
    MemberId,
    ProductId,
    RewardEventId,
    SchemeCallId,
    SchemeId,
    UserId,
)
from exchange.core.messages import Command, Event, Part, Record
from exchange.core.postings import Movement
from exchange.core.reward_terms import ClawbackTrigger, EvidenceKind, SchemeRole
from exchange.core.units import Code, Minor, PositiveMinor, Sha256Hex, Text, TimeNs
from securitization.reward import FigureLine
from securitization.scheme_messages import FactValue, Scheme, SchemeCall

MAX_APPLICATIONS = 200
"""The most applications of one call that wait for a share of its budget."""
MAX_EVIDENCE = 20
Reason = Annotated[Text, msgspec.Meta(min_length=1)]


class ApplicationState(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    CORRECTING = "correcting"
    ACCEPTED = "accepted"
    AWARDED = "awarded"
    NOTICE = "notice"
    OBJECTED = "objected"
    CLEARED = "cleared"
    APPROVED = "approved"
    ORDERED = "ordered"
    PAID = "paid"
    RECOVERING = "recovering"
    CLAWED_BACK = "clawed_back"
    REFUSED = "refused"
    APPEALED = "appealed"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


OVER = (ApplicationState.ENDED, ApplicationState.WITHDRAWN)
"""It claims nothing and stands in nobody's way."""
SETTLED = (*OVER, ApplicationState.PAID, ApplicationState.CLAWED_BACK, ApplicationState.RECOVERING)
"""Nobody waits for a decision or for the sponsor's money."""


class Evidence(Part, frozen=True, kw_only=True):
    """A document on file, what it proves, and the figures in it."""

    kind: EvidenceKind
    document_sha256: Sha256Hex
    figures: Annotated[tuple[FactValue, ...], msgspec.Meta(max_length=11)] = ()


class Application(Record, frozen=True, kw_only=True):
    """A claim with its figures: which rule of which version of the programme, from which inputs.

    Units: `asked_minor` is what the rules come to, `awarded_minor` what is set aside of the call's budget,
    `clawback_minor` what is to come back, `repaid_minor` what has.
    """

    application_id: ApplicationId
    scheme_id: SchemeId
    call_id: SchemeCallId
    year: int
    programme: str
    version: int
    role: SchemeRole
    account_id: AccountId
    member_id: MemberId
    state: ApplicationState
    product_id: ProductId = ProductId(0)
    event_id: RewardEventId = RewardEventId(0)
    evidence: tuple[Evidence, ...] = ()
    asked_minor: Minor = Minor(0)
    awarded_minor: Minor = Minor(0)
    figures: tuple[FigureLine, ...] = ()
    submitted_sequence: int = 0
    accepted: bool = False
    points: int = 0
    decision_sha256: str = ""
    judged_by: UserId = UserId(0)
    objected_by: UserId = UserId(0)
    reason: str = ""
    notice_until_ns: TimeNs = TimeNs(0)
    appeal_until_ns: TimeNs = TimeNs(0)
    was_appealed: bool = False
    order_reference: str = ""
    voucher_sha256: str = ""
    paid_at_ns: TimeNs = TimeNs(0)
    trigger: str = ""
    clawback_sha256: str = ""
    repaid_voucher_sha256: str = ""
    clawback_minor: Minor = Minor(0)
    repaid_minor: Minor = Minor(0)
    issue_id: IssueId = IssueId(0)

    @property
    def occasion(self) -> tuple[ProductId, RewardEventId, IssueId]:
        """What it claims for: one of the three."""
        return self.product_id, self.event_id, self.issue_id

    @property
    def live(self) -> bool:
        """Whether a later decision may ask for it: a paid one counts under caps and against double claims."""
        return self.state not in OVER

    @property
    def counts_minor(self) -> int:
        """What it counts under a cap. Units: minor."""
        return (self.awarded_minor or self.asked_minor) if self.state is not ApplicationState.DRAFT else 0


class OpenApplication(Command, frozen=True, kw_only=True, tag="application.open"):
    """Begin a claim in the role one had in a closed issue or in an event on record.

    A closed issue is a deal's (`issue_id`) or a product of one class (`product_id`); name one of the three.

    Refused: account.unknown, account.not_yours, scheme_call.unknown, scheme_call.state, application.no_event,
    application.not_entitled, application.window, reward.double_claim.
    """

    call_id: SchemeCallId
    account_id: AccountId
    role: SchemeRole
    product_id: ProductId | None = None
    event_id: RewardEventId | None = None
    issue_id: IssueId | None = None


class ApplicationChanged(Event, frozen=True, kw_only=True, tag="application.changed"):
    """An application went a step on, by the command named; the call shows what of its budget is left."""

    application: Application
    call: SchemeCall
    step: str


class SubmitApplication(Command, frozen=True, kw_only=True, tag="application.submit"):
    """Hand in the evidence; what the rules come to is worked out, and first come sets it aside.

    `asked_minor` is for a programme whose amount an authority decides, and for no other.
    Refused: application.unknown, account.not_yours, application.state, scheme_call.state, application.window,
    reward.double_claim, document.unknown, application.evidence, reward.budget.
    """

    application_id: ApplicationId
    evidence: Annotated[tuple[Evidence, ...], msgspec.Meta(max_length=MAX_EVIDENCE)]
    asked_minor: PositiveMinor | None = None


class CorrectApplication(Command, frozen=True, kw_only=True, tag="application.correct"):
    """Hand in again what a reviewer sent back; it keeps its place.

    Refused: application.unknown, account.not_yours, application.state, reward.double_claim, document.unknown,
    application.evidence, reward.budget.
    """

    application_id: ApplicationId
    evidence: Annotated[tuple[Evidence, ...], msgspec.Meta(max_length=MAX_EVIDENCE)]
    asked_minor: PositiveMinor | None = None


class WithdrawApplication(Command, frozen=True, kw_only=True, tag="application.withdraw"):
    """Give a claim up before it is approved.

    Refused: application.unknown, account.not_yours, application.state.
    """

    application_id: ApplicationId


class ReviewVerdict(StrEnum):
    """What a reviewer finds."""

    ACCEPT = "accept"
    SEND_BACK = "send_back"
    REFUSE = "refuse"


class ReviewApplication(Command, frozen=True, kw_only=True, tag="application.review"):
    """Accept a claim, send it back for correction, or refuse it.

    Where an authority decides the amount, an acceptance carries it with its document; where claims are ranked, points.
    Refused: application.unknown, application.state, application.decision, document.unknown.
    """

    application_id: ApplicationId
    verdict: ReviewVerdict
    reason: Reason
    decided_minor: PositiveMinor | None = None
    decision_sha256: Sha256Hex | None = None
    points: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0


class PubliciseApplication(Command, frozen=True, kw_only=True, tag="application.publicise"):
    """Show an award for the programme's days of notice.

    Refused: application.unknown, application.state.
    """

    application_id: ApplicationId


class ObjectToApplication(Command, frozen=True, kw_only=True, tag="application.object"):
    """Object to an award that is shown; its clock stands.

    Refused: application.unknown, application.state, application.decision (one's own).
    """

    application_id: ApplicationId
    reason: Reason


class AppealApplication(Command, frozen=True, kw_only=True, tag="application.appeal"):
    """Appeal against a refusal, once and in time.

    Refused: application.unknown, account.not_yours, application.state.
    """

    application_id: ApplicationId
    reason: Reason


class ResolveApplication(Command, frozen=True, kw_only=True, tag="application.resolve"):
    """Decide an objection or an appeal, by somebody else than who raised or refused it.

    An objection upheld refuses the claim, dismissed shows it for the whole notice again; an appeal upheld puts it back
    where it was refused.
    Refused: application.unknown, application.state, approval.same_person.
    """

    application_id: ApplicationId
    upheld: bool
    reason: Reason


class DecideApplication(Command, frozen=True, kw_only=True, tag="application.decide"):
    """Approve or refuse an award after its notice. Needs two operators.

    Refused: application.unknown, application.state.
    """

    application_id: ApplicationId
    approved: bool
    reason: Reason


class PayApplication(Command, frozen=True, kw_only=True, tag="application.pay"):
    """Pay an approved award out of the sponsor's held budget, or order its payment outside. Needs two operators.

    `order_reference` names the order, of a scheme that pays by order and of no other.
    Refused: application.unknown, application.state, application.decision.
    """

    application_id: ApplicationId
    order_reference: Code | None = None


class ApplicationPaid(Event, frozen=True, kw_only=True, tag="application.paid"):
    """The award is paid, or confirmed as paid outside."""

    application: Application
    scheme: Scheme
    movement: Movement


class ConfirmVoucher(Command, frozen=True, kw_only=True, tag="application.confirm_voucher"):
    """Confirm by its voucher that a payment, or a repayment, was made outside.

    Refused: application.unknown, application.state, application.decision (paid through the ledger, or a voucher that
    confirmed another payment), document.unknown.
    """

    application_id: ApplicationId
    voucher_sha256: Sha256Hex


class ClawBackApplication(Command, frozen=True, kw_only=True, tag="application.clawback"):
    """Take back what the programme's schedule says, with two operators, at once as far as the account has it free.

    Refused: application.unknown, application.state, document.unknown, application.decision (nothing to take back).
    """

    application_id: ApplicationId
    trigger: ClawbackTrigger
    document_sha256: Sha256Hex


class ApplicationRecovered(Event, frozen=True, kw_only=True, tag="application.recovered"):
    """What was to come back, and how much of it has."""

    application: Application
    movement: Movement


class RepayApplication(Command, frozen=True, kw_only=True, tag="application.repay"):
    """Pay back what a clawback left open.

    Refused: application.unknown, account.not_yours, application.state, application.decision (more than is owed, or
    it is repaid outside), hold.insufficient_available.
    """

    application_id: ApplicationId
    amount_minor: PositiveMinor


class SchemeCallAwarded(Event, frozen=True, kw_only=True, tag="scheme_call.awarded"):
    """The call's budget is shared out; who got nothing of it is through."""

    call: SchemeCall
    applications: tuple[Application, ...]
