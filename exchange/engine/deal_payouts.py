"""A payment paid: the deal's accounts at once, as the waterfall says; the holders of record class by class, in chunks.

The holders' money leaves the deal with the first command and lies in the payment's own escrow, so no chunk can fail for
want of it. Notes that end with the payment are frozen then, and taken out of the world as their holders are paid.
"""

from __future__ import annotations

import heapq

import msgspec

from custody.accounts import AccountKind, Asset
from custody.corrections_messages import AssetFrozen
from custody.distribution import part_at
from custody.ledger import Leg
from custody.messages import AccountOpened
from exchange.core.ids import AccountId, AssetId, ClassPaymentId, PaymentPageId, UnpaidPartId, make_id, to_wire
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Run, RunKind
from exchange.core.parties import MemberStatus, Role, UserRight
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import Minor
from exchange.engine.deal_checks import party, refuse_frozen_assets, refuse_stopped
from exchange.engine.disclosures import publisher_of
from exchange.engine.distributions import refuse_suspended
from exchange.engine.incomes import not_party
from exchange.engine.issuance import open_venue_account, outstanding_units
from exchange.engine.issues import put_issue
from exchange.engine.notes import refuse_ending_notes
from exchange.engine.projections import end_expected
from exchange.engine.runs import Progress, start_run
from exchange.engine.servicing import class_payments_of, deal_of, open_duty, open_period, parties_of, put_servicing
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from securitization.issue_messages import Issue, IssueState, NoteLock
from securitization.servicing import Place, flows, is_over, is_unpaid, pots, redeemed
from securitization.servicing_messages import (
    ClassHoldersPaid,
    PaymentCompleted,
    PaymentStarted,
    PayPayment,
    ReleaseUnpaidPart,
    UnpaidPartReleased,
)
from securitization.servicing_records import (
    MAX_LINES,
    ClassPayment,
    ClassPaymentState,
    Collection,
    CollectionState,
    DealPayment,
    DealPaymentState,
    Duty,
    DutyKind,
    HolderLine,
    PaymentPage,
    Servicing,
    ServicingState,
    UnpaidPart,
)

CLIENT = AccountKind.CLIENT
MAX_LEGS = 900
"""More than these are posted as one sum an account."""


def pay_payment(state: ExchangeState, header: Header, command: PayPayment) -> list[Event]:
    """Post the waterfall, let the deal stand as after it, and start paying. Arrives here with two signatures."""
    payment = state.table(DealPayment).get(command.payment_id)
    if payment is None:
        return [Rejected(code=RejectCode.PAYMENT_UNKNOWN)]
    if payment.state is not DealPaymentState.APPROVED:
        return [Rejected(code=RejectCode.PAYMENT_STATE, detail=payment.state)]
    if command.plan_sha256 != payment.plan_sha256:
        return [Rejected(code=RejectCode.PAYMENT_CHANGED, detail=f"plan_sha256={payment.plan_sha256}")]
    servicing = state.table(Servicing)[payment.servicing_id]
    if not servicing.record_sequence:
        return [Rejected(code=RejectCode.PAYMENT_RECORD_PENDING)]
    deal = deal_of(servicing)
    classes = class_payments_of(state, servicing)
    standing = [one.name for one in classes if outstanding_units(state, one.asset_id)]
    shared = pots(deal, payment.result)
    ending = [name for name in redeemed(deal, payment.after) if name in standing]
    if (refusal := _refuse_classes(state, servicing, classes, shared, ending)) is not None:
        return [refusal]

    state.change()
    name = to_wire("PM", payment.payment_id)
    account = open_venue_account(state, AccountId(make_id(header.sequence)), AccountKind.ESCROW, f"holders:{name}")
    frozen: list[Asset] = []
    paying: list[ClassPayment] = []
    runs: list[Event] = []
    for one in classes:
        if one.name in ending:
            frozen.append(msgspec.structs.replace(state.assets[one.asset_id], frozen=True))
            state.put(frozen[-1])
        pot = shared[one.name]
        at_work = bool(pot) or one.name in ending
        changed = msgspec.structs.replace(
            one,
            state=ClassPaymentState.PAYING if at_work else ClassPaymentState.PAID,
            payment_id=payment.payment_id,
            pot_minor=Minor(pot),
            redeems=one.name in ending,
        )
        state.put(changed)
        paying.append(changed)
        if at_work:
            plan = [int(changed.class_payment_id)]
            runs += start_run(state, header, RunKind.PAY_CLASS, plan, subject_id=changed.class_payment_id)
        else:
            del state.class_holders[changed.class_payment_id]
    left = sum(1 for one in paying if one.state is ClassPaymentState.PAYING)
    started = msgspec.structs.replace(
        payment, state=DealPaymentState.PAYING, escrow_account_id=account.account_id, classes_left=left
    )
    state.put(started)
    after = put_servicing(
        state, servicing, running=payment.after, paying=True, deposited_minor=Minor(0), repurchased_minor=Minor(0),
        collection_id=0, fallen=(*servicing.fallen, *state.table(Collection)[payment.collection_id].fallen),
    )  # fmt: skip
    collections = _end_collections(state, servicing)
    issue = _lower_balances(state, after)
    locks, releases = _unlock(state, [asset.asset_id for asset in frozen])
    movement = move_and_tell(state, header, parties_of(servicing), _legs(servicing, started), releases)
    events: list[Event] = [
        AccountOpened(account=account),
        *(AssetFrozen(asset=asset, reason="redemption") for asset in frozen),
        PaymentStarted(
            payment=started,
            servicing=after,
            collections=collections,
            classes=tuple(paying),
            movement=movement,
            issue=issue,
            locks=locks,
            projected=end_expected(state, servicing),
        ),
        *runs,
    ]
    return events if left else [*events, *_complete(state, header, started)]


