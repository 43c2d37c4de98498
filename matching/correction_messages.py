"""What was traded by mistake: a trade is busted, or its price corrected, once, by two operators, for a reason.

The trade itself stays in the journal and in `trades`; what was made of it is a message of its own, with a number in
`trades:INS`. A busted trade is reversed while its units and its price are still free where it put them, and otherwise
made good in money at a fair price. Orders, the last price and what followed from it (stops that acted, ranges that
moved) stay as they are: nobody's later order is undone with somebody else's mistake.

Source: FIX TradeReportTransType (487) 1 cancel, 2 replace; the windows and reasons are the market's trading rules'.
"""

from __future__ import annotations

from enum import StrEnum

from exchange.core.ids import InstrumentId, TradeId, UserId
from exchange.core.messages import Command, Event, Record
from exchange.core.postings import Movement
from exchange.core.units import Code, PositivePrice, PriceTicks, QuantityLots, Sha256Hex, TimeNs


class BustTrade(Command, frozen=True, kw_only=True, tag="trade.bust"):
    """Undo a trade as far as it can be undone. Waits for a second operator, who signs within the window too.

    Units: `fair_price_ticks` is the price of one lot at which it is made good where it cannot be reversed: whoever
    gained by the trade pays the other the difference. A reversal refunds both fees of the fill; where money makes it
    good, the right has changed hands for good, and the fees stay.
    Refused: instrument.unknown, rule.bust_not_allowed, trade.unknown, trade.already_corrected, trade.window_over,
    order.too_large, trade.fees_swept, trade.bust_uncovered.
    """

    instrument_id: InstrumentId
    trade_id: TradeId
    reason: Code
    evidence_sha256: Sha256Hex
    fair_price_ticks: PositivePrice


class CorrectTrade(Command, frozen=True, kw_only=True, tag="trade.correct"):
    """Give a trade the price it should have had: the difference moves in money, the fees stay as they were charged.

    Waits for a second operator, who signs within the window too.
    Refused: instrument.unknown, rule.bust_not_allowed, trade.unknown, trade.already_corrected, trade.window_over,
    trade.correction_nothing, order.price_band, order.too_large, trade.bust_uncovered.
    """

    instrument_id: InstrumentId
    trade_id: TradeId
    reason: Code
    evidence_sha256: Sha256Hex
    price_ticks: PositivePrice


class Remedy(StrEnum):
    """What was made of a trade."""

    REVERSED = "reversed"
    """Busted: the units and the price went back, and both fees."""
    COMPENSATED = "compensated"
    """Busted: the units stay, whoever gained paid the difference to the fair price."""
    REPRICED = "repriced"
    """Corrected: the difference to the new price was paid."""


class TradeCorrection(Record, frozen=True, kw_only=True):
    """What became of a trade that was busted or corrected, without its parties, whom its postings name.

    Units: `price_ticks` as it was traded, `corrected_ticks` the price it has now, or the fair one of a busted trade.
    `trade_n` is the correction's own number in `trades:INS`.
    """

    trade_id: TradeId
    instrument_id: InstrumentId
    remedy: Remedy
    reason: str
    evidence_sha256: str
    price_ticks: PriceTicks
    corrected_ticks: PriceTicks
    quantity_lots: QuantityLots
    trade_n: int
    decided_by: UserId
    decided_at_ns: TimeNs

    @property
    def is_bust(self) -> bool:
        """Whether the trade no longer counts."""
        return self.remedy is not Remedy.REPRICED


class TradeBusted(Event, frozen=True, kw_only=True, tag="trade.busted"):
    """A trade no longer counts, and was undone or made good.

    `book_n` and `last_price_ticks` are the instrument's, which a correction leaves as they are.
    """

    correction: TradeCorrection
    movement: Movement
    book_n: int
    last_price_ticks: PriceTicks


class TradeCorrected(Event, frozen=True, kw_only=True, tag="trade.corrected"):
    """A trade counts at another price, and the difference was paid.

    `book_n` and `last_price_ticks` are the instrument's, which a correction leaves as they are.
    """

    correction: TradeCorrection
    movement: Movement
    book_n: int
    last_price_ticks: PriceTicks
