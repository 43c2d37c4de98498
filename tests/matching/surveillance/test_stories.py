"""Each pattern as a story an officer can read, with the innocent twin that differs by little and raises nothing."""

from __future__ import annotations

import pytest

from tests.matching.surveillance.stories import Story

WASH = {
    "one owner behind two members' accounts trades with itself, however long the orders had rested": (
        """
        fund-a and fund-b are for Zhou Min
        09:00:00  fund-a offers 10 @ 100 as a
        11:00:00  fund-b bids    4 @ 105 as b
        11:00:00  b      takes   4 @ 100 from a
        """,
        ["wash.same_owner: fund-a fund-b on a b"],
    ),
    "two owners who are strangers do the same": (
        """
        09:00:00  fund-a offers 10 @ 100 as a
        11:00:00  fund-b bids    4 @ 105 as b
        11:00:00  b      takes   4 @ 100 from a
        """,
        [],
    ),
    "the beneficiary is one person, however the name is written": (
        """
        fund-a and fund-b are for Zhou Min
        fund-c and fund-d are for ZHOU  min
        09:00:00  fund-a offers 10 @ 100 as a
        09:00:01  fund-d bids   10 @ 100 as b
        09:00:01  b      takes  10 @ 100 from a
        """,
        ["wash.same_owner: fund-a fund-d on a b"],
    ),
    "two desks of one member with matched orders": (
        """
        wu2 belongs to wu
        09:00:00  wu   offers 10 @ 100 as a
        09:01:00  wu2  bids   10 @ 100 as b
        09:01:00  b    takes  10 @ 100 from a
        """,
        ["wash.related: wu wu2 on a b"],
    ),
    "two desks of one member meet in the book: the second comes a second later than arranged orders would": (
        """
        wu2 belongs to wu
        09:00:00  wu   offers 10 @ 100 as a
        09:01:01  wu2  bids   10 @ 100 as b
        09:01:01  b    takes  10 @ 100 from a
        """,
        [],
    ),
    "the lots of the two desks differ by a tenth": (
        """
        wu2 belongs to wu
        09:00:00  wu   offers 10 @ 100 as a
        09:00:10  wu2  bids    9 @ 100 as b
        09:00:10  b    takes   9 @ 100 from a
        """,
        ["wash.related: wu wu2 on a b"],
    ),
    "the lots of the two desks differ by more than a tenth": (
        """
        wu2 belongs to wu
        09:00:00  wu   offers 10 @ 100 as a
        09:00:10  wu2  bids    8 @ 100 as b
        09:00:10  b    takes   8 @ 100 from a
        """,
        [],
    ),
    "two accounts an officer declared to be one group": (
        """
        gao and han are declared
        09:00:00  gao  bids   50 @ 200 as a
        09:00:05  han  offers 50 @ 199 as b
        09:00:05  b    takes  50 @ 200 from a
        """,
        ["wash.related: han gao on b a"],
    ),
    "the same two accounts, of whom nothing is known": (
        """
        09:00:00  gao  bids   50 @ 200 as a
        09:00:05  han  offers 50 @ 199 as b
        09:00:05  b    takes  50 @ 200 from a
        """,
        [],
    ),
    "the same lots go round three strangers and come back": (
        """
        09:00:00  gao  offers 20 @ 100 as a
        09:00:05  han  bids   20 @ 100 as b
        09:00:05  b    takes  20 @ 100 from a
        09:05:00  han  offers 20 @ 101 as c
        09:05:05  lin  bids   20 @ 101 as d
        09:05:05  d    takes  20 @ 101 from c
        09:09:00  lin  offers 20 @ 100 as e
        09:09:05  gao  bids   20 @ 100 as f
        09:09:05  f    takes  20 @ 100 from e
        """,
        ["wash.circular: gao han lin on a b c d e f"],
    ),
    "they go from hand to hand and stay with the last": (
        """
        09:00:00  gao  offers 20 @ 100 as a
        09:00:05  han  bids   20 @ 100 as b
        09:00:05  b    takes  20 @ 100 from a
        09:05:00  han  offers 20 @ 101 as c
        09:05:05  lin  bids   20 @ 101 as d
        09:05:05  d    takes  20 @ 101 from c
        09:09:00  lin  offers 20 @ 100 as e
        09:09:05  mei  bids   20 @ 100 as f
        09:09:05  f    takes  20 @ 100 from e
        """,
        [],
    ),
    "they come back at another price: somebody won and somebody lost": (
        """
        09:00:00  gao  offers 20 @ 100 as a
        09:00:05  han  bids   20 @ 100 as b
        09:00:05  b    takes  20 @ 100 from a
        09:05:00  han  offers 20 @ 110 as c
        09:05:05  gao  bids   20 @ 110 as d
        09:05:05  d    takes  20 @ 110 from c
        """,
        [],
    ),
    "two strangers hand the same lots back and forth": (
        """
        09:00:00  gao  offers 20 @ 100 as a
        09:00:05  han  bids   20 @ 100 as b
        09:00:05  b    takes  20 @ 100 from a
        09:30:05  han  offers 20 @ 100 as c
        09:30:05  gao  bids   20 @ 100 as d
        09:30:05  d    takes  20 @ 100 from c
        """,
        ["wash.circular: gao han on a b c d"],
    ),
    "they come back a second later than half an hour": (
        """
        09:00:00  gao  offers 20 @ 100 as a
        09:00:05  han  bids   20 @ 100 as b
        09:00:05  b    takes  20 @ 100 from a
        09:30:06  han  offers 20 @ 100 as c
        09:30:06  gao  bids   20 @ 100 as d
        09:30:06  d    takes  20 @ 100 from c
        """,
        [],
    ),
    "a ring that closes through another account of the first": (
        """
        gao2 belongs to gao
        09:00:00  gao  offers 20 @ 100 as a
        09:00:05  han  bids   20 @ 100 as b
        09:00:05  b    takes  20 @ 100 from a
        09:05:00  han  offers 20 @ 100 as c
        09:05:05  gao2 bids   20 @ 100 as d
        09:05:05  d    takes  20 @ 100 from c
        """,
        ["wash.circular: gao han on a b c d"],
    ),
}

