"""What is traded: sides, phases, settlement modes and the scales of an instrument."""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    """FIX 54: buy (a bid) or sell (an offer)."""

    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    """FIX 40. Until the market issue builds others, the edge refuses them as unknown values (request.invalid)."""

    LIMIT = "limit"
    MARKET = "market"


class TimeInForce(StrEnum):
    """FIX 59: DAY 当日, GTC 撤销前有效, IOC 即时成交剩余撤销, FOK 全部成交否则撤销."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"


class Phase(StrEnum):
    """The phases of an instrument's day (FIX TradingSessionSubID / SecurityTradingStatus)."""

    CLOSED = "closed"
    CONTINUOUS = "continuous"
    HALTED = "halted"


class SelfTradePrevention(StrEnum):
    """Which order goes when both sides are one account. Others belong to the market issue."""

    CANCEL_NEWEST = "cancel_newest"


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


class TechnologyClass(StrEnum):
    """Export class of a technology (技术进出口管理条例): a foreign party may order only what is `free`."""

    UNCLASSIFIED = "unclassified"
    FREE = "free"
    RESTRICTED = "restricted"
    PROHIBITED = "prohibited"
