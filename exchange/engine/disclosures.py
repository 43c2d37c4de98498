"""The report of a payment on record: who has to publish it, by when, and the hash of what was published."""

from __future__ import annotations

import msgspec

from exchange.core.ids import AccountId
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.engine.incomes import not_party
from exchange.engine.servicing import end_duty
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from securitization.issue_messages import Issue, IssueRole
from securitization.servicing_messages import PublishReport, ReportPublished
from securitization.servicing_records import Duty, DutyKind, DutyState, Servicing


def publisher_of(state: ExchangeState, servicing: Servicing) -> AccountId:
    """Whose the reports are: the issuer of the notes; of a deal that was served without an issue, its trustee."""
    issue = state.table(Issue).get(servicing.issue_id)
    issuer = issue.party(IssueRole.ISSUER) if issue is not None else None
    return issuer.account_id if issuer is not None else servicing.trustee_account_id


def publish_report(state: ExchangeState, header: Header, command: PublishReport) -> list[Event]:
    """The issuer says which report it published; the deal may be over."""
    about = (DutyKind.DISCLOSURE, command.servicing_id, command.period)
    duties = state.table(Duty).values()
    duty = next((one for one in duties if (one.kind, one.servicing_id, one.period) == about), None)
    if duty is None:
        return [Rejected(code=RejectCode.REPORT_NOT_DUE)]
    if not_party(state, header, duty.account_id, UserRight.TRADE):
        return [Rejected(code=RejectCode.SERVICING_NOT_PARTY)]

    state.change()
    published = msgspec.structs.replace(duty, report_sha256=command.report_sha256)
    done, events = end_duty(state, published, DutyState.DONE)
    return [ReportPublished(duty=done, movement=move_and_tell(state, header, (done.account_id,))), *events]
