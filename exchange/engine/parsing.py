"""Published texts become typed documents: one reader and one canonical writer per kind."""

from __future__ import annotations

from typing import assert_never

from exchange.core.calendar import BusinessCalendar
from exchange.core.rejections import RejectCode
from exchange.core.rule_messages import PublishedKind
from exchange.rulebook.calendars import CalendarText, business_calendar, canonical_calendar, parse_calendar
from exchange.rulebook.fees import FeeSchedule, canonical_schedule, parse_fee_schedule
from exchange.rulebook.overlays import Overlays, canonical_overlays, parse_overlays
from exchange.rulebook.profile import Profile, canonical_text, parse_profile
from exchange.rulebook.programmes import RewardProgramme, canonical_programme, parse_programme
from exchange.rulebook.texts import TextError
from exchange.rulebook.trading import TradingRules, canonical_trading_rules, parse_trading_rules
from securitization.deal import Deal, canonical_deal, read_deal
from securitization.deal_checks import check_deal
from securitization.deal_problems import Problem

Document = Profile | FeeSchedule | CalendarText | Overlays | TradingRules | RewardProgramme | Deal


def parse(kind: PublishedKind, text: str) -> Document | TextError:
    """Read and check a text of one kind."""
    match kind:
        case PublishedKind.PROFILE:
            return parse_profile(text)
        case PublishedKind.FEE_SCHEDULE:
            return parse_fee_schedule(text)
        case PublishedKind.CALENDAR:
            return parse_calendar(text)
        case PublishedKind.OVERLAYS:
            return parse_overlays(text)
        case PublishedKind.TRADING_RULES:
            return parse_trading_rules(text)
        case PublishedKind.REWARD_PROGRAMME:
            return parse_programme(text)
        case PublishedKind.DEAL:
            return parse_deal(text)
        case _:
            assert_never(kind)


def parse_deal(text: str) -> Deal | TextError:
    """Read and check a deal; the first problem is the reason.

    Refused: deal.text_invalid.
    """
    deal = read_deal(text)
    if isinstance(deal, Problem):
        return _no_deal(deal)
    problems = check_deal(deal)
    return _no_deal(problems[0]) if problems else deal


def _no_deal(problem: Problem) -> TextError:
    reason = f"{problem.code}: {problem.reason}"
    return TextError(code=RejectCode.DEAL_TEXT_INVALID, path=problem.path, reason=reason)


def canonical(document: Document) -> str:
    """The one spelling of a document, which its hash names."""
    match document:
        case Profile():
            return canonical_text(document)
        case FeeSchedule():
            return canonical_schedule(document)
        case CalendarText():
            return canonical_calendar(document)
        case Overlays():
            return canonical_overlays(document)
        case TradingRules():
            return canonical_trading_rules(document)
        case RewardProgramme():
            return canonical_programme(document)
        case Deal():
            return canonical_deal(document)
        case _:
            assert_never(document)


def calendar_of(document: Document) -> BusinessCalendar | None:
    """The business calendar of a calendar text."""
    return business_calendar(document) if isinstance(document, CalendarText) else None
