"""The offer of an issue: the shelf it draws on, its opening, and the bids of its book, each with its cash locked."""

from __future__ import annotations

import msgspec

from exchange.core.calendar import local_date
from exchange.core.ids import BookBidId, OfferingId, ShelfId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import TimerKind
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.core.units import NS_PER_DAY, Minor, TimeNs
from exchange.engine.access import refuse_account
from exchange.engine.documents import refuse_documents
from exchange.engine.issue_checks import BEFORE_OFFER, refuse_open_items
from exchange.engine.issue_pools import price_problem, refuse_pool_sale
from exchange.engine.issues import deal_of, put_issue
from exchange.engine.order_terms import MAX_ORDER_MINOR
from exchange.engine.rules import holder_of, profile_of
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.engine.timers import set_timer
from exchange.rulebook.checks import check_holder_cap, check_suitability, check_value_cap
from exchange.rulebook.texts import is_date
from matching.messages import Market
from securitization.deal_terms import FixedCoupon
from securitization.issue_messages import Issue, IssueOffered, IssueRole, IssueState
from securitization.offering import fee_minor, reserve_minor
from securitization.offering_messages import (
    MAX_BIDS,
    MAX_OFFER_DAYS,
    Allotment,
    BidState,
    BookBid,
    BookBidPlaced,
    BookBidWithdrawn,
    ClassOffer,
    Offering,
    OfferingOpened,
    OfferingState,
    OpenOffering,
    PlaceBookBid,
    Pricing,
    RegisterShelf,
    Shelf,
    ShelfRegistered,
    WithdrawBookBid,
)

# --- Shelf ------------------------------------------------------------------------------------------------------------


def register_shelf(state: ExchangeState, header: Header, command: RegisterShelf) -> list[Event]:
    """Keep an authority's approval. Arrives here with two signatures."""
    if command.member_id not in state.members:
        return [Rejected(code=RejectCode.MEMBER_UNKNOWN)]
    if (refusal := refuse_documents(state, command.member_id, (command.document_sha256,))) is not None:
        return [refusal]
    problem = ""
    if not command.least_draw_minor <= command.most_draw_minor <= command.amount_minor:
        problem = "least_draw_minor, most_draw_minor and amount_minor are not in order"
    elif not (is_date(command.first_draw_by) and is_date(command.expires_on)):
        problem = "no such date"
    elif command.first_draw_by > command.expires_on:
        problem = "first_draw_by is after expires_on"
    if problem:
        return [Rejected(code=RejectCode.SHELF_INVALID, detail=problem)]

    state.change()
    shelf = Shelf(
        shelf_id=ShelfId(make_id(header.sequence)),
        member_id=command.member_id,
        authority=command.authority,
        document_sha256=command.document_sha256,
        amount_minor=command.amount_minor,
        least_draw_minor=command.least_draw_minor,
        most_draw_minor=command.most_draw_minor,
        most_draws=command.most_draws,
        first_draw_by=command.first_draw_by,
        expires_on=command.expires_on,
    )
    state.put(shelf)
    return [ShelfRegistered(shelf=shelf)]


def draw(state: ExchangeState, issue: Issue, sign: int) -> Shelf | None:
    """Take an issue's faces from its shelf (1), or give them back (-1). Call after the line."""
    shelf = state.table(Shelf).get(issue.shelf_id)
    if shelf is None:
        return None
    drawn = shelf.drawn_minor + sign * faces_of(issue)
    changed = msgspec.structs.replace(shelf, drawn_minor=Minor(drawn), draws=shelf.draws + sign)
    state.put(changed)
    return changed


def faces_of(issue: Issue) -> int:
    """What all classes are worth at their faces."""
    return sum(each.face_minor for each in issue.classes)


def _refuse_draw(state: ExchangeState, header: Header, issue: Issue) -> Rejected | None:
    shelf = state.table(Shelf).get(issue.shelf_id)
    if shelf is None:
        return None
    today, faces = local_date(header.at_ns, VENUE_TIME_ZONE).isoformat(), faces_of(issue)
    problem = ""
    if today > (shelf.expires_on if shelf.draws else shelf.first_draw_by):
        problem = f"expired on {shelf.expires_on if shelf.draws else shelf.first_draw_by}"
    elif shelf.draws >= shelf.most_draws:
        problem = f"{shelf.draws} draws were made"
    elif not shelf.least_draw_minor <= faces <= shelf.most_draw_minor:
        problem = f"{faces} is not between {shelf.least_draw_minor} and {shelf.most_draw_minor}"
    elif shelf.drawn_minor + faces > shelf.amount_minor:
        problem = f"{faces} is more than the {shelf.amount_minor - shelf.drawn_minor} left"
    return Rejected(code=RejectCode.SHELF_CONDITIONS, detail=problem) if problem else None


