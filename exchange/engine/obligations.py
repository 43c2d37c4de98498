"""What contracts promised for later: put on record when the right passes, reported, paid, marked late, ended.

Money goes from debtor to creditor in one transfer with the fees of both. A fee is charged on everything paid under the
deal so far less what was charged before, as for an order that trades in parts.
"""

from __future__ import annotations

import msgspec

from custody.accounts import Bank
from custody.ledger import Leg
from exchange.core.ids import AccountId, LicenceId, ObligationId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import Role, UserRight
from exchange.core.postings import Movement
from exchange.core.rejections import InvariantBroken, RejectCode, ensure
from exchange.core.units import NS_PER_DAY, Minor, TimeNs
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.deal_checks import deal_fees, party, refuse_frozen_assets, refuse_stopped
from exchange.engine.documents import refuse_documents
from exchange.engine.order_terms import MAX_ORDER_MINOR
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.rulebook.profile import Method
from matching.consideration import YEAR_DAYS, Items, royalty_minor
from matching.deals import Deal
from matching.messages import Market
from matching.obligations import (
    NO_LICENCE,
    ConfirmDelivery,
    Obligation,
    ObligationDelivered,
    ObligationFellLate,
    ObligationKind,
    ObligationLapsed,
    ObligationPaid,
    ObligationReleased,
    ObligationReported,
    ObligationsMade,
    ObligationState,
    PaymentPlan,
    PayObligation,
    ReleaseObligation,
    ReportObligation,
)

# --- The beginning ----------------------------------------------------------------------------------------------------


def make_obligations(
    state: ExchangeState, header: Header, deal: Deal, method: Method, licence_id: LicenceId = NO_LICENCE
) -> list[Event]:
    """Put on record what a completed deal promised for later. Call after the line, when the right has passed.

    With `licence_id` the contract is that licence, and its number stands where a deal's does.
    """
    if deal.items is None:
        return []
    drafts = _drafts(state, header, deal, deal.items)
    obligations = tuple(
        msgspec.structs.replace(
            draft, obligation_id=ObligationId(make_id(header.sequence, place)), licence_id=licence_id
        )
        for place, draft in enumerate(drafts)
    )
    plan = PaymentPlan(
        deal_id=deal.deal_id,
        market_id=deal.market_id,
        debtor_account_id=deal.buyer_account_id,
        creditor_account_id=deal.seller_account_id,
        method=method.value,
        fee_version=deal.fee_version,
        paid_minor=deal.price_minor,
        open=len(obligations),
        licence_id=licence_id,
    )
    state.put(plan)
    for obligation in obligations:
        state.put(obligation)
    dated = [_set_date(state, header, obligation) for obligation in obligations]
    return [ObligationsMade(plan=plan, obligations=obligations), *dated]


def _drafts(state: ExchangeState, header: Header, deal: Deal, items: Items) -> list[Obligation]:
    """The obligations of these items, their numbers still open, in the items' order."""
    now_ns = header.at_ns
    found = [
        _draft(
            state,
            deal,
            ObligationKind.INSTALMENT,
            place,
            amount_minor=one.amount_minor,
            opens_at_ns=now_ns,
            due_at_ns=_later_ns(now_ns, one.due_days),
        )
        for place, one in enumerate(items.instalments, 1)
    ]
    found += [
        _draft(
            state,
            deal,
            ObligationKind.MILESTONE,
            place,
            state=ObligationState.EXPECTED,
            subject=f"{milestone.code}: {milestone.condition}",
            minimum_minor=milestone.amount_minor,
            due_days=milestone.due_days,
            opens_at_ns=now_ns,
            due_at_ns=_later_ns(now_ns, milestone.within_days),
        )
        for place, milestone in enumerate(items.milestones, 1)
    ]
    if (royalty := items.royalty) is not None:
        found += [
            _draft(
                state,
                deal,
                ObligationKind.ROYALTY,
                year,
                state=ObligationState.EXPECTED,
                subject=royalty.base,
                rate_ppm=royalty.rate_ppm,
                minimum_minor=royalty.minimum_minor,
                amount_minor=royalty.minimum_minor,
                due_days=royalty.due_days,
                opens_at_ns=_later_ns(now_ns, year * YEAR_DAYS),
                due_at_ns=_later_ns(now_ns, year * YEAR_DAYS + royalty.due_days),
            )
            for year in range(1, royalty.years + 1)
        ]
    if (equity := items.equity) is not None:
        terms = {"subject": equity.company, "rate_ppm": equity.share_ppm, "opens_at_ns": now_ns}
        due_ns = _later_ns(now_ns, equity.due_days)
        found.append(_draft(state, deal, ObligationKind.EQUITY, 1, due_at_ns=due_ns, **terms))
    return found


