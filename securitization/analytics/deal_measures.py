"""A deal and its pool, measured: what each class is worth, what it may lose, and what where the guarantor fails.

Two projections go in. Named scenarios, the first as expected and the last with the guarantor gone before the first
payment, give prices, lives and break-even rates; scenarios drawn from a recorded seed give chances and tails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from securitization.analytics import pricing, refused
from securitization.analytics.assumptions import Assumptions, Stress
from securitization.analytics.credit_flows import Simulation
from securitization.analytics.deal_scenarios import evaluate, evaluate_failed
from securitization.analytics.measures import Credit, Tail, TrancheFlows, credit, tails, where
from securitization.analytics.pool_file import Joined
from securitization.analytics.projection import parted
from securitization.analytics.refused import ProjectionRefused
from securitization.analytics.stress import Collected, Drawn, Stressed, break_even_cdr, draw, stress

EXPECTED, GUARANTOR_FAILS = "expected", "guarantor_fails"


@dataclass(frozen=True, slots=True)
class Asked:
    """What to measure under.

    Units: `prices` and `yields` by class, in percent of its face and in percent a year compounded `frequency` times; a
    class in neither is priced at 100.
    """

    assumptions: Assumptions
    simulation: Simulation
    prices: Mapping[str, float]
    yields: Mapping[str, float]
    frequency: int = 1


@dataclass(frozen=True, slots=True)
class ClassMeasures:
    """One class. Shares are of 1, times in years, prices in percent of face; None where there is no such figure.

    As expected: price to modified duration, the periods of its principal, the loss. Drawn: `credit` and `tails`, and
    `guarantor_fails` over the scenarios in which it does. `break_even_cdr` with the guarantor standing, and without it
    from the start.
    """

    name: str
    opening_minor: int
    attachment: float
    detachment: float
    price: float | None
    yield_a_year: float | None
    average_life_years: float | None
    modified_duration_years: float | None
    first_period: int
    last_period: int
    loss_minor: int
    credit: Credit | None
    tails: tuple[Tail, ...]
    guarantor_fails: Credit | None
    break_even_cdr: float | None
    break_even_cdr_guarantor_fails: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """A deal's stress, whole: what was asked, both projections, and each class."""

    joined: Joined
    asked: Asked
    stressed: Stressed
    drawn: Drawn
    classes: tuple[ClassMeasures, ...]


def measure(told: Joined, asked: Asked) -> Measured:
    """Measure a deal.

    Refused: as `stress` and `draw`; as `evaluate`; projection.assumption_invalid, for a price of no class.
    Raises: ProjectionRefused, DealRefused.
    """
    known = [tranche.name for tranche in told.deal.tranches if tranche.face_minor]
    for name in (*asked.prices, *asked.yields):
        refused.assumption(name in known, f"no class {name} with a face to price; there is {', '.join(known)}")
        refused.assumption(name not in asked.prices or name not in asked.yields, f"{name} has a price and a yield")
    parts, horizon = told.pool.parts, told.horizon
    drawn = draw(parts, asked.assumptions, asked.simulation, horizon, lambda given: evaluate(told, given))
    drawn, stressed = replace(drawn, times=told.times), replace(_stressed(told, asked), times=told.times)
    borne = dict[str, float](), dict[str, float]()
    if parted(parts)[0]:
        borne = _borne(told, asked)
    classes = [_measured(place, stressed, drawn, told, asked, borne) for place in range(len(stressed.tranches))]
    return Measured(told, asked, stressed, drawn, tuple(classes))


def _stressed(told: Joined, asked: Asked) -> Stressed:
    """As expected, the pool's own scenarios, and as expected without the guarantor."""
    scenarios = [Stress(name=EXPECTED), *told.pool.scenarios]
    if not told.pool.guarantees:
        return stress(told.pool.parts, asked.assumptions, scenarios, told.horizon, lambda given: evaluate(told, given))

    def without(given: Collected) -> list[TrancheFlows]:
        failed = given.guarantor_failed.copy()
        failed[-1] = 1
        return evaluate(told, replace(given, guarantor_failed=failed))

    scenarios.append(Stress(name=GUARANTOR_FAILS))
    return stress(told.pool.parts, asked.assumptions, scenarios, told.horizon, without)


