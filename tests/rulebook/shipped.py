"""The shipped texts, read; a text that does not read stops the test with its place and reason."""

from __future__ import annotations

from typing import TypeVar

from exchange.core.calendar import BusinessCalendar
from exchange.rulebook import shipped
from exchange.rulebook.calendars import business_calendar, parse_calendar
from exchange.rulebook.fees import FeeSchedule, parse_fee_schedule
from exchange.rulebook.overlays import Overlays, parse_overlays
from exchange.rulebook.profile import Profile, parse_profile
from exchange.rulebook.texts import TextError
from exchange.rulebook.trading import TradingRules, parse_trading_rules

T = TypeVar("T")


def read(document: T | TextError) -> T:
    """The document, or the failure of the test."""
    assert not isinstance(document, TextError), document
    return document


def profile(name: str) -> Profile:
    return read(parse_profile(shipped.profile_text(name)))


def schedule(name: str) -> FeeSchedule:
    return read(parse_fee_schedule(shipped.fee_schedule_text(name)))


def calendar(name: str) -> BusinessCalendar:
    return business_calendar(read(parse_calendar(shipped.calendar_text(name))))


def overlays() -> Overlays:
    return read(parse_overlays(shipped.overlays_text()))


def trading_rules(name: str) -> TradingRules:
    return read(parse_trading_rules(shipped.trading_rules_text(name)))