def _draft(state: ExchangeState, deal: Deal, kind: ObligationKind, place: int, /, **terms: object) -> Obligation:
    plain = Obligation(
        obligation_id=ObligationId(0),
        deal_id=deal.deal_id,
        market_id=deal.market_id,
        asset_id=deal.asset_id,
        money_asset_id=state.table(Market)[deal.market_id].money_asset_id,
        debtor_account_id=deal.buyer_account_id,
        creditor_account_id=deal.seller_account_id,
        kind=kind,
        place=place,
        state=ObligationState.OWED,
        subject="",
        rate_ppm=0,
        minimum_minor=Minor(0),
        due_days=0,
        amount_minor=Minor(0),
        opens_at_ns=TimeNs(0),
        due_at_ns=TimeNs(0),
    )
    return msgspec.structs.replace(plain, **terms)


def _later_ns(at_ns: int, days: int) -> TimeNs:
    """Elapsed days, no calendar."""
    return TimeNs(at_ns + days * NS_PER_DAY)


# --- What parties do about it -----------------------------------------------------------------------------------------


def pay_obligation(state: ExchangeState, header: Header, command: PayObligation) -> list[Event]:
    """Money from the debtor to the creditor, and the fees of both."""
    obligation = state.table(Obligation).get(command.obligation_id)
    if obligation is None:
        return [Rejected(code=RejectCode.OBLIGATION_UNKNOWN)]
    plan = state.table(PaymentPlan)[obligation.deal_id]
    buyer_fee, seller_fee = _fees(state, plan, command.amount_minor)
    cost = command.amount_minor + buyer_fee
    if (refusal := _refuse_party(state, header, obligation.debtor_account_id, cost)) is not None:
        return [refusal]
    if (refusal := refuse_stopped(state, obligation.creditor_account_id)) is not None:
        return [refusal]
    if command.amount_minor > obligation.outstanding_minor:
        return [_invalid(f"outstanding_minor={obligation.outstanding_minor}")]
    if (refusal := refuse_frozen_assets(state, obligation.money_asset_id)) is not None:
        return [refusal]
    if cost > state.ledger.available(obligation.debtor_account_id, obligation.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE, detail=f"cost_minor={cost}")]

    state.change()
    paid = msgspec.structs.replace(obligation, paid_minor=Minor(obligation.paid_minor + command.amount_minor))
    over = paid.state is ObligationState.OWED and not paid.outstanding_minor
    changed, plan, dropped = _keep(state, header, paid, ObligationState.PAID if over else paid.state)
    plan = msgspec.structs.replace(plan, paid_minor=Minor(plan.paid_minor + command.amount_minor))
    state.put(plan)
    money_id = obligation.money_asset_id
    bank = state.table(Bank)[state.assets[money_id].bank_id]
    legs: list[Leg] = [
        (obligation.debtor_account_id, money_id, -cost),
        (obligation.creditor_account_id, money_id, command.amount_minor - seller_fee),
        (bank.fees_due_id, money_id, buyer_fee + seller_fee),
    ]
    movement = _tell(state, header, obligation, legs)
    told = ObligationPaid(obligation=changed, plan=plan, amount_minor=command.amount_minor, movement=movement)
    return [told, *dropped]


