"""Busts and corrections as an operator would tell them. See tests/busts/stage.py for what each line means.

wu and ren begin with 100 lots each; ren has 10,000 in cash, li and zhao 100,000, wu none. A tick is one minor unit.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Scenario(NamedTuple):
    """How the stage is set, and what happens."""

    stage: dict[str, Any]
    text: str


SCENARIOS: dict[str, Scenario] = {
    "what still lies where the trade put it goes back, fees and all": Scenario(
        {"fee_ppm": 10_000},
        """
        wu   sells 10 @ 100                   -> rests
        li   buys 10 @ 100                    -> wu 10 @ 100
        li   has 10 units, 98990 cash         -> holds 0 units, 0 cash      # 1,000 and a fee of 10
        wu   has 90 units, 990 cash           -> holds 0 units, 0 cash
        ops  busts 1 fair 90                  -> reversed
        what is told                          -> n2 reversed 10 of 1 at 90
        li   has 0 units, 100000 cash         -> holds 0 units, 0 cash
        wu   has 100 units, 0 cash            -> holds 0 units, 0 cash
        """,
    ),
    "a trade is mended once": Scenario(
        {},
        """
        wu   sells 20 @ 100                   -> rests
        li   buys 10 @ 100                    -> wu 10 @ 100
        li   buys 10 @ 100                    -> wu 10 @ 100
        ops  busts 1 fair 90                  -> reversed
        ops  busts 1 fair 90                  -> trade.already_corrected
        ops  corrects 1 to 90                 -> trade.already_corrected
        ops  corrects 2 to 90                 -> repriced
        ops  corrects 2 to 80                 -> trade.already_corrected
        ops  busts 2 fair 80                  -> trade.already_corrected
        the node restarts                     -> done
        ops  busts 2 fair 80                  -> trade.already_corrected
        """,
    ),
    "units in an open offer are not free, and whoever gained pays to the fair price": Scenario(
        {"fee_ppm": 10_000},
        """
        wu   sells 10 @ 100                   -> rests
        li   buys 10 @ 100                    -> wu 10 @ 100
        li   sells 1 @ 900 as a               -> rests                      # nine are free, ten would have to go back
        ops  busts 1 fair 120                 -> compensated                # li had for 1,000 what was worth 1,200
        what is told                          -> n2 compensated 10 of 1 at 120
        li   has 10 units, 98790 cash         -> holds 1 units, 0 cash      # the right stays sold, and so do the fees
        wu   has 90 units, 1190 cash          -> holds 0 units, 0 cash
        """,
    ),
    "the exact last unit is free again": Scenario(
        {},
        """
        wu   sells 10 @ 100                   -> rests
        li   buys 10 @ 100                    -> wu 10 @ 100
        li   sells 1 @ 900 as a               -> rests
        li   cancels a                        -> 1 lots
        ops  busts 1 fair 120                 -> reversed
        """,
    ),
    "a price that was spent on one unit more is not free": Scenario(
        {},
        """
        wu   sells 10 @ 100                   -> rests
        li   buys 10 @ 100                    -> wu 10 @ 100
        wu   buys 1 @ 1 as a                  -> rests                      # 999 of 1,000 are free
        ops  busts 1 fair 80                  -> compensated                # wu got 200 too much, and has them
        wu   has 90 units, 800 cash           -> holds 0 units, 1 cash
        li   has 10 units, 99200 cash         -> holds 0 units, 0 cash
        """,
    ),
    "who gained and has spent it all is not made a debtor": Scenario(
        {},
        """
        wu   sells 10 @ 100                   -> rests
        li   buys 10 @ 100                    -> wu 10 @ 100
        wu   buys 8 @ 100 as a                -> rests                      # 200 are free
        ops  busts 1 fair 79                  -> trade.bust_uncovered       # 210 would be owed
        ops  corrects 1 to 79                 -> trade.bust_uncovered
        ops  busts 1 fair 80                  -> compensated                # exactly 200
        wu   has 90 units, 800 cash           -> holds 0 units, 800 cash
        """,
    ),
    "at the fair price nobody gained": Scenario(
        {},
        """
        wu   sells 10 @ 100                   -> rests
        li   buys 10 @ 100                    -> wu 10 @ 100
        wu   buys 10 @ 100 as a               -> rests
        ops  busts 1 fair 100                 -> compensated
        wu   has 90 units, 1000 cash          -> holds 0 units, 1000 cash
        """,
    ),
    "fees that are the house's already are not given back": Scenario(
        {"fee_ppm": 10_000},
        """
        wu   sells 20 @ 100                   -> rests
        li   buys 10 @ 100                    -> wu 10 @ 100
        ops  sweeps                           -> done
        ops  busts 1 fair 100                 -> trade.fees_swept
        zhao buys 10 @ 100                    -> wu 10 @ 100                # twenty are due again
        ops  busts 1 fair 100                 -> reversed
        ops  busts 2 fair 100                 -> trade.fees_swept
        ops  corrects 2 to 99                 -> repriced                   # fees stay as they were charged
        """,
    ),
    "a seller spends its fee too, so the price less the fee must be free": Scenario(
        {"fee_ppm": 10_000},
        """
        wu   sells 10 @ 100                   -> rests
        li   buys 10 @ 100                    -> wu 10 @ 100
        wu   has 90 units, 990 cash           -> holds 0 units, 0 cash
        ops  busts 1 fair 1                   -> reversed
        wu   has 100 units, 0 cash            -> holds 0 units, 0 cash
        """,
    ),
    "a corrected price moves the difference, either way": Scenario(
        {"fee_ppm": 10_000},
        """
        wu   sells 20 @ 100                   -> rests
        li   buys 10 @ 100                    -> wu 10 @ 100
        li   buys 10 @ 100                    -> wu 10 @ 100
        ops  corrects 1 to 100                -> trade.correction_nothing
        ops  corrects 1 to 1001               -> order.price_band
        ops  corrects 1 to 110                -> repriced
        what is told                          -> n3 repriced 10 of 1 at 110
        li   has 20 units, 97880 cash         -> holds 0 units, 0 cash      # 2,000, 100 more, fees of 20
        ops  corrects 2 to 90                 -> repriced
        li   has 20 units, 97980 cash         -> holds 0 units, 0 cash
        wu   has 80 units, 1980 cash          -> holds 0 units, 0 cash
        """,
    ),
    "the window is over when it is over": Scenario(
        {},
        """
        wu   sells 20 @ 100                   -> rests
        li   buys 10 @ 100                    -> wu 10 @ 100
        59   seconds later                    -> done
        ops  corrects 1 to 99                 -> repriced
        li   buys 10 @ 100                    -> wu 10 @ 100
        60   seconds later                    -> done                       # and the milliseconds of two commands
        ops  corrects 2 to 99                 -> trade.window_over
        ops  busts 2 fair 99                  -> trade.window_over
        """,
    ),
    "only for a reason of the rules": Scenario(
        {},
        """
        wu   sells 10 @ 100                   -> rests
        li   buys 10 @ 100                    -> wu 10 @ 100
        ops  busts 1 fair 90 for whim         -> rule.bust_not_allowed
        ops  corrects 1 to 90 for whim        -> rule.bust_not_allowed
        """,
    ),
    "the last price, orders and what they hold stay as they are": Scenario(
        {"fee_ppm": 10_000},
        """
        wu   sells 10 @ 100                   -> rests
        li   buys 4 @ 100                     -> wu 4 @ 100
        ops  busts 1 fair 90                  -> reversed
        book                                  -> | 100 x 6 (1)
        wu   has 100 units, 0 cash            -> holds 6 units, 0 cash
        li   buys 6 @ 100                     -> wu 6 @ 100
        li   has 6 units, 99394 cash          -> holds 0 units, 0 cash
        wu   has 94 units, 594 cash           -> holds 0 units, 0 cash
        """,
    ),
    "a seller whose place as a holder was taken is paid, not given the right": Scenario(
        {"holder_cap": 3},
        """
        wu   sells 100 @ 10                   -> rests
        li   buys 100 @ 10                    -> wu 100 @ 10                # wu holds nothing any more
        li   sells 1 @ 20                     -> rests
        zhao buys 1 @ 20                      -> li 1 @ 20                  # ren, li, zhao: full
        ops  busts 1 fair 8                   -> compensated
        """,
    ),
    "a seller takes the place that the buyer leaves": Scenario(
        {"holder_cap": 2},
        """
        wu   sells 100 @ 10                   -> rests
        li   buys 100 @ 10                    -> rule.holder_cap
        ren  buys 100 @ 10                    -> wu 100 @ 10
        zhao buys 1 @ 1                       -> rests                      # ren holds, zhao bids: full
        ops  busts 1 fair 8                   -> compensated
        wu   has 0 units, 800 cash            -> holds 0 units, 0 cash
        """,
    ),
}
