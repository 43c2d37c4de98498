"""What the book does, told so that anybody can check it. The language is explained in plain_market.py."""

from __future__ import annotations

SCENARIOS: dict[str, str] = {
    # --- Price, then time ---------------------------------------------------------------------------------------------
    "the earlier of two equal offers trades first": """
        wu   sells 10 @ 100   -> rests
        ren  sells 10 @ 100   -> rests
        li   buys  15 @ 101   -> wu 10 @ 100, ren 5 @ 100
        book                  -> | 100 x 5 (1)
    """,
    "the better price trades first, whoever came earlier": """
        wu   sells 10 @ 102   -> rests
        ren  sells 10 @ 101   -> rests
        zhao sells 10 @ 100   -> rests
        li   buys  25 @ 102   -> zhao 10 @ 100, ren 10 @ 101, wu 5 @ 102
    """,
    "the higher bid trades first, and bids rank by time as offers do": """
        wu   buys  10 @ 100   -> rests
        ren  buys  10 @ 101   -> rests
        zhao buys  10 @ 101   -> rests
        li   sells 25 @ 100   -> ren 10 @ 101, zhao 10 @ 101, wu 5 @ 100
    """,
    "a trade is made at the price of the order that was there, for a buyer and for a seller": """
        wu   sells 5 @ 100    -> rests
        li   buys  5 @ 110    -> wu 5 @ 100
        li   buys  5 @ 110    -> rests
        wu   sells 5 @ 100    -> li 5 @ 110
    """,
    "equal prices meet, one tick apart they do not": """
        wu   sells 5 @ 100    -> rests
        li   buys  5 @ 99     -> rests
        li   buys  5 @ 100    -> wu 5 @ 100
        wu   sells 5 @ 100    -> rests
        wu   sells 5 @ 99     -> li 5 @ 99
    """,
    "a bid never pays more than its limit": """
        wu   sells 5 @ 100    -> rests
        ren  sells 5 @ 101    -> rests
        zhao sells 5 @ 102    -> rests
        li   buys 15 @ 101    -> wu 5 @ 100, ren 5 @ 101; 5 rest
        book                  -> 101 x 5 (1) | 102 x 5 (1)
    """,
    "an offer never takes less than its limit": """
        wu   buys  5 @ 102    -> rests
        ren  buys  5 @ 101    -> rests
        zhao buys  5 @ 100    -> rests
        li   sells 15 @ 101   -> wu 5 @ 102, ren 5 @ 101; 5 rest
        book                  -> 100 x 5 (1) | 101 x 5 (1)
    """,
    "an order filled in part keeps its place": """
        wu   sells 10 @ 100   -> rests
        ren  sells 10 @ 100   -> rests
        li   buys   4 @ 100   -> wu 4 @ 100
        li   buys   8 @ 100   -> wu 6 @ 100, ren 2 @ 100
    """,
    "the last lot of a level is traded, and then the level is gone": """
        wu   sells 10 @ 100   -> rests
        li   buys   9 @ 100   -> wu 9 @ 100
        li   buys   1 @ 100   -> wu 1 @ 100
        book                  -> |
        li   buys   1 @ 100   -> rests
        book                  -> 100 x 1 (1) |
    """,
    "what a taker leaves rests, and is met at its own price": """
        wu   sells 10 @ 100   -> rests
        li   buys  15 @ 103   -> wu 10 @ 100; 5 rest
        ren  sells  8 @ 99    -> li 5 @ 103; 3 rest
        book                  -> | 99 x 3 (1)
    """,
    # --- Cancel -------------------------------------------------------------------------------------------------------
    "cancelling the first, a middle and the last of a queue leaves the others in their order": """
        a    sells 1 @ 100 as first   -> rests
        b    sells 2 @ 100            -> rests
        c    sells 3 @ 100 as middle  -> rests
        d    sells 4 @ 100            -> rests
        e    sells 5 @ 100 as last    -> rests
        cancel middle                 -> 3 lots
        cancel last                   -> 5 lots
        cancel first                  -> 1 lots
        book                          -> | 100 x 6 (2)
        f    sells 6 @ 100            -> rests
        li   buys 12 @ 100            -> b 2 @ 100, d 4 @ 100, f 6 @ 100
    """,
    "cancelling the only order of the best price uncovers the next price": """
        wu   sells 5 @ 100 as best  -> rests
        ren  sells 5 @ 101          -> rests
        cancel best                 -> 5 lots
        li   buys  5 @ 100          -> rests
        li   buys  5 @ 101          -> ren 5 @ 101
        book                        -> 100 x 5 (1) |
    """,
    "cancelling inside the book leaves the best price alone": """
        wu   buys  5 @ 100          -> rests
        ren  buys  5 @ 99 as deep   -> rests
        zhao buys  5 @ 98           -> rests
        cancel deep                 -> 5 lots
        book                        -> 100 x 5 (1), 98 x 5 (1) |
    """,
    "a price that emptied may be used again": """
        wu   sells 5 @ 100 as a   -> rests
        cancel a                  -> 5 lots
        ren  sells 7 @ 100        -> rests
        book                      -> | 100 x 7 (1)
        li   buys  7 @ 100        -> ren 7 @ 100
    """,
    "what remains of a partly filled order can be cancelled, once": """
        wu   sells 10 @ 100 as a  -> rests
        li   buys   4 @ 100       -> wu 4 @ 100
        cancel a                  -> 6 lots
        cancel a                  -> unknown
        book                      -> |
    """,
    "a filled order can be neither cancelled nor replaced": """
        wu   sells 10 @ 100 as a  -> rests
        li   buys  10 @ 100       -> wu 10 @ 100
        cancel a                  -> unknown
        replace a by 5 @ 100      -> unknown
    """,
    # --- Replace ------------------------------------------------------------------------------------------------------
    "a mere reduction keeps its place": """
        wu   sells 10 @ 100 as a  -> rests
        ren  sells 10 @ 100       -> rests
        replace a by 6 @ 100      -> keeps its place
        book                      -> | 100 x 16 (2)
        li   buys   8 @ 100       -> wu 6 @ 100, ren 2 @ 100
    """,
    "asking for more goes to the back of the queue": """
        wu   sells 10 @ 100 as a  -> rests
        ren  sells 10 @ 100       -> rests
        replace a by 11 @ 100     -> rests
        li   buys  15 @ 100       -> ren 10 @ 100, wu 5 @ 100
    """,
    "another price goes to the back of that price's queue, even with fewer lots": """
        wu   sells 10 @ 101 as a  -> rests
        ren  sells 10 @ 100       -> rests
        replace a by 5 @ 100      -> rests
        book                      -> | 100 x 15 (2)
        li   buys  12 @ 100       -> ren 10 @ 100, wu 2 @ 100
    """,
    "a replaced order that now crosses trades at once": """
        wu   sells 10 @ 105       -> rests
        li   buys  15 @ 100 as b  -> rests
        replace b by 15 @ 106     -> wu 10 @ 105; 5 rest
        book                      -> 106 x 5 (1) |
    """,
    "a reduced order may be reduced again, to its last lot": """
        wu   sells 3 @ 100 as a   -> rests
        replace a by 2 @ 100      -> keeps its place
        replace a by 1 @ 100      -> keeps its place
        li   buys  2 @ 100        -> wu 1 @ 100; 1 rest
    """,
    # --- Immediate or cancel, fill or kill ----------------------------------------------------------------------------
    "immediate-or-cancel takes what is there and leaves nothing": """
        wu   sells 5 @ 100        -> rests
        li   buys  8 @ 100 ioc    -> wu 5 @ 100; 3 cancelled: immediate_or_cancel
        li   buys  8 @ 100 ioc    -> 8 cancelled: immediate_or_cancel
        book                      -> |
    """,
    "fill-or-kill counts all makers at all prices within its limit": """
        wu   sells 5 @ 100        -> rests
        ren  sells 5 @ 100        -> rests
        zhao sells 5 @ 101        -> rests
        chen sells 5 @ 102        -> rests
        li   buys 16 @ 101 fok    -> refused
        book                      -> | 100 x 10 (2), 101 x 5 (1), 102 x 5 (1)
        li   buys 15 @ 101 fok    -> wu 5 @ 100, ren 5 @ 100, zhao 5 @ 101
    """,
    "fill-or-kill does not count what lies behind an order of its own": """
        wu   sells 5 @ 100        -> rests
        li   sells 5 @ 101        -> rests
        ren  sells 5 @ 102        -> rests
        li   buys  6 @ 102 fok    -> refused
        li   buys  5 @ 102 fok    -> wu 5 @ 100
    """,
    # --- Nobody trades with himself -----------------------------------------------------------------------------------
    "the newest order goes when it meets one of the same account; the older stays": """
        li   sells 5 @ 100        -> rests
        li   buys  5 @ 100        -> 5 cancelled: self_trade
        book                      -> | 100 x 5 (1)
    """,
    "what stands before the own order is traded, what stands behind it is not reached": """
        wu   sells 5 @ 100        -> rests
        li   sells 5 @ 100        -> rests
        ren  sells 5 @ 100        -> rests
        li   buys 20 @ 101        -> wu 5 @ 100; 15 cancelled: self_trade
        book                      -> | 100 x 10 (2)
    """,
    "an own order beyond the limit or the quantity is no self-trade": """
        wu   sells 5 @ 100        -> rests
        li   sells 5 @ 101        -> rests
        li   buys  5 @ 101        -> wu 5 @ 100
        li   buys  5 @ 100        -> rests
        book                      -> 100 x 5 (1) | 101 x 5 (1)
    """,
    # --- The most fills one command may make --------------------------------------------------------------------------
    "as many fills as allowed is no stop, one more maker is": """
        wu   sells 1 @ 100          -> rests
        ren  sells 1 @ 100          -> rests
        zhao sells 1 @ 100          -> rests
        li   buys  2 @ 100 in 2 fills -> wu 1 @ 100, ren 1 @ 100
        wu   sells 1 @ 100          -> rests
        li   buys  2 @ 100 in 1 fill  -> zhao 1 @ 100; 1 cancelled: fill_limit
        book                        -> | 100 x 1 (1)
    """,
    "with nobody left to meet, the rest stays although the fills are used up": """
        wu   sells 1 @ 100          -> rests
        ren  sells 1 @ 101          -> rests
        li   buys  3 @ 100 in 1 fill  -> wu 1 @ 100; 2 rest
    """,
    # --- A market bid's cap -------------------------------------------------------------------------------------------
    "a cap buys the last lot it can pay exactly": """
        wu   sells 10 @ 100            -> rests
        li   buys   5 @ 200 spending 500 -> wu 5 @ 100
        li   buys   5 @ 200 spending 499 -> wu 4 @ 100; 1 cancelled: market_remainder
        book                           -> | 100 x 1 (1)
    """,
    "a cap runs over prices and stops inside a level": """
        wu   sells 2 @ 100             -> rests
        ren  sells 9 @ 130             -> rests
        li   buys 11 @ 200 spending 589 -> wu 2 @ 100, ren 2 @ 130; 7 cancelled: market_remainder
        li   buys 11 @ 200 spending 390 -> ren 3 @ 130; 8 cancelled: market_remainder
    """,
    "a cap below one lot buys nothing": """
        wu   sells 2 @ 100             -> rests
        li   buys  2 @ 200 spending 99 -> 2 cancelled: market_remainder
        book                           -> | 100 x 2 (1)
    """,
    "an own order that the cap cannot reach is no self-trade": """
        wu   sells 2 @ 100             -> rests
        li   sells 2 @ 101             -> rests
        li   buys  4 @ 200 spending 300 -> wu 2 @ 100; 2 cancelled: market_remainder
        wu   sells 2 @ 100             -> rests
        li   buys  4 @ 200 spending 301 -> wu 2 @ 100; 2 cancelled: self_trade
    """,
}
