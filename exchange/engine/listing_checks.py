"""May this be listed? Asked when a listing is proposed, and again, as of then, when it is admitted.

The law first (method, overlay, form), then the thing itself (title, life, burdens), then the paper (deed, waivers,
disclosure). A method is asked before anything else is looked at, so that a market's no is the answer a seller sees.
"""

from __future__ import annotations

from custody.consents import ConsentAct
from custody.outcomes import Outcome
from custody.rights import Right
from exchange.core.ids import to_wire
from exchange.core.instruments import AssetKind, Settlement, Side
from exchange.core.messages import Citation, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.rule_messages import PublishedKind
from exchange.engine.authorisations import refuse_unauthorised
from exchange.engine.blocks import FORMS, refuse_note
from exchange.engine.consents import refuse_without_consents
from exchange.engine.documents import refuse_documents
from exchange.engine.encumbrances import aside_for_listing
from exchange.engine.notes import note_issue
from exchange.engine.order_terms import MAX_ORDER_MINOR
from exchange.engine.outcomes import open_claims
from exchange.engine.rights import patents_of as patents_of_right
from exchange.engine.rights import refuse_title, refuse_whole_right
from exchange.engine.rules import disposal_overlay, profile_of
from exchange.engine.share_checks import refuse_rights_behind, refuse_unsigned_deed
from exchange.engine.state import ExchangeState
from exchange.rulebook.checks import check_method, check_value_cap
from exchange.rulebook.disposal import check_disposal_method
from exchange.rulebook.fees import FeeSchedule, fee_row
from exchange.rulebook.overlays import Overlay, Overlays
from exchange.rulebook.profile import Method, Profile, RegisterOfRecord, cite
from matching.listing_messages import Listing, ListingMethod
from matching.messages import Market


def refuse_listing(state: ExchangeState, header: Header, listing: Listing) -> Rejected | None:
    """Whether the listing, as it stands, may be put to its market now. Its account and market were looked up before.

    Refused: as listing.propose, from rule.method_not_allowed on.
    """
    market = state.table(Market)[listing.market_id]
    profile = profile_of(state, market)
    if (refusal := _refuse_by_rule(state, header, market, profile, listing)) is not None:
        return refusal
    if listing.method is ListingMethod.ORDER_BOOK:
        refusal = _refuse_shares(state, header, profile, listing)
    else:
        refusal = _refuse_whole(state, header, profile, listing)
    if refusal is not None:
        return refusal
    if (refusal := refuse_documents(state, listing.member_id, (listing.disclosure_sha256,))) is not None:
        return refusal
    other = state.find(Listing, listing.asset_id)
    if other is not None and other.listing_id != listing.listing_id:
        return Rejected(code=RejectCode.LISTING_STATE, detail=f"listed as {to_wire('L', other.listing_id)}")
    return None


def overlay_of(
    state: ExchangeState, header: Header, profile: Profile, listing: Listing
) -> tuple[Overlays, Overlay] | Rejected | None:
    """The disposal overlay that binds this seller in this market; None where the market asks for none.

    Refused: profile.not_active if the market asks for overlays and none are in force.
    """
    if state.assets[listing.asset_id].kind is AssetKind.NOTE:
        return None  # a note is no outcome that an institution disposes of
    return disposal_overlay(state, header, profile, state.members[listing.member_id], listing.jurisdiction)


def rules_of(profile: Profile, method: ListingMethod) -> tuple[Citation, ...]:
    """The provisions under which a listing is admitted."""
    methods = "centralised_methods" if method is ListingMethod.ORDER_BOOK else "methods"
    return tuple(cite(profile, field) for field in (methods, "settlement", "publicity"))


# --- The law ----------------------------------------------------------------------------------------------------------


def _refuse_by_rule(
    state: ExchangeState, header: Header, market: Market, profile: Profile, listing: Listing
) -> Rejected | None:
    """The market's method, the seller's overlay, the form that fits the method, the price of the service."""
    method = Method(listing.method.value)
    if (refused := refuse_unauthorised(state, header, profile)) is not None:
        return refused
    if (refusal := check_method(profile, method)) is not None:
        return refusal.rejected()
    bound = overlay_of(state, header, profile, listing)
    if isinstance(bound, Rejected):
        return bound
    if bound is not None and (refusal := check_disposal_method(*bound, method)) is not None:
        return refusal.rejected()
    if profile.fields.register_of_record.value is RegisterOfRecord.EXTERNAL:
        return _not_this_way(profile, "register_of_record", "another register's holdings take no listing here")
    if (refused := _refuse_form(state, profile, listing)) is not None:
        return refused
    version = state.version_in_force(PublishedKind.FEE_SCHEDULE, market.fee_schedule, header.at_ns)
    schedule = state.parsed.get((PublishedKind.FEE_SCHEDULE, market.fee_schedule, version))
    if not isinstance(schedule, FeeSchedule) or any(
        fee_row(schedule, market.profile, method, side) is None for side in Side
    ):
        return Rejected(code=RejectCode.FEE_SCHEDULE_UNKNOWN, detail=f"{market.fee_schedule} does not price {method}")
    return None


def _refuse_form(state: ExchangeState, profile: Profile, listing: Listing) -> Rejected | None:
    """A book takes units, which settle in our books; a whole right goes by agreement and settles as its title does."""
    right = state.table(Right).get(listing.asset_id)
    if listing.method is ListingMethod.ORDER_BOOK and right is not None:
        return _not_this_way(profile, "settlement", "a whole right takes no order book")
    if listing.method is not ListingMethod.ORDER_BOOK and right is None:
        return _not_this_way(profile, "methods", "units are listed in a book; a block needs no listing")
    settlement = right.settlement if right is not None else Settlement.BOOK_ENTRY
    if settlement not in profile.fields.settlement.value:
        return _not_this_way(profile, "settlement", f"{settlement} settlement")
    return None


