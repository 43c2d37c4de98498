"""Phases: calls with their auctions, volatility interruptions, halts and the fixed price after the close."""

from __future__ import annotations

CALLS: dict[str, str] = {
    "in a call orders rest and may cross; the auction trades them at one price, and trading goes on with the rest": """
        opening call                   -> collect opening
        wu   sells 10 @ 99             -> rests 10 @ 99
        li   buys   6 @ 101            -> rests 6 @ 101
        ren  buys   6 @ 100            -> rests 6 @ 100
        indication                     -> 10 @ 100, 2 bid over
        continuous                     -> refused: crossed
        auction                        -> 10 @ 100, 2 bid over
        hand out 1                     -> li buys 6 of wu
        zhao buys   1 @ 100            -> refused: phase
        cancel wu                      -> refused: phase
        hand out 9                     -> ren buys 4 of wu, auction over
        continuous                     -> continuous
        book                           -> 100 x 2 (1) |
    """,
    "at-open and at-close orders wait for their call, trade in its auction only and end with it": """
        li   buys  5 @ 101 at-open     -> waits for the opening
        ren  buys  5 @ 101 at-close    -> waits for the closing
        opening call                   -> collect opening, li rests 5 @ 101
        wu   sells 3 @ 100             -> rests 3 @ 100
        zhao buys  1 @ 99 at-open      -> rests 1 @ 99
        auction                        -> 3 @ 101, 2 bid over
        hand out 9                     -> li buys 3 of wu, li cancelled 2: auction ended,
                                          zhao cancelled 1: auction ended, auction over
        closing call                   -> collect closing, ren rests 5 @ 101
        auction                        -> no price
        hand out 9                     -> ren cancelled 5: auction ended, auction over
        open                           -> 0
    """,
    "waiting orders join their call a few at a time, in the order of entry, and the auction waits for them": """
        halt                           -> halted
        continuous                     -> continuous
        li   buys  5 @ 101 at-close as a -> waits for the closing
        ren  buys  5 @ 101 at-close as b -> waits for the closing
        closing call in 1 step         -> collect closing, a rests 5 @ 101
        pending                        -> yes
        auction                        -> refused: pending
        continue 1                     -> b rests 5 @ 101
        auction                        -> no price
        hand out 9                     -> a cancelled 5: auction ended, b cancelled 5: auction ended, auction over
    """,
    "a market order in a call trades first and its rest ends with the auction": """
        opening call                   -> collect opening
        wu   buys  5 @ 120 market as m -> rests 5 @ 120
        li   buys  5 @ 101             -> rests 5 @ 101
        ren  sells 3 @ 99              -> rests 3 @ 99
        indication                     -> 3 @ 101, 7 bid over
        auction                        -> 3 @ 101, 7 bid over
        hand out 1                     -> m buys 3 of ren
        pending                        -> yes
        continuous                     -> refused: phase
        hand out 1                     -> m cancelled 2: market remainder, auction over
    """,
    "market orders alone trade at the reference price": """
        told last 100 reference 104 band 0 0 -> noted
        opening call                   -> collect opening
        wu   buys  5 @ 120 market      -> rests 5 @ 120
        ren  sells 3 @ 80 market       -> rests 3 @ 80
        auction                        -> 3 @ 104, 2 bid over
        hand out 9                     -> wu buys 3 of ren, wu cancelled 2: market remainder, auction over
    """,
    "a call in which nobody meets has no price, and still ends what lives for it": """
        opening call                   -> collect opening
        wu   buys  5 @ 99 at-open      -> rests 5 @ 99
        ren  sells 3 @ 100             -> rests 3 @ 100
        auction                        -> no price
        hand out 9                     -> wu cancelled 5: auction ended, auction over
        continuous                     -> continuous
    """,
    "icebergs and hidden orders take part in an auction with all they have": """
        call                           -> collect other
        wu   sells 30 @ 100 iceberg 5 as ice -> rests 30 @ 100 showing 5
        ren  sells 10 @ 100 hidden as dark -> rests 10 @ 100 hidden
        li   buys  32 @ 100            -> rests 32 @ 100
        auction                        -> 32 @ 100, 8 offered over
        hand out 9                     -> li buys 30 of ice, li buys 2 of dark, auction over
        book                           -> |
    """,
    "an iceberg that an auction leaves in part shows its next slice when its turn is over": """
        call                           -> collect other
        wu   sells 30 @ 100 iceberg 5 as ice -> rests 30 @ 100 showing 5
        ren  buys   4 @ 100            -> rests 4 @ 100
        li   buys   8 @ 100            -> rests 8 @ 100
        auction                        -> 12 @ 100, 18 offered over
        hand out 9                     -> ren buys 4 of ice, li buys 8 of ice, ice shows 5 of 18, auction over
        book                           -> | 100 x 5 (1)
    """,
    "own orders are paired by priority in an auction, and the fill says so": """
        call                           -> collect other
        li   sells 5 @ 100 as give     -> rests 5 @ 100
        li   buys  5 @ 100 as take     -> rests 5 @ 100
        auction                        -> 5 @ 100
        hand out 9                     -> take buys 5 of give (own), auction over
    """,
    "what a call does not take: immediate orders, caps, pegs, minimum quantities, all-or-none": """
        call                           -> collect other
        li   buys 5 @ 100 ioc          -> refused: phase
        li   buys 5 @ 100 fok          -> refused: phase
        li   buys 5 @ 100 market spending 500 -> refused: phase
        li   buys 5 @ 100 pegged best  -> refused: phase
        li   buys 5 @ 100 minimum 2    -> refused: phase
        li   buys 5 @ 100 all-or-none  -> refused: phase
    """,
    "an all-or-none order that rests stays out of the auction": """
        wu   sells 5 @ 100 all-or-none as whole -> rests 5 @ 100 apart
        call                           -> collect other
        li   buys  5 @ 100             -> rests 5 @ 100
        auction                        -> no price
        hand out 9                     -> auction over
        replace whole by 4 @ 100       -> refused: phase
        continuous                     -> continuous
        ren  buys  5 @ 100 ioc         -> whole 5 @ 100
    """,
    "outside the band nothing trades: a volatility call begins and the rest of the order waits in it": """
        told last 100 reference 100 band 95 105 -> noted
        wu   sells 5 @ 105             -> rests 5 @ 105
        wu   sells 5 @ 106 as far      -> rests 5 @ 106
        li   buys  8 @ 110             -> wu 5 @ 105, would trade at 106, collect volatility, rests 3 @ 110
        book                           -> 110 x 3 (1) | 106 x 5 (1)
        continuous                     -> refused: crossed
        auction                        -> 3 @ 106, 2 offered over
        hand out 9                     -> li buys 3 of far, auction over
    """,
    "an interruption ends what may not stay, and stops wait until trading goes on": """
        told last 100 reference 100 band 95 105 -> noted
        wu   sells 1 @ 105             -> rests 1 @ 105
        wu   sells 5 @ 106 as far      -> rests 5 @ 106
        li   buys  2 @ 110 stop 105 as stop -> waits for 105
        qian buys  4 @ 110 ioc         -> wu 1 @ 105, would trade at 106, collect volatility,
                                          cancelled 3: immediate or cancel
        pending                        -> no
        told last 105 reference 105 band 100 110 -> noted
        continuous                     -> continuous, stop triggered at 105, stop takes far 2 @ 106
    """,
    "halted, only cancels": """
        wu   sells 5 @ 105 as a        -> rests 5 @ 105
        halt                           -> halted
        li   buys  5 @ 105             -> refused: phase
        replace a by 4 @ 105           -> refused: phase
        auction                        -> refused: phase
        cancel a                       -> cancelled 5
    """,
    "after the close every trade is at the one price, for orders that accept it": """
        wu   buys  5 @ 101             -> rests 5 @ 101
        fixed at 100                   -> fixed price
        li   sells 3 @ 101             -> refused: not at fixed price
        li   sells 3 @ 99              -> wu 3 @ 100
        ren  buys  4 @ 100             -> rests 4 @ 100
        zhao sells 4 @ 100             -> wu 2 @ 100, ren 2 @ 100
        li   sells 1 @ 100 fok         -> refused: phase
    """,
    "a phase asks for what belongs to it": """
        call                           -> collect other
        wu   sells 5 @ 99              -> rests 5 @ 99
        li   buys  5 @ 100             -> rests 5 @ 100
        fixed at 100                   -> refused: crossed
        fixed at 98                    -> fixed price
    """,
}

