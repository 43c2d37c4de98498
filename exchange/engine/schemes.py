"""Reward schemes: a programme in force with a sponsor's money behind it, its calls, and the events that open claims."""

from __future__ import annotations

import msgspec

from custody.accounts import VENUE, Bank
from custody.ledger import Leg
from exchange.core.calendar import local_date
from exchange.core.ids import ApplicationId, RewardEventId, SchemeCallId, SchemeId, make_id, to_wire
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode, ensure
from exchange.core.reward_terms import AmountBasis, Exhaustion, RewardEventKind
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import Minor
from exchange.engine.access import refuse_account
from exchange.engine.application_checks import applications_of, programme_of, put_call
from exchange.engine.documents import refuse_documents
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.rulebook.programmes import RewardProgramme, amounts_problem
from exchange.rulebook.texts import is_date
from securitization.application_messages import SETTLED, Application, ApplicationState, SchemeCallAwarded
from securitization.messages import Product
from securitization.reward import shared
from securitization.scheme_messages import (
    ActivateScheme,
    AwardSchemeCall,
    CallState,
    EndScheme,
    OpenScheme,
    OpenSchemeCall,
    RecordRewardEvent,
    RewardEvent,
    RewardEventRecorded,
    Scheme,
    SchemeActivated,
    SchemeCall,
    SchemeCallOpened,
    SchemeEnded,
    SchemeOpened,
    SchemeState,
)

UNREVIEWED = (
    ApplicationState.SUBMITTED,
    ApplicationState.CORRECTING,
    ApplicationState.REFUSED,
    ApplicationState.APPEALED,
)
"""An application in these states may still ask for a share."""


def open_scheme(state: ExchangeState, header: Header, command: OpenScheme) -> list[Event]:
    """Put a sponsor's money behind a programme in force."""
    if (refusal := refuse_account(state, header, command.sponsor_account_id, UserRight.TRADE)) is not None:
        return [refusal]
    version = state.version_in_force(PublishedKind.REWARD_PROGRAMME, command.programme, header.at_ns)
    published = state.published(PublishedKind.REWARD_PROGRAMME, command.programme, version)
    programme = state.parsed.get((PublishedKind.REWARD_PROGRAMME.value, command.programme, version))
    if published is None or not isinstance(programme, RewardProgramme):
        return [Rejected(code=RejectCode.SCHEME_PROGRAMME_NOT_ACTIVE, detail=command.programme)]
    banks = [bank for bank in state.table(Bank).values() if bank.money_asset_id == command.money_asset_id]
    if not banks or banks[0].currency != programme.currency:
        return [Rejected(code=RejectCode.CURRENCY_MISMATCH, detail=programme.currency)]
    available = state.ledger.available(command.sponsor_account_id, command.money_asset_id)
    if not command.by_order and command.budget_minor > available:
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    scheme = Scheme(
        scheme_id=SchemeId(make_id(header.sequence)),
        programme=programme.name,
        version=version,
        text_hash=published.text_hash,
        sponsor_account_id=command.sponsor_account_id,
        sponsor_member_id=state.accounts[command.sponsor_account_id].member_id,
        money_asset_id=command.money_asset_id,
        by_order=command.by_order,
        budget_minor=command.budget_minor,
        state=SchemeState.DRAFT,
    )
    state.put(scheme)
    return [SchemeOpened(scheme=scheme, movement=state.ledger.move(header.sequence, [], _budget(scheme, 1)))]


def activate_scheme(state: ExchangeState, header: Header, command: ActivateScheme) -> list[Event]:
    """Let a scheme open calls, once it is known how an amount comes about. Arrives here with two signatures."""
    del header
    scheme = state.table(Scheme).get(command.scheme_id)
    if scheme is None:
        return [Rejected(code=RejectCode.SCHEME_UNKNOWN)]
    if scheme.state is not SchemeState.DRAFT:
        return [Rejected(code=RejectCode.SCHEME_STATE, detail=scheme.state)]
    fields = programme_of(state, scheme).fields
    basis = fields.basis.value
    if basis is AmountBasis.TEMPLATE and not command.amounts:
        return [Rejected(code=RejectCode.SCHEME_NO_AMOUNT, detail=f"{scheme.programme}@{scheme.version} names none")]
    if basis is AmountBasis.FORMULA and command.amounts:
        return [Rejected(code=RejectCode.SCHEME_TERMS_INVALID, detail="the programme has its own formula")]
    if bool(command.amounts) != (command.decision_sha256 is not None):
        return [Rejected(code=RejectCode.SCHEME_TERMS_INVALID, detail="a formula comes with its decision")]
    if command.amounts and (problem := amounts_problem(fields.roles.value, command.amounts)):
        return [Rejected(code=RejectCode.SCHEME_TERMS_INVALID, detail=problem)]
    hashes = (command.decision_sha256,) if command.decision_sha256 is not None else ()
    if (refusal := refuse_documents(state, scheme.sponsor_member_id, hashes)) is not None:
        return [refusal]

    state.change()
    active = msgspec.structs.replace(
        scheme, state=SchemeState.ACTIVE, amounts=command.amounts, decision_sha256=command.decision_sha256 or ""
    )
    state.put(active)
    return [SchemeActivated(scheme=active)]


