"""A court's preservation: it stops whatever runs about a right, or takes units out of the book, and holds.

What is not yet effective is unwound by the workflows' own ends, so that escrow, deposits and holds go back by new
entries; what was settled stays.
"""

from __future__ import annotations

import msgspec

from custody.accounts import AccountKind
from custody.encumbrances import BurdenKind
from custody.outcomes import Outcome
from custody.pledges import Encumbrance, EncumbranceState
from custody.preservations import (
    MAX_PRESERVATIONS,
    LiftPreservation,
    OrderPreservation,
    PreservationExtended,
    PreservationOrdered,
)
from custody.rights import Right
from exchange.core.ids import AccountId, AssetId, EncumbranceId, InstrumentId, make_id
from exchange.core.instruments import AssetKind, Side
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.rejections import RejectCode
from exchange.core.units import NS_PER_SECOND, TimeNs, Units
from exchange.engine import timers
from exchange.engine.blocks import blocks_of
from exchange.engine.documents import refuse_documents
from exchange.engine.encumbrances import BURDENED_KINDS, concerned, end, entry_of, open_entry, preservations_on, put
from exchange.engine.licence_cases import end_licence
from exchange.engine.open_licences import end_declaration
from exchange.engine.open_order import OpenOrder
from exchange.engine.order_ends import end_orders, may_withdraw, withdraw
from exchange.engine.preemption import stop_deal
from exchange.engine.price_offers import close_offer
from exchange.engine.quotes import close_quotes
from exchange.engine.rights import patents_of
from exchange.engine.sale_contracts import give_up_lot
from exchange.engine.sale_ends import close_sale
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from matching.deals import Deal, DealState
from matching.licence_messages import Licence, LicenceState, OpenLicence, OpenLicenceState
from matching.messages import CancelReason, InstrumentFrozen
from matching.price_offers import PriceOffer
from matching.quote_messages import QuoteRequest
from matching.sale_messages import Lot, Sale, SaleState

MAX_WITHDRAWN = 100
"""Orders that one step ends; the next step comes by a timer."""
MAX_STEP_EVENTS = 200
"""Events after which a step ends no more: a timer's command may have others to tell."""
UNWON = (SaleState.ANNOUNCED, SaleState.BIDDING, SaleState.REVEALING, SaleState.SCORING)


def order_preservation(state: ExchangeState, header: Header, command: OrderPreservation) -> list[Event]:
    """Enter a court's order, and stop what it stops. Arrives here with two signatures."""
    draft = _draft(state, header, command)
    if isinstance(draft, Rejected):
        return [draft]
    venue_id = state.users[header.principal].member_id
    if (refusal := refuse_documents(state, venue_id, (command.document_sha256,))) is not None:
        return [refusal]

    state.change()
    ordered = put(state, draft)
    told = PreservationOrdered(encumbrance=ordered, movement=move_and_tell(state, header, concerned(ordered)))
    if state.assets[draft.asset_id].kind is not AssetKind.RIGHT:
        return [told, *_hold_more(state, header, ordered)]
    stopped = unwind(state, header, draft.asset_id, f"preserved by {entry_of(ordered)}")
    return [told, *stopped, *_halt_books(state, header, ordered)]


def lift_preservation(state: ExchangeState, header: Header, command: LiftPreservation) -> list[Event]:
    """Enter the court's release. Arrives here with two signatures."""
    order = open_entry(state, command.encumbrance_id, BurdenKind.PRESERVATION)
    if isinstance(order, Rejected):
        return [order]
    venue_id = state.users[header.principal].member_id
    if (refusal := refuse_documents(state, venue_id, (command.document_sha256,))) is not None:
        return [refusal]

    state.change()
    dropped = timers.drop_timers(state, TimerKind.PRESERVATION_HOLDS, order.encumbrance_id)
    reason = f"{command.reference} {command.reason}".strip()
    lifted = end(
        state,
        header,
        order,
        state=EncumbranceState.LIFTED,
        documents=(*order.documents, command.document_sha256),
        reason=reason,
        decided_by=header.principal,
        decided_at_ns=header.at_ns,
    )
    return [lifted, *dropped, *_resume(state, header, order)]


# --- What stops -------------------------------------------------------------------------------------------------------


