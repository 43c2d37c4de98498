"""Every kind of order on the real engine, as texts that a person who knows exchanges can check.

The language is told in tests/engine/order_types.py. There are no fees; wu and ren own 1,000 units each, ren 10,000 of
money, li and zhao 100,000 each; a lot is one unit, a tick one minor unit, prices run from 1 to 1,000.
"""

from __future__ import annotations

SCENARIOS: dict[str, str] = {
    # --- Icebergs and hidden orders ---------------------------------------------------------------------------------
    "an iceberg shows a slice, and its next one stands behind who came in between": """
        wu   sells 10 @ 100 showing 3 as a    -> a shows 3 @ 100
        ren  sells 2 @ 100 as b               -> rests
        book                                  -> | 100 x 5 (2)
        li   buys 4 @ 100                     -> li 3 wu @ 100; a shows 3 @ 100; li 1 ren @ 100
        book                                  -> | 100 x 4 (2)
        the node restarts                     -> rests
        li   buys 3 @ 100                     -> li 1 ren @ 100; li 2 wu @ 100
        book                                  -> | 100 x 1 (1)
        wu   holds                            -> 5 units, 0 cash
        li   buys 5 @ 100 -> li 1 wu @ 100; a shows 3 @ 100; li 3 wu @ 100; a shows 1 @ 100; li 1 wu @ 100
        wu   holds                            -> 0 units, 0 cash
    """,
    "an iceberg gives from its reserve first, and keeps its place": """
        wu   sells 10 @ 100 showing 3 as a    -> a shows 3 @ 100
        ren  sells 2 @ 100                    -> rests
        wu   replaces a by 4 @ 100            -> a shows 3 @ 100
        the node restarts                     -> rests
        wu   replaces a by 2 @ 100            -> a shows 2 @ 100
        wu   holds                            -> 2 units, 0 cash
        li   buys 3 @ 100                     -> li 2 wu @ 100; li 1 ren @ 100
    """,
    "a hidden order is not in the book, and trades after what is shown at its price": """
        wu   sells 5 @ 100 hidden as h        -> h shows 0 @ 100
        ren  sells 5 @ 100 as b               -> rests
        book                                  -> | 100 x 5 (1)
        the node restarts                     -> rests
        li   buys 7 @ 100                     -> li 5 ren @ 100; li 2 wu @ 100
        book                                  -> |
        wu   holds                            -> 3 units, 0 cash
    """,
    "an iceberg shows less than it has": """
        wu   sells 3 @ 100 showing 3          -> order.conflict
        wu   sells 3 @ 100 showing 1 ioc      -> order.conflict
        wu   sells 3 @ 100 showing 1 hidden   -> order.conflict
    """,
    # --- Stops --------------------------------------------------------------------------------------------------------
    "a stop waits unseen until the last price reaches it, then takes what there is": """
        li   buys 10 @ 90                     -> rests
        wu   sells 5 stop 95 as s             -> s waits at 95
        book                                  -> 90 x 10 (1) |
        wu   holds                            -> 5 units, 0 cash
        ren  sells 1 @ 96                     -> rests
        zhao buys 1 @ 96                      -> zhao 1 ren @ 96
        ren  sells 1 @ 95                     -> rests
        the node restarts                     -> rests
        zhao buys 1 @ 95                      -> zhao 1 ren @ 95; s acts; li 5 wu @ 90
        wu   holds                            -> 0 units, 0 cash
    """,
    "a stop's rest does not stay, a stop-limit's does": """
        li   buys 2 @ 95                      -> rests
        wu   sells 5 stop 95 as s             -> s waits at 95
        wu   sells 5 @ 94 stop 95 as l        -> l waits at 95
        ren  sells 1 @ 95 -> li 1 ren @ 95; s acts; li 1 wu @ 95; s ends: market_remainder; l acts; l shows 5 @ 94
        wu   holds                            -> 5 units, 0 cash
    """,
    "a bid's stop holds the worst price it could pay from the start": """
        li   buys 1 stop 200 as s             -> s waits at 200
        li   holds                            -> 0 units, 1000 cash
        li   buys 1 @ 210 stop 200 as l       -> l waits at 200
        li   holds                            -> 0 units, 1210 cash
        li   cancels s                        -> s ends: requested
        li   holds                            -> 0 units, 210 cash
    """,
    "a stop's level can be replaced, and a reached one acts at once": """
        ren  sells 1 @ 95                     -> rests
        zhao buys 1 @ 95                      -> zhao 1 ren @ 95
        li   buys 5 @ 90                      -> rests
        wu   sells 5 stop 80 as s             -> s waits at 80
        wu   replaces s by 5 @ 1              -> order.replace_nothing
        wu   replaces s by 5 @ 1 stop 95      -> s waits at 95; s acts; li 5 wu @ 90
    """,
    "a trailing stop follows the best price and never goes back": """
        ren  sells 1 @ 100                    -> rests
        zhao buys 1 @ 100                     -> zhao 1 ren @ 100
        li   buys 5 @ 90                      -> rests
        wu   sells 5 trailing 4 as t          -> t waits at 96
        ren  sells 1 @ 110                    -> rests
        zhao buys 1 @ 110                     -> zhao 1 ren @ 110; t waits at 106
        ren  sells 1 @ 107                    -> rests
        the node restarts                     -> rests
        zhao buys 1 @ 107                     -> zhao 1 ren @ 107
        ren  sells 1 @ 106                    -> rests
        zhao buys 1 @ 106                     -> zhao 1 ren @ 106; t acts; li 5 wu @ 90
    """,
    "a trailing stop-limit goes no further than its offset from its level": """
        ren  sells 1 @ 100                    -> rests
        zhao buys 1 @ 100                     -> zhao 1 ren @ 100
        li   buys 5 @ 94                      -> rests
        wu   sells 5 trailing 4 offset 1 as t -> t waits at 96
        ren  sells 1 @ 96                     -> rests
        zhao buys 1 @ 96                      -> zhao 1 ren @ 96; t acts; t shows 5 @ 95
        book                                  -> 94 x 5 (1) | 95 x 5 (1)
    """,
    "a trailing stop needs a last price": """
        wu   sells 5 trailing 4               -> order.no_reference
        wu   sells 5 trailing 4 stop 90 as t  -> t waits at 90
    """,
    # --- Pegs ---------------------------------------------------------------------------------------------------------
    "a peg follows the best price of its side, within its outermost price, and queues anew": """
        li   buys 5 pegged best               -> order.no_reference
        li   buys 1 @ 90 as a                 -> rests
        zhao buys 5 pegged best @ 93 as p     -> p shows 5 @ 90
        zhao holds                            -> 0 units, 465 cash
        li   buys 1 @ 92 as b                 -> p shows 5 @ 92
        the node restarts                     -> rests
        li   buys 1 @ 95 as c                 -> p shows 5 @ 93
        li   cancels c                        -> c ends: requested; p shows 5 @ 92
        wu   sells 2 @ 92                     -> li 1 wu @ 92; zhao 1 wu @ 92; p shows 4 @ 90
        zhao holds                            -> 0 units, 372 cash
    """,
    "pegs to the middle and to the other side": """
        li   buys 1 @ 90                      -> rests
        wu   sells 1 @ 101                    -> rests
        zhao buys 2 pegged mid as m           -> m shows 2 @ 95
        ren  sells 2 pegged market offset 6 as k  -> k shows 2 @ 96
        ren  sells 2 pegged market offset 3   -> zhao 2 ren @ 95
    """,
    # --- Post-only, minimum, all-or-none ------------------------------------------------------------------------------
    "a post-only order never takes": """
        wu   sells 5 @ 100                    -> rests
        li   buys 5 @ 100 post                -> order.would_trade
        li   buys 5 @ 99 post as p            -> p shows 5 @ 99
        li   replaces p by 5 @ 100            -> order.would_trade
    """,
    "a minimum must trade at once, and the rest stays": """
        wu   sells 3 @ 100                    -> rests
        li   buys 5 @ 100 least 4             -> order.minimum_not_met
        li   buys 5 @ 100 least 3 as m        -> li 3 wu @ 100; m shows 2 @ 100
    """,
    "all or none rests aside until one taker fills it whole": """
        wu   sells 5 @ 100 whole as w         -> w stands aside
        book                                  -> |
        li   buys 4 @ 100 as a                -> rests
        wu   holds                            -> 5 units, 0 cash
        the node restarts                     -> rests
        zhao buys 5 @ 101                     -> zhao 5 wu @ 100
        book                                  -> 100 x 4 (1) |
    """,
    # --- One cancels the other ----------------------------------------------------------------------------------------
    "of a pair only the dearer order is held for, and a trade of one ends the other first": """
        ren  sells 1 @ 150                    -> rests
        zhao buys 1 @ 150                     -> zhao 1 ren @ 150
        wu   sells 10 @ 200 as a              -> rests
        wu   sells 10 stop 100 with a as b    -> b waits at 100
        wu   holds                            -> 10 units, 0 cash
        the node restarts                     -> rests
        li   buys 4 @ 200                     -> b ends: one_cancels_other; li 4 wu @ 200
        wu   holds                            -> 6 units, 0 cash
        wu   cancels b                        -> order.unknown
    """,
    "a stop that acts ends its other order before it trades": """
        li   buys 10 @ 90                     -> rests
        wu   sells 10 @ 200 as a              -> rests
        wu   sells 10 stop 100 with a as b    -> b waits at 100
        ren  sells 1 @ 100                    -> rests
        zhao buys 1 @ 100 -> zhao 1 ren @ 100; b acts; a ends: one_cancels_other; b holds 10; li 10 wu @ 90
        wu   holds                            -> 0 units, 0 cash
    """,
    "whoever is left of a pair is covered by itself again": """
        li   buys 10 @ 50 as a                -> rests
        li   holds                            -> 0 units, 500 cash
        li   buys 10 @ 80 stop 70 with a as b -> b waits at 70
        li   holds                            -> 0 units, 800 cash
        the node restarts                     -> rests
        li   cancels a                        -> a ends: requested; b holds 800
        li   holds                            -> 0 units, 800 cash
        li   buys 1 @ 10 with b as c          -> c shows 1 @ 10
        li   holds                            -> 0 units, 800 cash
    """,
    "the later of a pair needs no units that the earlier one holds, to the last one and not one more": """
        wu   sells 1000 @ 200 as a            -> rests
        wu   sells 1001 stop 100 with a       -> hold.insufficient_available
        wu   sells 1000 stop 100 with a as b  -> b waits at 100
        wu   sells 1 @ 300                    -> hold.insufficient_available
        wu   replaces a by 400 @ 200          -> b holds 600
        wu   holds                            -> 1000 units, 0 cash
    """,
    "who has nothing to spare may still pair an offer with a stop, whichever came first": """
        wu   sells 1000 stop 100 as a         -> a waits at 100
        wu   sells 1000 @ 200 with a as b     -> b shows 1000 @ 200
        wu   holds                            -> 1000 units, 0 cash
        li   buys 4 @ 200                     -> a ends: one_cancels_other; li 4 wu @ 200
        wu   holds                            -> 996 units, 0 cash
    """,
    "a pair is of one account, with a stop, and of two": """
        wu   sells 1 @ 200 as a               -> rests
        wu   sells 1 @ 210 with a             -> order.oco_invalid
        ren  sells 1 stop 100 with a          -> order.oco_invalid
        wu   sells 1 stop 100 with a as s     -> s waits at 100
        wu   sells 1 stop 90 with a           -> order.oco_invalid
        wu   sells 1 stop 90 with nothing     -> order.oco_invalid
    """,
    # --- Self-trade prevention ----------------------------------------------------------------------------------------
    "whoever meets an own order says what becomes of the two": """
        ren  sells 5 @ 100 as a               -> rests
        ren  buys 5 @ 100 as b                -> b ends: self_trade
        ren  buys 3 @ 100 decrement as c      -> a is cut to 2; c ends: self_trade
        ren  holds                            -> 2 units, 0 cash
        ren  buys 5 @ 100 decrement as d      -> a ends: self_trade; d is cut to 3; d shows 3 @ 100
        ren  holds                            -> 0 units, 300 cash
        ren  sells 5 @ 100 oldest as e        -> d ends: self_trade; e shows 5 @ 100
        ren  buys 5 @ 100 both as f           -> e ends: self_trade; f ends: self_trade
        ren  holds                            -> 0 units, 0 cash
    """,
    "an order cut to fewer lots is replaced by its new total": """
        ren  sells 5 @ 100 as a               -> rests
        ren  buys 3 @ 100 decrement as b      -> a is cut to 2; b ends: self_trade
        ren  replaces a by 2 @ 100            -> order.replace_nothing
        ren  replaces a by 1 @ 100            -> keeps its place
        ren  holds                            -> 1 units, 0 cash
    """,
    # --- Good till date, at open, at close ----------------------------------------------------------------------------
    "a good-till-date order ends when its time is over, and not before": """
        li   buys 5 @ 90 gtd                  -> order.expiry_invalid
        li   buys 5 @ 90 until 0              -> order.expiry_invalid
        li   buys 5 @ 90 until 60 as g        -> g shows 5 @ 90
        wu   sells 2 @ 90                     -> li 2 wu @ 90
        59 seconds pass                       -> run.stale
        the node restarts                     -> rests
        1 seconds pass                        -> g ends: expired
        li   holds                            -> 0 units, 0 cash
    """,
    "an order for the close waits out of the way": """
        li   buys 5 @ 90 at_close as c        -> c waits for its call
        book                                  -> |
        li   holds                            -> 0 units, 450 cash
        the node restarts                     -> rests
        li   cancels c                        -> c ends: requested
    """,
    "what one order sets free may set the next free": """
        li   buys 1 @ 94                      -> rests
        li   buys 1 @ 92                      -> rests
        li   buys 9 @ 80                      -> rests
        wu   sells 1 stop 95 as s             -> s waits at 95
        wu   sells 1 stop 94 as t             -> t waits at 94
        wu   sells 1 stop 92 as u             -> u waits at 92
        ren  sells 1 @ 95                     -> rests
        zhao buys 1 @ 95 -> zhao 1 ren @ 95; s acts; li 1 wu @ 94; t acts; li 1 wu @ 92; u acts; li 1 wu @ 80
    """,
}
"""By what they show."""
