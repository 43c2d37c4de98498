"""Pre-emption inside a deal: holders of prior claims are told, answer in their days, and take the buyer's place.

It begins where the contract would be signed: after the publicity of an agreed price, at the award of a sale, at the
acceptance of a quote. Until it is over nobody signs and neither party steps back. Days are the market's calendar's, and
elapsed ones beyond its last published day, since an award by the clock cannot wait for a calendar.
"""

from __future__ import annotations

import msgspec

from custody.ledger import Leg
from exchange.core.ids import ORDINALS, DealId, PriorClaimId, make_id
from exchange.core.instruments import Side
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import SellerClass, UserRight
from exchange.core.postings import Movement
from exchange.core.rejections import InvariantBroken, RejectCode, ensure
from exchange.core.units import NS_PER_DAY, Minor, TimeNs, Units
from exchange.engine import timers
from exchange.engine.access import acts_for_member, refuse_account
from exchange.engine.deal_cases import bank_and_money, cost_minor, end_deal, follow, put_deal, terms_of
from exchange.engine.deal_checks import deal_fees, party, refuse_deal, refuse_knowing, refuse_stopped
from exchange.engine.deal_contracts import start_long_stop
from exchange.engine.prior_claims import account_for, claimants_on
from exchange.engine.rules import profile_of
from exchange.engine.sale_deals import method_of
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.rulebook.disposal import period_end_ns
from matching.deals import Deal, DealPart, DealState, terms_hash
from matching.messages import Market
from matching.preemption import (
    RANKS,
    ClaimState,
    ExercisePriorClaim,
    NotifiedClaim,
    PreemptionClosed,
    PreemptionOpened,
    PriorClaimExercised,
    WaivedInRound,
    WaiveInRound,
    split_claims,
)

# --- The beginning ----------------------------------------------------------------------------------------------------


def price_found(state: ExchangeState, header: Header, deal: Deal) -> dict[str, object]:
    """What a deal becomes once its price is found and shown: others are asked first, or it may be signed."""
    if not claimants_on(state, deal):
        return {"state": DealState.SIGNING}
    return {"state": DealState.PRE_EMPTION, "preemption_until_ns": _until(state, header, deal)}