LAYERING = {
    "three bids lift the price for one offer, and go when it is sold": (
        """
        09:00:00  wu   offers 10 @ 101 as real
        09:00:10  wu   bids   10 @  99 as l1
        09:00:11  wu   bids   10 @  98 as l2
        09:00:12  wu   bids   10 @  97 as l3
        09:00:30  li   bids   10 @ 101 as lis
        09:00:30  lis  takes  10 @ 101 from real
        09:00:40  l1   is withdrawn
        09:00:41  l2   is withdrawn
        09:00:42  l3   is withdrawn
        """,
        ["layering: wu on real l1 l2 l3"],
    ),
    "the same bids as icebergs, which show a lot each": (
        """
        09:00:00  wu   offers 10 @ 101 as real
        09:00:10  wu   bids   10 @  99 as l1
        09:00:10  l1   shows  1 @  99
        09:00:11  wu   bids   10 @  98 as l2
        09:00:11  l2   shows  1 @  98
        09:00:12  wu   bids   10 @  97 as l3
        09:00:12  l3   shows  1 @  97
        09:00:30  li   bids   10 @ 101 as lis
        09:00:30  lis  takes  10 @ 101 from real
        09:00:40  l1   is withdrawn
        09:00:41  l2   is withdrawn
        09:00:42  l3   is withdrawn
        """,
        [],
    ),
    "pegged bids, which the book put two ticks below: they impress like others": (
        """
        09:00:00  wu   offers 10 @ 101 as real
        09:00:10  wu   bids   10 @ 120 as l1
        09:00:10  l1   shows  10 @  99
        09:00:11  wu   bids   10 @ 120 as l2
        09:00:11  l2   shows  10 @  98
        09:00:12  wu   bids   10 @ 120 as l3
        09:00:12  l3   shows  10 @  97
        09:00:30  li   bids   10 @ 101 as lis
        09:00:30  lis  takes  10 @ 101 from real
        09:00:40  l1   is withdrawn
        09:00:41  l2   is withdrawn
        """,
        ["layering: wu on real l1 l2 l3"],
    ),
    "stops wait unseen, and impress nobody": (
        """
        09:00:00  wu   offers 10 @ 101 as real
        09:00:10  wu   bids   10 @  99 as l1
        09:00:10  l1   shows  0 @  99
        09:00:11  wu   bids   10 @  98 as l2
        09:00:11  l2   shows  0 @  98
        09:00:12  wu   bids   10 @  97 as l3
        09:00:12  l3   shows  0 @  97
        09:00:30  li   bids   10 @ 101 as lis
        09:00:30  lis  takes  10 @ 101 from real
        09:00:40  l1   is withdrawn
        09:00:41  l2   is withdrawn
        """,
        [],
    ),
    "three bids that are cut because they met their sender's own offer": (
        """
        09:00:00  wu   offers 10 @ 101 as real
        09:00:10  wu   bids   10 @  99 as l1
        09:00:11  wu   bids   10 @  98 as l2
        09:00:12  wu   bids   10 @  97 as l3
        09:00:30  li   bids   10 @ 101 as lis
        09:00:30  lis  takes  10 @ 101 from real
        09:00:40  l1   is cut to 1
        09:00:41  l2   is cut to 1
        09:00:42  l3   is cut to 1
        """,
        [],
    ),
    "three bids that stay": (
        """
        09:00:00  wu   offers 10 @ 101 as real
        09:00:10  wu   bids   10 @  99 as l1
        09:00:11  wu   bids   10 @  98 as l2
        09:00:12  wu   bids   10 @  97 as l3
        09:00:30  li   bids   10 @ 101 as lis
        09:00:30  lis  takes  10 @ 101 from real
        09:00:40  l1   is withdrawn
        """,
        [],
    ),
    "three bids that the day ends, not their sender": (
        """
        09:00:00  wu   offers 10 @ 101 as real
        09:00:10  wu   bids   10 @  99 as l1
        09:00:11  wu   bids   10 @  98 as l2
        09:00:12  wu   bids   10 @  97 as l3
        09:00:30  li   bids   10 @ 101 as lis
        09:00:30  lis  takes  10 @ 101 from real
        09:00:40  l1   ends
        09:00:40  l2   ends
        09:00:40  l3   ends
        """,
        [],
    ),
    "three bids that are hit: they were meant": (
        """
        09:00:00  wu   offers 10 @ 101 as real
        09:00:10  wu   bids   10 @  99 as l1
        09:00:11  wu   bids   10 @  98 as l2
        09:00:12  wu   bids   10 @  97 as l3
        09:00:30  li   bids   10 @ 101 as lis
        09:00:30  lis  takes  10 @ 101 from real
        09:00:40  li   offers 20 @  97 as sale
        09:00:40  sale takes  10 @  99 from l1
        09:00:40  sale takes  10 @  98 from l2
        09:00:50  l3   is withdrawn
        """,
        [],
    ),
    "a market maker who shows both sides alike and renews its bids": (
        """
        09:00:00  mm   offers 10 @ 101 as o1
        09:00:00  mm   offers 10 @ 102 as o2
        09:00:00  mm   offers 10 @ 103 as o3
        09:00:00  mm   bids   10 @  99 as b1
        09:00:00  mm   bids   10 @  98 as b2
        09:00:00  mm   bids   10 @  97 as b3
        09:00:30  li   bids   10 @ 101 as lis
        09:00:30  lis  takes  10 @ 101 from o1
        09:00:31  b1   is withdrawn
        09:00:31  b2   is withdrawn
        09:00:31  b3   is withdrawn
        """,
        [],
    ),
    "one large bid alone is not layers": (
        """
        09:00:00  wu   offers 10 @ 101 as real
        09:00:10  wu   bids   30 @  99 as big
        09:00:30  li   bids   10 @ 101 as lis
        09:00:30  lis  takes  10 @ 101 from real
        09:00:40  big  is withdrawn
        """,
        [],
    ),
    "layers moved away, or cut to one lot, are as good as withdrawn": (
        """
        09:00:00  wu   bids   10 @  99 as real
        09:00:10  wu   offers 20 @ 101 as l1
        09:00:11  wu   offers 20 @ 102 as l2
        09:00:12  wu   offers 20 @ 103 as l3
        09:00:30  li   offers 10 @  99 as lis
        09:00:30  lis  takes  10 @  99 from real
        09:00:40  l1   moves to 20 @ 140
        09:00:41  l2   shrinks to 1
        """,
        ["layering: wu on real l1 l2 l3"],
    ),
    "layers moved towards the market are not": (
        """
        09:00:00  wu   bids   10 @  99 as real
        09:00:10  wu   offers 20 @ 101 as l1
        09:00:11  wu   offers 20 @ 102 as l2
        09:00:12  wu   offers 20 @ 103 as l3
        09:00:30  li   offers 10 @  99 as lis
        09:00:30  lis  takes  10 @  99 from real
        09:00:40  l1   moves to 20 @ 100
        09:00:41  l2   moves to 20 @ 100
        """,
        [],
    ),
    "one account sells, another of the same member shows the bids": (
        """
        wu2 belongs to wu
        09:00:00  wu   offers 10 @ 101 as real
        09:00:10  wu2  bids   10 @  99 as l1
        09:00:11  wu2  bids   10 @  98 as l2
        09:00:12  wu2  bids   10 @  97 as l3
        09:00:30  li   bids   10 @ 101 as lis
        09:00:30  lis  takes  10 @ 101 from real
        09:00:40  l1   is withdrawn
        09:00:41  l2   is withdrawn
        """,
        ["layering: wu wu2 on real l1 l2 l3"],
    ),
    "a stranger's bids go after somebody's sale": (
        """
        09:00:00  wu   offers 10 @ 101 as real
        09:00:10  mei  bids   10 @  99 as l1
        09:00:11  mei  bids   10 @  98 as l2
        09:00:12  mei  bids   10 @  97 as l3
        09:00:30  li   bids   10 @ 101 as lis
        09:00:30  lis  takes  10 @ 101 from real
        09:00:40  l1   is withdrawn
        09:00:41  l2   is withdrawn
        """,
        [],
    ),
    "withdrawn exactly a minute after the fill": (
        """
        09:00:00  wu   offers 10 @ 101 as real
        09:00:10  wu   bids   10 @  99 as l1
        09:00:11  wu   bids   10 @  98 as l2
        09:00:12  wu   bids   10 @  97 as l3
        09:00:30  li   bids   10 @ 101 as lis
        09:00:30  lis  takes  10 @ 101 from real
        09:01:30  l1   is withdrawn
        09:01:30  l2   is withdrawn
        """,
        ["layering: wu on real l1 l2 l3"],
    ),
    "withdrawn a second later": (
        """
        09:00:00  wu   offers 10 @ 101 as real
        09:00:10  wu   bids   10 @  99 as l1
        09:00:11  wu   bids   10 @  98 as l2
        09:00:12  wu   bids   10 @  97 as l3
        09:00:30  li   bids   10 @ 101 as lis
        09:00:30  lis  takes  10 @ 101 from real
        09:01:31  l1   is withdrawn
        09:01:31  l2   is withdrawn
        """,
        [],
    ),
    "bids that rested long before the sale": (
        """
        09:00:10  wu   bids   10 @  99 as l1
        09:00:11  wu   bids   10 @  98 as l2
        09:00:12  wu   bids   10 @  97 as l3
        09:10:00  wu   offers 10 @ 101 as real
        09:10:30  li   bids   10 @ 101 as lis
        09:10:30  lis  takes  10 @ 101 from real
        09:10:40  l1   is withdrawn
        09:10:41  l2   is withdrawn
        """,
        [],
    ),
}

