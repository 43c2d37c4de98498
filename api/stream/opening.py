"""What the stream starts from: the books, trades and auctions as a loaded state has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from api.stream.auctions import CALLS, Auction, Indicated
from api.stream.market import EVERYTHING_BY_PRICE, Disclosure
from exchange.core.ids import InstrumentId, MarketId, OrderId
from exchange.core.instruments import Side
from exchange.core.units import PriceTicks, QuantityLots
from exchange.node.sequencer import Sequencer
from exchange.rulebook.trading import OrderDisclosure
from matching.book_messages import BookSide, Indication, Place
from matching.call_end import commitment
from matching.depth import OpenOrder
from matching.session_messages import Session

SIDES = {int(BookSide.BUY): Side.BUY, int(BookSide.SELL): Side.SELL}


def open_orders(sequencer: Sequencer) -> Iterator[OpenOrder]:
    """Every open order where its book has it, with what the public sees of it."""
    orders = sequencer.state.orders
    for instrument_id, book in sequencer.state.books.items():
        for stands in book.orders():
            order = orders[OrderId(stands.order.order_id)]
            yield OpenOrder(
                order.order_id,
                instrument_id,
                order.side,
                PriceTicks(stands.price_ticks),
                QuantityLots(stands.remaining_lots),
                stands.shown_lots if stands.place == Place.QUEUE else 0,
                order.priority,
                order.conditions is None,
            )


def auctions(sequencer: Sequencer) -> Mapping[InstrumentId, Auction]:
    """How each instrument's calls stand; what the last auction did, and a seed that was revealed, is in the journal."""
    sessions = sequencer.state.table(Session)
    return {
        instrument_id: Auction(
            instrument.phase,
            _indicated(sequencer.state.books[instrument_id].indication()) if instrument.phase in CALLS else None,
            seed_sha256=_committed(sessions.get(instrument_id)),
        )
        for instrument_id, instrument in sequencer.state.instruments.items()
    }


def _indicated(now: Indication) -> Indicated:
    side = SIDES.get(now.imbalance_side)
    return Indicated(now.price_ticks or None, now.paired_lots, now.imbalance_lots, side)


def _committed(session: Session | None) -> str | None:
    return commitment(session.seed) if session is not None and session.seed else None


def disclosure(sequencer: Sequencer, market_id: MarketId) -> Disclosure:
    """What a market shows of its books."""
    rules = sequencer.state.terms[market_id].trading
    if rules is None:
        return EVERYTHING_BY_PRICE
    fields = rules.fields
    return Disclosure(fields.depth_levels.value, fields.order_disclosure.value is OrderDisclosure.ANONYMOUS)
