"""The end of an offer: prices found and notes allotted against cash chunk by chunk, or every bidder refunded.

One event fixes prices, coupons and quantities; the run then mints notes to bidders against their cash, one transfer a
chunk, and its last chunk sells the claims: the plan is established. A killed node goes on with the next chunk.
"""

from __future__ import annotations

import msgspec

from custody.accounts import AccountKind, Asset
from custody.ledger import Leg
from custody.messages import AssetIssued
from exchange.core.ids import AccountId, AssetId, BookBidId, make_id
from exchange.core.instruments import AssetKind, TitleRegime
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Run, RunKind, Timer, TimerKind
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import Minor, TimeNs, Units
from exchange.engine.issuance import open_venue_account
from exchange.engine.issue_checks import note_code, refuse_open_items
from exchange.engine.issue_pools import (
    free_pool,
    price_problem,
    refuse_pool_sale,
    retained_minor,
    sell_to_issuer,
)
from exchange.engine.issues import deal_of, free_claims, put_issue, with_status
from exchange.engine.offerings import bids_of, closing_costs, draw, offered_lots, put_offering
from exchange.engine.runs import start_run
from exchange.engine.state import ExchangeState
from exchange.engine.timers import FIRINGS, drop_timers
from securitization.issue_messages import (
    NO_RATE,
    BidsRefunded,
    Issue,
    IssueEstablished,
    IssueFailed,
    IssueRole,
    IssueState,
    NoteClass,
    NoteLock,
    NotesAllotted,
    OfferingClosed,
    OfferingStopped,
)
from securitization.messages import Claim, ClaimStatus
from securitization.offering import Asked, Cleared, clear, fee_minor, price_of, refund_interest_minor
from securitization.offering_messages import (
    BidState,
    BookBid,
    CancelOffering,
    ClassResult,
    CloseOffering,
    Offering,
    OfferingEnded,
    OfferingState,
    Pricing,
)
from securitization.running import begin
from securitization.stored import NO_PERIOD, issued_deal, store
from securitization.waterfall import to_originators

WAITING = (OfferingState.OPEN, OfferingState.ENDED)

# --- Closing ----------------------------------------------------------------------------------------------------------


def close_offering(state: ExchangeState, header: Header, command: CloseOffering) -> list[Event]:
    """Clear the book of every class; if one is not covered, or the proceeds do not pay the closing, refund."""
    offering = state.table(Offering).get(command.offering_id)
    if offering is None:
        return [Rejected(code=RejectCode.OFFERING_UNKNOWN)]
    if offering.state is not OfferingState.ENDED:
        return [Rejected(code=RejectCode.OFFERING_STATE, detail=offering.state)]
    issue = state.table(Issue)[offering.issue_id]
    book = bids_of(state, offering)
    cleared = _clear(issue, offering, book)
    short = [name for name, each in cleared.items() if not each.covered]
    plan, cash = _plan(issue, offering, book, cleared)
    reason = f"not covered: {', '.join(short)}" if short else ""
    if not short and cash < closing_costs(state, issue, cash):
        reason = f"the proceeds, {cash}, do not pay what falls due at closing"
    if not reason:
        reason = price_problem(state, issue, cash - closing_costs(state, issue, cash))
    if not reason and (refusal := refuse_open_items(state, issue) or refuse_pool_sale(state, header, issue)):
        return [refusal]

    state.change()
    if reason:
        return _stop(state, header, issue, offering, reason)
    classes, issued = _issue_classes(state, header, issue, offering, cleared)
    results = tuple(
        ClassResult(
            name=terms.name,
            offered_lots=offered_lots(issue, terms),
            asked_lots=cleared[terms.name].asked_lots,
            limit=cleared[terms.name].limit,
            marginal_lots=cleared[terms.name].marginal_lots,
        )
        for terms in offering.classes
    )
    closing = put_issue(state, issue, state=IssueState.ALLOTTING, classes=classes)
    closed = put_offering(state, offering, state=OfferingState.ALLOTTING, results=results)
    return [
        *issued,
        OfferingClosed(issue=closing, offering=closed),
        *drop_timers(state, TimerKind.OFFERING_LAPSES, offering.offering_id),
        *start_run(state, header, RunKind.ALLOT_NOTES, plan, subject_id=offering.offering_id),
    ]


