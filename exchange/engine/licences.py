"""Licences, step by step: proposed, accepted, publicised, signed and paid, recorded, over.

The licensee's money is in escrow from its signature until the licensor's; then the licence is in force and the money
leaves in one transfer, or before that it goes back.
"""

from __future__ import annotations

import msgspec

from custody.accounts import AccountKind
from custody.ledger import Leg
from exchange.core.ids import AccountId, DealId, LicenceId, make_id
from exchange.core.instruments import Settlement, Side
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import UserRight
from exchange.core.postings import Movement
from exchange.core.rejections import RejectCode, ensure
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import Minor, TimeNs, Units
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.deal_checks import days_of_publicity, party
from exchange.engine.documents import refuse_documents
from exchange.engine.licence_cases import (
    bank_and_money,
    cost_minor,
    end_licence,
    put_licence,
    refuse_party,
    tell,
    today,
)
from exchange.engine.licence_checks import (
    expires_at_ns,
    licence_fees,
    licensable,
    method_of_licence,
    recordal_due_ns,
    refuse_licence,
    rules_of_licence,
)
from exchange.engine.obligations import make_obligations
from exchange.engine.rules import disposal_overlay, profile_of
from exchange.engine.state import ExchangeState
from exchange.rulebook.disposal import period_end_ns
from matching.consideration import items_problem
from matching.deals import Deal, DealState
from matching.licence_messages import (
    BEFORE,
    AcceptLicence,
    Licence,
    LicenceAccepted,
    LicenceGranted,
    LicenceObjected,
    LicenceObjectionDismissed,
    LicenceProposed,
    LicencePublicityEnded,
    LicenceSigned,
    LicenceState,
    LicenceTerms,
    ObjectToLicence,
    ProposeLicence,
    ResolveLicence,
    SignLicence,
    WithdrawLicence,
    licence_terms_hash,
)
from matching.licences import scope_problem
from matching.messages import Market

# --- Proposal and acceptance ------------------------------------------------------------------------------------------


def propose_licence(state: ExchangeState, header: Header, command: ProposeLicence) -> list[Event]:
    """Offer a licence, under terms whose hash the licensee will name."""
    licensor_id = command.licensor_account_id
    refusal = refuse_account(state, header, licensor_id, UserRight.TRADE, value_minor=command.price_minor)
    if refusal is not None:
        return [refusal]
    draft = _draft(state, header, command)
    if isinstance(draft, Rejected):
        return [draft]
    if (refusal := refuse_licence(state, header, draft)) is not None:
        return [refusal]
    fees = licence_fees(state, draft)
    if isinstance(fees, Rejected):
        return [fees]
    licensor = party(state, licensor_id)
    if (refusal := refuse_documents(state, licensor.member_id, (command.contract_sha256,))) is not None:
        return [refusal]
    market = state.table(Market)[draft.market_id]
    profile = profile_of(state, market)
    bound = disposal_overlay(state, header, profile, licensor, draft.jurisdiction)
    if isinstance(bound, Rejected):
        return [bound]

    state.change()
    priced = msgspec.structs.replace(
        draft,
        licensee_fee_minor=Minor(fees[0]),
        licensor_fee_minor=Minor(fees[1]),
        overlays_version=bound[0].version if bound is not None else 0,
        publicity_days=days_of_publicity(bound),
    )
    terms = terms_of(market, priced)
    licence = put_licence(state, priced, terms_sha256=licence_terms_hash(terms))
    told = tell(state, header, licence)
    return [LicenceProposed(licence=licence, terms=terms, rules=rules_of_licence(profile), movement=told)]


def accept_licence(state: ExchangeState, header: Header, command: AcceptLicence) -> list[Event]:
    """The licensee takes the terms; where publicity is asked its clock starts, else the contract may be signed."""
    licence = state.table(Licence).get(command.licence_id)
    if licence is None:
        return [Rejected(code=RejectCode.LICENCE_UNKNOWN)]
    if (refusal := refuse_party(state, header, licence, Side.BUY)) is not None:
        return [refusal]
    if licence.state is not LicenceState.PROPOSED:
        return [Rejected(code=RejectCode.LICENCE_STATE, detail=licence.state)]
    if command.terms_sha256 != licence.terms_sha256:
        return [Rejected(code=RejectCode.LICENCE_TERMS_CHANGED, detail=f"terms_sha256={licence.terms_sha256}")]
    if (refusal := refuse_licence(state, header, licence)) is not None:
        return [refusal]
    until = _publicity_until(state, header, licence)
    if isinstance(until, Rejected):
        return [until]

    state.change()
    accepted = put_licence(state, licence, accepted_by=header.principal, **_publicity(licence, until))
    told = LicenceAccepted(licence=accepted, movement=tell(state, header, accepted))
    return [told, *_start_clock(state, header, accepted)]