# --- Opening ----------------------------------------------------------------------------------------------------------


def open_offering(state: ExchangeState, header: Header, command: OpenOffering) -> list[Event]:
    """Open the book. Arrives here with two signatures."""
    issue = state.table(Issue).get(command.issue_id)
    if issue is None:
        return [Rejected(code=RejectCode.ISSUE_UNKNOWN)]
    if issue.state is not IssueState.PROPOSED:
        return [Rejected(code=RejectCode.ISSUE_STATE, detail=issue.state)]
    if (refusal := refuse_open_items(state, issue, BEFORE_OFFER)) is not None:
        return [refusal]
    if (refusal := refuse_pool_sale(state, header, issue)) is not None:
        return [refusal]
    if (problem := _terms_problem(state, header, issue, command)) != "":
        return [Rejected(code=RejectCode.OFFERING_INVALID, detail=problem)]
    issuer = issue.party(IssueRole.ISSUER)
    assert issuer is not None  # noqa: S101 - for the type checker: no issue without one is proposed
    if (refusal := refuse_documents(state, issuer.member_id, (command.document_sha256,))) is not None:
        return [refusal]
    if (refusal := _refuse_draw(state, header, issue)) is not None:
        return [refusal]
    lapses_ns = command.ends_ns + command.closing_days * NS_PER_DAY
    reserve = reserve_minor(command.book_cap_minor, command.refund_rate_ppm, header.at_ns, lapses_ns)
    if reserve > state.ledger.available(issuer.account_id, issue.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE, detail=f"reserve_minor={reserve}")]

    state.change()
    offering = Offering(
        offering_id=OfferingId(make_id(header.sequence)),
        issue_id=issue.issue_id,
        money_asset_id=issue.money_asset_id,
        issuer_account_id=issuer.account_id,
        state=OfferingState.OPEN,
        pricing=command.pricing,
        allotment=command.allotment,
        classes=command.classes,
        opened_at_ns=TimeNs(header.at_ns),
        ends_ns=command.ends_ns,
        lapses_ns=TimeNs(lapses_ns),
        book_cap_minor=command.book_cap_minor,
        refund_rate_ppm=command.refund_rate_ppm,
        document_sha256=command.document_sha256,
        reserve_held_minor=Minor(reserve),
    )
    state.put(offering)
    offered = put_issue(state, issue, state=IssueState.OFFERED, offering_id=offering.offering_id)
    shelf = draw(state, issue, 1)
    holds = [(issuer.account_id, issue.money_asset_id, reserve)] if reserve else []
    movement = state.ledger.move(header.sequence, [], holds)
    return [
        OfferingOpened(offering=offering, movement=movement),
        IssueOffered(issue=offered, shelf=shelf),
        set_timer(state, header, TimerKind.OFFERING_ENDS, offering.ends_ns, offering.offering_id),
        set_timer(state, header, TimerKind.OFFERING_LAPSES, offering.lapses_ns, offering.offering_id),
    ]


def offered_lots(issue: Issue, terms: ClassOffer) -> int:
    """How many lots of a class are offered: all but what the originator keeps."""
    each = issue.note_class(terms.name)
    return (each.notes - each.retained_notes) // terms.lot_notes if each is not None else 0


def closing_costs(state: ExchangeState, issue: Issue, cash_minor: int) -> int:
    """What is paid out of the proceeds before the originators: opening balances, and fees of this much cash."""
    openings = sum(account.opening_minor for account in deal_of(state, issue).accounts)
    return openings + sum(fee_minor(cash_minor, fee.rate_ppm, fee.amount_minor) for fee in issue.closing_fees)