# What decides between prices that trade as much; the first word names the rule. Sources: matching/auction.py.
RULES: dict[str, str] = {
    "XETRA: the least surplus decides between prices that trade as much": """
        opening call                   -> collect opening
        li   buys  400 @ 202           -> rests 400 @ 202
        wu   sells 300 @ 199           -> rests 300 @ 199
        ren  buys  200 @ 201           -> rests 200 @ 201
        indication                     -> 300 @ 202, 100 bid over
    """,
    "XETRA: a surplus of bids at every price decides for the highest": """
        opening call                   -> collect opening
        li   buys  400 @ 202           -> rests 400 @ 202
        wu   sells 300 @ 199           -> rests 300 @ 199
        indication                     -> 300 @ 202, 100 bid over
    """,
    "XETRA: a surplus of offers at every price decides for the lowest": """
        opening call                   -> collect opening
        li   buys  300 @ 202           -> rests 300 @ 202
        wu   sells 400 @ 199           -> rests 400 @ 199
        indication                     -> 300 @ 199, 100 offered over
    """,
    "XETRA: surplus on either side leaves it to the reference price between them": """
        told last 200 reference 200 band 0 0 -> noted
        opening call                   -> collect opening
        li   buys  100 @ 202           -> rests 100 @ 202
        ren  buys  100 @ 198           -> rests 100 @ 198
        wu   sells 100 @ 198           -> rests 100 @ 198
        zhao sells 100 @ 202           -> rests 100 @ 202
        indication                     -> 100 @ 200
    """,
    "EURONEXT: without any surplus the reference price decides, from outside the nearest limit": """
        told last 200 reference 210 band 0 0 -> noted
        opening call                   -> collect opening
        li   buys  100 @ 203           -> rests 100 @ 203
        wu   sells 100 @ 198           -> rests 100 @ 198
        indication                     -> 100 @ 203
    """,
    "LSE: without any surplus the reference price decides, inside itself": """
        told last 200 reference 200 band 0 0 -> noted
        opening call                   -> collect opening
        li   buys  100 @ 203           -> rests 100 @ 203
        wu   sells 100 @ 198           -> rests 100 @ 198
        indication                     -> 100 @ 200
    """,
    "SSE: the middle of the prices, half a tick rounded up, whatever the last price was": """
        told last 200 reference 198 band 0 0 -> noted
        opening call                   -> collect opening
        li   buys  100 @ 203           -> rests 100 @ 203
        wu   sells 100 @ 198           -> rests 100 @ 198
        indication                     -> 100 @ 201
    """,
    "SZSE: the nearest to the reference price, among all ticks that leave least over": """
        told last 200 reference 199 band 0 0 -> noted
        opening call                   -> collect opening
        li   buys  100 @ 202           -> rests 100 @ 202
        ren  buys  100 @ 198           -> rests 100 @ 198
        wu   sells 100 @ 198           -> rests 100 @ 198
        zhao sells 100 @ 202           -> rests 100 @ 202
        indication                     -> 100 @ 199
    """,
    "pro rata: the last price is shared by size, what rounding leaves goes by largest remainder, then by time": """
        opening call                   -> collect opening
        li   buys  10 @ 101            -> rests 10 @ 101
        ren  buys  60 @ 100 as big     -> rests 60 @ 100
        zhao buys  30 @ 100 as half    -> rests 30 @ 100
        qian buys  10 @ 100 as small   -> rests 10 @ 100
        wu   sells 55 @ 100            -> rests 55 @ 100
        auction                        -> 55 @ 100, 55 bid over
        hand out 1                     -> li buys 10 of wu
        hand out 9                     -> big buys 27 of wu, half buys 14 of wu, small buys 4 of wu, auction over
        book                           -> 100 x 55 (3) |
    """,
}
