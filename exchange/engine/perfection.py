"""A sale perfected against the debtors: they are told to pay the issuer, and the back-up takes the servicer's place."""

from __future__ import annotations

from exchange.core.ids import AccountId
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.units import TimeNs
from exchange.engine.deal_checks import party
from exchange.engine.documents import refuse_documents
from exchange.engine.servicing import (
    deal_of,
    duties_of,
    end_duty,
    open_duty,
    parties_of,
    put_servicing,
    refuse_servicing,
)
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from securitization.deal_triggers import Status
from securitization.issue_messages import Issue
from securitization.messages import Claim
from securitization.pool_records import Pool, PoolAsset
from securitization.servicing_messages import DebtorsTold, PerfectSale, SalePerfected
from securitization.servicing_records import Duty, DutyKind, DutyState, Servicing

GRAVE = (Status.EARLY_AMORTISATION, Status.EVENT_OF_DEFAULT)


def perfect_sale(state: ExchangeState, header: Header, command: PerfectSale) -> list[Event]:
    """Tell the debtors, and hand what the servicer still has to do to the back-up."""
    servicing = refuse_servicing(state, header, command.servicing_id, "trustee")
    if isinstance(servicing, Rejected):
        return [servicing]
    if servicing.perfected_at_ns:
        return [Rejected(code=RejectCode.SERVICING_STATE, detail="the debtors were told")]
    if servicing.deposited_minor or servicing.payment_id or servicing.paying:
        return [Rejected(code=RejectCode.SERVICING_STATE, detail="the period's money is handed in: it is paid first")]
    late = any(duty.state is DutyState.LATE for duty in duties_of(state, servicing, DutyKind.COLLECTION))
    if servicing.running.status not in GRAVE and not late:
        return [Rejected(code=RejectCode.SERVICING_NOT_TRIGGERED, detail=servicing.running.status)]
    trustee = party(state, servicing.trustee_account_id).member_id
    if (refusal := refuse_documents(state, trustee, (command.document_sha256,))) is not None:
        return [refusal]

    state.change()
    before = servicing.servicer_account_id
    changed = put_servicing(
        state,
        servicing,
        servicer_account_id=servicing.backup_account_id or before,
        backup_account_id=AccountId(0),
        perfected_at_ns=TimeNs(header.at_ns),
        perfection_sha256=command.document_sha256,
    )
    duties, events = _hand_on(state, header, changed, before)
    movement = move_and_tell(state, header, (*parties_of(changed), before))
    told = move_and_tell(state, header, _debtors(state, changed))
    perfected = SalePerfected(servicing=changed, replaced_account_id=before, duties=duties, movement=movement)
    issuer_account_id = _issuer_of(state, changed)
    return [
        perfected,
        DebtorsTold(issuer_account_id=issuer_account_id, document_sha256=command.document_sha256, movement=told),
        *events,
    ]


def _hand_on(
    state: ExchangeState, header: Header, servicing: Servicing, before: AccountId
) -> tuple[tuple[Duty, ...], list[Event]]:
    """What the servicer had to do is the new one's, each with a day at least."""
    after, deal = servicing.servicer_account_id, deal_of(servicing)
    duties: list[Duty] = []
    events: list[Event] = []
    served = (kind for kind in DutyKind if kind is not DutyKind.DISCLOSURE)  # the issuer's, also where it serves
    mine = [duty for duty in duties_of(state, servicing, *served) if duty.account_id == before]
    for duty in mine if after != before else []:
        dropped, told = end_duty(state, duty, DutyState.DROPPED)
        opened, timed = open_duty(state, header, servicing, deal, duty.kind, after, duty.subject)
        duties += [dropped, opened]
        events += [*told, timed]
    return tuple(duties), events


def _debtors(state: ExchangeState, servicing: Servicing) -> list[AccountId]:
    """The accounts of the debtors who are members; the others get the paper."""
    pool = state.table(Pool).get(servicing.pool_id)
    if pool is not None:
        owed = [state.table(PoolAsset)[each].debtor_account_id for each in pool.assets]
    else:
        owed = [state.table(Claim)[each].debtor_account_id for each in state.table(Issue)[servicing.issue_id].claims]
    return [account_id for account_id in dict.fromkeys(owed) if account_id]


def _issuer_of(state: ExchangeState, servicing: Servicing) -> AccountId:
    issuer = next(each for each in state.table(Issue)[servicing.issue_id].parties if each.role == "issuer")
    return issuer.account_id
