"""What an order says: whether its terms fit together, the market's rules and the instrument; how its book hears it."""

from __future__ import annotations

from exchange.core.instruments import OrderType, SelfTradePrevention, Side, TimeInForce
from exchange.core.messages import Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.units import MAX_INTEGER, PriceTicks
from exchange.engine.open_order import OpenOrder, notional_left_ticks
from exchange.engine.terms import PLAIN_TIMES, PLAIN_TYPES, BookTerms
from exchange.rulebook.trading import OrderCondition
from exchange.rulebook.trading_checks import check_order
from matching.book_messages import BookOrder, BookSide, Kind, Refusal, SelfTrade, TimeLimit
from matching.messages import Conditions, Instrument, PlaceOrder
from matching.session import within_band

MAX_ORDER_MINOR = MAX_INTEGER // 1024
"""The most one order may be worth, so that no balance the ledger can reach leaves the wire's integers."""

KINDS: dict[OrderType, Kind] = {
    OrderType.LIMIT: Kind.LIMIT,
    OrderType.MARKET: Kind.MARKET,
    OrderType.STOP: Kind.STOP,
    OrderType.STOP_LIMIT: Kind.STOP_LIMIT,
    OrderType.TRAILING_STOP: Kind.TRAILING_STOP,
    OrderType.TRAILING_STOP_LIMIT: Kind.TRAILING_STOP_LIMIT,
    OrderType.PEGGED_BEST: Kind.PEGGED_BEST,
    OrderType.PEGGED_MID: Kind.PEGGED_MID,
    OrderType.PEGGED_MARKET: Kind.PEGGED_MARKET,
}
TIME_LIMITS: dict[TimeInForce, TimeLimit] = {
    TimeInForce.DAY: TimeLimit.DAY,
    TimeInForce.GTC: TimeLimit.GTC,
    TimeInForce.GTD: TimeLimit.GTD,
    TimeInForce.IOC: TimeLimit.IOC,
    TimeInForce.FOK: TimeLimit.FOK,
    TimeInForce.AT_OPEN: TimeLimit.AT_OPEN,
    TimeInForce.AT_CLOSE: TimeLimit.AT_CLOSE,
}
SELF_TRADES: dict[SelfTradePrevention, SelfTrade] = {
    SelfTradePrevention.CANCEL_NEWEST: SelfTrade.CANCEL_NEWEST,
    SelfTradePrevention.CANCEL_OLDEST: SelfTrade.CANCEL_OLDEST,
    SelfTradePrevention.CANCEL_BOTH: SelfTrade.CANCEL_BOTH,
    SelfTradePrevention.DECREMENT: SelfTrade.DECREMENT,
}
REFUSED: dict[Refusal, RejectCode] = {
    Refusal.RECORD_INVALID: RejectCode.ORDER_TOO_LARGE,
    Refusal.CONFLICT: RejectCode.ORDER_CONFLICT,
    Refusal.ORDER_UNKNOWN: RejectCode.ORDER_UNKNOWN,
    Refusal.PHASE: RejectCode.ORDER_PHASE,
    Refusal.NOT_AT_FIXED_PRICE: RejectCode.ORDER_NOT_AT_FIXED_PRICE,
    Refusal.NO_REFERENCE: RejectCode.ORDER_NO_REFERENCE,
    Refusal.OCO_INVALID: RejectCode.ORDER_OCO_INVALID,
    Refusal.TOO_MANY_FOLLOWERS: RejectCode.ORDER_TOO_MANY_WAITING,
    Refusal.TOO_MANY_CONTINGENT: RejectCode.ORDER_TOO_MANY_WAITING,
    Refusal.WOULD_TRADE: RejectCode.ORDER_WOULD_TRADE,
    Refusal.NO_LIQUIDITY: RejectCode.ORDER_NO_LIQUIDITY,
    Refusal.TOO_MANY_FILLS: RejectCode.ORDER_TOO_MANY_FILLS,
    Refusal.NOT_FILLABLE: RejectCode.ORDER_FOK_UNFILLED,
    Refusal.MINIMUM_NOT_MET: RejectCode.ORDER_MINIMUM_NOT_MET,
    Refusal.NOTHING_CHANGES: RejectCode.ORDER_REPLACE_NOTHING,
    Refusal.PENDING: RejectCode.ORDER_PHASE,
}
"""What a book refuses an order with, as the exchange says it."""

