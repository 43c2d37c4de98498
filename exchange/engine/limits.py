"""Trading limits: set by the venue or by the member itself, asked of every order before anything is held.

Day values are counted by `limit.used` events, so a restart forgets none. What is open and what is held is read from the
orders and the ledger; only accounts and users with a limit are followed, so nobody else's order costs more.
"""

from __future__ import annotations

from collections.abc import Iterator

from exchange.core.ids import AccountId, LimitId, make_id
from exchange.core.instruments import OrderType, Side
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import Role, UserRight
from exchange.core.rejections import RejectCode
from exchange.core.units import Minor
from exchange.engine.access import acts_for_member
from exchange.engine.day_totals import day_of
from exchange.engine.open_order import OpenOrder
from exchange.engine.state import ExchangeState
from matching.limit_messages import NO_ACCOUNT, NO_USER, LimitsSet, LimitUse, LimitUsed, SetLimits, TradingLimit
from matching.messages import Instrument

PPM = 1_000_000
AT_ANY_PRICE = (OrderType.MARKET, OrderType.STOP, OrderType.TRAILING_STOP)


def set_limits(state: ExchangeState, header: Header, command: SetLimits) -> list[Event]:
    """Set, change or end a limit of one account or user in one currency."""
    by_venue = Role.OPERATOR in state.users[header.principal].roles
    if (refusal := _refuse_subject(state, header, command, by_venue=by_venue)) is not None:
        return [refusal]
    account_id, user_id = command.account_id or NO_ACCOUNT, command.user_id or NO_USER
    known = state.find(TradingLimit, (account_id, user_id, by_venue, command.currency))
    figures = (
        command.order_value_minor or 0,
        command.day_value_minor or 0,
        command.open_value_minor or 0,
        command.price_distance_ppm or 0,
        command.position_lots or 0,
    )
    if known is None and not any(figures):
        return [Rejected(code=RejectCode.LIMIT_INVALID, detail="no figure, and no limit to end")]

    state.change()
    limit = TradingLimit(
        limit_id=known.limit_id if known is not None else LimitId(make_id(header.sequence)),
        account_id=account_id,
        user_id=user_id,
        by_venue=by_venue,
        currency=command.currency,
        order_value_minor=Minor(figures[0]),
        day_value_minor=Minor(figures[1]),
        open_value_minor=Minor(figures[2]),
        price_distance_ppm=figures[3],
        position_lots=figures[4],
        set_by=header.principal,
        set_at_ns=header.at_ns,
        over=not any(figures),
    )
    state.put(limit)
    return [LimitsSet(limit=limit)]


def refuse_by_limits(
    state: ExchangeState,
    header: Header,
    instrument: Instrument,
    order: OpenOrder,
    *,
    replaced: OpenOrder | None = None,
) -> Rejected | None:
    """Whether a limit of the account or of the user who sends it forbids an order, or new terms for an old one.

    Refused: limit.order_value, limit.day_value, limit.open_value, limit.price_distance, limit.position.
    """
    for limit in _limits_of(state, header, instrument, order):
        if (refusal := _refuse(state, header, limit, instrument, order, replaced)) is not None:
            return refusal
    return None


def use_limits(
    state: ExchangeState,
    header: Header,
    instrument: Instrument,
    order: OpenOrder,
    *,
    replaced: OpenOrder | None = None,
) -> list[Event]:
    """Count an order that is taken against the day values that bind it. Call after the line."""
    added = _added_minor(instrument, order, replaced)
    limits = [limit for limit in _limits_of(state, header, instrument, order) if limit.day_value_minor and added]
    return [_use(state, header, instrument, limit, added) for limit in limits]


