"""A venue whose books have trading rules, and a text in which its days are played, line by line.

    ops begins opening_call       -> opening_call                    the phases the instrument then passes through
    09:10:00                      -> settling, continuous            time passes; timers fire each at its moment
    wu sells 10 @ 100             -> rests                           orders as in tests/scenario.py
    call                          -> 10 @ 100, 5 bids over           what was last told of the call that is on
    auction                       -> 10 @ 100, 5 bids over           what the last auction fixed
    trades                        -> li wu 10 @ 100                  buyer, seller: since the last time it was asked
    reference                     -> 100, 90 to 110                  the reference price, and what may trade
    the node restarts             -> done

Runs are finished after each line, as the node does. What was told of a call is compared with its book each time.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from exchange.core.instruments import Phase
from exchange.core.messages import Event, Rejected
from exchange.core.node_messages import AdvanceClock
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import NS_PER_DAY, NS_PER_SECOND
from exchange.rulebook import shipped
from matching.listing_messages import MarketOpened, OpenMarket
from matching.messages import ChangePhase, InstrumentPhaseChanged, TradeMade
from matching.session import CALLS
from matching.session_messages import AuctionFixed, AuctionIndicated
from tests import scenario
from tests.support import Venue, publish

E = TypeVar("E", bound=Event)
CLOCK = re.compile(r"(?:\+(?P<days>\d+) )?(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)(?:\.(?P<ms>\d{3}))?")
DOWN = re.compile(r"the node is down until (?P<until>.*)")
BEGINS = re.compile(r"ops begins (?P<phase>\w+)")
CODE = "INS"


def day(*starts: str) -> list[dict[str, Any]]:
    """A timetable: `09:00:00 opening_call`, or `09:10:00 continuous +30` for an end drawn from 30 seconds."""
    found: list[dict[str, Any]] = []
    for start in starts:
        at, phase, *random = start.split()
        found.append({"at": at, "phase": phase, "random_seconds": int(random[0]) if random else 0})
    return found


DAY = day(
    "09:00:00 pre_open",
    "09:10:00 opening_call",
    "09:20:00 continuous",
    "17:00:00 closing_call",
    "17:05:00 post_close",
    "17:20:00 closed",
)


def rules_text(**fields: Any) -> str:
    """The sandbox's trading rules, without ranges and times of their own, and with other values."""
    document = json.loads(shipped.trading_rules_text("sandbox"))
    plain: dict[str, Any] = {
        "timetable": [],
        "static_band_ppm": None,
        "dynamic_band_ppm": None,
        "volatility_seconds": 0,
        "volatility_random_seconds": 0,
    }
    chosen = plain | fields
    calls = {start["phase"] for start in chosen["timetable"]}
    without = {"at_open": "opening_call", "at_close": "closing_call"}
    times = document["fields"]["times_in_force"]["value"]
    chosen["times_in_force"] = fields.get("times_in_force") or [
        time for time in times if not calls or without.get(time, "") in {"", *calls}
    ]
    for name, value in chosen.items():
        document["fields"][name]["value"] = value
    return json.dumps(document)


def venue_with(
    *,
    fee_ppm: int = 0,
    fee_minimum: int = 0,
    fee_maximum: int | None = None,
    profile: dict[str, Any] | None = None,
    **fields: Any,
) -> Venue:
    """A venue whose market has trading rules; instruments of it begin closed."""
    changed = json.dumps(profile or {}, sort_keys=True)
    return _venue(fee_ppm, fee_minimum, fee_maximum, changed, json.dumps(fields)).copy()


@functools.cache
def _venue(fee_ppm: int, fee_minimum: int, fee_maximum: int | None, profile: str, fields: str) -> Venue:
    fees: dict[str, Any] = {"fee_ppm": fee_ppm, "fee_minimum": fee_minimum, "fee_maximum": fee_maximum}
    venue = Venue.sandbox(**fees, **json.loads(profile))
    open_market(venue, **json.loads(fields))
    return venue


def open_market(venue: Venue, *, name: str = "trading", **fields: Any) -> None:
    """Open a market with trading rules; instruments made from now on are traded in it, and begin closed."""
    publish(venue, PublishedKind.TRADING_RULES, rules_text(**fields))
    opened = venue.make(
        OpenMarket(
            name=name,
            profile="sandbox",
            profile_version=1,
            currency="XTS",
            money_asset_id=venue.money,
            calendar="always",
            calendar_version=1,
            fee_schedule="sandbox",
            trading_rules="sandbox",
            trading_rules_version=1,
        ),
        MarketOpened,
    )
    venue.market_id = opened.market.market_id


def staged(*, band: tuple[int, int] = (1, 1_000), **fields: Any) -> Venue:
    """Four people, one instrument, closed."""
    venue = venue_with(**fields)
    for name, cash in {"wu": 0, "ren": 10_000, "li": 100_000, "zhao": 100_000}.items():
        venue.member(name, cash=cash)
    venue.instrument(CODE, band=band, holders={"wu": 1_000, "ren": 1_000}, opened=False)
    return venue


