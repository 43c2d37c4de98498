"""Plays a text in which people trade, line by line, and compares what happens with what the line says.

    wu   sells 30 @ 100 iceberg 10 as ice  -> rests 30 @ 100 showing 10
    ren  sells 10 @ 100                    -> rests 10 @ 100
    li   buys  15 @ 101 ioc                -> ice 10 @ 100, ice shows 10 of 20, ren 5 @ 100
    book                                   -> | 100 x 15 (2)
    cancel ice                             -> cancelled 20

An order is *who buys|sells lots @ price*, then any of: market, stop 105 (becomes market), stop-limit 105, trailing 3
(or trailing 3 from 105), trailing-limit 3 offset 2, pegged best|mid|market, back 2 · day, gtc, gtd, ioc, fok, at-open,
at-close · iceberg 10, hidden, post-only, minimum 5, all-or-none, spending 500 · own newest|oldest|both|decrement,
group 7 · oco other · in 2 fills · as name. Without a name an order is called after who sent it.

The others: cancel a · cancel all of wu (or: of group 7, of all) bids|offers, at most 3 · replace a by 5 @ 100 stop 90 ·
opening call, closing call, volatility call, call, continuous, halt, fixed at 100 · auction, hand out 3, continue 3 ·
told last 100 reference 99 band 95 105 · book, indication, pending, open.

What happens is told in its order; whoever is named acted or was acted upon, and who sent the line is not named. A line
without an arrow goes on with the one before.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from matching.book_messages import (
    Book,
    BookEvent,
    BookOrder,
    BookRules,
    BookSide,
    Call,
    EventKind,
    Flag,
    Kind,
    Matching,
    Reason,
    Refusal,
    SelfTrade,
    TimeLimit,
)
from matching.book_records import (
    BookCommand,
    Cancel,
    CancelWhere,
    Continue,
    Replace,
    SetPhase,
    SetReferences,
    Submit,
    UncrossBegin,
    UncrossContinue,
)
from tests.matching.suite.against_model import paper_market, play_both

MANY = 1_000
ORDER = re.compile(r"(?P<who>\w+) (?P<verb>buys|sells) (?P<lots>\d+) @ (?P<price>\d+)(?P<words>.*)")
REPLACE = re.compile(
    r"replace (?P<name>\w+) by (?P<lots>\d+) @ (?P<price>\d+)(?: stop (?P<stop>\d+))?(?: in (?P<fills>\d+) fills?)?"
)
CANCEL_ALL = re.compile(
    r"cancel all of (?:group (?P<group>\d+)|(?P<who>\w+))(?: (?P<side>bids|offers))?(?: at most (?P<most>\d+))?"
)
TOLD = re.compile(r"told last (\d+) reference (\d+) band (\d+) (\d+)")
FIXED = re.compile(r"fixed at (\d+)")

CALLS = {
    "opening call": Call.OPENING,
    "closing call": Call.CLOSING,
    "volatility call": Call.VOLATILITY,
    "call": Call.OTHER,
}
OWN = {
    "newest": SelfTrade.CANCEL_NEWEST,
    "oldest": SelfTrade.CANCEL_OLDEST,
    "both": SelfTrade.CANCEL_BOTH,
    "decrement": SelfTrade.DECREMENT,
}
SIDES: dict[str | None, int] = {"bids": BookSide.BUY, "offers": BookSide.SELL, None: 0}
PEGS = {"best": Kind.PEGGED_BEST, "mid": Kind.PEGGED_MID, "market": Kind.PEGGED_MARKET}
NUMBERS = {
    "iceberg": "display_lots",
    "minimum": "minimum_lots",
    "spending": "max_notional_ticks",
    "group": "group_id",
    "back": "offset_ticks",
    "offset": "offset_ticks",
    "from": "stop_ticks",
}
WORDS: dict[str, dict[str, object]] = {
    "market": {"kind": Kind.MARKET},
    "hidden": {"hidden": True},
    "post-only": {"post_only": True},
    "all-or-none": {"all_or_none": True},
    **{word: {"time_limit": TimeLimit[word.upper().replace("-", "_")]} for word in (
        "day", "gtc", "gtd", "ioc", "fok", "at-open", "at-close",
    )},
}  # fmt: skip
STOPS = {
    "stop": (Kind.STOP, "stop_ticks"),
    "stop-limit": (Kind.STOP_LIMIT, "stop_ticks"),
    "trailing": (Kind.TRAILING_STOP, "trail_ticks"),
    "trailing-limit": (Kind.TRAILING_STOP_LIMIT, "trail_ticks"),
}


class SuiteMarket:
    """One book and the paper market beside it, its traders by name, its orders by name; it begins trading."""

    def __init__(self, make_book: Callable[[BookRules], Book], rules: BookRules) -> None:
        self.book = make_book(rules)
        self.paper = paper_market(rules)
        self.traders: dict[str, int] = {}
        self.ids: dict[str, int] = {}
        self.names: dict[int, str] = {}
        self.speaker = 0
        self.fold = Fold()
        self._do(SetPhase(Matching.CONTINUOUS, Call.NONE, 0, MANY))

    def plays(self, text: str) -> None:
        """Play every line; the first that ends otherwise than it says is an AssertionError."""
        for line in lines_of(text):
            asked, _, expected = (" ".join(part.split()) for part in line.partition("->"))
            happened = self.play(asked)
            assert happened == expected, f"{asked}\n  should be: {expected}\n  was:       {happened}"

    def play(self, asked: str) -> str:
        """One line; what happened."""
        self.speaker = 0
        match asked:
            case "book":
                return self._shown()
            case "pending":
                return "yes" if self.book.pending else "no"
            case "open":
                return str(len(self.book))
            case "indication":
                price, lots, imbalance, side = self.book.indication()
                return f"{lots} @ {price}{_over(imbalance, side)}" if price else "none"
            case _:
                return self._told(self._do(self._command(asked)))

    def _command(self, asked: str) -> BookCommand:
        if found := ORDER.fullmatch(asked):
            return self._order(found)
        if found := CANCEL_ALL.fullmatch(asked):
            who = 0 if found["who"] in (None, "all") else self._trader(found["who"])
            side = SIDES[found["side"]]
            return CancelWhere(who, int(found["group"] or 0), side, Reason.CANCEL_ALL, int(found["most"] or MANY))
        if found := REPLACE.fullmatch(asked):
            self.speaker = self.ids[found["name"]]
            fills = int(found["fills"] or MANY)
            return Replace(self.speaker, int(found["price"]), int(found["lots"]), int(found["stop"] or 0), fills)
        if found := TOLD.fullmatch(asked):
            last, reference, low, high = map(int, found.groups())
            return SetReferences(last, reference, low, high)
        if found := FIXED.fullmatch(asked):
            return SetPhase(Matching.FIXED_PRICE, Call.NONE, int(found[1]), MANY)
        match asked.split():
            case ["cancel", name]:
                self.speaker = self.ids[name]
                return Cancel(self.speaker, Reason.REQUESTED)
            case ["auction"]:
                return UncrossBegin()
            case ["hand", "out", steps]:
                return UncrossContinue(int(steps))
            case ["continue", steps]:
                return Continue(int(steps))
            case ["continuous"]:
                return SetPhase(Matching.CONTINUOUS, Call.NONE, 0, MANY)
            case ["continuous", "in", steps, _]:
                return SetPhase(Matching.CONTINUOUS, Call.NONE, 0, int(steps))
            case ["halt"]:
                return SetPhase(Matching.HALTED, Call.NONE, 0, MANY)
            case _:
                name, _, steps = asked.partition(" in ")
                return SetPhase(Matching.COLLECT, CALLS[name], 0, int(steps.split()[0]) if steps else MANY)

    def _order(self, found: re.Match[str]) -> Submit:
        words = found["words"].split()
        name, fills = found["who"], MANY
        self.speaker = max(self.names, default=0) + 1
        terms: dict[str, object] = {}
        while words:
            word = words.pop(0)
            if word in WORDS:
                terms |= WORDS[word]
            elif word in NUMBERS:
                terms[NUMBERS[word]] = int(words.pop(0))
            elif word in STOPS:
                kind, number = STOPS[word]
                terms |= {"kind": kind, number: int(words.pop(0))}
            elif word == "pegged":
                terms["kind"] = PEGS[words.pop(0)]
            elif word == "own":
                terms["self_trade"] = OWN[words.pop(0)]
            elif word == "oco":
                terms["oco_id"] = self.ids[words.pop(0)]
            elif word == "as":
                name = words.pop(0)
            elif word == "in":
                fills = int(words.pop(0))
                words.pop(0)
            else:
                raise ValueError(f"not a word of an order: {word}")
        self.ids[name], self.names[self.speaker] = self.speaker, name
        order = BookOrder(
            order_id=self.speaker,
            account_id=self._trader(found["who"]),
            side=BookSide.BUY if found["verb"] == "buys" else BookSide.SELL,
            price_ticks=int(found["price"]),
            quantity_lots=int(found["lots"]),
            **terms,  # type: ignore[arg-type]
        )
        return Submit(order, fills)

    def _trader(self, name: str) -> int:
        return self.traders.setdefault(name, len(self.traders) + 1)

    def _do(self, command: BookCommand) -> list[BookEvent]:
        events = play_both(self.book, self.paper, command)
        self.fold.learn(events)
        self.fold.assert_equals(self.book)
        return events

    def _told(self, events: list[BookEvent]) -> str:
        return ", ".join(filter(None, map(self._phrase, events)))

    def _phrase(self, event: BookEvent) -> str:
        """One event in words."""
        own = event.order_id == self.speaker
        name = "" if own else f"{self.names.get(event.order_id, '?')} "
        price, lots, left = event.price_ticks, event.lots, event.remaining_lots
        match EventKind(event.kind):
            case EventKind.REFUSED:
                return f"refused: {_words(Refusal(event.reason))}"
            case EventKind.RESTED:
                how = " hidden" * bool(event.flags & Flag.HIDDEN) + " apart" * bool(event.flags & Flag.CONTINGENT)
                showing = f" showing {lots}" if 0 < lots < left else ""
                return f"{name}rests {left} @ {price}{how}{showing}"
            case EventKind.PARKED:
                waits = {Reason.AT_OPEN: "the opening", Reason.AT_CLOSE: "the closing"}
                return f"{name}waits for {waits.get(Reason(event.reason), str(price))}"
            case EventKind.FILLED if event.flags & Flag.AUCTION:
                same = " (own)" * bool(event.flags & Flag.SELF)
                bid, offer = self.names[event.order_id], self.names[event.other_id]
                return f"{bid} buys {lots} of {offer}{same}"
            case EventKind.FILLED:
                return f"{'' if own else name + 'takes '}{self.names[event.other_id]} {lots} @ {price}"
            case EventKind.CANCELLED:
                why = "" if event.reason == Reason.REQUESTED else f": {_words(Reason(event.reason))}"
                return f"{name}cancelled {lots}{why}"
            case EventKind.REDUCED:
                return f"{name}reduced to {left}" + (f" showing {lots}" if 0 < lots < left else "")
            case EventKind.REPLACED:
                return f"{name}replaced"
            case EventKind.TRIGGERED:
                return f"{name}triggered at {price}"
            case EventKind.REFILLED:
                return f"{self.names[event.order_id]} shows {lots} of {left}"
            case EventKind.REPRICED:
                return f"{self.names[event.order_id]} moves to {price}"
            case EventKind.REACHED:
                return ""
            case EventKind.PHASE:
                call = "" if event.reason == Call.NONE else f" {_words(Call(event.reason))}"
                return f"{_words(Matching(event.side))}{call}"
            case EventKind.INTERRUPTED:
                return f"{name}would trade at {price}"
            case EventKind.UNCROSSING:
                return f"{lots} @ {price}{_over(left, event.side)}" if price else "no price"
            case EventKind.UNCROSSED:
                return "auction over"
            case EventKind.REFERENCES:
                return "noted"

    def _shown(self) -> str:
        bids, offers = (
            ", ".join(f"{level.price_ticks} x {level.lots} ({level.order_count})" for level in self.book.levels(side))
            for side in BookSide
        )
        return f"{bids} | {offers}".strip()


def lines_of(text: str) -> list[str]:
    """The lines of a scenario; one without an arrow goes on with the one before."""
    lines: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if "->" in line:
            lines.append(line)
        else:
            lines[-1] += f" {line}"
    return lines


class Fold:
    """Every order and every visible price, from the events alone: what the tables and the feed are made of."""

    def __init__(self) -> None:
        self.orders: dict[int, list[int]] = {}  # id → side, price, shown, left, number, whether it stands in a queue

    def learn(self, events: list[BookEvent]) -> None:
        """Apply events in their order."""
        for event in events:
            self._apply(event)

    def _apply(self, event: BookEvent) -> None:
        row = [event.side, event.price_ticks, event.lots, event.remaining_lots, event.priority]
        old = self.orders.get(event.order_id)
        match EventKind(event.kind):
            case EventKind.RESTED | EventKind.REFILLED:
                self.orders[event.order_id] = [*row, not event.flags & Flag.CONTINGENT]
            case EventKind.PARKED:
                self.orders[event.order_id] = [*row, False]
            case EventKind.REPRICED if old is not None:
                self.orders[event.order_id] = [*row, old[5]]
            case EventKind.REDUCED if old is not None:
                old[2], old[3] = event.lots, event.remaining_lots
            case EventKind.REPLACED | EventKind.TRIGGERED if old is not None:
                old[1], old[2], old[3], old[5] = event.price_ticks, 0, event.remaining_lots, False
            case EventKind.CANCELLED:
                self.orders.pop(event.order_id, None)
            case EventKind.FILLED:
                for order_id, left in (
                    (event.order_id, event.remaining_lots),
                    (event.other_id, event.other_remaining_lots),
                ):
                    filled = self.orders.get(order_id)
                    if filled is not None:
                        filled[2], filled[3] = max(filled[2] - event.lots, 0), left
                    if not left:
                        self.orders.pop(order_id, None)
            case _:
                pass

    def assert_equals(self, book: Book) -> None:
        """The same orders with the same remainders, slices and numbers, and the same visible prices."""
        held = {
            saved.order.order_id: (saved.order.side, saved.remaining_lots, saved.shown_lots, saved.priority)
            for saved in book.orders()
        }
        assert held == {order_id: (row[0], row[3], row[2], row[4]) for order_id, row in self.orders.items()}
        for side in BookSide:
            prices: dict[int, list[int]] = {}
            for row in self.orders.values():
                if row[0] == side and row[5] and row[2]:
                    prices.setdefault(row[1], []).append(row[2])
            shown = [(price, sum(slices), len(slices)) for price, slices in prices.items()]
            shown.sort(reverse=side is BookSide.BUY)
            assert [tuple(level) for level in book.levels(side)] == shown


def _over(imbalance: int, side: int) -> str:
    return f", {imbalance} {'bid' if side == BookSide.BUY else 'offered'} over" if imbalance else ""


def _words(code: Refusal | Reason | Matching | Call) -> str:
    return code.name.lower().replace("_", " ")
