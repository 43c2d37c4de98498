"""What happens on the market, as texts that a non-programmer can check. The language is told in tests/scenario.py.

Unless a scenario says otherwise there are no fees, wu and ren own 1,000 units of INS each and no money, li has 2,000
minor units of money and zhao 100,000; a lot is one unit, a tick one minor unit, prices run from 1 to 1,000.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.support import Venue


@dataclass(frozen=True)
class Scenario:
    """A text with its cast. `fee` is (ppm, minimum, maximum); `rules` replaces values of the market's profile."""

    text: str
    fee: tuple[int, int, int | None] = (0, 0, None)
    rules: dict[str, Any] = field(default_factory=dict[str, Any])
    units: dict[str, int] = field(default_factory=lambda: {"wu": 1_000, "ren": 1_000})
    cash: dict[str, int] = field(default_factory=lambda: {"li": 2_000, "zhao": 100_000})
    lot_units: int = 1
    tick_minor: int = 1

    def venue(self) -> Venue:
        """The stage, before the first line."""
        ppm, minimum, maximum = self.fee
        venue = Venue.sandbox(fee_ppm=ppm, fee_minimum=minimum, fee_maximum=maximum, **self.rules)
        for name in sorted(self.units.keys() | self.cash.keys()):
            venue.member(name, cash=self.cash.get(name, 0))
        venue.instrument(
            "INS", lot_units=self.lot_units, tick_minor=self.tick_minor, band=(1, 1_000), holders=self.units
        )
        return venue


