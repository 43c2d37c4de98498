"""The arithmetic of arrays is that of integers, up to 2⁵³ − 1; and what could go beyond is refused before the run."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.units import div_ceil, div_floor, div_half_even, share_out
from securitization.analytics.arithmetic import (
    EXACT,
    by_shares_vectors,
    divide_product,
    in_order_vectors,
    pro_rata_vectors,
    rounded_product,
    share_out_vectors,
)
from securitization.analytics.bounds import prove_bounds, reduced
from securitization.analytics.inputs import from_periods
from securitization.analytics.vectors import VectorRun, run_scenarios, run_vectors
from securitization.deal import Deal, read_deal
from securitization.deal_formulas import Rounding
from securitization.deal_problems import Problem
from securitization.periods import PoolPeriod
from securitization.waterfall import by_shares, in_order, pro_rata
from tests.securitization.agreement import compare
from tests.securitization.change import changed, example, example_pool

WHOLE = st.one_of(st.integers(0, 100), st.integers(0, EXACT), st.integers(EXACT - 100, EXACT))
PLAIN = {Rounding.FLOOR: div_floor, Rounding.HALF_EVEN: div_half_even, Rounding.CEIL: div_ceil}


def one(value: int) -> Any:
    return np.array([value], dtype=np.int64)


@given(WHOLE, WHOLE, st.integers(1, EXACT), st.sampled_from(list(Rounding)))
def test_a_product_is_divided_and_rounded_as_integers_are(left: int, right: int, by: int, rounding: Rounding) -> None:
    wanted = PLAIN[rounding](left * right, by)
    if wanted <= EXACT:
        assert rounded_product(one(left), one(right), one(by), rounding)[0] == wanted
        quotient, remainder = divide_product(one(left), one(right), one(by))
        assert (quotient[0], remainder[0]) == divmod(left * right, by)


@given(st.integers(0, EXACT // 2), st.integers(1, 2**20))
def test_a_tie_goes_to_the_even_neighbour(quotient: int, half: int) -> None:
    numerator = one(2 * quotient + 1)
    assert rounded_product(numerator, one(half), one(2 * half), Rounding.HALF_EVEN)[0] == quotient + quotient % 2


@given(st.lists(st.integers(0, EXACT // 8), min_size=1, max_size=8), st.integers(0, EXACT))
def test_shares_are_those_of_integers(weights: list[int], whole: int) -> None:
    whole = min(whole, sum(weights))
    wanted = share_out(whole, weights) if sum(weights) else [0] * len(weights)
    assert [int(part[0]) for part in share_out_vectors(one(whole), [one(weight) for weight in weights])] == wanted


@given(st.lists(st.integers(0, EXACT // 8), min_size=1, max_size=8), st.integers(0, EXACT), st.integers(0, 1_000_000))
def test_payments_are_those_of_integers(dues: list[int], available: int, share: int) -> None:
    arrays = [one(due) for due in dues]
    assert [int(paid[0]) for paid in in_order_vectors(one(available), arrays)] == in_order(available, dues)
    assert [int(paid[0]) for paid in pro_rata_vectors(one(available), arrays)] == pro_rata(available, dues)
    shares = [share, 1_000_000 - share, *([0] * (len(dues) - 2))][: len(dues)]
    if sum(shares) == 1_000_000:
        assert [int(paid[0]) for paid in by_shares_vectors(one(available), shares, arrays)] == by_shares(
            available, shares, dues
        )


def test_a_ratio_is_compared_in_its_smallest_numbers() -> None:
    assert reduced(1_050_000) == (21, 20)
    assert reduced(1_000_000) == (1, 1)
    assert reduced(0) == (0, 1)
    assert reduced(999_999) == (999_999, 1_000_000)


# --- Bounds


def rich(balance: int) -> tuple[Deal, list[PoolPeriod]]:
    """The smallest example with a pool of any size in its last period, which only its trigger looks at."""
    deal, pool = example("two_classes"), example_pool("two_classes")
    return deal, [*pool[:-1], msgspec.structs.replace(pool[-1], balance_minor=balance)]


def test_the_greatest_balance_a_test_can_be_multiplied_with_is_run_and_one_more_is_refused() -> None:
    text = changed("two_classes", {"triggers[0].test.minimum_ppm": 1_000_001})
    deal = read_deal(text)
    assert isinstance(deal, Deal)
    most = (2**63 - 1) // 1_000_000
    pool = [msgspec.structs.replace(one, balance_minor=most) for one in example_pool("two_classes")]
    more = [*pool[:-1], msgspec.structs.replace(pool[-1], balance_minor=most + 1)]

    assert compare(deal, [pool]) == []
    refused = run_scenarios(deal, [pool, more])
    assert isinstance(refused, Problem)
    assert (refused.code, refused.path) == ("vectors.overflow", "$.triggers[0].test")


def test_at_the_end_of_what_is_exact_the_evaluators_still_agree_and_beyond_it_is_refused() -> None:
    deal, pool = example("two_classes"), example_pool("two_classes")
    low, high = 0, EXACT
    while high - low > 1:  # the greatest collection that can be proven safe
        middle = (low + high) // 2
        fits = prove_bounds(deal, from_periods(deal, [_paying(pool, middle)])) is None
        low, high = (middle, high) if fits else (low, middle)

    assert low > 2**52
    assert compare(deal, [_paying(pool, low), pool]) == []
    refused = run_scenarios(deal, [_paying(pool, low + 1)])
    assert isinstance(refused, Problem)
    assert (refused.code, refused.path) == ("vectors.overflow", "$.periods[3]")


def _paying(pool: list[PoolPeriod], interest: int) -> list[PoolPeriod]:
    return [*pool[:-1], msgspec.structs.replace(pool[-1], interest_minor=interest)]


def test_scenarios_of_another_shape_are_refused() -> None:
    deal, pool = example("two_classes"), example_pool("two_classes")
    good = from_periods(deal, [pool, pool])
    assert good.shape == (2, 4)
    assert isinstance(run_vectors(deal, good), VectorRun)

    for name, array in (
        ("interest_minor", good.interest_minor[:, :3]),
        ("balance_minor", good.balance_minor[:1]),
        ("valuation_minor", good.valuation_minor.astype(np.int32)),
    ):
        arrays: dict[str, Any] = {field: getattr(good, field) for field in good.__slots__} | {name: array}
        refused = run_vectors(deal, type(good)(**arrays))
        assert isinstance(refused, Problem)
        assert refused.code == "vectors.shape"


@pytest.mark.parametrize(("field", "value"), [("interest_minor", -1), ("defaults_minor", EXACT + 1)])
def test_figures_outside_their_limits_are_refused(field: str, value: int) -> None:
    deal, pool = example("two_classes"), example_pool("two_classes")
    refused = run_scenarios(deal, [[*pool[:-1], msgspec.structs.replace(pool[-1], **{field: value})]])
    assert isinstance(refused, Problem)
    assert (refused.code, refused.path) == ("periods.value", field)


def test_a_deal_with_a_problem_is_not_run() -> None:
    deal = read_deal(changed("two_classes", {"issue_minor": 1}))
    assert isinstance(deal, Deal)
    refused = run_scenarios(deal, [example_pool("two_classes")])
    assert isinstance(refused, Problem)
    assert refused.code == "tranche.total"
