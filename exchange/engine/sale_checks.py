"""May this be sold in public under these terms, and may this bidder take part? Asked before anything happens.

Whatever a profile, an overlay or the register forbids is refused with its rule; terms are refused with the field of the
profile that wants others.
"""

from __future__ import annotations

import msgspec

from custody.pilot import Pilot, PilotState
from custody.rights import Right
from exchange.core.calendar import BusinessCalendar
from exchange.core.ids import AccountId, DealId, MemberId, to_wire
from exchange.core.instruments import Settlement, TitleRegime
from exchange.core.membership import Mandate, User
from exchange.core.messages import Citation, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import NS_PER_DAY, Minor, TimeNs, div_ceil
from exchange.engine.deal_checks import (
    Bound,
    awaits_office,
    deal_fees,
    party,
    refuse_consents,
    refuse_deal,
    refuse_right,
)
from exchange.engine.documents import refuse_documents
from exchange.engine.encumbrances import acting_seller, selling_member
from exchange.engine.listing_checks import overlay_of, refuse_listing
from exchange.engine.order_terms import MAX_ORDER_MINOR
from exchange.engine.prior_claims import refuse_claims_in_sale
from exchange.engine.rules import profile_of
from exchange.engine.state import ExchangeState
from exchange.rulebook.disposal import open_sale_notice_ns, period_end_ns
from exchange.rulebook.overlays import cite_overlay
from exchange.rulebook.profile import Method, Profile, cite
from matching.deals import Deal, DealState
from matching.listing import ListingState
from matching.listing_messages import Listing, ListingMethod
from matching.lots import SetBid, dutch_end_ns, dutch_steps, pay_as_bid
from matching.messages import Market
from matching.sale_messages import (
    AUCTIONS,
    COMMITTED,
    PUBLIC,
    AnnounceSale,
    AuctionRegime,
    Lot,
    LotTerms,
    Sale,
    SealedPricing,
)

PPM = 1_000_000
LONGEST_NS = 366 * NS_PER_DAY
MAX_CLOCK_STEPS = 10_000


# --- What is sold -----------------------------------------------------------------------------------------------------


def refuse_lots(
    state: ExchangeState, header: Header, command: AnnounceSale, listings: list[Listing]
) -> Rejected | None:
    """Whether these listings may be sold together by their method now.

    Refused: listing.state, sale.terms_invalid, sale.state, deal.state, pilot.state, whatever refuses the listing now,
    listing.prior_claims_open.
    """
    first = listings[0]
    for listing in listings:
        if listing.state is not ListingState.ADMITTED:
            return Rejected(code=RejectCode.LISTING_STATE, detail=listing.state)
        if listing.method not in PUBLIC:
            return _invalid(f"{to_wire('L', listing.listing_id)} is listed by {listing.method}")
        alike = (listing.market_id, listing.account_id, listing.method, listing.jurisdiction)
        if alike != (first.market_id, first.account_id, first.method, first.jurisdiction):
            return _invalid("one sale has one market, seller, method and jurisdiction")
        if (refusal := refuse_taken(state, listing)) is not None:
            return refusal
        if (refusal := refuse_listing(state, header, listing)) is not None:
            return refusal
        if (refusal := refuse_claims(state, header, listing, lots=len(listings))) is not None:
            return refusal
    if len({acting_seller(state, listing.asset_id, listing.account_id) for listing in listings}) > 1:
        return _invalid("one sale has one seller: a pledgee sells what is pledged to it alone")
    if len({listing.listing_id for listing in listings}) != len(listings):
        return _invalid("a listing is named twice")
    if len(listings) > 1 and first.method is ListingMethod.DUTCH:
        return _invalid("one clock sells one lot")
    for terms, listing in zip(command.lots, listings, strict=True):
        if (refusal := _refuse_prices(state, command, terms, listing)) is not None:
            return refusal
    return None


def refuse_taken(state: ExchangeState, listing: Listing) -> Rejected | None:
    """Whether something else runs about the right."""
    if (lot := state.find(Lot, listing.asset_id)) is not None:
        return Rejected(code=RejectCode.SALE_STATE, detail=f"{to_wire('LT', lot.lot_id)} is {lot.state}")
    if (deal := state.find(Deal, listing.asset_id)) is not None:
        return Rejected(code=RejectCode.DEAL_STATE, detail=f"{to_wire('D', deal.deal_id)} is {deal.state}")
    right = state.table(Right)[listing.asset_id]
    pilot = state.find(Pilot, right.outcome_id) if right.outcome_id else None
    if pilot is not None and pilot.state is not PilotState.COMPLETED:
        return Rejected(code=RejectCode.PILOT_STATE, detail=f"{to_wire('J', pilot.pilot_id)} is {pilot.state}")
    return None


