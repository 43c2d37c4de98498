"""A distribution up to its approval: proposed, its holders of record fixed, its plan worked out page by page, approved.

The holders are fixed at the end of the very command in which the record date ends (`take_records`, which `apply` calls
last), so that they are those of one sequence, exactly, and trading goes on from the next command.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import msgspec

from custody.accounts import AccountKind
from custody.distribution import Deducted, Line, PotRole, chained_hash, part_at
from custody.distribution_messages import (
    MAX_LINES,
    ApproveDistribution,
    Distribution,
    DistributionApproved,
    DistributionPagePlanned,
    DistributionPlanned,
    DistributionProposed,
    DistributionState,
    DistributionWithdrawn,
    HoldersRecorded,
    Income,
    IncomeState,
    PlanPage,
    ProposeDistribution,
    TreatyRate,
    WithdrawDistribution,
)
from exchange.core.calendar import start_of_day_ns
from exchange.core.ids import AccountId, AssetId, DistributionId, PlanPageId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Run, RunKind, Timer, TimerKind
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import Minor, TimeNs
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.deal_checks import party, refuse_stopped
from exchange.engine.distribution_plan import Law, Plan, law_for, payee_line, plan_for, withholding_of
from exchange.engine.documents import refuse_documents
from exchange.engine.incomes import not_party, put_income
from exchange.engine.record_dates import Holdings, holdings
from exchange.engine.runs import Progress, start_run
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.engine.telling import move_and_tell

Suspension = Callable[[ExchangeState, AssetId], str]
SUSPENSIONS: list[Suspension] = []
"""Each answers why an asset's issue is suspended now, or nothing; a workflow adds itself at import."""

CLIENT = AccountKind.CLIENT
"""A module's own name: it is asked for every holder."""
EMPTY_HASH = "0" * 64


def refuse_suspended(state: ExchangeState, asset_id: AssetId) -> Rejected | None:
    """Whether nothing may be distributed on this asset now; a whole outcome without shares is no issue.

    Refused: distribution.suspended.
    """
    for suspension in SUSPENSIONS if asset_id else ():
        if reason := suspension(state, asset_id):
            return Rejected(code=RejectCode.DISTRIBUTION_SUSPENDED, detail=reason)
    return None


# --- Proposal ---------------------------------------------------------------------------------------------------------


