"""Agreements, step by step: proposed, accepted, publicised, signed, recorded; or ended, with everything sent back.

The money is in escrow exactly as long as the right's units are held, and leaves it in one transfer: against the right
to the seller, or back to the buyer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import msgspec

from custody.accounts import AccountKind, Bank
from custody.ledger import Leg
from custody.pilot import Pilot, PilotState
from custody.rights import Right
from exchange.core.calendar import local_date
from exchange.core.ids import AccountId, AssetId, DealId, make_id, to_wire
from exchange.core.instruments import AssetKind, Settlement, Side, TitleRegime
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import SellerClass, UserRight
from exchange.core.postings import Movement
from exchange.core.rejections import InvariantBroken, RejectCode, ensure
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import Minor, TimeNs
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.deal_checks import (
    awaits_office,
    days_of_publicity,
    deal_fees,
    overlay_of_deal,
    party,
    refuse_deal,
    refuse_frozen_assets,
    refuse_stopped,
    rules_of_deal,
)
from exchange.engine.documents import refuse_documents
from exchange.engine.listings import end_listing
from exchange.engine.obligations import make_obligations
from exchange.engine.order_terms import MAX_ORDER_MINOR
from exchange.engine.rights import pass_title
from exchange.engine.rules import profile_of
from exchange.engine.sale_deals import (
    deposit_towards,
    free_deposit,
    method_of,
    refuse_before_the_set,
    refuse_beside_sale,
    refuse_step_back,
)
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.rulebook.disposal import long_stop_ns, period_end_ns
from matching.consideration import Items, items_problem, promised_minor
from matching.deals import (
    OPEN,
    AcceptDeal,
    ConfirmRecordal,
    Consideration,
    Deal,
    DealAccepted,
    DealCompleted,
    DealEnded,
    DealObjected,
    DealProposed,
    DealPublicityEnded,
    DealSigned,
    DealState,
    DealTerms,
    LastSale,
    ObjectionDismissed,
    ObjectToDeal,
    ProposeDeal,
    RefuseRecordal,
    ResolveObjection,
    SignDeal,
    WithdrawDeal,
    terms_hash,
)
from matching.listing import ListingState
from matching.listing_messages import Listing
from matching.lot_messages import DealOpened
from matching.messages import Market

Follower = Callable[[ExchangeState, Header, Deal], list[Event]]
FOLLOWERS: list[Follower] = []
"""Who hears of a deal's every step, when it is taken: the public sale it came out of adds itself at import."""

# --- Proposal and acceptance ------------------------------------------------------------------------------------------


def propose_deal(state: ExchangeState, header: Header, command: ProposeDeal) -> list[Event]:
    """Offer a right to a buyer, under terms whose hash the buyer will name."""
    seller_id = command.seller_account_id
    if (
        refusal := refuse_account(state, header, seller_id, UserRight.TRADE, value_minor=command.price_minor)
    ) is not None:
        return [refusal]
    draft = _draft(state, header, command)
    if isinstance(draft, Rejected):
        return [draft]
    if (refusal := refuse_deal(state, header, draft)) is not None:
        return [refusal]
    if (refusal := refuse_beside_sale(state, draft)) is not None:
        return [refusal]
    market = state.table(Market)[draft.market_id]
    fees = deal_fees(state, market, draft.fee_version, draft.price_minor)
    if fees is None:
        return [Rejected(code=RejectCode.FEE_SCHEDULE_UNKNOWN, detail=f"{market.fee_schedule} does not price it")]
    if draft.price_minor + fees[0] + promised_minor(draft.items) > MAX_ORDER_MINOR:
        return [Rejected(code=RejectCode.LIMIT_EXCEEDED, detail=f"max_minor={MAX_ORDER_MINOR}")]
    seller = party(state, seller_id)
    if (refusal := refuse_documents(state, seller.member_id, (command.contract_sha256,))) is not None:
        return [refusal]
    profile = profile_of(state, market)
    bound = overlay_of_deal(state, header, profile, draft)
    if isinstance(bound, Rejected):
        return [bound]

    state.change()
    terms = _terms(market, draft, *fees)
    deal = _put(
        state,
        draft,
        buyer_fee_minor=terms.buyer_fee_minor,
        seller_fee_minor=terms.seller_fee_minor,
        overlays_version=bound[0].version if bound is not None else 0,
        publicity_days=days_of_publicity(bound),
        terms_sha256=terms_hash(terms),
    )
    told = _move(state, header, deal)
    proposed = DealProposed(deal=deal, terms=terms, rules=rules_of_deal(profile, bound), movement=told)
    return [proposed, *_follow(state, header, deal)]


