"""Two books, one tape: where they first differ, and the shortest tape on which they still do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from exchange.core.rejections import InvariantBroken
from matching.book_messages import Book, BookOrder, BookSide
from matching.book_records import BookCommand, Replace, Submit, pack_events, perform

Make = Callable[[], Book]
"""A new, empty book."""

FAILURES = (InvariantBroken, AssertionError, LookupError, ValueError, AttributeError, TypeError)


@dataclass(frozen=True, slots=True)
class Difference:
    """The first command after which two books differ, and how."""

    place: int
    command: BookCommand
    told: str


def first_difference(
    tape: Iterable[BookCommand], one: Make, other: Make, *, look_every: int = 0, prove_every: int = 0
) -> Difference | None:
    """Play a tape on both; compare the bytes of the events after each command.

    `look_every` so many commands everything that can be read is compared too, and `prove_every` so many both books
    check themselves. A book that fails an invariant differs from one that does not.
    """
    left, right = one(), other()
    for place, command in enumerate(tape):
        told = _step(left, right, command)
        if not told and look_every and place % look_every == look_every - 1:
            told = _look(left, right)
        if not told and prove_every and place % prove_every == prove_every - 1:
            told = _prove(left) or _prove(right)
        if told:
            return Difference(place, command, told)
    return None


def shortest(tape: Sequence[BookCommand], fails: Callable[[Sequence[BookCommand]], bool]) -> list[BookCommand]:
    """A tape that still fails and does not if any one command is taken out (Zeller's ddmin), its orders made plain.

    Whatever comes after the failure should be cut off beforehand; the number of tries grows with the tape.
    """
    kept = list(tape)
    pieces = 2
    while len(kept) >= 2:
        size = -(-len(kept) // pieces)
        for begin in range(0, len(kept), size):
            rest = kept[:begin] + kept[begin + size :]
            if fails(rest):
                kept, pieces = rest, max(pieces - 1, 2)
                break
        else:
            if size == 1:
                break
            pieces = min(2 * pieces, len(kept))
    for place, command in enumerate(kept):
        for plainer in _plainer(command):
            trial = [*kept[:place], plainer, *kept[place + 1 :]]
            if fails(trial):
                kept = trial
    return kept


def shrunk(
    tape: Sequence[BookCommand], one: Make, other: Make, *, look_every: int = 0, prove_every: int = 0
) -> list[BookCommand]:
    """The shortest tape on which two books differ; empty if they do not."""

    def fails(trial: Sequence[BookCommand]) -> bool:
        return first_difference(trial, one, other, look_every=look_every, prove_every=prove_every) is not None

    found = first_difference(tape, one, other, look_every=look_every, prove_every=prove_every)
    if found is None:
        return []
    cut = list(tape[: found.place + 1])
    if look_every > 1 or prove_every > 1:  # a shorter tape is looked at after each command
        look_every, prove_every = min(look_every, 1), min(prove_every, 1)
        found = first_difference(cut, one, other, look_every=look_every, prove_every=prove_every)
        cut = cut if found is None else cut[: found.place + 1]
    return shortest(cut, fails)


def _step(left: Book, right: Book, command: BookCommand) -> str:
    try:
        expected: object = pack_events(perform(left, command))
    except FAILURES as error:
        expected = error
    try:
        got: object = pack_events(perform(right, command))
    except FAILURES as error:
        got = error
    if isinstance(expected, Exception) or isinstance(got, Exception):
        return "" if type(expected) is type(got) else f"{expected!r} against {got!r}"
    return "" if expected == got else "other events"


def _look(left: Book, right: Book) -> str:
    for name, one, other in (
        ("orders", left.orders(), right.orders()),
        ("state", left.state(), right.state()),
        ("length", len(left), len(right)),
        ("pending", left.pending, right.pending),
        ("indication", left.indication(), right.indication()),
        *((f"best {side.name}", left.best(side), right.best(side)) for side in BookSide),
        *((f"levels {side.name}", left.levels(side), right.levels(side)) for side in BookSide),
    ):
        if one != other:
            return f"{name}: {one} against {other}"
    return ""


def _prove(book: Book) -> str:
    try:
        book.validate()
    except FAILURES as error:
        return repr(error)
    return ""


OPTIONAL = BookOrder.__struct_fields__[-len(BookOrder.__struct_defaults__) :]
PLAIN = dict(zip(OPTIONAL, BookOrder.__struct_defaults__, strict=True))
"""The conditions that an order may leave out, and what they then are."""


def _plainer(command: BookCommand) -> Iterable[BookCommand]:
    """The same command with one of its conditions left out, or with fewer lots."""
    match command:
        case Submit(order, max_fills):
            for field, default in PLAIN.items():
                if getattr(order, field) != default:
                    yield Submit(msgspec.structs.replace(order, **{field: default}), max_fills)
            for lots in (1, 2, order.quantity_lots // 2):
                if 0 < lots < order.quantity_lots:
                    yield Submit(msgspec.structs.replace(order, quantity_lots=lots), max_fills)
        case Replace(order_id, price_ticks, quantity_lots, stop_ticks, max_fills):
            if stop_ticks:
                yield Replace(order_id, price_ticks, quantity_lots, 0, max_fills)
        case _:
            return