def refuse_claims(state: ExchangeState, header: Header, listing: Listing, *, lots: int = 1) -> Rejected | None:
    """Whether the right may be offered to anybody: what a deal about it would be refused for, whoever the buyer."""
    market = state.table(Market)[listing.market_id]
    right, profile = state.table(Right)[listing.asset_id], profile_of(state, market)
    own = hypothetical(state, header, listing, listing.account_id, listing.asking_price_minor)
    if (refusal := refuse_right(state, header, market, profile, right, own)) is not None:
        return refusal
    items = listing.method is ListingMethod.TENDER  # its offers may promise some, which one must owe
    seller_id = listing.member_id
    refusal = refuse_claims_in_sale(state, profile, listing.asset_id, seller_id, lots=lots, items=items)
    return refusal if refusal is not None else refuse_consents(state, header, own)


def _refuse_prices(state: ExchangeState, command: AnnounceSale, terms: LotTerms, listing: Listing) -> Rejected | None:
    """Whether nothing lies below the listing price, and all of it in the market's steps."""
    profile = profile_of(state, state.table(Market)[listing.market_id])
    step = profile.fields.price_step_minor.value
    if terms.start_minor % step or terms.reserve_minor % step or command.increment_minor % step:
        return _invalid(f"prices in steps of {step} minor", cite(profile, "price_step_minor"))
    if terms.start_minor < listing.asking_price_minor:
        return _invalid(f"start_minor={terms.start_minor}, listed at {listing.asking_price_minor}")
    if terms.reserve_minor and listing.method is ListingMethod.DUTCH:
        return _invalid("a Dutch clock's reserve is the listing price, its floor")
    if terms.reserve_minor and terms.reserve_minor < terms.start_minor:
        return _invalid(f"reserve_minor={terms.reserve_minor} below start_minor={terms.start_minor}")
    if max(terms.start_minor, terms.reserve_minor) > MAX_ORDER_MINOR:
        return Rejected(code=RejectCode.LIMIT_EXCEEDED, detail=f"max_minor={MAX_ORDER_MINOR}")
    right = state.table(Right)[listing.asset_id]
    if command.wait_for_recordal and right.title_regime is TitleRegime.CONTRACT_REGISTER:
        return _invalid("no office records this right")
    return None


# --- Under which terms ------------------------------------------------------------------------------------------------


def refuse_terms(
    state: ExchangeState, header: Header, command: AnnounceSale, listings: list[Listing]
) -> Rejected | None:
    """Whether the terms are what method, market and overlay want.

    Refused: sale.terms_invalid, member.unknown, calendar.not_covered, profile.not_active, document.unknown.
    """
    first = listings[0]
    profile = profile_of(state, state.table(Market)[first.market_id])
    bound = overlay_of(state, header, profile, first)
    if isinstance(bound, Rejected):
        return bound
    for refusal in (
        _refuse_regime(command),
        _refuse_method_terms(profile, command, first.method),
        _refuse_deposit(profile, command),
        _refuse_times(state, header, profile, bound, command, listings),
    ):
        if refusal is not None:
            return refusal
    for member_id in command.group_ids:
        if member_id not in state.members:
            return Rejected(code=RejectCode.MEMBER_UNKNOWN, detail=to_wire("M", member_id))
    papers = (command.confidentiality_sha256, command.contract_sha256, *command.data_room)
    return refuse_documents(state, first.member_id, papers)


def _refuse_regime(command: AnnounceSale) -> Rejected | None:
    """Under the auction law an auctioneer with a licence is on record; bidding online under venue rules has none.

    Source: 拍卖法 arts. 11, 14.
    """
    named = (bool(command.auctioneer), bool(command.auctioneer_licence))
    if all(named) if command.regime is AuctionRegime.AUCTION_LAW else not any(named):
        return None
    return _invalid("auctioneer and auctioneer_licence belong to auction_law, both")


def _refuse_method_terms(profile: Profile, command: AnnounceSale, method: ListingMethod) -> Rejected | None:
    """Whether the terms are those of the method, and no other's."""
    english, dutch, _ = (method is one for one in AUCTIONS)
    sealed = method in COMMITTED
    if bool(command.increment_minor) is sealed:
        return _invalid("increment_minor is the step of rising bids or of a falling clock")
    if bool(command.step_seconds) is not dutch:
        return _invalid("step_seconds is a Dutch clock's")
    if bool(command.soft_close_seconds) and not english:
        return _invalid("soft_close_seconds is an English auction's")
    if bool(command.reveal_until_ns) is not sealed:
        return _invalid("reveal_until_ns is a sealed auction's")
    if command.unrevealed_forfeit_ppm and not sealed:
        return _invalid("unrevealed_forfeit_ppm is a sealed auction's")
    if command.pricing is SealedPricing.SECOND and method is not ListingMethod.SEALED:
        return _invalid("the second price is a sealed auction's")
    least = profile.fields.anti_sniping_seconds.value
    if english and command.soft_close_seconds < least:
        return _invalid(f"soft_close_seconds at least {least}", cite(profile, "anti_sniping_seconds"))
    if command.reserve_shown and not profile.fields.reserve_visible.value:
        return _invalid("a reserve is not shown", cite(profile, "reserve_visible"))
    return None


