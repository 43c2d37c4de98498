"""What a sale of a pledged right pays to whom: pledgees by rank first, the owner the rest, in the sale's own transfer.

An enforced sale pays every pledge. A sale with the pledgees' consent pays those that are to be paid early; of the price
for the others so much stays held on the owner's account, and the pledge goes on in it.
Source: 民法典 arts. 414 (rank by registration), 444; 专利权质押登记办法.
"""

from __future__ import annotations

from custody.ledger import Leg
from custody.pledges import ConsentAct, Encumbrance, EncumbranceState, PledgesSettled, Proceeds, split_proceeds
from exchange.core.messages import Event, Header
from exchange.core.units import Minor, Units
from exchange.engine.encumbrances import concerned, consent_of, enforcement_of, pledges_on, put
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from matching.deals import Deal, DealState
from matching.messages import Market

Part = tuple[Encumbrance, int, bool]
"""A pledge, what of the price is for it, and whether it is only held."""


def proceeds_legs(state: ExchangeState, deal: Deal) -> list[Leg]:
    """The legs by which a completed deal pays its price, less the seller's fee. Call before its pledges are settled."""
    money_id = state.table(Market)[deal.market_id].money_asset_id
    net_minor = deal.price_minor - deal.seller_fee_minor
    paid = [(pledge.pledgee_account_id, minor) for pledge, minor, held in _parts(state, deal) if minor and not held]
    rest = net_minor - sum(minor for _, minor in paid)
    return [(deal.seller_account_id, money_id, rest), *((account_id, money_id, minor) for account_id, minor in paid)]


def follow_deal(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    """A pledged right was sold: its pledges are settled, and none lies on it any more."""
    if deal.state is not DealState.COMPLETED:
        return []
    parts = _parts(state, deal)
    if not parts:
        return []
    money_id = state.table(Market)[deal.market_id].money_asset_id
    enforced = enforcement_of(state, deal.asset_id) is not None
    settled = tuple(_settled(state, header, part, enforced) for part in parts)
    holds = [(deal.seller_account_id, money_id, minor) for _, minor, held in parts if held and minor]
    told = [deal.buyer_account_id, *(account_id for pledge in settled for account_id in concerned(pledge))]
    movement = move_and_tell(state, header, dict.fromkeys(told), holds=holds)
    return [PledgesSettled(deal_id=deal.deal_id, encumbrances=settled, movement=movement)]


def _parts(state: ExchangeState, deal: Deal) -> list[Part]:
    """What of the price is for each pledge, by rank; the units of a block are sold free of any."""
    if deal.block:
        return []
    pledges = pledges_on(state, deal.asset_id)
    shares = split_proceeds(deal.price_minor - deal.seller_fee_minor, [pledge.claimed_minor for pledge in pledges])
    enforced = enforcement_of(state, deal.asset_id) is not None
    buyer_id = state.accounts[deal.buyer_account_id].member_id
    parts: list[Part] = []
    for pledge, minor in zip(pledges, shares, strict=True):
        consent = consent_of(pledge, ConsentAct.SALE, buyer_id, deal.price_minor)
        held = not enforced and consent is not None and consent.proceeds is Proceeds.DEPOSIT
        parts.append((pledge, minor, held))
    return parts


def _settled(state: ExchangeState, header: Header, part: Part, enforced: bool) -> Encumbrance:
    """What becomes of one pledge. Call after the line."""
    pledge, minor, held = part
    if held and minor:
        to = EncumbranceState.DEPOSITED
    else:
        to = EncumbranceState.ENFORCED if enforced else EncumbranceState.RELEASED
    return put(
        state,
        pledge,
        state=to,
        held_units=Units(0),
        paid_minor=Minor(0 if held else minor),
        deposit_minor=Minor(minor if held else 0),
        reason="the right was sold",
        decided_by=header.principal,
        decided_at_ns=header.at_ns,
    )