def withdraw_licence(state: ExchangeState, header: Header, command: WithdrawLicence) -> list[Event]:
    """Either party steps back before there is a contract."""
    licence = state.table(Licence).get(command.licence_id)
    if licence is None:
        return [Rejected(code=RejectCode.LICENCE_UNKNOWN)]
    refusals = [refuse_party(state, header, licence, side, frozen_too=True) for side in Side]
    if None not in refusals:
        return [Rejected(code=RejectCode.LICENCE_NOT_PARTY)]
    if licence.state not in BEFORE:
        return [Rejected(code=RejectCode.LICENCE_STATE, detail=licence.state)]

    state.change()
    return end_licence(state, header, licence, LicenceState.WITHDRAWN, command.reason)


# --- Publicity and objections -----------------------------------------------------------------------------------------


def object_to_licence(state: ExchangeState, header: Header, command: ObjectToLicence) -> list[Event]:
    """Anybody may object while the licence is shown; its clock stands."""
    licence = state.table(Licence).get(command.licence_id)
    if licence is None:
        return [Rejected(code=RejectCode.LICENCE_UNKNOWN)]
    if licence.state is not LicenceState.PUBLICITY:
        return [Rejected(code=RejectCode.LICENCE_STATE, detail=licence.state)]

    state.change()
    objected = put_licence(
        state, licence, state=LicenceState.OBJECTED, objected_by=header.principal, publicity_until_ns=TimeNs(0)
    )
    dropped = timers.drop_timers(state, TimerKind.LICENCE_PUBLICITY_ENDS, licence.licence_id)
    told = tell(state, header, objected)
    return [LicenceObjected(licence=objected, reason=command.reason, movement=told), *dropped]


def resolve_licence(state: ExchangeState, header: Header, command: ResolveLicence) -> list[Event]:
    """Upheld ends it; dismissed shows it again for the whole period."""
    licence = state.table(Licence).get(command.licence_id)
    if licence is None:
        return [Rejected(code=RejectCode.LICENCE_UNKNOWN)]
    if licence.state is not LicenceState.OBJECTED:
        return [Rejected(code=RejectCode.LICENCE_STATE, detail=licence.state)]
    if header.principal == licence.objected_by:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    until = _publicity_until(state, header, licence)
    if not command.upheld and isinstance(until, Rejected):
        return [until]

    state.change()
    if command.upheld or isinstance(until, Rejected):
        return end_licence(state, header, licence, LicenceState.STOPPED, command.reason)
    shown = put_licence(state, licence, **_publicity(licence, until))
    told = tell(state, header, shown)
    dismissed = LicenceObjectionDismissed(licence=shown, reason=command.reason, movement=told)
    return [dismissed, *_start_clock(state, header, shown)]


def _publicity_until(state: ExchangeState, header: Header, licence: Licence) -> TimeNs | Rejected:
    """When a publicity that starts now would be over.

    Refused: calendar.not_covered.
    """
    market = state.table(Market)[licence.market_id]
    calendar = state.calendar(market.calendar, market.calendar_version)
    until = period_end_ns(calendar, header.at_ns, licence.publicity_days) if calendar is not None else None
    return Rejected(code=RejectCode.CALENDAR_NOT_COVERED, detail=market.calendar) if until is None else until


def _publicity(licence: Licence, until: TimeNs) -> dict[str, object]:
    """What an acceptance, or a dismissal, changes: the days begin, or there are none."""
    if not licence.publicity_days:
        return {"state": LicenceState.SIGNING}
    return {"state": LicenceState.PUBLICITY, "publicity_until_ns": until}


def _start_clock(state: ExchangeState, header: Header, licence: Licence) -> list[Event]:
    if licence.state is not LicenceState.PUBLICITY:
        return []
    due_ns = licence.publicity_until_ns
    return [timers.set_timer(state, header, TimerKind.LICENCE_PUBLICITY_ENDS, due_ns, licence.licence_id)]


