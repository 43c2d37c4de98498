"""A distribution's payment: into its own escrow at once, from there to the payees page by page, and the tax withheld.

What is to be paid leaves the owner's account with the first command, so no chunk can fail for want of money. A payee
who is frozen when the page is paid keeps its part in the escrow until it is released. Tax is withheld with each
payment, lies in an account of the clients' money of its own, and leaves the bank when it is remitted.
"""

from __future__ import annotations

import msgspec

from custody.accounts import AccountKind
from custody.distribution_messages import (
    Distribution,
    DistributionPagePaid,
    DistributionPaymentStarted,
    DistributionState,
    Income,
    IncomeState,
    PayDistribution,
    PlanPage,
    ReleaseUnclaimed,
    RemitWithholding,
    Unclaimed,
    UnclaimedReleased,
    WithholdingRemitted,
)
from custody.ledger import Leg
from exchange.core.ids import AccountId, PlanPageId, UnclaimedId, make_id, to_wire
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Run, RunKind
from exchange.core.parties import MemberStatus, Role, UserRight
from exchange.core.rejections import RejectCode
from exchange.core.units import Minor
from exchange.engine.deal_checks import party, refuse_frozen_assets, refuse_stopped
from exchange.engine.distributions import pages_of, put_distribution, refuse_plan
from exchange.engine.documents import refuse_documents
from exchange.engine.incomes import not_party, put_income
from exchange.engine.issuance import open_venue_account
from exchange.engine.runs import Progress, start_run
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell


def pay_distribution(state: ExchangeState, header: Header, command: PayDistribution) -> list[Event]:
    """Take what the plan pays out of the owner's account, and start paying. Arrives here with two signatures."""
    distribution = state.table(Distribution).get(command.distribution_id)
    if distribution is None:
        return [Rejected(code=RejectCode.DISTRIBUTION_UNKNOWN)]
    if distribution.state is not DistributionState.APPROVED:
        return [Rejected(code=RejectCode.DISTRIBUTION_STATE, detail=distribution.state)]
    if (refusal := refuse_plan(state, distribution, command.plan_sha256)) is not None:
        return [refusal]
    refusal = refuse_stopped(state, distribution.account_id) or refuse_frozen_assets(state, distribution.money_asset_id)
    if refusal is not None:
        return [refusal]

    state.change()
    name = to_wire("DN", distribution.distribution_id)
    kinds = (AccountKind.ESCROW, AccountKind.TAX_WITHHELD)
    accounts = tuple(
        open_venue_account(state, AccountId(make_id(header.sequence, place)), kind, f"{kind}:{name}")
        for place, kind in enumerate(kinds)
    )
    escrow_id, tax_id = (account.account_id for account in accounts)
    paying = put_distribution(
        state,
        distribution,
        state=DistributionState.PAYING if distribution.pages else DistributionState.DONE,
        escrow_account_id=escrow_id,
        tax_account_id=tax_id,
    )
    income = put_income(state, state.table(Income)[distribution.income_id], state=IncomeState.DISTRIBUTED)
    money_id, planned = distribution.money_asset_id, distribution.planned_minor
    legs: list[Leg] = [(distribution.account_id, money_id, -planned), (escrow_id, money_id, planned)]
    released: list[Leg] = [(distribution.account_id, money_id, -distribution.gross_minor)]
    movement = move_and_tell(state, header, (distribution.account_id,), legs, released)
    plan = [page.page_id for page in pages_of(state, distribution)]
    started = DistributionPaymentStarted(distribution=paying, income=income, accounts=accounts, movement=movement)
    subject = distribution.distribution_id
    return [started, *start_run(state, header, RunKind.PAY_DISTRIBUTION, plan, subject_id=subject)]


def pay_chunk(state: ExchangeState, header: Header, run: Run, plan: list[int]) -> Progress:
    """Pay one page."""
    page = state.table(PlanPage)[PlanPageId(plan[run.position])]
    distribution = state.table(Distribution)[page.distribution_id]
    money_id, escrow_id = distribution.money_asset_id, distribution.escrow_account_id
    legs: list[Leg] = []
    waiting: list[Unclaimed] = []
    paid = withheld = waits = 0
    for line in page.lines:
        if _is_stopped(state, line.account_id):
            part = Unclaimed(
                unclaimed_id=UnclaimedId(make_id(header.sequence, len(waiting))),
                distribution_id=distribution.distribution_id,
                account_id=line.account_id,
                gross_minor=line.gross_minor,
                withheld_minor=line.withheld_minor,
            )
            if part.gross_minor:
                state.put(part)
                waiting.append(part)
                waits += part.gross_minor
            continue
        legs.append((line.account_id, money_id, line.gross_minor - line.withheld_minor))
        paid += line.gross_minor
        withheld += line.withheld_minor
    legs += [(escrow_id, money_id, -paid), (distribution.tax_account_id, money_id, withheld)]
    done = msgspec.structs.replace(page, paid_sequence=header.sequence)
    state.put(done)
    last = run.position + 1 >= run.total
    changed = _settled(
        msgspec.structs.replace(
            distribution,
            state=DistributionState.PAID if last else distribution.state,
            paid_pages=distribution.paid_pages + 1,
            withheld_minor=Minor(distribution.withheld_minor + withheld),
            waiting=distribution.waiting + len(waiting),
            waiting_minor=Minor(distribution.waiting_minor + waits),
        )
    )
    state.put(changed)
    movement = move_and_tell(state, header, (distribution.account_id,), legs)
    event = DistributionPagePaid(distribution=changed, page=done, waiting=tuple(waiting), movement=movement)
    return Progress([event], run.position + 1, run.total)