def refuse_allocated(
    state: ExchangeState,
    header: Header,
    instrument: Instrument,
    account_id: AccountId,
    worth_minor: int,
    taken_lots: int,
) -> Rejected | None:
    """Whether a limit of an account forbids its part of a block: its value, the day's, and what it then holds.

    Refused: limit.order_value, limit.day_value, limit.position.
    """
    for limit in _limits_of_account(state, instrument, account_id):
        if limit.order_value_minor and worth_minor > limit.order_value_minor:
            return Rejected(code=RejectCode.LIMIT_ORDER_VALUE, detail=f"order_value_minor={limit.order_value_minor}")
        used = _used(state, limit, _day(state, header, instrument))
        if limit.day_value_minor and used + worth_minor > limit.day_value_minor:
            detail = f"day_value_minor={limit.day_value_minor} used_minor={used}"
            return Rejected(code=RejectCode.LIMIT_DAY_VALUE, detail=detail)
        if limit.position_lots and taken_lots:
            position = _position_lots(state, instrument, account_id)
            if position + taken_lots > limit.position_lots:
                detail = f"position_lots={limit.position_lots} with_open_bids_lots={position}"
                return Rejected(code=RejectCode.LIMIT_POSITION, detail=detail)
    return None


def use_allocated(
    state: ExchangeState, header: Header, instrument: Instrument, account_id: AccountId, worth_minor: int
) -> list[Event]:
    """Count an account's part of a block against its day values. Call after the line."""
    limits = [limit for limit in _limits_of_account(state, instrument, account_id) if limit.day_value_minor]
    return [_use(state, header, instrument, limit, worth_minor) for limit in limits]


def _refuse_subject(state: ExchangeState, header: Header, command: SetLimits, *, by_venue: bool) -> Rejected | None:
    """Whether the limit names one account or one user, and the principal may limit it."""
    if (command.account_id is None) == (command.user_id is None):
        return Rejected(code=RejectCode.LIMIT_INVALID, detail="either an account or a user")
    if command.account_id is not None:
        account = state.accounts.get(command.account_id)
        if account is None:
            return Rejected(code=RejectCode.ACCOUNT_UNKNOWN)
        member_id = account.member_id
    else:
        user = state.users.get(command.user_id or NO_USER)
        if user is None:
            return Rejected(code=RejectCode.USER_UNKNOWN)
        member_id = user.member_id
    if not by_venue and not acts_for_member(state, header, member_id, UserRight.APPROVE):
        return Rejected(code=RejectCode.ACCOUNT_NOT_YOURS)
    return None


def _use(
    state: ExchangeState, header: Header, instrument: Instrument, limit: TradingLimit, added_minor: int
) -> LimitUsed:
    """Add to what a limit has used of its day value."""
    day = _day(state, header, instrument)
    use = LimitUse(limit_id=limit.limit_id, day=day, used_minor=Minor(_used(state, limit, day) + added_minor))
    state.put(use)
    return LimitUsed(use=use)


def _limits_of_account(state: ExchangeState, instrument: Instrument, account_id: AccountId) -> Iterator[TradingLimit]:
    """The limits of one account in an instrument's currency, in the order in which they were first set."""
    if account_id in state.limited_accounts:
        currency = state.market_of(instrument).currency
        for limit in state.table(TradingLimit).values():
            if limit.account_id == account_id and limit.currency == currency:
                yield limit


def _limits_of(
    state: ExchangeState, header: Header, instrument: Instrument, order: OpenOrder
) -> Iterator[TradingLimit]:
    """The limits that bind an order, in the order in which they were first set."""
    if order.account_id not in state.limited_accounts and header.principal not in state.limited_users:
        return
    currency = state.market_of(instrument).currency
    for limit in state.table(TradingLimit).values():
        if limit.currency == currency and (
            limit.account_id == order.account_id
            if limit.account_id != NO_ACCOUNT
            else limit.user_id == header.principal
        ):
            yield limit