def unwind(state: ExchangeState, header: Header, asset_id: AssetId, reason: str) -> list[Event]:
    """End what is not yet effective about a whole right: its sale, its contract, its quotes. Call after the line."""
    events: list[Event] = []
    asked_first = state.find(Deal, asset_id)
    if asked_first is not None and asked_first.state is DealState.PRE_EMPTION:
        events += stop_deal(state, header, asked_first, reason)  # the claims end before what they are about
    lot = state.find(Lot, asset_id)
    if lot is not None:
        sale = state.table(Sale)[lot.sale_id]
        if sale.state in UNWON:
            events += close_sale(state, header, sale, SaleState.CANCELLED, reason)
        else:
            events += give_up_lot(state, header, sale, lot, reason)
    deal = state.find(Deal, asset_id)
    if deal is not None:
        events += stop_deal(state, header, deal, reason)
    asked = state.find(QuoteRequest, asset_id)
    if asked is not None:
        events += close_quotes(state, header, asked, reason)
    offer = state.find(PriceOffer, asset_id)
    if offer is not None:
        events += close_offer(state, header, offer, reason)
    return [*events, *_unwind_licences(state, header, asset_id, reason)]


def _unwind_licences(state: ExchangeState, header: Header, asset_id: AssetId, reason: str) -> list[Event]:
    """End what would become a licence: those in force stay."""
    events: list[Event] = []
    declared = state.find(OpenLicence, asset_id)
    if declared is not None:
        events += end_declaration(state, header, declared, OpenLicenceState.ENDED, reason)
    for licence in list(state.table(Licence).values()):
        if licence.asset_id == asset_id and licence.state is not LicenceState.IN_FORCE:
            events += end_licence(state, header, licence, LicenceState.STOPPED, reason)
    return events


def freeze_books(state: ExchangeState, header: Header, asset_id: AssetId, reason: str) -> list[Event]:
    """Freeze every book in which shares of this right trade, and end its orders. Call after the line."""
    open_books = [each for each in _books_of(state, asset_id) if not state.instruments[each].frozen]
    events: list[Event] = []
    for instrument_id in open_books:
        frozen = msgspec.structs.replace(state.instruments[instrument_id], frozen=True)
        state.put(frozen)
        events.append(InstrumentFrozen(instrument=frozen, reason=reason))
    plan = [order.order_id for order in state.orders_in_sequence() if order.instrument_id in open_books]
    return [*events, *end_orders(state, header, plan)]


def _halt_books(state: ExchangeState, header: Header, order: Encumbrance) -> list[Event]:
    """Freeze the books, and note on the order which of them it froze, to let go of these alone."""
    events = freeze_books(state, header, order.asset_id, f"preserved by {entry_of(order)}")
    frozen = [event.instrument for event in events if isinstance(event, InstrumentFrozen)]
    if not frozen:
        return events
    halting = put(state, order, halted_ids=tuple(instrument.instrument_id for instrument in frozen))
    told = PreservationExtended(encumbrance=halting, movement=move_and_tell(state, header, concerned(halting)))
    return [told, *events]


def _books_of(state: ExchangeState, asset_id: AssetId) -> list[InstrumentId]:
    """The instruments that trade shares of the outcome this right is of."""
    right = state.table(Right)[asset_id]
    outcome_ids = [right.outcome_id, *(patent.outcome_id for patent in patents_of(state, right))]
    outcomes = [state.table(Outcome).get(outcome_id) for outcome_id in dict.fromkeys(outcome_ids)]
    shares = [outcome.share_asset_id for outcome in outcomes if outcome is not None and outcome.share_asset_id]
    return [each.instrument_id for each in state.instruments.values() if each.asset_id in shares]


def _resume(state: ExchangeState, header: Header, lifted: Encumbrance) -> list[Event]:
    """Let go of the books a lifted order froze; another order that stands keeps them. Call after the line."""
    if not lifted.halted_ids:
        return []
    others = preservations_on(state, lifted.asset_id)
    if others:
        kept = put(state, others[0], halted_ids=(*others[0].halted_ids, *lifted.halted_ids))
        return [PreservationExtended(encumbrance=kept, movement=move_and_tell(state, header, concerned(kept)))]
    events: list[Event] = []
    for instrument_id in lifted.halted_ids:
        instrument = state.instruments[instrument_id]
        if instrument.frozen:
            released = msgspec.structs.replace(instrument, frozen=False)
            state.put(released)
            events.append(InstrumentFrozen(instrument=released, reason=f"{entry_of(lifted)} was lifted"))
    return events


# --- Units ------------------------------------------------------------------------------------------------------------