def release_unclaimed(state: ExchangeState, header: Header, command: ReleaseUnclaimed) -> list[Event]:
    """Pay what waited for a payee who is frozen no more."""
    part = state.table(Unclaimed).get(command.unclaimed_id)
    if part is None:
        return [Rejected(code=RejectCode.DISTRIBUTION_UNCLAIMED_UNKNOWN)]
    operator = Role.OPERATOR in state.users[header.principal].roles
    if not operator and not_party(state, header, part.account_id, UserRight.TRADE):
        return [Rejected(code=RejectCode.DISTRIBUTION_NOT_PARTY)]
    distribution = state.table(Distribution)[part.distribution_id]
    refusal = refuse_stopped(state, part.account_id) or refuse_frozen_assets(state, distribution.money_asset_id)
    if refusal is not None:
        return [refusal]

    state.change()
    released = msgspec.structs.replace(part, released_sequence=header.sequence)
    state.put(released)
    changed = _settled(
        msgspec.structs.replace(
            distribution,
            withheld_minor=Minor(distribution.withheld_minor + part.withheld_minor),
            waiting=distribution.waiting - 1,
            waiting_minor=Minor(distribution.waiting_minor - part.gross_minor),
        )
    )
    state.put(changed)
    money_id = distribution.money_asset_id
    legs: list[Leg] = [
        (distribution.escrow_account_id, money_id, -part.gross_minor),
        (part.account_id, money_id, part.gross_minor - part.withheld_minor),
        (distribution.tax_account_id, money_id, part.withheld_minor),
    ]
    movement = move_and_tell(state, header, (distribution.account_id, part.account_id), legs)
    return [UnclaimedReleased(distribution=changed, unclaimed=released, movement=movement)]


def remit_withholding(state: ExchangeState, header: Header, command: RemitWithholding) -> list[Event]:
    """What was withheld so far has left the bank for the tax office. Arrives here with two signatures."""
    distribution = state.table(Distribution).get(command.distribution_id)
    if distribution is None:
        return [Rejected(code=RejectCode.DISTRIBUTION_UNKNOWN)]
    due = distribution.withheld_minor - distribution.remitted_minor
    if distribution.state is not DistributionState.PAID or not due:
        return [Rejected(code=RejectCode.DISTRIBUTION_STATE, detail=f"{distribution.state}, due_minor={due}")]
    if (refusal := refuse_frozen_assets(state, distribution.money_asset_id)) is not None:
        return [refusal]
    filer = party(state, distribution.account_id)
    if (refusal := refuse_documents(state, filer.member_id, (command.evidence_sha256,))) is not None:
        return [refusal]

    state.change()
    changed = _settled(msgspec.structs.replace(distribution, remitted_minor=distribution.withheld_minor))
    state.put(changed)
    money_id = distribution.money_asset_id
    legs: list[Leg] = [
        (distribution.tax_account_id, money_id, -due),
        (state.assets[money_id].home_account_id, money_id, due),
    ]
    return [
        WithholdingRemitted(
            distribution=changed,
            amount_minor=Minor(due),
            bank_reference=command.bank_reference,
            evidence_sha256=command.evidence_sha256,
            movement=move_and_tell(state, header, (distribution.account_id,), legs),
        )
    ]


# --- Inside -----------------------------------------------------------------------------------------------------------


def _settled(distribution: Distribution) -> Distribution:
    """The distribution, done if it is paid and neither a payee nor the tax office waits."""
    waits = distribution.waiting or distribution.withheld_minor > distribution.remitted_minor
    if distribution.state is not DistributionState.PAID or waits:
        return distribution
    return msgspec.structs.replace(distribution, state=DistributionState.DONE)


def _is_stopped(state: ExchangeState, account_id: AccountId) -> bool:
    """Whether a payee may not be paid now."""
    return state.accounts[account_id].frozen or party(state, account_id).status is MemberStatus.FROZEN
