"""Trades that were made by mistake: busted or given another price, by two operators, while the rules' window is open.

The ledger decides what is possible. A trade is reversed only from what is free: the units with the buyer, the price
with the seller, both fees with the venue. Whoever has spent it owes money instead, and who has no money free is not
made a debtor: then nothing is done, and the operators are told.
"""

from __future__ import annotations

from custody.accounts import Bank
from custody.ledger import Leg
from exchange.core.ids import AccountId
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.units import MAX_INTEGER, PriceTicks, QuantityLots, TimeNs
from exchange.engine.day_totals import is_shared_out, reprice_trade, uncount_trade
from exchange.engine.recent_trades import RecentTrade
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.rulebook.trading_checks import check_bust
from matching.correction_messages import (
    BustTrade,
    CorrectTrade,
    Remedy,
    TradeBusted,
    TradeCorrected,
    TradeCorrection,
)
from matching.messages import Instrument


def bust_trade(state: ExchangeState, header: Header, command: BustTrade) -> list[Event]:
    """Reverse a trade while what it moved is still free; else let whoever gained by it make it good."""
    found = _correctable(state, header, command)
    if isinstance(found, Rejected):
        return [found]
    instrument, trade = found
    if _worth(instrument, trade, command.fair_price_ticks) > MAX_INTEGER:
        return [Rejected(code=RejectCode.ORDER_TOO_LARGE)]
    remedy = Remedy.REVERSED
    legs = _reversal(state, instrument, trade)
    if legs is None:
        remedy = Remedy.COMPENSATED
        legs = _difference(state, instrument, trade, command.fair_price_ticks)
    elif _fees(trade) > state.ledger.available(_fees_due(state, instrument), instrument.money_asset_id):
        return [Rejected(code=RejectCode.TRADE_FEES_SWEPT, detail=f"fees_minor={_fees(trade)}")]
    if legs is None:
        return [Rejected(code=RejectCode.TRADE_BUST_UNCOVERED)]

    state.change()
    if remedy is Remedy.REVERSED:
        uncount_trade(state, instrument, trade)
    else:
        reprice_trade(state, instrument, trade, command.fair_price_ticks)
    correction = _correct(state, header, trade, command, remedy, command.fair_price_ticks)
    numbers = state.numbers[instrument.instrument_id]
    return [
        TradeBusted(
            correction=correction,
            movement=move_and_tell(state, header, _parties(trade), legs),
            book_n=numbers.book_n,
            last_price_ticks=PriceTicks(numbers.last_price_ticks),
        )
    ]


def correct_trade(state: ExchangeState, header: Header, command: CorrectTrade) -> list[Event]:
    """Let the difference between a trade's price and the right one be paid."""
    found = _correctable(state, header, command)
    if isinstance(found, Rejected):
        return [found]
    instrument, trade = found
    if command.price_ticks == trade.price_ticks:
        return [Rejected(code=RejectCode.TRADE_CORRECTION_NOTHING)]
    if not instrument.band_low_ticks <= command.price_ticks <= instrument.band_high_ticks:
        band = f"{instrument.band_low_ticks} to {instrument.band_high_ticks}"
        return [Rejected(code=RejectCode.ORDER_PRICE_BAND, detail=band)]
    if _worth(instrument, trade, command.price_ticks) > MAX_INTEGER:
        return [Rejected(code=RejectCode.ORDER_TOO_LARGE)]
    legs = _difference(state, instrument, trade, command.price_ticks)
    if legs is None:
        return [Rejected(code=RejectCode.TRADE_BUST_UNCOVERED)]

    state.change()
    reprice_trade(state, instrument, trade, command.price_ticks)
    correction = _correct(state, header, trade, command, Remedy.REPRICED, command.price_ticks)
    numbers = state.numbers[instrument.instrument_id]
    return [
        TradeCorrected(
            correction=correction,
            movement=move_and_tell(state, header, _parties(trade), legs),
            book_n=numbers.book_n,
            last_price_ticks=PriceTicks(numbers.last_price_ticks),
        )
    ]


def _correctable(
    state: ExchangeState, header: Header, command: BustTrade | CorrectTrade
) -> tuple[Instrument, RecentTrade] | Rejected:
    """The trade, if the rules and the time still let it be corrected."""
    instrument = state.instruments.get(command.instrument_id)
    if instrument is None:
        return Rejected(code=RejectCode.INSTRUMENT_UNKNOWN)
    rules = state.terms[instrument.market_id].trading
    if rules is None:
        return Rejected(code=RejectCode.RULE_BUST_NOT_ALLOWED, detail="the market has no trading rules")
    if (refusal := check_bust(rules, command.reason)) is not None:
        return refusal.rejected()
    trade = state.recent_trades.get(command.trade_id)
    if trade is None or trade.instrument_id != command.instrument_id:
        return Rejected(code=RejectCode.TRADE_UNKNOWN, detail="none of the newest trades that are kept for this")
    if trade.is_corrected:
        return Rejected(code=RejectCode.TRADE_ALREADY_CORRECTED)
    if header.at_ns - trade.at_ns > state.bust_windows[trade.instrument_id]:
        return Rejected(code=RejectCode.TRADE_WINDOW_OVER)
    return instrument, trade


