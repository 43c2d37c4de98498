"""One scenario for each class of bug that books of this kind were found to have."""

from __future__ import annotations

BUGS: dict[str, str] = {
    "1: a fill at the taker's limit, or always at the offer": """
        wu   sells 5 @ 100             -> rests 5 @ 100
        li   buys  3 @ 109             -> wu 3 @ 100
        zhao buys  5 @ 95              -> rests 5 @ 95
        ren  sells 2 @ 91              -> zhao 2 @ 95
    """,
    "2a: a maker filled in part goes to the back": """
        wu   sells 10 @ 100            -> rests 10 @ 100
        ren  sells 10 @ 100            -> rests 10 @ 100
        li   buys   4 @ 100            -> wu 4 @ 100
        li   buys   8 @ 100            -> wu 6 @ 100, ren 2 @ 100
    """,
    "2b: a cancel from the middle swaps the queue": """
        wu   sells 1 @ 100             -> rests 1 @ 100
        ren  sells 1 @ 100 as middle   -> rests 1 @ 100
        zhao sells 1 @ 100             -> rests 1 @ 100
        qian sells 1 @ 100             -> rests 1 @ 100
        cancel middle                  -> cancelled 1
        li   buys 3 @ 100              -> wu 1 @ 100, zhao 1 @ 100, qian 1 @ 100
    """,
    "3a: the cancel of a first, a middle and a last order leaves orphans or a stale best price": """
        wu   sells 1 @ 100 as first    -> rests 1 @ 100
        wu   sells 2 @ 100 as middle   -> rests 2 @ 100
        wu   sells 4 @ 100 as last     -> rests 4 @ 100
        wu   sells 8 @ 101             -> rests 8 @ 101
        cancel last                    -> cancelled 4
        cancel first                   -> cancelled 1
        book                           -> | 100 x 2 (1), 101 x 8 (1)
        cancel middle                  -> cancelled 2
        book                           -> | 101 x 8 (1)
        li   buys 1 @ 100              -> rests 1 @ 100
    """,
    "4: the cancel or replace of a filled order is acknowledged, or its id never forgotten": """
        wu   sells 5 @ 100 as a        -> rests 5 @ 100
        li   buys  5 @ 100             -> a 5 @ 100
        cancel a                       -> refused: order unknown
        replace a by 5 @ 101           -> refused: order unknown
        open                           -> 0
    """,
    "5a: a replace that crosses rests a crossed book": """
        wu   sells 5 @ 100             -> rests 5 @ 100
        li   buys  9 @ 98 as a         -> rests 9 @ 98
        replace a by 9 @ 103           -> replaced, wu 5 @ 100, rests 4 @ 103
        book                           -> 103 x 4 (1) |
    """,
    "5b: a replace of the only order of the only price": """
        wu   sells 5 @ 100 as a        -> rests 5 @ 100
        replace a by 5 @ 101           -> replaced, rests 5 @ 101
        replace a by 3 @ 101           -> reduced to 3
        replace a by 7 @ 101           -> replaced, rests 7 @ 101
        book                           -> | 101 x 7 (1)
    """,
    "6a: fill-or-kill looks at one maker only": """
        wu   sells 5 @ 100             -> rests 5 @ 100
        ren  sells 5 @ 100             -> rests 5 @ 100
        li   buys 10 @ 100 fok         -> wu 5 @ 100, ren 5 @ 100
    """,
    "6b: a refused fill-or-kill moves the last price and fires stops": """
        wu   sells 5 @ 100             -> rests 5 @ 100
        zhao buys  1 @ 110 stop 100 as stop -> waits for 100
        li   buys  6 @ 100 fok         -> refused: not fillable
        pending                        -> no
        book                           -> | 100 x 5 (1)
    """,
    "6c: an iceberg that meets its owner is only touched by its slice": """
        wu   sells 30 @ 100 iceberg 10 as ice -> rests 30 @ 100 showing 10
        wu   buys  25 @ 100 own decrement -> ice reduced to 5, cancelled 25: self trade
        wu   buys   9 @ 100 own oldest -> ice cancelled 5: self trade, rests 9 @ 100
    """,
    "7a: a cascade in a single pass stops after the first round": """
        wu   sells 1 @ 100             -> rests 1 @ 100
        wu   sells 1 @ 101             -> rests 1 @ 101
        wu   sells 1 @ 102             -> rests 1 @ 102
        li   buys  1 @ 110 stop 101 as second -> waits for 101
        ren  buys  1 @ 110 stop 100 as first -> waits for 100
        qian buys  1 @ 100             -> wu 1 @ 100, first triggered at 100, first takes wu 1 @ 101,
                                          second triggered at 101, second takes wu 1 @ 102
    """,
    "7b: a stop triggers from the wrong side": """
        wu   sells 5 @ 100             -> rests 5 @ 100
        zhao buys  5 @ 90              -> rests 5 @ 90
        li   buys  1 @ 110 stop 101 as up -> waits for 101
        ren  sells 1 @ 80 stop 99 as down -> waits for 99
        qian buys  1 @ 100             -> wu 1 @ 100
        open                           -> 4
    """,
    "7c: a stop that waits cannot be cancelled": """
        li   buys  1 @ 110 stop 101 as up -> waits for 101
        cancel up                      -> cancelled 1
        cancel up                      -> refused: order unknown
    """,
    "7d: a trailing stop follows once": """
        wu   buys  9 @ 90              -> rests 9 @ 90
        li   sells 5 @ 80 trailing 5 from 85 as trail -> waits for 85
        wu   sells 3 @ 100             -> rests 3 @ 100
        ren  buys  1 @ 100             -> wu 1 @ 100, trail moves to 95
        wu   sells 3 @ 103             -> rests 3 @ 103
        ren  buys  3 @ 103             -> wu 2 @ 100, wu 1 @ 103, trail moves to 98
    """,
    "7e: a triggered stop that is filled stays behind": """
        wu   sells 2 @ 100             -> rests 2 @ 100
        li   buys  1 @ 110 stop 100 as stop -> waits for 100
        qian buys  1 @ 100             -> wu 1 @ 100, stop triggered at 100, stop takes wu 1 @ 100
        open                           -> 0
        cancel stop                    -> refused: order unknown
    """,
    "8a: a marketable limit walks through its own limit": """
        wu   sells 5 @ 100             -> rests 5 @ 100
        wu   sells 5 @ 101             -> rests 5 @ 101
        li   buys  9 @ 100             -> wu 5 @ 100, rests 4 @ 100
    """,
    "8b: trades of no lots": """
        wu   sells 5 @ 100             -> rests 5 @ 100
        li   buys  5 @ 101             -> wu 5 @ 100
        li   buys  5 @ 200 market spending 1 -> refused: no liquidity
        wu   sells 5 @ 100             -> rests 5 @ 100
        li   buys  5 @ 200 market spending 99 -> cancelled 5: market remainder
        book                           -> | 100 x 5 (1)
    """,
    "10: a maker that self-trade prevention removes vanishes without an event": """
        li   sells 5 @ 100 as own      -> rests 5 @ 100
        li   buys  5 @ 100 own oldest as new -> own cancelled 5: self trade, rests 5 @ 100
        li   sells 2 @ 100 own decrement -> new reduced to 3, cancelled 2: self trade
        open                           -> 1
    """,
}
