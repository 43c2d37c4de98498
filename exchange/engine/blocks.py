"""Blocks: units of an outcome's shares, or of notes, sold by agreement beside each other and beside any book.

What a sale of a whole right asks of the office is asked of the register here: the units are the seller's and free,
the form is one the market knows, and what they are a claim on lives. A block is paid in cash, settles in our books
with the second signature, and its units are held from the proposal on, so that nobody offers the same ones twice.
"""

from __future__ import annotations

from custody.outcomes import Outcome
from custody.pilot import Pilot, PilotState
from custody.reconciliation import Suspension
from exchange.core.ids import AccountId, AssetId, OutcomeId, to_wire
from exchange.core.instruments import AssetKind
from exchange.core.messages import Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.engine.encumbrances import short_of
from exchange.engine.notes import note_issue
from exchange.engine.rules import profile_of
from exchange.engine.share_checks import refuse_rights_behind, refuse_unsigned_deed
from exchange.engine.state import ExchangeState
from exchange.rulebook.checks import check_method
from exchange.rulebook.profile import Method, Profile, UnitForm, cite
from matching.deals import Consideration, Deal, ProposeDeal
from matching.messages import Market

BLOCKS = (AssetKind.SHARE, AssetKind.NOTE)
"""What is sold in blocks of units."""
MAX_BLOCKS_OFFERED = 100
"""Open agreements about blocks that one account may have as seller."""
FORMS: dict[UnitForm, tuple[AssetKind, ...]] = {
    UnitForm.WHOLE_OR_EXACT_FRACTION: (AssetKind.SHARE,),
    UnitForm.CERTIFICATES: (AssetKind.NOTE,),
    UnitForm.UNITS: BLOCKS,
    UnitForm.ANY: BLOCKS,
}
"""A block of shares is an exact fraction of an outcome; a note is a certificate."""


def refuse_draft(state: ExchangeState, command: ProposeDeal) -> Rejected | None:
    """Whether the terms make no block: its units are named, it is paid in cash, and no office is waited for.

    Refused: deal.consideration_not_supported, deal.terms_invalid, limit.exceeded.
    """
    if command.items is not None or command.consideration != (Consideration.CASH,):
        return Rejected(code=RejectCode.DEAL_CONSIDERATION_NOT_SUPPORTED, detail="a block is paid in cash at signing")
    if command.units is None:
        return Rejected(code=RejectCode.DEAL_TERMS_INVALID, detail="a block names its units")
    if command.wait_for_recordal:
        return Rejected(code=RejectCode.DEAL_TERMS_INVALID, detail="no office records these units")
    offered = [deal for deal in state.table(Deal).values() if deal.seller_account_id == command.seller_account_id]
    if sum(1 for deal in offered if deal.block) >= MAX_BLOCKS_OFFERED:
        return Rejected(code=RejectCode.LIMIT_EXCEEDED, detail=f"max_blocks_offered={MAX_BLOCKS_OFFERED}")
    return None


def refuse_form(state: ExchangeState, market: Market, profile: Profile, deal: Deal, method: Method) -> Rejected | None:
    """Whether the market knows no such units, or not so few of them, or not the notes of another market.

    Refused: rule.method_not_allowed, deal.terms_invalid, market.unknown, product.state.
    """
    form = profile.fields.unit_form.value
    if deal.asset_kind not in FORMS[form]:
        detail = f"a {deal.asset_kind} where the form is {form}"
        return Rejected(code=RejectCode.RULE_METHOD_NOT_ALLOWED, detail=detail, rule=cite(profile, "unit_form"))
    least = profile.fields.minimum_lot_units.value
    if deal.units < least:
        rule = cite(profile, "minimum_lot_units")
        return Rejected(code=RejectCode.DEAL_TERMS_INVALID, detail=f"a block of at least {least} units", rule=rule)
    return refuse_note(state, deal.asset_id, market, method) if deal.asset_kind is AssetKind.NOTE else None


