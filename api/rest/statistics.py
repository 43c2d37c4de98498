"""What was traded and what stands, in numbers for everybody: candles, statistics by the day, the quote."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.problems import RequestCode, RequestRefused
from api.rest.answers import encode
from api.rest.reading import MIN_SEQUENCE, PAGED, Param, Question, documented, question
from exchange.core.calendar import local_date, start_of_day_ns
from exchange.core.units import MAX_INTEGER, NS_PER_SECOND
from exchange.core.wire_json import show
from exchange.store.queries import candles, market
from exchange.store.queries.candles import Place, Traded
from exchange.store.queries.reader import Snapshot
from matching.depth import DepthSnapshot
from matching.tape import SECONDS, SHORTEST_DAY_S, Candle, Interval, whole_spans
from matching.visible import DepthLevel

router = APIRouter(prefix="/v1/instruments", tags=["instruments"])

MOST_CANDLES = 10_000
"""A stretch that could hold more is refused: ask for less, or for longer candles."""
LATEST_S = 4_102_444_800
"""The year 2100: later moments are a mistake, and would not fit a nanosecond clock for ever."""
DEFAULT_DAYS = 30

INSTRUMENT = Param("instrument_id", letter="I")
INTERVAL = Param("interval", choices=tuple(Interval), required=True, text="How long a candle lasts.")
FROM_S = Param("from_s", number=True, maximum=LATEST_S, text="From this second since 1970 (UTC) on (a page full).")
UNTIL_S = Param("until_s", number=True, maximum=LATEST_S, text="Up to, and without, this second (the newest trade).")
FROM_DATE = Param("from_date", text=f"First day, as 2026-03-02 ({DEFAULT_DAYS - 1} days before the last).")
TO_DATE = Param("to_date", text="Last day (that of the newest journal row).")
CANDLES = (INTERVAL, FROM_S, UNTIL_S, *PAGED)
STATISTICS = (FROM_DATE, TO_DATE, *PAGED)

Stretch = Callable[[Traded, int], tuple[int, int]]
"""The moments that are asked for, given the instrument and the newest row's time."""


@router.get("/{instrument_id}/candles", openapi_extra=documented(CANDLES, public=True, path=(INSTRUMENT,)))
async def read_candles(request: Request) -> Response:
    """Prices and turnover of equal stretches of time, oldest first; without trades there is no candle.

    `from_s` and `until_s` are widened to whole candles. `is_final` says that no later trade can change a candle. A page
    may be short and still go on.
    """
    asked = question(request, (INSTRUMENT, *CANDLES), public=True)
    interval = Interval(asked.get("interval"))

    def stretch(of: Traded, newest_ns: int) -> tuple[int, int]:
        until_ns = asked.values["until_s"] * NS_PER_SECOND if "until_s" in asked.values else newest_ns + 1
        # As many as a page holds, however its days are cut: the newest must be among them.
        step_ns = SECONDS.get(interval, SHORTEST_DAY_S) * NS_PER_SECOND
        default_ns = max(until_ns - 1 - (asked.limit - 1) * step_ns, 0)
        from_ns = asked.values["from_s"] * NS_PER_SECOND if "from_s" in asked.values else default_ns
        if from_ns >= until_ns:
            raise RequestRefused(RequestCode.PARAMETER, "from_s: not before until_s")
        return whole_spans(interval, from_ns, until_ns, of.time_zone)

    return await _answer(asked, interval, stretch, lambda candle, _of: show(candle))


@router.get("/{instrument_id}/statistics", openapi_extra=documented(STATISTICS, public=True, path=(INSTRUMENT,)))
async def read_statistics(request: Request) -> Response:
    """Each trading day's prices, volume, turnover and number of trades, oldest first, by the market's calendar.

    A day begins and ends at midnight in the calendar's time zone. Days without trades are left out; `is_final` says
    that the day is over.
    """
    asked = question(request, (INSTRUMENT, *STATISTICS), public=True)
    first, last = _day(asked, FROM_DATE), _day(asked, TO_DATE)

    def stretch(of: Traded, newest_ns: int) -> tuple[int, int]:
        end = last or local_date(newest_ns, of.time_zone)
        begin = first or end - timedelta(days=DEFAULT_DAYS - 1)
        if begin > end:
            raise RequestRefused(RequestCode.PARAMETER, "from_date: after to_date")
        return start_of_day_ns(begin, of.time_zone), start_of_day_ns(end + timedelta(days=1), of.time_zone)

    def shown(candle: Candle, of: Traded) -> dict[str, Any]:
        return {"date": local_date(candle.start_ns, of.time_zone).isoformat(), **show(candle)}

    return await _answer(asked, Interval.DAY, stretch, shown)


