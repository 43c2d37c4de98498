"""What allocation accounts traded in a day: counted fill by fill, told once a command, over at the end of the day.

Only accounts that were opened to allocate are counted, so nobody else's trade costs more. The day is the local date of
the market's calendar; an instrument has one timer for its end, set with the day's first total.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from exchange.core.calendar import local_date, start_of_day_ns
from exchange.core.ids import AccountId, InstrumentId
from exchange.core.instruments import Side
from exchange.core.messages import Event, Header
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.units import Minor, QuantityLots
from exchange.engine.recent_trades import RecentTrade
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.engine.timers import FIRINGS, set_timer
from matching.allocation_messages import AllocationDayEnded, DayTotal, DayTotalled
from matching.messages import Instrument, TradeMade

MAX_ENDED = 200
"""Totals one timer ends; if there are more, another one at the same moment ends the next."""


def day_of(state: ExchangeState, instrument: Instrument, at_ns: int) -> str:
    """The day of the market's calendar at a moment, as an ISO date."""
    return local_date(at_ns, _zone(state, instrument)).isoformat()


def count_trade(state: ExchangeState, header: Header, instrument: Instrument, trade: TradeMade) -> None:
    """Count a trade for each of its sides that is an allocation account. Call after the line."""
    notional = trade.price_ticks * instrument.tick_minor * trade.quantity_lots
    for side, one in ((Side.BUY, trade.buyer), (Side.SELL, trade.seller)):
        if one.account_id in state.allocating:
            day = day_of(state, instrument, header.at_ns)
            total = state.day_total(one.account_id, instrument.instrument_id, side, day) or DayTotal(
                account_id=one.account_id,
                instrument_id=instrument.instrument_id,
                side=side,
                day=day,
                lots=QuantityLots(0),
                notional_minor=Minor(0),
                fees_minor=Minor(0),
            )
            _change(state, total, trade.quantity_lots, notional, one.fee_minor)


def total_of(state: ExchangeState, instrument: Instrument, trade: RecentTrade, side: Side) -> DayTotal | None:
    """The total that still counts one side of a trade; None: that account allocates nothing, or its day is over."""
    account_id = trade.buyer_account_id if side is Side.BUY else trade.seller_account_id
    if account_id not in state.allocating:
        return None
    return state.day_total(account_id, instrument.instrument_id, side, day_of(state, instrument, trade.at_ns))


def is_shared_out(state: ExchangeState, instrument: Instrument, trade: RecentTrade) -> bool:
    """Whether something of the day that counts a trade has gone to other accounts already."""
    totals = (total_of(state, instrument, trade, side) for side in Side)
    return any(total is not None and total.allocated_lots for total in totals)


def uncount_trade(state: ExchangeState, instrument: Instrument, trade: RecentTrade) -> None:
    """Take a reversed trade out of the totals that counted it. Call after the line."""
    notional = trade.price_ticks * instrument.tick_minor * trade.quantity_lots
    for side, fee in ((Side.BUY, trade.buyer_fee_minor), (Side.SELL, trade.seller_fee_minor)):
        if (total := total_of(state, instrument, trade, side)) is not None:
            _change(state, total, -trade.quantity_lots, -notional, -fee)


def reprice_trade(state: ExchangeState, instrument: Instrument, trade: RecentTrade, price_ticks: int) -> None:
    """Count a trade at the price that was made of it, while nothing of its day was shared out. Call after the line."""
    change = (price_ticks - trade.price_ticks) * instrument.tick_minor * trade.quantity_lots
    for side in Side:
        total = total_of(state, instrument, trade, side)
        if total is not None and not total.allocated_lots and change:
            _change(state, total, 0, change, 0)


def tell_totals(state: ExchangeState, header: Header) -> list[Event]:
    """What the command that is being decided changed of the day's totals. Call at its end, after the line."""
    touched = list(state.totals_touched)
    state.totals_touched.clear()
    totals = [total for key in touched if (total := state.day_total(*key)) is not None]
    events: list[Event] = [DayTotalled(totals=tuple(totals))]
    timed = [timer.subject_id for timer in state.table(Timer).values() if timer.kind is TimerKind.ALLOCATION_DAY_ENDS]
    for instrument_id in dict.fromkeys(total.instrument_id for total in totals):
        if instrument_id not in timed:
            due_ns = _end_of_day_ns(state, instrument_id, header.at_ns)
            events.append(set_timer(state, header, TimerKind.ALLOCATION_DAY_ENDS, due_ns, instrument_id))
    return events


def _change(state: ExchangeState, total: DayTotal, lots: int, notional: int, fee: int) -> None:
    """Count into a total, which is told when the command ends."""
    state.put(
        msgspec.structs.replace(
            total,
            lots=QuantityLots(total.lots + lots),
            notional_minor=Minor(total.notional_minor + notional),
            fees_minor=Minor(total.fees_minor + fee),
        )
    )
    state.totals_touched[total.account_id, total.instrument_id, total.side, total.day] = None


def _day_ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """The day is over: what was not shared stays where it is, and its account is told so.

    The next day may have a total already, if a trade came at the very moment.
    """
    instrument = state.instruments[InstrumentId(timer.subject_id)]
    today = day_of(state, instrument, header.at_ns)
    standing = sorted(
        (total.account_id, total.day, total.side)
        for total in state.table(DayTotal).values()
        if total.instrument_id == instrument.instrument_id and total.day < today
    )
    ended: list[DayTotal] = []
    for account_id, day, side in standing[:MAX_ENDED]:
        total = state.day_total(account_id, instrument.instrument_id, side, day)
        if total is not None:
            ended.append(msgspec.structs.replace(total, over=True))
            state.put(ended[-1])
    kept = dict.fromkeys(AccountId(total.account_id) for total in ended if total.left_lots)
    events: list[Event] = [AllocationDayEnded(totals=tuple(ended), movement=move_and_tell(state, header, kept))]
    if any(total.instrument_id == instrument.instrument_id for total in state.table(DayTotal).values()):
        more = len(standing) > MAX_ENDED
        due_ns = timer.due_ns if more else _end_of_day_ns(state, instrument.instrument_id, header.at_ns)
        events.append(set_timer(state, header, timer.kind, due_ns, instrument.instrument_id))
    return events


def _end_of_day_ns(state: ExchangeState, instrument_id: InstrumentId, at_ns: int) -> int:
    """The first moment of the market's next day."""
    zone = _zone(state, state.instruments[instrument_id])
    return start_of_day_ns(local_date(at_ns, zone) + timedelta(days=1), zone)


def _zone(state: ExchangeState, instrument: Instrument) -> str:
    market = state.market_of(instrument)
    calendar = state.calendar(market.calendar, market.calendar_version)
    return calendar.time_zone if calendar is not None else VENUE_TIME_ZONE


FIRINGS[TimerKind.ALLOCATION_DAY_ENDS] = _day_ends
