"""May this right, or this block, be sold to this buyer by agreement? Asked when proposed, accepted and signed.

The parties first, then the market's law, the seller's overlay and the export gate, then the right itself. What a deal
began under (profile, overlays, fees) stays with it; title, burdens and standings may have changed and are asked anew.
"""

from __future__ import annotations

import msgspec

from custody.consents import NO_MEMBER, ConsentAct
from custody.encumbrances import Burden, burdens_hash
from custody.rights import Right
from exchange.core.ids import AccountId, AssetId, MemberId, to_wire
from exchange.core.instruments import AssetKind, Settlement, Side, TitleRegime
from exchange.core.membership import Member
from exchange.core.messages import Citation, Header, Rejected
from exchange.core.parties import MemberStatus
from exchange.core.rejections import RejectCode
from exchange.core.rule_messages import PublishedKind
from exchange.engine.blocks import refuse_form, refuse_units, technology_country
from exchange.engine.burdens import burdens_of
from exchange.engine.consents import refuse_without_consents
from exchange.engine.encumbrances import aside_for_deal
from exchange.engine.insiders import refuse_insider_of
from exchange.engine.prior_claims import refuse_open_claims
from exchange.engine.resale import refuse_holders, refuse_resale
from exchange.engine.rights import patents_of, refuse_title, refuse_whole_right, technology_class
from exchange.engine.rules import disposal_overlay, profile_of
from exchange.engine.sale_deals import method_of
from exchange.engine.state import ExchangeState
from exchange.rulebook.checks import (
    check_currency,
    check_export,
    check_method,
    check_suitability,
    check_value_cap,
)
from exchange.rulebook.disposal import check_disposal_method, publicity_days
from exchange.rulebook.fees import FeeSchedule, fee_minor, fee_row
from exchange.rulebook.overlays import Overlay, Overlays, cite_overlay
from exchange.rulebook.profile import Method, Profile, RegisterOfRecord, cite
from matching.consideration import promised_minor
from matching.deals import Deal, DealBurden, DealState
from matching.messages import Market

Bound = tuple[Overlays, Overlay]
"""The overlay set in force for a deal, and the one overlay of it that binds its seller."""


def refuse_deal(state: ExchangeState, header: Header, deal: Deal, method: Method | None = None) -> Rejected | None:
    """Whether the deal, as it stands, may go on now. Its accounts, market and right were looked up before.

    `method` is how its price is being found; None: by the sale it came out of, else by agreement.

    Refused: as deal.propose, from account.frozen of either party and rule.method_not_allowed on.
    """
    market = state.table(Market)[deal.market_id]
    profile = profile_of(state, market)
    method = method or method_of(state, deal)
    buyers = [part.account_id for part in deal.takers]
    for account_id in (deal.seller_account_id, *buyers):
        if (refusal := refuse_stopped(state, account_id)) is not None:
            return refusal
    if (refusal := _refuse_by_market(state, market, profile, deal, method)) is not None:
        return refusal
    bound = overlay_of_deal(state, header, profile, deal)
    if isinstance(bound, Rejected):
        return bound
    if bound is not None and (refused := check_disposal_method(*bound, method)) is not None:
        return refused.rejected()
    technology, origin = technology_class(state, deal.asset_id), technology_country(state, deal)
    for account_id in buyers:
        if (refused := check_export(technology, origin, party(state, account_id).country)) is not None:
            return refused.rejected()
    if (refusal := _refuse_thing(state, header, market, profile, deal)) is not None:
        return refusal
    if (refusal := refuse_consents(state, header, deal)) is not None:
        return refusal
    if (refusal := refuse_resale(state, header, market, profile, deal)) is not None:
        return refusal
    if (refusal := refuse_holders(state, profile, deal)) is not None:
        return refusal
    return refuse_changed_burdens(state, deal)


def refuse_knowing(state: ExchangeState, header: Header, deal: Deal, side: Side) -> Rejected | None:
    """Whether who acts for this side of a block knows what the others do not. The other side is not told so.

    Refused: rule.insider, rule.closed_period.
    """
    if not deal.block:
        return None
    account_id = deal.buyer_account_id if side is Side.BUY else deal.seller_account_id
    return refuse_insider_of(state, header, deal.asset_id, account_id)