PRICED = (OrderType.LIMIT, OrderType.STOP_LIMIT)
"""Types that name a limit."""
UNPRICED = (OrderType.MARKET, OrderType.STOP, OrderType.TRAILING_STOP)
"""Types that name none; for the others it is the outermost price, and may be left out."""
LIMIT, MARKET, NEWEST, BUY = OrderType.LIMIT, OrderType.MARKET, SelfTradePrevention.CANCEL_NEWEST, Side.BUY


# --- Conditions -------------------------------------------------------------------------------------------------------


def is_plain(command: PlaceOrder) -> bool:
    """Whether an order asks for nothing but type, price, quantity and time that every market takes."""
    return (
        command.order_type in PLAIN_TYPES
        and command.time_in_force in PLAIN_TIMES
        and command.self_trade_prevention is NEWEST
        and command.stop_ticks is None
        and command.trail_ticks is None
        and command.offset_ticks is None
        and command.display_lots is None
        and command.minimum_lots is None
        and command.oco_order_id is None
        and command.expires_at_ns is None
        and not (command.hidden or command.post_only or command.all_or_none)
    )


def asked_conditions(command: PlaceOrder) -> list[OrderCondition]:
    """What an order asks for beyond its type, price, quantity and time, as trading rules name it."""
    asked = (
        (command.display_lots is not None, OrderCondition.ICEBERG),
        (command.hidden, OrderCondition.HIDDEN),
        (command.post_only, OrderCondition.POST_ONLY),
        (command.minimum_lots is not None, OrderCondition.MINIMUM),
        (command.all_or_none, OrderCondition.ALL_OR_NONE),
        (command.oco_order_id is not None, OrderCondition.ONE_CANCELS_OTHER),
        (command.max_notional_minor is not None, OrderCondition.MARKET_CAP),
    )
    return [condition for wanted, condition in asked if wanted]


def conditions_of(command: PlaceOrder, group_id: int) -> Conditions | None:
    """What an order asked for, to be kept with it; None for a plain one of an account without relations."""
    if not group_id and is_plain(command):
        return None
    return Conditions(
        self_trade_prevention=command.self_trade_prevention,
        group_id=group_id,
        stop_ticks=command.stop_ticks or 0,
        trail_ticks=command.trail_ticks or 0,
        offset_ticks=command.offset_ticks or 0,
        display_lots=command.display_lots or 0,
        minimum_lots=command.minimum_lots or 0,
        hidden=command.hidden,
        post_only=command.post_only,
        all_or_none=command.all_or_none,
        oco_order_id=command.oco_order_id or 0,
        expires_at_ns=command.expires_at_ns or 0,
    )


def book_order(order: OpenOrder, tick_minor: int) -> BookOrder:
    """An order as its book hears it."""
    side = BookSide.BUY if order.side is BUY else BookSide.SELL
    asked = order.conditions
    if asked is None:
        return BookOrder(
            order_id=order.order_id,
            account_id=order.account_id,
            side=side,
            price_ticks=order.price_ticks,
            quantity_lots=order.remaining_lots,
            kind=KINDS[order.order_type],
            time_limit=TIME_LIMITS[order.time_in_force],
            max_notional_ticks=notional_left_ticks(order, tick_minor) or 0,
        )
    return BookOrder(
        order_id=order.order_id,
        account_id=order.account_id,
        side=side,
        price_ticks=order.price_ticks,
        quantity_lots=order.remaining_lots,
        kind=KINDS[order.order_type],
        time_limit=TIME_LIMITS[order.time_in_force],
        self_trade=SELF_TRADES[asked.self_trade_prevention],
        group_id=asked.group_id,
        max_notional_ticks=notional_left_ticks(order, tick_minor) or 0,
        hidden=asked.hidden,
        post_only=asked.post_only,
        all_or_none=asked.all_or_none,
        display_lots=asked.display_lots,
        minimum_lots=asked.minimum_lots,
        stop_ticks=asked.stop_ticks,
        trail_ticks=asked.trail_ticks,
        offset_ticks=asked.offset_ticks,
        oco_id=asked.oco_order_id,
    )