@router.get("/{instrument_id}/quote", openapi_extra=documented((MIN_SEQUENCE,), public=True, path=(INSTRUMENT,)))
async def read_quote(request: Request) -> Response:
    """The best bid and offer with their sizes, the last price and the phase, all of one sequence.

    A side without orders is null, and so is the last price of what never traded.
    """
    asked = question(request, (INSTRUMENT, MIN_SEQUENCE), public=True)
    instrument_id = asked.get("instrument_id")
    books = asked.services.books
    if books is not None and not asked.get("min_sequence"):
        quote = books.quote(instrument_id)
        if quote is None:
            raise RequestRefused(RequestCode.RESOURCE_UNKNOWN)
        body = {"as_of_sequence": quote.sequence, **shown_quote(quote.top, quote.phase.value, quote.last_price_ticks)}
        return Response(encode(body), media_type="application/json")

    def work(snapshot: Snapshot) -> dict[str, Any] | None:
        standing = candles.standing(snapshot, instrument_id)
        if standing is None:
            return None
        return shown_quote(market.depth(snapshot, instrument_id, 1), standing.phase, standing.last_price_ticks)

    return await asked.answer(work)


def shown_quote(top: DepthSnapshot, phase: str, last_price_ticks: int) -> dict[str, Any]:
    """A quote as clients read it."""
    return {
        "instrument_id": show(top)["instrument_id"],
        "book_n": top.book_n,
        "phase": phase,
        "bid": _level(top.bids),
        "offer": _level(top.offers),
        "last_price_ticks": last_price_ticks or None,
    }


def _level(levels: tuple[DepthLevel, ...]) -> dict[str, int] | None:
    return {"price_ticks": levels[0].price_ticks, "quantity_lots": levels[0].lots} if levels else None


async def _answer(
    asked: Question, interval: Interval, stretch: Stretch, shown: Callable[[Candle, Traded], dict[str, Any]]
) -> Response:
    """One page of candles.

    Refused: resource.unknown; request.parameter for a stretch that is too long, or that traded more than fits a number.
    """
    position = asked.position()

    def work(snapshot: Snapshot) -> dict[str, Any] | None:
        of = candles.traded(snapshot, asked.get("instrument_id"))
        if of is None:
            return None
        newest_ns = candles.head_ns(snapshot)
        place = _place(position) if position is not None else _begin(interval, *stretch(of, newest_ns))
        found = candles.candles(snapshot, of, interval, place, asked.limit)
        for candle in found.records:
            _require_exact(candle)
        items = [{**shown(candle, of), "is_final": newest_ns >= candle.end_ns} for candle in found.records]
        return {"interval": interval.value, "time_zone": of.time_zone, **asked.page(items, found.next_place)}

    return await asked.answer(work)


def _begin(interval: Interval, from_ns: int, until_ns: int) -> Place:
    """Refused: request.parameter, when the stretch could hold too many candles."""
    shortest_ns = SECONDS.get(interval, SHORTEST_DAY_S) * NS_PER_SECOND
    if until_ns - from_ns > MOST_CANDLES * shortest_ns:
        raise RequestRefused(RequestCode.PARAMETER, f"more than {MOST_CANDLES} candles of {interval.value}")
    return Place(from_ns, until_ns, 0, None)


def _place(position: Any) -> Place:
    """The place a cursor carries: it is signed, so it is one that we wrote."""
    from_ns, until_ns, trade_id, counted = position
    return Place(from_ns, until_ns, trade_id, None if counted is None else tuple(counted))


def _require_exact(candle: Candle) -> None:
    """Refused: request.parameter, when a sum would not be read exactly (2**53 - 1 and more)."""
    if max(candle.turnover_minor, candle.volume_lots) > MAX_INTEGER:
        raise RequestRefused(
            RequestCode.PARAMETER, "interval: its turnover is too large a number; ask for shorter ones"
        )


def _day(asked: Question, param: Param) -> date | None:
    """Refused: request.parameter, unless it is a date of the calendar from 1970 to 2100."""
    text = asked.get(param.name)
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text or not 1970 <= day.year < 2100:
        raise RequestRefused(RequestCode.PARAMETER, f"{param.name}: expected a date like 2026-03-02") from None
    return day
