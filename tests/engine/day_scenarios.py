"""Days as a person who knows exchanges would tell them. See tests/engine/days.py for what each line means.

wu and ren begin with 1,000 lots each; ren has 10,000 in cash, li and zhao 100,000. There are no fees. Midnight is UTC.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.engine.days import DAY, day


class DayScenario(NamedTuple):
    """What the trading rules say, and what happens."""

    rules: dict[str, Any]
    text: str


RANGES = {"static_band_ppm": 100_000, "volatility_seconds": 120}
OPEN_AT_100 = """
    ops begins opening_call          -> opening_call
    li   buys  1 @ 100               -> rests
    wu   sells 1 @ 100               -> rests
    ops begins continuous            -> settling, continuous
    trades                           -> li wu 1 @ 100
"""

SCENARIOS: dict[str, DayScenario] = {
    "a whole day by the timetable": DayScenario(
        {"timetable": DAY},
        """
        08:59:59.999                     -> nothing
        li   buys  10 @ 101              -> order.instrument_closed
        09:00:00                         -> pre_open
        li   buys  10 @ 101              -> rests          # orders are taken,
        wu   sells 10 @ 99               -> rests          # and do not meet before the call
        li   buys  1 @ 101 ioc           -> order.phase
        trades                           -> none
        09:10:00                         -> opening_call
        call                             -> 10 @ 100       # 99 to 101 trade as much: the middle
        ren  sells 5 @ 100               -> rests
        call                             -> 10 @ 99        # from 100 on offers would be over
        li   buys  5 at market           -> rests
        call                             -> 15 @ 101       # 100 and 101 leave nothing over: 100.5, rounded up
        zhao buys  2 @ 101 fok           -> order.phase
        09:19:59.900                     -> nothing
        09:20:00                         -> settling, continuous
        auction                          -> 15 @ 101
        trades                           -> li wu 5 @ 101, li wu 5 @ 101, li ren 5 @ 101
        wu   sells 5 @ 102               -> rests
        li   buys  1 @ 102               -> wu 1 @ 102
        17:00:00                         -> closing_call
        li   buys  3 @ 103               -> rests
        call                             -> 3 @ 102, 1 offers over
        17:05:00                         -> settling, post_close
        trades                           -> li wu 1 @ 102, li wu 3 @ 102
        li   buys  5 @ 101               -> order.not_at_fixed_price
        zhao buys  5 @ 110               -> wu 1 @ 102; 4 rest     # at the closing price, whatever the limit
        ren  sells 1 @ 103               -> order.not_at_fixed_price
        ren  sells 1 @ 90                -> zhao 1 @ 102
        17:20:00                         -> closed         # what is left were DAY orders
        book                             -> |
        zhao has 2 units, 99796 cash     -> holds 0 units, 0 cash
        """,
    ),
    "at-open and at-close orders wait for their call and end with it": DayScenario(
        {"timetable": DAY},
        """
        09:20:00                         -> pre_open, opening_call, settling, continuous
        wu   sells 5 @ 100 at_close as c -> rests
        wu   sells 5 @ 100 at_open as o  -> rests
        li   buys  5 @ 100               -> rests          # they are not in the book yet
        17:00:00                         -> closing_call
        call                             -> 5 @ 100
        zhao buys  2 @ 99 at_close       -> rests
        17:05:00                         -> settling, post_close
        trades                           -> li wu 5 @ 100
        wu   cancels o                   -> 5 lots         # still waits for the next opening call
        zhao has 0 units, 100000 cash    -> holds 0 units, 0 cash
        """,
    ),
    "the last second of the random end": DayScenario(
        {"timetable": day("09:00:00 opening_call", "09:10:00 continuous +30", "17:00:00 closed")},
        """
        09:00:00                         -> opening_call
        09:10:00                         -> nothing        # it goes on for up to 30 seconds
        li   buys  10 @ 100              -> rests
        wu   sells 10 @ 100              -> rests
        call                             -> 10 @ 100
        09:10:30                         -> settling, continuous
        trades                           -> li wu 10 @ 100
        """,
    ),
    "a trade beyond the range begins a call, which ends by itself": DayScenario(
        RANGES,
        OPEN_AT_100
        + """
        reference                        -> 100, 90 to 110
        wu   sells 5 @ 110               -> rests
        wu   sells 5 @ 111               -> rests          # a limit may stand outside
        li   buys  5 @ 110               -> wu 5 @ 110     # the edge itself trades
        zhao buys  5 @ 111               -> rests          # 111 would be beyond: nothing trades, a call begins
        call                             -> 5 @ 111
        zhao buys  1 @ 111 ioc           -> order.phase
        00:02:01                         -> nothing        # 111 is outside of 90 to 110: the call goes on, once
        00:04:00                         -> nothing
        00:04:01                         -> settling, continuous
        trades                           -> li wu 5 @ 110, zhao wu 5 @ 111
        reference                        -> 111, 100 to 122
        """,
    ),
    "a call that finds a price within the range is not extended": DayScenario(
        RANGES,
        OPEN_AT_100
        + """
        wu   sells 5 @ 112 as a          -> rests
        zhao buys  5 @ 112               -> rests
        wu   cancels a                   -> 5 lots
        call                             -> nobody meets
        wu   sells 3 @ 105               -> rests
        call                             -> 3 @ 112, 2 bids over   # bids are over at both prices: the higher
        wu   sells 4 @ 105               -> rests
        call                             -> 5 @ 105, 2 offers over
        00:02:01                         -> settling, continuous
        trades                           -> zhao wu 3 @ 105, zhao wu 2 @ 105
        """,
    ),
    "the range round the last price moves with it": DayScenario(
        {"static_band_ppm": 500_000, "dynamic_band_ppm": 100_000, "volatility_seconds": 60},
        OPEN_AT_100
        + """
        reference                        -> 100, 90 to 110
        wu   sells 3 @ 110               -> rests
        li   buys  3 @ 110               -> wu 3 @ 110
        reference                        -> 100, 99 to 121
        wu   sells 3 @ 121               -> rests
        li   buys  3 @ 121               -> wu 3 @ 121
        reference                        -> 100, 109 to 133
        wu   sells 3 @ 150               -> rests
        wu   sells 3 @ 151               -> rests
        li   buys  3 @ 133               -> rests
        wu   sells 3 @ 133               -> li 3 @ 133
        reference                        -> 100, 120 to 146
        wu   sells 3 @ 146               -> rests
        li   buys  3 @ 146               -> wu 3 @ 146
        reference                        -> 100, 132 to 150    # 160.6 is beyond the static range
        li   buys  3 @ 150               -> wu 3 @ 150
        zhao buys  1 @ 151               -> rests          # 151 is not beyond 10 % of 150, but beyond 50 % of 100
        call                             -> 1 @ 151, 2 offers over
        """,
    ),
    "a circuit breaker halts and resumes by itself": DayScenario(
        {"dynamic_band_ppm": 100_000, "breaker_seconds": 300},
        OPEN_AT_100
        + """
        wu   sells 5 @ 111               -> rests
        li   buys  2 @ 110               -> rests
        zhao buys  5 @ 111               -> rests
        li   buys  1 @ 100               -> order.instrument_halted
        00:05:00                         -> nothing
        00:05:01                         -> volatility_call, settling, continuous
        trades                           -> zhao wu 5 @ 111
        """,
    ),
    "a halt that ends the orders": DayScenario(
        {"dynamic_band_ppm": 100_000, "halt_keeps_orders": False},
        OPEN_AT_100
        + """
        wu   sells 5 @ 111               -> rests
        li   buys  2 @ 95 gtc            -> rests
        zhao buys  5 @ 111               -> rests
        book                             -> |
        li   has 1 units, 99900 cash     -> holds 0 units, 0 cash
        00:30:00                         -> nothing        # until somebody resumes
        ops begins continuous            -> continuous
        """,
    ),
    "a halt abandons a call, and trading resumes by another": DayScenario(
        {},
        """
        ops begins opening_call          -> opening_call
        li   buys  5 @ 101 as a          -> rests
        wu   sells 5 @ 99                -> rests
        ops begins halted                -> halted
        trades                           -> none
        li   buys  1 @ 99                -> order.instrument_halted
        ops begins continuous            -> volatility_call, settling, continuous
        trades                           -> li wu 5 @ 100
        """,
    ),
    "good-till-cancelled orders that cross overnight meet in an auction": DayScenario(
        {},
        """
        ops begins pre_open              -> pre_open
        li   buys  5 @ 101 gtc           -> rests
        wu   sells 5 @ 99 gtc            -> rests
        zhao buys  5 @ 105 day           -> rests
        ops begins closed                -> closed
        book                             -> 101 x 5 (1) | 99 x 5 (1)
        ops begins continuous            -> volatility_call, settling, continuous
        trades                           -> li wu 5 @ 100
        """,
    ),
    "the closing call takes over a volatility call": DayScenario(
        RANGES | {"timetable": day("00:30:00 continuous", "01:00:00 closing_call", "01:05:00 closed")},
        """
        00:30:00                         -> continuous
        wu   sells 1 @ 100               -> rests
        li   buys  1 @ 100               -> wu 1 @ 100
        trades                           -> li wu 1 @ 100
        01:05:00                         -> closing_call, settling, closed
        reference                        -> 100, 90 to 110
        +1 00:30:00                      -> continuous
        00:59:30                         -> nothing
        wu   sells 5 @ 112               -> rests
        li   buys  5 @ 112               -> rests
        call                             -> 5 @ 112
        01:00:00                         -> closing_call
        call                             -> 5 @ 112
        01:05:00                         -> nothing        # 112 is beyond the range: extended
        01:07:01                         -> settling, closed
        trades                           -> li wu 5 @ 112
        """,
    ),
    "an operator's halt outlasts the timetable, until the day ends": DayScenario(
        {"timetable": DAY},
        """
        09:30:00                         -> pre_open, opening_call, settling, continuous
        ops begins halted                -> halted
        17:10:00                         -> nothing
        17:20:00                         -> closed
        +1 09:00:00                      -> pre_open
        """,
    ),
    "what an operator closes stays closed for the day": DayScenario(
        {"timetable": day("09:00:00 continuous", "11:30:00 halted", "13:00:00 continuous", "15:00:00 closed")},
        """
        09:00:00                         -> continuous
        ops begins closed                -> closed
        14:00:00                         -> nothing
        15:00:00                         -> nothing
        +1 09:00:00                      -> continuous
        """,
    ),
    "a break at noon keeps the orders": DayScenario(
        {
            "halt_keeps_orders": False,
            "timetable": day("09:00:00 continuous", "11:30:00 halted", "13:00:00 continuous", "15:00:00 closed"),
        },
        """
        09:00:00                         -> continuous
        wu   sells 5 @ 100               -> rests
        11:30:00                         -> halted
        li   buys  5 @ 100               -> order.instrument_halted
        book                             -> | 100 x 5 (1)
        13:00:00                         -> continuous
        li   buys  5 @ 100               -> wu 5 @ 100
        """,
    ),
    "after an outage no empty call is held": DayScenario(
        {"timetable": DAY},
        """
        09:00:00                         -> pre_open
        li   buys  5 @ 100               -> rests
        the node is down until 12:00:00  -> continuous
        the node is down until 18:00:00  -> closed         # the call, too, is over
        the node is down until +2 12:00:00 -> continuous
        li   buys  5 @ 100               -> rests
        the node is down until +1 12:00:00 -> closed, continuous   # the close between is not left out
        book                             -> |
        """,
    ),
    "a node that starts again goes on where the day stands": DayScenario(
        {"timetable": DAY},
        """
        09:12:00                         -> pre_open, opening_call
        li   buys  10 @ 100              -> rests
        the node restarts                -> done
        wu   sells 10 @ 100              -> rests
        call                             -> 10 @ 100
        09:20:00                         -> settling, continuous
        trades                           -> li wu 10 @ 100
        the node restarts                -> done
        17:20:00                         -> closing_call, settling, post_close, closed
        """,
    ),
    "without a closing price there is nothing to trade after the close": DayScenario(
        {"timetable": DAY},
        """
        17:00:00                         -> pre_open, opening_call, settling, continuous, closing_call
        17:05:00                         -> settling, closed
        17:20:00                         -> nothing
        """,
    ),
    "pro rata shares the last price out": DayScenario(
        {"allocation": "pro_rata"},
        """
        ops begins opening_call          -> opening_call
        wu   sells 60 @ 100              -> rests
        ren  sells 30 @ 100              -> rests
        li   buys  31 @ 100              -> rests
        call                             -> 31 @ 100, 59 offers over
        ops begins continuous            -> settling, continuous
        trades                           -> li wu 21 @ 100, li ren 10 @ 100
        """,
    ),
    "price and time without it": DayScenario(
        {"allocation": "price_time"},
        """
        ops begins opening_call          -> opening_call
        wu   sells 60 @ 100              -> rests
        ren  sells 30 @ 100              -> rests
        li   buys  61 @ 100              -> rests
        ops begins continuous            -> settling, continuous
        trades                           -> li wu 60 @ 100, li ren 1 @ 100
        """,
    ),
    "the tie-break is the market's": DayScenario(
        {"tie_break": "szse"},
        OPEN_AT_100
        + """
        ops begins closed                -> closed
        ops begins opening_call          -> opening_call
        li   buys  5 @ 104               -> rests
        wu   sells 5 @ 96                -> rests
        call                             -> 5 @ 100        # every tick is a candidate: the previous close
        """,
    ),
    "phases a market cannot ask for": DayScenario(
        {},
        """
        ops begins settling              -> instrument.phase
        ops begins post_close            -> instrument.phase
        ops begins continuous            -> continuous
        ops begins post_close            -> instrument.phase   # never traded: no closing price
        ops begins pre_open              -> instrument.phase
        ops freezes                      -> done
        ops begins halted                -> instrument.frozen
        ops begins closed                -> closed
        """,
    ),
}
