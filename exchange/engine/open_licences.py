"""Open licences: declared by the owner, announced by the office, taken by anybody suitable, withdrawn or over.

Taking one makes an ordinary licence that is in force at once: fee against licence in one transfer (see licences).
"""

from __future__ import annotations

import msgspec

from custody.accounts import AccountKind
from exchange.core.ids import AccountId, LicenceId, OpenLicenceId, make_id, to_wire
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode, ensure
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import Minor
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.deal_cases import FOLLOWERS
from exchange.engine.documents import refuse_documents
from exchange.engine.licence_cases import bank_and_money, cost_minor, put_licence, today
from exchange.engine.licence_checks import (
    expires_at_ns,
    licence_fees,
    licences_of,
    licensable,
    refuse_licence,
    rules_of_licence,
)
from exchange.engine.licences import begin, in_force, pay, terms_of
from exchange.engine.rules import profile_of
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from matching.deals import Deal, DealState
from matching.licence_messages import (
    DeclareOpenLicence,
    Licence,
    LicenceState,
    OpenLicence,
    OpenLicenceDeclared,
    OpenLicenceEnded,
    OpenLicencePublished,
    OpenLicenceState,
    OpenLicenceTaken,
    PublishOpenLicence,
    TakeOpenLicence,
    WithdrawOpenLicence,
    licence_terms_hash,
)
from matching.licences import LicenceKind, describe, scope_problem
from matching.messages import Market


def declare_open_licence(state: ExchangeState, header: Header, command: DeclareOpenLicence) -> list[Event]:
    """The owner offers the right's use to everybody, at a public fee."""
    account_id = command.account_id
    if (refusal := refuse_account(state, header, account_id, UserRight.TRADE)) is not None:
        return [refusal]
    market = state.table(Market).get(command.market_id)
    if market is None:
        return [Rejected(code=RejectCode.MARKET_UNKNOWN)]
    if not licensable(state, command.asset_id):
        return [Rejected(code=RejectCode.ASSET_UNKNOWN, detail="a licence is of a whole right in custody")]
    problem = scope_problem(command.scope)
    if not problem and command.scope.ends_on <= today(header):
        problem = f"it ended on {command.scope.ends_on}"
    if problem:
        return [Rejected(code=RejectCode.LICENCE_TERMS_INVALID, detail=problem)]
    declared = OpenLicence(
        open_licence_id=OpenLicenceId(make_id(header.sequence)),
        market_id=command.market_id,
        asset_id=command.asset_id,
        account_id=account_id,
        member_id=state.accounts[account_id].member_id,
        name=command.name,
        scope=command.scope,
        fee_minor=command.fee_minor,
        jurisdiction=command.jurisdiction,
        contract_sha256=command.contract_sha256,
        state=OpenLicenceState.DECLARED,
        declared_by=header.principal,
        declared_at_ns=header.at_ns,
    )
    if (refusal := _refuse_declaration(state, header, declared)) is not None:
        return [refusal]
    other = state.find(OpenLicence, command.asset_id)
    if other is not None:
        detail = f"{to_wire('OL', other.open_licence_id)} is {other.state}"
        return [Rejected(code=RejectCode.OPEN_LICENCE_STATE, detail=detail)]
    fees = licence_fees(state, _taken(state, header, declared, account_id))
    if isinstance(fees, Rejected):
        return [fees]
    if (refusal := refuse_documents(state, declared.member_id, (command.contract_sha256,))) is not None:
        return [refusal]

    state.change()
    state.put(declared)
    told = move_and_tell(state, header, (account_id,))
    rules = rules_of_licence(profile_of(state, market))
    ends_ns = expires_at_ns(declared)
    return [
        OpenLicenceDeclared(open_licence=declared, rules=rules, movement=told),
        timers.set_timer(state, header, TimerKind.OPEN_LICENCE_ENDS, ends_ns, declared.open_licence_id),
    ]