def pay_chunk(state: ExchangeState, header: Header, run: Run, plan: list[int]) -> Progress:
    """Pay the next holders of one class.

    The run counts the steps of preparation, the holders, then what is left to end.
    """
    paid = state.table(ClassPayment)[ClassPaymentId(plan[0])]
    held, accounts = state.class_holders[paid.class_payment_id], state.accounts
    held.prepare(paid.pot_minor, lambda account_id: accounts[account_id].kind is CLIENT, run.position + 1)
    holders_end = held.steps + len(held.accounts)
    if run.position < held.steps and (held.accounts or run.position < held.steps - 1):
        return Progress([], run.position + 1, holders_end + 1)
    begin = max(0, run.position - held.steps)
    end = min(len(held.accounts), begin + MAX_LINES)
    servicing, payment = state.table(Servicing)[paid.servicing_id], state.table(DealPayment)[paid.payment_id]
    legs: list[Leg] = []
    lines: list[HolderLine] = []
    waiting: list[UnpaidPart] = []
    position = run.position + 1
    page: PaymentPage | None = None
    burned = 0
    if begin < end:
        position = held.steps + end
        for place in range(begin, end):
            account_id, notes = held.accounts[place], held.units[place]
            amount = part_at(paid.pot_minor, place, notes, held.total, held.cut)
            waits = bool(amount) and _is_stopped(state, account_id)
            lines.append(HolderLine(account_id=account_id, notes=notes, amount_minor=Minor(amount), waits=waits))
            if waits:
                part = UnpaidPart(
                    unpaid_part_id=UnpaidPartId(make_id(header.sequence, len(waiting))),
                    payment_id=payment.payment_id,
                    escrow_account_id=payment.escrow_account_id,
                    account_id=account_id,
                    money_asset_id=servicing.money_asset_id,
                    amount_minor=Minor(amount),
                )
                state.put(part)
                waiting.append(part)
            else:
                legs.append((account_id, servicing.money_asset_id, amount))
        out = sum(leg[2] for leg in legs)
        legs.append((payment.escrow_account_id, servicing.money_asset_id, -out))
        page = PaymentPage(
            page_id=PaymentPageId(make_id(header.sequence)),
            class_payment_id=paid.class_payment_id,
            payment_id=payment.payment_id,
            account_id=paid.account_id,
            n=paid.pages + 1,
            first_account_id=lines[0].account_id,
            last_account_id=lines[-1].account_id,
            lines=tuple(lines),
        )
        state.put(page)
        ending = [line.account_id for line in lines]
    else:
        ending = _still_holding(state, paid)
    if paid.redeems:
        burned = _burn(state, paid, ending, legs)
    last = end >= len(held.accounts) and (not paid.redeems or len(_still_holding(state, paid, besides=ending)) == 0)
    changed = msgspec.structs.replace(
        paid,
        state=ClassPaymentState.PAID if last else paid.state,
        holders=len(held.accounts),
        record_units=held.total,
        pages=paid.pages + (page is not None),
        paid_minor=Minor(paid.paid_minor + sum(line.amount_minor for line in lines)),
        burned_units=paid.burned_units + burned,
    )
    if last:
        ensure(changed.paid_minor == paid.pot_minor, "a class's parts are its pot")
        del state.class_holders[paid.class_payment_id]
    state.put(changed)
    movement = move_and_tell(state, header, (paid.account_id,), legs)
    told: list[Event] = [ClassHoldersPaid(class_payment=changed, page=page, waiting=tuple(waiting), movement=movement)]
    if last:
        told += _complete(state, header, payment)
    return Progress(told, position, position if last else max(position + 1, holders_end + 1))


