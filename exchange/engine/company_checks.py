"""May this company be founded so, and may this founder bring that? What the market, the overlay and the right say.

Equity is offered and money waits under the company's market, so its profile must find prices by agreement, settle when
another register says so, and keep its own books. A state seller's overlay asks for days of publicity, and for the part
of the shares that goes to those who made the outcome.
"""

from __future__ import annotations

from custody.accounts import AccountKind
from custody.company import MAX_MEMBERS, MEMBERS_RULE, Company, Founder
from custody.consents import ConsentAct
from custody.pilot import Pilot, PilotState
from custody.rights import Right
from exchange.core.ids import AccountId, AssetId, to_wire
from exchange.core.instruments import AssetKind, Settlement
from exchange.core.messages import Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.units import MAX_INTEGER, div_ceil
from exchange.engine.consents import refuse_without_consents
from exchange.engine.deal_checks import party
from exchange.engine.prior_claims import refuse_any_claim
from exchange.engine.rights import patents_of, refuse_title, refuse_whole_right
from exchange.engine.rules import holder_of, profile_of
from exchange.engine.state import ExchangeState
from exchange.rulebook.checks import check_currency, check_export, check_holder_cap, check_method, check_value_cap
from exchange.rulebook.disposal import PPM, check_disposal_method
from exchange.rulebook.overlays import Overlay, Overlays, cite_overlay
from exchange.rulebook.profile import Method, Profile, RegisterOfRecord, cite
from matching.deals import Deal
from matching.listing_messages import Listing
from matching.messages import Market
from matching.quote_messages import QuoteRequest
from matching.sale_messages import Lot

# --- The market -------------------------------------------------------------------------------------------------------


def refuse_market(profile: Profile, market: Market, value_minor: int) -> Rejected | None:
    """Whether equity may be transferred in a market at all, and to this value.

    Refused: rule.method_not_allowed, currency.mismatch, rule.value_cap.
    """
    if (refusal := check_method(profile, Method.AGREEMENT)) is not None:
        return refusal.rejected()
    if profile.fields.register_of_record.value is RegisterOfRecord.EXTERNAL:
        return _not_here(profile, "register_of_record", "holdings kept elsewhere are not transferred here")
    if Settlement.RECORDAL not in profile.fields.settlement.value:
        return _not_here(profile, "settlement", "equity passes by the company's register, not at the trade")
    for check in (check_currency(profile, market.currency), check_value_cap(profile, value_minor)):
        if check is not None:
            return check.rejected()
    return None


def refuse_member_count(profile: Profile, members: int) -> Rejected | None:
    """Whether there would be too many members: by the company law, or by the market's own cap.

    Refused: rule.holder_cap.
    """
    if members > MAX_MEMBERS:
        detail = f"{members} members, at most {MAX_MEMBERS}"
        return Rejected(code=RejectCode.RULE_HOLDER_CAP, detail=detail, rule=MEMBERS_RULE)
    refused = check_holder_cap(profile, members)
    return refused.rejected() if refused is not None else None


def _not_here(profile: Profile, field: str, detail: str) -> Rejected:
    return Rejected(code=RejectCode.RULE_METHOD_NOT_ALLOWED, detail=detail, rule=cite(profile, field))


# --- The terms --------------------------------------------------------------------------------------------------------


def in_kind(founders: tuple[Founder, ...]) -> Founder | None:
    """The founder who brings a right, if one does."""
    found = [founder for founder in founders if founder.asset_id is not None]
    return found[0] if found else None


def refuse_founders(
    state: ExchangeState, profile: Profile, company_account_id: AccountId, founders: tuple[Founder, ...]
) -> Rejected | None:
    """Whether these founders, and what they bring, make a company.

    Refused: company.terms_invalid, account.unknown, asset.unknown, rule.holder_cap.
    """
    accounts = [founder.account_id for founder in founders]
    accounts += [part.account_id for founder in founders for part in founder.contributors]
    for account_id in accounts:
        account = state.accounts.get(account_id)
        if account is None or account.kind is not AccountKind.CLIENT:
            return Rejected(code=RejectCode.ACCOUNT_UNKNOWN, detail=to_wire("A", account_id))
        if account.member_id == state.accounts[company_account_id].member_id:
            return _invalid("a company holds no equity of its own")
    if len(dict.fromkeys(founder.account_id for founder in founders)) < len(founders):
        return _invalid("each founder once")
    if sum(founder.asset_id is not None for founder in founders) > 1:
        return _invalid("one right is brought in; what is more is sold to the company")
    for founder in founders:
        if (refusal := _refuse_founder(state, founder)) is not None:
            return refusal
    if sum(founder.capital_minor for founder in founders) > MAX_INTEGER:
        return _invalid("so much capital cannot be counted here")
    holding = [founder.account_id for founder in founders if founder.kept_units]
    holding += [part.account_id for founder in founders for part in founder.contributors]
    return refuse_member_count(profile, len(dict.fromkeys(holder_of(state, account_id) for account_id in holding)))