def refuse_stopped(state: ExchangeState, account_id: AccountId) -> Rejected | None:
    """Whether an account or its member is frozen.

    Refused: account.frozen, member.frozen.
    """
    if state.accounts[account_id].frozen:
        return Rejected(code=RejectCode.ACCOUNT_FROZEN, detail=to_wire("A", account_id))
    if party(state, account_id).status is MemberStatus.FROZEN:
        return Rejected(code=RejectCode.MEMBER_FROZEN, detail=to_wire("M", party(state, account_id).member_id))
    return None


def refuse_frozen_assets(state: ExchangeState, *asset_ids: AssetId) -> Rejected | None:
    """Whether any of these assets is frozen.

    Refused: asset.frozen.
    """
    for asset_id in asset_ids:
        if state.assets[asset_id].frozen:
            return Rejected(code=RejectCode.ASSET_FROZEN, detail=state.assets[asset_id].code)
    return None


def party(state: ExchangeState, account_id: AccountId) -> Member:
    """The member an account belongs to."""
    return state.members[MemberId(state.accounts[account_id].member_id)]


def overlay_of_deal(state: ExchangeState, header: Header, profile: Profile, deal: Deal) -> Bound | Rejected | None:
    """The disposal overlay that binds the seller, in the version the deal began under; None where none is asked.

    Refused: profile.not_active if the market asks for overlays and none are in force.
    """
    if deal.asset_kind is AssetKind.NOTE:
        return None  # a note is no outcome that an institution disposes of
    seller = party(state, deal.seller_account_id)
    return disposal_overlay(state, header, profile, seller, deal.jurisdiction, deal.overlays_version)


def days_of_publicity(bound: Bound | None, method: Method = Method.AGREEMENT) -> int:
    """Calendar days for which an agreed price is shown before the contract."""
    return publicity_days(bound[1], method) if bound is not None else 0


def rules_of_deal(profile: Profile, bound: Bound | None) -> tuple[Citation, ...]:
    """The provisions under which a deal may be proposed."""
    market_rules = tuple(cite(profile, field) for field in ("methods", "settlement", "publicity"))
    if bound is None:
        return market_rules
    return (*market_rules, *(cite_overlay(*bound, field) for field in ("methods", "agreement_publicity_days")))


def deal_fees(
    state: ExchangeState, market: Market, version: int, price_minor: int, method: Method = Method.AGREEMENT
) -> tuple[int, int] | None:
    """What a deal at this price costs (the buyer, the seller); None: the schedule does not price it.

    Preview and posting are this one function. Units: minor; the seller's fee never exceeds the price.
    """
    schedule = state.parsed.get((PublishedKind.FEE_SCHEDULE, market.fee_schedule, version))
    if not isinstance(schedule, FeeSchedule):
        return None
    rows = [fee_row(schedule, market.profile, method, side) for side in (Side.BUY, Side.SELL)]
    fees = [fee_minor(row, price_minor) for row in rows if row is not None]
    return (fees[0], fees[1]) if len(fees) == len(rows) else None


# --- Inside -----------------------------------------------------------------------------------------------------------


def _refuse_by_market(
    state: ExchangeState, market: Market, profile: Profile, deal: Deal, method: Method
) -> Rejected | None:
    """Method, form, currency and value as the market's profile has them, and whether it admits both parties."""
    if (refusal := check_method(profile, method)) is not None:
        return refusal.rejected()
    if profile.fields.register_of_record.value is RegisterOfRecord.EXTERNAL:
        return _not_this_way(profile, "register_of_record", "another register's holdings take no deal here")
    settlement = Settlement.BOOK_ENTRY if deal.block else state.table(Right)[deal.asset_id].settlement
    if settlement not in profile.fields.settlement.value:
        return _not_this_way(profile, "settlement", f"{settlement} settlement")
    if deal.block and (unfit := refuse_form(state, market, profile, deal, method)) is not None:
        return unfit
    for check in (
        check_currency(profile, market.currency),
        check_value_cap(profile, deal.price_minor + promised_minor(deal.items)),
    ):
        if check is not None:
            return check.rejected()
    step = profile.fields.price_step_minor.value
    if deal.price_minor % step:
        rule = cite(profile, "price_step_minor")
        return Rejected(code=RejectCode.DEAL_TERMS_INVALID, detail=f"price in steps of {step} minor", rule=rule)
    for account_id in (deal.seller_account_id, *(part.account_id for part in deal.takers)):
        member = party(state, account_id)
        if (refusal := check_suitability(profile, member.standings)) is not None:
            return Rejected(code=refusal.code, detail=f"{member.name} {refusal.detail}", rule=refusal.rule)
    return None


