"""Tapes of every kind of order on the real engine, beside a market on paper and a clerk who counts money in fractions.

The paper market (tests/models/market_model.py) says who meets whom and where everybody stands; the clerk here keeps
purses, fees and promises: a bid promises its worst price with its fee, of a pair only the dearer order counts. Both
know nothing of the engine, and after every command engine, market and clerk must agree.
"""

from __future__ import annotations

import copy
import math
import random  # noqa: TID251 - seeded, and only in tests
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from exchange.core.ids import OrderId
from exchange.core.instruments import OrderType, Phase, SelfTradePrevention, Side, TimeInForce
from exchange.core.messages import Event, Rejected
from exchange.core.node_messages import AdvanceClock, ContinueRun
from exchange.core.units import NS_PER_SECOND
from matching.book_messages import BookSide, Place, StopTrigger
from matching.messages import (
    CancelOrder,
    ChangePhase,
    OrderCancelled,
    PlaceOrder,
    ReplaceOrder,
    TradeMade,
)
from tests.matching.suite.against_model import PLACES
from tests.models import market_model as paper
from tests.models.market_model import PaperMarket
from tests.promises import check_promises
from tests.support import Venue

WAITING = (Place.STOP, Place.IN_HAND)
WHO = ("wu", "ren", "li", "zhao")
KINDS = tuple(OrderType)  # in the order of the paper market's numbers, from one
TIMES = tuple(TimeInForce)
WORDS = tuple(SelfTradePrevention)
FEE = (20_000, 3)
HIGHEST = 20
CODES = {
    paper.CONFLICT: "order.conflict",
    paper.WRONG_PHASE: "order.phase",
    paper.NO_REFERENCE: "order.no_reference",
    paper.BAD_PAIR: "order.oco_invalid",
    paper.WOULD_TRADE: "order.would_trade",
    paper.NO_LIQUIDITY: "order.no_liquidity",
    paper.MANY_FILLS: "order.too_many_fills",
    paper.NOT_FILLABLE: "order.fok_unfilled",
    paper.MINIMUM: "order.minimum_not_met",
    paper.NOTHING: "order.replace_nothing",
    paper.PENDING: "order.phase",
}
REASONS = {
    1: "requested",
    paper.SELF_TRADE: "self_trade",
    paper.FILL_LIMIT: "fill_limit",
    paper.IMMEDIATE: "immediate_or_cancel",
    paper.REMAINDER: "market_remainder",
    paper.PAIR: "one_cancels_other",
    18: "expired",
}
PRICED = (OrderType.LIMIT, OrderType.STOP_LIMIT)
UNPRICED = (OrderType.MARKET, OrderType.STOP, OrderType.TRAILING_STOP)
STOPS = (OrderType.STOP, OrderType.STOP_LIMIT)
TRAILS = (OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT)


@dataclass
class Line:
    """What the clerk keeps of an order: `traded` and `paid` so far, its `total` as last asked or cut."""

    who: str
    buys: bool
    limit: int
    total: int
    left: int
    partner: int
    due_ns: int
    traded: int = 0
    paid: int = 0


class Clerk:
    """Purses, drawers and promises."""

    def __init__(self, purse: dict[str, int], drawer: dict[str, int]) -> None:
        self.purse, self.drawer = purse, drawer
        self.lines: dict[int, Line] = {}

    def fee(self, traded: int) -> int:
        """The fee of an order that has traded so much."""
        return math.ceil(min(max(Fraction(FEE[1]), Fraction(traded * FEE[0], 1_000_000)), Fraction(traded)))

    def needs(self, line: Line) -> int:
        """What an order promises by itself."""
        if not line.buys:
            return line.left
        worth = line.left * line.limit
        return worth + self.fee(line.traded + worth) - self.fee(line.traded) if line.left else 0

    def promised(self, who: str, buys: bool) -> int:
        """All of one side of a member: of a pair on one side, the dearer order."""
        total = 0
        for order_id, line in self.lines.items():
            if (line.who, line.buys) != (who, buys):
                continue
            other = self.lines.get(line.partner)
            if other is None or other.buys != buys:
                total += self.needs(line)
            elif order_id < line.partner:
                total += max(self.needs(line), self.needs(other))
        return total

    def has(self, who: str, buys: bool) -> int:
        """What a side's orders are promised of."""
        return (self.purse if buys else self.drawer)[who]

    def hears(self, events: Sequence[paper.Event]) -> tuple[list[tuple[int, ...]], list[tuple[int, int, str]]]:
        """Follow what the paper market told; its trades (buyer, seller, price, lots) and its cancels."""
        trades: list[tuple[int, ...]] = []
        cancels: list[tuple[int, int, str]] = []
        for kind, side, reason, _, order_id, other_id, price, lots, remaining, _, _ in events:
            if kind == paper.FILLED:
                ids = (order_id, other_id) if side == paper.BUY else (other_id, order_id)
                trades.append((*ids, price, lots))
                for each in ids:
                    self.fill(self.lines[each], price, lots)
                for each in ids:
                    if not self.lines[each].left:
                        self.forget(each)
            elif kind == paper.CANCELLED:
                cancels.append((order_id, lots, REASONS[reason]))
                self.forget(order_id)
            elif kind == paper.REDUCED and reason == paper.SELF_TRADE:
                line = self.lines[order_id]
                line.total -= line.left - remaining
                line.left = remaining
        return trades, cancels

    def fill(self, line: Line, price: int, lots: int) -> None:
        """One side of a trade."""
        line.left -= lots
        line.traded += price * lots
        due = self.fee(line.traded) - line.paid
        line.paid += due
        self.purse[line.who] += (-1 if line.buys else 1) * price * lots - due
        self.drawer[line.who] += lots if line.buys else -lots

    def forget(self, order_id: int) -> None:
        """An order is over, and its pair with it."""
        line = self.lines.pop(order_id)
        if line.partner in self.lines:
            self.lines[line.partner].partner = 0