def release_part(state: ExchangeState, header: Header, command: ReleaseUnpaidPart) -> list[Event]:
    """Pay what waited for a holder who is frozen no more."""
    part = state.table(UnpaidPart).get(command.unpaid_part_id)
    if part is None:
        return [Rejected(code=RejectCode.PAYMENT_PART_UNKNOWN)]
    operator = Role.OPERATOR in state.users[header.principal].roles
    if not operator and not_party(state, header, part.account_id, UserRight.TRADE):
        return [Rejected(code=RejectCode.PAYMENT_NOT_PARTY)]
    refusal = refuse_stopped(state, part.account_id) or refuse_frozen_assets(state, part.money_asset_id)
    if refusal is not None:
        return [refusal]

    state.change()
    released = msgspec.structs.replace(part, released_sequence=header.sequence)
    state.put(released)
    legs: list[Leg] = [
        (part.escrow_account_id, part.money_asset_id, -part.amount_minor),
        (part.account_id, part.money_asset_id, part.amount_minor),
    ]
    movement = move_and_tell(state, header, (part.account_id,), legs)
    return [UnpaidPartReleased(unpaid_part=released, movement=movement)]


# --- Inside -----------------------------------------------------------------------------------------------------------


def _refuse_classes(
    state: ExchangeState, servicing: Servicing, classes: list[ClassPayment], shared: dict[str, int], ending: list[str]
) -> Rejected | None:
    """Whether a class cannot be paid now.

    Refused: asset.frozen, distribution.suspended, payment.no_holders, payment.notes_held.
    """
    if (refusal := refuse_frozen_assets(state, servicing.money_asset_id)) is not None:
        return refusal
    for one in classes:
        if not outstanding_units(state, one.asset_id) and not shared[one.name]:
            continue  # its notes ended with an earlier payment
        refusal = refuse_frozen_assets(state, one.asset_id) or refuse_suspended(state, one.asset_id)
        if refusal is not None:
            return refusal
        copied = state.class_holders[one.class_payment_id].copied
        if shared[one.name] and not any(state.accounts[account_id].kind is CLIENT for account_id in copied):
            return Rejected(code=RejectCode.PAYMENT_NO_HOLDERS, detail=one.name)
        if one.name in ending and (refusal := refuse_ending_notes(state, one.asset_id)) is not None:
            return refusal
    return None


def _legs(servicing: Servicing, payment: DealPayment) -> list[Leg]:
    """Every flow of the waterfall, in its order, as postings."""
    accounts = {one.name: one.account_id for one in servicing.accounts}
    payees = {one.name: one.account_id for one in servicing.payees}

    def account(place: Place, *, source: bool) -> AccountId:
        if place.what == "account":
            return accounts[place.name]
        if place.what == "class":
            return payment.escrow_account_id
        if place.what == "party" and not source:
            return payees[place.name]
        return servicing.collections_account_id  # the collections, and what was paid in

    legs: list[Leg] = []
    for flow in flows(payment.result):
        legs.append((account(flow.source, source=True), servicing.money_asset_id, -flow.amount_minor))
        legs.append((account(flow.target, source=False), servicing.money_asset_id, flow.amount_minor))
    if len(legs) <= MAX_LEGS:
        return legs
    net: dict[AccountId, int] = {}
    for account_id, _, units in legs:
        net[account_id] = net.get(account_id, 0) + units
    return [(account_id, servicing.money_asset_id, units) for account_id, units in net.items()]


def _end_collections(state: ExchangeState, servicing: Servicing) -> tuple[Collection, ...]:
    """The period's collection is paid; a later version that was not complete comes too late."""
    ended: list[Collection] = []
    for _, one in sorted(state.table(Collection).items()):
        if one.servicing_id == servicing.servicing_id:
            paid = one.collection_id == servicing.collection_id
            changed = CollectionState.PAID if paid else CollectionState.SUPERSEDED
            ended.append(msgspec.structs.replace(one, state=changed))
            state.put(ended[-1])
    return tuple(ended)