def cancel_offering(state: ExchangeState, header: Header, command: CancelOffering) -> list[Event]:
    """Stop an offer that was not closed yet."""
    offering = state.table(Offering).get(command.offering_id)
    if offering is None:
        return [Rejected(code=RejectCode.OFFERING_UNKNOWN)]
    if offering.state not in WAITING:
        return [Rejected(code=RejectCode.OFFERING_STATE, detail=offering.state)]

    state.change()
    return _stop(state, header, state.table(Issue)[offering.issue_id], offering, command.reason or "cancelled")


def _end_period(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """The book takes nothing more."""
    del header
    offering = state.table(Offering).get(timer.subject_id)
    if offering is None or offering.state is not OfferingState.OPEN:
        return []
    return [OfferingEnded(offering=put_offering(state, offering, state=OfferingState.ENDED))]


def _lapse(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Nobody closed it in time: everybody has the cash back."""
    offering = state.table(Offering).get(timer.subject_id)
    if offering is None or offering.state not in WAITING:
        return []
    return _stop(state, header, state.table(Issue)[offering.issue_id], offering, "lapsed")


FIRINGS[TimerKind.OFFERING_ENDS] = _end_period
FIRINGS[TimerKind.OFFERING_LAPSES] = _lapse


def _clear(issue: Issue, offering: Offering, book: list[BookBid]) -> dict[str, Cleared]:
    """Each class's book, cleared on its own."""
    cleared: dict[str, Cleared] = {}
    for terms in offering.classes:
        asked = [
            Asked(key=bid.book_bid_id, lots=bid.notes // terms.lot_notes, limit=bid.bid_limit)
            for bid in book
            if bid.class_name == terms.name
        ]
        cleared[terms.name] = clear(offered_lots(issue, terms), asked, offering.pricing)
    return cleared


def _plan(issue: Issue, offering: Offering, book: list[BookBid], cleared: dict[str, Cleared]) -> tuple[list[int], int]:
    """(bid, notes, cost) of every bid, those that get nothing too; and what all pay together."""
    lots = {terms.name: terms.lot_notes for terms in offering.classes}
    plan: list[int] = []
    cash = 0
    for bid in book:
        each, result = issue.note_class(bid.class_name), cleared[bid.class_name]
        ensure(each is not None, "bids are for classes of the issue")
        face = each.note_face_minor if each is not None else 0
        notes = result.lots.get(bid.book_bid_id, 0) * lots[bid.class_name]
        cost = notes * price_of(offering.pricing, offering.allotment, bid.bid_limit, result.limit, face)
        plan += [bid.book_bid_id, notes, cost]
        cash += cost
    return plan, cash


def _issue_classes(
    state: ExchangeState, header: Header, issue: Issue, offering: Offering, cleared: dict[str, Cleared]
) -> tuple[tuple[NoteClass, ...], list[Event]]:
    """Give each class its asset and mirror; no note exists yet. Call after the line."""
    classes: list[NoteClass] = []
    events: list[Event] = []
    for place, each in enumerate(issue.classes):
        code = note_code(issue.name, each.name)
        mirror = open_venue_account(
            state, AccountId(make_id(header.sequence, place)), AccountKind.ISSUANCE, f"issuance:{code}"
        )
        asset = Asset(
            asset_id=AssetId(make_id(header.sequence, place)),
            kind=AssetKind.NOTE,
            code=code,
            total_units=Units(each.notes),
            title_regime=TitleRegime.OWN_REGISTER,
            subject_id=issue.issue_id,
            home_account_id=mirror.account_id,
        )
        state.put(asset)
        events.append(AssetIssued(asset=asset, account=mirror, movement=state.ledger.move(header.sequence, [])))
        result = cleared.get(each.name)
        by_coupon = offering.pricing is Pricing.YIELD
        price = result.limit if result is not None and not by_coupon else each.note_face_minor
        rate = result.limit if result is not None and by_coupon else NO_RATE
        classes.append(msgspec.structs.replace(each, asset_id=asset.asset_id, price_minor=Minor(price), rate_ppm=rate))
    return tuple(classes), events


# --- Allotment --------------------------------------------------------------------------------------------------------


def allot_chunk(state: ExchangeState, header: Header, run: Run, entries: list[int]) -> list[Event]:
    """Notes against cash for some bidders, what they offered too much released; the last chunk establishes."""
    offering = state.table(Offering)[run.subject_id]
    issue = state.table(Issue)[offering.issue_id]
    legs: list[Leg] = []
    releases: list[Leg] = []
    ended: list[BookBid] = []
    raised = 0
    for bid_id, notes, cost in zip(entries[0::3], entries[1::3], entries[2::3], strict=True):
        bid = state.table(BookBid)[BookBidId(bid_id)]
        releases.append((bid.account_id, bid.money_asset_id, -bid.held_minor))
        if notes:
            each = issue.note_class(bid.class_name)
            ensure(each is not None, "bids are for classes of the issue")
            asset = state.assets[each.asset_id if each is not None else AssetId(0)]
            legs += [
                (bid.account_id, bid.money_asset_id, -cost),
                (issue.proceeds_account_id, bid.money_asset_id, cost),
                (asset.home_account_id, asset.asset_id, -notes),
                (bid.account_id, asset.asset_id, notes),
            ]
        raised += cost
        ended.append(
            msgspec.structs.replace(
                bid,
                state=BidState.ALLOTTED if notes else BidState.REFUNDED,
                held_minor=Minor(0),
                allotted_notes=notes,
                paid_minor=Minor(cost),
            )
        )
    movement = state.ledger.move(header.sequence, legs, releases)
    for bid in ended:
        state.put(bid)
    locked = -sum(units for _, _, units in releases)
    changed = put_offering(
        state,
        offering,
        locked_minor=Minor(offering.locked_minor - locked),
        raised_minor=Minor(offering.raised_minor + raised),
        refunded_minor=Minor(offering.refunded_minor + locked - raised),
    )
    events: list[Event] = [NotesAllotted(bids=tuple(ended), offering=changed, movement=movement)]
    if run.position + len(entries) >= run.total:
        events.append(_establish(state, header, issue, changed))
    return events


def _establish(state: ExchangeState, header: Header, issue: Issue, offering: Offering) -> IssueEstablished:
    """The claims against the proceeds, fees to who earned them, what the originator keeps locked: one transfer."""
    money_id, cash = issue.money_asset_id, offering.raised_minor
    deal = deal_of(state, issue)
    legs: list[Leg] = []
    for account in deal.accounts:
        place = next(each.account_id for each in issue.accounts if each.name == account.name)
        legs.append((place, money_id, account.opening_minor))
    for fee in issue.closing_fees:
        party = issue.party(fee.role)
        ensure(party is not None, "every fee's role has its party")
        if party is not None:
            legs.append((party.account_id, money_id, fee_minor(cash, fee.rate_ppm, fee.amount_minor)))
    claims = [state.table(Claim)[claim_id] for claim_id in issue.claims]
    left = cash - sum(units for _, _, units in legs)
    releases: list[Leg] = [(offering.issuer_account_id, money_id, -offering.reserve_held_minor)]
    holds: list[Leg] = []
    sale = sell_to_issuer(state, header, issue, left) if issue.pool_id else None
    if sale is not None:
        legs, releases, holds = [*legs, *sale.legs], [*releases, *sale.releases], sale.holds
    else:
        sold = [(int(claim.originator_account_id), int(claim.amount_minor)) for claim in claims]
        legs += [(AccountId(account), money_id, amount) for account, amount in to_originators(left, sold)]
    legs.append((issue.proceeds_account_id, money_id, -cash))
    locks = _retain(state, issue, legs)
    movement = state.ledger.move(header.sequence, legs, releases)
    locked = state.ledger.move(
        header.sequence, [], [*holds, *((lock.account_id, lock.asset_id, lock.units) for lock in locks)]
    )
    retained = retained_minor(issue)
    established = put_issue(
        state,
        issue,
        state=IssueState.ESTABLISHED,
        classes=tuple(msgspec.structs.replace(each, balance_minor=each.face_minor) for each in issue.classes),
        raised_minor=Minor(cash + retained),
        retained_minor=Minor(retained),
        purchase_minor=Minor(left + retained),
        running=store(begin(issued_deal(deal, issue), NO_PERIOD)),
        established_at_ns=TimeNs(header.at_ns),
    )
    return IssueEstablished(
        issue=established,
        offering=put_offering(state, offering, state=OfferingState.DONE, reserve_held_minor=Minor(0)),
        claims=with_status(state, claims, ClaimStatus.SOLD, issue.issue_id),
        locks=locks,
        movement=movement,
        locked=locked,
        pool=sale.pool if sale is not None else None,
        pool_assets=sale.assets if sale is not None else (),
    )


def _retain(state: ExchangeState, issue: Issue, legs: list[Leg]) -> tuple[NoteLock, ...]:
    """Mint to the originator what it keeps, a part of its price at the face; it is held for good."""
    originator = issue.party(IssueRole.ORIGINATOR)
    ensure(originator is not None, "every issue has an originator")
    account_id = originator.account_id if originator is not None else AccountId(0)
    locks: list[NoteLock] = []
    for each in issue.classes:
        if not each.retained_notes:
            continue
        home = state.assets[each.asset_id].home_account_id
        legs += [(home, each.asset_id, -each.retained_notes), (account_id, each.asset_id, each.retained_notes)]
        lock = NoteLock(
            asset_id=each.asset_id, issue_id=issue.issue_id, account_id=account_id, units=each.retained_notes
        )
        state.put(lock)
        locks.append(lock)
    return tuple(locks)


# --- Refund -----------------------------------------------------------------------------------------------------------


def refund_chunk(state: ExchangeState, header: Header, run: Run, entries: list[int]) -> list[Event]:
    """Cash free again and interest from the issuer's reserve, for some bidders; the last chunk ends the issue."""
    offering = state.table(Offering)[run.subject_id]
    legs: list[Leg] = []
    releases: list[Leg] = []
    ended: list[BookBid] = []
    paid = 0
    for bid_id, interest in zip(entries[0::2], entries[1::2], strict=True):
        bid = state.table(BookBid)[BookBidId(bid_id)]
        releases.append((bid.account_id, bid.money_asset_id, -bid.held_minor))
        if interest:
            legs.append((bid.account_id, bid.money_asset_id, interest))
        paid += interest
        ended.append(
            msgspec.structs.replace(bid, state=BidState.REFUNDED, held_minor=Minor(0), interest_minor=Minor(interest))
        )
    locked = -sum(units for _, _, units in releases)
    if paid:
        legs.append((offering.issuer_account_id, offering.money_asset_id, -paid))
        releases.append((offering.issuer_account_id, offering.money_asset_id, -paid))
    movement = state.ledger.move(header.sequence, legs, releases)
    for bid in ended:
        state.put(bid)
    changed = put_offering(
        state,
        offering,
        locked_minor=Minor(offering.locked_minor - locked),
        refunded_minor=Minor(offering.refunded_minor + locked),
        interest_minor=Minor(offering.interest_minor + paid),
        reserve_held_minor=Minor(offering.reserve_held_minor - paid),
    )
    events: list[Event] = [BidsRefunded(bids=tuple(ended), offering=changed, movement=movement)]
    if run.position + len(entries) >= run.total:
        events.append(_fail(state, header, state.table(Issue)[offering.issue_id], changed))
    return events


def _stop(state: ExchangeState, header: Header, issue: Issue, offering: Offering, reason: str) -> list[Event]:
    """Freeze who gets which interest, and refund in a run. Call after the line.

    A venue that stood still when the offer lapsed wakes up later: interest runs to the lapse, as the reserve does.
    """
    plan: list[int] = []
    until_ns = min(header.at_ns, offering.lapses_ns)
    for bid in bids_of(state, offering):
        interest = refund_interest_minor(bid.held_minor, offering.refund_rate_ppm, bid.bid_at_ns, until_ns)
        plan += [bid.book_bid_id, interest]
    failing = put_issue(state, issue, state=IssueState.REFUNDING, reason=reason)
    stopped = put_offering(state, offering, state=OfferingState.REFUNDING, reason=reason)
    events: list[Event] = [
        OfferingStopped(issue=failing, offering=stopped),
        *drop_timers(state, TimerKind.OFFERING_ENDS, offering.offering_id),
        *drop_timers(state, TimerKind.OFFERING_LAPSES, offering.offering_id),
    ]
    if not plan:
        return [*events, _fail(state, header, failing, stopped)]
    return [*events, *start_run(state, header, RunKind.REFUND_BIDS, plan, subject_id=offering.offering_id)]


def _fail(state: ExchangeState, header: Header, issue: Issue, offering: Offering) -> IssueFailed:
    """Nothing was issued: claims, reserve and shelf are free again."""
    reserve = offering.reserve_held_minor
    releases = [(offering.issuer_account_id, offering.money_asset_id, -reserve)] if reserve else []
    return IssueFailed(
        issue=put_issue(state, issue, state=IssueState.FAILED),
        offering=put_offering(state, offering, state=OfferingState.FAILED, reserve_held_minor=Minor(0)),
        claims=free_claims(state, issue),
        movement=state.ledger.move(header.sequence, [], releases),
        shelf=draw(state, issue, -1),
        pool=free_pool(state, issue),
    )
