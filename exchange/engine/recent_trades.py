"""The trades that may still be busted or corrected: the newest ones of all instruments whose rules have a window.

How many are kept is a count and not a time, so that memory has a bound and a start finds in the tables exactly what was
kept: the newest of them by identifier, busted and corrected ones among them, which say so. Nothing is kept of an
instrument without a window.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from exchange.core.ids import AccountId, InstrumentId, TradeId

MOST_KEPT = 16_384


class RecentTrade(NamedTuple):
    """What a bust or a correction needs to know of a trade; `is_corrected` once it was either."""

    trade_id: TradeId
    instrument_id: InstrumentId
    price_ticks: int
    quantity_lots: int
    buyer_account_id: AccountId
    seller_account_id: AccountId
    buyer_fee_minor: int
    seller_fee_minor: int
    at_ns: int
    is_corrected: bool = False


RecentTrades = OrderedDict[TradeId, RecentTrade]
"""By identifier, which is how they come."""


def keep(trades: RecentTrades, trade: RecentTrade) -> None:
    """Keep one trade more, and let the oldest go where there are too many."""
    trades[trade.trade_id] = trade
    if len(trades) > MOST_KEPT:
        trades.popitem(last=False)