SCENARIOS: dict[str, Scenario] = {
    "the earlier of two equal offers trades first": Scenario("""
        wu   sells 10 @ 100             -> rests
        ren  sells 10 @ 100             -> rests
        li   buys  15 @ 101             -> wu 10 @ 100, ren 5 @ 100
        li   buys  1 @ 501              -> hold.insufficient_available
        li   buys  1 @ 500              -> ren 1 @ 100
        li   has   16 units, 400 cash   -> holds 0 units, 0 cash
        ren  has   994 units, 600 cash  -> holds 4 units, 0 cash
    """),
    "the better price trades before the earlier order": Scenario("""
        wu   sells 10 @ 100             -> rests
        ren  sells 10 @ 99              -> rests
        li   buys  5 @ 100              -> ren 5 @ 99
        book                            -> | 99 x 5 (1), 100 x 10 (1)
    """),
    "an order trades at the price of the one that waited": Scenario("""
        li   buys  3 @ 200              -> rests
        wu   sells 2 @ 150              -> li 2 @ 200
        li   has   2 units, 1600 cash   -> holds 0 units, 200 cash
    """),
    "the exact last unit of money and of right may be promised, and not one more": Scenario("""
        li   buys  20 @ 100 as a        -> rests
        li   buys  1 @ 1                -> hold.insufficient_available
        li   cancels a                  -> 20 lots
        li   buys  2001 @ 1             -> hold.insufficient_available
        li   buys  2000 @ 1 as b        -> rests
        li   has   0 units, 2000 cash   -> holds 0 units, 2000 cash
        wu   sells 1001 @ 500           -> hold.insufficient_available
        wu   sells 1000 @ 500           -> rests
        wu   sells 1 @ 500              -> hold.insufficient_available
        wu   has   1000 units, 0 cash   -> holds 1000 units, 0 cash
    """),
    "a bid that fills cheaper gives the difference back": Scenario("""
        wu   sells 5 @ 80               -> rests
        li   buys  20 @ 100             -> wu 5 @ 80; 15 rest
        li   has   5 units, 1600 cash   -> holds 0 units, 1500 cash
    """),
    "a lot is many units and a tick many minor units": Scenario(
        """
        wu   sells 3 @ 7 as a           -> rests
        wu   has   1000 units, 0 cash   -> holds 300 units, 0 cash
        li   buys  2 @ 8                -> wu 2 @ 7
        li   has   200 units, 1930 cash -> holds 0 units, 0 cash
        li   buys  386 @ 1              -> rests
        li   buys  1 @ 1                -> hold.insufficient_available
        """,
        lot_units=100,
        tick_minor=5,
    ),
    "immediate or cancel takes what is there": Scenario("""
        wu   sells 4 @ 100              -> rests
        li   buys  9 @ 100 ioc          -> wu 4 @ 100; 5 cancelled: immediate_or_cancel
        li   buys  9 @ 100 ioc          -> 9 cancelled: immediate_or_cancel
        li   has   4 units, 1600 cash   -> holds 0 units, 0 cash
        book                            -> |
    """),
    "fill or kill fills to the last lot or not at all": Scenario("""
        wu   sells 4 @ 100              -> rests
        ren  sells 4 @ 101              -> rests
        li   buys  9 @ 101 fok          -> order.fok_unfilled
        li   buys  8 @ 100 fok          -> order.fok_unfilled
        li   buys  8 @ 101 fok          -> wu 4 @ 100, ren 4 @ 101
        li   sells 9 @ 1 fok            -> order.fok_unfilled
    """),
    "a market order needs somebody to meet and never rests": Scenario("""
        li   buys  5 at market          -> order.no_liquidity
        wu   sells 1 @ 100              -> rests
        li   buys  2 at market          -> wu 1 @ 100; 1 cancelled: market_remainder
        li   buys  1 @ 90               -> rests
        wu   sells 3 at market          -> li 1 @ 90; 2 cancelled: market_remainder
        wu   sells 3 at market          -> order.no_liquidity
    """),
    "a market bid without a cap is held at the band's edge": Scenario("""
        wu   sells 5 @ 100              -> rests
        li   buys  3 at market          -> hold.insufficient_available
        li   buys  2 at market          -> wu 2 @ 100
    """),
    "a capped market bid spends its cap in whole lots and no more": Scenario("""
        wu   sells 5 @ 100              -> rests
        ren  sells 5 @ 300              -> rests
        li   buys  9 at market spending 1099  -> wu 5 @ 100, ren 1 @ 300; 3 cancelled: market_remainder
        li   has   6 units, 1200 cash   -> holds 0 units, 0 cash
        li   buys  9 at market spending 1201  -> hold.insufficient_available
        li   buys  9 at market spending 1200  -> ren 4 @ 300; 5 cancelled: market_remainder
        li   has   10 units, 0 cash     -> holds 0 units, 0 cash
    """),
    "nobody trades with themselves: the newer order goes": Scenario("""
        zhao buys  5 @ 100              -> rests
        wu   sells 2 @ 100              -> zhao 2 @ 100
        zhao sells 2 @ 90               -> 2 cancelled: self_trade
        zhao has   2 units, 99800 cash  -> holds 0 units, 300 cash
        li   buys  1 @ 101              -> rests
        zhao sells 2 @ 90               -> li 1 @ 101; 1 cancelled: self_trade
        zhao sells 1 @ 90 fok           -> order.fok_unfilled
        book                            -> 100 x 3 (1) |
    """),
    "a mere reduction keeps its place, anything else goes to the back": Scenario("""
        wu   sells 5 @ 100 as a         -> rests
        ren  sells 5 @ 100 as b         -> rests
        wu   replaces a by 4 @ 100      -> keeps its place
        li   buys  1 @ 100              -> wu 1 @ 100
        wu   replaces a by 6 @ 100      -> rests
        li   buys  1 @ 100              -> ren 1 @ 100
        ren  replaces b by 5 @ 99       -> rests
        li   buys  5 @ 100              -> ren 4 @ 99, wu 1 @ 100
        book                            -> | 100 x 4 (1)
    """),
    "a replaced order may trade at once and holds by its new terms": Scenario("""
        wu   sells 5 @ 120              -> rests
        li   buys  10 @ 100 as a        -> rests
        li   replaces a by 10 @ 201     -> hold.insufficient_available
        li   has   0 units, 2000 cash   -> holds 0 units, 1000 cash
        li   replaces a by 10 @ 200     -> wu 5 @ 120; 5 rest
        li   has   5 units, 1400 cash   -> holds 0 units, 1000 cash
        li   replaces a by 5 @ 200      -> order.replace_nothing
        li   replaces a by 4 @ 200      -> order.replace_nothing
        li   replaces a by 10 @ 200     -> order.replace_nothing
        li   replaces a by 6 @ 200      -> keeps its place
        li   has   5 units, 1400 cash   -> holds 0 units, 200 cash
        li   replaces a by 12 @ 200     -> rests
        li   replaces a by 13 @ 200     -> hold.insufficient_available
        li   has   5 units, 1400 cash   -> holds 0 units, 1400 cash
    """),
    "a replacement may trade with nobody but others": Scenario("""
        zhao buys  1 @ 50 as b          -> rests
        wu   sells 1 @ 50               -> zhao 1 @ 50
        zhao buys  1 @ 50 as c          -> rests
        zhao sells 1 @ 60 as d          -> rests
        zhao replaces d by 1 @ 50       -> 1 cancelled: self_trade
        zhao has   1 units, 99950 cash  -> holds 0 units, 50 cash
    """),
    "cancel-all ends what was asked for and leaves the rest": Scenario("""
        zhao buys  1 @ 10               -> rests
        zhao buys  1 @ 11               -> rests
        li   buys  1 @ 12               -> rests
        wu   sells 5 @ 12               -> li 1 @ 12; 4 rest
        wu   sells 5 @ 13               -> rests
        zhao cancels all offers         -> done
        zhao cancels all bids           -> 2 orders end: cancel_all
        wu   cancels all                -> 2 orders end: cancel_all
        wu   has   999 units, 12 cash   -> holds 0 units, 0 cash
        book                            -> |
    """),
    "the close ends the day's orders and keeps the others": Scenario("""
        li   buys  1 @ 10 day           -> rests
        li   buys  1 @ 11 gtc as g      -> rests
        ops  closes                     -> 1 order ends: end_of_day
        li   buys  1 @ 12               -> order.instrument_closed
        li   replaces g by 2 @ 11       -> order.instrument_closed
        book                            -> 11 x 1 (1) |
        ops  closes                     -> instrument.phase
        ops  opens                      -> done
        wu   sells 1 @ 11               -> li 1 @ 11
    """),
    "a halt stops trading and nothing else": Scenario("""
        li   buys  1 @ 10 as a          -> rests
        ops  halts                      -> done
        wu   sells 1 @ 10               -> order.instrument_halted
        li   replaces a by 2 @ 10       -> order.instrument_halted
        li   cancels a                  -> 1 lots
        ops  halts                      -> instrument.phase
        ops  opens                      -> done
        wu   sells 1 @ 10               -> rests
    """),
    "a lost connection takes its orders along": Scenario("""
        li   buys  1 @ 10 gtc on 7      -> rests
        li   buys  1 @ 11 gtc on 8      -> rests
        li   buys  1 @ 12 gtc           -> rests
        connection 9 is lost            -> done
        connection 7 is lost            -> 1 order ends: disconnected
        book                            -> 12 x 1 (1), 11 x 1 (1) |
    """),
    "nothing depends on whether the node was restarted": Scenario("""
        li   buys  2 @ 10 gtc as a      -> rests
        li   buys  1 @ 11 gtc as b      -> rests
        li   replaces a by 3 @ 11       -> rests
        li   buys  1 @ 11 gtc on 7      -> rests
        the node restarts               -> 1 order ends: disconnected
        wu   sells 2 @ 11               -> li 1 @ 11, li 1 @ 11
        li   buys  1 @ 9                -> rests
        li   replaces a by 4 @ 12       -> rests
        the node restarts               -> done
        li   cancels all                -> 2 orders end: cancel_all
    """),
    "a frozen member trades no more and keeps what it has": Scenario("""
        wu   sells 5 @ 100              -> rests
        wu   sells 5 @ 101              -> rests
        ren  sells 1 @ 102              -> rests
        ops  freezes wu                 -> 2 orders end: frozen
        wu   sells 5 @ 100              -> member.frozen
        wu   has   1000 units, 0 cash   -> holds 0 units, 0 cash
        li   buys  1 @ 102              -> ren 1 @ 102
        ops  releases wu                -> done
        wu   sells 5 @ 100              -> rests
    """),
    "a frozen instrument, right or money takes no order, and its open ones end": Scenario("""
        wu   sells 5 @ 100 as a         -> rests
        ops  freezes                    -> 1 order ends: frozen
        wu   sells 5 @ 100              -> instrument.frozen
        ops  halts                      -> instrument.frozen
        ops  closes                     -> done
        ops  opens                      -> instrument.frozen
        ops  releases                   -> done
        ops  opens                      -> done
        wu   sells 5 @ 100              -> rests
        ops  freezes asset              -> 1 order ends: frozen
        wu   sells 5 @ 100              -> asset.frozen
        ops  releases asset             -> done
        li   buys  5 @ 100              -> rests
        ops  freezes money              -> 1 order ends: frozen
        wu   sells 5 @ 100              -> asset.frozen
        ops  releases money             -> done
        wu   sells 5 @ 100              -> rests
    """),
    "an order that is over, or another's, is unknown": Scenario("""
        li   buys  1 @ 10 as a          -> rests
        zhao cancels a                  -> order.unknown
        zhao replaces a by 2 @ 10       -> order.unknown
        li   cancels a                  -> 1 lots
        li   cancels a                  -> order.unknown
        li   replaces a by 2 @ 10       -> order.unknown
        li   cancels nothing            -> order.unknown
    """),
    "prices outside the band and orders too large are refused": Scenario("""
        li   buys  1 @ 1000             -> rests
        li   buys  1 @ 1001             -> order.price_band
        wu   sells 1 @ 1001             -> order.price_band
        li   buys  10000000000000 @ 1   -> order.too_large
    """),
    "fees are charged on what the order has traded so far, on both sides": Scenario(
        # 1 %, at least 5, at most 20
        """
        li   buys  10 @ 100 as a        -> rests
        li   has   0 units, 2000 cash   -> holds 0 units, 1010 cash
        wu   sells 1 @ 100              -> li 1 @ 100
        li   has   1 units, 1895 cash   -> holds 0 units, 905 cash    # the minimum of 5, once
        wu   has   999 units, 95 cash   -> holds 0 units, 0 cash
        wu   sells 5 @ 90               -> li 5 @ 100
        li   has   6 units, 1394 cash   -> holds 0 units, 404 cash    # 600 cost 6 so far
        wu   has   994 units, 590 cash  -> holds 0 units, 0 cash      # an order of its own: 500 cost 5
        wu   sells 4 @ 90               -> li 4 @ 100
        li   has   10 units, 990 cash   -> holds 0 units, 0 cash      # 1000 cost 10
        """,
        fee=(10_000, 5, 20),
    ),
    "a bid holds its fee: the exact last unit with it, and not one more": Scenario(
        """
        li   buys  1981 @ 1             -> hold.insufficient_available
        li   buys  1980 @ 1 as a        -> rests                      # 1980 and 20
        li   has   0 units, 2000 cash   -> holds 0 units, 2000 cash
        wu   sells 1000 @ 1             -> li 1000 @ 1
        li   has   1000 units, 990 cash -> holds 0 units, 990 cash
        li   replaces a by 1981 @ 1     -> hold.insufficient_available
        ren  sells 980 @ 1              -> li 980 @ 1
        li   has   1980 units, 0 cash   -> holds 0 units, 0 cash
        """,
        fee=(10_000, 5, None),
    ),
    "a fee never exceeds what it is charged on, and stops at its maximum": Scenario(
        """
        wu   sells 1 @ 3                -> rests
        li   buys  1 @ 3                -> wu 1 @ 3
        li   has   1 units, 1994 cash   -> holds 0 units, 0 cash      # 3 and 3
        wu   has   999 units, 0 cash    -> holds 0 units, 0 cash      # 3 less 3
        wu   sells 500 @ 100            -> rests
        zhao buys  500 @ 100            -> wu 500 @ 100
        zhao has   500 units, 49980 cash -> holds 0 units, 0 cash     # 20 at most
        wu   has   499 units, 49980 cash -> holds 0 units, 0 cash
        """,
        fee=(10_000, 5, 20),
    ),
    "a capped market bid holds its cap and the fee on it": Scenario(
        """
        wu   sells 50 @ 100             -> rests
        li   buys  50 at market spending 1981  -> hold.insufficient_available
        li   buys  50 at market spending 1980  -> wu 19 @ 100; 31 cancelled: market_remainder
        li   has   19 units, 81 cash    -> holds 0 units, 0 cash
        """,
        fee=(10_000, 5, None),
    ),
    "a bidder who holds nothing yet reserves a holder's place": Scenario(
        """
        li   buys  1 @ 10 as a          -> rests                      # wu, ren and li
        zhao buys  1 @ 10               -> rule.holder_cap
        li   buys  1 @ 9                -> rests
        li   cancels all                -> 2 orders end: cancel_all
        zhao buys  2 @ 10               -> rests
        wu   sells 1 @ 10               -> zhao 1 @ 10
        li   buys  1 @ 10               -> rule.holder_cap
        zhao cancels all                -> 1 order ends: cancel_all
        li   buys  1 @ 10               -> rule.holder_cap            # zhao holds one unit
        zhao sells 1 @ 10               -> rests
        wu   buys  1 @ 10               -> zhao 1 @ 10
        li   buys  1 @ 10               -> rests
        """,
        rules={"holder_cap": 3},
    ),
    "one order is worth the market's cap at most": Scenario(
        """
        zhao buys  501 @ 1              -> rule.value_cap
        zhao buys  500 @ 1 as a         -> rests
        zhao replaces a by 250 @ 2      -> rests
        zhao replaces a by 251 @ 2      -> rule.value_cap
        wu   sells 501 @ 1              -> rule.value_cap
        """,
        rules={"value_cap_minor": 500},
    ),
    "a market that allows no book takes no order": Scenario(
        "li buys 1 @ 10 -> rule.method_not_allowed", rules={"centralised_methods": []}
    ),
    "only those admitted to the market trade": Scenario(
        "li buys 1 @ 10 -> rule.suitability", rules={"suitability": "professional"}
    ),
}
"""Scenarios by the truth they tell."""