def accept_deal(state: ExchangeState, header: Header, command: AcceptDeal) -> list[Event]:
    """The buyer takes the terms; where publicity is asked its clock starts, else the contract may be signed."""
    deal = state.table(Deal).get(command.deal_id)
    if deal is None:
        return [Rejected(code=RejectCode.DEAL_UNKNOWN)]
    if (refusal := _refuse_party(state, header, deal, Side.BUY)) is not None:
        return [refusal]
    if deal.state is not DealState.PROPOSED:
        return [Rejected(code=RejectCode.DEAL_STATE, detail=deal.state)]
    if command.terms_sha256 != deal.terms_sha256:
        return [Rejected(code=RejectCode.DEAL_TERMS_CHANGED, detail=f"terms_sha256={deal.terms_sha256}")]
    if (refusal := refuse_deal(state, header, deal)) is not None:
        return [refusal]
    until = _publicity_until(state, header, deal)
    if isinstance(until, Rejected):
        return [until]

    state.change()
    accepted = _put(state, deal, accepted_by=header.principal, accepted_at_ns=header.at_ns, **_publicity(deal, until))
    event = DealAccepted(deal=accepted, movement=_move(state, header, accepted))
    return [event, *_start_clock(state, header, accepted), *_follow(state, header, accepted)]


def withdraw_deal(state: ExchangeState, header: Header, command: WithdrawDeal) -> list[Event]:
    """Either party steps back before there is a contract."""
    deal = state.table(Deal).get(command.deal_id)
    if deal is None:
        return [Rejected(code=RejectCode.DEAL_UNKNOWN)]
    refusals = [_refuse_party(state, header, deal, side, frozen_too=True) for side in Side]
    if None not in refusals:
        return [Rejected(code=RejectCode.DEAL_NOT_PARTY)]
    if deal.state not in OPEN:
        return [Rejected(code=RejectCode.DEAL_STATE, detail=deal.state)]
    bound = [refuse_step_back(state, deal, side) for side, refused in zip(Side, refusals, strict=True) if not refused]
    if bound[0] is not None:
        return [bound[0]]

    state.change()
    return end_deal(state, header, deal, DealState.WITHDRAWN, command.reason)


# --- Publicity and objections -----------------------------------------------------------------------------------------


def object_to_deal(state: ExchangeState, header: Header, command: ObjectToDeal) -> list[Event]:
    """Anybody may object while the deal is shown; its clock stands."""
    deal = state.table(Deal).get(command.deal_id)
    if deal is None:
        return [Rejected(code=RejectCode.DEAL_UNKNOWN)]
    if deal.state is not DealState.PUBLICITY:
        return [Rejected(code=RejectCode.DEAL_STATE, detail=deal.state)]

    state.change()
    objected = _put(state, deal, state=DealState.OBJECTED, objected_by=header.principal, publicity_until_ns=TimeNs(0))
    dropped = timers.drop_timers(state, TimerKind.DEAL_PUBLICITY_ENDS, deal.deal_id)
    told = _move(state, header, objected)
    return [DealObjected(deal=objected, reason=command.reason, movement=told), *dropped]


def resolve_objection(state: ExchangeState, header: Header, command: ResolveObjection) -> list[Event]:
    """Upheld ends the deal; dismissed shows it again for the whole period."""
    deal = state.table(Deal).get(command.deal_id)
    if deal is None:
        return [Rejected(code=RejectCode.DEAL_UNKNOWN)]
    if deal.state is not DealState.OBJECTED:
        return [Rejected(code=RejectCode.DEAL_STATE, detail=deal.state)]
    if header.principal == deal.objected_by:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    until = _publicity_until(state, header, deal)
    if not command.upheld and isinstance(until, Rejected):
        return [until]

    state.change()
    if command.upheld or isinstance(until, Rejected):
        return end_deal(state, header, deal, DealState.STOPPED, command.reason)
    shown = _put(state, deal, **_publicity(deal, until))
    told = _move(state, header, shown)
    dismissed = ObjectionDismissed(deal=shown, reason=command.reason, movement=told)
    return [dismissed, *_start_clock(state, header, shown)]