def _hold_more(state: ExchangeState, header: Header, order: Encumbrance) -> list[Event]:
    """Hold what is free, and end the account's offers, then its blocks, for the rest: as many as one step may.

    Call after the line.
    """
    events: list[Event] = []
    free = _free(state, order)
    waiting = 0
    ended = 0
    for offer in _offers(state, order):
        if order.held_units + free >= order.units:
            break
        if offer.order_id not in state.orders:  # the other order of a pair has ended it
            continue
        told = len(events) + len(state.calls_touched)
        if ended >= MAX_WITHDRAWN or told > MAX_STEP_EVENTS or not may_withdraw(state, offer):
            waiting += 1
            continue
        events += withdraw(state, header, offer, CancelReason.FROZEN)
        ended += 1
        free = _free(state, order)
    for deal in blocks_of(state, order.account_id, order.asset_id) if not waiting else ():
        if order.held_units + free >= order.units:
            break
        if len(events) > MAX_STEP_EVENTS:
            waiting += 1
            break
        events += stop_deal(state, header, deal, f"preserved by {entry_of(order)}")
        free = _free(state, order)
    if (taken := min(free, order.units - order.held_units)) > 0:
        extended = put(state, order, held_units=Units(order.held_units + taken))
        holds = [(order.account_id, order.asset_id, taken)]
        movement = move_and_tell(state, header, concerned(extended), holds=holds)
        events.append(PreservationExtended(encumbrance=extended, movement=movement))
    if waiting:
        due_ns = TimeNs(header.at_ns + NS_PER_SECOND)
        events.append(timers.set_timer(state, header, TimerKind.PRESERVATION_HOLDS, due_ns, order.encumbrance_id))
    return events


def _holds(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Another step, for offers that could not be ended before."""
    return _hold_more(state, header, state.table(Encumbrance)[EncumbranceId(timer.subject_id)])


timers.FIRINGS[TimerKind.PRESERVATION_HOLDS] = _holds


def _free(state: ExchangeState, order: Encumbrance) -> int:
    return state.ledger.available(order.account_id, order.asset_id)


def _offers(state: ExchangeState, order: Encumbrance) -> list[OpenOrder]:
    """The account's orders that promise units of the asset, the newest first: the oldest keep their place longest."""
    found = [
        each
        for each in state.orders_in_sequence()
        if each.account_id == order.account_id and each.side is Side.SELL and each.hold_asset_id == order.asset_id
    ]
    return found[::-1]


# --- Inside -----------------------------------------------------------------------------------------------------------


def _draft(state: ExchangeState, header: Header, command: OrderPreservation) -> Encumbrance | Rejected:
    """The order as it would stand, or why it cannot."""
    asset = state.assets.get(command.asset_id)
    if asset is None or asset.kind not in BURDENED_KINDS:
        return Rejected(code=RejectCode.ASSET_UNKNOWN, detail="money is stopped by freezing its account")
    whole = asset.kind is AssetKind.RIGHT
    account_id = command.account_id or AccountId(0)
    if whole and (command.units is not None or command.account_id is not None):
        return _invalid("a right in custody is preserved whole")
    if not whole and (command.units is None or command.account_id is None):
        return _invalid("an account and its units are named")
    if not whole:
        account = state.accounts.get(account_id)
        if account is None or account.kind is not AccountKind.CLIENT:
            return Rejected(code=RejectCode.ACCOUNT_UNKNOWN)
        if (command.units or 0) > state.ledger.units(account_id, command.asset_id):
            return Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)
    else:
        holders = [holder for holder, _ in state.ledger.holders(command.asset_id)]
        clients = [holder for holder in holders if state.accounts[holder].kind is AccountKind.CLIENT]
        account_id = clients[0] if len(clients) == 1 else AccountId(0)
    standing = preservations_on(state, command.asset_id, None if whole else account_id)
    if len(standing) >= MAX_PRESERVATIONS:
        return Rejected(code=RejectCode.LIMIT_EXCEEDED, detail=f"{MAX_PRESERVATIONS} preservations stand")
    return Encumbrance(
        encumbrance_id=EncumbranceId(make_id(header.sequence)),
        kind=BurdenKind.PRESERVATION,
        state=EncumbranceState.ORDERED,
        asset_id=command.asset_id,
        account_id=account_id,
        units=command.units or asset.total_units,
        rank=len(standing) + 1,
        documents=(command.document_sha256,),
        authority=command.court,
        reference=command.reference,
        opened_by=header.principal,
        opened_at_ns=header.at_ns,
        reason=command.reason,
    )


def _invalid(detail: str) -> Rejected:
    return Rejected(code=RejectCode.PRESERVATION_INVALID, detail=detail)