def propose_distribution(state: ExchangeState, header: Header, command: ProposeDistribution) -> list[Event]:
    """Fix the pots and every line but the holders'; those wait for the record date, or follow at once."""
    income = state.table(Income).get(command.income_id)
    if income is None:
        return [Rejected(code=RejectCode.INCOME_UNKNOWN)]
    if (refusal := _refuse_owner(state, header, income.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    if income.state is not IncomeState.RECORDED:
        return [Rejected(code=RejectCode.INCOME_STATE, detail=income.state)]
    law = law_for(state, header, income.account_id, command.jurisdiction)
    if isinstance(law, Rejected):
        return [law]
    plan = plan_for(state, income, command, law)
    if isinstance(plan, Rejected):
        return [plan]
    if (refusal := refuse_suspended(state, plan.share_asset_id or income.asset_id)) is not None:
        return [refusal]
    record_at_ns = _record_at_ns(header, command, plan)
    if isinstance(record_at_ns, Rejected):
        return [record_at_ns]
    owner = party(state, income.account_id)
    if (refusal := refuse_documents(state, owner.member_id, plan.documents)) is not None:
        return [refusal]

    state.change()
    distribution = _draft(header, income, command, law, plan)
    if plan.share_asset_id:
        awaited = DistributionState.AWAITING_RECORD if record_at_ns else DistributionState.PLANNING
        distribution = msgspec.structs.replace(distribution, state=awaited)
    distribution, pages = _first_page(state, header, distribution, plan.lines)
    if distribution.state is DistributionState.PLANNING:
        distribution = msgspec.structs.replace(distribution, record_sequence=header.sequence)
    state.put(distribution)
    planned = put_income(state, income, state=IncomeState.PLANNED, distribution_id=distribution.distribution_id)
    told = move_and_tell(state, header, (income.account_id,))
    events: list[Event] = [
        DistributionProposed(distribution=distribution, income=planned, pages=pages, movement=told),
    ]
    if distribution.state is DistributionState.AWAITING_RECORD:
        kind = TimerKind.RECORD_DATE_ENDS
        events.append(timers.set_timer(state, header, kind, record_at_ns, distribution.distribution_id))
    elif distribution.state is DistributionState.PLANNING:
        events += _start_planning(state, header, distribution)
    return events


def withdraw_distribution(state: ExchangeState, header: Header, command: WithdrawDistribution) -> list[Event]:
    """Nothing is paid, and the income may be distributed otherwise."""
    distribution = state.table(Distribution).get(command.distribution_id)
    if distribution is None:
        return [Rejected(code=RejectCode.DISTRIBUTION_UNKNOWN)]
    if not_party(state, header, distribution.account_id, UserRight.TRADE):
        return [Rejected(code=RejectCode.DISTRIBUTION_NOT_PARTY)]
    if distribution.state not in (
        DistributionState.AWAITING_RECORD,
        DistributionState.PLANNED,
        DistributionState.APPROVED,
    ):
        return [Rejected(code=RejectCode.DISTRIBUTION_STATE, detail=distribution.state)]

    state.change()
    ended = put_distribution(state, distribution, state=DistributionState.WITHDRAWN, reason=command.reason)
    income = state.table(Income)[distribution.income_id]
    free = put_income(state, income, state=IncomeState.RECORDED, distribution_id=DistributionId(0))
    pages = tuple(msgspec.structs.replace(page, lines=(), dropped=True) for page in pages_of(state, distribution))
    for page in pages:
        state.put(page)
    told = move_and_tell(state, header, (distribution.account_id,))
    dropped = timers.drop_timers(state, TimerKind.RECORD_DATE_ENDS, distribution.distribution_id)
    return [DistributionWithdrawn(distribution=ended, income=free, pages=pages, movement=told), *dropped]


def approve_distribution(state: ExchangeState, header: Header, command: ApproveDistribution) -> list[Event]:
    """The owner's second person agrees to the plan with this hash."""
    distribution = state.table(Distribution).get(command.distribution_id)
    if distribution is None:
        return [Rejected(code=RejectCode.DISTRIBUTION_UNKNOWN)]
    refusal = _refuse_owner(state, header, distribution.account_id, UserRight.APPROVE)
    if refusal is not None:
        if refusal.code is RejectCode.INCOME_NOT_PARTY:
            return [Rejected(code=RejectCode.DISTRIBUTION_NOT_PARTY)]
        return [refusal]
    if distribution.state is not DistributionState.PLANNED:
        return [Rejected(code=RejectCode.DISTRIBUTION_STATE, detail=distribution.state)]
    if header.principal == distribution.proposed_by:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    if (refusal := refuse_plan(state, distribution, command.plan_sha256)) is not None:
        return [refusal]

    state.change()
    approved = put_distribution(state, distribution, state=DistributionState.APPROVED, approved_by=header.principal)
    told = move_and_tell(state, header, (distribution.account_id,))
    return [DistributionApproved(distribution=approved, movement=told)]


def refuse_plan(state: ExchangeState, distribution: Distribution, plan_sha256: str) -> Rejected | None:
    """Whether this is not the plan that was worked out, or its issue is suspended.

    Refused: distribution.plan_changed, distribution.suspended.
    """
    if plan_sha256 != distribution.plan_sha256:
        detail = f"plan_sha256={distribution.plan_sha256}"
        return Rejected(code=RejectCode.DISTRIBUTION_PLAN_CHANGED, detail=detail)
    income = state.table(Income)[distribution.income_id]
    return refuse_suspended(state, distribution.share_asset_id or income.asset_id)


def pages_of(state: ExchangeState, distribution: Distribution) -> list[PlanPage]:
    """The pages of a plan that are still to be paid, in their order."""
    found = [page for page in state.table(PlanPage).values() if page.distribution_id == distribution.distribution_id]
    return sorted(found, key=lambda page: page.n)


def put_distribution(state: ExchangeState, distribution: Distribution, /, **changes: object) -> Distribution:
    """Keep the distribution under its new values. Call after the line."""
    changed = msgspec.structs.replace(distribution, **changes)
    state.put(changed)
    return changed


# --- The record date --------------------------------------------------------------------------------------------------


def _record_date_ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """The day is over: the holders are those at the end of this command."""
    distribution = state.table(Distribution)[DistributionId(timer.subject_id)]
    ensure(distribution.state is DistributionState.AWAITING_RECORD, "a record date ends once")
    recorded = put_distribution(state, distribution, state=DistributionState.PLANNING, record_sequence=header.sequence)
    told = move_and_tell(state, header, (distribution.account_id,))
    return [HoldersRecorded(distribution=recorded, movement=told), *_start_planning(state, header, recorded)]


timers.FIRINGS[TimerKind.RECORD_DATE_ENDS] = _record_date_ends


def _start_planning(state: ExchangeState, header: Header, distribution: Distribution) -> list[Event]:
    state.records_due[distribution.distribution_id] = None
    subject = distribution.distribution_id
    return start_run(state, header, RunKind.PLAN_DISTRIBUTION, [subject], subject_id=subject)


def take_records(state: ExchangeState) -> None:
    """Copy the holders of the distributions whose record this command fixed. Called at its very end."""
    for distribution_id in list(state.records_due):
        distribution = state.table(Distribution)[distribution_id]
        state.recorded[distribution_id] = holdings(units_now(state, distribution.share_asset_id))
    state.records_due.clear()


def units_now(state: ExchangeState, asset_id: AssetId) -> dict[AccountId, int]:
    """Every account with a balance of an asset, and its units."""
    return {account_id: balance.units for account_id, balance in state.ledger.balances.get(asset_id, {}).items()}


# --- Page by page -----------------------------------------------------------------------------------------------------


def plan_chunk(state: ExchangeState, header: Header, run: Run, plan: list[int]) -> Progress:
    """Work out what the next holders of record get; the last page completes the plan.

    The run counts the steps of preparation first, then the holders.
    """
    distribution = state.table(Distribution)[DistributionId(plan[0])]
    held = state.recorded[distribution.distribution_id]
    accounts = state.accounts
    pot = next(pot.amount_minor for pot in distribution.pots if pot.role is PotRole.HOLDERS)
    held.prepare(pot, lambda account_id: accounts[account_id].kind is CLIENT, run.position + 1)
    total = held.steps + len(held.accounts)
    if run.position < held.steps and (held.accounts or run.position < held.steps - 1):
        return Progress([], run.position + 1, total)
    events: list[Event] = []
    begin = max(0, run.position - held.steps)
    end = min(len(held.accounts), begin + MAX_LINES)
    if begin < end:
        lines = _holders_lines(state, distribution, held, pot, begin, end)
        distribution = msgspec.structs.replace(distribution, holders=len(held.accounts), record_units=held.total)
        distribution, page = _with_page(state, header, distribution, lines, begin)
        events.append(DistributionPagePlanned(distribution=distribution, page=page))
    if end < len(held.accounts):
        state.put(distribution)
        return Progress(events, held.steps + end, total)
    del state.recorded[distribution.distribution_id]
    planned = put_distribution(state, distribution, state=DistributionState.PLANNED)
    told = move_and_tell(state, header, (distribution.account_id,))
    events.append(DistributionPlanned(distribution=planned, movement=told))
    return Progress(events, total, total)


def _holders_lines(
    state: ExchangeState, distribution: Distribution, held: Holdings, pot: int, begin: int, end: int
) -> list[Line]:
    home = party(state, distribution.account_id).country
    rates = {treaty.country: treaty.rate_ppm for treaty in distribution.treaties}
    lines: list[Line] = []
    for place in range(begin, end):
        account_id, units = held.accounts[place], held.units[place]
        gross = part_at(pot, place, units, held.total, held.cut)
        rate_ppm = withholding_of(state, account_id, home, distribution.withholding_ppm, rates)
        lines.append(payee_line(account_id, PotRole.HOLDERS, units, held.total, gross, rate_ppm))
    return lines


def _first_page(
    state: ExchangeState, header: Header, distribution: Distribution, lines: list[Line]
) -> tuple[Distribution, tuple[PlanPage, ...]]:
    """The page of all payees but the holders, if there are any."""
    if not lines:
        return distribution, ()
    ensure(len(lines) <= MAX_LINES, "contributors, staff and co-owners fit one page")
    distribution, page = _with_page(state, header, distribution, lines, -1)
    return distribution, (page,)


def _with_page(
    state: ExchangeState, header: Header, distribution: Distribution, lines: list[Line], holder_place: int
) -> tuple[Distribution, PlanPage]:
    """One page more, and the distribution with it. Call after the line; the distribution is for the caller to keep."""
    plan_sha256 = chained_hash(distribution.plan_sha256, lines)
    page = PlanPage(
        page_id=PlanPageId(make_id(header.sequence, 1)),
        distribution_id=distribution.distribution_id,
        account_id=distribution.account_id,
        n=distribution.pages + 1,
        holder_place=holder_place,
        lines=tuple(lines),
        plan_sha256=plan_sha256,
    )
    state.put(page)
    changed = msgspec.structs.replace(
        distribution,
        pages=page.n,
        lines=distribution.lines + len(lines),
        planned_minor=Minor(distribution.planned_minor + sum(line.gross_minor for line in lines)),
        withholding_minor=Minor(distribution.withholding_minor + sum(line.withheld_minor for line in lines)),
        plan_sha256=plan_sha256,
    )
    return changed, page


# --- Inside -----------------------------------------------------------------------------------------------------------


def _draft(header: Header, income: Income, command: ProposeDistribution, law: Law, plan: Plan) -> Distribution:
    """The distribution with its pots; its hash covers all that was decided beside the lines."""
    draft = Distribution(
        distribution_id=DistributionId(make_id(header.sequence)),
        income_id=income.income_id,
        account_id=income.account_id,
        money_asset_id=income.money_asset_id,
        share_asset_id=plan.share_asset_id,
        gross_minor=income.amount_minor,
        deducted=tuple(
            Deducted(kind=one.kind, amount_minor=one.amount_minor, document_sha256=one.document_sha256)
            for one in command.deductions
        ),
        net_minor=Minor(plan.net_minor),
        pots=tuple(plan.pots),
        jurisdiction=law.overlay.jurisdiction,
        overlays_version=law.overlays.version,
        withholding_ppm=law.withholding_ppm,
        withholding_rule=law.withholding_rule,
        treaties=tuple(
            TreatyRate(country=one.country, rate_ppm=one.rate_ppm, document_sha256=one.document_sha256)
            for one in command.treaties
        ),
        record_date=(command.record_date or "") if plan.share_asset_id else "",
        state=DistributionState.PLANNED,
        proposed_by=header.principal,
        proposed_at_ns=header.at_ns,
    )
    return msgspec.structs.replace(draft, plan_sha256=chained_hash(EMPTY_HASH, draft))


def _record_at_ns(header: Header, command: ProposeDistribution, plan: Plan) -> TimeNs | Rejected:
    """When the record date is over; 0: at once, or there are no holders to wait for.

    Refused: distribution.record_invalid if the day is none, is over, or is more than a year ahead.
    """
    if command.record_date is None or not plan.share_asset_id:
        return TimeNs(0)
    try:
        day = date.fromisoformat(command.record_date)
        over_ns = start_of_day_ns(day + timedelta(days=1), VENUE_TIME_ZONE)
    except (ValueError, OverflowError):
        return Rejected(code=RejectCode.DISTRIBUTION_RECORD_INVALID, detail=command.record_date)
    if not header.at_ns < over_ns <= header.at_ns + 366 * 86_400 * 1_000_000_000:
        return Rejected(code=RejectCode.DISTRIBUTION_RECORD_INVALID, detail=command.record_date)
    return TimeNs(over_ns)


def _refuse_owner(state: ExchangeState, header: Header, account_id: AccountId, right: UserRight) -> Rejected | None:
    """Whether the principal may not act for the owner, or the owner is stopped.

    Refused: income.not_party, account.frozen, member.frozen.
    """
    if not_party(state, header, account_id, right):
        return Rejected(code=RejectCode.INCOME_NOT_PARTY)
    return refuse_account(state, header, account_id, right) or refuse_stopped(state, account_id)
