"""Public sales: announced under terms that then stand, called off while they may be, and listed lower if they fail."""

from __future__ import annotations

import msgspec

from custody.rights import Right
from exchange.core.ids import BidderId, LotId, SaleId, make_id, to_wire
from exchange.core.messages import Citation, Event, Header, Rejected
from exchange.core.node_messages import TimerKind
from exchange.core.parties import Role, UserRight
from exchange.core.rejections import RejectCode
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import Minor, TimeNs
from exchange.engine import timers
from exchange.engine.access import acts_for_member, refuse_account
from exchange.engine.deal_checks import Bound
from exchange.engine.documents import refuse_documents
from exchange.engine.encumbrances import acting_seller, selling_member
from exchange.engine.listing_checks import overlay_of
from exchange.engine.rules import profile_of
from exchange.engine.sale_cases import tell
from exchange.engine.sale_checks import ends_at, refuse_lots, refuse_terms
from exchange.engine.sale_ends import close_sale
from exchange.engine.state import ExchangeState
from exchange.engine.tender_checks import refuse_tender
from exchange.rulebook.overlays import cite_overlay
from exchange.rulebook.profile import Profile, cite
from matching.listing import ListingState
from matching.listing_messages import Listing, ListingMethod
from matching.messages import Market
from matching.sale_messages import (
    AnnounceSale,
    CancelSale,
    ListingRepriced,
    ListingSteps,
    Lot,
    LotReserve,
    LotState,
    LotTerms,
    RepriceListing,
    Sale,
    SaleAnnounced,
    SaleState,
)
from matching.tender_messages import Panel, Tender, TenderAnnounced
from matching.tenders import TenderTerms


def announce_sale(state: ExchangeState, header: Header, command: AnnounceSale) -> list[Event]:
    """Put admitted listings to public sale; from here on time alone opens and ends it."""
    listings = [state.table(Listing).get(terms.listing_id) for terms in command.lots]
    found = [listing for listing in listings if listing is not None]
    if len(found) < len(listings):
        return [Rejected(code=RejectCode.LISTING_UNKNOWN)]
    seller_id = acting_seller(state, found[0].asset_id, found[0].account_id)
    if (refusal := refuse_account(state, header, seller_id, UserRight.TRADE)) is not None:
        return [refusal]
    if (refusal := refuse_lots(state, header, command, found)) is not None:
        return [refusal]
    if (refusal := refuse_terms(state, header, command, found)) is not None:
        return [refusal]
    if (refusal := refuse_tender(state, command, found)) is not None:
        return [refusal]
    market = state.table(Market)[found[0].market_id]
    profile = profile_of(state, market)
    bound = overlay_of(state, header, profile, found[0])
    if isinstance(bound, Rejected):
        return [bound]

    state.change()
    sale = _sale(state, header, command, found[0], bound[0].version if bound is not None else 0)
    state.put(sale)
    lots = tuple(
        _lot(state, sale, lot_id, terms, listing)
        for lot_id, terms, listing in zip(sale.lot_ids, command.lots, found, strict=True)
    )
    reserves = tuple(
        LotReserve(lot_id=lot.lot_id, seller_account_id=sale.seller_account_id, reserve_minor=terms.reserve_minor)
        for lot, terms in zip(lots, command.lots, strict=True)
        if terms.reserve_minor
    )
    for record in (*lots, *reserves):
        state.put(record)
    rules = rules_of_sale(profile, bound)
    told = tell(state, header, sale)
    return [
        SaleAnnounced(sale=sale, lots=lots, reserves=reserves, rules=rules, movement=told),
        *_tender(state, sale, command.tender),
        timers.set_timer(state, header, TimerKind.SALE_STARTS, sale.starts_at_ns, sale.sale_id),
        timers.set_timer(state, header, TimerKind.SALE_ENDS, sale.ends_at_ns, sale.sale_id),
        *(
            [timers.set_timer(state, header, TimerKind.SALE_REVEAL_ENDS, sale.reveal_until_ns, sale.sale_id)]
            if sale.reveal_until_ns
            else []
        ),
    ]


def cancel_sale(state: ExchangeState, header: Header, command: CancelSale) -> list[Event]:
    """Call a sale off, while nobody has won anything."""
    sale = state.table(Sale).get(command.sale_id)
    if sale is None:
        return [Rejected(code=RejectCode.SALE_UNKNOWN)]
    operator = Role.OPERATOR in state.users[header.principal].roles
    if not operator and not acts_for_member(state, header, selling_member(state, sale), UserRight.TRADE):
        return [Rejected(code=RejectCode.ACCOUNT_NOT_YOURS)]
    unwon = (SaleState.ANNOUNCED, SaleState.BIDDING, SaleState.REVEALING, SaleState.SCORING)
    open_to = unwon if operator else (SaleState.ANNOUNCED,)
    if sale.state not in open_to:
        return [Rejected(code=RejectCode.SALE_STATE, detail=sale.state)]

    state.change()
    return close_sale(state, header, sale, SaleState.CANCELLED, command.reason)