def publish_open_licence(state: ExchangeState, header: Header, command: PublishOpenLicence) -> list[Event]:
    """The office has announced it."""
    declared = state.table(OpenLicence).get(command.open_licence_id)
    if declared is None:
        return [Rejected(code=RejectCode.OPEN_LICENCE_UNKNOWN)]
    if declared.state is not OpenLicenceState.DECLARED:
        return [Rejected(code=RejectCode.OPEN_LICENCE_STATE, detail=declared.state)]
    if header.principal == declared.declared_by:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    if (refusal := _refuse_declaration(state, header, declared)) is not None:
        return [refusal]

    state.change()
    opened = _put(
        state,
        declared,
        state=OpenLicenceState.OPEN,
        published_by=header.principal,
        published_at_ns=header.at_ns,
        office_reference=command.office_reference,
    )
    return [OpenLicencePublished(open_licence=opened, movement=move_and_tell(state, header, (opened.account_id,)))]


def take_open_licence(state: ExchangeState, header: Header, command: TakeOpenLicence) -> list[Event]:
    """Somebody takes it: fee against licence, at once."""
    declared = state.table(OpenLicence).get(command.open_licence_id)
    if declared is None:
        return [Rejected(code=RejectCode.OPEN_LICENCE_UNKNOWN)]
    refusal = refuse_account(state, header, command.account_id, UserRight.TRADE, value_minor=command.fee_minor)
    if refusal is not None:
        return [refusal]
    if state.accounts[command.account_id].kind is not AccountKind.CLIENT:
        return [Rejected(code=RejectCode.ACCOUNT_UNKNOWN, detail="account_id")]
    own = state.accounts[command.account_id].member_id == declared.member_id
    if declared.state is not OpenLicenceState.OPEN or own:
        detail = "one's own" if own else declared.state
        return [Rejected(code=RejectCode.OPEN_LICENCE_STATE, detail=detail)]
    if (command.fee_minor, command.contract_sha256) != (declared.fee_minor, declared.contract_sha256):
        detail = f"fee_minor={declared.fee_minor} contract_sha256={declared.contract_sha256}"
        return [Rejected(code=RejectCode.LICENCE_TERMS_CHANGED, detail=detail)]
    for licence in licences_of(state, declared.asset_id):
        taken_before = licence.open_licence_id == declared.open_licence_id
        if taken_before and licence.licensee_account_id == command.account_id:
            return [Rejected(code=RejectCode.LICENCE_EXISTS, detail=to_wire("LI", licence.licence_id))]
    draft = _taken(state, header, declared, command.account_id)
    if (refusal := refuse_licence(state, header, draft)) is not None:
        return [refusal]
    fees = licence_fees(state, draft)
    if isinstance(fees, Rejected):
        return [fees]
    priced = msgspec.structs.replace(draft, licensee_fee_minor=Minor(fees[0]), licensor_fee_minor=Minor(fees[1]))
    _, money_id = bank_and_money(state, priced)
    if cost_minor(priced) > state.ledger.available(command.account_id, money_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE, detail=f"cost_minor={cost_minor(priced)}")]

    state.change()
    terms = terms_of(state.table(Market)[declared.market_id], priced)
    licence = put_licence(state, priced, terms_sha256=licence_terms_hash(terms), **in_force(state, header, priced))
    counted = _put(state, declared, taken=declared.taken + 1)
    movement = pay(state, header, licence, command.account_id)
    taken = OpenLicenceTaken(open_licence=counted, licence=licence, movement=movement)
    return [taken, *begin(state, header, licence)]


def withdraw_open_licence(state: ExchangeState, header: Header, command: WithdrawOpenLicence) -> list[Event]:
    """The owner takes the declaration back; who took it before keeps its licence."""
    declared = state.table(OpenLicence).get(command.open_licence_id)
    if declared is None:
        return [Rejected(code=RejectCode.OPEN_LICENCE_UNKNOWN)]
    if (refusal := refuse_account(state, header, declared.account_id, UserRight.TRADE, frozen_too=True)) is not None:
        return [refusal]

    state.change()
    return end_declaration(state, header, declared, OpenLicenceState.WITHDRAWN, command.reason)


