"""What the stream starts from: the books, trades and auctions as a loaded state has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from api.stream.auctions import Auction
from api.stream.market import EVERYTHING_BY_PRICE, Disclosure
from exchange.core.ids import InstrumentId, MarketId
from exchange.node.sequencer import Sequencer
from matching.depth import OpenOrder


def open_orders(sequencer: Sequencer) -> Iterator[OpenOrder]:
    """Every open order, with what the public sees of it."""
    for order in sequencer.state.orders.values():
        yield OpenOrder(
            order.order_id,
            order.instrument_id,
            order.side,
            order.price_ticks,
            order.remaining_lots,
            order.remaining_lots,
            order.priority,
        )


def auctions(sequencer: Sequencer) -> Mapping[InstrumentId, Auction]:
    """How each instrument's calls stand."""
    return {instrument_id: Auction(instrument.phase) for instrument_id, instrument in sequencer.state.instruments.items()}


def disclosure(sequencer: Sequencer, market_id: MarketId) -> Disclosure:
    """What a market shows of its books."""
    return EVERYTHING_BY_PRICE