def refuse_note(state: ExchangeState, asset_id: AssetId, market: Market, method: Method) -> Rejected | None:
    """Whether a note may not change hands this way in this market: it is paid back, or another market's.

    A note stays in the market it was issued in, so that no other profile lets pass what its own forbids; where its own
    forbids the method, that is the answer.
    Refused: rule.method_not_allowed, market.unknown, product.state.
    """
    found = note_issue(state, asset_id)
    if found is None:
        return Rejected(code=RejectCode.ASSET_UNKNOWN)
    if found.market_id != market.market_id:
        home = state.table(Market)[found.market_id]
        if (refusal := check_method(profile_of(state, home), method)) is not None:
            return refusal.rejected()
        return Rejected(code=RejectCode.MARKET_UNKNOWN, detail=f"a note of market {to_wire('Y', home.market_id)}")
    if not found.outstanding:
        return Rejected(code=RejectCode.PRODUCT_STATE, detail=found.name)
    return None


def refuse_units(state: ExchangeState, header: Header, deal: Deal) -> Rejected | None:
    """Whether the units are not the seller's to sell: stopped, promised or burdened, or what is behind them is.

    Refused: asset.frozen, outcome.state, pilot.state, right.not_owned, right.expired, patent.not_listable,
    right.encumbered, right.title_defect, listing.no_share_deed, rule.lock_up, hold.insufficient_available.
    """
    asset = state.assets[deal.asset_id]
    if asset.frozen:
        suspended = state.table(Suspension).get(deal.asset_id)
        why = f": {to_wire('RC', suspended.reconciliation_id)} is not resolved" if suspended is not None else ""
        return Rejected(code=RejectCode.ASSET_FROZEN, detail=f"{asset.code}{why}")
    if deal.asset_kind is AssetKind.SHARE:
        outcome = state.table(Outcome)[OutcomeId(asset.subject_id)]
        if (refusal := _refuse_outcome(state, header, outcome)) is not None:
            return refusal
    return refuse_short(state, deal)


def refuse_short(state: ExchangeState, deal: Deal) -> Rejected | None:
    """Whether the seller has not got the units, or has promised them; what this deal itself holds is no burden to it.

    Refused: right.not_owned, rule.lock_up, right.encumbered, hold.insufficient_available.
    """
    seller_id, needed = deal.seller_account_id, deal.units - deal.held_units
    if state.ledger.units(seller_id, deal.asset_id) < deal.units:
        return Rejected(code=RejectCode.RIGHT_NOT_OWNED, detail=state.assets[deal.asset_id].code)
    if state.ledger.available(seller_id, deal.asset_id) < needed:
        return short_of(state, seller_id, deal.asset_id, needed)
    return None


def technology_country(state: ExchangeState, deal: Deal) -> str:
    """From where the technology would leave: where the outcome's owner is, whoever sells shares of it."""
    owner_id = state.accounts[deal.seller_account_id].member_id
    if deal.asset_kind is AssetKind.SHARE:
        owner_id = state.table(Outcome)[OutcomeId(state.assets[deal.asset_id].subject_id)].member_id
    return state.members[owner_id].country


def blocks_of(state: ExchangeState, account_id: AccountId, asset_id: AssetId) -> list[Deal]:
    """The open agreements by which an account sells units of an asset, the newest first."""
    found = [
        deal
        for deal in state.table(Deal).values()
        if deal.asset_id == asset_id and deal.seller_account_id == account_id and deal.block
    ]
    return sorted(found, key=lambda deal: -deal.deal_id)


def _refuse_outcome(state: ExchangeState, header: Header, outcome: Outcome) -> Rejected | None:
    pilot = state.find(Pilot, outcome.outcome_id)
    if pilot is not None and pilot.state is not PilotState.COMPLETED:
        return Rejected(code=RejectCode.PILOT_STATE, detail=f"{to_wire('J', pilot.pilot_id)} is {pilot.state}")
    if (refusal := refuse_rights_behind(state, header, outcome)) is not None:
        return refusal
    deed = refuse_unsigned_deed(state, outcome)
    return deed if isinstance(deed, Rejected) else None
