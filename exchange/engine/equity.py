"""Offers of a company's equity: proposed, accepted and told to the other members, who step in, waive, or say nothing.

What becomes of a contract, at the company's register, is in equity_register; what all of it uses, in equity_cases.
"""

from __future__ import annotations

import msgspec

from custody.accounts import AccountKind
from custody.company import Company, CompanyState
from custody.ledger import Leg
from exchange.core.ids import AccountId, EquityNoticeId, EquityOfferId, MemberId, make_id
from exchange.core.instruments import Side
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import UserRight
from exchange.core.postings import Movement
from exchange.core.rejections import InvariantBroken, RejectCode, ensure
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import NS_PER_DAY, Minor, TimeNs, Units
from exchange.engine import timers
from exchange.engine.access import acts_for_member, refuse_account
from exchange.engine.deal_checks import deal_fees, refuse_stopped
from exchange.engine.documents import refuse_documents
from exchange.engine.equity_cases import (
    bank_and_money,
    cost_minor,
    end_offer,
    enter_contract,
    move_offer,
    put_offer,
    refuse_party,
    terms_of,
)
from exchange.engine.equity_checks import is_member, refuse_transfer
from exchange.engine.order_terms import MAX_ORDER_MINOR
from exchange.engine.prior_claims import account_for
from exchange.engine.rules import profile_of
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.rulebook.disposal import period_end_ns
from exchange.rulebook.profile import cite
from matching.deals import DealPart
from matching.equity import (
    AcceptEquity,
    EquityAccepted,
    EquityExercised,
    EquityNotice,
    EquityNoticeClosed,
    EquityOffer,
    EquityOffered,
    EquityState,
    EquityWaived,
    ExerciseEquity,
    OfferEquity,
    WaiveEquity,
    WithdrawEquity,
    consent_given,
    equity_terms_hash,
)
from matching.messages import Market
from matching.preemption import ClaimState, split_claims

# --- Offer and acceptance ---------------------------------------------------------------------------------------------


def offer_equity(state: ExchangeState, header: Header, command: OfferEquity) -> list[Event]:
    """Offer units to one buyer."""
    seller_id = command.seller_account_id
    refusal = refuse_account(state, header, seller_id, UserRight.TRADE, value_minor=command.price_minor)
    if refusal is not None:
        return [refusal]
    draft = _draft(state, header, command)
    if isinstance(draft, Rejected):
        return [draft]
    if (refusal := refuse_transfer(state, header, draft)) is not None:
        return [refusal]
    market = state.table(Market)[draft.market_id]
    fees = deal_fees(state, market, draft.fee_version, draft.price_minor)
    if fees is None:
        return [Rejected(code=RejectCode.FEE_SCHEDULE_UNKNOWN, detail=f"{market.fee_schedule} does not price it")]
    if draft.price_minor + fees[0] > MAX_ORDER_MINOR:
        return [Rejected(code=RejectCode.LIMIT_EXCEEDED, detail=f"max_minor={MAX_ORDER_MINOR}")]
    member_id = state.accounts[seller_id].member_id
    if (refusal := refuse_documents(state, member_id, (command.contract_sha256,))) is not None:
        return [refusal]

    state.change()
    priced = msgspec.structs.replace(draft, buyer_fee_minor=Minor(fees[0]), seller_fee_minor=Minor(fees[1]))
    terms = terms_of(market, priced)
    offer = put_offer(state, priced, terms_sha256=equity_terms_hash(terms))
    profile = profile_of(state, market)
    rules = (cite(profile, "methods"), cite(profile, "settlement"))
    return [EquityOffered(offer=offer, terms=terms, rules=rules, movement=move_offer(state, header, offer))]