# --- What moves -------------------------------------------------------------------------------------------------------


def _reversal(state: ExchangeState, instrument: Instrument, trade: RecentTrade) -> list[Leg] | None:
    """The trade with its signs turned; None if what it moved is no longer free, or the seller's place is taken.

    What an allocation account shared out is not free either: another lot of the same right is not the trade's.
    """
    buyer, seller, money = trade.buyer_account_id, trade.seller_account_id, instrument.money_asset_id
    units = trade.quantity_lots * instrument.lot_units
    price = _worth(instrument, trade, trade.price_ticks)
    if units > state.ledger.available(buyer, instrument.asset_id):
        return None
    if price - trade.seller_fee_minor > state.ledger.available(seller, money):
        return None
    if is_shared_out(state, instrument, trade) or not _has_room(state, instrument, trade, units):
        return None
    legs: list[Leg] = [
        (buyer, instrument.asset_id, -units),
        (seller, instrument.asset_id, units),
        (seller, money, trade.seller_fee_minor - price),
        (buyer, money, price + trade.buyer_fee_minor),
    ]
    if fees := _fees(trade):
        legs.append((_fees_due(state, instrument), money, -fees))
    return legs


def _has_room(state: ExchangeState, instrument: Instrument, trade: RecentTrade, units: int) -> bool:
    """Whether the seller may hold again: it still does, or a place is free, perhaps the one the buyer leaves."""
    cap = state.terms[instrument.market_id].holder_cap
    places = state.ledger.places.get(instrument.asset_id, {})
    buyer, seller = (state.ledger.owners[account_id] for account_id in _parties(trade))
    if cap is None or seller in places:
        return True
    leaves = state.ledger.units(trade.buyer_account_id, instrument.asset_id) == units and places[buyer] == 1
    return len(places) + 1 - leaves <= cap


def _difference(state: ExchangeState, instrument: Instrument, trade: RecentTrade, price_ticks: int) -> list[Leg] | None:
    """The difference to another price in money, none if there is none; None if who owes it has not got it free.

    Of a trade that should have had this price, a buyer who paid less pays the rest. Of one that stands although it was
    busted, a buyer who paid less than the fair price *gained* it, and pays it too: both are the same sum.
    """
    owed = _worth(instrument, trade, price_ticks) - _worth(instrument, trade, trade.price_ticks)
    payer, payee = trade.buyer_account_id, trade.seller_account_id
    if owed < 0:
        payer, payee = payee, payer
    if abs(owed) > state.ledger.available(payer, instrument.money_asset_id):
        return None
    if not owed:
        return []
    return [(payer, instrument.money_asset_id, -abs(owed)), (payee, instrument.money_asset_id, abs(owed))]


def _correct(
    state: ExchangeState,
    header: Header,
    trade: RecentTrade,
    command: BustTrade | CorrectTrade,
    remedy: Remedy,
    price_ticks: int,
) -> TradeCorrection:
    """Number the correction, and mark the trade. Call after the line."""
    numbers = state.numbers[trade.instrument_id]
    numbers.trade_n += 1
    state.recent_trades[trade.trade_id] = trade._replace(is_corrected=True)
    return TradeCorrection(
        trade_id=trade.trade_id,
        instrument_id=trade.instrument_id,
        remedy=remedy,
        reason=command.reason,
        evidence_sha256=command.evidence_sha256,
        price_ticks=PriceTicks(trade.price_ticks),
        corrected_ticks=PriceTicks(price_ticks),
        quantity_lots=QuantityLots(trade.quantity_lots),
        trade_n=numbers.trade_n,
        decided_by=header.principal,
        decided_at_ns=TimeNs(header.at_ns),
    )


def _parties(trade: RecentTrade) -> tuple[AccountId, AccountId]:
    return trade.buyer_account_id, trade.seller_account_id


def _worth(instrument: Instrument, trade: RecentTrade, price_ticks: int) -> int:
    return price_ticks * instrument.tick_minor * trade.quantity_lots


def _fees(trade: RecentTrade) -> int:
    return trade.buyer_fee_minor + trade.seller_fee_minor


def _fees_due(state: ExchangeState, instrument: Instrument) -> AccountId:
    return state.table(Bank)[state.assets[instrument.money_asset_id].bank_id].fees_due_id
