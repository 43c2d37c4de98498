"""The prices outside of which trading is interrupted, and the moment at which a call ends."""

from __future__ import annotations

import hashlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.bands import NO_BAND, PriceBand, band_round, both, within
from matching.call_end import call_end_ns, commitment, drawn_ms, seed_for

BANDS = """
round   ppm        low    high   why
1000    100000     900    1100   ten percent
1005    100000     905    1105   904.5 and 1105.5: rounded towards the price
1       500000     1      1      no tick between
1       1000000    1      2      everything below, at least one tick
999     1          999    999    narrower than a tick
0       100000     0      0      no price, no range
"""


@pytest.mark.parametrize("line", BANDS.strip().splitlines()[1:])
def test_a_range_holds_the_ticks_that_lie_in_it(line: str) -> None:
    price, ppm, low, high = (int(word) for word in line.split()[:4])
    assert band_round(price, ppm) == PriceBand(low, high)


def test_no_width_is_no_range_and_lets_every_price_through() -> None:
    assert band_round(1_000, None) == NO_BAND
    assert within(NO_BAND, 1)
    assert within(NO_BAND, 2**53 - 1)


@given(st.integers(1, 2**40), st.integers(1, 1_000_000), st.integers(1, 2**41))
def test_exactly_the_ticks_within_the_percentage_are_within_the_range(price: int, ppm: int, asked: int) -> None:
    away = abs(Fraction(asked - price, price))
    assert within(band_round(price, ppm), asked) is (away <= Fraction(ppm, 1_000_000))


@pytest.mark.parametrize(
    ("static", "dynamic", "expected"),
    [
        ((90, 110), (99, 103), (99, 103)),
        ((90, 110), (105, 120), (105, 110)),
        ((90, 110), (110, 120), (110, 110)),
        ((90, 110), (111, 120), (90, 110)),
        ((90, 110), (0, 0), (90, 110)),
        ((0, 0), (99, 103), (99, 103)),
        ((0, 0), (0, 0), (0, 0)),
    ],
)
def test_both_ranges_bind_as_far_as_they_meet(
    static: tuple[int, int], dynamic: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert both(PriceBand(*static), PriceBand(*dynamic)) == PriceBand(*expected)


SEED = bytes(range(32))


def test_the_commitment_and_the_draw_are_what_anybody_computes_with_sha256() -> None:
    assert commitment(SEED) == "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd"
    message = SEED + b"\0\0\0\0\0\0\0\x07" + (1_700_000_000 * 10**9).to_bytes(8, "big")
    first = int(hashlib.sha256(message).hexdigest()[:16], 16)
    assert drawn_ms(SEED, 7, 1_700_000_000 * 10**9, 30) == first % 30_001


def test_a_call_ends_on_the_dot_without_a_seed_or_without_a_random_part() -> None:
    assert call_end_ns(b"", 7, 1_000, 30) == 1_000
    assert call_end_ns(SEED, 7, 1_000, 0) == 1_000


def test_ends_are_spread_over_the_whole_window_and_never_beyond_it() -> None:
    ends = [drawn_ms(SEED, instrument, 10**18, 1) for instrument in range(5_000)]
    assert min(ends) >= 0 and max(ends) <= 1_000
    assert len(set(ends)) > 950, "a thousand and one outcomes, each about five times"
    assert 450 < sum(ends) / len(ends) < 550


def test_two_instruments_have_two_seeds_from_one_chance() -> None:
    assert seed_for(b"chance", 1) != seed_for(b"chance", 2) != seed_for(b"other", 2)
    assert len(seed_for(b"chance", 1)) == 32
