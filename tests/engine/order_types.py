"""Plays a text with every kind of order on the real engine, line by line, and compares all that follows with it.

    wu sells 10 @ 100 showing 3 as a    -> a shows 3 @ 100              iceberg
    wu sells 10 @ 100 hidden as a       -> a shows 0 @ 100
    li buys 4 @ 100                     -> li 3 wu @ 100; a shows 3 @ 100; li 1 wu @ 100
    wu sells 5 stop 95 as s             -> s waits at 95                stop; with `@ 93` a stop-limit
    wu sells 5 trailing 4 as t          -> t waits at 96                with `offset 1` a stop-limit
    li buys 5 pegged best as p          -> p shows 5 @ 90               also mid, market; `offset 2`; `@ 95` at most
    ... post | whole | least 4       post-only, all-or-none, minimum quantity
    ... with a                          one cancels the other
    ... oldest | both | decrement       self-trade prevention
    ... until 60                        good till that many seconds from now

An order may also say `day`, `gtc`, `ioc`, `fok`, `at_open`, `at_close`. What follows is told in order: trades as
buyer, lots, seller, price; where orders now stand; how they shrink (`a is cut to 3`), are covered (`b holds 300`) and
end (`a ends: expired`). Nothing told: `rests`. Other lines:

    wu cancels a  ·  wu replaces a by 5 @ 101 [stop 94]  ·  60 seconds pass  ·  the node restarts  ·  runs finish
    book                  -> 99 x 15 (2) | 101 x 7 (1)
    wu holds              -> 10 units, 0 cash
"""

from __future__ import annotations

import re
from typing import Any

from exchange.core.ids import OrderId
from exchange.core.instruments import OrderPlace, OrderType, SelfTradePrevention, Side, TimeInForce
from exchange.core.messages import Event, Rejected
from exchange.core.node_messages import AdvanceClock
from exchange.core.units import NS_PER_SECOND
from matching.messages import (
    CancelOrder,
    MoveCause,
    OrderAccepted,
    OrderCancelled,
    OrderCovered,
    OrderMoved,
    OrderReduced,
    OrderReplaced,
    PlaceOrder,
    ReplaceOrder,
    TradeMade,
)
from tests import scenario
from tests.support import Venue

ORDER = re.compile(r"(?P<who>\w+) (?P<verb>buys|sells) (?P<lots>\d+)(?P<words>.*)")
REPLACE = re.compile(r"(?P<who>\w+) replaces (?P<name>\w+) by (?P<lots>\d+) @ (?P<price>\d+)(?: stop (?P<stop>\d+))?")
CANCEL = re.compile(r"(?P<who>\w+) cancels (?P<name>\w+)")
PASS = re.compile(r"(?P<seconds>\d+) seconds pass")
HOLDS = re.compile(r"(?P<who>\w+) holds")
PREVENTIONS = {
    "oldest": SelfTradePrevention.CANCEL_OLDEST,
    "both": SelfTradePrevention.CANCEL_BOTH,
    "decrement": SelfTradePrevention.DECREMENT,
}
PEGS = {"best": OrderType.PEGGED_BEST, "mid": OrderType.PEGGED_MID, "market": OrderType.PEGGED_MARKET}
FLAGS = {"hidden": "hidden", "post": "post_only", "whole": "all_or_none"}
NUMBERS = {
    "@": "price_ticks",
    "stop": "stop_ticks",
    "trailing": "trail_ticks",
    "offset": "offset_ticks",
    "showing": "display_lots",
    "least": "minimum_lots",
    "spending": "max_notional_minor",
}