class Both:
    """The engine and what is held against it."""

    def __init__(self, venue: Venue, fills: int, phase_fills: int) -> None:
        self.venue, self.fills, self.phase_fills = venue, fills, phase_fills
        self.instrument_id = venue.instruments["INS"]
        rules = venue.state.terms[venue.state.instruments[self.instrument_id].market_id].book_rules
        self.market = PaperMarket(
            int(rules.auction), pro_rata=False, by_quote=rules.stop_trigger is not StopTrigger.LAST_TRADE
        )
        self.market.set_phase(paper.CONTINUOUS, 0, 0, fills)
        self.clerk = Clerk({who: venue.cash(who) for who in WHO}, {who: venue.units(who) for who in WHO})
        self.halted = False

    def play(self, tape: Sequence[tuple[Any, ...]]) -> None:
        """Play a tape, compare after every command, and prove the rest at the end."""
        steps = {"place": self.place, "cancel": self.cancel, "replace": self.replace, "phase": self.phase}
        for kind, *words in tape:
            if kind == "wait":
                self.wait(*words)
            elif kind == "run":
                self.run()
            elif kind == "restart":
                self.venue.restart()
            else:
                steps[kind](*words)
            self.compare()
        self.venue.close()

    # --- Commands -----------------------------------------------------------------------------------------------------

    def place(self, who: int, buys: bool, lots: int, kind: int, time: int, words: dict[str, Any], pair: int) -> None:
        """Enter an order as the words say."""
        name, order_type, time_in_force = WHO[who], KINDS[kind], TIMES[time]
        asked = dict(words)
        price = asked.pop("price")
        word = asked.pop("word")
        seconds = asked.pop("seconds")
        for field, types in (("stop_ticks", (*STOPS, *TRAILS)), ("trail_ticks", TRAILS)):
            if order_type not in types or (field == "stop_ticks" and order_type in TRAILS and asked[field] % 2):
                asked[field] = None
        if kind < KINDS.index(OrderType.TRAILING_STOP_LIMIT):
            asked["offset_ticks"] = None
        limit = price if order_type in PRICED else None
        order_id = (self.venue.state.sequence + 1) * 1_024
        partner = self.other(pair) if pair >= 0 else 0
        due = self.venue.clock_ns + seconds * NS_PER_SECOND if time_in_force is TimeInForce.GTD else None
        command = PlaceOrder(
            client_order_id="c",
            account_id=self.venue.accounts[name],
            instrument_id=self.instrument_id,
            side=Side.BUY if buys else Side.SELL,
            quantity_lots=lots,  # type: ignore[arg-type]
            price_ticks=limit,  # type: ignore[arg-type]
            order_type=order_type,
            time_in_force=time_in_force,
            self_trade_prevention=WORDS[word],
            oco_order_id=OrderId(partner) if partner else None,
            expires_at_ns=due,  # type: ignore[arg-type]
            **asked,
        )
        worst = limit or (HIGHEST if buys else 1)
        slip = {name: int(value or 0) for name, value in asked.items()} | {
            "order_id": order_id,
            "account_id": command.account_id,
            "group_id": 0,
            "side": 1 if buys else 2,
            "price_ticks": worst,
            "quantity_lots": lots,
            "kind": kind + 1,
            "time_limit": time + 1,
            "self_trade": word + 1,
            "max_notional_ticks": 0,
            "oco_id": partner,
        }
        line = Line(name, buys, worst, lots, lots, partner, due or 0)
        events = self.venue.do(command, name)
        self.answered(events, lambda market: market.submit(slip, self.fills), order_id, line)

    def cancel(self, place: int) -> None:
        """Withdraw an open order."""
        order_id = self.other(place)
        if not order_id:
            return
        who = self.clerk.lines[order_id].who
        command = CancelOrder(account_id=self.venue.accounts[who], order_id=OrderId(order_id))
        self.agree(self.venue.do(command, who), self.on_paper(lambda market: market.cancel(order_id, 1)))

    def replace(self, place: int, price: int, lots: int, stop: int) -> None:
        """Put an open order under new terms; a stop's level only where there is one."""
        order_id = self.other(place)
        if not order_id:
            return
        old = self.clerk.lines[order_id]
        found = self.market.find(order_id)
        level = stop if found is not None and found.place == "stop" else 0
        command = ReplaceOrder(
            account_id=self.venue.accounts[old.who],
            order_id=OrderId(order_id),
            client_order_id="c",
            price_ticks=price,  # type: ignore[arg-type]
            quantity_lots=lots,  # type: ignore[arg-type]
            stop_ticks=level or None,  # type: ignore[arg-type]
        )
        events = self.venue.do(command, old.who)
        left = lots - (old.total - old.left)
        if not self.halted and (left <= 0 or ((price, lots) == (old.limit, old.total) and not level)):
            assert self.code(events) == "order.replace_nothing"
            return
        new = copy.copy(old)
        new.limit, new.total, new.left = price, lots, left
        self.answered(events, lambda market: market.replace(order_id, price, left, level, self.fills), order_id, new)

    def phase(self) -> None:
        """Halt, or resume."""
        self.halted = not self.halted
        phase = Phase.HALTED if self.halted else Phase.CONTINUOUS
        events = self.venue.do(ChangePhase(instrument_id=self.instrument_id, phase=phase))
        number = paper.HALTED if self.halted else paper.CONTINUOUS
        self.agree(events, self.on_paper(lambda market: market.set_phase(number, 0, 0, self.phase_fills)))

    def wait(self, seconds: int) -> None:
        """Let time pass; orders whose time is over end, the earliest first."""
        self.venue.pass_time(seconds=seconds)
        now = self.venue.clock_ns + 1_000_000
        due = sorted((line.due_ns, order_id) for order_id, line in self.clerk.lines.items() if 0 < line.due_ns <= now)
        if not due:
            return
        events = self.venue.do(AdvanceClock(), "node")
        told: list[paper.Event] = []
        for _, order_id in due:
            if self.market.find(order_id) is not None:
                told += self.on_paper(lambda market, order_id=order_id: market.cancel(order_id, 18))
        self.agree(events, told)

    def run(self) -> None:
        """One chunk of what the book left over."""
        if not self.venue.state.runs:
            return
        run = self.venue.state.runs[min(self.venue.state.runs)]
        events = self.venue.do(ContinueRun(run_id=run.run_id, from_position=run.position), "node")
        pending = self.market.pending()
        self.agree(events, self.on_paper(lambda market: market.continue_(self.fills)) if pending else [])

    # --- Agreement ----------------------------------------------------------------------------------------------------

    def other(self, place: int) -> int:
        """One of the open orders; 0 if there is none."""
        lines = list(self.clerk.lines)
        return lines[place % len(lines)] if lines else 0

    @staticmethod
    def code(events: list[Event]) -> str:
        """What a command was refused with."""
        return events[0].code.value if events and isinstance(events[0], Rejected) else ""

    def on_paper(self, operation: Any) -> list[paper.Event]:
        """Do something in the paper market at the engine's present sequence."""
        self.market.number_from(self.venue.state.sequence * 1_024)
        return list(operation(self.market))

    def answered(self, events: list[Event], operation: Any, order_id: int, line: Line) -> None:
        """Compare an order's or a replacement's answer: the halt, then the market, then the purse may refuse it."""
        code = self.code(events)
        if self.halted:
            assert code == "order.instrument_halted"
            return
        tried = copy.deepcopy(self.market)
        tried.number_from(self.venue.state.sequence * 1_024)
        told = operation(tried)
        if told and told[0][0] == paper.REFUSED:
            assert code == CODES[told[0][2]], (code, told)
            return
        before = copy.deepcopy(self.clerk.lines)
        self.clerk.lines[order_id] = line
        if line.partner:
            self.clerk.lines[line.partner].partner = order_id
        if self.clerk.promised(line.who, line.buys) > self.clerk.has(line.who, line.buys):
            self.clerk.lines = before
            assert code == "hold.insufficient_available", code
            return
        assert not code, code
        self.market = tried
        self.agree(events, told)

    def agree(self, events: list[Event], told: Sequence[paper.Event]) -> None:
        """The same trades in the same order, the same cancels."""
        trades, cancels = self.clerk.hears(told)
        assert trades == [
            (event.buyer.order_id, event.seller.order_id, event.price_ticks, event.quantity_lots)
            for event in events
            if isinstance(event, TradeMade)
        ]
        assert sorted(cancels) == sorted(
            (event.order_id, event.cancelled_lots, event.reason.value)
            for event in events
            if isinstance(event, OrderCancelled)
        )

    def compare(self) -> None:
        """Books, purses, promises."""
        book = self.venue.state.books[self.instrument_id]
        stands = [
            (
                saved.order.order_id,
                PLACES[saved.place],
                saved.price_ticks,
                saved.stop_ticks if saved.place in WAITING else 0,
                saved.remaining_lots,
                saved.shown_lots,
                saved.priority,
                saved.oco_id,
            )
            for saved in book.orders()
        ]
        # A level that was reached decides nothing any more, and a start forgets it.
        assert stands == [
            (*line[:3], line[3] if line[1] in ("stop", "hand") else 0, *line[4:]) for line in self.market.orders()
        ]
        for side in BookSide:
            assert [tuple(level) for level in book.levels(side)] == self.market.levels(side)
        assert book.pending == self.market.pending()
        for who in WHO:
            assert self.venue.cash(who) == self.clerk.purse[who], who
            assert self.venue.units(who) == self.clerk.drawer[who], who
            assert self.venue.held(who) == self.clerk.promised(who, buys=True), who
            assert self.venue.held(who, "INS") == self.clerk.promised(who, buys=False), who
        check_promises(self.venue.state)


