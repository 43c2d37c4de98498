"""Generated tapes with every feature on: the book answers as the paper market, and loading it changes nothing."""

from __future__ import annotations

import msgspec
import pytest

from matching.book_messages import EventKind, Reason, Refusal
from matching.book_records import (
    BookCommand,
    Cancel,
    Submit,
    pack_command,
    pack_events,
    perform,
    unpack_commands,
    unpack_events,
)
from tests.matching.suite.against_model import assert_equal, paper_market, play_both
from tests.matching.suite.conftest import BookFactory
from tests.matching.suite.market import Fold
from tests.matching.suite.tapes import rules_of, tape

COMMANDS = 400
SEEDS = range(10)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_book_answers_as_the_paper_market_and_its_events_rebuild_it(book_factory: BookFactory, seed: int) -> None:
    rules = rules_of(seed)
    book, paper, fold = book_factory(rules), paper_market(rules), Fold()
    for command in tape(seed, COMMANDS):
        fold.learn(play_both(book, paper, command))
        fold.assert_equals(book)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1_000, 1_040))
def test_the_book_answers_as_the_paper_market_for_long(book_factory: BookFactory, seed: int) -> None:
    rules = rules_of(seed)
    book, paper = book_factory(rules), paper_market(rules)
    for command in tape(seed, 5_000):
        play_both(book, paper, command)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_book_loaded_at_any_moment_goes_on_as_if_nothing_had_been(book_factory: BookFactory, seed: int) -> None:
    rules = rules_of(seed)
    book, paper = book_factory(rules), paper_market(rules)
    for place, command in enumerate(tape(seed, COMMANDS)):
        play_both(book, paper, command)
        if place % 3 == 0:
            loaded = book_factory(rules)
            loaded.restore(book.state(), book.orders())
            assert (loaded.state(), loaded.orders()) == (book.state(), book.orders())
            assert_equal(loaded, paper)
            book = loaded


@pytest.mark.parametrize("seed", SEEDS[:3])
def test_a_book_is_loaded_from_places_that_are_mere_numbers(book_factory: BookFactory, seed: int) -> None:
    """As a table gives them: the book goes on, and ends every order where it stands."""
    rules = rules_of(seed)
    book, paper = book_factory(rules), paper_market(rules)
    for command in tape(seed, COMMANDS // 2):
        play_both(book, paper, command)
    loaded = book_factory(rules)
    numbers = [msgspec.structs.replace(saved, place=int(saved.place)) for saved in book.orders()]
    loaded.restore(book.state(), numbers)
    for saved in numbers:
        play_both(loaded, paper, Cancel(saved.order.order_id, Reason.REQUESTED))
    assert len(loaded) == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_check_foretells_what_submit_refuses(book_factory: BookFactory, seed: int) -> None:
    book = book_factory(rules_of(seed))
    for command in tape(seed, COMMANDS):
        foretold = book.check(command.order, command.max_fills) if isinstance(command, Submit) else None
        before = book.state(), book.orders()
        events = perform(book, command)
        refused = events[0].reason if events and events[0].kind == EventKind.REFUSED else Refusal.NONE
        assert foretold in (None, refused)
        if refused:
            assert len(events) == 1
            assert (book.state(), book.orders()) == before


def test_commands_and_events_survive_their_records(book_factory: BookFactory) -> None:
    book = book_factory(rules_of(1))
    commands: list[BookCommand] = list(tape(1, COMMANDS))
    assert list(unpack_commands(b"".join(map(pack_command, commands)))) == commands
    for place, command in enumerate(commands):
        events = perform(book, command)
        assert list(unpack_events(pack_events(events, place))) == [(place, event) for event in events]


def test_the_tapes_reach_every_event_and_almost_every_refusal(book_factory: BookFactory) -> None:
    kinds: set[int] = set()
    refusals: set[int] = set()
    for seed in SEEDS:
        book = book_factory(rules_of(seed))
        for command in tape(seed, 2_000):
            events = perform(book, command)
            kinds.update(event.kind for event in events)
            refusals.update(event.reason for event in events if event.kind == EventKind.REFUSED)
    assert kinds == set(EventKind)
    far = {Refusal.NONE, Refusal.RECORD_INVALID, Refusal.TOO_MANY_FOLLOWERS, Refusal.TOO_MANY_CONTINGENT}
    assert refusals == set(Refusal) - far
