"""What is traded: sides, phases, settlement modes and the scales of an instrument."""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    """FIX 54: buy (a bid) or sell (an offer)."""

    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    """What makes an order trade (FIX 40, PegPriceType 1094); each is explained at `matching.book_messages.Kind`."""

    LIMIT = "limit"
    MARKET = "market"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"
    TRAILING_STOP_LIMIT = "trailing_stop_limit"
    PEGGED_BEST = "pegged_best"
    PEGGED_MID = "pegged_mid"
    PEGGED_MARKET = "pegged_market"


class TimeInForce(StrEnum):
    """FIX 59: DAY 当日, GTC 撤销前有效, GTD 指定日期前有效, IOC 即时成交剩余撤销, FOK 全部成交否则撤销.

    AT_OPEN and AT_CLOSE orders are for the opening and the closing call alone.
    """

    DAY = "day"
    GTC = "gtc"
    GTD = "gtd"
    IOC = "ioc"
    FOK = "fok"
    AT_OPEN = "at_open"
    AT_CLOSE = "at_close"


class Phase(StrEnum):
    """The phases of an instrument's day (FIX TradingSessionSubID 625 / SecurityTradingStatus 326).

    PRE_OPEN takes orders and cancels, no two meet; a call also shows what its auction would do now. SETTLING hands out
    an auction that is fixed and takes nothing; POST_CLOSE trades at the closing price alone.
    """

    CLOSED = "closed"
    PRE_OPEN = "pre_open"
    OPENING_CALL = "opening_call"
    CONTINUOUS = "continuous"
    VOLATILITY_CALL = "volatility_call"
    HALTED = "halted"
    CLOSING_CALL = "closing_call"
    SETTLING = "settling"
    POST_CLOSE = "post_close"


class SelfTradePrevention(StrEnum):
    """Which order goes when both sides are one account or one group; the taker's word decides (FIX 2362)."""

    CANCEL_NEWEST = "cancel_newest"
    CANCEL_OLDEST = "cancel_oldest"
    CANCEL_BOTH = "cancel_both"
    DECREMENT = "decrement"


class OrderPlace(StrEnum):
    """Where an open order is; `matching.book_messages.Place` says the same in the book's integers."""

    QUEUE = "queue"
    STOP = "stop"
    CALL = "call"
    IN_HAND = "in_hand"
    CONTINGENT = "contingent"


class Settlement(StrEnum):
    """`book_entry`: DvP at the trade is final. `recordal`: title waits for an office, the price for title."""

    BOOK_ENTRY = "book_entry"
    RECORDAL = "recordal"


class TitleRegime(StrEnum):
    """Which register constitutes title to a right (DOMAIN 2.9)."""

    CN_REGISTER_CONSTITUTIVE = "cn_register_constitutive"
    US_SIGNED_WRITING = "us_signed_writing"
    CONTRACT_REGISTER = "contract_register"
    COMPANY_REGISTER = "company_register"
    OWN_REGISTER = "own_register"


class AssetKind(StrEnum):
    """What a custody asset is."""

    MONEY = "money"
    RIGHT = "right"
    SHARE = "share"
    NOTE = "note"
    USE_RIGHT = "use_right"
    EQUITY = "equity"
    """A part of a company's registered capital; no book trades it, and it passes by the company's register."""
    RECEIVABLE = "receivable"
    """What a debtor owes, on the register: a unit is a minor unit of it. Always held, never ordered or pledged."""


class TechnologyClass(StrEnum):
    """Export class of a technology (技术进出口管理条例): a foreign party may order only what is `free`."""

    UNCLASSIFIED = "unclassified"
    FREE = "free"
    RESTRICTED = "restricted"
    PROHIBITED = "prohibited"
