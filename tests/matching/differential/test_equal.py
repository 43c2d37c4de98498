"""The compiled book does what the plain one does, event for event, whatever is asked of it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from benchmarks.tapes import records
from benchmarks.workloads import deep, flow
from matching._book import CompiledBook
from matching.book_messages import MAX_PRIORITY, BookSide, Call, Matching
from matching.book_records import BookCommand, NumberFrom, pack_command, pack_events, perform
from matching.order_book import PlainBook
from tests.matching.differential.pair import first_difference
from tests.matching.differential.tapes import dressed

CI_SEEDS, CI_COMMANDS = range(20), 10_000
SOAK_SEEDS, SOAK_COMMANDS = range(100, 120), 500_000


def opened(book: CompiledBook) -> CompiledBook:
    """The same book in continuous trading."""
    book.set_phase(Matching.CONTINUOUS, Call.NONE, 0, 1)
    return book


def packed(commands: Iterable[BookCommand]) -> bytes:
    """A tape as records."""
    return b"".join(map(pack_command, commands))


@pytest.mark.parametrize("seed", CI_SEEDS)
def test_both_books_tell_the_same_events(seed: int) -> None:
    rules, tape = dressed(seed, CI_COMMANDS)
    assert first_difference(tape, lambda: PlainBook(rules), lambda: CompiledBook(rules), look_every=500) is None


@pytest.mark.parametrize("seed", range(200, 208))
def test_both_books_are_equal_and_sound_after_every_command(seed: int) -> None:
    rules, tape = dressed(seed, 400)
    made = (lambda: PlainBook(rules)), (lambda: CompiledBook(rules))
    assert first_difference(tape, *made, look_every=1, prove_every=1) is None


@pytest.mark.soak
@pytest.mark.parametrize("seed", SOAK_SEEDS)
def test_both_books_tell_the_same_events_for_very_long(seed: int) -> None:
    rules, tape = dressed(seed, SOAK_COMMANDS)
    assert first_difference(tape, lambda: PlainBook(rules), lambda: CompiledBook(rules), prove_every=5_000) is None


@pytest.mark.parametrize("seed", range(4))
def test_a_batch_of_records_answers_as_call_after_call(seed: int) -> None:
    rules, tape = dressed(seed, 3_000)
    commands = list(tape)
    single, batched = CompiledBook(rules), CompiledBook(rules)
    expected = b"".join(pack_events(perform(single, command), place) for place, command in enumerate(commands))
    assert batched.run(packed(commands)).tobytes() == expected
    assert batched.orders() == single.orders()


def test_light_events_say_what_full_ones_say() -> None:
    light, full = opened(CompiledBook()), opened(CompiledBook())
    from matching.book_messages import BookOrder

    for number in range(1, 400):
        side = BookSide.BUY if number * 7 % 13 < 6 else BookSide.SELL
        price = 100 + number * 31 % 7 - 3
        order = BookOrder(order_id=number, account_id=number % 5 + 1, side=side, price_ticks=price, quantity_lots=5)
        events = light.enter(number, number % 5 + 1, int(side), price, 5)
        assert [event.full() for event in events] == full.submit(order, 1_000)
        if number % 3 == 0:
            assert [event.full() for event in light.leave(number // 2)] == full.cancel(number // 2)


@pytest.mark.parametrize("name", ["flow", "deep"])
def test_a_book_that_has_its_size_asks_for_no_memory(name: str) -> None:
    """The same day is played on one book again and again, each time under new ids; the third time nothing is new."""
    work = flow(30_000) if name == "flow" else deep(5_000, 10_000)
    book = opened(CompiledBook())
    asked: list[int] = []
    for day in range(4):
        book.replay(records(work.resting + work.messages, first_id=day * 50_000).tobytes())
        book.run(packed([]))
        book.cancel_where(0, 0, 0, 17, 65_535)
        asked.append(book.memory_requests)
    assert asked[3] == asked[2] == asked[1]


@pytest.mark.parametrize(
    ("batch", "told"),
    [
        (b"\1" * 63, "64 bytes"),
        (bytes([255]) + bytes(63), "without its first"),
        (bytes([99]) + bytes(63), "does not exist"),
        (pack_command(NumberFrom(MAX_PRIORITY + 1)), "fits what carries it"),
        (pack_command(NumberFrom(-1)), "fits what carries it"),
        (bytes([1, 1, 1, 1, 1, 8]) + bytes(58), "is missing"),
    ],
)
def test_bytes_that_are_no_batch_are_refused_before_anything_is_done(batch: bytes, told: str) -> None:
    book = CompiledBook()
    good = pack_command(next(iter(dressed(1, 1)[1])))
    with pytest.raises(ValueError, match=told):
        book.run(good + batch)
    assert book.state().matching == Matching.HALTED


def test_words_that_do_not_exist_are_refused_in_a_record() -> None:
    book = opened(CompiledBook())
    words = np.frombuffer(bytes([1, 1, 1, 1, 1, 0]), dtype="u1")
    for place in range(1, 5):
        for wrong in (0, 200):
            record = bytearray(64)
            record[:6] = words.tobytes()
            record[6:8] = (9).to_bytes(2, "little")
            for number in (8, 16, 32, 40):
                record[number] = 1
            record[place] = wrong
            (event,) = book.run(bytes(record))
            assert (event["kind"], event["reason"]) == (1, 1)
