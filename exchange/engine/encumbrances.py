"""What lies on which right or units, in which rank, and what it lets pass: asked by every workflow that disposes.

A whole right under a pledge or a preservation is blocked by its entry (`burdens.SOURCES`). Units of shares and notes
are held in the ledger by the first entry that lies on them; when that ends, the next one holds what it still needs.
"""

from __future__ import annotations

import msgspec

from custody.encumbrances import Burden, BurdenKind
from custody.pledges import (
    STANDING,
    ConsentAct,
    Encumbrance,
    EncumbranceEnded,
    EncumbranceState,
    PledgeConsent,
)
from exchange.core.ids import AccountId, AssetId, EncumbranceId, MemberId, to_wire
from exchange.core.instruments import AssetKind
from exchange.core.messages import Citation, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.units import Units
from exchange.engine import burdens
from exchange.engine.sale_deals import lot_of
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from matching.deals import Deal
from matching.listing_messages import Listing
from matching.messages import Market
from matching.sale_messages import Lot, Sale
from securitization.issue_messages import NoteLock

RETENTION = Citation(profile="risk_retention", version=1, field="retained_notes", provision="ISSUE-TERMS")
"""The rule by which an originator's notes stay: the issue's own terms, of no market's profile."""
BURDENED_KINDS = (AssetKind.RIGHT, AssetKind.SHARE, AssetKind.NOTE)
"""What may be pledged or preserved: a whole right by its entry, units by a hold."""

# --- Looking ----------------------------------------------------------------------------------------------------------


def entry_of(encumbrance: Encumbrance) -> str:
    """The entry's name, as refusals and readers have it."""
    return to_wire("EN", encumbrance.encumbrance_id)


def entries_on(state: ExchangeState, asset_id: AssetId) -> list[Encumbrance]:
    """Every open entry about an asset, as they were opened."""
    found = state.encumbrances.get(asset_id)
    return [found[encumbrance_id] for encumbrance_id in sorted(found)] if found else []


def pledges_on(state: ExchangeState, asset_id: AssetId, block: EncumbranceId | None = None) -> list[Encumbrance]:
    """The pledges that stand on a whole right, or on one block of units, by rank."""
    found = [
        pledge for pledge in entries_on(state, asset_id) if pledge.state in STANDING and block in (None, pledge.block)
    ]
    return sorted(found, key=lambda pledge: (pledge.rank, pledge.encumbrance_id))


def preservations_on(state: ExchangeState, asset_id: AssetId, account_id: AccountId | None = None) -> list[Encumbrance]:
    """The preservations in force on a right, or on one account's units, by the time of their orders."""
    return [
        order
        for order in entries_on(state, asset_id)
        if order.state is EncumbranceState.ORDERED and account_id in (None, order.account_id)
    ]


def enforcement_of(state: ExchangeState, asset_id: AssetId) -> Encumbrance | None:
    """The pledge a right is being sold for."""
    found = [pledge for pledge in entries_on(state, asset_id) if pledge.state is EncumbranceState.ENFORCING]
    return found[0] if found else None


def acting_seller(state: ExchangeState, asset_id: AssetId, account_id: AccountId) -> AccountId:
    """Whose word counts as the seller's: the enforcing pledgee's while its sale stands, else the owner's."""
    pledge = enforcement_of(state, asset_id)
    return pledge.pledgee_account_id if pledge is not None else account_id


def selling_member(state: ExchangeState, sale: Sale) -> MemberId:
    """Who decides for the seller: its owner, or the pledgee a pledged right is sold for."""
    lots = [lot for lot_id in sale.lot_ids if (lot := state.table(Lot).get(lot_id)) is not None]
    account_id = acting_seller(state, lots[0].asset_id, sale.seller_account_id) if lots else sale.seller_account_id
    return state.accounts[account_id].member_id


def consented(
    state: ExchangeState, asset_id: AssetId, act: ConsentAct, member_id: MemberId | None, price_minor: int | None = None
) -> tuple[str, ...]:
    """The pledges whose pledgees agreed to this act with this member (None: with anybody) at this price or less."""
    found = [pledge for pledge in pledges_on(state, asset_id) if consent_of(pledge, act, member_id, price_minor)]
    return tuple(entry_of(pledge) for pledge in found)


def consent_of(
    pledge: Encumbrance, act: ConsentAct, member_id: MemberId | None, price_minor: int | None = None
) -> PledgeConsent | None:
    """The pledgee's newest word that covers this."""
    for consent in reversed(pledge.consents):
        with_them = member_id is None or consent.member_id in (0, member_id)
        enough = price_minor is None or price_minor >= consent.least_minor
        if consent.act is act and with_them and enough:
            return consent
    return None


def aside_for_listing(state: ExchangeState, listing: Listing) -> tuple[str, ...]:
    """The pledges that let a listing be: all of them its own enforcement, else those that agreed to a sale."""
    enforced = enforcement_of(state, listing.asset_id)
    if enforced is not None:
        own = enforced.listing_id == listing.listing_id
        return tuple(entry_of(pledge) for pledge in pledges_on(state, listing.asset_id)) if own else ()
    return consented(state, listing.asset_id, ConsentAct.SALE, None, listing.asking_price_minor)