def _refuse(
    state: ExchangeState,
    header: Header,
    limit: TradingLimit,
    instrument: Instrument,
    order: OpenOrder,
    replaced: OpenOrder | None,
) -> Rejected | None:
    """The first figure of one limit that an order would break, in the order in which the limit names them."""
    worth = _worth_minor(instrument, order)
    if limit.order_value_minor and worth > limit.order_value_minor:
        return Rejected(code=RejectCode.LIMIT_ORDER_VALUE, detail=f"order_value_minor={limit.order_value_minor}")
    if limit.day_value_minor:
        used = _used(state, limit, _day(state, header, instrument))
        if used + _added_minor(instrument, order, replaced) > limit.day_value_minor:
            detail = f"day_value_minor={limit.day_value_minor} used_minor={used}"
            return Rejected(code=RejectCode.LIMIT_DAY_VALUE, detail=detail)
    if limit.open_value_minor:
        others = [open_order for open_order in _open_orders(state, limit) if open_order.order_id != order.order_id]
        is_open = sum(_worth_minor(state.instruments[each.instrument_id], each) for each in others)
        if is_open + worth > limit.open_value_minor:
            detail = f"open_value_minor={limit.open_value_minor} open_minor={is_open}"
            return Rejected(code=RejectCode.LIMIT_OPEN_VALUE, detail=detail)
    last = state.numbers[instrument.instrument_id].last_price_ticks
    distance = abs(order.price_ticks - last) if last and order.order_type not in AT_ANY_PRICE else 0
    if limit.price_distance_ppm and distance * PPM > limit.price_distance_ppm * last:
        detail = f"price_distance_ppm={limit.price_distance_ppm} last_price_ticks={last}"
        return Rejected(code=RejectCode.LIMIT_PRICE_DISTANCE, detail=detail)
    if limit.position_lots and order.side is Side.BUY:
        position = _position_lots(state, instrument, order.account_id, order.order_id)
        if position + order.remaining_lots > limit.position_lots:
            detail = f"position_lots={limit.position_lots} with_open_bids_lots={position}"
            return Rejected(code=RejectCode.LIMIT_POSITION, detail=detail)
    return None


def _worth_minor(instrument: Instrument, order: OpenOrder) -> int:
    """What an order may still come to: at its limit, at its cap, or at the band's upper edge."""
    if order.max_notional_minor:
        return order.max_notional_minor - order.notional_minor
    price = instrument.band_high_ticks if order.order_type in AT_ANY_PRICE else order.price_ticks
    return price * instrument.tick_minor * order.remaining_lots


def _added_minor(instrument: Instrument, order: OpenOrder, replaced: OpenOrder | None) -> int:
    """What an order adds to the day's value; new terms add only what they are worth more."""
    before = _worth_minor(instrument, replaced) if replaced is not None else 0
    return max(0, _worth_minor(instrument, order) - before)


def _open_orders(state: ExchangeState, limit: TradingLimit) -> list[OpenOrder]:
    """The open orders a limit counts, in its currency."""
    followed = (
        state.limited_accounts[limit.account_id]
        if limit.account_id != NO_ACCOUNT
        else state.limited_users[limit.user_id]
    )
    return [
        order
        for order_id in followed
        if (order := state.orders.get(order_id)) is not None
        and state.market_of(state.instruments[order.instrument_id]).currency == limit.currency
    ]


def _position_lots(state: ExchangeState, instrument: Instrument, account_id: AccountId, besides: int = 0) -> int:
    """What the account holds of the instrument, and the other bids it has open there. Units: lots, begun ones whole.

    The account's orders are followed wherever a limit binds it; a user's limit alone reads them one by one.
    """
    held = -(-state.ledger.units(account_id, instrument.asset_id) // instrument.lot_units)
    bids = state.bidders.get(instrument.instrument_id, {}).get(account_id, 0)
    if not bids:
        return held
    followed = state.limited_accounts.get(account_id)
    orders = (
        list(state.orders.values())
        if followed is None
        else [state.orders[order_id] for order_id in followed if order_id in state.orders]
    )
    return held + sum(
        each.remaining_lots
        for each in orders
        if each.account_id == account_id
        and each.instrument_id == instrument.instrument_id
        and each.side is Side.BUY
        and each.order_id != besides
    )


def _day(state: ExchangeState, header: Header, instrument: Instrument) -> str:
    """The day of the market's calendar."""
    return day_of(state, instrument, header.at_ns)


def _used(state: ExchangeState, limit: TradingLimit, day: str) -> int:
    use = state.table(LimitUse).get(limit.limit_id)
    return use.used_minor if use is not None and use.day == day else 0
