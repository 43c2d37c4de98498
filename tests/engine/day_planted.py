"""Days with a bug in them, planted by replacing one function of the real engine while the tests run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from exchange.core.instruments import Phase
from exchange.core.messages import Event
from exchange.core.node_messages import TimerKind
from exchange.engine import apply, auctions, days, interruptions, phases, sessions
from exchange.engine.timers import FIRINGS
from exchange.rulebook import timetable
from exchange.store.load import state as loading
from matching.bands import NO_BAND, PriceBand

Plant = Callable[[pytest.MonkeyPatch], None]


def nothing(*_: Any, **__: Any) -> list[Event]:
    return []


def edge_of_the_range_does_not_trade(patch: pytest.MonkeyPatch) -> None:
    """The last tick of a range interrupts."""
    band_round = interruptions.band_round

    def narrower(price_ticks: int, ppm: int | None) -> PriceBand:
        band = band_round(price_ticks, ppm)
        return band if band == NO_BAND else PriceBand(band.low_ticks, band.high_ticks - 1)

    patch.setattr(interruptions, "band_round", narrower)


def range_stays_where_it_was(patch: pytest.MonkeyPatch) -> None:
    """The range round the last price is set once and never follows."""
    follow = interruptions.follow_trading

    def follows(state: Any, header: Any, instrument: Any) -> list[Event]:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(interruptions, "set_prices", nothing)
            return follow(state, header, instrument)

    from exchange.engine import book_follow

    patch.setattr(book_follow, "follow_trading", follows)


def auction_leaves_the_reference(patch: pytest.MonkeyPatch) -> None:
    """An auction's price does not become the reference."""
    patch.setattr(auctions, "set_prices", nothing)


def close_leaves_the_reference(patch: pytest.MonkeyPatch) -> None:
    """The closing price does not become the reference."""
    set_prices = phases.set_prices

    def sets(state: Any, header: Any, instrument: Any, _reference: int) -> None:
        book = state.books[instrument.instrument_id]
        set_prices(state, header, instrument, book.state().reference_ticks)

    patch.setattr(phases, "set_prices", sets)


def call_is_never_extended(patch: pytest.MonkeyPatch) -> None:
    """Whatever the price, the first end is the last."""
    patch.setattr(days, "within", lambda *_: True)


def call_is_extended_for_ever(patch: pytest.MonkeyPatch) -> None:
    """Nobody remembers that a call was extended."""
    change_session = days.change_session

    def forgets(state: Any, instrument_id: Any, **values: Any) -> list[Event]:
        values.pop("extended", None)
        return change_session(state, instrument_id, **values)

    patch.setattr(days, "change_session", forgets)


def interruption_never_ends(patch: pytest.MonkeyPatch) -> None:
    """A volatility call has no end of its own."""
    patch.setattr(interruptions, "begin_volatility_call", nothing)
    patch.setattr(phases, "begin_volatility_call", nothing)


def halt_keeps_everything(patch: pytest.MonkeyPatch) -> None:
    """Orders outlive a halt that should end them."""
    patch.setattr(interruptions, "end_halted_orders", nothing)
    patch.setattr(phases, "end_halted_orders", nothing)


def day_orders_live_on(patch: pytest.MonkeyPatch) -> None:
    """Closing ends nothing."""
    patch.setattr(phases, "end_of_day", nothing)


def breaker_never_resumes(patch: pytest.MonkeyPatch) -> None:
    """The end of a halt goes by."""
    patch.setitem(FIRINGS, TimerKind.HALT_ENDS, nothing)


def reopening_without_auction(patch: pytest.MonkeyPatch) -> None:
    """A crossed book that has no time for a call is left in one."""
    begin_auction = phases.begin_auction

    def begins(*arguments: Any, **named: Any) -> list[Event]:
        return [] if phases.REOPENING in arguments else begin_auction(*arguments, **named)

    patch.setattr(phases, "begin_auction", begins)


def indication_a_command_late(patch: pytest.MonkeyPatch) -> None:
    """What a call would do is told only every other time."""
    tell = auctions.tell_indications

    def tells(state: Any) -> list[Event]:
        told = tell(state)
        return told if state.sequence % 2 else []

    patch.setattr(apply.auctions, "tell_indications", tells)