def aside_for_deal(state: ExchangeState, deal: Deal) -> tuple[str, ...]:
    """The pledges that let a deal be: all of them the sale that enforces one, else those that agreed to this buyer.

    A consent is to a sale of the whole, for money of the pledge's own kind that is paid at signing.
    """
    pledges = pledges_on(state, deal.asset_id)
    if not pledges or deal.units != state.assets[deal.asset_id].total_units:
        return ()
    if enforcement_of(state, deal.asset_id) is not None:
        out_of_it = not deal.deal_id or lot_of(state, deal) is not None
        return tuple(entry_of(pledge) for pledge in pledges) if out_of_it else ()
    money_id = state.table(Market)[deal.market_id].money_asset_id
    buyer_id = state.accounts[deal.buyer_account_id].member_id
    return tuple(
        entry_of(pledge)
        for pledge in pledges
        if deal.items is None
        and pledge.money_asset_id == money_id
        and consent_of(pledge, ConsentAct.SALE, buyer_id, deal.price_minor)
    )


def short_of(state: ExchangeState, account_id: AccountId, asset_id: AssetId, needed_units: int) -> Rejected:
    """Why an account cannot promise so much: what it lacks lies under an encumbrance, or it has not got it.

    Refused: rule.lock_up (an originator's retained notes), right.encumbered, with the entries that hold the units;
    hold.insufficient_available.
    """
    lock = state.table(NoteLock).get(asset_id)
    if lock is not None and lock.account_id == account_id:
        free_of_it = state.ledger.available(account_id, asset_id) + lock.units
        if needed_units <= free_of_it:
            detail = f"{lock.units} notes are retained for {to_wire('IS', lock.issue_id)}"
            return Rejected(code=RejectCode.RULE_LOCK_UP, detail=detail, rule=RETENTION)
    holding = [each for each in entries_on(state, asset_id) if each.account_id == account_id and each.held_units]
    blocked = sum(each.held_units for each in holding)
    if not blocked or needed_units > state.ledger.available(account_id, asset_id) + blocked:
        return Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)
    named = ", ".join(f"{entry_of(each)} {each.kind} of {each.held_units}" for each in holding)
    return Rejected(code=RejectCode.RIGHT_ENCUMBERED, detail=f"{state.assets[asset_id].code}: {named}")


def refuse_moved(state: ExchangeState, asset_id: AssetId) -> Rejected | None:
    """Whether a whole right lies under somebody's claim, so that not even operators move it before that is lifted."""
    return burdens.refuse_burdened(state, asset_id) if state.encumbrances.get(asset_id) else None


def _lying(state: ExchangeState, asset_id: AssetId) -> list[Burden]:
    """Pledges and preservations as burdens; one on some units of a share or note leaves the others free."""
    found: list[Burden] = []
    for each in entries_on(state, asset_id):
        ordered = each.state is EncumbranceState.ORDERED
        if ordered or each.state in STANDING:
            whole = state.assets[asset_id].kind is AssetKind.RIGHT
            said = f"{each.kind} {each.authority} {each.reference}" if ordered else f"{each.kind}, rank {each.rank}"
            summary = said if whole else f"{said}, {each.units} units"
            found.append(Burden(entry=entry_of(each), kind=each.kind, blocks=whole, summary=summary))
    return found


burdens.SOURCES.append(_lying)

# --- Changing. All of it after the line. ------------------------------------------------------------------------------


def put(state: ExchangeState, encumbrance: Encumbrance, /, **changes: object) -> Encumbrance:
    """Keep an encumbrance under its new values."""
    changed = msgspec.structs.replace(encumbrance, **changes)
    state.put(changed)
    return changed


def concerned(encumbrance: Encumbrance) -> list[AccountId]:
    """Who is told: the owner and the pledgee, as far as there are any."""
    named = (encumbrance.account_id, encumbrance.pledgee_account_id)
    return [account_id for account_id in dict.fromkeys(named) if account_id]


def end(state: ExchangeState, header: Header, encumbrance: Encumbrance, /, **changes: object) -> EncumbranceEnded:
    """End an encumbrance: those behind it move up, and what it held the next one holds that lies on it too."""
    behind = _behind(state, encumbrance)
    ended = put(state, encumbrance, held_units=Units(0), **changes)
    free = int(encumbrance.held_units)
    changed: list[Encumbrance] = []
    for other in behind:
        taken = min(free, other.units - other.held_units) if free else 0
        up = int(other.kind is encumbrance.kind and other.rank > encumbrance.rank)
        free -= taken
        if taken or up:
            changed.append(put(state, other, held_units=Units(other.held_units + taken), rank=other.rank - up))
    deposit = (encumbrance.account_id, encumbrance.money_asset_id, -encumbrance.deposit_minor)
    holds = [(encumbrance.account_id, encumbrance.asset_id, -free), deposit]
    told = [account_id for other in (ended, *changed) for account_id in concerned(other)]
    movement = move_and_tell(state, header, dict.fromkeys(told), holds=[hold for hold in holds if hold[2]])
    return EncumbranceEnded(encumbrance=ended, others=tuple(changed), movement=movement)


def _behind(state: ExchangeState, encumbrance: Encumbrance) -> list[Encumbrance]:
    """What else lies on the same thing, in the order in which it takes over: pledges by rank, then orders by time."""
    whole = state.assets[encumbrance.asset_id].kind is AssetKind.RIGHT
    found = preservations_on(state, encumbrance.asset_id, None if whole else encumbrance.account_id)
    if encumbrance.kind is BurdenKind.PLEDGE and encumbrance.state in STANDING:
        found = [*pledges_on(state, encumbrance.asset_id, None if whole else encumbrance.block), *found]
    return [other for other in found if other.encumbrance_id != encumbrance.encumbrance_id]


def open_entry(state: ExchangeState, encumbrance_id: EncumbranceId, kind: BurdenKind) -> Encumbrance | Rejected:
    """The open entry of one kind.

    Refused: encumbrance.unknown.
    """
    found = state.table(Encumbrance).get(encumbrance_id)
    if found is None or found.kind is not kind:
        return Rejected(code=RejectCode.ENCUMBRANCE_UNKNOWN)
    return found
