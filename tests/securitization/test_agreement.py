"""The two evaluators agree to the minor unit, on random deals and at every threshold; and a bug in one is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from securitization.analytics import arithmetic, vector_accruals, vector_state, vector_steps, vectors
from securitization.analytics.arithmetic import Vector
from securitization.deal import Deal, all_waterfalls
from securitization.deal_checks import check_deal
from securitization.deal_formulas import Rounding
from securitization.deal_steps import PayPrincipal, PayResidual, RepaySupports, TopUp
from securitization.deal_triggers import Relation
from securitization.evaluate import run_checked
from securitization.explain import Kind
from securitization.periods import PoolPeriod
from securitization.shipped import EXAMPLES
from tests.securitization.agreement import compare, try_deals
from tests.securitization.change import example, example_pool
from tests.securitization.random_deals import Maker
from tests.securitization.random_pools import at_the_edge, scenarios

IN = (Kind.COLLECTION, Kind.HEDGE_RECEIPT, Kind.SUPPORT_DRAW)
OUT = (
    Kind.FEE,
    Kind.HEDGE,
    Kind.INTEREST,
    Kind.PRINCIPAL,
    Kind.RESIDUAL,
    Kind.SUPPORT_INTEREST,
    Kind.SUPPORT_PRINCIPAL,
)


def test_they_agree_on_random_deals_a_third_of_them_at_an_edge() -> None:
    tried = try_deals(range(180))

    assert tried.differences == []
    assert tried.at_the_edge * 3 >= tried.deals
    assert tried.scenarios > 800


@pytest.mark.soak
def test_they_agree_on_ten_thousand_random_deals() -> None:
    tried = try_deals(range(10_000))

    assert tried.differences == []
    assert tried.at_the_edge * 3 >= tried.deals == 10_000


@pytest.mark.parametrize("name", EXAMPLES)
def test_they_agree_on_the_examples(name: str) -> None:
    deal, pool = example(name), example_pool(name)
    poor = [msgspec.structs.replace(period, interest_minor=period.interest_minor // 3) for period in pool]
    nothing = [
        msgspec.structs.replace(period, interest_minor=0, principal_minor=0, recoveries_minor=0) for period in pool
    ]
    failed = tuple(support.name for support in deal.supports)
    alone = [msgspec.structs.replace(period, failed_supports=failed, recoveries_minor=0) for period in poor]

    assert compare(deal, [pool, poor, nothing, alone]) == []


def test_at_an_edge_the_trigger_stands_exactly_on_its_threshold_and_turns_within_one_unit() -> None:
    turned = 0
    for seed in (seed for seed in range(60) if seed % 5 < 2):
        deal = Maker(seed, edge=True).deal
        for pool in scenarios(deal, seed, 4):
            bent = at_the_edge(deal, pool, seed)
            if len(bent) == 3:
                outcomes = [_failures(deal, periods) for periods in bent]
                turned += outcomes[0] != outcomes[1] or outcomes[1] != outcomes[2]
                break
    assert turned >= 15


def _failures(deal: Deal, periods: list[PoolPeriod]) -> list[bool]:
    """When the first trigger failed."""
    name = deal.triggers[0].name
    run = run_checked(deal, periods)
    return [check.failed for period in run.periods for check in period.checks if check.trigger == name]


def test_the_random_deals_use_all_of_the_language() -> None:
    text = b"".join(msgspec.json.encode(Maker(seed).deal) for seed in range(150))
    tags = [
        "pass_through", "planned", "bullet", "interest_only", "none", "fixed", "stepped", "floating",
        "flat", "rate", "tiered", "event", "swap", "cap", "floor",
        "amount", "pool", "tranches", "fees_due", "account", "target", "support", "share", "sum", "less",
        "least", "most",
        "compare", "overcollateralisation", "interest_coverage", "cumulative_default", "valuation", "invalidation",
        "support_failed", "interest_unpaid", "principal_unpaid", "follows",
        "pay_fees", "pay_hedges", "pay_interest", "pay_principal", "pay_residual", "fund_reserve", "release_reserve",
        "transfer", "top_up", "repay_supports", "write_off",
    ]  # fmt: skip
    assert [tag for tag in tags if f'"is":"{tag}"'.encode() not in text] == []
    words = ["compounding", "carried", "pro_rata", "sequential", "shares", "clean_up", "early_amortisation"]
    words += ["event_of_default", "liquidity", "guarantee", "difference", "collection", "payment", "act_360"]
    words += [str(one) for one in [*Relation, *Rounding]]
    assert [word for word in words if f'"{word}"'.encode() not in text] == []


def test_no_money_is_made_or_lost_none_is_left_and_nothing_is_negative() -> None:
    for seed in range(120):
        deal = Maker(seed).deal
        assert check_deal(deal) == []
        for pool in scenarios(deal, seed, 3):
            run = run_checked(deal, pool)
            held = sum(account.opening_minor for account in deal.accounts)
            for period in run.periods:
                paid = [(payment.kind, payment.amount_minor) for payment in period.payments]
                assert min(amount for _, amount in paid) >= 0
                assert min(period.figures.values()) >= 0
                held += sum(amount for kind, amount in paid if kind in IN)
                held -= sum(amount for kind, amount in paid if kind in OUT)
                assert held == sum(value for name, value in period.figures.items() if name.startswith("account."))
            assert held == 0, (seed, "cash is left after the last period")


# --- Bugs planted in the vectorised evaluator


def _floor_for_half_even(one: Vector, other: Vector | int, by: Vector | int, rounding: Rounding) -> Vector:
    return arithmetic.divide_product(one, other, by)[0]


def _half_up(one: Vector, other: Vector | int, by: Vector | int, rounding: Rounding) -> Vector:
    quotient, remainder = arithmetic.divide_product(one, other, by)
    if rounding is not Rounding.HALF_EVEN:
        return REAL_ROUNDING(one, other, by, rounding)
    return quotient + (2 * remainder >= by)


REAL_ROUNDING = arithmetic.rounded_product
REAL_FAILS = vectors._fails
REAL_OPEN = vectors._open
REAL_TARGET = vector_state.target_of
REAL_TAKE = vector_state.can_take
REAL_DUE = vector_state.principal_due
REAL_AVAILABLE = vector_state.available_of
REAL_REPAY = vector_steps._repay
REAL_COUPON = vector_accruals._coupon
REAL_CHECK = vectors._check_one
REAL_STEP = vector_steps.take_step


def _at_threshold(relation: Relation, left: Vector, right: Vector, ratio: int) -> Any:
    swapped = {Relation.BELOW: Relation.AT_MOST, Relation.AT_MOST: Relation.BELOW}
    swapped |= {Relation.ABOVE: Relation.AT_LEAST, Relation.AT_LEAST: Relation.ABOVE}
    return REAL_FAILS(swapped[relation], left, right, ratio)


def _floats(relation: Relation, left: Vector, right: Vector, ratio: int) -> Any:
    share = left / np.maximum(right, 1)
    bar = ratio / 1_000_000
    return {"below": share < bar, "at_most": share <= bar, "above": share > bar, "at_least": share >= bar}[relation]


REAL_SHARE_OUT = arithmetic.share_out_vectors


def _later_wins(whole: Vector, weights: Sequence[Vector]) -> list[Vector]:
    """Equal remainders go to the later place."""
    return REAL_SHARE_OUT(whole, list(reversed(weights)))[::-1]


def _no_last_target(now: Any, account: str) -> Vector:
    last, now.last = now.last, now.last + 1
    try:
        return REAL_TARGET(now, account)
    finally:
        now.last = last


def _too_early(now: Any, name: str, accelerated: bool) -> Vector:
    return now.balance[name]


def _unfailing(now: Any, support: str) -> Vector:
    limit = next(one.limit_minor for one in now.deal.supports if one.name == support)
    return limit - now.used[support]


def _not_due_at_the_end(now: Any, name: str) -> Vector:
    last, now.last = now.last, now.last + 1
    try:
        return REAL_DUE(now, name)
    finally:
        now.last = last


def _stale_opening(now: Any, number: int) -> None:
    opening = now.opening_balance
    REAL_OPEN(now, number)
    now.opening_balance = opening


def _restoring(now: Any, step: RepaySupports, concerned: Any) -> Any:
    told = REAL_REPAY(now, step, concerned)
    for kind, name, amount in told:
        if kind is Kind.SUPPORT_PRINCIPAL:
            now.used[name] = np.maximum(0, now.used[name] - amount)
    return told


def _never_cured(now: Any, trigger: Any) -> None:
    REAL_CHECK(now, msgspec.structs.replace(trigger, cure_after=None))


def _any_row(now: Any, trigger: Any) -> None:
    REAL_CHECK(now, msgspec.structs.replace(trigger, in_a_row=True))


def _uncapped(now: Any, tranche: Any) -> Any:
    coupon = tranche.coupon
    if hasattr(coupon, "cap_ppm"):
        tranche = msgspec.structs.replace(tranche, coupon=msgspec.structs.replace(coupon, cap_ppm=None))
    return REAL_COUPON(now, tranche)


def _everywhere(now: Any, step: Any, concerned: Any) -> Any:
    return REAL_STEP(now, step, None if isinstance(step, PayResidual) else concerned)


def _no_hurry(now: Any, step: Any, concerned: Any) -> Any:
    if isinstance(step, PayPrincipal):
        step = msgspec.structs.replace(step, accelerated=False)
    return REAL_STEP(now, step, concerned)


def _interest_only_topped_up(now: Any, step: Any, concerned: Any) -> Any:
    if isinstance(step, TopUp) and step.interest:
        step = msgspec.structs.replace(step, principal=())
    return REAL_STEP(now, step, concerned)


PLANTED: list[tuple[str, Any, str, Callable[..., Any]]] = [
    ("interest is rounded down", vector_accruals, "rounded_product", _floor_for_half_even),
    ("ties are rounded up", vector_accruals, "rounded_product", _half_up),
    ("a threshold itself counts on the other side", vectors, "_fails", _at_threshold),
    ("thresholds are compared as ratios of floats", vectors, "_fails", _floats),
    ("the odd unit goes to the later", arithmetic, "share_out_vectors", _later_wins),
    ("a reserve keeps its target in the last period", vector_steps, "target_of", _no_last_target),
    ("bullets and plans are paid early", vector_steps, "can_take", _too_early),
    ("a failed provider still pays", vector_steps, "available_of", _unfailing),
    ("principal is not due at the end", vector_steps, "principal_due", _not_due_at_the_end),
    ("the opening balance is never brought forward", vectors, "_open", _stale_opening),
    ("every support is restored by repayment", vector_steps, "_repay", _restoring),
    ("no trigger heals", vectors, "_check_one", _never_cured),
    ("strikes must always be in a row", vectors, "_check_one", _any_row),
    ("coupons have no cap", vector_accruals, "_coupon", _uncapped),
    ("a residual is paid in every status", vectors, "take_step", _everywhere),
    ("nothing is accelerated", vectors, "take_step", _no_hurry),
    ("principal is not topped up", vectors, "take_step", _interest_only_topped_up),
]


@pytest.mark.parametrize(("what", "module", "name", "bug"), PLANTED, ids=[row[0] for row in PLANTED])
def test_a_planted_bug_is_found(
    what: str, module: Any, name: str, bug: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, bug)

    tried = try_deals(range(600), stop=True)

    assert tried.differences, what


def test_every_waterfall_of_a_deal_is_run_by_some_random_deal() -> None:
    kinds = {status for seed in range(40) for status, _ in all_waterfalls(Maker(seed).deal)}
    assert len(kinds) == 4