def _terms_problem(state: ExchangeState, header: Header, issue: Issue, command: OpenOffering) -> str:
    """Why an offer's terms do not fit; empty if they do."""
    if not header.at_ns < command.ends_ns <= header.at_ns + MAX_OFFER_DAYS * NS_PER_DAY:
        return f"ends_ns is within {MAX_OFFER_DAYS} days"
    if command.pricing is not Pricing.PRICE and command.allotment is Allotment.MULTIPLE:
        return "each pays its own price only where bids name prices"
    offered = [each.name for each in issue.classes if each.retained_notes < each.notes]
    if sorted(terms.name for terms in command.classes) != sorted(offered):
        return f"classes offered are {', '.join(offered)}, each once"
    tranches = {tranche.name: tranche for tranche in deal_of(state, issue).tranches}
    least = 0
    for terms in command.classes:
        each = issue.note_class(terms.name)
        assert each is not None  # noqa: S101 - for the type checker: the names were just compared
        free = each.notes - each.retained_notes
        if free % terms.lot_notes:
            return f"{terms.name}: {free} notes are not whole lots of {terms.lot_notes}"
        lots = free // terms.lot_notes
        if terms.minimum_lots > lots or (terms.cap_lots and terms.cap_lots < terms.minimum_lots):
            return f"{terms.name}: minimum_lots={terms.minimum_lots} of {lots}, cap_lots={terms.cap_lots}"
        coupon = tranches[terms.name].coupon
        if (problem := _limits_problem(command.pricing, terms, coupon)) != "":
            return f"{terms.name}: {problem}"
        price = each.note_face_minor if command.pricing is Pricing.YIELD else terms.least_minor
        least += free * price
    if least > MAX_ORDER_MINOR:
        return f"at most {MAX_ORDER_MINOR} minor in all"
    if least < closing_costs(state, issue, least):
        return f"the least proceeds, {least}, do not pay what falls due at closing"
    if (problem := price_problem(state, issue, least - closing_costs(state, issue, least))) != "":
        return f"of the least proceeds, {least}: {problem}"
    return f"book_cap_minor is at least {least}" if command.book_cap_minor < least else ""


def _limits_problem(pricing: Pricing, terms: ClassOffer, coupon: object) -> str:
    """Why a class's limits cannot be; empty if they can."""
    if pricing is Pricing.YIELD:
        if terms.least_minor or terms.most_minor:
            return "a book by coupon names no prices"
        if not isinstance(coupon, FixedCoupon):
            return "only a fixed coupon is found by its book"
        if not terms.least_ppm <= terms.most_ppm <= coupon.rate_ppm:
            return f"coupons in order, at most the deal's {coupon.rate_ppm} ppm"
        return ""
    if terms.least_ppm or terms.most_ppm:
        return "a book by price names no coupons"
    if not 0 < terms.least_minor <= terms.most_minor:
        return "prices above zero, in order"
    if pricing is Pricing.FIXED and terms.least_minor != terms.most_minor:
        return "a fixed price is one price"
    return ""


# --- Bids -------------------------------------------------------------------------------------------------------------


