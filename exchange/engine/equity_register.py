"""The company changes its register of members, or refuses: equity against price in one transfer, or all goes back."""

from __future__ import annotations

from custody.company import Company
from custody.ledger import Leg
from custody.register import TitleStage
from exchange.core.ids import DealId, EquityOfferId
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import TimerKind
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import Minor
from exchange.engine import timers
from exchange.engine.access import refuse_member
from exchange.engine.burdens import refuse_burdened
from exchange.engine.deal_checks import refuse_frozen_assets, refuse_stopped
from exchange.engine.equity_cases import bank_and_money, cost_minor, end_offer, enter_lines, move_offer, put_offer
from exchange.engine.equity_checks import refuse_holders_after
from exchange.engine.rules import profile_of
from exchange.engine.state import ExchangeState
from exchange.engine.when import refuse_day
from matching.equity import EnterMember, EquityOffer, EquityState, MemberEntered, RefuseMember
from matching.messages import Market
from matching.sides import LastSale, take_sides


def enter_member(state: ExchangeState, header: Header, command: EnterMember) -> list[Event]:
    """The register of members is changed: equity against price."""
    offer = _contracted(state, header, command.offer_id)
    if isinstance(offer, Rejected):
        return [offer]
    if (refusal := refuse_day(header, offer.contracted_at_ns, command.entered_on)) is not None:
        return [refusal]
    for account_id in (offer.seller_account_id, *(part.account_id for part in offer.takers)):
        if (refusal := refuse_stopped(state, account_id)) is not None:
            return [refusal]
    market = state.table(Market)[offer.market_id]
    if (refusal := refuse_frozen_assets(state, offer.asset_id, market.money_asset_id)) is not None:
        return [refusal]
    if (refusal := refuse_burdened(state, offer.asset_id)) is not None:
        return [refusal]
    if (refusal := refuse_holders_after(state, profile_of(state, market), offer)) is not None:
        return [refusal]

    state.change()
    return _complete(state, header, offer, command)


def refuse_entry(state: ExchangeState, header: Header, command: RefuseMember) -> list[Event]:
    """The company refuses: the contract is unwound."""
    offer = _contracted(state, header, command.offer_id)
    if isinstance(offer, Rejected):
        return [offer]
    money_id = state.table(Market)[offer.market_id].money_asset_id
    if (refusal := refuse_frozen_assets(state, offer.asset_id, money_id)) is not None:
        return [refusal]

    state.change()
    return end_offer(state, header, offer, EquityState.REFUSED, command.reason)


def _contracted(state: ExchangeState, header: Header, offer_id: EquityOfferId) -> EquityOffer | Rejected:
    """The offer, if it waits for the company the principal acts for."""
    offer = state.table(EquityOffer).get(offer_id)
    if offer is None:
        return Rejected(code=RejectCode.EQUITY_UNKNOWN)
    company = state.table(Company)[offer.company_id]
    if (refusal := refuse_member(state, header, company.member_id, UserRight.TRADE)) is not None:
        return refusal
    if offer.state is not EquityState.CONTRACTED:
        return Rejected(code=RejectCode.EQUITY_STATE, detail=offer.state)
    return offer


def _complete(state: ExchangeState, header: Header, offer: EquityOffer, command: EnterMember) -> list[Event]:
    bank, money_id = bank_and_money(state, offer)
    ensure(offer.escrow_minor == cost_minor(offer), "a contract stands on its whole price in escrow")
    legs: list[Leg] = [
        (bank.escrow_id, money_id, -offer.escrow_minor),
        (offer.seller_account_id, money_id, offer.price_minor - offer.seller_fee_minor),
        (bank.fees_due_id, money_id, offer.buyer_fee_minor + offer.seller_fee_minor),
        (offer.seller_account_id, offer.asset_id, -offer.units),
        *((part.account_id, offer.asset_id, int(part.units)) for part in offer.takers),
    ]
    movement = move_offer(state, header, offer, legs, [(offer.seller_account_id, offer.asset_id, -offer.units)])
    entered = put_offer(
        state,
        offer,
        state=EquityState.ENTERED,
        escrow_minor=Minor(0),
        effective_date=command.entered_on,
        known_at_ns=header.at_ns,
        register_reference=command.register_reference,
    )
    seller_id = state.accounts[offer.seller_account_id].member_id
    buyer_ids = [state.accounts[part.account_id].member_id for part in offer.takers]
    at_ns = offer.contracted_at_ns
    last_sale = LastSale(
        asset_id=offer.asset_id,
        deal_id=DealId(offer.offer_id),
        seller_id=seller_id,
        buyer_id=buyer_ids[0],
        contracted_at_ns=at_ns,
        sides=take_sides(state.table(LastSale).get(offer.asset_id), seller_id, buyer_ids, at_ns),
    )
    state.put(last_sale)
    told = MemberEntered(offer=entered, last_sale=last_sale, movement=movement)
    dropped = timers.drop_timers(state, TimerKind.EQUITY_LONG_STOP, offer.offer_id)
    lines = enter_lines(state, header, entered, TitleStage.EFFECTIVE, command.entered_on)
    return [told, *dropped, *lines]
