"""Every order type and condition in continuous trading, told so that anybody can check it; market.py has the words."""

from __future__ import annotations

ORDERS: dict[str, str] = {
    # --- Price, then time ---------------------------------------------------------------------------------------------
    "the better price trades first, then the earlier order, at the price of the order that was there": """
        wu   sells 10 @ 102            -> rests 10 @ 102
        ren  sells 10 @ 101            -> rests 10 @ 101
        zhao sells 10 @ 101            -> rests 10 @ 101
        li   buys  25 @ 105            -> ren 10 @ 101, zhao 10 @ 101, wu 5 @ 102
        book                           -> | 102 x 5 (1)
    """,
    "equal prices meet, one tick apart they do not": """
        wu   sells 5 @ 100             -> rests 5 @ 100
        li   buys  5 @ 99              -> rests 5 @ 99
        ren  buys  5 @ 100             -> wu 5 @ 100
        book                           -> 99 x 5 (1) |
    """,
    # --- Time in force ------------------------------------------------------------------------------------------------
    "immediate-or-cancel takes what there is and keeps nothing": """
        wu   sells 5 @ 100             -> rests 5 @ 100
        li   buys  9 @ 100 ioc         -> wu 5 @ 100, cancelled 4: immediate or cancel
        open                           -> 0
    """,
    "fill-or-kill takes all or is refused, to the last lot": """
        wu   sells 5 @ 100             -> rests 5 @ 100
        ren  sells 5 @ 101             -> rests 5 @ 101
        li   buys 11 @ 101 fok         -> refused: not fillable
        li   buys 10 @ 100 fok         -> refused: not fillable
        li   buys 10 @ 101 fok in 1 fill -> refused: too many fills
        li   buys 10 @ 101 fok         -> wu 5 @ 100, ren 5 @ 101
    """,
    "fill-or-kill counts hidden lots and what icebergs keep back": """
        wu   sells 30 @ 100 iceberg 10 as ice -> rests 30 @ 100 showing 10
        ren  sells 5 @ 100 hidden      -> rests 5 @ 100 hidden
        li   buys 36 @ 100 fok         -> refused: not fillable
        li   buys 35 @ 100 fok         -> ice 10 @ 100, ice shows 10 of 20, ice 10 @ 100, ice shows 10 of 10,
                                          ice 10 @ 100, ren 5 @ 100
    """,
    # --- Market -------------------------------------------------------------------------------------------------------
    "a market order stops at its protection price and its rest does not stay": """
        wu   sells 5 @ 100             -> rests 5 @ 100
        ren  sells 5 @ 106             -> rests 5 @ 106
        li   buys  9 @ 105 market      -> wu 5 @ 100, cancelled 4: market remainder
        li   buys  9 @ 105 market      -> refused: no liquidity
    """,
    "a capped market bid buys the last lot it can pay exactly": """
        wu   sells 10 @ 100            -> rests 10 @ 100
        li   buys  5 @ 200 market spending 500 -> wu 5 @ 100
        li   buys  5 @ 200 market spending 499 -> wu 4 @ 100, cancelled 1: market remainder
        li   sells 5 @ 200 market spending 499 -> refused: conflict
    """,
    "a cap runs over prices and stops inside one": """
        wu   sells 2 @ 100             -> rests 2 @ 100
        ren  sells 9 @ 130             -> rests 9 @ 130
        li   buys 11 @ 200 market spending 589 -> wu 2 @ 100, ren 2 @ 130, cancelled 7: market remainder
    """,
    # --- Post-only ----------------------------------------------------------------------------------------------------
    "post-only rests, or is refused rather than take": """
        wu   sells 5 @ 100             -> rests 5 @ 100
        li   buys  5 @ 99 post-only as a -> rests 5 @ 99
        li   buys  5 @ 100 post-only   -> refused: would trade
        replace a by 5 @ 100           -> refused: would trade
        replace a by 6 @ 99            -> replaced, rests 6 @ 99
        book                           -> 99 x 6 (1) | 100 x 5 (1)
    """,
    "post-only meets hidden orders too, and is refused": """
        wu   sells 5 @ 100 hidden      -> rests 5 @ 100 hidden
        li   buys  5 @ 100 post-only   -> refused: would trade
    """,
    # --- Minimum quantity, all-or-none --------------------------------------------------------------------------------
    "a minimum trades at once or the order is refused; the rest of it rests without one": """
        wu   sells 5 @ 100             -> rests 5 @ 100
        li   buys  9 @ 100 minimum 6   -> refused: minimum not met
        li   buys  9 @ 100 minimum 5   -> wu 5 @ 100, rests 4 @ 100
        ren  sells 1 @ 100             -> li 1 @ 100
    """,
    "all-or-none waits apart, is not shown, and trades whole or not at all": """
        wu   sells 10 @ 100 all-or-none as whole -> rests 10 @ 100 apart
        book                           -> |
        li   buys   9 @ 100            -> rests 9 @ 100
        li   buys  10 @ 101            -> whole 10 @ 100
        book                           -> 100 x 9 (1) |
    """,
    "all-or-none stands behind every other order at its price, hidden ones included, but price goes first": """
        wu   sells 5 @ 100 all-or-none as whole -> rests 5 @ 100 apart
        ren  sells 5 @ 100 hidden as dark -> rests 5 @ 100 hidden
        zhao sells 5 @ 100             -> rests 5 @ 100
        qian sells 5 @ 99 all-or-none as cheap -> rests 5 @ 99 apart
        li   buys 20 @ 100             -> cheap 5 @ 99, zhao 5 @ 100, dark 5 @ 100, whole 5 @ 100
    """,
    "an all-or-none order that is passed over keeps its turn": """
        wu   sells 8 @ 100 all-or-none as big -> rests 8 @ 100 apart
        ren  sells 3 @ 100 all-or-none as small -> rests 3 @ 100 apart
        li   buys  5 @ 100 ioc         -> small 3 @ 100, cancelled 2: immediate or cancel
        li   buys  8 @ 100 ioc         -> big 8 @ 100
    """,
    "all-or-none takes at once what it can get whole": """
        wu   sells 5 @ 100             -> rests 5 @ 100
        li   buys  6 @ 100 all-or-none as first -> rests 6 @ 100 apart
        ren  buys  5 @ 100 all-or-none as second -> wu 5 @ 100
        open                           -> 1
    """,
    # --- Iceberg, hidden ----------------------------------------------------------------------------------------------
    "an iceberg's next slice goes to the back of its price": """
        wu   sells 25 @ 100 iceberg 10 as ice -> rests 25 @ 100 showing 10
        ren  sells 10 @ 100            -> rests 10 @ 100
        book                           -> | 100 x 20 (2)
        li   buys  5 @ 100             -> ice 5 @ 100
        li   buys 10 @ 100             -> ice 5 @ 100, ice shows 10 of 15, ren 5 @ 100
        li   buys 16 @ 100             -> ren 5 @ 100, ice 10 @ 100, ice shows 5 of 5, ice 1 @ 100
        book                           -> | 100 x 4 (1)
    """,
    "hidden orders trade after every displayed lot at their price, an iceberg's reserve included": """
        ren  sells 5 @ 100 hidden as dark -> rests 5 @ 100 hidden
        wu   sells 9 @ 100 iceberg 3 as ice -> rests 9 @ 100 showing 3
        book                           -> | 100 x 3 (1)
        li   buys 12 @ 100             -> ice 3 @ 100, ice shows 3 of 6, ice 3 @ 100, ice shows 3 of 3,
                                          ice 3 @ 100, dark 3 @ 100
        book                           -> |
    """,
    "two icebergs take turns, slice by slice": """
        wu   sells 6 @ 100 iceberg 2 as one -> rests 6 @ 100 showing 2
        ren  sells 6 @ 100 iceberg 3 as two -> rests 6 @ 100 showing 3
        li   buys 12 @ 100             -> one 2 @ 100, one shows 2 of 4, two 3 @ 100, two shows 3 of 3,
                                          one 2 @ 100, one shows 2 of 2, two 3 @ 100, one 2 @ 100
    """,
    # --- Replace ------------------------------------------------------------------------------------------------------
    "fewer lots at the same price keep the place; more lots, or another price, do not": """
        wu   sells 10 @ 100 as a       -> rests 10 @ 100
        ren  sells 10 @ 100 as b       -> rests 10 @ 100
        replace a by 9 @ 100           -> reduced to 9
        li   buys 1 @ 100              -> a 1 @ 100
        replace a by 9 @ 100           -> replaced, rests 9 @ 100
        li   buys 1 @ 100              -> b 1 @ 100
        replace b by 8 @ 101           -> replaced, rests 8 @ 101
        replace b by 8 @ 100           -> replaced, rests 8 @ 100
        replace b by 8 @ 100           -> refused: nothing changes
        li   buys 10 @ 100             -> a 9 @ 100, b 1 @ 100
    """,
    "a replaced iceberg shrinks from its reserve": """
        wu   sells 30 @ 100 iceberg 10 as ice -> rests 30 @ 100 showing 10
        replace ice by 15 @ 100        -> reduced to 15 showing 10
        replace ice by 5 @ 100         -> reduced to 5
        li   buys 5 @ 100              -> ice 5 @ 100
    """,
    "a replaced order that meets somebody trades, and only the rest queues": """
        wu   sells 10 @ 100            -> rests 10 @ 100
        li   buys  15 @ 99 as a        -> rests 15 @ 99
        replace a by 15 @ 100          -> replaced, wu 10 @ 100, rests 5 @ 100
        book                           -> 100 x 5 (1) |
    """,
    # --- Own orders ---------------------------------------------------------------------------------------------------
    "cancel newest: the taker ends where it meets its own": """
        wu   sells 5 @ 100             -> rests 5 @ 100
        li   sells 5 @ 101 as own      -> rests 5 @ 101
        ren  sells 5 @ 102             -> rests 5 @ 102
        li   buys 15 @ 102 own newest  -> wu 5 @ 100, cancelled 10: self trade
        book                           -> | 101 x 5 (1), 102 x 5 (1)
    """,
    "cancel oldest: what it meets of its own ends, and it goes on": """
        wu   sells 5 @ 100             -> rests 5 @ 100
        li   sells 5 @ 101 as own      -> rests 5 @ 101
        ren  sells 5 @ 102             -> rests 5 @ 102
        li   buys 15 @ 102 own oldest  -> wu 5 @ 100, own cancelled 5: self trade, ren 5 @ 102, rests 5 @ 102
        book                           -> 102 x 5 (1) |
    """,
    "cancel both: neither stays": """
        li   sells 5 @ 100 as own      -> rests 5 @ 100
        ren  sells 5 @ 101             -> rests 5 @ 101
        li   buys 15 @ 102 own both    -> own cancelled 5: self trade, cancelled 15: self trade
        book                           -> | 101 x 5 (1)
    """,
    "decrement: both shrink by the smaller, and whoever has none left ends": """
        li   sells 5 @ 100 as small    -> rests 5 @ 100
        ren  sells 2 @ 100             -> rests 2 @ 100
        li   sells 9 @ 101 as large    -> rests 9 @ 101
        li   buys 12 @ 101 own decrement -> small cancelled 5: self trade, reduced to 7, ren 2 @ 100,
                                          large reduced to 4, cancelled 5: self trade
        book                           -> | 101 x 4 (1)
        li   buys  4 @ 101 own decrement -> large cancelled 4: self trade, cancelled 4: self trade
    """,
    "related accounts do not trade with each other either": """
        wu   sells 5 @ 100 group 7     -> rests 5 @ 100
        li   buys  5 @ 100 group 7     -> cancelled 5: self trade
        ren  buys  5 @ 100 group 8     -> wu 5 @ 100
    """,
    "an own order beyond the reach of the order is not met": """
        wu   sells 5 @ 100             -> rests 5 @ 100
        li   sells 5 @ 101             -> rests 5 @ 101
        li   buys  5 @ 101             -> wu 5 @ 100
    """,
    # --- Pairs --------------------------------------------------------------------------------------------------------
    "one cancels the other: a trade of one, even in part, ends the stop": """
        li   sells 10 @ 80 stop 90 as guard -> waits for 90
        li   sells 10 @ 110 oco guard as take -> rests 10 @ 110
        wu   buys   1 @ 110            -> take 1 @ 110, guard cancelled 10: one cancels other
        open                           -> 1
    """,
    "one cancels the other: the stop that is triggered ends the limit before it trades": """
        li   sells 10 @ 110 as take    -> rests 10 @ 110
        li   sells 10 @ 80 stop 90 oco take as guard -> waits for 90
        wu   buys   5 @ 90             -> rests 5 @ 90
        ren  sells  1 @ 90             -> wu 1 @ 90, guard triggered at 90, take cancelled 10: one cancels other,
                                          guard takes wu 4 @ 90, guard cancelled 6: market remainder
        open                           -> 0
    """,
    "a pair needs a stop, one owner and two single orders; the end of one frees the other": """
        li   sells 10 @ 110 as take    -> rests 10 @ 110
        li   sells 10 @ 111 oco take   -> refused: oco invalid
        wu   sells 10 @ 80 stop 90 oco take -> refused: oco invalid
        li   sells 10 @ 80 stop 90 oco take as guard -> waits for 90
        li   sells 10 @ 80 stop 91 oco take -> refused: oco invalid
        cancel guard                   -> cancelled 10
        li   sells 10 @ 80 stop 91 oco take as other -> waits for 91
    """,
    # --- Pegs ---------------------------------------------------------------------------------------------------------
    "a peg follows the best price of its side, not another peg, and not a hidden order": """
        wu   buys  5 @ 98              -> rests 5 @ 98
        ren  buys  5 @ 110 pegged best as peg -> rests 5 @ 98
        zhao buys  5 @ 110 pegged best back 1 as second -> rests 5 @ 97
        wu   buys  5 @ 99 as better    -> rests 5 @ 99, peg moves to 99, second moves to 98
        qian buys  5 @ 100 hidden      -> rests 5 @ 100 hidden
        book                           -> 99 x 10 (2), 98 x 10 (2) |
        cancel better                  -> cancelled 5, peg moves to 98, second moves to 97
    """,
    "a mid peg rounds away from the other side and trades with a mid peg it meets": """
        wu   buys  5 @ 97              -> rests 5 @ 97
        ren  sells 5 @ 100             -> rests 5 @ 100
        li   buys  5 @ 110 pegged mid as mid -> rests 5 @ 98
        zhao sells 5 @ 90 pegged mid as other -> rests 5 @ 99
        ren  sells 5 @ 99 as nearer    -> rests 5 @ 99
        book                           -> 98 x 5 (1), 97 x 5 (1) | 99 x 10 (2), 100 x 5 (1)
        qian sells 5 @ 90 pegged mid   -> mid 5 @ 98, other moves to 98
    """,
    "a peg never goes beyond its limit, nor through the other side": """
        wu   buys  5 @ 97              -> rests 5 @ 97
        li   buys  5 @ 98 pegged best as peg -> rests 5 @ 97
        wu   buys  1 @ 99              -> rests 1 @ 99, peg moves to 98
        ren  sells 5 @ 101             -> rests 5 @ 101
        zhao sells 5 @ 90 pegged market back 1 as market -> rests 5 @ 100
        book                           -> 99 x 1 (1), 98 x 5 (1), 97 x 5 (1) | 100 x 5 (1), 101 x 5 (1)
    """,
    "a peg with nothing to follow is refused; one that loses what it follows stays": """
        li   buys  5 @ 110 pegged best -> refused: no reference
        wu   buys  5 @ 97 as base      -> rests 5 @ 97
        li   buys  5 @ 110 pegged best as peg -> rests 5 @ 97
        cancel base                    -> cancelled 5
        book                           -> 97 x 5 (1) |
    """,
    # --- Combinations that exclude each other -------------------------------------------------------------------------
    "conditions that exclude each other are refused": """
        li   buys 5 @ 100 market post-only       -> refused: conflict
        li   buys 5 @ 100 iceberg 2 hidden       -> refused: conflict
        li   buys 5 @ 100 iceberg 5              -> refused: conflict
        li   buys 5 @ 100 iceberg 2 ioc          -> refused: conflict
        li   buys 5 @ 100 minimum 6              -> refused: conflict
        li   buys 5 @ 100 minimum 5 fok          -> refused: conflict
        li   buys 5 @ 100 all-or-none ioc        -> refused: conflict
        li   buys 5 @ 100 all-or-none hidden     -> refused: conflict
        li   buys 5 @ 100 post-only ioc          -> refused: conflict
        li   buys 5 @ 100 stop 105 fok           -> refused: conflict
        li   buys 5 @ 100 pegged mid ioc         -> refused: conflict
        li   buys 5 @ 100 pegged market          -> refused: conflict
        li   buys 5 @ 100 at-open post-only      -> refused: conflict
        li   buys 5 @ 100 spending 100           -> refused: conflict
    """,
    # --- Many at once -------------------------------------------------------------------------------------------------
    "cancel-all names an account, a group or a side, in the order of entry, a few at a time": """
        wu   sells 5 @ 100 as a        -> rests 5 @ 100
        wu   buys  5 @ 90 as b         -> rests 5 @ 90
        ren  sells 5 @ 100 group 7 as c -> rests 5 @ 100
        wu   sells 5 @ 120 stop 80 as d -> waits for 80
        cancel all of wu offers at most 1 -> a cancelled 5: cancel all
        cancel all of group 7          -> c cancelled 5: cancel all
        cancel all of wu               -> b cancelled 5: cancel all, d cancelled 5: cancel all
        cancel all of all              ->
    """,
}