CLOSE = {
    "two purchases in the last minutes lift the price by four in a hundred": (
        """
        the last price is 100
        14:51:00  li   offers  5 @ 102 as o1
        14:51:00  mei  offers  5 @ 104 as o2
        14:58:00  wu   bids   10 @ 104 as b
        14:58:00  b    takes   5 @ 102 from o1
        14:58:00  b    takes   5 @ 104 from o2
        15:00:00  trading closes
        """,
        ["close.marked: wu on b"],
    ),
    "an auction pairs the same orders at these prices: nobody took": (
        """
        the last price is 100
        14:51:00  li   offers  5 @ 102 as o1
        14:51:00  mei  offers  5 @ 104 as o2
        14:58:00  wu   bids   10 @ 104 as b
        14:58:00  b    pairs   5 @ 102 with o1
        14:58:00  b    pairs   5 @ 104 with o2
        15:00:00  trading closes
        """,
        [],
    ),
    "purchases after an auction count from the auction's price": (
        """
        the last price is 100
        14:51:00  li   offers  5 @ 104 as o1
        14:51:00  mei  offers  5 @ 105 as o2
        14:57:00  han  bids    1 @ 104 as h
        14:57:00  h    pairs   1 @ 104 with o1
        14:58:00  wu   bids    9 @ 105 as b
        14:58:00  b    takes   4 @ 104 from o1
        14:58:00  b    takes   5 @ 105 from o2
        15:00:00  trading closes
        """,
        [],
    ),
    "by less than four": (
        """
        the last price is 100
        14:51:00  li   offers  5 @ 102 as o1
        14:51:00  mei  offers  5 @ 103 as o2
        14:58:00  wu   bids   10 @ 104 as b
        14:58:00  b    takes   5 @ 102 from o1
        14:58:00  b    takes   5 @ 103 from o2
        15:00:00  trading closes
        """,
        [],
    ),
    "the same purchases eleven minutes before": (
        """
        the last price is 100
        14:40:00  li   offers  5 @ 102 as o1
        14:40:00  mei  offers  5 @ 104 as o2
        14:49:00  wu   bids   10 @ 104 as b
        14:49:00  b    takes   5 @ 102 from o1
        14:49:00  b    takes   5 @ 104 from o2
        15:00:00  trading closes
        """,
        [],
    ),
    "the price comes back before the close": (
        """
        the last price is 100
        14:51:00  li   offers  5 @ 102 as o1
        14:51:00  mei  offers  5 @ 104 as o2
        14:58:00  wu   bids   10 @ 104 as b
        14:58:00  b    takes   5 @ 102 from o1
        14:58:00  b    takes   5 @ 104 from o2
        14:59:00  li   bids    1 @ 100 as b2
        14:59:00  mei  offers  1 @ 100 as o3
        14:59:00  o3   takes   1 @ 100 from b2
        15:00:00  trading closes
        """,
        [],
    ),
    "everybody buys: news, and nobody's work": (
        """
        the last price is 100
        14:51:00  mei  offers 40 @ 102 as o1
        14:51:00  mei  offers 40 @ 104 as o2
        14:57:00  wu   bids   10 @ 102 as b1
        14:57:00  b1   takes  10 @ 102 from o1
        14:57:30  li   bids   10 @ 102 as b2
        14:57:30  b2   takes  10 @ 102 from o1
        14:58:00  han  bids   10 @ 104 as b3
        14:58:00  b3   takes  10 @ 104 from o2
        14:58:30  gao  bids   10 @ 104 as b4
        14:58:30  b4   takes  10 @ 104 from o2
        15:00:00  trading closes
        """,
        [],
    ),
    "much is bought at a standing price": (
        """
        the last price is 100
        14:51:00  li   offers 50 @ 100 as o1
        14:58:00  wu   bids   25 @ 100 as b1
        14:58:00  b1   takes  25 @ 100 from o1
        14:59:00  wu   bids   25 @ 100 as b2
        14:59:00  b2   takes  25 @ 100 from o1
        15:00:00  trading closes
        """,
        [],
    ),
    "the price is pressed down by two accounts of one member": (
        """
        wu2 belongs to wu
        the last price is 100
        14:51:00  li   bids    5 @  98 as b1
        14:51:00  mei  bids    5 @  96 as b2
        14:58:00  wu   offers  5 @  98 as o1
        14:58:00  o1   takes   5 @  98 from b1
        14:59:00  wu2  offers  5 @  96 as o2
        14:59:00  o2   takes   5 @  96 from b2
        15:00:00  trading closes
        """,
        ["close.marked: wu wu2 on o1 o2"],
    ),
    "each of two strangers presses once": (
        """
        the last price is 100
        14:51:00  li   bids    5 @  98 as b1
        14:51:00  mei  bids    5 @  96 as b2
        14:58:00  wu   offers  5 @  98 as o1
        14:58:00  o1   takes   5 @  98 from b1
        14:59:00  gao  offers  5 @  96 as o2
        14:59:00  o2   takes   5 @  96 from b2
        15:00:00  trading closes
        """,
        [],
    ),
    "who pushes up also sells as much: a market maker": (
        """
        the last price is 100
        14:51:00  li   offers  5 @ 102 as o1
        14:51:00  mei  offers  5 @ 104 as o2
        14:51:00  li   bids    5 @ 100 as b1
        14:57:00  mm   offers  5 @ 100 as o3
        14:57:00  o3   takes   5 @ 100 from b1
        14:58:00  mm   bids   10 @ 104 as b
        14:58:00  b    takes   5 @ 102 from o1
        14:58:00  b    takes   5 @ 104 from o2
        15:00:00  trading closes
        """,
        [],
    ),
    "the first trades there ever were moved nothing": (
        """
        14:51:00  li   offers  5 @ 104 as o1
        14:58:00  wu   bids    5 @ 104 as b
        14:58:00  b    takes   3 @ 104 from o1
        14:58:01  b    takes   2 @ 104 from o1
        15:00:00  trading closes
        """,
        [],
    ),
}

