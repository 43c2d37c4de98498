"""May this equity go to this taker? Asked at the offer, its acceptance, and of each member that steps in."""

from __future__ import annotations

from datetime import timedelta

from custody.company import Company
from exchange.core.calendar import local_date
from exchange.core.ids import AccountId
from exchange.core.instruments import TechnologyClass
from exchange.core.messages import Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.engine.burdens import refuse_burdened
from exchange.engine.company_checks import refuse_market, refuse_member_count
from exchange.engine.deal_checks import party, refuse_frozen_assets, refuse_stopped
from exchange.engine.resale import holders_after, refuse_resale
from exchange.engine.rights import technology_class
from exchange.engine.rules import profile_of
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.rulebook.checks import check_export, check_suitability
from exchange.rulebook.profile import Profile
from matching.equity import EquityOffer
from matching.messages import Market


def refuse_transfer(state: ExchangeState, header: Header, offer: EquityOffer) -> Rejected | None:
    """Whether the offer, with whoever would take it now, may go on.

    Refused: account.frozen, member.frozen, then as equity.offer from rule.method_not_allowed to rule.holder_cap.
    """
    market = state.table(Market)[offer.market_id]
    profile = profile_of(state, market)
    company = state.table(Company)[offer.company_id]
    takers = [part.account_id for part in offer.takers]
    for account_id in (offer.seller_account_id, *takers):
        if (refusal := refuse_stopped(state, account_id)) is not None:
            return refusal
    if (refusal := refuse_market(profile, market, offer.price_minor)) is not None:
        return refusal
    for account_id in (offer.seller_account_id, *takers):
        member = party(state, account_id)
        if (refused := check_suitability(profile, member.standings)) is not None:
            return Rejected(code=refused.code, detail=f"{member.name} {refused.detail}", rule=refused.rule)
    technology = technology_class(state, company.right_id) if company.right_id else TechnologyClass.FREE
    for account_id in takers:
        countries = (party(state, company.account_id).country, party(state, account_id).country)
        if (refused := check_export(technology, *countries)) is not None:
            return refused.rejected()
    if (refusal := refuse_frozen_assets(state, market.money_asset_id, offer.asset_id)) is not None:
        return refusal
    if (refusal := refuse_units(state, offer)) is not None:
        return refusal
    if (refusal := _refuse_locked(state, header, company, offer)) is not None:
        return refusal
    if (refusal := refuse_resale(state, header, market, profile, offer)) is not None:
        return refusal
    return refuse_holders_after(state, profile, offer)


def refuse_units(state: ExchangeState, offer: EquityOffer) -> Rejected | None:
    """Whether the seller has not so many free units; what the offer itself holds is free to it.

    Refused: right.encumbered, right.not_owned.
    """
    if (refusal := refuse_burdened(state, offer.asset_id)) is not None:
        return refusal
    code = state.assets[offer.asset_id].code
    if state.ledger.units(offer.seller_account_id, offer.asset_id) < offer.units:
        return Rejected(code=RejectCode.RIGHT_NOT_OWNED, detail=code)
    own_hold = offer.units if offer.escrow_minor else 0
    if state.ledger.available(offer.seller_account_id, offer.asset_id) + own_hold < offer.units:
        return Rejected(code=RejectCode.RIGHT_ENCUMBERED, detail=code)
    return None


def refuse_holders_after(state: ExchangeState, profile: Profile, offer: EquityOffer) -> Rejected | None:
    """Whether there would be too many members after the transfer.

    Refused: rule.holder_cap.
    """
    return refuse_member_count(profile, holders_after(state, offer))


def is_member(state: ExchangeState, company: Company, account_id: AccountId) -> bool:
    """Whether the owner of an account is one of the company's members: it has equity on any of its accounts."""
    member_id = state.accounts[account_id].member_id
    holders = state.ledger.holders(company.asset_id)
    return any(state.accounts[holder].member_id == member_id for holder, _ in holders)


def _refuse_locked(state: ExchangeState, header: Header, company: Company, offer: EquityOffer) -> Rejected | None:
    """Whether the charter still keeps equity from outsiders.

    Refused: rule.lock_up.
    """
    days = company.charter.lock_up_days
    if not days or all(is_member(state, company, part.account_id) for part in offer.takers):
        return None
    free = local_date(company.founded_at_ns, VENUE_TIME_ZONE) + timedelta(days=days)
    if local_date(header.at_ns, VENUE_TIME_ZONE) >= free:
        return None
    return Rejected(code=RejectCode.RULE_LOCK_UP, detail=f"by the charter, to outsiders from {free}")