def end_scheme(state: ExchangeState, header: Header, command: EndScheme) -> list[Event]:
    """Free what was not paid, once nobody waits."""
    scheme = state.table(Scheme).get(command.scheme_id)
    if scheme is None:
        return [Rejected(code=RejectCode.SCHEME_UNKNOWN)]
    if scheme.state is SchemeState.ENDED:
        return [Rejected(code=RejectCode.SCHEME_STATE, detail=scheme.state)]
    for each in state.table(Application).values():
        if each.scheme_id == scheme.scheme_id and each.state not in SETTLED:
            detail = f"{to_wire('AP', each.application_id)} is {each.state}"
            return [Rejected(code=RejectCode.SCHEME_STATE, detail=detail)]

    state.change()
    ended = msgspec.structs.replace(scheme, state=SchemeState.ENDED, reason=command.reason)
    state.put(ended)
    return [SchemeEnded(scheme=ended, movement=state.ledger.move(header.sequence, [], _budget(scheme, -1)))]


def open_call(state: ExchangeState, header: Header, command: OpenSchemeCall) -> list[Event]:
    """Call for applications with a part of the budget."""
    scheme = state.table(Scheme).get(command.scheme_id)
    if scheme is None:
        return [Rejected(code=RejectCode.SCHEME_UNKNOWN)]
    if scheme.state is not SchemeState.ACTIVE:
        return [Rejected(code=RejectCode.SCHEME_STATE, detail=scheme.state)]
    days = (command.opens_on, command.closes_on)
    today = local_date(header.at_ns, VENUE_TIME_ZONE).isoformat()
    if not all(map(is_date, days)) or command.opens_on > command.closes_on or command.closes_on < today:
        detail = f"a call cannot run from {command.opens_on} to {command.closes_on}"
        return [Rejected(code=RejectCode.SCHEME_TERMS_INVALID, detail=detail)]
    if not 1900 <= command.year <= 2200:
        return [Rejected(code=RejectCode.SCHEME_TERMS_INVALID, detail=f"year={command.year}")]
    free = scheme.budget_minor - scheme.called_minor
    if command.budget_minor > free:
        return [Rejected(code=RejectCode.REWARD_BUDGET, detail=f"{free} are not called yet")]

    state.change()
    call = SchemeCall(
        call_id=SchemeCallId(make_id(header.sequence)),
        scheme_id=scheme.scheme_id,
        year=command.year,
        opens_on=command.opens_on,
        closes_on=command.closes_on,
        budget_minor=command.budget_minor,
        left_minor=command.budget_minor,
        state=CallState.OPEN,
    )
    called = msgspec.structs.replace(scheme, called_minor=Minor(scheme.called_minor + command.budget_minor))
    state.put(call)
    state.put(called)
    return [SchemeCallOpened(call=call, scheme=called)]


def record_event(state: ExchangeState, header: Header, command: RecordRewardEvent) -> list[Event]:
    """An event outside is on record, once. Arrives here with two signatures."""
    if problem := _event_problem(state, header, command):
        return [Rejected(code=RejectCode.REWARD_EVENT_INVALID, detail=problem)]
    if command.product_id is not None and command.product_id not in state.table(Product):
        return [Rejected(code=RejectCode.PRODUCT_UNKNOWN)]
    for party in command.parties:
        if party.member_id not in state.members:
            return [Rejected(code=RejectCode.MEMBER_UNKNOWN, detail=to_wire("M", party.member_id))]
    if (refusal := refuse_documents(state, VENUE, (command.document_sha256,))) is not None:
        return [refusal]

    state.change()
    event = RewardEvent(
        event_id=RewardEventId(make_id(header.sequence)),
        kind=command.kind,
        reference=command.reference,
        happened_on=command.happened_on,
        parties=command.parties,
        facts=command.facts,
        document_sha256=command.document_sha256,
        recorded_by=header.principal,
        recorded_at_ns=header.at_ns,
        **({"product_id": command.product_id} if command.product_id is not None else {}),
    )
    state.put(event)
    return [RewardEventRecorded(event=event)]