def place_bid(state: ExchangeState, header: Header, command: PlaceBookBid) -> list[Event]:
    """Take a bid into the book, its cash locked."""
    value = command.notes * command.limit
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE, value_minor=value)) is not None:
        return [refusal]
    offering = state.table(Offering).get(command.offering_id)
    if offering is None:
        return [Rejected(code=RejectCode.OFFERING_UNKNOWN)]
    if offering.state is not OfferingState.OPEN or header.at_ns >= offering.ends_ns:
        return [Rejected(code=RejectCode.OFFERING_STATE, detail=offering.state)]
    issue = state.table(Issue)[offering.issue_id]
    book = bids_of(state, offering)
    cost = _cost_or_problem(state, issue, offering, book, command)
    if isinstance(cost, str):
        return [Rejected(code=RejectCode.BOOK_BID_INVALID, detail=cost)]
    if (refusal := _refuse_bidder(state, issue, book, command, cost)) is not None:
        return [refusal]
    if cost > state.ledger.available(command.account_id, offering.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    bid = BookBid(
        book_bid_id=BookBidId(make_id(header.sequence)),
        offering_id=offering.offering_id,
        issue_id=issue.issue_id,
        account_id=command.account_id,
        money_asset_id=offering.money_asset_id,
        class_name=command.class_name,
        notes=command.notes,
        bid_limit=command.limit,
        held_minor=Minor(cost),
        state=BidState.OPEN,
        bid_at_ns=TimeNs(header.at_ns),
    )
    state.put(bid)
    changed = put_offering(state, offering, locked_minor=offering.locked_minor + cost, bids=offering.bids + 1)
    movement = state.ledger.move(header.sequence, [], [(bid.account_id, offering.money_asset_id, cost)])
    return [BookBidPlaced(bid=bid, offering=changed, movement=movement)]


def withdraw_bid(state: ExchangeState, header: Header, command: WithdrawBookBid) -> list[Event]:
    """Give a bidder its cash back while the book is open."""
    bid = state.table(BookBid).get(command.book_bid_id)
    if bid is None:
        return [Rejected(code=RejectCode.BOOK_BID_UNKNOWN)]
    if (refusal := refuse_account(state, header, bid.account_id, UserRight.TRADE, frozen_too=True)) is not None:
        return [refusal]
    offering = state.table(Offering)[bid.offering_id]
    if offering.state is not OfferingState.OPEN:
        return [Rejected(code=RejectCode.OFFERING_STATE, detail=offering.state)]

    state.change()
    ended = msgspec.structs.replace(bid, state=BidState.WITHDRAWN, held_minor=Minor(0))
    state.put(ended)
    changed = put_offering(state, offering, locked_minor=offering.locked_minor - bid.held_minor, bids=offering.bids - 1)
    movement = state.ledger.move(header.sequence, [], [(bid.account_id, bid.money_asset_id, -bid.held_minor)])
    return [BookBidWithdrawn(bid=ended, offering=changed, movement=movement)]


def bids_of(state: ExchangeState, offering: Offering) -> list[BookBid]:
    """An offer's open bids, the earliest first."""
    return [bid for _, bid in sorted(state.table(BookBid).items()) if bid.offering_id == offering.offering_id]


def put_offering(state: ExchangeState, offering: Offering, /, **changes: object) -> Offering:
    """Keep an offer's next version."""
    changed = msgspec.structs.replace(offering, **changes)
    state.put(changed)
    return changed


def _cost_or_problem(
    state: ExchangeState, issue: Issue, offering: Offering, book: list[BookBid], command: PlaceBookBid
) -> int | str:
    """What a bid locks, or why the book does not take it."""
    terms = next((each for each in offering.classes if each.name == command.class_name), None)
    each = issue.note_class(command.class_name)
    if terms is None or each is None:
        return "no such class is offered"
    lots, rest = divmod(command.notes, terms.lot_notes)
    if rest or lots < terms.minimum_lots or command.notes > each.notes - each.retained_notes:
        return f"whole lots of {terms.lot_notes}, from {terms.minimum_lots} to {offered_lots(issue, terms)}"
    by_coupon = offering.pricing is Pricing.YIELD
    low, high = (terms.least_ppm, terms.most_ppm) if by_coupon else (terms.least_minor, terms.most_minor)
    if not low <= command.limit <= high:
        return f"a limit from {low} to {high}"
    holder = holder_of(state, command.account_id)
    asked = sum(
        bid.notes for bid in book if bid.class_name == terms.name and holder_of(state, bid.account_id) == holder
    )
    if terms.cap_lots and asked + command.notes > terms.cap_lots * terms.lot_notes:
        return f"one holder asks for {terms.cap_lots} lots at most"
    cost = command.notes * (each.note_face_minor if by_coupon else command.limit)
    if offering.locked_minor + cost > offering.book_cap_minor:
        return f"the book takes {offering.book_cap_minor - offering.locked_minor} more"
    return f"at most {MAX_BIDS} bids" if offering.bids >= MAX_BIDS else cost


def _refuse_bidder(
    state: ExchangeState, issue: Issue, book: list[BookBid], command: PlaceBookBid, cost: int
) -> Rejected | None:
    """Suitability, value and holders by the market's profile; holders of all classes count together, looked through."""
    profile = profile_of(state, state.table(Market)[issue.market_id])
    member = state.members[state.accounts[command.account_id].member_id]
    holders = {holder_of(state, bid.account_id) for bid in book}
    holders.add(holder_of(state, command.account_id))
    originator = issue.party(IssueRole.ORIGINATOR)
    if originator is not None and any(each.retained_notes for each in issue.classes):
        holders.add(holder_of(state, originator.account_id))
    for refusal in (
        check_suitability(profile, member.standings),
        check_value_cap(profile, cost),
        check_holder_cap(profile, len(holders)),
    ):
        if refusal is not None:
            return refusal.rejected()
    return None