def _publicity_until(state: ExchangeState, header: Header, deal: Deal) -> TimeNs | Rejected:
    """When a publicity that starts now would be over.

    Refused: calendar.not_covered.
    """
    market = state.table(Market)[deal.market_id]
    calendar = state.calendar(market.calendar, market.calendar_version)
    until = period_end_ns(calendar, header.at_ns, deal.publicity_days) if calendar is not None else None
    return Rejected(code=RejectCode.CALENDAR_NOT_COVERED, detail=market.calendar) if until is None else until


def _publicity(deal: Deal, until: TimeNs) -> dict[str, object]:
    """What an acceptance, or a dismissal, changes: the days begin, or there are none."""
    if not deal.publicity_days:
        return {"state": DealState.SIGNING}
    return {"state": DealState.PUBLICITY, "publicity_until_ns": until}


def _start_clock(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    if deal.state is not DealState.PUBLICITY:
        return []
    return [timers.set_timer(state, header, TimerKind.DEAL_PUBLICITY_ENDS, deal.publicity_until_ns, deal.deal_id)]


def _publicity_ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Nobody objected in time."""
    deal = state.table(Deal)[DealId(timer.subject_id)]
    ensure(deal.state is DealState.PUBLICITY, "a publicity timer stands as long as the publicity runs")
    shown = _put(state, deal, state=DealState.SIGNING)
    return [DealPublicityEnded(deal=shown, movement=_move(state, header, shown)), *_follow(state, header, shown)]


# --- Contract and completion ------------------------------------------------------------------------------------------


def sign_deal(state: ExchangeState, header: Header, command: SignDeal) -> list[Event]:
    """One side signs; the buyer's money goes to escrow, and where no office is waited for the second one completes."""
    deal = state.table(Deal).get(command.deal_id)
    if deal is None:
        return [Rejected(code=RejectCode.DEAL_UNKNOWN)]
    buys = command.side is Side.BUY
    if (refusal := _refuse_party(state, header, deal, command.side)) is not None:
        return [refusal]
    if deal.state in (DealState.PUBLICITY, DealState.OBJECTED):
        return [Rejected(code=RejectCode.DEAL_PUBLICITY_RUNNING, detail=deal.state)]
    own, other = _signers(deal, command.side)
    if deal.state is not DealState.SIGNING or own:
        return [
            Rejected(code=RejectCode.DEAL_STATE, detail=f"{deal.state}, {command.side} signed" if own else deal.state)
        ]
    if command.contract_sha256 != deal.contract_sha256:
        return [Rejected(code=RejectCode.DEAL_TERMS_CHANGED, detail=f"contract_sha256={deal.contract_sha256}")]
    if header.principal == other:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    if (refusal := refuse_deal(state, header, deal)) is not None:
        return [refusal]
    if (refusal := refuse_before_the_set(state, deal, command.side)) is not None:
        return [refusal]
    money_id = state.table(Market)[deal.market_id].money_asset_id
    available = state.ledger.available(deal.buyer_account_id, money_id) + deposit_towards(state, deal)
    if buys and _cost(deal) > available:
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    freed = free_deposit(state, header, deal) if buys else []
    both = bool(other)
    signed = _put(
        state,
        deal,
        **_signature(header, command.side),
        escrow_minor=Minor(_cost(deal)) if buys else deal.escrow_minor,
        state=DealState.CONTRACTED if both else DealState.SIGNING,
        contracted_at_ns=header.at_ns if both else TimeNs(0),
    )
    movement = _to_escrow(state, header, signed) if buys else _move(state, header, signed)
    events: list[Event] = [*freed, DealSigned(deal=signed, side=command.side, movement=movement)]
    if both and signed.settlement is Settlement.BOOK_ENTRY:
        signed_on = local_date(header.at_ns, VENUE_TIME_ZONE).isoformat()
        return [*events, *_complete(state, header, signed, signed_on, "")]
    return [*events, *_start_long_stop(state, header, signed), *_follow(state, header, signed)]


def confirm_recordal(state: ExchangeState, header: Header, command: ConfirmRecordal) -> list[Event]:
    """The office recorded the transfer: right against price, in one transfer."""
    deal = _contracted(state, command.deal_id)
    if isinstance(deal, Rejected):
        return [deal]
    if (refusal := _refuse_recordal_date(header, deal, command.effective_date)) is not None:
        return [refusal]
    for account_id in (deal.seller_account_id, deal.buyer_account_id):
        if (refusal := refuse_stopped(state, account_id)) is not None:
            return [refusal]
    money_id = state.table(Market)[deal.market_id].money_asset_id
    if (refusal := refuse_frozen_assets(state, deal.asset_id, money_id)) is not None:
        return [refusal]

    state.change()
    return _complete(state, header, deal, command.effective_date, command.office_reference)


def refuse_recordal(state: ExchangeState, header: Header, command: RefuseRecordal) -> list[Event]:
    """The office refused: the contract is unwound."""
    deal = _contracted(state, command.deal_id)
    if isinstance(deal, Rejected):
        return [deal]
    money_id = state.table(Market)[deal.market_id].money_asset_id
    if (refusal := refuse_frozen_assets(state, deal.asset_id, money_id)) is not None:
        return [refusal]

    state.change()
    told = _put(state, deal, office_reference=command.office_reference, known_at_ns=header.at_ns)
    return end_deal(state, header, told, DealState.RECORDAL_REFUSED, command.reason)


def _long_stop(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Time is up: what was taken goes back, to a frozen account too, since nobody asks for it and it stays there."""
    deal = state.table(Deal)[DealId(timer.subject_id)]
    ensure(deal.escrow_minor > 0, "a long stop stands as long as the escrow")
    return end_deal(state, header, deal, DealState.LAPSED, "long stop")


timers.FIRINGS[TimerKind.DEAL_PUBLICITY_ENDS] = _publicity_ends
timers.FIRINGS[TimerKind.DEAL_LONG_STOP] = _long_stop


# --- Inside: what may be refused --------------------------------------------------------------------------------------


def _draft(state: ExchangeState, header: Header, command: ProposeDeal) -> Deal | Rejected:
    """The deal as it would stand, its fees and publicity still open, or what of its terms makes no deal."""
    buyer_account = state.accounts.get(command.buyer_account_id)
    if buyer_account is None or buyer_account.kind is not AccountKind.CLIENT:
        return Rejected(code=RejectCode.ACCOUNT_UNKNOWN, detail="buyer_account_id")
    market = state.table(Market).get(command.market_id)
    if market is None:
        return Rejected(code=RejectCode.MARKET_UNKNOWN)
    asset = state.assets.get(command.asset_id)
    if asset is None or asset.kind is not AssetKind.RIGHT:
        return Rejected(code=RejectCode.ASSET_UNKNOWN, detail="a deal is about a whole right in custody")
    if (refusal := _refuse_items(command)) is not None:
        return refusal
    if buyer_account.member_id == state.accounts[command.seller_account_id].member_id:
        return Rejected(code=RejectCode.DEAL_TERMS_INVALID, detail="buyer and seller are one member")
    right = state.table(Right)[command.asset_id]
    if command.wait_for_recordal and right.title_regime is TitleRegime.CONTRACT_REGISTER:
        return Rejected(code=RejectCode.DEAL_TERMS_INVALID, detail="no office records this right")
    if (other := state.find(Deal, command.asset_id)) is not None:
        return Rejected(code=RejectCode.DEAL_STATE, detail=f"{to_wire('D', other.deal_id)} is {other.state}")
    pilot = state.find(Pilot, right.outcome_id) if right.outcome_id else None
    if pilot is not None and pilot.state is not PilotState.COMPLETED:
        return Rejected(code=RejectCode.PILOT_STATE, detail=f"{to_wire('J', pilot.pilot_id)} is {pilot.state}")
    buyer = party(state, command.buyer_account_id)
    awaits = awaits_office(right, command.wait_for_recordal)
    return Deal(
        deal_id=DealId(make_id(header.sequence)),
        market_id=command.market_id,
        asset_id=command.asset_id,
        units=asset.total_units,
        seller_account_id=command.seller_account_id,
        buyer_account_id=command.buyer_account_id,
        price_minor=command.price_minor,
        buyer_fee_minor=Minor(0),
        seller_fee_minor=Minor(0),
        fee_version=state.version_in_force(PublishedKind.FEE_SCHEDULE, market.fee_schedule, header.at_ns),
        jurisdiction=command.jurisdiction,
        overlays_version=0,
        publicity_days=0,
        related_party=command.related_party or buyer.seller_class is SellerClass.INVENTOR,
        wait_for_recordal=command.wait_for_recordal,
        settlement=Settlement.RECORDAL if awaits else Settlement.BOOK_ENTRY,
        contract_sha256=command.contract_sha256,
        terms_sha256="",
        state=DealState.PROPOSED,
        proposed_by=header.principal,
        proposed_at_ns=header.at_ns,
        items=command.items,
    )


def _refuse_items(command: ProposeDeal) -> Rejected | None:
    """Whether what is paid beside cash is no sound contract, or not what its kinds say.

    Refused: deal.consideration_not_supported, deal.terms_invalid.
    """
    has = kinds_of(command.items)
    without = [kind.value for kind in command.consideration if kind not in has]
    if without or not command.consideration:
        detail = f"no items of {', '.join(without)}" if without else "no consideration"
        return Rejected(code=RejectCode.DEAL_CONSIDERATION_NOT_SUPPORTED, detail=detail)
    problem = items_problem(command.items) if command.items is not None else ""
    return Rejected(code=RejectCode.DEAL_TERMS_INVALID, detail=problem) if problem else None


def kinds_of(items: Items | None) -> tuple[Consideration, ...]:
    """What a right is paid in: cash at signing, and the kinds of its items."""
    if items is None:
        return (Consideration.CASH,)
    named = (
        (Consideration.INSTALMENTS, bool(items.instalments)),
        (Consideration.MILESTONE, bool(items.milestones)),
        (Consideration.ROYALTY, items.royalty is not None),
        (Consideration.EQUITY, items.equity is not None),
    )
    return (Consideration.CASH, *(kind for kind, there in named if there))


def _refuse_party(
    state: ExchangeState, header: Header, deal: Deal, side: Side, *, frozen_too: bool = False
) -> Rejected | None:
    """Whether the principal may not act for this side of the deal.

    Refused: deal.not_party, mandate.invalid, account.frozen, member.frozen.
    """
    account_id = deal.buyer_account_id if side is Side.BUY else deal.seller_account_id
    worth = 0 if frozen_too else _cost(deal) if side is Side.BUY else deal.price_minor
    refusal = refuse_account(state, header, account_id, UserRight.TRADE, value_minor=worth, frozen_too=frozen_too)
    if refusal is not None and refusal.code is RejectCode.ACCOUNT_NOT_YOURS:
        return Rejected(code=RejectCode.DEAL_NOT_PARTY)
    return refusal


def _contracted(state: ExchangeState, deal_id: DealId) -> Deal | Rejected:
    """The deal, if it waits for the office."""
    deal = state.table(Deal).get(deal_id)
    if deal is None:
        return Rejected(code=RejectCode.DEAL_UNKNOWN)
    if deal.state is not DealState.CONTRACTED:
        return Rejected(code=RejectCode.DEAL_STATE, detail=deal.state)
    return deal


def _refuse_recordal_date(header: Header, deal: Deal, text: str) -> Rejected | None:
    """Whether an office could have made the transfer effective on that date: after the contract, not in the future."""
    try:
        effective = date.fromisoformat(text)
    except ValueError:
        return Rejected(code=RejectCode.RECORDAL_INVALID, detail=f"no such date: {text}")
    contracted = local_date(deal.contracted_at_ns, VENUE_TIME_ZONE)
    today = local_date(header.at_ns, VENUE_TIME_ZONE)
    if contracted <= effective <= today:
        return None
    return Rejected(code=RejectCode.RECORDAL_INVALID, detail=f"{text} is not between {contracted} and {today}")


# --- Inside: what changes ---------------------------------------------------------------------------------------------


def _terms(market: Market, draft: Deal, buyer_fee: int, seller_fee: int) -> DealTerms:
    return DealTerms(
        market_id=draft.market_id,
        asset_id=draft.asset_id,
        units=draft.units,
        seller_account_id=draft.seller_account_id,
        buyer_account_id=draft.buyer_account_id,
        currency=market.currency,
        price_minor=draft.price_minor,
        buyer_fee_minor=Minor(buyer_fee),
        seller_fee_minor=Minor(seller_fee),
        jurisdiction=draft.jurisdiction,
        related_party=draft.related_party,
        wait_for_recordal=draft.wait_for_recordal,
        contract_sha256=draft.contract_sha256,
        items=draft.items,
    )


def _put(state: ExchangeState, deal: Deal, /, **changes: object) -> Deal:
    """Keep the deal under its new values. Call after the line."""
    changed = msgspec.structs.replace(deal, **changes)
    state.put(changed)
    return changed


def _cost(deal: Deal) -> int:
    """What the buyer pays. Units: minor."""
    return deal.price_minor + deal.buyer_fee_minor


def _signers(deal: Deal, side: Side) -> tuple[int, int]:
    """Who signed for this side and for the other; 0: nobody yet."""
    signers = (deal.buyer_signed_by, deal.seller_signed_by)
    return signers if side is Side.BUY else (signers[1], signers[0])


def _signature(header: Header, side: Side) -> dict[str, object]:
    name = "buyer" if side is Side.BUY else "seller"
    return {f"{name}_signed_by": header.principal, f"{name}_signed_at_ns": header.at_ns}


def _move(
    state: ExchangeState, header: Header, deal: Deal, legs: list[Leg] | None = None, holds: list[Leg] | None = None
) -> Movement:
    """A transfer, or none, of which both parties are told."""
    return move_and_tell(state, header, (deal.seller_account_id, deal.buyer_account_id), legs or (), holds or ())


def _bank_and_money(state: ExchangeState, deal: Deal) -> tuple[Bank, AssetId]:
    money_id = state.table(Market)[deal.market_id].money_asset_id
    return state.table(Bank)[state.assets[money_id].bank_id], money_id


def _to_escrow(state: ExchangeState, header: Header, deal: Deal) -> Movement:
    """The buyer's money waits, and the right is promised: its units are contracted."""
    bank, money_id = _bank_and_money(state, deal)
    legs = [(deal.buyer_account_id, money_id, -deal.escrow_minor), (bank.escrow_id, money_id, int(deal.escrow_minor))]
    return _move(state, header, deal, legs, [(deal.seller_account_id, deal.asset_id, deal.units)])


def _start_long_stop(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    """From each signature on the escrow stands under, the office has the profile's days."""
    if not deal.escrow_minor:
        return []
    dropped = timers.drop_timers(state, TimerKind.DEAL_LONG_STOP, deal.deal_id)
    due_ns = long_stop_ns(profile_of(state, state.table(Market)[deal.market_id]), header.at_ns)
    return [*dropped, timers.set_timer(state, header, TimerKind.DEAL_LONG_STOP, due_ns, deal.deal_id)]


def _complete(
    state: ExchangeState, header: Header, deal: Deal, effective_date: str, office_reference: str
) -> list[Event]:
    """Right against price in one transfer, out of escrow; the register's other records follow the title."""
    seller, buyer = party(state, deal.seller_account_id), party(state, deal.buyer_account_id)
    bank, money_id = _bank_and_money(state, deal)
    ensure(deal.escrow_minor == _cost(deal), "a contract stands on its whole price in escrow")
    method = method_of(state, deal)
    fees = deal.buyer_fee_minor + deal.seller_fee_minor
    legs: list[tuple[AccountId, AssetId, int]] = [
        (bank.escrow_id, money_id, -deal.escrow_minor),
        (deal.seller_account_id, money_id, deal.price_minor - deal.seller_fee_minor),
        (bank.fees_due_id, money_id, fees),
        (deal.seller_account_id, deal.asset_id, -deal.units),
        (deal.buyer_account_id, deal.asset_id, int(deal.units)),
    ]
    movement = _move(state, header, deal, legs, [(deal.seller_account_id, deal.asset_id, -deal.units)])
    completed = _put(
        state,
        deal,
        state=DealState.COMPLETED,
        escrow_minor=Minor(0),
        effective_date=effective_date,
        office_reference=office_reference,
        known_at_ns=header.at_ns,
    )
    last_sale = LastSale(
        asset_id=deal.asset_id,
        deal_id=deal.deal_id,
        seller_id=seller.member_id,
        buyer_id=buyer.member_id,
        contracted_at_ns=deal.contracted_at_ns,
    )
    state.put(last_sale)
    events: list[Event] = [DealCompleted(deal=completed, last_sale=last_sale, movement=movement)]
    events.extend(timers.drop_timers(state, TimerKind.DEAL_LONG_STOP, deal.deal_id))
    events.extend(make_obligations(state, header, completed, method))
    events.extend(pass_title(state, deal.asset_id, buyer.member_id))
    listing = state.find(Listing, deal.asset_id)
    if listing is not None:
        over = ListingState.REJECTED if listing.state is ListingState.DRAFT else None
        events.extend(end_listing(state, header, listing, "sold", over))
    return [*events, *_follow(state, header, completed)]


def end_deal(state: ExchangeState, header: Header, deal: Deal, to: DealState, reason: str) -> list[Event]:
    """The deal comes to nothing: escrow goes back by a new transfer, the right is free. Call after the line."""
    bank, money_id = _bank_and_money(state, deal)
    legs: list[Leg] = []
    releases: list[Leg] = []
    if deal.escrow_minor:
        legs = [
            (bank.escrow_id, money_id, -deal.escrow_minor),
            (deal.buyer_account_id, money_id, int(deal.escrow_minor)),
        ]
        releases = [(deal.seller_account_id, deal.asset_id, -deal.units)]
    movement = _move(state, header, deal, legs, releases)
    ended = _put(state, deal, state=to, escrow_minor=Minor(0), reason=reason)
    dropped = [
        event
        for kind in (TimerKind.DEAL_PUBLICITY_ENDS, TimerKind.DEAL_LONG_STOP)
        for event in timers.drop_timers(state, kind, deal.deal_id)
    ]
    return [DealEnded(deal=ended, movement=movement), *dropped, *_follow(state, header, ended)]


def open_deal(state: ExchangeState, header: Header, deal: Deal) -> tuple[Deal, DealTerms, Movement]:
    """Keep a deal whose price was found elsewhere, ready to be signed, with its fees. Call after the line.

    Units: `deal.fee_version` names the schedule; that it prices the deal's method was asked before.
    """
    market = state.table(Market)[deal.market_id]
    fees = deal_fees(state, market, deal.fee_version, deal.price_minor, method_of(state, deal))
    if fees is None:
        raise InvariantBroken("a sale was announced under a schedule that prices its method")
    terms = _terms(market, deal, *fees)
    opened = _put(
        state,
        deal,
        buyer_fee_minor=terms.buyer_fee_minor,
        seller_fee_minor=terms.seller_fee_minor,
        terms_sha256=terms_hash(terms),
    )
    return opened, terms, _move(state, header, opened)


def publicity_until(state: ExchangeState, header: Header, deal: Deal) -> TimeNs | Rejected:
    """When the publicity of a deal that is accepted now would be over.

    Refused: calendar.not_covered.
    """
    return _publicity_until(state, header, deal)


def agree(state: ExchangeState, header: Header, deal: Deal, until: TimeNs) -> list[Event]:
    """Keep a deal that both sides are bound to: it is shown first where that is asked. Call after the line."""
    opened, terms, movement = open_deal(state, header, msgspec.structs.replace(deal, **_publicity(deal, until)))
    return [DealOpened(deal=opened, terms=terms, movement=movement), *_start_clock(state, header, opened)]


def _follow(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    """What others do because of a deal's step. Call after the line."""
    return [event for follower in FOLLOWERS for event in follower(state, header, deal)]