class Teller:
    """Plays lines on a venue and names its orders."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.names: dict[int, str] = {}

    def play(self, text: str) -> None:
        """Play every line; the first that ends otherwise than it says is an AssertionError."""
        for line in filter(None, (part.partition("#")[0].strip() for part in text.splitlines())):
            asked, _, expected = (" ".join(part.split()) for part in line.partition("->"))
            happened = self.line(asked)
            assert happened == expected, f"{line}\n  should be: {expected}\n  was:       {happened}"

    def line(self, asked: str) -> str:
        """What one line comes to."""
        venue = self.venue
        if found := PASS.fullmatch(asked):
            venue.pass_time(seconds=int(found["seconds"]))
            return self.told(venue.do(AdvanceClock(), "node"))
        if found := HOLDS.fullmatch(asked):
            return f"{venue.held(found['who'], 'INS')} units, {venue.held(found['who'])} cash"
        if asked == "the node restarts":
            return self.told(venue.restart()[1:])
        if asked == "runs finish":
            place = len(venue.journal)
            venue.finish_runs()
            return self.told([event for entry in venue.journal[place:] for event in entry.events])
        if found := ORDER.fullmatch(asked):
            return self.order(found["who"], found["verb"], int(found["lots"]), found["words"].split())
        if found := REPLACE.fullmatch(asked):
            return self.replace(found)
        if found := CANCEL.fullmatch(asked):
            account = venue.accounts[found["who"]]
            return self.told(
                venue.do(CancelOrder(account_id=account, order_id=self.id_of(found["name"])), found["who"])
            )
        return scenario.play_line(venue, asked, "INS")

    def order(self, who: str, verb: str, lots: int, words: list[str]) -> str:
        """Place an order as the words say."""
        venue, terms = self.venue, dict[str, Any]()
        name = f"order{len(venue.orders) + 1}"
        while words:
            word = words.pop(0)
            if word in NUMBERS:
                terms[NUMBERS[word]] = int(words.pop(0))
            elif word in FLAGS:
                terms[FLAGS[word]] = True
            elif word in PREVENTIONS:
                terms["self_trade_prevention"] = PREVENTIONS[word]
            elif word == "pegged":
                terms["order_type"] = PEGS[words.pop(0)]
            elif word == "at":
                assert words.pop(0) == "market"
                terms["order_type"] = OrderType.MARKET
            elif word == "with":
                terms["oco_order_id"] = self.id_of(words.pop(0))
            elif word == "until":
                terms["time_in_force"] = TimeInForce.GTD
                terms["expires_at_ns"] = venue.clock_ns + int(words.pop(0)) * NS_PER_SECOND
            elif word == "as":
                name = words.pop(0)
            else:
                terms["time_in_force"] = TimeInForce(word)
        priced = "price_ticks" in terms
        if "trail_ticks" in terms:
            limit = "offset_ticks" in terms
            terms["order_type"] = OrderType.TRAILING_STOP_LIMIT if limit else OrderType.TRAILING_STOP
        elif "stop_ticks" in terms:
            terms["order_type"] = OrderType.STOP_LIMIT if priced else OrderType.STOP
        command = PlaceOrder(
            client_order_id=name,
            account_id=venue.accounts[who],
            instrument_id=venue.instruments["INS"],
            side=Side.BUY if verb == "buys" else Side.SELL,
            quantity_lots=lots,  # type: ignore[arg-type]
            **terms,
        )
        events = venue.do(command, who)
        if isinstance(events[0], OrderAccepted):
            self.names[events[0].order_id] = name
            venue.orders[name] = events[0].order_id
        return self.told(events)

    def replace(self, found: re.Match[str]) -> str:
        """Put an order under new terms."""
        command = ReplaceOrder(
            account_id=self.venue.accounts[found["who"]],
            order_id=self.id_of(found["name"]),
            client_order_id=found["name"],
            price_ticks=int(found["price"]),  # type: ignore[arg-type]
            quantity_lots=int(found["lots"]),  # type: ignore[arg-type]
            stop_ticks=int(found["stop"]) if found["stop"] else None,  # type: ignore[arg-type]
        )
        events = self.venue.do(command, found["who"])
        kept = any(isinstance(event, OrderReplaced) and event.priority < self.venue.state.sequence for event in events)
        return self.told(events, "keeps its place" if kept else "rests")

    def id_of(self, name: str) -> OrderId:
        """The order of a name; one that is not known is order 1."""
        return self.venue.orders.get(name, OrderId(1))

    def told(self, events: list[Event], nothing: str = "rests") -> str:
        """All that orders did in some events, in order."""
        if events and isinstance(events[0], Rejected):
            return events[0].code.value
        parts = [part for event in events if (part := self.part(event))]
        return "; ".join(parts) or nothing

    def part(self, event: Event) -> str:
        """What one event says of an order; empty for the others."""
        if isinstance(event, TradeMade):
            who = {account: name for name, account in self.venue.accounts.items()}
            buyer, seller = who[event.buyer.account_id], who[event.seller.account_id]
            return f"{buyer} {event.quantity_lots} {seller} @ {event.price_ticks}"
        if not isinstance(event, (OrderCancelled, OrderCovered, OrderMoved, OrderReduced)):
            return ""
        name = self.names.get(event.order_id, "")
        if isinstance(event, OrderCancelled):
            return f"{name} ends: {event.reason.value}"
        if isinstance(event, OrderCovered):
            return f"{name} holds {event.hold_units}"
        if isinstance(event, OrderReduced):
            return f"{name} is cut to {event.remaining_lots}"
        if event.cause is MoveCause.TRIGGERED:
            return f"{name} acts"
        if event.place is OrderPlace.STOP:
            return f"{name} waits at {event.stop_ticks}"
        if event.place is OrderPlace.CALL:
            return f"{name} waits for its call"
        if event.place is OrderPlace.CONTINGENT:
            return f"{name} stands aside"
        return f"{name} shows {event.shown_lots} @ {event.price_ticks}"