def _draft(state: ExchangeState, header: Header, command: OfferEquity) -> EquityOffer | Rejected:
    """The offer as it would stand, its fees still open."""
    company = state.table(Company).get(command.company_id)
    if company is None:
        return Rejected(code=RejectCode.COMPANY_UNKNOWN)
    if company.state is not CompanyState.FOUNDED:
        return Rejected(code=RejectCode.COMPANY_STATE, detail=company.state)
    buyer = state.accounts.get(command.buyer_account_id)
    if buyer is None or buyer.kind is not AccountKind.CLIENT:
        return Rejected(code=RejectCode.ACCOUNT_UNKNOWN, detail="buyer_account_id")
    if buyer.member_id in (company.member_id, state.accounts[command.seller_account_id].member_id):
        detail = "buyer and seller are one, or the company would buy its own equity"
        return Rejected(code=RejectCode.EQUITY_TERMS_INVALID, detail=detail)
    market = state.table(Market)[company.market_id]
    return EquityOffer(
        offer_id=EquityOfferId(make_id(header.sequence)),
        company_id=company.company_id,
        company_account_id=company.account_id,
        market_id=company.market_id,
        asset_id=company.asset_id,
        units=command.units,
        seller_account_id=command.seller_account_id,
        buyer_account_id=command.buyer_account_id,
        price_minor=command.price_minor,
        buyer_fee_minor=Minor(0),
        seller_fee_minor=Minor(0),
        fee_version=state.version_in_force(PublishedKind.FEE_SCHEDULE, market.fee_schedule, header.at_ns),
        contract_sha256=command.contract_sha256,
        terms_sha256="",
        state=EquityState.OFFERED,
        proposed_by=header.principal,
        proposed_at_ns=header.at_ns,
    )