def _refuse_deposit(profile: Profile, command: AnnounceSale) -> Rejected | None:
    """Whether the deposit is the market's share of the starting prices at least, and no more than all of them."""
    start_minor = sum(terms.start_minor for terms in command.lots)
    least = div_ceil(start_minor * profile.fields.deposit_ppm.value, PPM)
    if least <= command.deposit_minor <= start_minor:
        return None
    return _invalid(f"deposit_minor from {least} to {start_minor}", cite(profile, "deposit_ppm"))


def _refuse_times(
    state: ExchangeState,
    header: Header,
    profile: Profile,
    bound: Bound | None,
    command: AnnounceSale,
    listings: list[Listing],
) -> Rejected | None:
    """Whether notice is given, and bidding and revealing take time in this order.

    Source: 拍卖法 art. 45 (notice of an auction); the overlay's notice of an open sale.
    """
    market = state.table(Market)[listings[0].market_id]
    calendar = state.calendar(market.calendar, market.calendar_version)
    if calendar is None:
        return Rejected(code=RejectCode.CALENDAR_NOT_COVERED, detail=market.calendar)
    earliest = _notice_end(header, profile, bound, calendar)
    if earliest is None:
        return Rejected(code=RejectCode.CALENDAR_NOT_COVERED, detail=market.calendar)
    due_ns, rule = earliest
    if command.starts_at_ns < due_ns or command.starts_at_ns <= header.at_ns:
        return _invalid(f"starts_at_ns at least {max(due_ns, header.at_ns + 1)}", rule)
    dutch = listings[0].method is ListingMethod.DUTCH
    if dutch and command.ends_at_ns:
        return _invalid("a Dutch clock ends by itself")
    if dutch and _steps(command, listings[0]) > MAX_CLOCK_STEPS:
        return _invalid(f"at most {MAX_CLOCK_STEPS} steps of the clock")
    ends_at_ns = ends_at(command, listings[0])
    if ends_at_ns <= command.starts_at_ns:
        return _invalid("ends_at_ns after starts_at_ns")
    if command.reveal_until_ns and command.reveal_until_ns <= ends_at_ns:
        return _invalid("reveal_until_ns after ends_at_ns")
    if max(ends_at_ns, command.reveal_until_ns) > header.at_ns + LONGEST_NS:
        return _invalid("over within 366 days")
    return None


def _notice_end(
    header: Header, profile: Profile, bound: Bound | None, calendar: BusinessCalendar
) -> tuple[TimeNs, Citation] | None:
    """When bidding may begin at the earliest, and whose rule that is; None: the calendar does not say."""
    notice = period_end_ns(calendar, header.at_ns, profile.fields.auction_notice_days.value)
    if notice is None:
        return None
    if bound is None:
        return notice, cite(profile, "auction_notice_days")
    days = bound[1].fields.open_sale_notice_trading_days.value
    open_sale = open_sale_notice_ns(calendar, header.at_ns, days)
    if open_sale is None:
        return None
    if open_sale > notice:
        return open_sale, cite_overlay(*bound, "open_sale_notice_trading_days")
    return notice, cite(profile, "auction_notice_days")


def ends_at(command: AnnounceSale, listing: Listing) -> TimeNs:
    """When bidding is to end: as announced, or when a Dutch clock has stood at its floor."""
    if listing.method is not ListingMethod.DUTCH:
        return TimeNs(command.ends_at_ns)
    return dutch_end_ns(command.starts_at_ns, _steps(command, listing), command.step_seconds)


def _steps(command: AnnounceSale, listing: Listing) -> int:
    return dutch_steps(command.lots[0].start_minor, listing.asking_price_minor, max(1, command.increment_minor))


# --- Who bids ---------------------------------------------------------------------------------------------------------