class Days:
    """Plays a text on a venue."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.seen = len(venue.journal)

    def plays(self, text: str) -> None:
        """Play every line; the first that ends otherwise than it says is an AssertionError."""
        for line in filter(None, (part.partition("#")[0].strip() for part in text.splitlines())):
            asked, _, expected = (" ".join(part.split()) for part in line.partition("->"))
            happened = self._line(asked)
            assert happened == expected, f"{line}\n  should be: {expected}\n  was:       {happened}"
            self._told_is_true()

    def _line(self, asked: str) -> str:
        venue = self.venue
        if found := CLOCK.fullmatch(asked):
            return self._until(found)
        if (found := DOWN.fullmatch(asked)) and (until := CLOCK.fullmatch(found["until"])):
            return self._down(until)
        if found := BEGINS.fullmatch(asked):
            command = ChangePhase(instrument_id=venue.instruments[CODE], phase=Phase(found["phase"]))
            place = len(venue.journal)
            events = venue.do(command)
            if isinstance(events[0], Rejected):
                return events[0].code.value
            venue.finish_runs()
            return self._phases(place)
        if asked == "call":
            return _book_of(*_four(self._last(AuctionIndicated)))
        if asked == "auction":
            return _book_of(*_four(self._last(AuctionFixed)))
        if asked == "trades":
            return self._trades()
        if asked == "reference":
            state = venue.state.books[venue.instruments[CODE]].state()
            return f"{state.reference_ticks}, {state.band_low_ticks} to {state.band_high_ticks}"
        answer = scenario.play_line(venue, asked, CODE)
        venue.finish_runs()
        return answer

    def _down(self, until: re.Match[str]) -> str:
        """No timer fires until a moment; then the node starts, and all that are due do."""
        self.venue.clock_ns = self._moment(until)
        place = len(self.venue.journal)
        self.venue.restart()
        self.venue.finish_runs()
        return self._phases(place)

    def _moment(self, found: re.Match[str]) -> int:
        venue = self.venue
        midnight = venue.clock_ns - venue.clock_ns % NS_PER_DAY + int(found["days"] or 0) * NS_PER_DAY
        seconds = int(found["h"]) * 3_600 + int(found["m"]) * 60 + int(found["s"])
        target = midnight + seconds * NS_PER_SECOND + int(found["ms"] or 0) * 1_000_000
        assert target >= venue.clock_ns, f"it is {datetime.fromtimestamp(venue.clock_ns // NS_PER_SECOND, UTC)}"
        return target

    def _until(self, found: re.Match[str]) -> str:
        """Let the clock go to a moment of this day (or of a later one), with every timer at its own."""
        venue = self.venue
        target = self._moment(found)
        place = len(venue.journal)
        while venue.state.due and venue.state.due[0][0] <= target:
            venue.clock_ns = max(venue.clock_ns, venue.state.due[0][0])
            venue.do(AdvanceClock(chance=venue.chance()), "node")
            venue.finish_runs()
        venue.clock_ns = max(venue.clock_ns, target)
        return self._phases(place)

    def _phases(self, place: int) -> str:
        told = self._events(InstrumentPhaseChanged, place)
        return ", ".join(event.instrument.phase.value for event in told) or "nothing"

    def _trades(self) -> str:
        names = {account_id: name for name, account_id in self.venue.accounts.items()}
        place, self.seen = self.seen, len(self.venue.journal)
        trades = [
            f"{names[trade.buyer.account_id]} {names[trade.seller.account_id]}"
            f" {trade.quantity_lots} @ {trade.price_ticks}"
            for trade in self._events(TradeMade, place)
        ]
        return ", ".join(trades) or "none"

    def _told_is_true(self) -> None:
        """What was last told of a call is what its book would do."""
        instrument = self.venue.state.instruments[self.venue.instruments[CODE]]
        if instrument.phase in CALLS:
            book = self.venue.state.books[instrument.instrument_id]
            told, now = self._last(AuctionIndicated), book.indication()
            assert (told.price_ticks, told.paired_lots, told.imbalance_lots) == now[:3], f"{told} but {now}"

    def _last(self, kind: type[E]) -> E:
        found = self._events(kind, 0)
        assert found, f"nothing was told by {kind.__name__}"
        return found[-1]

    def _events(self, kind: type[E], place: int) -> list[E]:
        entries: Sequence[Any] = self.venue.journal[place:]
        return [event for entry in entries for event in entry.events if isinstance(event, kind)]


def _four(told: AuctionIndicated | AuctionFixed) -> tuple[int, int, int, str]:
    lots = told.quantity_lots if isinstance(told, AuctionFixed) else told.paired_lots
    side = {None: "", "buy": "bids", "sell": "offers"}[told.imbalance_side.value if told.imbalance_side else None]
    return told.price_ticks, lots, told.imbalance_lots, side


def _book_of(price: int, lots: int, over: int, side: str) -> str:
    if not lots:
        return "nobody meets"
    return f"{lots} @ {price}, {over} {side} over" if over else f"{lots} @ {price}"