def accept_equity(state: ExchangeState, header: Header, command: AcceptEquity) -> list[Event]:
    """The buyer is bound: its money waits in escrow, the units are held, and the other members are told."""
    offer = state.table(EquityOffer).get(command.offer_id)
    if offer is None:
        return [Rejected(code=RejectCode.EQUITY_UNKNOWN)]
    if (refusal := refuse_party(state, header, offer, Side.BUY)) is not None:
        return [refusal]
    if offer.state is not EquityState.OFFERED:
        return [Rejected(code=RejectCode.EQUITY_STATE, detail=offer.state)]
    if command.terms_sha256 != offer.terms_sha256:
        return [Rejected(code=RejectCode.EQUITY_TERMS_CHANGED, detail=f"terms_sha256={offer.terms_sha256}")]
    if header.principal == offer.proposed_by:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    if (refusal := refuse_transfer(state, header, offer)) is not None:
        return [refusal]
    bank, money_id = bank_and_money(state, offer)
    cost = cost_minor(offer)
    if cost > state.ledger.available(offer.buyer_account_id, money_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    legs: list[Leg] = [(offer.buyer_account_id, money_id, -cost), (bank.escrow_id, money_id, cost)]
    company = state.table(Company)[offer.company_id]
    bound = msgspec.structs.replace(
        offer, accepted_by=header.principal, accepted_at_ns=header.at_ns, escrow_minor=Minor(cost)
    )
    others = {} if is_member(state, company, offer.buyer_account_id) else contributions(state, offer)
    if not others:
        contracted = put_offer(state, bound, state=EquityState.CONTRACTED, contracted_at_ns=header.at_ns)
        movement = move_offer(state, header, contracted, legs, [_unit_hold(offer, 1)])
        accepted = EquityAccepted(offer=contracted, notices=(), movement=movement)
        return [accepted, *enter_contract(state, header, contracted)]
    until = _until(state, header, company, offer)
    told = put_offer(state, bound, state=EquityState.NOTICE, notice_until_ns=until)
    notices = _notices(state, header, told, others)
    concerned = [told.seller_account_id, told.buyer_account_id, *(notice.account_id for notice in notices)]
    movement = move_and_tell(state, header, dict.fromkeys(concerned), legs, [_unit_hold(offer, 1)])
    timer = timers.set_timer(state, header, TimerKind.EQUITY_NOTICE_ENDS, until, offer.offer_id)
    return [EquityAccepted(offer=told, notices=notices, movement=movement), timer]


def withdraw_equity(state: ExchangeState, header: Header, command: WithdrawEquity) -> list[Event]:
    """Either party steps back before the acceptance."""
    offer = state.table(EquityOffer).get(command.offer_id)
    if offer is None:
        return [Rejected(code=RejectCode.EQUITY_UNKNOWN)]
    if None not in [refuse_party(state, header, offer, side, frozen_too=True) for side in Side]:
        return [Rejected(code=RejectCode.EQUITY_NOT_PARTY)]
    if offer.state is not EquityState.OFFERED:
        return [Rejected(code=RejectCode.EQUITY_STATE, detail=offer.state)]

    state.change()
    return end_offer(state, header, offer, EquityState.WITHDRAWN, command.reason)


def _unit_hold(offer: EquityOffer, sign: int) -> Leg:
    return (offer.seller_account_id, offer.asset_id, sign * offer.units)


def contributions(state: ExchangeState, offer: EquityOffer) -> dict[MemberId, int]:
    """What each member besides the seller holds now, over all its accounts."""
    seller_id = state.accounts[offer.seller_account_id].member_id
    units: dict[MemberId, int] = {}
    for account_id, held in state.ledger.holders(offer.asset_id):
        member_id = state.accounts[account_id].member_id
        if member_id != seller_id:
            units[member_id] = units.get(member_id, 0) + held
    return units


def _until(state: ExchangeState, header: Header, company: Company, offer: EquityOffer) -> TimeNs:
    """The end of the charter's days, by the market's calendar; elapsed ones beyond its last published day."""
    market = state.table(Market)[offer.market_id]
    days = company.charter.notice_days
    calendar = state.calendar(market.calendar, market.calendar_version)
    until = period_end_ns(calendar, header.at_ns, days) if calendar is not None else None
    return until if until is not None else TimeNs(header.at_ns + days * NS_PER_DAY)


def _notices(
    state: ExchangeState, header: Header, offer: EquityOffer, others: dict[MemberId, int]
) -> tuple[EquityNotice, ...]:
    _, money_id = bank_and_money(state, offer)
    notices = tuple(
        EquityNotice(
            notice_id=EquityNoticeId(make_id(header.sequence, ordinal)),
            offer_id=offer.offer_id,
            asset_id=offer.asset_id,
            member_id=member_id,
            account_id=account_for(state, member_id, offer.asset_id),
            seller_account_id=offer.seller_account_id,
            money_asset_id=money_id,
            weight=Units(units),
            until_ns=offer.notice_until_ns,
            state=ClaimState.NOTIFIED,
        )
        for ordinal, (member_id, units) in enumerate(others.items())
    )
    for notice in notices:
        state.put(notice)
    return notices


# --- The other members ------------------------------------------------------------------------------------------------


def exercise_equity(state: ExchangeState, header: Header, command: ExerciseEquity) -> list[Event]:
    """A member steps in on the offer's terms: the whole cost is held until all have answered."""
    notice = state.table(EquityNotice).get(command.notice_id)
    if notice is None:
        return [Rejected(code=RejectCode.EQUITY_NOTICE_UNKNOWN)]
    offer = state.table(EquityOffer)[notice.offer_id]
    cost = cost_minor(offer)
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE, value_minor=cost)) is not None:
        return [refusal]
    if state.accounts[command.account_id].member_id != notice.member_id:
        return [Rejected(code=RejectCode.EQUITY_NOT_NOTIFIED)]
    if notice.state is not ClaimState.NOTIFIED:
        return [Rejected(code=RejectCode.EQUITY_NOTICE_STATE, detail=notice.state)]
    if command.terms_sha256 != offer.terms_sha256:
        return [Rejected(code=RejectCode.EQUITY_TERMS_CHANGED, detail=f"terms_sha256={offer.terms_sha256}")]
    if command.contract_sha256 != offer.contract_sha256:
        return [Rejected(code=RejectCode.EQUITY_TERMS_CHANGED, detail=f"contract_sha256={offer.contract_sha256}")]
    in_its_place = msgspec.structs.replace(offer, buyer_account_id=command.account_id)
    if (refusal := refuse_transfer(state, header, in_its_place)) is not None:
        return [refusal]
    if cost > state.ledger.available(command.account_id, notice.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    exercised = _answered(
        state, header, notice, account_id=command.account_id, state=ClaimState.EXERCISED, held_minor=Minor(cost)
    )
    told = dict.fromkeys((offer.seller_account_id, command.account_id))
    movement = move_and_tell(state, header, told, holds=[(command.account_id, notice.money_asset_id, cost)])
    return [EquityExercised(notice=exercised, movement=movement), *_close_if_answered(state, header, offer)]


def waive_equity(state: ExchangeState, header: Header, command: WaiveEquity) -> list[Event]:
    """A member does not step in."""
    notice = state.table(EquityNotice).get(command.notice_id)
    if notice is None:
        return [Rejected(code=RejectCode.EQUITY_NOTICE_UNKNOWN)]
    if not acts_for_member(state, header, notice.member_id, UserRight.TRADE):
        return [Rejected(code=RejectCode.EQUITY_NOT_NOTIFIED)]
    if notice.state is not ClaimState.NOTIFIED:
        return [Rejected(code=RejectCode.EQUITY_NOTICE_STATE, detail=notice.state)]

    state.change()
    waived = _answered(state, header, notice, state=ClaimState.WAIVED, consents=command.consents)
    offer = state.table(EquityOffer)[notice.offer_id]
    movement = move_and_tell(state, header, dict.fromkeys((offer.seller_account_id, notice.account_id)))
    return [EquityWaived(notice=waived, movement=movement), *_close_if_answered(state, header, offer)]


def _answered(state: ExchangeState, header: Header, notice: EquityNotice, /, **changes: object) -> EquityNotice:
    answered = msgspec.structs.replace(notice, answered_by=header.principal, answered_at_ns=header.at_ns, **changes)
    state.put(answered)
    return answered


# --- The end of the notice --------------------------------------------------------------------------------------------


def notices_on(state: ExchangeState, offer_id: EquityOfferId) -> list[EquityNotice]:
    """What the other members were told of an offer that still waits for them, in that order."""
    found = [notice for notice in state.table(EquityNotice).values() if notice.offer_id == offer_id]
    return sorted(found, key=lambda notice: notice.notice_id)


def _close_if_answered(state: ExchangeState, header: Header, offer: EquityOffer) -> list[Event]:
    """Nobody waits for days in which nothing more can come."""
    if any(notice.state is ClaimState.NOTIFIED for notice in notices_on(state, offer.offer_id)):
        return []
    dropped = timers.drop_timers(state, TimerKind.EQUITY_NOTICE_ENDS, offer.offer_id)
    return [*dropped, *_close(state, header, offer)]


def _time_is_up(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Who has said nothing has waived."""
    offer = state.table(EquityOffer)[EquityOfferId(timer.subject_id)]
    ensure(offer.state is EquityState.NOTICE, "a notice's timer stands as long as it runs")
    return _close(state, header, offer)


timers.FIRINGS[TimerKind.EQUITY_NOTICE_ENDS] = _time_is_up


def _close(state: ExchangeState, header: Header, offer: EquityOffer) -> list[Event]:
    """Members who stepped in take the units by their contributions, now; or the buyer does; or nobody may."""
    now = contributions(state, offer)
    notices = [
        msgspec.structs.replace(notice, weight=Units(now.get(notice.member_id, 0)))
        for notice in notices_on(state, offer.offer_id)
    ]
    takers = [
        notice
        for notice in notices
        if notice.state is ClaimState.EXERCISED and notice.weight and refuse_stopped(state, notice.account_id) is None
    ]
    if takers:
        return _members_take(state, header, offer, notices, takers)
    holds: list[Leg] = [(each.account_id, each.money_asset_id, -each.held_minor) for each in notices]
    majority = state.table(Company)[offer.company_id].charter.consent_majority_ppm
    agreed = consent_given([(each.weight, each.consents) for each in notices], majority)
    stopped = refuse_stopped(state, offer.buyer_account_id) is not None
    ended = _end_notices(state, notices, {})
    if agreed and not stopped:
        contracted = put_offer(state, offer, state=EquityState.CONTRACTED, contracted_at_ns=header.at_ns)
        movement = _tell_all(state, header, contracted, ended, holds=holds)
        closed = EquityNoticeClosed(offer=contracted, notices=ended, movement=movement)
        return [closed, *enter_contract(state, header, contracted)]
    movement = _tell_all(state, header, offer, ended, holds=holds)
    closed = EquityNoticeClosed(offer=offer, notices=ended, movement=movement)
    to, why = (EquityState.STOPPED, "the buyer is frozen") if agreed else (EquityState.DISSENTED, "too few consented")
    return [closed, *end_offer(state, header, offer, to, why)]


def _members_take(
    state: ExchangeState, header: Header, offer: EquityOffer, notices: list[EquityNotice], takers: list[EquityNotice]
) -> list[Event]:
    """Put the members in the outsider's place: its escrow goes back, theirs takes its place."""
    bank, money_id = bank_and_money(state, offer)
    parts = _parts(state, offer, takers)
    total = sum(part.price_minor + part.fee_minor for part in parts)
    legs: list[Leg] = [
        (bank.escrow_id, money_id, -offer.escrow_minor),
        (offer.buyer_account_id, money_id, int(offer.escrow_minor)),
        *((part.account_id, money_id, -(part.price_minor + part.fee_minor)) for part in parts),
        (bank.escrow_id, money_id, total),
    ]
    holds: list[Leg] = [(each.account_id, money_id, -each.held_minor) for each in notices]
    taken = put_offer(
        state,
        offer,
        state=EquityState.CONTRACTED,
        contracted_at_ns=header.at_ns,
        buyer_account_id=parts[0].account_id,
        displaced_account_id=offer.buyer_account_id,
        buyer_fee_minor=Minor(sum(part.fee_minor for part in parts)),
        escrow_minor=Minor(total),
        parts=parts,
    )
    ended = _end_notices(state, notices, {part.account_id: part for part in parts})
    movement = _tell_all(state, header, taken, ended, legs=legs, holds=holds)
    closed = EquityNoticeClosed(offer=taken, notices=ended, movement=movement)
    return [closed, *enter_contract(state, header, taken)]


def _parts(state: ExchangeState, offer: EquityOffer, takers: list[EquityNotice]) -> tuple[DealPart, ...]:
    """What each takes, pays, and is charged: the fee of its own price, as if it had bought that part alone."""
    market = state.table(Market)[offer.market_id]
    parts: list[DealPart] = []
    shares = split_claims(offer.units, offer.price_minor, [notice.weight for notice in takers])
    for notice, (units, price_minor) in zip(takers, shares, strict=True):
        if not units:
            continue
        fees = deal_fees(state, market, offer.fee_version, price_minor)
        if fees is None:
            raise InvariantBroken("an offer's schedule prices every part of it")
        ensure(price_minor + fees[0] <= notice.held_minor, "who steps in holds at least what its part costs")
        price, fee = Minor(price_minor), Minor(fees[0])
        parts.append(DealPart(account_id=notice.account_id, units=Units(units), price_minor=price, fee_minor=fee))
    return tuple(parts)


def _end_notices(
    state: ExchangeState, notices: list[EquityNotice], taken: dict[AccountId, DealPart]
) -> tuple[EquityNotice, ...]:
    """Every notice's last state: nothing is held any more."""
    ended: list[EquityNotice] = []
    for notice in notices:
        part = taken.get(notice.account_id) if notice.state is ClaimState.EXERCISED else None
        to = {ClaimState.EXERCISED: ClaimState.OUTRANKED, ClaimState.NOTIFIED: ClaimState.EXPIRED}
        over = msgspec.structs.replace(
            notice,
            state=ClaimState.TAKEN if part is not None else to.get(notice.state, notice.state),
            held_minor=Minor(0),
            units=part.units if part is not None else Units(0),
            price_minor=part.price_minor if part is not None else Minor(0),
            over=True,
        )
        state.put(over)
        ended.append(over)
    return tuple(ended)


def _tell_all(
    state: ExchangeState,
    header: Header,
    offer: EquityOffer,
    notices: tuple[EquityNotice, ...],
    *,
    legs: list[Leg] | None = None,
    holds: list[Leg] | None = None,
) -> Movement:
    """Tell the parties, an outsider that was displaced among them, the company, and every member that was asked."""
    concerned = [offer.seller_account_id, offer.buyer_account_id, offer.company_account_id]
    concerned += [offer.displaced_account_id] if offer.displaced_account_id else []
    concerned += [notice.account_id for notice in notices]
    return move_and_tell(state, header, dict.fromkeys(concerned), legs or (), holds or ())
