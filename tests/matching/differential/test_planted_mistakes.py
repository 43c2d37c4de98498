"""A mistake in the compiled book is found, whatever it is, and told by a tape short enough to read.

A test that has never failed proves nothing. The mistakes are planted in the headers as `broken(n)`, which only a test
build knows; each is of a kind that was found in real matching engines.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from exchange.core.rejections import InvariantBroken
from matching._book import CompiledBook
from matching.book_events import Events
from matching.book_messages import BookRules
from matching.book_records import BookCommand
from matching.books import BookMaker
from matching.order_book import PlainBook
from tests.matching.differential.building import NATIVE, TestBuild, build
from tests.matching.differential.pair import Make, first_difference, shrunk
from tests.matching.differential.tapes import dressed

MISTAKES = {
    1: "cancels the order behind the one that was named",
    2: "a reduced order loses its place",
    3: "post-only takes",
    4: "walks a tick through its own limit",
    5: "trades outside the band",
    6: "fills at the taker's price",
    7: "does not count its fills",
    8: "a partly filled maker goes to the back",
    9: "an own order is removed without an event",
    10: "the other order of a pair stays",
    11: "an iceberg's next slice keeps its place",
    12: "a stop cascade ends after one stop",
    13: "does not know groups",
    14: "fill-or-kill and minimum are not looked up",
    15: "counts back to a number it has passed",
}
SEEDS = range(8)
COMMANDS = 2_000
READABLE = 16


@pytest.fixture(scope="module")
def broken_build(tmp_path_factory: pytest.TempPathFactory) -> TestBuild:
    """The compiled book with its mistakes in reach."""
    return build(tmp_path_factory.mktemp("broken"), "-DMATCHING_BREAKAGES")


@pytest.fixture
def mistaken(broken_build: TestBuild, number: int) -> Iterator[TestBuild]:
    """The same while it makes one of them."""
    broken_build.make_one_mistake(number)
    yield broken_build
    broken_build.make_one_mistake(0)


def pair_of(rules: BookRules, module: TestBuild) -> tuple[Make, Make]:
    """A plain book and one of the test build's."""
    return (lambda: PlainBook(rules)), (lambda: module.CompiledBook(rules))


@pytest.mark.parametrize("number", MISTAKES, ids=lambda number: MISTAKES[number].replace(" ", "-"))
def test_a_mistake_is_found_and_told_by_a_short_tape(mistaken: TestBuild, number: int) -> None:
    for seed in SEEDS:
        rules, tape = dressed(seed, COMMANDS)
        short = shrunk(list(tape), *pair_of(rules, mistaken), look_every=1)
        if short:
            break
    else:
        pytest.fail(f"nobody noticed that the book {MISTAKES[number]}")
    assert len(short) <= READABLE
    assert first_difference(short, *pair_of(rules, mistaken), look_every=1) is not None
    mistaken.make_one_mistake(0)
    assert first_difference(short, *pair_of(rules, mistaken), look_every=1, prove_every=1) is None


def test_every_mistake_in_the_headers_has_its_test() -> None:
    told = "".join(path.read_text() for path in sorted(NATIVE.glob("*.hpp")))
    assert {number for number in range(1, 100) if f"broken({number})" in told} == set(MISTAKES)


class Forgetful(PlainBook):
    """Lets a stop wait, and forgets that its price was reached."""

    def _reach(self, side: int, price: int, events: Events) -> None:
        return


class Ashamed(PlainBook):
    """Finds fault with itself."""

    def validate(self) -> None:
        raise InvariantBroken("planted")


def shrunk_against(make: BookMaker, seed: int) -> list[BookCommand]:
    """The shortest tape of a seed on which another book differs from the compiled one."""
    rules, tape = dressed(seed, COMMANDS)
    return shrunk(list(tape), lambda: make(rules), lambda: CompiledBook(rules))


def test_a_mistake_in_the_plain_book_is_found_as_well() -> None:
    short = next(filter(None, (shrunk_against(Forgetful, seed) for seed in SEEDS)))
    assert 2 <= len(short) <= READABLE


def test_a_book_that_breaks_a_promise_differs_from_one_that_keeps_it() -> None:
    rules, tape = dressed(0, 50)
    found = first_difference(tape, lambda: Ashamed(rules), lambda: CompiledBook(rules), prove_every=10)
    assert found is not None
    assert found.place == 9
    assert "planted" in found.told
