"""What the stream starts from: the books, trades and auctions as a loaded state has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from api.stream.auctions import Auction
from api.stream.market import EVERYTHING_BY_PRICE, Disclosure
from exchange.core.ids import InstrumentId, MarketId, OrderId
from exchange.core.units import PriceTicks, QuantityLots
from exchange.node.sequencer import Sequencer
from exchange.rulebook.trading import OrderDisclosure
from matching.book_messages import Place
from matching.depth import OpenOrder


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
    """How each instrument's calls stand."""
    return {instrument_id: Auction(instrument.phase) for instrument_id, instrument in sequencer.state.instruments.items()}


def disclosure(sequencer: Sequencer, market_id: MarketId) -> Disclosure:
    """What a market shows of its books."""
    rules = sequencer.state.terms[market_id].trading
    if rules is None:
        return EVERYTHING_BY_PRICE
    fields = rules.fields
    return Disclosure(fields.depth_levels.value, fields.order_disclosure.value is OrderDisclosure.ANONYMOUS)