def report_obligation(state: ExchangeState, header: Header, command: ReportObligation) -> list[Event]:
    """A milestone was reached, or a year's base is known: now it is known what is owed."""
    obligation = state.table(Obligation).get(command.obligation_id)
    if obligation is None:
        return [Rejected(code=RejectCode.OBLIGATION_UNKNOWN)]
    operator = Role.OPERATOR in state.users[header.principal].roles
    debtor_id = obligation.debtor_account_id
    if not operator and (refusal := _refuse_party(state, header, debtor_id)) is not None:
        return [refusal]
    if obligation.state is not ObligationState.EXPECTED:
        return [Rejected(code=RejectCode.OBLIGATION_STATE, detail=obligation.state)]
    if header.at_ns < obligation.opens_at_ns:
        return [_invalid(f"the year ends at {obligation.opens_at_ns}")]
    reached = obligation.kind is ObligationKind.MILESTONE
    if reached and command.base_minor:
        return [_invalid("a milestone has no base")]
    filer = party(state, debtor_id).member_id
    if (refusal := refuse_documents(state, filer, (command.evidence_sha256,))) is not None:
        return [refusal]
    amount = royalty_minor(command.base_minor, obligation.rate_ppm, obligation.minimum_minor)
    if amount > MAX_ORDER_MINOR:
        return [Rejected(code=RejectCode.LIMIT_EXCEEDED, detail=f"max_minor={MAX_ORDER_MINOR}")]

    state.change()
    known = msgspec.structs.replace(
        obligation,
        amount_minor=Minor(amount),
        base_minor=command.base_minor,
        due_at_ns=_later_ns(header.at_ns, obligation.due_days) if reached else obligation.due_at_ns,
        reported_by=header.principal,
        evidence_sha256=command.evidence_sha256,
    )
    to = ObligationState.OWED if known.outstanding_minor else ObligationState.PAID
    changed, plan, dropped = _keep(state, header, known, to)
    told = ObligationReported(obligation=changed, plan=plan, movement=_tell(state, header, changed))
    if not (reached and changed.live):
        return [told, *dropped]
    old = timers.drop_timers(state, TimerKind.OBLIGATION_DUE, changed.obligation_id)
    return [told, *old, _set_date(state, header, changed)]


def confirm_delivery(state: ExchangeState, header: Header, command: ConfirmDelivery) -> list[Event]:
    """The creditor has its equity."""
    obligation = _own(state, header, command.obligation_id)
    if isinstance(obligation, Rejected):
        return [obligation]
    if obligation.kind is not ObligationKind.EQUITY:
        return [_invalid("what is owed in money is paid")]
    filer = party(state, obligation.creditor_account_id).member_id
    if (refusal := refuse_documents(state, filer, (command.evidence_sha256,))) is not None:
        return [refusal]

    state.change()
    signed = msgspec.structs.replace(obligation, reported_by=header.principal, evidence_sha256=command.evidence_sha256)
    changed, plan, dropped = _keep(state, header, signed, ObligationState.DELIVERED)
    told = ObligationDelivered(obligation=changed, plan=plan, movement=_tell(state, header, changed))
    return [told, *dropped]


def release_obligation(state: ExchangeState, header: Header, command: ReleaseObligation) -> list[Event]:
    """The creditor asks for no more of it."""
    obligation = _own(state, header, command.obligation_id)
    if isinstance(obligation, Rejected):
        return [obligation]

    state.change()
    freed = msgspec.structs.replace(obligation, reason=command.reason)
    changed, plan, dropped = _keep(state, header, freed, ObligationState.RELEASED)
    told = ObligationReleased(obligation=changed, plan=plan, movement=_tell(state, header, changed))
    return [told, *dropped]


# --- Time -------------------------------------------------------------------------------------------------------------