def _publicity_ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Nobody objected in time."""
    licence = state.table(Licence)[LicenceId(timer.subject_id)]
    ensure(licence.state is LicenceState.PUBLICITY, "a publicity timer stands as long as the publicity runs")
    shown = put_licence(state, licence, state=LicenceState.SIGNING)
    return [LicencePublicityEnded(licence=shown, movement=tell(state, header, shown))]


timers.FIRINGS[TimerKind.LICENCE_PUBLICITY_ENDS] = _publicity_ends


# --- Contract ---------------------------------------------------------------------------------------------------------


def sign_licence(state: ExchangeState, header: Header, command: SignLicence) -> list[Event]:
    """One side signs; the licensee's money goes to escrow, and the second signature puts the licence in force."""
    licence = state.table(Licence).get(command.licence_id)
    if licence is None:
        return [Rejected(code=RejectCode.LICENCE_UNKNOWN)]
    takes = command.side is Side.BUY
    if (refusal := refuse_party(state, header, licence, command.side)) is not None:
        return [refusal]
    signers = (licence.licensee_signed_by, licence.licensor_signed_by)
    own, other = signers if takes else (signers[1], signers[0])
    if licence.state is not LicenceState.SIGNING or own:
        detail = f"{licence.state}, {command.side} signed" if own else licence.state
        return [Rejected(code=RejectCode.LICENCE_STATE, detail=detail)]
    if command.contract_sha256 != licence.contract_sha256:
        detail = f"contract_sha256={licence.contract_sha256}"
        return [Rejected(code=RejectCode.LICENCE_TERMS_CHANGED, detail=detail)]
    if header.principal == other:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    if (refusal := refuse_licence(state, header, licence)) is not None:
        return [refusal]
    if licence.scope.ends_on <= today(header):
        return [Rejected(code=RejectCode.LICENCE_TERMS_INVALID, detail=f"it ended on {licence.scope.ends_on}")]
    _, money_id = bank_and_money(state, licence)
    if takes and cost_minor(licence) > state.ledger.available(licence.licensee_account_id, money_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    name = "licensee_signed_by" if takes else "licensor_signed_by"
    escrow = Minor(cost_minor(licence)) if takes else licence.escrow_minor
    signed = put_licence(state, licence, **{name: header.principal}, escrow_minor=escrow)
    movement = _to_escrow(state, header, signed) if takes else tell(state, header, signed)
    told = LicenceSigned(licence=signed, side=command.side, movement=movement)
    return [told, *_grant(state, header, signed)] if other else [told]


def _to_escrow(state: ExchangeState, header: Header, licence: Licence) -> Movement:
    bank, money_id = bank_and_money(state, licence)
    legs: list[Leg] = []
    if licence.escrow_minor:
        legs = [
            (licence.licensee_account_id, money_id, -licence.escrow_minor),
            (bank.escrow_id, money_id, int(licence.escrow_minor)),
        ]
    return tell(state, header, licence, legs)


def _grant(state: ExchangeState, header: Header, licence: Licence) -> list[Event]:
    """The licence takes effect and is paid for, out of escrow. Call after the line."""
    bank, _ = bank_and_money(state, licence)
    ensure(licence.escrow_minor == cost_minor(licence), "a licence stands on its whole price in escrow")
    paid = put_licence(state, licence, escrow_minor=Minor(0), **in_force(state, header, licence))
    told = LicenceGranted(licence=paid, movement=pay(state, header, paid, bank.escrow_id))
    return [told, *begin(state, header, paid)]


def in_force(state: ExchangeState, header: Header, licence: Licence) -> dict[str, object]:
    """What changes when a licence takes effect now."""
    return {
        "state": LicenceState.IN_FORCE,
        "in_force_at_ns": header.at_ns,
        "recordal_due_ns": recordal_due_ns(state, header, licence),
    }


def pay(state: ExchangeState, header: Header, licence: Licence, from_id: AccountId) -> Movement:
    """The licensor gets the price less its fee, the venue both fees, in one transfer. Call after the line."""
    bank, money_id = bank_and_money(state, licence)
    fees = licence.licensee_fee_minor + licence.licensor_fee_minor
    legs: list[Leg] = [
        (from_id, money_id, -cost_minor(licence)),
        (licence.licensor_account_id, money_id, licence.price_minor - licence.licensor_fee_minor),
        (bank.fees_due_id, money_id, fees),
    ]
    return tell(state, header, licence, [leg for leg in legs if leg[2]])


def begin(state: ExchangeState, header: Header, licence: Licence) -> list[Event]:
    """Give a licence that took effect its dates, and put on record what it promised for later. Call after the line."""
    licence_id = licence.licence_id
    dated: list[Event] = [
        timers.set_timer(state, header, TimerKind.LICENCE_EXPIRES, expires_at_ns(licence), licence_id)
    ]
    if licence.recordal_due_ns:
        due_ns = licence.recordal_due_ns
        dated.append(timers.set_timer(state, header, TimerKind.LICENCE_RECORDAL_DUE, due_ns, licence_id))
    made = make_obligations(state, header, _as_contract(licence), method_of_licence(licence), licence_id)
    return [*dated, *made]


def _as_contract(licence: Licence) -> Deal:
    """The licence as obligations read a contract; it is never kept. Its number is the contract's."""
    return Deal(
        deal_id=DealId(licence.licence_id),
        market_id=licence.market_id,
        asset_id=licence.asset_id,
        units=Units(0),
        seller_account_id=licence.licensor_account_id,
        buyer_account_id=licence.licensee_account_id,
        price_minor=licence.price_minor,
        buyer_fee_minor=licence.licensee_fee_minor,
        seller_fee_minor=licence.licensor_fee_minor,
        fee_version=licence.fee_version,
        jurisdiction=licence.jurisdiction,
        overlays_version=licence.overlays_version,
        publicity_days=licence.publicity_days,
        related_party=False,
        wait_for_recordal=False,
        settlement=Settlement.BOOK_ENTRY,
        contract_sha256=licence.contract_sha256,
        terms_sha256=licence.terms_sha256,
        state=DealState.COMPLETED,
        proposed_by=licence.proposed_by,
        proposed_at_ns=licence.proposed_at_ns,
        items=licence.items,
    )


# --- Inside -----------------------------------------------------------------------------------------------------------


def _draft(state: ExchangeState, header: Header, command: ProposeLicence) -> Licence | Rejected:
    """The licence as it would stand, its fees and publicity still open, or what of its terms makes no licence."""
    licensee = state.accounts.get(command.licensee_account_id)
    if licensee is None or licensee.kind is not AccountKind.CLIENT:
        return Rejected(code=RejectCode.ACCOUNT_UNKNOWN, detail="licensee_account_id")
    market = state.table(Market).get(command.market_id)
    if market is None:
        return Rejected(code=RejectCode.MARKET_UNKNOWN)
    if not licensable(state, command.asset_id):
        return Rejected(code=RejectCode.ASSET_UNKNOWN, detail="a licence is of a whole right in custody")
    problem = scope_problem(command.scope)
    if not problem and licensee.member_id == state.accounts[command.licensor_account_id].member_id:
        problem = "licensor and licensee are one member"
    if not problem and command.items is not None:
        problem = items_problem(command.items)
    if not problem and command.scope.ends_on <= today(header):
        problem = f"it ended on {command.scope.ends_on}"
    if problem:
        return Rejected(code=RejectCode.LICENCE_TERMS_INVALID, detail=problem)
    return Licence(
        licence_id=LicenceId(make_id(header.sequence)),
        market_id=command.market_id,
        asset_id=command.asset_id,
        licensor_account_id=command.licensor_account_id,
        licensee_account_id=command.licensee_account_id,
        kind=command.kind,
        scope=command.scope,
        sublicence=command.sublicence,
        price_minor=command.price_minor,
        licensee_fee_minor=Minor(0),
        licensor_fee_minor=Minor(0),
        items=command.items,
        fee_version=state.version_in_force(PublishedKind.FEE_SCHEDULE, market.fee_schedule, header.at_ns),
        jurisdiction=command.jurisdiction,
        overlays_version=0,
        publicity_days=0,
        contract_sha256=command.contract_sha256,
        approval_sha256=command.approval_sha256 or "",
        terms_sha256="",
        state=LicenceState.PROPOSED,
        proposed_by=header.principal,
        proposed_at_ns=header.at_ns,
    )


def terms_of(market: Market, licence: Licence) -> LicenceTerms:
    """What both sides bind themselves to."""
    return LicenceTerms(
        market_id=licence.market_id,
        asset_id=licence.asset_id,
        licensor_account_id=licence.licensor_account_id,
        licensee_account_id=licence.licensee_account_id,
        kind=licence.kind,
        scope=licence.scope,
        sublicence=licence.sublicence,
        currency=market.currency,
        price_minor=licence.price_minor,
        licensee_fee_minor=licence.licensee_fee_minor,
        licensor_fee_minor=licence.licensor_fee_minor,
        contract_sha256=licence.contract_sha256,
        items=licence.items,
    )
