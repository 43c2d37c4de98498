"""A pool in drawn scenarios: which asset defaults when, which patent falls, who guarantees, and what then comes in.

Every asset pays its schedule, with prepayment as assumed, until it defaults; then the guarantor pays its part if it
still stands, and what else is recovered comes after the lag. An asset stops when its debtor defaults, or when a patent
behind it falls and the licensee stops paying; a default after the patent's fall recovers less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from exchange.core.messages import Part
from exchange.core.units import Code, Ppm, RatePpm
from securitization.analytics import copula_fast, refused
from securitization.analytics.amortise import PPM, Floats, Schedule, last_month, schedule
from securitization.analytics.assets import PoolAsset
from securitization.analytics.assumptions import Assumptions
from securitization.analytics.cashflows import Flows, Rates, bounded, rates_of
from securitization.analytics.copula import Dependence, Guarantor, Names, default_months, names_of, thresholds
from securitization.analytics.draws import Block, Draws, Needs, blocks
from securitization.analytics.projection import PoolPart, parted
from securitization.analytics.royalty import RoyaltyStream, ended_months, royalties

Months = NDArray[np.int64]


class PatentRisk(Part, frozen=True, kw_only=True):
    """A patent that may be declared invalid, and what then happens to the assets that it secures.

    Units: `invalid_ppm` is the chance a year; on the fall all its assets stop paying at once with the chance
    `jump_ppm`; an asset that defaults in or after the month of the fall loses `severity_ppm`. A royalty stream may be
    among the assets.
    """

    right: Code
    assets: Annotated[tuple[Code, ...], msgspec.Meta(min_length=1)]
    invalid_ppm: RatePpm
    jump_ppm: RatePpm
    severity_ppm: RatePpm


class Simulation(Part, frozen=True, kw_only=True):
    """Everything a simulation is drawn from, beside the pool: a report that states it can be drawn again."""

    draws: Draws
    dependence: Dependence
    guarantor: Guarantor | None = None
    patents: tuple[PatentRisk, ...] = ()


@dataclass(frozen=True, slots=True)
class Simulated:
    """The drawn scenarios.

    `flows` are (scenario, month); the guarantor's payments are among the recoveries and, alone, in `guarantee`.
    `guarantor_month` is the month index in which it defaults, the number of months if it does not. `debtors` counts the
    debtors that defaulted within the projection, `invalidated` (scenario, month) the patents that fell; `royalties` are
    among the interest.
    """

    flows: Flows
    guarantee: Floats
    guarantor_month: Months
    debtors: Months
    invalidated: Months
    royalties: Floats

    @property
    def guarantor_fails(self) -> NDArray[np.bool_]:
        """The scenarios in which the guarantor defaults within the projection."""
        return np.asarray(self.guarantor_month < self.guarantee.shape[1])


@dataclass(frozen=True, slots=True)
class _Pool:
    """What does not change between blocks.

    `rows` are (interest, scheduled, prepaid; asset; month) up to the assets' `ends`, `at_risk` the balances before each
    month, `secures` says which patent (row) stands behind which asset.
    """

    names: Names
    ranks: Floats
    rows: Floats
    at_risk: Floats
    ends: Months
    rates: Rates
    patents: tuple[PatentRisk, ...]
    secures: NDArray[np.bool_]
    streams: list[RoyaltyStream]
    carries: NDArray[np.bool_]


def simulate(
    parts: Sequence[PoolPart],
    assumptions: Assumptions,
    simulation: Simulation,
    months: int,
    *,
    fast: bool = copula_fast.HERE,
) -> Simulated:
    """Draw the scenarios and project the pool in each; compiled where numba is installed, with the same answers.

    A licence's termination is drawn like a patent's fall that stops it at once; sales are as expected.

    Refused: projection.too_large, projection.asset_invalid, projection.assumption_invalid.
    Raises: ProjectionRefused.
    """
    bounded(simulation.draws.scenarios, months)
    pool = _pool(*parted(parts), assumptions, simulation, months)
    count = simulation.draws.scenarios
    flows = Flows(float(pool.at_risk[:, 0].sum()), *(np.zeros((count, months)) for _ in range(6)))
    invalidated = np.zeros((count, months), dtype=np.int64)
    guarantor, debtors = (np.zeros(count, dtype=np.int64) for _ in range(2))
    guarantee, paid = (np.zeros((count, months)) for _ in range(2))
    told = Simulated(flows, guarantee, guarantor, debtors, invalidated, paid)
    for block in _drawn(simulation, pool):
        _play(pool, simulation, block, told, fast)
    np.subtract(flows.opening, (flows.scheduled + flows.prepaid + flows.defaults).cumsum(axis=1), out=flows.balance)
    np.maximum(flows.balance, 0.0, out=flows.balance)
    np.add(flows.interest, told.royalties, out=flows.interest)
    return told


def _pool(
    assets: list[PoolAsset],
    streams: list[RoyaltyStream],
    assumptions: Assumptions,
    simulation: Simulation,
    months: int,
) -> _Pool:
    contract = schedule(assets, months) if assets else Schedule(np.zeros((0, months + 1)), *np.zeros((2, 0, months)))
    rates = rates_of(assets, assumptions, months)
    names = names_of(assets, assumptions, simulation.dependence, months, simulation.guarantor)
    patents = (*simulation.patents, *map(_termination, streams))
    known = {
        name: at for at, name in enumerate([each.asset_id for each in assets] + [each.stream_id for each in streams])
    }
    secured = np.zeros((len(patents), len(known)), dtype=bool)
    for number, patent in enumerate(patents):
        for name in patent.assets:
            refused.assumption(name in known, f"{patent.right} secures {name}, which is not in the pool")
            secured[number, known[name]] = True
    ranks = thresholds(names.cumulative, simulation.dependence.degrees_of_freedom)
    rows, at_risk = _prepaying(contract, rates)
    ends = [last_month(asset) for asset in assets]
    secures, carries = secured[:, : len(assets)], secured[:, len(assets) :]
    return _Pool(names, ranks, rows, at_risk, np.array(ends, dtype=np.int64), rates, patents, secures, streams, carries)


def _termination(stream: RoyaltyStream) -> PatentRisk:
    """The end of a licence, drawn as the fall of a right that carries it alone."""
    return PatentRisk(
        right=stream.stream_id,
        assets=(stream.stream_id,),
        invalid_ppm=stream.termination_ppm,
        jump_ppm=Ppm(PPM),
        severity_ppm=Ppm(0),
    )


def _prepaying(contract: Schedule, rates: Rates) -> tuple[Floats, Floats]:
    """The schedule of an asset that does not default, prepayment as assumed; and what it owes before each month."""
    prepayment = np.minimum(rates.prepayment, 1.0)
    left = np.cumprod(np.concatenate([np.ones((len(prepayment), 1)), 1.0 - prepayment[:, :-1]], axis=1), axis=1)
    leaving = left * prepayment
    interest = left * contract.interest + leaving * contract.accrued
    rows = np.stack([interest, left * contract.principal, leaving * contract.balance[:, 1:]])
    return rows, left * contract.balance[:, :-1]


def _drawn(simulation: Simulation, pool: _Pool) -> Iterator[Block]:
    names, factors = pool.names.loadings.shape
    degrees = simulation.dependence.degrees_of_freedom
    return blocks(simulation.draws, Needs(factors, names, degrees, len(pool.patents)))


def _play(pool: _Pool, simulation: Simulation, block: Block, told: Simulated, fast: bool) -> None:
    """One block: months of default, then what they take away and what comes back."""
    by_name = _by_name(pool, block, fast)
    length = pool.rows.shape[2]
    guarantor = by_name[:, -1] if simulation.guarantor is not None else np.full(len(by_name), length)
    debtors = by_name[:, : len(pool.names.names) - (simulation.guarantor is not None)]
    told.guarantor_month[block.at] = guarantor
    told.debtors[block.at] = (debtors < length).sum(axis=1)
    stops = by_name[:, pool.names.name_of]
    severity = np.broadcast_to(pool.rates.severity, stops.shape)
    if pool.patents:
        stops, severity = _patents_fall(pool, block, stops, told, len(simulation.patents))
    scenario, asset = np.nonzero(stops < length)
    month = stops[scenario, asset]
    count = len(stops)
    gone = (copula_fast.compiled("removed") if fast else removed)(scenario, asset, month, pool.ends, pool.rows, count)
    for kind, flow in enumerate((told.flows.interest, told.flows.scheduled, told.flows.prepaid)):
        flow[block.at] = pool.rows[kind].sum(axis=0) - gone[kind]
    at_default = pool.at_risk[asset, month]
    told.flows.defaults[block.at] = _at(scenario, month, at_default, count, length)
    open_, paid = at_default, np.zeros_like(at_default)
    if simulation.guarantor is not None:
        when = month + simulation.guarantor.lag_months
        paid = np.where(guarantor[scenario] > when, at_default * (simulation.guarantor.cover_ppm / PPM), 0.0)
        open_ = at_default - paid
        told.guarantee[block.at] = _at(scenario, when, paid, count, length)
    back = np.minimum(at_default * (1.0 - severity[scenario, asset]), open_)
    told.flows.recoveries[block.at] = told.guarantee[block.at]
    told.flows.recoveries[block.at] += _at(scenario, month + pool.rates.lag[asset], back, count, length)


def _by_name(pool: _Pool, block: Block, fast: bool) -> Months:
    """The month in which each name defaults."""
    common = block.factors @ pool.names.loadings.T
    scale = None if block.mixing is None else np.sqrt(block.mixing)
    if not fast:
        return default_months(common, block.own, pool.names.own, scale, pool.ranks)
    none = np.empty(0) if scale is None else scale
    return np.asarray(copula_fast.compiled("default_months")(common, block.own, pool.names.own, none, pool.ranks))


def _patents_fall(pool: _Pool, block: Block, stops: Months, told: Simulated, rights: int) -> tuple[Months, Floats]:
    """Let patents fall: their assets and royalties may stop at once, and what defaults from then on loses more.

    Of the patents the first `rights` are such, the others the ends of licences.
    """
    length, patents = pool.rows.shape[2], pool.patents
    falls = ended_months([each.invalid_ppm for each in patents], block.falls) - 1
    jumps = block.jumps < np.array([each.jump_ppm for each in patents]) / PPM
    for month in falls[:, :rights].T:
        within = np.flatnonzero(month < length)
        told.invalidated[block.at.start + within, month[within]] += 1
    severity = np.broadcast_to(pool.rates.severity, stops.shape).copy()
    stops = stops.copy()
    ended = np.full((len(stops), len(pool.streams)), length)
    for number in range(len(patents)):
        secured = np.flatnonzero(pool.secures[number])
        at_once = np.where(jumps[:, number], falls[:, number], length)
        stops[:, secured] = np.minimum(stops[:, secured], at_once[:, None])
        ended[:, pool.carries[number]] = np.minimum(ended[:, pool.carries[number]], at_once[:, None])
    for number, patent in enumerate(patents):
        secured = np.flatnonzero(pool.secures[number])
        without = falls[:, number, None] <= stops[:, secured]
        worse = np.maximum(severity[:, secured], patent.severity_ppm / PPM)
        severity[:, secured] = np.where(without, worse, severity[:, secured])
    for place, stream in enumerate(pool.streams):
        expected = np.ones((1, length))
        told.royalties[block.at] += royalties(stream, length, expected, ended[:, place] + 1)
    return np.minimum(stops, length), severity


def removed(scenario: Months, asset: Months, month: Months, ends: Months, rows: Floats, count: int) -> Floats:
    """What assets would have paid from their default to their end, (row kind, scenario, month)."""
    length = rows.shape[2]
    spans = np.maximum(ends[asset] - month, 0)
    ends = spans.cumsum()
    total = int(ends[-1]) if len(ends) else 0
    months = np.arange(total) - np.repeat(ends - spans - month, spans)
    cell = np.repeat(scenario * length, spans) + months
    source = np.repeat(asset * length, spans) + months
    sums = [np.bincount(cell, weights=kind.ravel()[source], minlength=count * length) for kind in rows]
    return np.asarray(sums, dtype=np.float64).reshape(len(rows), count, length)


def _at(scenario: Months, month: Months, amount: Floats, count: int, length: int) -> Floats:
    """Amounts added up by scenario and month; those after the projection are not seen."""
    within = month < length
    cell = scenario[within] * length + month[within]
    sums = np.bincount(cell, weights=amount[within], minlength=count * length)
    return np.asarray(sums, dtype=np.float64).reshape(count, length)
