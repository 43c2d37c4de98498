"""The filter of keys finds every key that is there, names few that are not, and asks for the memory it promises."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.ids import MAX_SEQUENCE
from exchange.node.codec import KEY_BLOCK_BITS, key_hash, key_place
from exchange.store.keys import KeyFilter, ReadableFilter, key_filter

FILTERS = pytest.mark.parametrize("made", [ReadableFilter, key_filter], ids=["readable", "installed"])
PLACES = st.lists(st.tuples(st.integers(1, 5_000_000), st.text(max_size=8)), max_size=50)


def place_of(sequence: int, key: str) -> int:
    return key_place(sequence, key_hash(1, key))


@FILTERS
@given(rows=PLACES)
def test_every_key_that_was_added_is_found(made: Callable[[], KeyFilter], rows: list[tuple[int, str]]) -> None:
    known = made()
    known.add(place_of(sequence, key) for sequence, key in rows)
    for sequence, key in rows:
        assert place_of(sequence, key) in known.find([key_hash(1, key)])


@given(PLACES, st.lists(st.text(max_size=8), max_size=20))
def test_both_filters_find_the_same(rows: list[tuple[int, str]], asked: list[str]) -> None:
    places = [place_of(sequence, key) for sequence, key in rows]
    hashes = [key_hash(1, key) for key in asked]
    readable, installed = ReadableFilter(), key_filter()
    readable.add(places)
    installed.add(places)
    assert sorted(readable.find(hashes)) == sorted(installed.find(hashes))


@FILTERS
def test_an_empty_filter_finds_nothing(made: Callable[[], KeyFilter]) -> None:
    assert made().find([key_hash(1, "k")]) == []


def test_of_a_full_blocks_strangers_less_than_one_in_a_thousand_is_named() -> None:
    known = key_filter()
    known.add(place_of(sequence, f"old-{sequence}") for sequence in range((1 << KEY_BLOCK_BITS) + 1))
    strangers = [key_hash(1, f"new-{number}") for number in range(20_000)]
    assert len(known.find(strangers)) < 20


def test_the_places_of_a_blocks_keys_lie_together_and_the_largest_sequence_has_one() -> None:
    block = 1 << KEY_BLOCK_BITS
    places = [place_of(sequence, f"k{sequence}") for sequence in range(3 * block)]
    assert (
        max(places[:block]) < min(places[block : 2 * block]) < max(places[block : 2 * block]) < min(places[2 * block :])
    )
    assert 0 < place_of(MAX_SEQUENCE, "k") < 2**63


@FILTERS
def test_a_place_far_ahead_costs_no_more_memory_than_a_near_one(made: Callable[[], KeyFilter]) -> None:
    known = made()
    known.add([place_of(MAX_SEQUENCE, "k")])
    assert known.find([key_hash(1, "k")]) == [place_of(MAX_SEQUENCE, "k")]
