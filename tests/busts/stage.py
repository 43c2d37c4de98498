"""A text in which trades are busted and corrected; every other line is one of tests/engine/days.py.

li buys 10 @ 100                          -> wu 10 @ 100     trades count from 1, in the order in which they are made
ops busts 1 fair 90                       -> reversed        or compensated, or the code it is refused with
ops busts 1 fair 90 for whim              -> rule.bust_not_allowed
ops corrects 1 to 95                      -> repriced
ops sweeps                                -> done            the fees that are due go to the house
60 seconds later                          -> done            one millisecond passes with every command anyway
what is told                              -> n2 reversed 10 of 1 at 100    the last correction, as everybody sees it
li has 10 units, 99000 cash               -> holds 0 units, 0 cash
"""

from __future__ import annotations

import re

from custody.funding_messages import SweepHouse
from exchange.core.ids import TradeId
from exchange.core.messages import Command, Event, Rejected
from exchange.core.node_messages import ApprovalRequested, GrantApproval
from exchange.core.units import PriceTicks
from matching.correction_messages import BustTrade, CorrectTrade, TradeBusted, TradeCorrected, TradeCorrection
from matching.messages import TradeMade
from tests.engine.days import CODE, Days, venue_with
from tests.support import Venue

EVIDENCE = "e" * 64
WINDOW_SECONDS = 60
REASON = "erroneous_price"
BUST = re.compile(r"ops busts (?P<number>\d+) fair (?P<price>\d+)(?: for (?P<reason>\w+))?")
CORRECT = re.compile(r"ops corrects (?P<number>\d+) to (?P<price>\d+)(?: for (?P<reason>\w+))?")
LATER = re.compile(r"(?P<seconds>\d+) seconds later")
RULES = {"bust_window_seconds": WINDOW_SECONDS, "bust_reasons": [REASON]}


def stage(fee_ppm: int = 0, fee_minimum: int = 0, cash: dict[str, int] | None = None, **profile: int) -> Venue:
    """Four people, one instrument in continuous trading, a minute in which trades may be busted."""
    venue = venue_with(fee_ppm=fee_ppm, fee_minimum=fee_minimum, profile=profile, **RULES)
    purses = {"wu": 0, "ren": 10_000, "li": 100_000, "zhao": 100_000} | (cash or {})
    for name, amount in purses.items():
        venue.member(name, cash=amount)
    venue.instrument(CODE, band=(1, 1_000), holders={"wu": 100, "ren": 100}, opened=False)
    venue.plays("ops opens -> done")
    return venue


def trades_of(venue: Venue) -> list[TradeId]:
    """Every trade that was made, in order."""
    return [event.trade_id for entry in venue.journal for event in entry.events if isinstance(event, TradeMade)]


def remedy(events: list[Event]) -> str:
    """What was made of a trade, or the code with which that was refused."""
    if isinstance(events[0], Rejected):
        return events[0].code.value
    [correction] = corrections(events)
    return correction.remedy.value


def corrections(events: list[Event]) -> list[TradeCorrection]:
    """What was told of trades that are corrected."""
    return [event.correction for event in events if isinstance(event, TradeBusted | TradeCorrected)]


def bust(venue: Venue, trade_id: int, fair: int, reason: str = REASON) -> BustTrade:
    """The command."""
    return BustTrade(
        instrument_id=venue.instruments[CODE],
        trade_id=TradeId(trade_id),
        reason=reason,
        evidence_sha256=EVIDENCE,
        fair_price_ticks=PriceTicks(fair),
    )


def correct(venue: Venue, trade_id: int, price: int, reason: str = REASON) -> CorrectTrade:
    """The command."""
    return CorrectTrade(
        instrument_id=venue.instruments[CODE],
        trade_id=TradeId(trade_id),
        reason=reason,
        evidence_sha256=EVIDENCE,
        price_ticks=PriceTicks(price),
    )


def by_two(venue: Venue, command: Command) -> list[Event]:
    """Asked by one operator, signed by another; what was asked and is refused is withdrawn again by nobody."""
    requested = venue.make(command, ApprovalRequested)
    return venue.do(GrantApproval(approval_id=requested.approval.approval_id), "ops2")


class Busts(Days):
    """Plays a text in which trades are corrected."""

    def _line(self, asked: str) -> str:
        venue = self.venue
        if found := BUST.fullmatch(asked):
            trade_id = trades_of(venue)[int(found["number"]) - 1]
            return remedy(by_two(venue, bust(venue, trade_id, int(found["price"]), found["reason"] or REASON)))
        if found := CORRECT.fullmatch(asked):
            trade_id = trades_of(venue)[int(found["number"]) - 1]
            return remedy(by_two(venue, correct(venue, trade_id, int(found["price"]), found["reason"] or REASON)))
        if found := LATER.fullmatch(asked):
            venue.pass_time(seconds=int(found["seconds"]))
            return "done"
        if asked == "ops sweeps":
            return venue.refusal(SweepHouse(bank_id=venue.bank_id)) or "done"
        if asked == "what is told":
            told = [one for entry in venue.journal for one in corrections(entry.events)][-1]
            number = trades_of(venue).index(told.trade_id) + 1
            return f"n{told.trade_n} {told.remedy} {told.quantity_lots} of {number} at {told.corrected_ticks}"
        return super()._line(asked)