def refuse_barred(state: ExchangeState, header: Header, sale: Sale, account_id: AccountId) -> Rejected | None:
    """Whether the bidder is the seller, of its group, or one of its agents; nobody bids on both sides of a sale.

    Refused: sale.barred.
    Source: 拍卖法 arts. 22, 30.
    """
    member_id = state.accounts[account_id].member_id
    detail = ""
    if member_id == sale.member_id:
        detail = "the seller"
    elif member_id == selling_member(state, sale):
        detail = "the pledgee it is sold for"
    elif member_id in sale.group_ids:
        detail = "of the seller's group"
    elif _acts_for(state, header, sale.member_id, member_id):
        detail = "an agent of the seller"
    return Rejected(code=RejectCode.SALE_BARRED, detail=detail) if detail else None


def _acts_for(state: ExchangeState, header: Header, seller_id: MemberId, bidder_id: MemberId) -> bool:
    """Whether a user of the bidder, or who asks, acts on an account of the seller, or belongs to it."""
    users = state.table(User)
    if users[header.principal].member_id == seller_id:
        return True
    for mandate in state.table(Mandate).values():
        agent = users.get(mandate.user_id)
        of_seller = state.accounts[mandate.account_id].member_id == seller_id
        if of_seller and agent is not None and agent.member_id == bidder_id and header.at_ns < mandate.valid_until_ns:
            return True
    return False


def refuse_buyer(
    state: ExchangeState, header: Header, sale: Sale, lots: list[Lot], account_id: AccountId, price_minor: int = 0
) -> Rejected | None:
    """Whether this account could contract for these lots now; `price_minor` is for all of them, else their start.

    Refused: whatever refuses a deal now, limit.exceeded, rule.value_cap.
    """
    method = Method(sale.method.value)
    market = state.table(Market)[sale.market_id]
    starts = [lot.clock_minor or lot.start_minor for lot in lots]
    step = profile_of(state, market).fields.price_step_minor.value
    asked = SetBid(0, 0, (1 << len(lots)) - 1, price_minor or sum(starts))
    shares = pay_as_bid([asked], starts, step)
    for place, lot in enumerate(lots):
        deal = contract_draft(state, header, sale, lot, account_id, shares[place])
        if (refusal := refuse_deal(state, header, deal, method)) is not None:
            return refusal
    fees = deal_fees(state, market, sale.fee_version, price_minor, method) if price_minor else (0, 0)
    if fees is None:
        return Rejected(code=RejectCode.FEE_SCHEDULE_UNKNOWN, detail=market.fee_schedule)
    if price_minor + fees[0] > MAX_ORDER_MINOR:
        return Rejected(code=RejectCode.LIMIT_EXCEEDED, detail=f"max_minor={MAX_ORDER_MINOR}")
    return None


def contract_draft(
    state: ExchangeState, header: Header, sale: Sale, lot: Lot, account_id: AccountId, price_minor: int
) -> Deal:
    """The contract about a lot as it would stand with this buyer at this price."""
    listing = state.table(Listing)[lot.listing_id]
    draft = hypothetical(state, header, listing, account_id, price_minor, wait=sale.wait_for_recordal)
    return _under(draft, sale)


def hypothetical(
    state: ExchangeState,
    header: Header,
    listing: Listing,
    account_id: AccountId,
    price_minor: int,
    *,
    wait: bool = False,
) -> Deal:
    """A contract that nobody has offered yet, to ask whether it could be."""
    right = state.table(Right)[listing.asset_id]
    market = state.table(Market)[listing.market_id]
    return Deal(
        deal_id=DealId(0),
        market_id=listing.market_id,
        asset_id=listing.asset_id,
        units=state.assets[listing.asset_id].total_units,
        seller_account_id=listing.account_id,
        buyer_account_id=account_id,
        price_minor=Minor(price_minor),
        buyer_fee_minor=Minor(0),
        seller_fee_minor=Minor(0),
        fee_version=state.version_in_force(PublishedKind.FEE_SCHEDULE, market.fee_schedule, header.at_ns),
        jurisdiction=listing.jurisdiction,
        overlays_version=0,
        publicity_days=0,
        related_party=party(state, account_id).member_id == listing.member_id,
        wait_for_recordal=wait,
        settlement=Settlement.RECORDAL if awaits_office(right, wait) else Settlement.BOOK_ENTRY,
        contract_sha256="",
        terms_sha256="",
        state=DealState.SIGNING,
        proposed_by=header.principal,
        proposed_at_ns=header.at_ns,
    )


def _invalid(detail: str, rule: Citation | None = None) -> Rejected:
    return Rejected(code=RejectCode.SALE_TERMS_INVALID, detail=detail, rule=rule)


def _under(draft: Deal, sale: Sale) -> Deal:
    """A draft under the law the sale was announced under."""
    return msgspec.structs.replace(
        draft,
        fee_version=sale.fee_version,
        overlays_version=sale.overlays_version,
        contract_sha256=sale.contract_sha256,
        related_party=False,
    )