def _refuse_founder(state: ExchangeState, founder: Founder) -> Rejected | None:
    if not founder.capital_minor:
        return _invalid(f"{to_wire('A', founder.account_id)} brings nothing")
    named = (founder.asset_id is not None, founder.value_minor > 0, founder.valuation_sha256 is not None)
    if any(named) and not all(named):
        return _invalid("a right, what it counts for, and the valuation that says so, together")
    if founder.asset_id is not None:
        asset = state.assets.get(founder.asset_id)
        if asset is None or asset.kind is not AssetKind.RIGHT:
            return Rejected(code=RejectCode.ASSET_UNKNOWN, detail="a whole right in custody is brought in")
    if len(dict.fromkeys(part.account_id for part in founder.contributors)) < len(founder.contributors):
        return _invalid("each contributor once")
    if sum(part.units for part in founder.contributors) > founder.value_minor:
        return _invalid("contributors get their equity out of what the right counts for")
    return None


def _invalid(detail: str) -> Rejected:
    return Rejected(code=RejectCode.COMPANY_TERMS_INVALID, detail=detail)


def refuse_by_overlay(overlays: Overlays, overlay: Overlay, founder: Founder) -> Rejected | None:
    """Whether who brings a right may do so this way, and leaves those who made the outcome their part of the shares.

    The floor binds a state institution; others may have ruled or agreed otherwise (art. 45).
    Refused: rule.method_not_allowed, company.share_floor.
    Source: 促进科技成果转化法 (2015) art. 45: not less than half of the shares of a 作价投资; a place may ask for more.
    """
    if (refused := check_disposal_method(overlays, overlay, Method.AGREEMENT)) is not None:
        return refused.rejected()
    if not overlay.fields.reward_floor_binding.value:
        return None
    floor = div_ceil(founder.value_minor * overlay.fields.share_floor_ppm.value, PPM)
    given = sum(part.units for part in founder.contributors)
    if given >= floor:
        return None
    rule = cite_overlay(overlays, overlay, "share_floor_ppm")
    return Rejected(code=RejectCode.COMPANY_SHARE_FLOOR, detail=f"{given} units, at least {floor}", rule=rule)


# --- The right --------------------------------------------------------------------------------------------------------


def refuse_contributed_right(
    state: ExchangeState, header: Header, company: Company, founder: Founder, *, own_hold: int = 0
) -> Rejected | None:
    """Whether a founder may bring this right in now: all of it its own, free, of clear title, and nobody else asked.

    Refused: export.not_cleared, asset.frozen, right.immobilised, right.not_owned, right.expired, patent.not_listable,
    right.encumbered, right.title_defect, outcome.state, right.title_unknown, listing.prior_claims_open,
    consent.missing, deal.state, listing.state, sale.state, quote.state, pilot.state.
    """
    if founder.asset_id is None:
        return None
    right = state.table(Right)[founder.asset_id]
    seller, taker = party(state, founder.account_id), party(state, company.account_id)
    if (refused := check_export(right.technology_class, seller.country, taker.country)) is not None:
        return refused.rejected()
    if (refusal := refuse_whole_right(state, header, right, founder.account_id, own_hold)) is not None:
        return refusal
    for patent in patents_of(state, right):
        if right.patent_id and patent.outcome_id:
            detail = f"{patent.number} lies in {to_wire('X', patent.outcome_id)}"
            return Rejected(code=RejectCode.OUTCOME_STATE, detail=detail)
    if (refusal := refuse_title(right)) is not None:
        return refusal
    profile = profile_of(state, state.table(Market)[company.market_id])
    if (refusal := refuse_any_claim(state, profile, right.asset_id, seller.member_id)) is not None:
        return refusal
    refusal = refuse_without_consents(
        state,
        header.at_ns,
        right.asset_id,
        ConsentAct.SALE,
        seller.member_id,
        to_member_id=taker.member_id,
        price_minor=founder.value_minor,
    )
    return refusal or _refuse_other_case(state, right.asset_id)


def _refuse_other_case(state: ExchangeState, asset_id: AssetId) -> Rejected | None:
    """Whether the right is on its way elsewhere.

    Refused: deal.state, listing.state, sale.state, quote.state, pilot.state.
    """
    others = (
        (RejectCode.DEAL_STATE, state.find(Deal, asset_id)),
        (RejectCode.LISTING_STATE, state.find(Listing, asset_id)),
        (RejectCode.SALE_STATE, state.find(Lot, asset_id)),
        (RejectCode.QUOTE_STATE, state.find(QuoteRequest, asset_id)),
    )
    for code, other in others:
        if other is not None:
            return Rejected(code=code, detail=f"{state.assets[asset_id].code} is on its way elsewhere")
    right = state.table(Right)[asset_id]
    pilot = state.find(Pilot, right.outcome_id) if right.outcome_id else None
    if pilot is not None and pilot.state is not PilotState.COMPLETED:
        return Rejected(code=RejectCode.PILOT_STATE, detail=f"{to_wire('J', pilot.pilot_id)} is {pilot.state}")
    return None
