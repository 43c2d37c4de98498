"""Completion: the office's answer, the long stop, and right against price in one transfer."""

from __future__ import annotations

from exchange.core.ids import AccountId, AssetId, DealId
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import NS_PER_DAY, Minor
from exchange.engine import timers
from exchange.engine.deal_cases import bank_and_money, cost_minor, end_deal, follow, move_deal, put_deal
from exchange.engine.deal_checks import (
    party,
    refuse_frozen_assets,
    refuse_stopped,
)
from exchange.engine.listings import end_listing
from exchange.engine.obligations import make_obligations
from exchange.engine.pledge_sales import proceeds_legs
from exchange.engine.rights import pass_units
from exchange.engine.sale_deals import (
    method_of,
)
from exchange.engine.state import ExchangeState
from exchange.engine.when import refuse_day
from matching.deals import ConfirmRecordal, Deal, DealCompleted, DealState, RefuseRecordal
from matching.listing import ListingState
from matching.listing_messages import Listing
from matching.messages import Market
from matching.sides import LastSale, take_sides


def confirm_recordal(state: ExchangeState, header: Header, command: ConfirmRecordal) -> list[Event]:
    """The office recorded the transfer: right against price, in one transfer."""
    deal = _contracted(state, command.deal_id)
    if isinstance(deal, Rejected):
        return [deal]
    if (refusal := refuse_day(header, deal.contracted_at_ns, command.effective_date)) is not None:
        return [refusal]
    for account_id in (deal.seller_account_id, *(part.account_id for part in deal.takers)):
        if (refusal := refuse_stopped(state, account_id)) is not None:
            return [refusal]
    money_id = state.table(Market)[deal.market_id].money_asset_id
    if (refusal := refuse_frozen_assets(state, deal.asset_id, money_id)) is not None:
        return [refusal]

    state.change()
    return complete_deal(state, header, deal, command.effective_date, command.office_reference)


def refuse_recordal(state: ExchangeState, header: Header, command: RefuseRecordal) -> list[Event]:
    """The office refused: the contract is unwound."""
    deal = _contracted(state, command.deal_id)
    if isinstance(deal, Rejected):
        return [deal]
    money_id = state.table(Market)[deal.market_id].money_asset_id
    if (refusal := refuse_frozen_assets(state, deal.asset_id, money_id)) is not None:
        return [refusal]

    state.change()
    told = put_deal(state, deal, office_reference=command.office_reference, known_at_ns=header.at_ns)
    return end_deal(state, header, told, DealState.RECORDAL_REFUSED, command.reason)


def _long_stop(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Time is up: what was taken goes back, to a frozen account too, since nobody asks for it and it stays there."""
    deal = state.table(Deal)[DealId(timer.subject_id)]
    ensure(deal.held_units > 0, "a long stop stands as long as the units are held")
    if deal.state is DealState.PRE_EMPTION:  # who has a prior claim has its days; an offer of a block ends after them
        due_ns = deal.preemption_until_ns + NS_PER_DAY
        return [timers.set_timer(state, header, TimerKind.DEAL_LONG_STOP, due_ns, deal.deal_id)]
    return end_deal(state, header, deal, DealState.LAPSED, "long stop")


timers.FIRINGS[TimerKind.DEAL_LONG_STOP] = _long_stop


def complete_deal(
    state: ExchangeState, header: Header, deal: Deal, effective_date: str, office_reference: str
) -> list[Event]:
    """Right against price in one transfer, out of escrow; the register's other records follow the title."""
    seller = party(state, deal.seller_account_id)
    bank, money_id = bank_and_money(state, deal)
    ensure(deal.escrow_minor == cost_minor(deal), "a contract stands on its whole price in escrow")
    method = method_of(state, deal)
    fees = deal.buyer_fee_minor + deal.seller_fee_minor
    legs: list[tuple[AccountId, AssetId, int]] = [
        (bank.escrow_id, money_id, -deal.escrow_minor),
        *proceeds_legs(state, deal),
        (bank.fees_due_id, money_id, fees),
        (deal.seller_account_id, deal.asset_id, -deal.units),
        *((part.account_id, deal.asset_id, int(part.units)) for part in deal.takers),
    ]
    movement = move_deal(state, header, deal, legs, [(deal.seller_account_id, deal.asset_id, -deal.units)])
    completed = put_deal(
        state,
        deal,
        state=DealState.COMPLETED,
        escrow_minor=Minor(0),
        effective_date=effective_date,
        office_reference=office_reference,
        known_at_ns=header.at_ns,
    )
    buyer_ids = [state.accounts[part.account_id].member_id for part in deal.takers]
    last_sale = LastSale(
        asset_id=deal.asset_id,
        deal_id=deal.deal_id,
        seller_id=seller.member_id,
        buyer_id=buyer_ids[0],
        contracted_at_ns=deal.contracted_at_ns,
        sides=take_sides(state.table(LastSale).get(deal.asset_id), seller.member_id, buyer_ids, deal.contracted_at_ns),
    )
    state.put(last_sale)
    events: list[Event] = [DealCompleted(deal=completed, last_sale=last_sale, movement=movement)]
    events.extend(timers.drop_timers(state, TimerKind.DEAL_LONG_STOP, deal.deal_id))
    events.extend(make_obligations(state, header, completed, method))
    if deal.block:  # units pass from holder to holder, and what they are traded as stays listed
        return [*events, *follow(state, header, completed)]
    events.extend(pass_units(state, deal.asset_id, deal.units))
    listing = state.find(Listing, deal.asset_id)
    if listing is not None:
        over = ListingState.REJECTED if listing.state is ListingState.DRAFT else None
        events.extend(end_listing(state, header, listing, "sold", over))
    return [*events, *follow(state, header, completed)]


# --- Inside -----------------------------------------------------------------------------------------------------------


def _contracted(state: ExchangeState, deal_id: DealId) -> Deal | Rejected:
    """The deal, if it waits for the office."""
    deal = state.table(Deal).get(deal_id)
    if deal is None:
        return Rejected(code=RejectCode.DEAL_UNKNOWN)
    if deal.state is not DealState.CONTRACTED:
        return Rejected(code=RejectCode.DEAL_STATE, detail=deal.state)
    return deal