# --- Tapes ------------------------------------------------------------------------------------------------------------

KINDS_DRAWN = (0,) * 14 + (1,) * 2 + (2, 2, 3, 3, 4, 5, 6, 7, 8)
"""Mostly limit orders, so that the others have somebody to meet."""


def drawn(seed: int, steps: int) -> list[tuple[Any, ...]]:
    """A tape of commands about a few prices, so that orders meet; most are taken, some are refused."""
    chance = random.Random(seed)
    tape: list[tuple[Any, ...]] = []
    for _ in range(steps):
        what = chance.random()
        if what < 0.70:
            tape.append(_order(chance))
        elif what < 0.78:
            tape.append(("cancel", chance.randrange(12)))
        elif what < 0.89:
            terms = chance.randint(6, 12), chance.randint(1, 8), chance.randint(6, 12)
            tape.append(("replace", chance.randrange(12), *terms))
        elif what < 0.93:
            tape.append(("wait", chance.randint(1, 30)))
        else:
            tape.append((chance.choice(("run", "run", "restart", "phase")),))
            if tape[-1] == ("phase",):
                tape.extend([("cancel", chance.randrange(12)), ("phase",)])
    return tape


def _order(chance: random.Random) -> tuple[Any, ...]:
    kind = chance.choice(KINDS_DRAWN)
    plain = kind in (0, 1)
    stays = chance.choice((0, 0, 1, 2))
    time = chance.choice((stays, stays, stays, 3, 4)) if plain else stays
    what = chance.randrange(14) if kind == 0 and time < 3 else chance.choice((0, 6)) if kind == 0 else 0
    if chance.random() < 0.05:  # whatever comes, contradictions too
        time, what = chance.randrange(7), chance.randrange(8)
    slice_lots = chance.randint(1, 3)
    words = {
        "price": chance.randint(6, 12),
        "stop_ticks": chance.randint(6, 12),
        "trail_ticks": chance.randint(1, 3),
        "offset_ticks": chance.randint(1, 2) if kind in (5, 8) or chance.random() < 0.3 else None,
        "word": chance.choice((0, 0, 1, 2, 3)),
        "seconds": chance.randint(1, 40),
        "display_lots": slice_lots if what in (1, 2) else None,
        "hidden": what == 3,
        "post_only": what == 4,
        "all_or_none": what == 5,
        "minimum_lots": slice_lots if what == 6 else None,
    }
    pair = chance.randrange(12) if chance.random() < (0.4 if kind in (2, 3, 4, 5) else 0.05) else -1
    who = chance.choice((0, 1, 1, 2, 2, 3, 3))
    return "place", who, who > 0 and chance.random() < 0.55, chance.randint(1, 6), kind, time, words, pair