def award_call(state: ExchangeState, header: Header, command: AwardSchemeCall) -> list[Event]:
    """Share the budget out among all who were accepted. Arrives here with two signatures."""
    call = state.table(SchemeCall).get(command.call_id)
    if call is None:
        return [Rejected(code=RejectCode.SCHEME_CALL_UNKNOWN)]
    exhaustion = programme_of(state, state.table(Scheme)[call.scheme_id]).fields.exhaustion.value
    mine = applications_of(state, call.call_id)
    waiting = [each for each in mine if each.state is ApplicationState.ACCEPTED]
    if problem := _award_problem(header, call, exhaustion, mine, len(waiting), command.count):
        return [Rejected(code=RejectCode.SCHEME_CALL_STATE, detail=problem)]

    state.change()
    if exhaustion is Exhaustion.RANKED:
        waiting.sort(key=lambda each: (-each.points, each.submitted_sequence))
    else:
        waiting.sort(key=lambda each: each.submitted_sequence)
    awards = shared(exhaustion, call.left_minor, [each.asked_minor for each in waiting])
    ensure(sum(awards) <= call.left_minor, "a call never awards more than its budget")
    awarded: list[Application] = []
    for each, award in zip(waiting, awards, strict=True):
        after = ApplicationState.AWARDED if award else ApplicationState.ENDED
        reason = each.reason if award else "the budget is spent"
        changed = msgspec.structs.replace(each, state=after, awarded_minor=Minor(award), reason=reason)
        state.put(changed)
        awarded.append(changed)
    closed = put_call(state, call, left_minor=Minor(call.left_minor - sum(awards)), state=CallState.AWARDED)
    return [SchemeCallAwarded(call=closed, applications=tuple(awarded))]


# --- Inside -----------------------------------------------------------------------------------------------------------


def _budget(scheme: Scheme, sign: int) -> list[Leg]:
    """The hold of what was not paid; none where the scheme pays by order."""
    units = 0 if scheme.by_order else sign * (scheme.budget_minor - scheme.paid_minor)
    return [(scheme.sponsor_account_id, scheme.money_asset_id, units)]


def _event_problem(state: ExchangeState, header: Header, command: RecordRewardEvent) -> str:
    if command.kind is RewardEventKind.PRODUCT_ISSUED:
        return "the ledger shows an issue itself"
    if not is_date(command.happened_on) or command.happened_on > local_date(header.at_ns, VENUE_TIME_ZONE).isoformat():
        return f"happened_on={command.happened_on}"
    parties = [(party.role, party.member_id) for party in command.parties]
    facts = [each.fact for each in command.facts]
    if len(dict.fromkeys(parties)) != len(parties) or len(dict.fromkeys(facts)) != len(facts):
        return "a party or a fact stands twice"
    for each in state.table(RewardEvent).values():
        if each.kind is command.kind and (
            each.reference == command.reference or each.document_sha256 == command.document_sha256
        ):
            return f"on record as {to_wire('RE', each.event_id)}"
    return ""


def _award_problem(
    header: Header, call: SchemeCall, exhaustion: Exhaustion, mine: list[Application], waiting: int, count: int
) -> str:
    """What stands in the way of sharing a call's budget out; empty: nothing."""
    if exhaustion is Exhaustion.FIRST_COME:
        return "first come is awarded at once"
    if call.state is not CallState.OPEN:
        return call.state
    if local_date(header.at_ns, VENUE_TIME_ZONE).isoformat() <= call.closes_on:
        return f"applications may come until {call.closes_on}"
    for each in mine:
        if each.state in UNREVIEWED:
            return f"{to_wire('AP', ApplicationId(each.application_id))} is {each.state}"
    return "" if count == waiting else f"{waiting} are accepted"