# --- Time and the end -------------------------------------------------------------------------------------------------


def _ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """The declaration's own term is over."""
    declared = state.table(OpenLicence)[OpenLicenceId(timer.subject_id)]
    ensure(declared.live, "a declaration's term ends once")
    return end_declaration(state, header, declared, OpenLicenceState.ENDED, "its term is over")


def follow_deal(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    """The right has a new owner, who declared nothing: what was taken stays, and nothing more is."""
    declared = state.find(OpenLicence, deal.asset_id)
    if declared is None or deal.state is not DealState.COMPLETED:
        return []
    return end_declaration(state, header, declared, OpenLicenceState.ENDED, "the right was sold")


FOLLOWERS.append(follow_deal)
timers.FIRINGS[TimerKind.OPEN_LICENCE_ENDS] = _ends


def end_declaration(
    state: ExchangeState, header: Header, declared: OpenLicence, to: OpenLicenceState, reason: str
) -> list[Event]:
    """Nobody can take it any more. Call after the line."""
    ended = _put(state, declared, state=to, reason=reason)
    dropped = timers.drop_timers(state, TimerKind.OPEN_LICENCE_ENDS, declared.open_licence_id)
    movement = move_and_tell(state, header, (declared.account_id,))
    return [OpenLicenceEnded(open_licence=ended, movement=movement), *dropped]


# --- Inside -----------------------------------------------------------------------------------------------------------


def _refuse_declaration(state: ExchangeState, header: Header, declared: OpenLicence) -> Rejected | None:
    """Whether an open licence of this right could stand now: an exclusive or sole one keeps it out altogether.

    Refused: whatever refuses a licence, licence.conflict.
    """
    for licence in licences_of(state, declared.asset_id):
        if licence.kind is not LicenceKind.ORDINARY:
            detail = f"{to_wire('LI', licence.licence_id)}: {describe(licence.kind, licence.scope)}"
            return Rejected(code=RejectCode.LICENCE_CONFLICT, detail=detail)
    return refuse_licence(state, header, _taken(state, header, declared, declared.account_id))


def _taken(state: ExchangeState, header: Header, declared: OpenLicence, account_id: AccountId) -> Licence:
    """The licence that this account would get now, its fees still open."""
    market = state.table(Market)[declared.market_id]
    begins = max(declared.scope.starts_on, today(header))
    return Licence(
        licence_id=LicenceId(make_id(header.sequence)),
        market_id=declared.market_id,
        asset_id=declared.asset_id,
        licensor_account_id=declared.account_id,
        licensee_account_id=account_id,
        kind=LicenceKind.ORDINARY,
        scope=msgspec.structs.replace(declared.scope, starts_on=begins),
        sublicence=False,
        price_minor=declared.fee_minor,
        licensee_fee_minor=Minor(0),
        licensor_fee_minor=Minor(0),
        items=None,
        fee_version=state.version_in_force(PublishedKind.FEE_SCHEDULE, market.fee_schedule, header.at_ns),
        jurisdiction=declared.jurisdiction,
        overlays_version=0,
        publicity_days=0,
        contract_sha256=declared.contract_sha256,
        approval_sha256="",
        terms_sha256="",
        state=LicenceState.IN_FORCE,
        proposed_by=declared.declared_by,
        proposed_at_ns=declared.declared_at_ns,
        open_licence_id=declared.open_licence_id,
        licensor_signed_by=declared.declared_by,
        accepted_by=header.principal,
        licensee_signed_by=header.principal,
    )


def _put(state: ExchangeState, declared: OpenLicence, /, **changes: object) -> OpenLicence:
    changed = msgspec.structs.replace(declared, **changes)
    state.put(changed)
    return changed