def every_auction_opens(patch: pytest.MonkeyPatch) -> None:
    """After whichever auction continuous trading follows."""
    enter = auctions.enter

    def enters(state: Any, header: Any, instrument: Any, _phase: Phase, reason: str, *, held: bool) -> list[Event]:
        return enter(state, header, instrument, Phase.CONTINUOUS, reason, held=held)

    patch.setattr(auctions, "enter", enters)


def halt_holds_the_auction_of_a_call(patch: pytest.MonkeyPatch) -> None:
    """Calls that end with a halt by hand hold their auction."""
    patch.setattr(phases, "ends_with_auction", lambda before, after: before in days.CALLS and after not in days.CALLS)


def timetable_takes_over_a_halt(patch: pytest.MonkeyPatch) -> None:
    """What an operator halted or closed, the clock resumes."""
    patch.setattr(phases, "HELD", ())


def outage_leaves_out_the_close(patch: pytest.MonkeyPatch) -> None:
    """After an outage the latest phase begins, whatever lay between."""

    def latest(calendar: Any, table: Any, due_ns: int, now_ns: int) -> Any:
        due = timetable.next_appointment(calendar, table, due_ns - 1)
        while due is not None and (later := timetable.next_appointment(calendar, table, due.at_ns)) is not None:
            if later.at_ns > now_ns:
                break
            due = later
        return due

    patch.setattr(days, "due_appointment", latest)


def shares_are_forgotten_by_a_restart(patch: pytest.MonkeyPatch) -> None:
    """A node that starts in the middle of an auction hands the rest out by time."""
    patch.setattr(loading, "_shares", lambda *_: ())


def break_ends_the_orders(patch: pytest.MonkeyPatch) -> None:
    """A break of the timetable is a halt like any other."""
    enter = phases.enter

    def enters(state: Any, header: Any, instrument: Any, phase: Phase, reason: str, *, held: bool) -> list[Event]:
        return enter(state, header, instrument, phase, reason, held=held or phase is Phase.HALTED)

    patch.setattr(phases, "enter", enters)


def seed_is_used_again(patch: pytest.MonkeyPatch) -> None:
    """A revealed seed ends the next call, too."""
    change_session = sessions.change_session

    def keeps(state: Any, instrument_id: Any, **values: Any) -> list[Event]:
        if values.get("seed") == b"":
            del values["seed"]
        return change_session(state, instrument_id, **values)

    patch.setattr(sessions, "change_session", keeps)


def end_is_drawn_without_the_seed(patch: pytest.MonkeyPatch) -> None:
    """Every call ends in the middle of its window."""
    patch.setattr(sessions, "call_end_ns", lambda _seed, _id, first, seconds: first + seconds * 500_000_000)


BY_SCENARIO: list[Plant] = [
    edge_of_the_range_does_not_trade,
    range_stays_where_it_was,
    auction_leaves_the_reference,
    close_leaves_the_reference,
    call_is_never_extended,
    call_is_extended_for_ever,
    interruption_never_ends,
    halt_keeps_everything,
    day_orders_live_on,
    breaker_never_resumes,
    reopening_without_auction,
    indication_a_command_late,
    every_auction_opens,
    halt_holds_the_auction_of_a_call,
    timetable_takes_over_a_halt,
    outage_leaves_out_the_close,
    break_ends_the_orders,
]
BY_CHANCE: list[Plant] = [
    edge_of_the_range_does_not_trade,
    auction_leaves_the_reference,
    day_orders_live_on,
    indication_a_command_late,
    every_auction_opens,
    halt_holds_the_auction_of_a_call,
]
BY_CHANCE_AFTER_A_WHILE: list[Plant] = [
    range_stays_where_it_was,
    close_leaves_the_reference,
    call_is_never_extended,
    interruption_never_ends,
    halt_keeps_everything,
    breaker_never_resumes,
]
BY_ITS_OWN_TEST: list[Plant] = [seed_is_used_again, end_is_drawn_without_the_seed, shares_are_forgotten_by_a_restart]
