"""The node's own commands: it starts, time passes, a connection is lost, long work goes on. The node alone sends them.

Long work is a *run*: `run.started` freezes what it will do (a plan and its hash), then the node submits
`run.continue` until it is done; runs live in the state, so a restart goes on by itself.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import NODE, ApprovalId, ConnectionId, MemberId, RunId, UserId
from exchange.core.messages import Command, Event, Record
from exchange.core.units import Count, Epoch, Text, TimeNs

Chance = Annotated[bytes, msgspec.Meta(max_length=32)]


class StartNode(Command, frozen=True, kw_only=True, tag="node.start"):
    """The first command of an epoch; cancel-on-disconnect orders of earlier epochs end, as a run."""


class NodeStarted(Event, frozen=True, kw_only=True, tag="node.started"):
    """A node took the lock and loaded the state."""

    epoch: Epoch


class AdvanceClock(Command, frozen=True, kw_only=True, tag="clock.advance"):
    """Time has come: fire the timers that are due, at most a batch of them.

    `chance` are 32 random bytes, the only ones that enter the exchange's decisions: of them come the seeds that end
    calls at random. Without any, calls end on the dot.
    """

    chance: Chance = b""


class ClockAdvanced(Event, frozen=True, kw_only=True, tag="clock.advanced"):
    """Timers up to `at_ns` were fired; each one's consequences are the events that follow."""

    at_ns: TimeNs


class LoseConnection(Command, frozen=True, kw_only=True, tag="connection.lose"):
    """A login's connection ended; its cancel-on-disconnect orders are withdrawn, as a run."""

    connection_id: ConnectionId


class ConnectionLost(Event, frozen=True, kw_only=True, tag="connection.lost"):
    """The connection's orders that asked for it will be withdrawn."""

    connection_id: ConnectionId


class TimerKind(StrEnum):
    """What a timer does when it fires."""

    DEAL_PUBLICITY_ENDS = "deal.publicity_ends"
    DEAL_LONG_STOP = "deal.long_stop"
    PILOT_NOTICE_ENDS = "pilot.notice_ends"
    PILOT_LONG_STOP = "pilot.long_stop"
    PILOT_REPORT_DUE = "pilot.report_due"
    USE_RIGHT_ENDS = "use_right.ends"
    KEPT_SHARE_NOTICE_ENDS = "kept_share.notice_ends"
    KEPT_SHARE_LONG_STOP = "kept_share.long_stop"
    APPLICATION_NOTICE_ENDS = "application.notice_ends"
    APPLICATION_APPEAL_ENDS = "application.appeal_ends"
    APPROVAL_EXPIRES = "approval.expires"
    SALE_STARTS = "sale.starts"
    SALE_ENDS = "sale.ends"
    SALE_REVEAL_ENDS = "sale.reveal_ends"
    LOT_CLOCK = "lot.clock"
    LOT_DUE = "lot.due"
    TENDER_SCORING_ENDS = "tender.scoring_ends"
    QUOTE_REQUEST_CLOSES = "quote.request_closes"
    QUOTE_EXPIRES = "quote.expires"
    QUOTE_DUE = "quote.due"
    OBLIGATION_DUE = "obligation.due"
    LICENCE_PUBLICITY_ENDS = "licence.publicity_ends"
    LICENCE_RECORDAL_DUE = "licence.recordal_due"
    LICENCE_EXPIRES = "licence.expires"
    OPEN_LICENCE_ENDS = "open_licence.ends"
    PRICE_OFFER_ENDS = "price_offer.ends"
    PRICE_OFFER_DUE = "price_offer.due"
    ANNOUNCEMENT_READ = "announcement.read"
    ORDER_EXPIRES = "order.expires"
    PHASE_DUE = "phase.due"
    CALL_ENDS = "call.ends"
    HALT_ENDS = "halt.ends"
    ALLOCATION_DAY_ENDS = "allocation.day_ends"
    PRESERVATION_HOLDS = "preservation.holds"
    DEAL_PRE_EMPTION_ENDS = "deal.pre_emption_ends"
    RECORD_DATE_ENDS = "distribution.record_date_ends"
    COMPANY_LONG_STOP = "company.long_stop"
    EQUITY_NOTICE_ENDS = "equity.notice_ends"
    EQUITY_LONG_STOP = "equity.long_stop"
    POOL_RIGHT_EXPIRES = "pool.right_expires"
    OFFERING_ENDS = "offering.ends"
    OFFERING_LAPSES = "offering.lapses"
    CLASS_RECORD_ENDS = "servicing.record_date_ends"
    DUTY_DUE = "servicing.duty_due"