def _not_this_way(profile: Profile, field: str, detail: str) -> Rejected:
    return Rejected(code=RejectCode.RULE_METHOD_NOT_ALLOWED, detail=detail, rule=cite(profile, field))


# --- A whole right ----------------------------------------------------------------------------------------------------


def _refuse_whole(state: ExchangeState, header: Header, profile: Profile, listing: Listing) -> Rejected | None:
    right = state.table(Right)[listing.asset_id]
    aside = aside_for_listing(state, listing)
    if (refusal := refuse_whole_right(state, header, right, listing.account_id, besides=aside)) is not None:
        return refusal
    for patent in patents_of_right(state, right):
        if right.patent_id and patent.outcome_id:
            detail = f"{patent.number} lies in {to_wire('X', patent.outcome_id)}"
            return Rejected(code=RejectCode.OUTCOME_STATE, detail=detail)
        if not patent.listable:
            return Rejected(code=RejectCode.PATENT_NOT_LISTABLE, detail=f"{patent.number} lacks what a listing needs")
    if (refusal := refuse_title(right)) is not None:
        return refusal
    consent = (listing.asset_id, ConsentAct.SALE, listing.member_id)
    if (
        refusal := refuse_without_consents(state, header.at_ns, *consent, price_minor=listing.asking_price_minor)
    ) is not None:
        return refusal
    scales = (listing.lot_units, listing.tick_minor, listing.band_low_ticks, listing.band_high_ticks)
    if any(scales) or not 0 < listing.asking_price_minor <= MAX_ORDER_MINOR:
        return Rejected(code=RejectCode.LISTING_TERMS_INVALID, detail="a whole right has an asking price and no scales")
    if (over := check_value_cap(profile, listing.asking_price_minor)) is not None:
        return over.rejected()
    return None


# --- Shares -----------------------------------------------------------------------------------------------------------


def _refuse_shares(state: ExchangeState, header: Header, profile: Profile, listing: Listing) -> Rejected | None:
    asset = state.assets[listing.asset_id]
    if asset.frozen:
        return Rejected(code=RejectCode.ASSET_FROZEN, detail=asset.code)
    if asset.kind is AssetKind.NOTE:
        return _refuse_notes(state, profile, listing)
    outcome = state.table(Outcome).get(asset.subject_id)
    if asset.kind is not AssetKind.SHARE or outcome is None or outcome.member_id != listing.member_id:
        return Rejected(code=RejectCode.RIGHT_NOT_OWNED, detail=asset.code)
    if (refusal := refuse_rights_behind(state, header, outcome)) is not None:
        return refusal
    if (refusal := _refuse_scales(profile, listing, asset.total_units)) is not None:
        return refusal
    return _refuse_without_deed(state, outcome)


def _refuse_notes(state: ExchangeState, profile: Profile, listing: Listing) -> Rejected | None:
    """Whether notes may be listed: by their issuer, in the market they were issued in, before they are paid back.

    Refused: rule.method_not_allowed, market.unknown, product.state, right.not_owned, listing.terms_invalid.
    """
    market = state.table(Market)[listing.market_id]
    if AssetKind.NOTE not in FORMS[form := profile.fields.unit_form.value]:
        return _not_this_way(profile, "unit_form", f"notes where the form is {form}")
    if (refusal := refuse_note(state, listing.asset_id, market, Method.ORDER_BOOK)) is not None:
        return refusal
    found = note_issue(state, listing.asset_id)
    if found is None or found.issuer_id != listing.member_id:
        return Rejected(code=RejectCode.RIGHT_NOT_OWNED, detail=state.assets[listing.asset_id].code)
    return _refuse_scales(profile, listing, state.assets[listing.asset_id].total_units)


def _refuse_scales(profile: Profile, listing: Listing, total_units: int) -> Rejected | None:
    """Whether lots share out the whole, and every price in the band is a price an order could be worth."""
    fields = profile.fields
    low, high, tick = listing.band_low_ticks, listing.band_high_ticks, listing.tick_minor
    problem = ""
    if listing.lot_units < fields.minimum_lot_units.value or total_units % max(1, listing.lot_units):
        problem = f"lot_units={listing.lot_units}, a part of {total_units}, at least {fields.minimum_lot_units.value}"
    elif tick < 1 or tick % fields.price_step_minor.value:
        problem = f"tick_minor={tick}, a multiple of {fields.price_step_minor.value}"
    elif not 0 < low < high or high * tick > MAX_ORDER_MINOR:
        problem = f"band_low_ticks={low} band_high_ticks={high}, at most {MAX_ORDER_MINOR} minor a lot"
    elif listing.asking_price_minor:
        problem = "asking_price_minor: a book finds its price"
    return Rejected(code=RejectCode.LISTING_TERMS_INVALID, detail=problem) if problem else None


def _refuse_without_deed(state: ExchangeState, outcome: Outcome) -> Rejected | None:
    """Whether the co-owners agreed beforehand, and nobody may step in before a buyer.

    Source: 民法典 arts. 305-306, 847, 859, 860; 专利法 art. 14.
    """
    deed = refuse_unsigned_deed(state, outcome)
    if isinstance(deed, Rejected):
        return deed
    if not (deed.transfer_consent and deed.preemption_waived):
        return Rejected(code=RejectCode.LISTING_PRIOR_CLAIMS_OPEN, detail="the deed keeps consent or pre-emption")
    claims = open_claims(state, outcome)
    if claims:
        return Rejected(code=RejectCode.LISTING_PRIOR_CLAIMS_OPEN, detail=", ".join(claims))
    return None