def _due(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """A date has passed: a milestone that was not reached lapses, everything else is late."""
    obligation = state.table(Obligation)[ObligationId(timer.subject_id)]
    ensure(not obligation.late, "an obligation falls late once")
    if obligation.kind is ObligationKind.MILESTONE and obligation.state is ObligationState.EXPECTED:
        changed, plan, _ = _keep(state, header, obligation, ObligationState.LAPSED)
        return [ObligationLapsed(obligation=changed, plan=plan, movement=_tell(state, header, changed))]
    late = msgspec.structs.replace(obligation, late=True)
    state.put(late)
    return [ObligationFellLate(obligation=late, movement=_tell(state, header, late))]


timers.FIRINGS[TimerKind.OBLIGATION_DUE] = _due


# --- Inside -----------------------------------------------------------------------------------------------------------


def _fees(state: ExchangeState, plan: PaymentPlan, amount_minor: int) -> tuple[int, int]:
    """What this payment adds to the fees of buyer and seller. Units: minor; the seller's never exceeds the amount."""
    market, method = state.table(Market)[plan.market_id], Method(plan.method)
    before = deal_fees(state, market, plan.fee_version, plan.paid_minor, method)
    after = deal_fees(state, market, plan.fee_version, plan.paid_minor + amount_minor, method)
    if before is None or after is None:
        raise InvariantBroken("a contract was made under a schedule that prices it")
    return after[0] - before[0], after[1] - before[1]


def _refuse_party(state: ExchangeState, header: Header, account_id: AccountId, value_minor: int = 0) -> Rejected | None:
    """Whether the principal may not act for this side.

    Refused: obligation.not_party, mandate.invalid, account.frozen, member.frozen.
    """
    refusal = refuse_account(state, header, account_id, UserRight.TRADE, value_minor=value_minor)
    if refusal is not None and refusal.code is RejectCode.ACCOUNT_NOT_YOURS:
        return Rejected(code=RejectCode.OBLIGATION_NOT_PARTY)
    return refusal


def _own(state: ExchangeState, header: Header, obligation_id: ObligationId) -> Obligation | Rejected:
    """The obligation, if the principal may act for its creditor."""
    obligation = state.table(Obligation).get(obligation_id)
    if obligation is None:
        return Rejected(code=RejectCode.OBLIGATION_UNKNOWN)
    return _refuse_party(state, header, obligation.creditor_account_id) or obligation


def _invalid(detail: str) -> Rejected:
    return Rejected(code=RejectCode.OBLIGATION_INVALID, detail=detail)


def _keep(
    state: ExchangeState, header: Header, obligation: Obligation, to: ObligationState
) -> tuple[Obligation, PaymentPlan, list[Event]]:
    """Keep an obligation in a state; with an end its date goes, and its plan has one less to wait for."""
    changed = msgspec.structs.replace(obligation, state=to)
    plan = state.table(PaymentPlan)[obligation.deal_id]
    if changed.live:
        state.put(changed)
        return changed, plan, []
    changed = msgspec.structs.replace(changed, closed_at_ns=header.at_ns)
    state.put(changed)
    plan = msgspec.structs.replace(plan, open=plan.open - 1)
    state.put(plan)
    return changed, plan, timers.drop_timers(state, TimerKind.OBLIGATION_DUE, obligation.obligation_id)


def _set_date(state: ExchangeState, header: Header, obligation: Obligation) -> Event:
    due_ns, obligation_id = obligation.due_at_ns, obligation.obligation_id
    return timers.set_timer(state, header, TimerKind.OBLIGATION_DUE, due_ns, obligation_id)


def _tell(state: ExchangeState, header: Header, obligation: Obligation, legs: list[Leg] | None = None) -> Movement:
    """A transfer, or none, of which both parties are told."""
    both = (obligation.debtor_account_id, obligation.creditor_account_id)
    return move_and_tell(state, header, both, legs or ())
