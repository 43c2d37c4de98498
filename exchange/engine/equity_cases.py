"""An offer of equity as the state keeps it: its terms, how it changes and ends, and what the register is told of it."""

from __future__ import annotations

import msgspec

from custody.accounts import Bank
from custody.ledger import Leg
from custody.register import TitleStage
from exchange.core.ids import AssetId, EquityOfferId, to_wire
from exchange.core.instruments import Side
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import UserRight
from exchange.core.postings import Movement
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import Minor
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.register import enter_title
from exchange.engine.rules import profile_of
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.rulebook.disposal import long_stop_ns
from matching.equity import EquityEnded, EquityOffer, EquityState, EquityTerms
from matching.messages import Market

# --- Looking ----------------------------------------------------------------------------------------------------------


def refuse_party(
    state: ExchangeState, header: Header, offer: EquityOffer, side: Side, *, frozen_too: bool = False
) -> Rejected | None:
    """Whether the principal may not act for this side of the offer.

    Refused: equity.not_party, mandate.invalid, account.frozen, member.frozen.
    """
    account_id = offer.buyer_account_id if side is Side.BUY else offer.seller_account_id
    worth = 0 if frozen_too else cost_minor(offer) if side is Side.BUY else offer.price_minor
    refusal = refuse_account(state, header, account_id, UserRight.TRADE, value_minor=worth, frozen_too=frozen_too)
    if refusal is not None and refusal.code is RejectCode.ACCOUNT_NOT_YOURS:
        return Rejected(code=RejectCode.EQUITY_NOT_PARTY)
    return refusal


def terms_of(market: Market, offer: EquityOffer) -> EquityTerms:
    """What the parties are bound by, whole."""
    return EquityTerms(
        company_id=offer.company_id,
        asset_id=offer.asset_id,
        units=offer.units,
        seller_account_id=offer.seller_account_id,
        buyer_account_id=offer.buyer_account_id,
        currency=market.currency,
        price_minor=offer.price_minor,
        buyer_fee_minor=offer.buyer_fee_minor,
        seller_fee_minor=offer.seller_fee_minor,
        contract_sha256=offer.contract_sha256,
    )


def cost_minor(offer: EquityOffer) -> int:
    """What the buyer, or those who stepped in, pay together. Units: minor."""
    return offer.price_minor + offer.buyer_fee_minor


def bank_and_money(state: ExchangeState, offer: EquityOffer) -> tuple[Bank, AssetId]:
    """Where the offer's money is, and what it is."""
    money_id = state.table(Market)[offer.market_id].money_asset_id
    return state.table(Bank)[state.assets[money_id].bank_id], money_id


# --- Changing. All of it after the line. ------------------------------------------------------------------------------


def put_offer(state: ExchangeState, offer: EquityOffer, /, **changes: object) -> EquityOffer:
    """Keep the offer under its new values."""
    changed = msgspec.structs.replace(offer, **changes)
    state.put(changed)
    return changed


def move_offer(
    state: ExchangeState,
    header: Header,
    offer: EquityOffer,
    legs: list[Leg] | None = None,
    holds: list[Leg] | None = None,
) -> Movement:
    """A transfer, or none, of which the parties and the company are told, each of the takers among them."""
    concerned = [offer.seller_account_id, offer.buyer_account_id, offer.company_account_id]
    concerned += [part.account_id for part in offer.parts]
    return move_and_tell(state, header, dict.fromkeys(concerned), legs or (), holds or ())


def enter_contract(state: ExchangeState, header: Header, offer: EquityOffer) -> list[Event]:
    """The company's register is next: from now on it has the profile's days."""
    due_ns = long_stop_ns(profile_of(state, state.table(Market)[offer.market_id]), header.at_ns)
    timer = timers.set_timer(state, header, TimerKind.EQUITY_LONG_STOP, due_ns, offer.offer_id)
    return [timer, *enter_lines(state, header, offer, TitleStage.CONTRACTED)]


def enter_lines(
    state: ExchangeState, header: Header, offer: EquityOffer, stage: TitleStage, day: str = ""
) -> list[Event]:
    """The register's lines about a contract, one for each taker."""
    return [
        enter_title(
            state,
            header,
            asset_id=offer.asset_id,
            subject=to_wire("EQ", offer.offer_id),
            stage=stage,
            from_account_id=offer.seller_account_id,
            to_account_id=part.account_id,
            units=part.units,
            contracted_at_ns=offer.contracted_at_ns,
            effective_date=day,
            ordinal=ordinal,
        )
        for ordinal, part in enumerate(offer.takers)
    ]


def end_offer(state: ExchangeState, header: Header, offer: EquityOffer, to: EquityState, reason: str) -> list[Event]:
    """The offer comes to nothing: escrow goes back by a new transfer, the units are free."""
    legs: list[Leg] = []
    releases: list[Leg] = []
    if offer.escrow_minor:
        bank, money_id = bank_and_money(state, offer)
        legs = [(bank.escrow_id, money_id, -offer.escrow_minor)]
        legs += [(part.account_id, money_id, part.price_minor + part.fee_minor) for part in offer.takers]
        releases = [(offer.seller_account_id, offer.asset_id, -offer.units)]
    movement = move_offer(state, header, offer, legs, releases)
    ended = put_offer(state, offer, state=to, escrow_minor=Minor(0), reason=reason)
    dropped = timers.drop_timers(state, TimerKind.EQUITY_LONG_STOP, offer.offer_id)
    lines = enter_lines(state, header, ended, TitleStage.UNWOUND) if offer.contracted_at_ns else []
    return [EquityEnded(offer=ended, movement=movement), *dropped, *lines]


def _long_stop(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """The company has not answered in time."""
    offer = state.table(EquityOffer)[EquityOfferId(timer.subject_id)]
    ensure(offer.state is EquityState.CONTRACTED, "a long stop stands as long as the contract waits")
    return end_offer(state, header, offer, EquityState.LAPSED, "long stop")


timers.FIRINGS[TimerKind.EQUITY_LONG_STOP] = _long_stop