def _complete(state: ExchangeState, header: Header, payment: DealPayment) -> list[Event]:
    """When every class is paid, the payment is; the next period opens, or the deal is over.

    The classes themselves say so: a count kept beside them would be forgotten by a node that starts between two.
    """
    servicing = state.table(Servicing)[payment.servicing_id]
    if any(one.state is ClassPaymentState.PAYING for one in class_payments_of(state, servicing)):
        return []
    deal = deal_of(servicing)
    done = msgspec.structs.replace(payment, state=DealPaymentState.PAID, classes_left=0)
    state.put(done)
    over = is_over(deal, servicing.running)
    ended = ServicingState.UNPAID if is_unpaid(servicing.running) else ServicingState.REDEEMED
    changed = put_servicing(
        state,
        servicing,
        state=ended if over else servicing.state,
        period=servicing.period if over else servicing.period + 1,
        paying=False,
        payment_id=0,
        record_sequence=0,
    )
    duties: tuple[Duty, ...] = ()
    events: list[Event] = []
    if not over:
        duties, events = open_period(state, header, changed, deal)
    report, set_too = open_duty(state, header, servicing, deal, DutyKind.DISCLOSURE, publisher_of(state, servicing))
    issue = end_issue(state, changed) if over else None
    movement = move_and_tell(state, header, (*parties_of(servicing), report.account_id))
    told = PaymentCompleted(payment=done, servicing=changed, duties=(*duties, report), movement=movement, issue=issue)
    return [told, *events, set_too]


def end_issue(state: ExchangeState, servicing: Servicing) -> Issue | None:
    """The issue ends as its servicing did; none if it was serviced without one."""
    issue = state.table(Issue).get(servicing.issue_id)
    if issue is None:
        return None
    redeemed = servicing.state is ServicingState.REDEEMED
    return put_issue(state, issue, state=IssueState.REDEEMED if redeemed else IssueState.UNPAID)


def _lower_balances(state: ExchangeState, servicing: Servicing) -> Issue | None:
    """The classes of the issue stand at what the running deal says they are owed of their principal."""
    issue = state.table(Issue).get(servicing.issue_id)
    if issue is None:
        return None
    owed = {tranche.name: tranche.balance for tranche in servicing.running.tranches}
    classes = tuple(msgspec.structs.replace(one, balance_minor=Minor(owed[one.name])) for one in issue.classes)
    return put_issue(state, issue, classes=classes)


def _unlock(state: ExchangeState, ending: list[AssetId]) -> tuple[tuple[NoteLock, ...], list[Leg]]:
    """Retained notes that end are held no more; nobody can move them, for their class is frozen."""
    locks: list[NoteLock] = []
    releases: list[Leg] = []
    for asset_id in ending:
        lock = state.table(NoteLock).get(asset_id)
        if lock is not None:
            releases.append((lock.account_id, asset_id, -lock.units))
            locks.append(msgspec.structs.replace(lock, units=0))
            state.put(locks[-1])
    return tuple(locks), releases


def _still_holding(state: ExchangeState, paid: ClassPayment, besides: list[AccountId] | None = None) -> list[AccountId]:
    """The next accounts, by their identifiers, that still have notes of a class that ends."""
    passed = dict.fromkeys(besides or ())
    mirror = state.assets[paid.asset_id].home_account_id
    holding = (
        account_id
        for account_id, balance in state.ledger.balances.get(paid.asset_id, {}).items()
        if balance.units > 0 and account_id != mirror and account_id not in passed
    )
    return heapq.nsmallest(MAX_LINES, holding)


def _burn(state: ExchangeState, paid: ClassPayment, accounts: list[AccountId], legs: list[Leg]) -> int:
    """Take the notes these accounts have now out of the world; answers how many."""
    burned = 0
    for account_id in accounts:
        notes = state.ledger.units(account_id, paid.asset_id)
        legs.append((account_id, paid.asset_id, -notes))
        burned += notes
    legs.append((state.assets[paid.asset_id].home_account_id, paid.asset_id, burned))
    return burned


def _is_stopped(state: ExchangeState, account_id: AccountId) -> bool:
    """Whether a holder may not be paid now."""
    return state.accounts[account_id].frozen or party(state, account_id).status is MemberStatus.FROZEN