def _refuse_thing(
    state: ExchangeState, header: Header, market: Market, profile: Profile, deal: Deal
) -> Rejected | None:
    """Whether what is sold may pass: a right or a part of it, or the units of a block."""
    if not deal.block:
        return refuse_right(state, header, market, profile, state.table(Right)[deal.asset_id], deal)
    if (refusal := refuse_frozen_assets(state, market.money_asset_id)) is not None:
        return refusal
    return refuse_units(state, header, deal) or refuse_open_claims(state, profile, deal)


def _not_this_way(profile: Profile, field: str, detail: str) -> Rejected:
    return Rejected(code=RejectCode.RULE_METHOD_NOT_ALLOWED, detail=detail, rule=cite(profile, field))


def refuse_right(
    state: ExchangeState, header: Header, market: Market, profile: Profile, right: Right, deal: Deal
) -> Rejected | None:
    """Whether the right, or this part of it, is the seller's to sell: free, alive, of clear title, its claims known.

    What this deal itself holds is no burden.
    """
    if (refusal := refuse_frozen_assets(state, market.money_asset_id)) is not None:
        return refusal
    seller_id, aside = deal.seller_account_id, aside_for_deal(state, deal)
    refusal = refuse_whole_right(state, header, right, seller_id, deal.held_units, part_units=deal.units, besides=aside)
    if refusal is not None:
        return refusal
    for patent in patents_of(state, right):
        if right.patent_id and patent.outcome_id:
            detail = f"{patent.number} lies in {to_wire('X', patent.outcome_id)}"
            return Rejected(code=RejectCode.OUTCOME_STATE, detail=detail)
        if not patent.listable:
            return Rejected(code=RejectCode.PATENT_NOT_LISTABLE, detail=f"{patent.number} lacks what a sale needs")
    if (refusal := refuse_title(right)) is not None:
        return refusal
    return refuse_open_claims(state, profile, deal)


def refuse_consents(state: ExchangeState, header: Header, deal: Deal) -> Rejected | None:
    """Whether a co-owner has not consented to this sale to this buyer at this price.

    Who steps in by a prior claim needs nobody's consent: it is the law that puts it in the buyer's place.
    Refused: consent.missing.
    """
    if deal.parts or deal.state is DealState.PRE_EMPTION:
        return None
    seller_id, buyer_id = (state.accounts[one].member_id for one in (deal.seller_account_id, deal.buyer_account_id))
    to_anybody = buyer_id == seller_id  # a sale that has no buyer yet
    return refuse_without_consents(
        state,
        header.at_ns,
        deal.asset_id,
        ConsentAct.SALE,
        seller_id,
        to_member_id=NO_MEMBER if to_anybody else buyer_id,
        price_minor=deal.price_minor,
    )


def burdens_on(state: ExchangeState, deal: Deal) -> list[Burden]:
    """What lies on the right and goes with it to the buyer; a block's units are free, and lie behind a deed."""
    if deal.block:
        return []
    return [burden for burden in burdens_of(state, deal.asset_id) if not burden.blocks]


def with_burdens(state: ExchangeState, deal: Deal) -> Deal:
    """The deal with what lies on its right now: the buyer signs for that list."""
    found = burdens_on(state, deal)
    listed = tuple(DealBurden(entry=each.entry, kind=each.kind.value, summary=each.summary) for each in found)
    return msgspec.structs.replace(deal, burdens=listed, burdens_sha256=burdens_hash(found))


def refuse_changed_burdens(state: ExchangeState, deal: Deal) -> Rejected | None:
    """Whether something else lies on the right than the offer said: the offer is void, another may be made.

    Refused: deal.burdens_changed.
    Source: 技术合同解释 art. 24 (an earlier licence survives the transfer, so the buyer takes it with the right).
    """
    if not deal.terms_sha256:
        return None  # nothing is offered yet
    now = burdens_hash(burdens_on(state, deal))
    if now == deal.burdens_sha256:
        return None
    return Rejected(code=RejectCode.DEAL_BURDENS_CHANGED, detail=f"burdens_sha256={now}")


def awaits_office(right: Right, wait_for_recordal: bool) -> bool:
    """Whether title waits for an office: by the right's own law (CN), or because the parties agreed to wait.

    Source: 专利法 art. 10 (effective on registration); 35 USC 261 (a signed writing moves title).
    """
    return wait_for_recordal or right.title_regime is TitleRegime.CN_REGISTER_CONSTITUTIVE
