"""Where a public sale leaves one bidder alone: it and the seller may agree, if market and overlay let them."""

from __future__ import annotations

from collections.abc import Sequence

from exchange.core.ids import BidderId
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import TimerKind
from exchange.core.units import NS_PER_DAY, Minor, TimeNs
from exchange.engine import timers
from exchange.engine.deal_checks import party
from exchange.engine.encumbrances import enforcement_of
from exchange.engine.rules import disposal_overlay, profile_of
from exchange.engine.sale_cases import bidders_of, put_bidder, put_lot, put_sale, tell
from exchange.engine.sale_ends import close_if_over, fail_lots
from exchange.engine.state import ExchangeState
from exchange.rulebook.checks import check_method
from exchange.rulebook.disposal import check_disposal_method
from exchange.rulebook.profile import Method
from matching.messages import Market
from matching.sale_messages import Bidder, Lot, LotState, NegotiationOpened, Sale, SaleState


def talk_or_fail(
    state: ExchangeState, header: Header, sale: Sale, lots: Sequence[Lot], bidder: Bidder | None, reason: str
) -> list[Event]:
    """Let the one bidder that is left agree with the seller; without one, or where they may not, nothing is sold.

    What is sold for its pledgees is sold in public or not at all.

    Call after the line.
    """
    enforced = any(enforcement_of(state, lot.asset_id) is not None for lot in lots)
    if bidder is not None and not enforced and _may_agree(state, header, sale):
        return _negotiate(state, header, sale, lots, bidder)
    failed = fail_lots(state, header, sale, lots, reason, counted=True)
    return [*failed, *close_if_over(state, header, sale)]


def _may_agree(state: ExchangeState, header: Header, sale: Sale) -> bool:
    """Whether market and overlay let one bidder and the seller agree."""
    profile = profile_of(state, state.table(Market)[sale.market_id])
    if check_method(profile, Method.AGREEMENT) is not None:
        return False
    seller = party(state, sale.seller_account_id)
    bound = disposal_overlay(state, header, profile, seller, sale.jurisdiction, sale.overlays_version)
    if isinstance(bound, Rejected):
        return False
    return bound is None or check_disposal_method(*bound, Method.AGREEMENT) is None


def _negotiate(state: ExchangeState, header: Header, sale: Sale, lots: Sequence[Lot], bidder: Bidder) -> list[Event]:
    """Nobody else is in the sale any more: whatever they had held is free."""
    dropped = [
        event
        for kind in (TimerKind.SALE_ENDS, TimerKind.SALE_REVEAL_ENDS)
        for event in timers.drop_timers(state, kind, sale.sale_id)
    ]
    talking = put_sale(state, sale, state=SaleState.NEGOTIATING)
    due_ns = TimeNs(header.at_ns + sale.payment_days * NS_PER_DAY)
    taken = tuple(
        put_lot(
            state,
            lot,
            state=LotState.NEGOTIATED,
            leading_paddle=bidder.paddle,
            bidder_id=BidderId(bidder.bidder_id),
            due_at_ns=due_ns,
        )
        for lot in lots
    )
    others = [one for one in bidders_of(state, sale.sale_id) if one.deposit_minor and one.bidder_id != bidder.bidder_id]
    releases = [(one.account_id, one.money_asset_id, -one.deposit_minor) for one in others]
    freed = tuple(put_bidder(state, one, deposit_minor=Minor(0)) for one in others)
    movement = tell(state, header, sale, (bidder, *others), holds=releases)
    opened = NegotiationOpened(sale=talking, lots=taken, bidders=freed, movement=movement)
    return [
        *dropped,
        opened,
        *(timers.set_timer(state, header, TimerKind.LOT_DUE, due_ns, lot.lot_id) for lot in taken),
    ]
