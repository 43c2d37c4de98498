"""Stops and their cascades: who is triggered, in which order, and what stays for later."""

from __future__ import annotations

STOPS: dict[str, str] = {
    "a stop bid waits for the price to rise to its level, a stop offer for it to fall": """
        wu   sells 1 @ 104 as s1       -> rests 1 @ 104
        wu   sells 1 @ 105 as s2       -> rests 1 @ 105
        wu   sells 5 @ 106 as s3       -> rests 5 @ 106
        wu   buys  9 @ 95 as b1        -> rests 9 @ 95
        li   buys  2 @ 110 stop 105 as up -> waits for 105
        ren  sells 2 @ 90 stop 95 as down -> waits for 95
        qian buys  1 @ 104             -> s1 1 @ 104
        qian buys  1 @ 105             -> s2 1 @ 105, up triggered at 105, up takes s3 2 @ 106
        qian sells 1 @ 95              -> b1 1 @ 95, down triggered at 95, down takes b1 2 @ 95
    """,
    "a stop that is reached already has its turn at once": """
        wu   sells 9 @ 100             -> rests 9 @ 100
        ren  buys  1 @ 100             -> wu 1 @ 100
        li   buys  2 @ 105 stop 99 as late -> waits for 99, triggered at 99, wu 2 @ 100
    """,
    "a stop order takes what there is and keeps nothing, a stop-limit rests": """
        wu   sells 3 @ 100             -> rests 3 @ 100
        li   buys  5 @ 110 stop 100 as market -> waits for 100
        ren  buys  5 @ 101 stop-limit 100 as limit -> waits for 100
        qian buys  1 @ 100             -> wu 1 @ 100, market triggered at 100, market takes wu 2 @ 100,
                                          market cancelled 3: market remainder, limit triggered at 100,
                                          limit rests 5 @ 101
        book                           -> 101 x 5 (1) |
    """,
    "the stop whose level is reached first goes first, at one level the earlier": """
        wu   sells 9 @ 100             -> rests 9 @ 100
        wu   sells 9 @ 103             -> rests 9 @ 103
        li   buys  1 @ 110 stop 103 as third -> waits for 103
        ren  buys  1 @ 110 stop 102 as second -> waits for 102
        zhao buys  1 @ 110 stop 101 as first -> waits for 101
        zhou buys  1 @ 110 stop 103 as fourth -> waits for 103
        qian buys 10 @ 103             -> wu 9 @ 100, wu 1 @ 103, first triggered at 101, first takes wu 1 @ 103,
                                          second triggered at 102, second takes wu 1 @ 103, third triggered at 103,
                                          third takes wu 1 @ 103, fourth triggered at 103, fourth takes wu 1 @ 103
    """,
    "what one stop's trades reach comes after what was reached before": """
        wu   sells 1 @ 100             -> rests 1 @ 100
        wu   sells 2 @ 101             -> rests 2 @ 101
        wu   sells 9 @ 102             -> rests 9 @ 102
        ren  buys  2 @ 110 stop 100 as first -> waits for 100
        li   buys  1 @ 110 stop 101 as third -> waits for 101
        zhao buys  1 @ 110 stop 100 as second -> waits for 100
        qian buys  1 @ 100             -> wu 1 @ 100, first triggered at 100, first takes wu 2 @ 101,
                                          second triggered at 100, second takes wu 1 @ 102, third triggered at 101,
                                          third takes wu 1 @ 102
    """,
    "a cascade runs until nothing is reached any more": """
        wu   buys 1 @ 100              -> rests 1 @ 100
        wu   buys 1 @ 98               -> rests 1 @ 98
        wu   buys 1 @ 96               -> rests 1 @ 96
        wu   buys 1 @ 94               -> rests 1 @ 94
        li   sells 1 @ 90 stop 100 as a -> waits for 100
        ren  sells 1 @ 90 stop 98 as b -> waits for 98
        zhao sells 1 @ 90 stop 96 as c -> waits for 96
        zhou sells 1 @ 90 stop 92 as d -> waits for 92
        qian sells 1 @ 100             -> wu 1 @ 100, a triggered at 100, a takes wu 1 @ 98, b triggered at 98,
                                          b takes wu 1 @ 96, c triggered at 96, c takes wu 1 @ 94
        open                           -> 1
    """,
    "a cascade that is cut goes on later": """
        wu   sells 9 @ 100             -> rests 9 @ 100
        li   buys  2 @ 110 stop 100 as a -> waits for 100
        ren  buys  2 @ 110 stop 100 as b -> waits for 100
        qian buys  1 @ 100 in 1 fill   -> wu 1 @ 100
        pending                        -> yes
        continue 2                     -> a triggered at 100, a takes wu 2 @ 100
        pending                        -> yes
        continue 2                     -> b triggered at 100, b takes wu 2 @ 100
        pending                        -> no
    """,
    "a stop that came after the trade is not swept along with those the trade reached": """
        wu   sells 1 @ 105             -> rests 1 @ 105
        ren  buys  5 @ 98              -> rests 5 @ 98
        li   buys  1 @ 110 stop 105 as a -> waits for 105
        qian buys  1 @ 105 in 1 fill   -> wu 1 @ 105
        qian sells 1 @ 98 in 1 fill    -> ren 1 @ 98
        zhou buys  1 @ 110 stop 103 in 1 fill as late -> waits for 103, a triggered at 105,
                                          a cancelled 1: market remainder
        continue 5                     ->
        open                           -> 2
    """,
    "a triggered stop that is cut stays in hand and is never dropped": """
        wu   sells 1 @ 100             -> rests 1 @ 100
        wu   sells 1 @ 101 as s2       -> rests 1 @ 101
        wu   sells 1 @ 102 as s3       -> rests 1 @ 102
        li   buys  3 @ 110 stop 100 as a -> waits for 100
        qian buys  1 @ 100 in 2 fills  -> wu 1 @ 100, a triggered at 100
        pending                        -> yes
        replace a by 2 @ 109           -> refused: pending
        continue 1                     -> a takes s2 1 @ 101
        cancel a                       -> cancelled 2
        pending                        -> no
    """,
    "a trailing stop follows the price up and not down, time and again": """
        wu   buys 9 @ 90               -> rests 9 @ 90
        wu   sells 1 @ 100             -> rests 1 @ 100
        li   buys 1 @ 100              -> wu 1 @ 100
        ren  sells 5 @ 80 trailing 3 as trail -> waits for 97
        wu   sells 1 @ 104             -> rests 1 @ 104
        li   buys 1 @ 104              -> wu 1 @ 104, trail moves to 101
        wu   buys 1 @ 102              -> rests 1 @ 102
        li   sells 1 @ 102             -> wu 1 @ 102
        wu   sells 1 @ 106             -> rests 1 @ 106
        li   buys 1 @ 106              -> wu 1 @ 106, trail moves to 103
        wu   buys 1 @ 103              -> rests 1 @ 103
        li   sells 1 @ 103             -> wu 1 @ 103, trail triggered at 103, trail takes wu 5 @ 90
    """,
    "a trailing stop-limit has its limit at the offset from its level": """
        wu   buys 9 @ 90               -> rests 9 @ 90
        ren  sells 5 @ 80 trailing-limit 3 offset 2 from 97 as trail -> waits for 97
        li   sells 1 @ 90              -> wu 1 @ 90, trail triggered at 97, trail rests 5 @ 95
        book                           -> 90 x 8 (1) | 95 x 5 (1)
    """,
    "a trailing stop without a last price is refused unless it says where it begins": """
        li   sells 5 @ 80 trailing 3   -> refused: no reference
        li   sells 5 @ 80 trailing 3 from 90 as a -> waits for 90
    """,
    "a waiting stop is cancelled, shrinks in place, and moves with a new number": """
        wu   sells 9 @ 100             -> rests 9 @ 100
        li   buys  2 @ 110 stop 100 as a -> waits for 100
        ren  buys  2 @ 110 stop 100 as b -> waits for 100
        zhao buys  2 @ 110 stop 100 as c -> waits for 100
        replace a by 1 @ 110           -> reduced to 1
        replace b by 2 @ 110 stop 100  -> refused: nothing changes
        replace b by 3 @ 110           -> replaced, waits for 100
        cancel c                       -> cancelled 2
        qian buys  1 @ 100             -> wu 1 @ 100, a triggered at 100, a takes wu 1 @ 100, b triggered at 100,
                                          b takes wu 3 @ 100
    """,
    "stops wait through a call and have their turn when trading goes on": """
        opening call                   -> collect opening
        wu   sells 5 @ 100             -> rests 5 @ 100
        li   buys  3 @ 100             -> rests 3 @ 100
        ren  buys  1 @ 110 stop 100 as a -> waits for 100
        auction                        -> 3 @ 100, 2 offered over
        hand out 9                     -> li buys 3 of wu, auction over
        continuous                     -> continuous, a triggered at 100, a takes wu 1 @ 100
    """,
}

QUOTES: dict[str, str] = {
    "by quotes: a stop bid waits for the best visible offer, and an offer for the best visible bid": """
        wu   sells 1 @ 100 as s        -> rests 1 @ 100
        wu   sells 9 @ 103             -> rests 9 @ 103
        li   buys  2 @ 110 stop 103 as a -> waits for 103
        cancel s                       -> cancelled 1
        continue 5                     -> a triggered at 103, a takes wu 2 @ 103
        book                           -> | 103 x 7 (1)
    """,
    "by quotes: a trade alone triggers nothing": """
        wu   sells 1 @ 103 hidden as h -> rests 1 @ 103 hidden
        wu   sells 9 @ 102             -> rests 9 @ 102
        li   buys  2 @ 110 stop 103 as a -> waits for 103
        qian buys  9 @ 102             -> wu 9 @ 102
        qian buys  1 @ 103             -> h 1 @ 103
        open                           -> 1
    """,
}
