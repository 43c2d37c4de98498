"""Markets: each under exactly one profile version, in one currency at one bank, with its calendar and its fees."""

from __future__ import annotations

from exchange.core.ids import MarketId, make_id
from exchange.core.instruments import AssetKind
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.rule_messages import PublishedKind
from exchange.engine.authorisations import refuse_unauthorised
from exchange.engine.state import ExchangeState
from exchange.rulebook.checks import check_currency, check_method
from exchange.rulebook.fees import FeeSchedule
from exchange.rulebook.profile import Method, Profile, cite
from exchange.rulebook.trading import TradingRules, holds_calls
from matching.listing_messages import MarketOpened, OpenMarket
from matching.messages import Market


def open_market(state: ExchangeState, header: Header, command: OpenMarket) -> list[Event]:
    """Open a market under a profile version that is in force; it keeps this version for its whole life."""
    if any(market.name == command.name for market in state.table(Market).values()):
        return [Rejected(code=RejectCode.MARKET_EXISTS, detail=command.name)]
    profile = state.parsed.get((PublishedKind.PROFILE, command.profile, command.profile_version))
    if not isinstance(profile, Profile):
        return [Rejected(code=RejectCode.PROFILE_UNKNOWN, detail=f"{command.profile}@{command.profile_version}")]
    if (refusal := _refuse_profile(state, header, profile)) is not None:
        return [refusal]
    if (refusal := _refuse_money(state, command, profile)) is not None:
        return [refusal]
    if (refusal := _refuse_calendar_and_fees(state, header, command, profile)) is not None:
        return [refusal]
    if (refusal := _refuse_trading_rules(state, header, command, profile)) is not None:
        return [refusal]

    state.change()
    market = Market(
        market_id=MarketId(make_id(header.sequence)),
        name=command.name,
        profile=command.profile,
        profile_version=command.profile_version,
        currency=command.currency,
        money_asset_id=command.money_asset_id,
        calendar=command.calendar,
        calendar_version=command.calendar_version,
        fee_schedule=command.fee_schedule,
        opened_at_ns=header.at_ns,
        trading_rules=command.trading_rules or "",
        trading_rules_version=command.trading_rules_version or 0,
    )
    state.put(market)
    return [MarketOpened(market=market)]


def _refuse_profile(state: ExchangeState, header: Header, profile: Profile) -> Rejected | None:
    """Whether a market may be opened under this version now.

    The trading-day gap between buying and selling, and the lock-up of what was bought, are asked of deals, not of a
    book, so a profile that wants a book with either cannot be kept and is refused.
    """
    if state.version_in_force(PublishedKind.PROFILE, profile.name, header.at_ns) != profile.version:
        return Rejected(code=RejectCode.PROFILE_NOT_ACTIVE, detail=f"{profile.name}@{profile.version} is not in force")
    fields = profile.fields
    if (refusal := refuse_unauthorised(state, header, profile)) is not None:
        return refusal
    if Method.ORDER_BOOK in fields.centralised_methods.value and fields.opposite_side_gap_trading_days.value:
        return Rejected(
            code=RejectCode.PROFILE_INVALID,
            detail="an order book with a gap between the sides",
            rule=cite(profile, "opposite_side_gap_trading_days"),
        )
    if Method.ORDER_BOOK in fields.centralised_methods.value and fields.lock_up_days.value:
        return Rejected(
            code=RejectCode.PROFILE_INVALID,
            detail="an order book with a lock-up of what was bought",
            rule=cite(profile, "lock_up_days"),
        )
    return None


def _refuse_money(state: ExchangeState, command: OpenMarket, profile: Profile) -> Rejected | None:
    if (refusal := check_currency(profile, command.currency)) is not None:
        return refusal.rejected()
    money = state.assets.get(command.money_asset_id)
    if money is None or money.kind is not AssetKind.MONEY:
        return Rejected(code=RejectCode.ASSET_UNKNOWN)
    if money.currency != command.currency:
        return Rejected(code=RejectCode.CURRENCY_MISMATCH, detail=f"{money.code} is {money.currency}")
    return None


def _refuse_calendar_and_fees(
    state: ExchangeState, header: Header, command: OpenMarket, profile: Profile
) -> Rejected | None:
    """The calendar is the profile's, since periods and gaps are counted by it; fees are the venue's own, in force."""
    if command.calendar != profile.fields.calendar.value:
        return Rejected(
            code=RejectCode.CALENDAR_INVALID,
            detail=f"{profile.name} counts by {profile.fields.calendar.value}",
            rule=cite(profile, "calendar"),
        )
    named = f"{command.calendar}@{command.calendar_version}"
    if state.version_in_force(PublishedKind.CALENDAR, command.calendar, header.at_ns) != command.calendar_version:
        return Rejected(code=RejectCode.CALENDAR_UNKNOWN, detail=f"{named} is not in force")
    version = state.version_in_force(PublishedKind.FEE_SCHEDULE, command.fee_schedule, header.at_ns)
    schedule = state.parsed.get((PublishedKind.FEE_SCHEDULE, command.fee_schedule, version))
    if not isinstance(schedule, FeeSchedule):
        return Rejected(code=RejectCode.FEE_SCHEDULE_UNKNOWN, detail=f"{command.fee_schedule} is not in force")
    if schedule.currency != command.currency:
        return Rejected(code=RejectCode.CURRENCY_MISMATCH, detail=f"{schedule.name} is in {schedule.currency}")
    return None


def _refuse_trading_rules(
    state: ExchangeState, header: Header, command: OpenMarket, profile: Profile
) -> Rejected | None:
    """The trading rules are in force, and what they run (a book, calls) is what the profile lets the market run."""
    if command.trading_rules is None and command.trading_rules_version is None:
        return None
    name, version = command.trading_rules or "", command.trading_rules_version or 0
    rules = state.parsed.get((PublishedKind.TRADING_RULES, name, version))
    if not isinstance(rules, TradingRules):
        return Rejected(code=RejectCode.TRADING_RULES_UNKNOWN, detail=f"{name}@{version}")
    if state.version_in_force(PublishedKind.TRADING_RULES, name, header.at_ns) != version:
        return Rejected(code=RejectCode.TRADING_RULES_UNKNOWN, detail=f"{name}@{version} is not in force")
    refusal = check_method(profile, Method.ORDER_BOOK)
    if refusal is None and holds_calls(rules):
        refusal = check_method(profile, Method.CALL_AUCTION)
    return refusal.rejected() if refusal is not None else None
