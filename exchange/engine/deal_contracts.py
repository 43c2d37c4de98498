"""Contracts: each side signs once; the buyer's money goes to escrow, and the right's units are held."""

from __future__ import annotations

from exchange.core.calendar import local_date
from exchange.core.instruments import Settlement, Side
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import TimerKind
from exchange.core.postings import Movement
from exchange.core.rejections import RejectCode
from exchange.core.units import Minor, TimeNs
from exchange.engine import timers
from exchange.engine.deal_cases import bank_and_money, cost_minor, follow, move_deal, put_deal, refuse_party
from exchange.engine.deal_checks import refuse_deal, refuse_knowing
from exchange.engine.deal_completion import complete_deal
from exchange.engine.rules import profile_of
from exchange.engine.sale_deals import (
    deposit_towards,
    free_deposit,
    refuse_before_the_set,
)
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.rulebook.disposal import long_stop_ns
from matching.deals import (
    Deal,
    DealSigned,
    DealState,
    SignDeal,
)
from matching.messages import Market


def sign_deal(state: ExchangeState, header: Header, command: SignDeal) -> list[Event]:
    """One side signs; the buyer's money goes to escrow, and where no office is waited for the second one completes."""
    deal = state.table(Deal).get(command.deal_id)
    if deal is None:
        return [Rejected(code=RejectCode.DEAL_UNKNOWN)]
    buys = command.side is Side.BUY
    if (refusal := refuse_party(state, header, deal, command.side)) is not None:
        return [refusal]
    if deal.state in (DealState.PUBLICITY, DealState.OBJECTED):
        return [Rejected(code=RejectCode.DEAL_PUBLICITY_RUNNING, detail=deal.state)]
    if deal.state is DealState.PRE_EMPTION:
        return [Rejected(code=RejectCode.DEAL_PRE_EMPTION_RUNNING)]
    own, other = _signers(deal, command.side)
    if deal.state is not DealState.SIGNING or own:
        return [
            Rejected(code=RejectCode.DEAL_STATE, detail=f"{deal.state}, {command.side} signed" if own else deal.state)
        ]
    if command.contract_sha256 != deal.contract_sha256:
        return [Rejected(code=RejectCode.DEAL_TERMS_CHANGED, detail=f"contract_sha256={deal.contract_sha256}")]
    if header.principal == other:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    if (refusal := refuse_deal(state, header, deal) or refuse_knowing(state, header, deal, command.side)) is not None:
        return [refusal]
    if (refusal := refuse_before_the_set(state, deal, command.side)) is not None:
        return [refusal]
    money_id = state.table(Market)[deal.market_id].money_asset_id
    available = state.ledger.available(deal.buyer_account_id, money_id) + deposit_towards(state, deal)
    if buys and cost_minor(deal) > available:
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    freed = free_deposit(state, header, deal) if buys else []
    both = bool(other)
    signed = put_deal(
        state,
        deal,
        **_signature(header, command.side),
        escrow_minor=Minor(cost_minor(deal)) if buys else deal.escrow_minor,
        state=DealState.CONTRACTED if both else DealState.SIGNING,
        contracted_at_ns=header.at_ns if both else TimeNs(0),
    )
    movement = _to_escrow(state, header, signed) if buys else move_deal(state, header, signed)
    events: list[Event] = [*freed, DealSigned(deal=signed, side=command.side, movement=movement)]
    if both and signed.settlement is Settlement.BOOK_ENTRY:
        signed_on = local_date(header.at_ns, VENUE_TIME_ZONE).isoformat()
        return [*events, *complete_deal(state, header, signed, signed_on, "")]
    return [*events, *start_long_stop(state, header, signed), *follow(state, header, signed)]


def start_long_stop(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    """From each signature on the escrow stands under, the office has the profile's days; so has an offer of a block."""
    if not deal.held_units:
        return []
    dropped = timers.drop_timers(state, TimerKind.DEAL_LONG_STOP, deal.deal_id)
    due_ns = long_stop_ns(profile_of(state, state.table(Market)[deal.market_id]), header.at_ns)
    return [*dropped, timers.set_timer(state, header, TimerKind.DEAL_LONG_STOP, due_ns, deal.deal_id)]


# --- Inside -----------------------------------------------------------------------------------------------------------


def _signers(deal: Deal, side: Side) -> tuple[int, int]:
    """Who signed for this side and for the other; 0: nobody yet."""
    signers = (deal.buyer_signed_by, deal.seller_signed_by)
    return signers if side is Side.BUY else (signers[1], signers[0])


def _signature(header: Header, side: Side) -> dict[str, object]:
    name = "buyer" if side is Side.BUY else "seller"
    return {f"{name}_signed_by": header.principal, f"{name}_signed_at_ns": header.at_ns}


def _to_escrow(state: ExchangeState, header: Header, deal: Deal) -> Movement:
    """The buyer's money waits, and the right is promised: its units are contracted (a block's are held already)."""
    bank, money_id = bank_and_money(state, deal)
    legs = [(deal.buyer_account_id, money_id, -deal.escrow_minor), (bank.escrow_id, money_id, int(deal.escrow_minor))]
    holds = [] if deal.block else [(deal.seller_account_id, deal.asset_id, int(deal.units))]
    return move_deal(state, header, deal, legs, holds)
