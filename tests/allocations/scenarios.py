"""Block allocations as a manager would tell them. See tests/allocations/stage.py for what each line means.

wu begins with 1,000 lots, block with 100 of its own; everybody has 100,000 in cash. A tick is one minor unit.
"""

from __future__ import annotations

from tests.busts.scenarios import Scenario

SCENARIOS: dict[str, Scenario] = {
    "bought at two prices, shared at the average of both, price and fees to the cent": Scenario(
        {"fee_ppm": 10_000},
        """
        wu    sells 4 @ 100                     -> rests
        wu    sells 6 @ 101                     -> rests
        block buys 10 @ 101                     -> wu 4 @ 100, wu 6 @ 101
        fund  has bought                        -> 10 for 1006 + 11, 0 shared for 0 + 0      # 301.8, 704.2; 3.3, 7.7
        block shares what it bought: alpha 3, beta 7  -> alpha 302 + 3, beta 704 + 8
        fund  has bought                        -> 10 for 1006 + 11, 10 shared for 1006 + 11
        alpha has 3 units, 99695 cash           -> holds 0 units, 0 cash
        beta  has 7 units, 99288 cash           -> holds 0 units, 0 cash
        block has 100 units, 100000 cash        -> holds 0 units, 0 cash          # as if it had never traded
        """,
    ),
    "a bid that waits is counted when it is filled": Scenario(
        {},
        """
        block buys 5 @ 100                      -> rests
        fund  has bought                        -> nothing
        wu    sells 2 @ 100                     -> block 2 @ 100
        fund  has bought                        -> 2 for 200 + 0, 0 shared for 0 + 0
        the node restarts                       -> done
        wu    sells 3 @ 90                      -> block 3 @ 100
        fund  has bought                        -> 5 for 500 + 0, 0 shared for 0 + 0
        block shares what it bought: alpha 5    -> alpha 500 + 0
        """,
    ),
    "the exact last lot is shared, and not one more": Scenario(
        {},
        """
        wu    sells 10 @ 100                    -> rests
        block buys 10 @ 100                     -> wu 10 @ 100
        block shares what it bought: alpha 11   -> allocation.more_than_traded
        block shares what it bought: alpha 10, beta 1 -> allocation.more_than_traded
        block shares what it bought: alpha 9    -> alpha 900 + 0
        block shares what it bought: beta 2     -> allocation.more_than_traded
        block shares what it bought: beta 1     -> beta 100 + 0
        block shares what it bought: beta 1     -> allocation.more_than_traded
        """,
    ),
    "cents that do not divide go to the largest remainders, and the last part takes the rest": Scenario(
        {},
        """
        wu    sells 1 @ 10                      -> rests
        wu    sells 2 @ 11                      -> rests
        block buys 3 @ 11                       -> wu 1 @ 10, wu 2 @ 11
        block shares what it bought: alpha 1    -> alpha 11 + 0              # 10.67 rounded; 21 are left for two lots
        block shares what it bought: beta 1     -> beta 11 + 0               # 10.5 each: the earlier place
        block shares what it bought: own 1      -> own 10 + 0
        fund  has bought                        -> 3 for 32 + 0, 3 shared for 32 + 0
        """,
    ),
    "what is traded after an allocation costs its own average": Scenario(
        {},
        """
        wu    sells 2 @ 100                     -> rests
        block buys 2 @ 100                      -> wu 2 @ 100
        block shares what it bought: alpha 2    -> alpha 200 + 0
        wu    sells 2 @ 200                     -> rests
        block buys 2 @ 200                      -> wu 2 @ 200
        block shares what it bought of 2: beta 2      -> allocation.totals_changed
        block shares what it bought of 4: beta 2      -> beta 400 + 0
        """,
    ),
    "what was sold is given back by those it was sold for, against what it fetched": Scenario(
        {"fee_ppm": 10_000},
        """
        wu    sells 3 @ 100                     -> rests
        block buys 3 @ 100                      -> wu 3 @ 100
        block shares what it bought: alpha 3    -> alpha 300 + 3
        li    buys 3 @ 200                      -> rests
        block sells 3 @ 200                     -> li 3 @ 200
        fund  has sold                          -> 3 for 600 + 6, 0 shared for 0 + 0
        block shares what it sold: beta 3       -> hold.insufficient_available       # beta holds none of it
        block shares what it sold: alpha 3      -> alpha 600 - 6
        alpha has 0 units, 100291 cash          -> holds 0 units, 0 cash             # 303 paid, 594 received
        block has 100 units, 100000 cash        -> holds 0 units, 0 cash
        """,
    ),
    "the two sides of a day are shared apart": Scenario(
        {},
        """
        wu    sells 5 @ 100                     -> rests
        block buys 5 @ 100                      -> wu 5 @ 100
        li    buys 5 @ 90                       -> rests
        block sells 2 @ 90                      -> li 2 @ 90
        block shares what it sold: alpha 1      -> hold.insufficient_available
        block shares what it bought: alpha 5    -> alpha 500 + 0
        block shares what it sold: alpha 2      -> alpha 180 - 0
        fund  has bought                        -> 5 for 500 + 0, 5 shared for 500 + 0
        fund  has sold                          -> 2 for 180 + 0, 2 shared for 180 + 0
        """,
    ),
    "units that are offered again are not free to be shared, and neither is promised money": Scenario(
        {},
        """
        wu    sells 10 @ 100                    -> rests
        block buys 10 @ 100                     -> wu 10 @ 100
        block sells 101 @ 900 as a              -> rests
        block shares what it bought: alpha 10   -> hold.insufficient_available
        block cancels a                         -> 101 lots
        block sells 100 @ 900                   -> rests
        alpha buys 999 @ 100                    -> rests
        block shares what it bought: alpha 2    -> hold.insufficient_available       # 100 are free, 200 asked
        block shares what it bought: alpha 1, beta 9  -> alpha 100 + 0, beta 900 + 0
        """,
    ),
    "the cap on holders counts beneficiaries one by one, and the member's accounts as one": Scenario(
        {"holder_cap": 3},
        """
        wu    sells 10 @ 100                    -> rests
        block buys 10 @ 100                     -> wu 10 @ 100
        block shares what it bought: alpha 1, beta 1  -> rule.holder_cap
        block shares what it bought: own 1      -> own 100 + 0
        block shares what it bought: alpha 1    -> alpha 100 + 0
        block shares what it bought: alpha 1    -> alpha 100 + 0
        block shares what it bought: beta 1     -> rule.holder_cap
        """,
    ),
    "lots not shared by the end of the day are the block's own, and a new day counts anew": Scenario(
        {},
        """
        wu    sells 10 @ 100                    -> rests
        block buys 7 @ 100                      -> wu 7 @ 100
        block shares what it bought: alpha 3    -> alpha 300 + 0
        the day ends                            -> block keeps 4 bought
        block shares what it bought: alpha 1    -> allocation.nothing_traded
        block buys 3 @ 100                      -> wu 3 @ 100
        fund  has bought                        -> 3 for 300 + 0, 0 shared for 0 + 0
        the node restarts                       -> done
        block shares what it bought: alpha 3    -> alpha 300 + 0
        the day ends                            -> nothing is kept
        block has 104 units, 99600 cash         -> holds 0 units, 0 cash
        """,
    ),
    "a busted trade that was not shared leaves the day's total": Scenario(
        {"fee_ppm": 10_000},
        """
        wu    sells 10 @ 100                    -> rests
        block buys 4 @ 100                      -> wu 4 @ 100
        block buys 6 @ 100                      -> wu 6 @ 100
        ops   busts 1 fair 90                   -> reversed
        fund  has bought                        -> 6 for 600 + 6, 0 shared for 0 + 0
        block shares what it bought: alpha 7    -> allocation.more_than_traded
        block shares what it bought: alpha 6    -> alpha 600 + 6
        block has 100 units, 100000 cash        -> holds 0 units, 0 cash
        """,
    ),
    "a day whose only trade is busted has nothing to share": Scenario(
        {},
        """
        wu    sells 4 @ 100                     -> rests
        block buys 4 @ 100                      -> wu 4 @ 100
        ops   busts 1 fair 90                   -> reversed
        fund  has bought                        -> 0 for 0 + 0, 0 shared for 0 + 0
        block shares what it bought of 4: alpha 4     -> allocation.nothing_traded
        the day ends                            -> nothing is kept
        """,
    ),
    "a trade of a day that was shared is made good in money, by the block account": Scenario(
        {},
        """
        wu    sells 4 @ 100                     -> rests
        block buys 4 @ 100                      -> wu 4 @ 100
        block shares what it bought: alpha 1    -> alpha 100 + 0
        ops   busts 1 fair 90                   -> compensated               # its other lots are not these
        fund  has bought                        -> 4 for 400 + 0, 1 shared for 100 + 0
        block has 103 units, 99740 cash         -> holds 0 units, 0 cash
        alpha has 1 units, 99900 cash           -> holds 0 units, 0 cash
        block shares what it bought: beta 3     -> beta 300 + 0              # parts of one day cost the same
        """,
    ),
    "a corrected price is what its lots cost, while none of them was shared": Scenario(
        {"fee_ppm": 10_000},
        """
        wu    sells 4 @ 100                     -> rests
        block buys 4 @ 100                      -> wu 4 @ 100
        ops   corrects 1 to 90                  -> repriced
        fund  has bought                        -> 4 for 360 + 4, 0 shared for 0 + 0
        block shares what it bought: alpha 4    -> alpha 360 + 4
        block has 100 units, 100000 cash        -> holds 0 units, 0 cash
        """,
    ),
    "a busted trade that was made good costs its fair price": Scenario(
        {},
        """
        wu    sells 4 @ 100                     -> rests
        block buys 4 @ 100                      -> wu 4 @ 100
        block sells 104 @ 900 as a              -> rests
        ops   busts 1 fair 110                  -> compensated
        block cancels a                         -> 104 lots
        fund  has bought                        -> 4 for 440 + 0, 0 shared for 0 + 0
        block shares what it bought: alpha 4    -> alpha 440 + 0
        """,
    ),
    "a sale that was given a lower price than its fee costs those it was for": Scenario(
        {"fee_minimum": 50},
        """
        wu    sells 4 @ 100                     -> rests
        alpha buys 4 @ 100                      -> wu 4 @ 100
        li    buys 4 @ 100                      -> rests
        block sells 4 @ 100                     -> li 4 @ 100
        ops   corrects 2 to 1                   -> repriced
        fund  has sold                          -> 4 for 4 + 50, 0 shared for 0 + 0
        block shares what it sold: alpha 4      -> alpha 4 - 50
        block has 100 units, 100000 cash        -> holds 0 units, 0 cash
        """,
    ),
    "a trade of a day that is over changes no total": Scenario(
        {},
        """
        wu    sells 4 @ 100                     -> rests
        block buys 4 @ 100                      -> wu 4 @ 100
        the day ends                            -> block keeps 4 bought
        ops   corrects 1 to 90                  -> trade.window_over
        """,
    ),
}