def reprice_listing(state: ExchangeState, header: Header, command: RepriceListing) -> list[Event]:
    """Let what found no buyer be listed lower, one step for each failed sale. Arrives here with two signatures."""
    listing = state.table(Listing).get(command.listing_id)
    if listing is None:
        return [Rejected(code=RejectCode.LISTING_UNKNOWN)]
    if listing.state is not ListingState.ADMITTED:
        return [Rejected(code=RejectCode.LISTING_STATE, detail=listing.state)]
    if (lot := state.find(Lot, listing.asset_id)) is not None:
        return [Rejected(code=RejectCode.SALE_STATE, detail=f"{to_wire('LT', lot.lot_id)} is {lot.state}")]
    steps = state.table(ListingSteps).get(listing.listing_id)
    if steps is None or steps.failed_sales == steps.stepped_after:
        return [Rejected(code=RejectCode.SALE_STATE, detail="no sale of it failed since its price was set")]
    if command.price_minor >= listing.asking_price_minor:
        return [Rejected(code=RejectCode.LISTING_TERMS_INVALID, detail=f"not below {listing.asking_price_minor}")]
    if (refusal := refuse_documents(state, listing.member_id, (command.decision_sha256,))) is not None:
        return [refusal]

    state.change()
    lower = msgspec.structs.replace(listing, asking_price_minor=command.price_minor)
    stepped = msgspec.structs.replace(
        steps,
        steps=steps.steps + 1,
        stepped_after=steps.failed_sales,
        price_minor=command.price_minor,
        decision_sha256=command.decision_sha256,
        decided_by=header.principal,
        decided_at_ns=header.at_ns,
    )
    state.put(lower)
    state.put(stepped)
    return [ListingRepriced(listing=lower, steps=stepped)]


# --- Inside -----------------------------------------------------------------------------------------------------------


def _sale(state: ExchangeState, header: Header, command: AnnounceSale, listing: Listing, overlays_version: int) -> Sale:
    market = state.table(Market)[listing.market_id]
    return Sale(
        sale_id=SaleId(make_id(header.sequence)),
        market_id=listing.market_id,
        method=listing.method,
        state=SaleState.ANNOUNCED,
        seller_account_id=listing.account_id,
        member_id=listing.member_id,
        money_asset_id=market.money_asset_id,
        lot_ids=tuple(LotId(make_id(header.sequence, place + 1)) for place in range(len(command.lots))),
        pricing=command.pricing,
        regime=command.regime,
        auctioneer=command.auctioneer,
        auctioneer_licence=command.auctioneer_licence,
        conditions=command.conditions,
        group_ids=command.group_ids,
        confidentiality_sha256=command.confidentiality_sha256,
        data_room=command.data_room,
        contract_sha256=command.contract_sha256,
        deposit_minor=command.deposit_minor,
        payment_days=command.payment_days,
        increment_minor=command.increment_minor,
        step_seconds=command.step_seconds,
        soft_close_seconds=command.soft_close_seconds,
        unrevealed_forfeit_ppm=command.unrevealed_forfeit_ppm,
        reserve_shown=command.reserve_shown,
        starts_at_ns=command.starts_at_ns,
        ends_at_ns=ends_at(command, listing),
        reveal_until_ns=command.reveal_until_ns,
        jurisdiction=listing.jurisdiction,
        wait_for_recordal=command.wait_for_recordal,
        fee_version=state.version_in_force(PublishedKind.FEE_SCHEDULE, market.fee_schedule, header.at_ns),
        overlays_version=overlays_version,
        announced_by=header.principal,
        announced_at_ns=header.at_ns,
    )


def rules_of_sale(profile: Profile, bound: Bound | None) -> tuple[Citation, ...]:
    """The provisions under which a sale is announced."""
    fields = ("methods", "settlement", "publicity", "auction_notice_days", "deposit_ppm", "anti_sniping_seconds")
    market_rules = tuple(cite(profile, field) for field in fields)
    if bound is None:
        return market_rules
    names = ("methods", "open_sale_notice_trading_days")
    return (*market_rules, *(cite_overlay(*bound, field) for field in names))


def _tender(state: ExchangeState, sale: Sale, terms: TenderTerms | None) -> list[Event]:
    """Publish how offers are compared, and keep who will score them. Call after the line."""
    if terms is None:
        return []
    tender = Tender(
        sale_id=sale.sale_id,
        price_weight_ppm=terms.price_weight_ppm,
        criteria=terms.criteria,
        basis=terms.basis,
        scoring_days=terms.scoring_days,
    )
    panel = Panel(sale_id=sale.sale_id, seller_account_id=sale.seller_account_id, evaluators=terms.evaluators)
    state.put(tender)
    state.put(panel)
    return [TenderAnnounced(tender=tender, panel=panel)]


def _lot(state: ExchangeState, sale: Sale, lot_id: LotId, terms: LotTerms, listing: Listing) -> Lot:
    dutch = sale.method is ListingMethod.DUTCH
    return Lot(
        lot_id=lot_id,
        sale_id=sale.sale_id,
        listing_id=listing.listing_id,
        asset_id=listing.asset_id,
        units=state.assets[state.table(Right)[listing.asset_id].asset_id].total_units,
        name=listing.name,
        method=listing.method,
        state=LotState.ANNOUNCED,
        start_minor=terms.start_minor,
        reserve_minor=terms.reserve_minor if sale.reserve_shown else Minor(0),
        reserve_met=False,
        clock_minor=terms.start_minor if dutch else Minor(0),
        ends_at_ns=TimeNs(sale.ends_at_ns),
        bidder_id=BidderId(0),
    )
