"""Plays a text in which people trade on the real engine, line by line, and compares what happens with what it says.

    wu   sells 10 @ 100 as a                -> rests
    li   buys  15 @ 101                     -> wu 10 @ 100; 5 rest
    li   buys  15 @ 101 ioc                 -> 15 cancelled: immediate_or_cancel
    li   buys  15 at market spending 500    -> wu 5 @ 100; 10 cancelled: market_remainder
    li   buys  1 @ 501                      -> hold.insufficient_available
    li   buys  1 @ 50 on 7 as b             -> rests                    (over connection 7, ends with it)
    wu   cancels a                          -> 3 lots
    wu   replaces a by 5 @ 100              -> keeps its place
    li   cancels all                        -> 2 orders end: cancel_all
    ops  halts                              -> done
    connection 7 is lost                    -> 1 order ends: disconnected
    the node restarts                       -> done
    book                                    -> 99 x 15 (2) | 101 x 7 (1)
    li   has 10 units, 500 cash             -> holds 3 units, 20 cash

`ops` also opens, closes, freezes and releases. Every line may end in `in CODE` when there is more than one instrument.
Runs are finished after each line, as the node does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from custody.corrections_messages import FreezeAsset
from exchange.core.ids import ConnectionId, OrderId
from exchange.core.instruments import OrderType, Phase, Side, TimeInForce
from exchange.core.membership import FreezeMember
from exchange.core.messages import Event, Rejected
from exchange.core.node_messages import LoseConnection, RunStarted
from exchange.core.units import Minor, PriceTicks, QuantityLots
from matching.book_messages import BookSide
from matching.messages import (
    CancelAllOrders,
    CancelOrder,
    ChangePhase,
    FreezeInstrument,
    OrderAccepted,
    OrderCancelled,
    OrderReplaced,
    PlaceOrder,
    ReplaceOrder,
    TradeMade,
)
from tests.support import Venue

ORDER = re.compile(
    r"(?P<who>\w+) (?P<verb>buys|sells) (?P<lots>\d+) (?:@ (?P<price>\d+)|at market)"
    r"(?: (?P<tif>day|gtc|ioc|fok|at_open|at_close))?"
    r"(?: spending (?P<cap>\d+))?(?: on (?P<connection>\d+))?(?: as (?P<name>\w+))?"
)
REPLACE = re.compile(r"(?P<who>\w+) replaces (?P<name>\w+) by (?P<lots>\d+) @ (?P<price>\d+)")
CANCEL = re.compile(r"(?P<who>\w+) cancels (?P<name>\w+)")
CANCEL_ALL = re.compile(r"(?P<who>\w+) cancels all(?: (?P<side>bids|offers))?")
OPERATOR = re.compile(r"ops (?P<verb>opens|halts|closes|freezes|releases)(?: (?P<whom>\w+))?")
LOST = re.compile(r"connection (?P<connection>\d+) is lost")
HAS = re.compile(r"(?P<who>\w+) has (?P<units>\d+) units, (?P<cash>\d+) cash")
PHASES = {"opens": Phase.CONTINUOUS, "halts": Phase.HALTED, "closes": Phase.CLOSED}


def play(venue: Venue, text: str) -> None:
    """Play every line; the first that ends otherwise than it says is an AssertionError."""
    for line in filter(None, (part.partition("#")[0].strip() for part in text.splitlines())):
        asked, _, expected = (" ".join(part.split()) for part in line.partition("->"))
        asked, _, code = asked.partition(" in ")
        happened = play_line(venue, asked, code or "INS")
        assert happened == expected, f"{line}\n  should be: {expected}\n  was:       {happened}"


def play_line(venue: Venue, asked: str, code: str) -> str:
    if asked == "book":
        return _book(venue, code)
    if found := CANCEL_ALL.fullmatch(asked):
        side = {"bids": Side.BUY, "offers": Side.SELL, None: None}[found["side"]]
        command = CancelAllOrders(account_id=venue.accounts[found["who"]], side=side)
        return _ended(venue, venue.do(command, found["who"]))
    players: list[tuple[re.Pattern[str], Callable[[Venue, re.Match[str], str], str]]] = [
        (ORDER, _order),
        (REPLACE, _replace),
        (CANCEL, _cancel),
        (OPERATOR, _operator),
        (HAS, _has),
    ]
    for pattern, player in players:
        if found := pattern.fullmatch(asked):
            return player(venue, found, code)
    if asked == "the node restarts":
        return _ended(venue, venue.restart())
    if found := LOST.fullmatch(asked):
        return _ended(venue, venue.do(LoseConnection(connection_id=ConnectionId(int(found["connection"]))), "node"))
    raise AssertionError(f"not a line of a scenario: {asked}")


def _order(venue: Venue, found: re.Match[str], code: str) -> str:
    market = found["price"] is None
    cap, connection = found["cap"], found["connection"]
    name = found["name"] or f"order{len(venue.orders) + 1}"
    command = PlaceOrder(
        client_order_id=name,
        account_id=venue.accounts[found["who"]],
        instrument_id=venue.instruments[code],
        side=Side.BUY if found["verb"] == "buys" else Side.SELL,
        quantity_lots=QuantityLots(int(found["lots"])),
        price_ticks=None if market else PriceTicks(int(found["price"])),
        order_type=OrderType.MARKET if market else OrderType.LIMIT,
        time_in_force=TimeInForce(found["tif"] or "day"),
        max_notional_minor=Minor(int(cap)) if cap else None,
        cancel_on_disconnect=connection is not None,
    )
    events = venue.do(command, found["who"], ConnectionId(int(connection or 0)))
    if isinstance(events[0], OrderAccepted):
        venue.orders[name] = events[0].order_id
    return _told(venue, events)


def _replace(venue: Venue, found: re.Match[str], code: str) -> str:
    del code
    order_id = venue.orders[found["name"]]
    command = ReplaceOrder(
        account_id=venue.accounts[found["who"]],
        order_id=order_id,
        client_order_id=found["name"],
        price_ticks=PriceTicks(int(found["price"])),
        quantity_lots=QuantityLots(int(found["lots"])),
    )
    events = venue.do(command, found["who"])
    if isinstance(events[0], OrderReplaced) and events[0].priority < venue.state.sequence:
        return "keeps its place"
    return _told(venue, events)


def _cancel(venue: Venue, found: re.Match[str], code: str) -> str:
    del code
    order_id = venue.orders.get(found["name"], OrderId(1))
    events = venue.do(CancelOrder(account_id=venue.accounts[found["who"]], order_id=order_id), found["who"])
    if isinstance(events[0], OrderCancelled):
        return f"{events[0].cancelled_lots} lots"
    return _told(venue, events)


def _operator(venue: Venue, found: re.Match[str], code: str) -> str:
    verb, whom = found["verb"], found["whom"]
    if verb in PHASES:
        return _ended(venue, venue.do(ChangePhase(instrument_id=venue.instruments[code], phase=PHASES[verb])))
    frozen = verb == "freezes"
    if whom is None:
        return _ended(venue, venue.do(FreezeInstrument(instrument_id=venue.instruments[code], frozen=frozen)))
    if whom in ("money", "asset"):
        asset_id = venue.money if whom == "money" else venue.asset(code)
        return _ended(venue, venue.do(FreezeAsset(asset_id=asset_id, frozen=frozen)))
    return _ended(venue, venue.do(FreezeMember(member_id=venue.members[whom], frozen=frozen)))


def _has(venue: Venue, found: re.Match[str], code: str) -> str:
    who = found["who"]
    venue.has(who, units=int(found["units"]), cash=int(found["cash"]), code=code)
    return f"holds {venue.held(who, code)} units, {venue.held(who)} cash"


def _told(venue: Venue, events: list[Event]) -> str:
    """What became of an order: its fills, and its rest."""
    if isinstance(events[0], Rejected):
        return events[0].code.value
    names = {account_id: name for name, account_id in venue.accounts.items()}
    fills: list[str] = []
    order_id = OrderId(0)
    for event in events:
        if isinstance(event, (OrderAccepted, OrderReplaced)):
            order_id = event.order_id
        elif isinstance(event, TradeMade):
            maker = event.seller if event.aggressor is Side.BUY else event.buyer
            fills.append(f"{names[maker.account_id]} {event.quantity_lots} @ {event.price_ticks}")
    traded = ", ".join(fills)
    last = events[-1]
    if isinstance(last, OrderCancelled):
        rest = f"{last.cancelled_lots} cancelled: {last.reason}"
    elif order_id in venue.state.orders:
        rest = f"{venue.state.orders[order_id].remaining_lots} rest" if fills else "rests"
    else:
        rest = ""
    return "; ".join(filter(None, (traded, rest)))


def _ended(venue: Venue, events: list[Event]) -> str:
    """How many orders a command ended, at once or by its run."""
    if events and isinstance(events[0], Rejected):
        return events[0].code.value
    ended: Counter[str] = Counter(event.reason.value for event in events if isinstance(event, OrderCancelled))
    if any(isinstance(event, RunStarted) for event in events):
        place = len(venue.journal)
        venue.finish_runs()
        ended.update(
            event.reason.value
            for entry in venue.journal[place:]
            for event in entry.events
            if isinstance(event, OrderCancelled)
        )
    if not ended:
        return "done"
    [(reason, count)] = ended.items()
    return f"{count} orders end: {reason}" if count > 1 else f"1 order ends: {reason}"


def _book(venue: Venue, code: str) -> str:
    book = venue.state.books[venue.instruments[code]]
    bids, offers = (
        ", ".join(f"{level.price_ticks} x {level.lots} ({level.order_count})" for level in book.levels(side))
        for side in (BookSide.BUY, BookSide.SELL)
    )
    return f"{bids} | {offers}".strip()