FIVE_PURCHASES = """
        the last price is 100
        14:00:00  li   offers 10 @ 101 as o1
        14:00:00  li   offers 10 @ 102 as o2
        14:00:00  li   offers 10 @ 103 as o3
        14:00:00  li   offers 10 @ 104 as o4
        14:00:00  li   offers 10 @ 105 as o5
        14:10:00  wu   bids   10 @ 101 as b1
        14:10:00  b1   takes  10 @ 101 from o1
        14:14:00  wu   bids   10 @ 102 as b2
        14:14:00  b2   takes  10 @ 102 from o2
        14:18:00  wu   bids   10 @ 103 as b3
        14:18:00  b3   takes  10 @ 103 from o3
        14:22:00  wu   bids   10 @ 104 as b4
        14:22:00  b4   takes  10 @ 104 from o4
        14:26:00  wu   bids   10 @ 105 as b5
        14:26:00  b5   takes  10 @ 105 from o5
"""
RAMP = {
    "a run of purchases before an auction": (
        f"{FIVE_PURCHASES} 14:30:00 an auction begins",
        ["ramp: wu on b1 b2 b3 b4 b5"],
    ),
    "a run of purchases before the holders of record are fixed": (
        f"{FIVE_PURCHASES} 14:30:00 holders are fixed",
        ["ramp: wu on b1 b2 b3 b4 b5"],
    ),
    "the same run on a day without either": (
        f"{FIVE_PURCHASES} 14:40:01 trading closes",
        [],
    ),
    "the run is over half an hour before: its first purchase no longer counts": (
        f"{FIVE_PURCHASES} 14:40:01 an auction begins",
        [],
    ),
    "four purchases are no run": (
        FIVE_PURCHASES.replace("14:26:00  b5   takes  10 @ 105 from o5", "") + " 14:30:00 an auction begins",
        [],
    ),
    "the run is answered by sales to half its lots": (
        f"""{FIVE_PURCHASES}
        14:27:00  li   bids   30 @ 105 as b6
        14:27:00  wu   offers 30 @ 105 as o6
        14:27:00  o6   takes  30 @ 105 from b6
        14:30:00  an auction begins
        """,
        [],
    ),
}