def _borne(told: Joined, asked: Asked) -> tuple[dict[str, float], dict[str, float]]:
    """Break-even default rates with the guarantor standing, and without it."""
    ask = told.pool.parts, asked.assumptions, told.horizon
    standing = break_even_cdr(*ask, lambda given: evaluate(told, given))
    if not told.pool.guarantees:
        return standing, {}
    return standing, break_even_cdr(*ask, lambda given: evaluate_failed(told, given))


def _measured(
    place: int,
    stressed: Stressed,
    drawn: Drawn,
    told: Joined,
    asked: Asked,
    borne: tuple[dict[str, float], dict[str, float]],
) -> ClassMeasures:
    flows, lost = stressed.tranches[place], drawn.tranches[place]
    attachment, detachment = _points(told, flows.name)
    first, last = pricing.payment_window(flows.principal[0])
    priced, owed = _priced(flows, stressed, asked), flows.opening > 0
    return ClassMeasures(
        name=flows.name,
        opening_minor=flows.opening,
        attachment=attachment,
        detachment=detachment,
        price=priced[0],
        yield_a_year=priced[1],
        average_life_years=priced[2],
        modified_duration_years=priced[3],
        first_period=int(first),
        last_period=int(last),
        loss_minor=int(flows.loss[0]),
        credit=_credit(lost, drawn) if owed else None,
        tails=tuple(tails(lost.loss, lost.opening)) if owed else (),
        guarantor_fails=_where_it_fails(lost, drawn) if owed else None,
        break_even_cdr=borne[0].get(flows.name) if owed else None,
        break_even_cdr_guarantor_fails=borne[1].get(flows.name) if owed else None,
    )


def _points(told: Joined, name: str) -> tuple[float, float]:
    """Where losses reach a class and where they have taken it all; classes of one rank lie between the same points."""
    rank = next(tranche.seniority for tranche in told.deal.tranches if tranche.name == name)
    below = sum(tranche.face_minor for tranche in told.deal.tranches if tranche.seniority > rank)
    beside = sum(tranche.face_minor for tranche in told.deal.tranches if tranche.seniority == rank)
    total = sum(tranche.face_minor for tranche in told.deal.tranches)
    return below / total, (below + beside) / total


def _priced(
    flows: TrancheFlows, stressed: Stressed, asked: Asked
) -> tuple[float | None, float | None, float | None, float | None]:
    """Price, yield, average life and modified duration as expected; None where a class has no face or is not paid."""
    if not flows.opening:
        return None, None, None, None
    cash, principal = flows.cash[0] / flows.opening * 100.0, flows.principal[0].astype(np.float64)
    times, often = stressed.times, asked.frequency
    life = _or_none(lambda: pricing.average_life(principal, times))
    rate, price = asked.yields.get(flows.name), asked.prices.get(flows.name, 100.0)
    if rate is None:
        found = _or_none(lambda: pricing.yield_of(cash, times, price, frequency=often))
    else:
        found, price = rate / 100.0, float(pricing.present_value(cash, times, rate / 100.0, frequency=often))
    if found is None:
        return price, None, life, None
    return price, found, life, _or_none(lambda: pricing.modified_duration(cash, times, found, frequency=often))


def _or_none(figure: Callable[[], NDArray[np.float64]]) -> float | None:
    try:
        return float(figure())
    except ProjectionRefused:
        return None


def _credit(flows: TrancheFlows, drawn: Drawn) -> Credit:
    draws = drawn.simulation.draws
    return credit(flows.loss, flows.opening, antithetic=draws.method == "antithetic")


def _where_it_fails(flows: TrancheFlows, drawn: Drawn) -> Credit | None:
    return where(flows.loss, flows.opening, drawn.guarantor_fails)