class Timer(Record, frozen=True, kw_only=True):
    """Something due at a moment, about one subject. `timer_id` is the id of what set it, plus the kind's place."""

    timer_id: int
    due_ns: TimeNs
    kind: TimerKind
    subject_id: int


class TimerSet(Event, frozen=True, kw_only=True, tag="timer.set"):
    """A timer will fire at its due time."""

    timer: Timer


class TimerDropped(Event, frozen=True, kw_only=True, tag="timer.dropped"):
    """A timer fired, or is no longer wanted."""

    timer_id: int


class RunKind(StrEnum):
    """What a run does, chunk by chunk."""

    CANCEL_ORDERS = "cancel_orders"
    PAY_PRODUCT = "pay_product"
    CONTINUE_BOOK = "continue_book"
    UNCROSS = "uncross"
    PLAN_DISTRIBUTION = "plan_distribution"
    PAY_DISTRIBUTION = "pay_distribution"
    ALLOT_NOTES = "allot_notes"
    REFUND_BIDS = "refund_bids"
    PAY_CLASS = "pay_class"


class Run(Record, frozen=True, kw_only=True):
    """Long work in bounded steps.

    `plan` is the frozen list of things to do (order ids, payees), its SHA-256 `plan_hash`; `position` is how many of
    them are done. `argument` says what applies to all of them (a cancel reason, a product id).
    """

    run_id: RunId
    kind: RunKind
    argument: str
    subject_id: int
    plan: bytes
    plan_hash: bytes
    total: int
    position: int = 0

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.position >= self.total


class RunStarted(Event, frozen=True, kw_only=True, tag="run.started"):
    """Long work was planned; the plan no longer changes."""

    run: Run


class ContinueRun(Command, frozen=True, kw_only=True, tag="run.continue"):
    """Do the run's next chunk, from the given position.

    Refused: run.unknown, run.stale.
    """

    run_id: RunId
    from_position: Count


class RunContinued(Event, frozen=True, kw_only=True, tag="run.continued"):
    """A chunk is done; its effects are the events of the same command."""

    run_id: RunId
    position: int
    total: int


class Approval(Record, frozen=True, kw_only=True):
    """A command that waits for a second pair of eyes: what was approved is exactly what is applied.

    `command` holds its journal bytes; `maker_id` sent it, somebody else must grant it: an operator, or where a
    `needed_right` is named a user of that member who has it. `decided_by` granted or denied it; the node, if its time
    ran out.
    """

    approval_id: ApprovalId
    maker_id: UserId
    command_name: str
    command: bytes
    expires_at_ns: TimeNs
    status: str = "open"
    member_id: MemberId = MemberId(0)
    needed_right: str = ""
    decided_by: UserId = NODE


class ApprovalRequested(Event, frozen=True, kw_only=True, tag="approval.requested"):
    """The command is kept and waits for its second signature."""

    approval: Approval


class GrantApproval(Command, frozen=True, kw_only=True, tag="approval.grant"):
    """Sign, as a second person, exactly the command that waits; it is applied at once.

    Refused: approval.unknown, approval.expired, approval.same_person, role.not_allowed, account.not_yours,
    user.suspended (who asked), and whatever refuses the command itself now.
    """

    approval_id: ApprovalId


class DenyApproval(Command, frozen=True, kw_only=True, tag="approval.deny"):
    """Send the waiting command back, with a reason.

    Refused: approval.unknown, role.not_allowed, account.not_yours.
    """

    approval_id: ApprovalId
    reason: Text = ""


class ApprovalEnded(Event, frozen=True, kw_only=True, tag="approval.ended"):
    """The waiting command was granted, denied, or its time ran out (`status`)."""

    approval: Approval
    reason: str = ""