def open_preemption(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    """Tell everybody who may step in, if the deal has come to that. Call after the line, when the deal is kept."""
    if deal.state is not DealState.PRE_EMPTION:
        return []
    _, money_id = bank_and_money(state, deal)
    standing = state.table(NotifiedClaim)
    free = (ordinal for ordinal in range(ORDINALS) if make_id(header.sequence, ordinal) not in standing)
    claims = tuple(
        NotifiedClaim(
            claim_id=PriorClaimId(make_id(header.sequence, ordinal)),
            deal_id=deal.deal_id,
            asset_id=deal.asset_id,
            kind=claimant.kind,
            member_id=claimant.member_id,
            account_id=account_for(state, claimant.member_id, deal.asset_id),
            seller_account_id=deal.seller_account_id,
            money_asset_id=money_id,
            weight=claimant.weight,
            until_ns=deal.preemption_until_ns,
            state=ClaimState.NOTIFIED,
        )
        for claimant, ordinal in zip(claimants_on(state, deal), free, strict=False)
    )
    for claim in claims:
        state.put(claim)
    opened = PreemptionOpened(
        deal=deal,
        terms=terms_of(_market(state, deal), deal),
        claims=claims,
        movement=_tell(state, header, deal, claims),
    )
    due_ns = deal.preemption_until_ns
    return [opened, timers.set_timer(state, header, TimerKind.DEAL_PRE_EMPTION_ENDS, due_ns, deal.deal_id)]


def _until(state: ExchangeState, header: Header, deal: Deal) -> TimeNs:
    market = _market(state, deal)
    days = profile_of(state, market).fields.first_refusal_days.value
    calendar = state.calendar(market.calendar, market.calendar_version)
    until = period_end_ns(calendar, header.at_ns, days) if calendar is not None else None
    return until if until is not None else TimeNs(header.at_ns + days * NS_PER_DAY)


# --- Answers ----------------------------------------------------------------------------------------------------------


def exercise_claim(state: ExchangeState, header: Header, command: ExercisePriorClaim) -> list[Event]:
    """A holder steps in on the deal's terms: the whole cost is held until all have answered."""
    claim = state.table(NotifiedClaim).get(command.claim_id)
    if claim is None:
        return [Rejected(code=RejectCode.PRIOR_CLAIM_UNKNOWN)]
    deal = state.table(Deal)[claim.deal_id]
    cost = cost_minor(deal)
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE, value_minor=cost)) is not None:
        return [refusal]
    if state.accounts[command.account_id].member_id != claim.member_id:
        return [Rejected(code=RejectCode.PRIOR_CLAIM_NOT_HOLDER)]
    if claim.state is not ClaimState.NOTIFIED:
        return [Rejected(code=RejectCode.PRIOR_CLAIM_STATE, detail=claim.state)]
    if command.terms_sha256 != deal.terms_sha256:
        return [Rejected(code=RejectCode.DEAL_TERMS_CHANGED, detail=f"terms_sha256={deal.terms_sha256}")]
    if command.contract_sha256 != deal.contract_sha256:
        return [Rejected(code=RejectCode.DEAL_TERMS_CHANGED, detail=f"contract_sha256={deal.contract_sha256}")]
    in_its_place = msgspec.structs.replace(deal, buyer_account_id=command.account_id)
    refusal = refuse_deal(state, header, in_its_place) or refuse_knowing(state, header, in_its_place, Side.BUY)
    if refusal is not None:
        return [refusal]
    if cost > state.ledger.available(command.account_id, claim.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    exercised = msgspec.structs.replace(
        claim,
        account_id=command.account_id,
        state=ClaimState.EXERCISED,
        held_minor=Minor(cost),
        answered_by=header.principal,
        answered_at_ns=header.at_ns,
    )
    state.put(exercised)
    holds = [(command.account_id, claim.money_asset_id, cost)]
    movement = _tell(state, header, deal, (exercised,), holds=holds)
    return [PriorClaimExercised(claim=exercised, movement=movement), *_close_if_answered(state, header, deal)]


def waive_in_round(state: ExchangeState, header: Header, command: WaiveInRound) -> list[Event]:
    """A holder lets this deal go to its buyer."""
    claim = state.table(NotifiedClaim).get(command.claim_id)
    if claim is None:
        return [Rejected(code=RejectCode.PRIOR_CLAIM_UNKNOWN)]
    if not acts_for_member(state, header, claim.member_id, UserRight.TRADE):
        return [Rejected(code=RejectCode.PRIOR_CLAIM_NOT_HOLDER)]
    if claim.state is not ClaimState.NOTIFIED:
        return [Rejected(code=RejectCode.PRIOR_CLAIM_STATE, detail=claim.state)]

    state.change()
    deal = state.table(Deal)[claim.deal_id]
    waived = msgspec.structs.replace(
        claim, state=ClaimState.WAIVED, answered_by=header.principal, answered_at_ns=header.at_ns
    )
    state.put(waived)
    told = WaivedInRound(claim=waived, movement=_tell(state, header, deal, (waived,)))
    return [told, *_close_if_answered(state, header, deal)]


def _time_is_up(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Who has said nothing has waived."""
    deal = state.table(Deal)[DealId(timer.subject_id)]
    ensure(deal.state is DealState.PRE_EMPTION, "a pre-emption's timer stands as long as it runs")
    return _close(state, header, deal)


timers.FIRINGS[TimerKind.DEAL_PRE_EMPTION_ENDS] = _time_is_up


# --- The end ----------------------------------------------------------------------------------------------------------


def _close_if_answered(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    """Nobody waits for days in which nothing more can come."""
    if any(claim.state is ClaimState.NOTIFIED for claim in claims_on(state, deal.deal_id)):
        return []
    return [
        *timers.drop_timers(state, TimerKind.DEAL_PRE_EMPTION_ENDS, deal.deal_id),
        *_close(state, header, deal),
    ]


def claims_on(state: ExchangeState, deal_id: DealId) -> list[NotifiedClaim]:
    """The claims on a deal that are not over, as they were notified."""
    found = [claim for claim in state.table(NotifiedClaim).values() if claim.deal_id == deal_id]
    return sorted(found, key=lambda claim: claim.claim_id)


def _drop_claims(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    """Nobody may step in any more, for the deal itself will be stopped: what each held is free. Call after the line."""
    return [
        *timers.drop_timers(state, TimerKind.DEAL_PRE_EMPTION_ENDS, deal.deal_id),
        *_buyer_goes_on(state, header, deal, claims_on(state, deal.deal_id)),
    ]


def _close(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    """Let the first-ranking claims that were exercised take the deal, or else its buyer go on. Call after the line."""
    claims = claims_on(state, deal.deal_id)
    exercised = [
        claim
        for claim in claims
        if claim.state is ClaimState.EXERCISED and refuse_stopped(state, claim.account_id) is None
    ]
    first = min((RANKS.index(claim.kind) for claim in exercised), default=None)
    takers = [claim for claim in exercised if RANKS.index(claim.kind) == first]
    if not takers:
        return _buyer_goes_on(state, header, deal, claims)
    if state.ledger.available(deal.seller_account_id, deal.asset_id) < deal.units - deal.held_units:
        # Only a correction can have taken the units away meanwhile: there is nothing left to take.
        closed = _buyer_goes_on(state, header, deal, claims)
        return [*closed, *end_deal(state, header, state.table(Deal)[deal.deal_id], DealState.STOPPED, "units are gone")]
    return _claims_are_taken(state, header, deal, claims, takers)


def stop_deal(state: ExchangeState, header: Header, deal: Deal, reason: str) -> list[Event]:
    """End a deal that somebody outside it stops, whatever it waits for: claims on it first. Call after the line."""
    if deal.state is not DealState.PRE_EMPTION:
        return end_deal(state, header, deal, DealState.STOPPED, reason)
    dropped = _drop_claims(state, header, deal)
    return [*dropped, *end_deal(state, header, state.table(Deal)[deal.deal_id], DealState.STOPPED, reason)]


def _buyer_goes_on(state: ExchangeState, header: Header, deal: Deal, claims: list[NotifiedClaim]) -> list[Event]:
    releases = [(claim.account_id, claim.money_asset_id, -claim.held_minor) for claim in claims]
    signing = put_deal(state, deal, state=DealState.SIGNING)
    ended = _end_claims(state, claims, {})
    closed = PreemptionClosed(
        deal=signing, terms=None, claims=ended, movement=_tell(state, header, signing, ended, holds=releases)
    )
    return [closed, *follow(state, header, signing)]


def _claims_are_taken(
    state: ExchangeState, header: Header, deal: Deal, claims: list[NotifiedClaim], takers: list[NotifiedClaim]
) -> list[Event]:
    """Put the takers in the buyer's place, their signatures given and their money in escrow."""
    bank, money_id = bank_and_money(state, deal)
    parts = _parts(state, deal, takers)
    holds: list[Leg] = [(claim.account_id, money_id, -claim.held_minor) for claim in claims]
    if not deal.block:
        holds.append((deal.seller_account_id, deal.asset_id, int(deal.units)))
    legs: list[Leg] = [(part.account_id, money_id, -(part.price_minor + part.fee_minor)) for part in parts]
    total = sum(part.price_minor + part.fee_minor for part in parts)
    legs.append((bank.escrow_id, money_id, total))
    inventors = [party(state, part.account_id).seller_class is SellerClass.INVENTOR for part in parts]
    draft = msgspec.structs.replace(
        deal,
        buyer_account_id=parts[0].account_id,
        displaced_account_id=deal.buyer_account_id,
        parts=parts,
        buyer_fee_minor=Minor(sum(part.fee_minor for part in parts)),
        related_party=any(inventors),
        escrow_minor=Minor(total),
        buyer_signed_by=takers[0].answered_by,
        buyer_signed_at_ns=takers[0].answered_at_ns,
        state=DealState.SIGNING,
    )
    terms = terms_of(_market(state, deal), draft)
    taken = put_deal(state, draft, terms_sha256=terms_hash(terms))
    ended = _end_claims(state, claims, {part.account_id: part for part in parts})
    closed = PreemptionClosed(
        deal=taken, terms=terms, claims=ended, movement=_tell(state, header, taken, ended, legs=legs, holds=holds)
    )
    return [closed, *start_long_stop(state, header, taken), *follow(state, header, taken)]


def _parts(state: ExchangeState, deal: Deal, takers: list[NotifiedClaim]) -> tuple[DealPart, ...]:
    """What each takes, pays, and is charged: the fee of its own price, as if it had bought that part alone."""
    parts: list[DealPart] = []
    shares = split_claims(deal.units, deal.price_minor, [claim.weight for claim in takers])
    for claim, (units, price_minor) in zip(takers, shares, strict=True):
        if not units:
            continue
        fees = deal_fees(state, _market(state, deal), deal.fee_version, price_minor, method_of(state, deal))
        if fees is None:
            raise InvariantBroken("a deal's schedule prices every part of it")
        ensure(price_minor + fees[0] <= claim.held_minor, "who steps in holds at least what its part costs")
        parts.append(
            DealPart(
                account_id=claim.account_id,
                units=Units(units),
                price_minor=Minor(price_minor),
                fee_minor=Minor(fees[0]),
            )
        )
    return tuple(parts)


def _end_claims(
    state: ExchangeState, claims: list[NotifiedClaim], taken: dict[int, DealPart]
) -> tuple[NotifiedClaim, ...]:
    """Every claim's last state: nothing is held any more."""
    ended: list[NotifiedClaim] = []
    for claim in claims:
        part = taken.get(claim.account_id) if claim.state is ClaimState.EXERCISED else None
        if part is not None:
            over = msgspec.structs.replace(
                claim, state=ClaimState.TAKEN, held_minor=Minor(0), units=part.units, price_minor=part.price_minor
            )
        else:
            lost = claim.state is ClaimState.EXERCISED
            to = ClaimState.OUTRANKED if lost else ClaimState.EXPIRED
            over = msgspec.structs.replace(claim, state=to, held_minor=Minor(0))
        state.put(over)
        ended.append(over)
    return tuple(ended)


def _market(state: ExchangeState, deal: Deal) -> Market:
    return state.table(Market)[deal.market_id]


def _tell(
    state: ExchangeState,
    header: Header,
    deal: Deal,
    claims: tuple[NotifiedClaim, ...],
    *,
    legs: list[Leg] | None = None,
    holds: list[Leg] | None = None,
) -> Movement:
    """Tell the parties, the buyer that was displaced among them, and the holders of these claims."""
    concerned = [deal.seller_account_id, deal.buyer_account_id]
    concerned += [deal.displaced_account_id] if deal.displaced_account_id else []
    concerned += [claim.account_id for claim in claims]
    return move_and_tell(state, header, dict.fromkeys(concerned), legs or (), holds or ())
