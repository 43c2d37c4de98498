"""Pools drawn by chance for a deal, and pools bent until a trigger stands exactly on its threshold."""

from __future__ import annotations

from random import Random  # noqa: TID251 - seeded, and the seed names the pool

import msgspec

from securitization.deal import Deal
from securitization.deal_formulas import PPM
from securitization.evaluate import run_checked
from securitization.periods import PoolPeriod
from securitization.trigger import comparison


def scenarios(deal: Deal, seed: int, count: int) -> list[list[PoolPeriod]]:
    """Pools by chance: nothing comes in, too little, about enough, far too much."""
    chance = Random(seed)
    return [_periods(deal, chance, plenty) for plenty in [1.0, 0.0, 0.6, 1.1, 3.0, 0.9, 0.3][:count]]


def _periods(deal: Deal, chance: Random, plenty: float) -> list[PoolPeriod]:
    balance, found = deal.pool.initial_balance_minor, []
    last = len(deal.periods)
    for number in range(1, last + 1):
        principal = balance if number == last else int(balance * chance.random() * 0.4)
        defaults = min(balance - principal, int(balance * chance.choice([0, 0, 0.05, 0.2])))
        balance -= principal + defaults
        found.append(
            PoolPeriod(
                interest_minor=int(plenty * chance.randint(0, deal.issue_minor // 20)),
                principal_minor=int(plenty * principal),
                recoveries_minor=int(plenty * defaults * chance.random()),
                defaults_minor=defaults,
                balance_minor=balance,
                valuation_minor=int(deal.pool.initial_valuation_minor * chance.choice([1, 0.9, 0.4])),
                invalidated_rights=chance.choice([0, 0, 0, 1, 2]),
                rates_ppm={name: chance.choice([-5_000, 0, 30_000, 34_501, 80_000]) for name in deal.indexes},
                events={name: chance.randint(0, 2) for name in deal.events},
                failed_supports=tuple(one.name for one in deal.supports if chance.random() < 0.15),
            )
        )
    return found


FIGURES = {
    "overcollateralisation": "balance_minor",
    "cumulative_default": "defaults_minor",
    "valuation": "valuation_minor",
    "invalidation": "invalidated_rights",
    "interest_coverage": "interest_minor",
    "compare": "recoveries_minor",
}
"""The pool's figure that moves the left side of a test unit by unit."""


def at_the_edge(deal: Deal, periods: list[PoolPeriod], seed: int) -> list[list[PoolPeriod]]:
    """The pool with the first trigger one unit below its threshold, on it, and one above; empty if it cannot be.

    The figure is moved by what is missing, and the deal run again, until both sides meet to the unit.
    """
    trigger = deal.triggers[0]
    test = comparison(trigger.test)
    figure = FIGURES[msgspec.to_builtins(trigger.test)["is"]]
    number = Random(seed).randint(test.window, len(deal.periods))
    for _ in range(6):
        checks = run_checked(deal, periods).periods[number - 1].checks
        check = next(one for one in checks if one.trigger == trigger.name)
        missing = check.right * test.ratio_ppm - check.left * PPM
        value = getattr(periods[number - 1], figure) + missing // PPM
        if missing == 0:
            return [_with(periods, number, figure, value + by) for by in (-1, 0, 1) if value + by >= 0]
        if missing % PPM or value < 0:
            return []
        periods = _with(periods, number, figure, value)
    return []


def _with(periods: list[PoolPeriod], number: int, figure: str, value: int) -> list[PoolPeriod]:
    changed = msgspec.structs.replace(periods[number - 1], **{figure: value})
    return [*periods[: number - 1], changed, *periods[number:]]
