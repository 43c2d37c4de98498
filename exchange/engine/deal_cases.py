"""An agreement as the state keeps it: its terms, how it changes, opens and ends, and who is told.

While the money is in escrow the units are held; it leaves it in one transfer: against the units to the seller, or back
to the buyer. The units of a block are held before it too, as long as the agreement is open.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from custody.accounts import Bank
from custody.ledger import Leg
from exchange.core.ids import AssetId
from exchange.core.instruments import Side
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import TimerKind
from exchange.core.parties import UserRight
from exchange.core.postings import Movement
from exchange.core.rejections import InvariantBroken, RejectCode, ensure
from exchange.core.units import Minor
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.deal_checks import (
    deal_fees,
    with_burdens,
)
from exchange.engine.encumbrances import acting_seller
from exchange.engine.sale_deals import (
    method_of,
)
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from matching.deals import (
    Deal,
    DealEnded,
    DealState,
    DealTerms,
    terms_hash,
)
from matching.messages import Market

Follower = Callable[[ExchangeState, Header, Deal], list[Event]]
FOLLOWERS: list[Follower] = []
"""Who hears of a deal's every step, when it is taken: the public sale it came out of adds itself at import."""


# --- Looking ----------------------------------------------------------------------------------------------------------


def refuse_party(
    state: ExchangeState, header: Header, deal: Deal, side: Side, *, frozen_too: bool = False
) -> Rejected | None:
    """Whether the principal may not act for this side of the deal.

    Refused: deal.not_party, mandate.invalid, account.frozen, member.frozen.
    """
    seller_id = deal.seller_account_id if deal.block else acting_seller(state, deal.asset_id, deal.seller_account_id)
    account_id = deal.buyer_account_id if side is Side.BUY else seller_id
    worth = 0 if frozen_too else cost_minor(deal) if side is Side.BUY else deal.price_minor
    refusal = refuse_account(state, header, account_id, UserRight.TRADE, value_minor=worth, frozen_too=frozen_too)
    if refusal is not None and refusal.code is RejectCode.ACCOUNT_NOT_YOURS:
        return Rejected(code=RejectCode.DEAL_NOT_PARTY)
    return refusal


def terms_of(market: Market, draft: Deal) -> DealTerms:
    """What the parties of a deal are bound by, whole."""
    return DealTerms(
        market_id=draft.market_id,
        asset_id=draft.asset_id,
        units=draft.units,
        seller_account_id=draft.seller_account_id,
        buyer_account_id=draft.buyer_account_id,
        currency=market.currency,
        price_minor=draft.price_minor,
        buyer_fee_minor=draft.buyer_fee_minor,
        seller_fee_minor=draft.seller_fee_minor,
        jurisdiction=draft.jurisdiction,
        related_party=draft.related_party,
        wait_for_recordal=draft.wait_for_recordal,
        contract_sha256=draft.contract_sha256,
        items=draft.items,
        burdens_sha256=draft.burdens_sha256,
        parts=draft.parts,
    )


def cost_minor(deal: Deal) -> int:
    """What the buyer pays. Units: minor."""
    return deal.price_minor + deal.buyer_fee_minor


def with_fees(deal: Deal, buyer_fee: int, seller_fee: int) -> Deal:
    """The deal with what it costs each side."""
    return msgspec.structs.replace(deal, buyer_fee_minor=Minor(buyer_fee), seller_fee_minor=Minor(seller_fee))


def bank_and_money(state: ExchangeState, deal: Deal) -> tuple[Bank, AssetId]:
    money_id = state.table(Market)[deal.market_id].money_asset_id
    return state.table(Bank)[state.assets[money_id].bank_id], money_id


# --- Changing. All of it after the line. ------------------------------------------------------------------------------


def put_deal(state: ExchangeState, deal: Deal, /, **changes: object) -> Deal:
    """Keep the deal under its new values. Call after the line."""
    changed = msgspec.structs.replace(deal, **changes)
    state.put(changed)
    return changed


def move_deal(
    state: ExchangeState, header: Header, deal: Deal, legs: list[Leg] | None = None, holds: list[Leg] | None = None
) -> Movement:
    """A transfer, or none, of which both parties are told, each of the takers among them."""
    concerned = [deal.seller_account_id, deal.buyer_account_id, *(part.account_id for part in deal.parts)]
    return move_and_tell(state, header, dict.fromkeys(concerned), legs or (), holds or ())


def follow(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    """What others do because of a deal's step. Call after the line."""
    return [event for follower in FOLLOWERS for event in follower(state, header, deal)]


def open_deal(state: ExchangeState, header: Header, deal: Deal) -> tuple[Deal, DealTerms, Movement]:
    """Keep a deal whose price was found elsewhere, ready to be signed, with its fees. Call after the line.

    Units: `deal.fee_version` names the schedule; that it prices the deal's method was asked before.
    """
    market = state.table(Market)[deal.market_id]
    fees = deal_fees(state, market, deal.fee_version, deal.price_minor, method_of(state, deal))
    if fees is None:
        raise InvariantBroken("a sale was announced under a schedule that prices its method")
    priced = with_fees(with_burdens(state, deal), *fees)
    terms = terms_of(market, priced)
    opened = put_deal(state, priced, terms_sha256=terms_hash(terms))
    return opened, terms, move_deal(state, header, opened)


def end_deal(state: ExchangeState, header: Header, deal: Deal, to: DealState, reason: str) -> list[Event]:
    """The deal comes to nothing: escrow goes back by a new transfer, the right is free. Call after the line."""
    ensure(deal.state is not DealState.PRE_EMPTION, "a deal ends after the claims on it")
    bank, money_id = bank_and_money(state, deal)
    legs: list[Leg] = []
    releases: list[Leg] = []
    if deal.escrow_minor:
        legs = [(bank.escrow_id, money_id, -deal.escrow_minor)]
        legs += [(part.account_id, money_id, part.price_minor + part.fee_minor) for part in deal.takers]
    if deal.held_units:
        releases = [(deal.seller_account_id, deal.asset_id, -deal.held_units)]
    movement = move_deal(state, header, deal, legs, releases)
    ended = put_deal(state, deal, state=to, escrow_minor=Minor(0), reason=reason)
    dropped = [
        event
        for kind in (TimerKind.DEAL_PUBLICITY_ENDS, TimerKind.DEAL_LONG_STOP)
        for event in timers.drop_timers(state, kind, deal.deal_id)
    ]
    return [DealEnded(deal=ended, movement=movement), *dropped, *follow(state, header, ended)]