# --- Refusals ---------------------------------------------------------------------------------------------------------


def refuse_by_trading_rules(terms: BookTerms, command: PlaceOrder) -> Rejected | None:
    """Whether the market takes such orders at all. Refused: rule.order_not_allowed."""
    if terms.trading is None:
        if is_plain(command):
            return None
        return Rejected(code=RejectCode.RULE_ORDER_NOT_ALLOWED, detail="a market without trading rules: plain orders")
    refusal = check_order(
        terms.trading,
        command.order_type,
        command.time_in_force,
        asked_conditions(command),
        command.self_trade_prevention,
    )
    return refusal.rejected() if refusal is not None else None


def refuse_terms(header: Header, instrument: Instrument, command: PlaceOrder) -> Rejected | None:
    """Whether type, prices, quantity, cap and end fit together and the instrument.

    Refused: order.price_missing, order.price_not_allowed, order.expiry_invalid, order.price_band, order.too_large.
    """
    if command.price_ticks is None and command.order_type in PRICED:
        return Rejected(code=RejectCode.ORDER_PRICE_MISSING)
    if command.price_ticks is not None and command.order_type in UNPRICED:
        return Rejected(code=RejectCode.ORDER_PRICE_NOT_ALLOWED, detail="price_ticks")
    if command.max_notional_minor is not None and (command.order_type is not MARKET or command.side is not BUY):
        return Rejected(code=RejectCode.ORDER_PRICE_NOT_ALLOWED, detail="max_notional_minor")
    expires = command.expires_at_ns
    if (expires is not None) != (command.time_in_force is TimeInForce.GTD):
        return Rejected(code=RejectCode.ORDER_EXPIRY_INVALID, detail="a GTD order, and no other, names its end")
    if expires is not None and expires <= header.at_ns:
        return Rejected(code=RejectCode.ORDER_EXPIRY_INVALID, detail="in the past")
    if command.stop_ticks is not None:
        refusal = refuse_price(instrument, command.stop_ticks, command.quantity_lots)
        if refusal is not None:
            return refusal
    price = command.price_ticks if command.price_ticks is not None else instrument.band_high_ticks
    return refuse_price(instrument, price, command.quantity_lots)


def refuse_price(instrument: Instrument, price_ticks: int, quantity_lots: int) -> Rejected | None:
    """Whether a price lies in the band, and so many lots at it are not too much."""
    if not within_band(instrument, PriceTicks(price_ticks)):
        detail = f"band_low_ticks={instrument.band_low_ticks} band_high_ticks={instrument.band_high_ticks}"
        return Rejected(code=RejectCode.ORDER_PRICE_BAND, detail=detail)
    worth = price_ticks * instrument.tick_minor * quantity_lots
    if worth > MAX_ORDER_MINOR or quantity_lots * instrument.lot_units > MAX_ORDER_MINOR:
        return Rejected(code=RejectCode.ORDER_TOO_LARGE, detail=f"max_minor={MAX_ORDER_MINOR}")
    return None


def worth_minor(instrument: Instrument, command: PlaceOrder) -> int:
    """What an order may come to, for a mandate's limit: at its own price, its cap, or the band's upper edge."""
    if command.max_notional_minor is not None:
        return command.max_notional_minor
    return (command.price_ticks or instrument.band_high_ticks) * instrument.tick_minor * command.quantity_lots