STORIES = {**WASH, **LAYERING, **CLOSE, **RAMP}


@pytest.mark.parametrize("title", STORIES)
def test_the_story_raises_what_it_should_and_nothing_else(title: str) -> None:
    text, expected = STORIES[title]

    assert Story.told(text).raised() == expected


def test_every_pattern_has_a_story_that_raises_it_and_twins_that_do_not() -> None:
    for stories in (WASH, LAYERING, CLOSE, RAMP):
        assert any(expected for _, expected in stories.values())
        assert sum(not expected for _, expected in stories.values()) >= 4


def test_an_alert_says_in_a_sentence_what_was_seen() -> None:
    said = {
        alert.kind.value: alert.sentence
        for text, _ in (
            WASH["two desks of one member with matched orders"],
            WASH["the same lots go round three strangers and come back"],
            LAYERING["three bids lift the price for one offer, and go when it is sold"],
            CLOSE["two purchases in the last minutes lift the price by four in a hundred"],
        )
        for alert in Story.told(text).alerts()
    }

    assert said == {
        "wash.related": "A1-1001 and A1-1002 traded 10 lots at 100 ticks with each other: the accounts are one "
        "member's, and their orders, alike in price and lots, came 60 seconds apart.",
        "wash.circular": "20 lots went round A1-1001, A1-1002 and A1-1003 in 3 matched trades within 540 seconds and "
        "came back to the first.",
        "layering": "A1-1001 showed 30 lots in 3 bids against 10 lots on the other side, was filled there, selling at "
        "101 ticks, and withdrew 66.6 % of what it showed within 11 seconds.",
        "close.marked": "A1-1003 bought 10 lots aggressively in 2 trades from 120 seconds before trading closed, "
        "100.0 % of all, and moved the price up by 4.0 %, from 100 to 104 ticks.",
    }
