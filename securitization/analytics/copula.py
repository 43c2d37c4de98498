"""Defaults that come together: names tied by common factors, the guarantor one of them.

Each name i has a hidden variable X = Σₖ βₖ Fₖ + √(1 − Σ βₖ²) ε; with a t copula it is divided by √(χ²/ν), so that bad
times are bad for all. The name defaults in the first month in which its chance of having defaulted reaches the rank of
X. So each name keeps its own curve of default, and β says how often they meet: β² is the correlation of two names on
one factor.

Source: Li, On default correlation: a copula function approach (2000); Vasicek, Loan portfolio value (2002).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

from exchange.core.messages import Part
from exchange.core.units import Code, Count, RatePpm
from securitization.analytics import refused
from securitization.analytics.amortise import PPM, Floats
from securitization.analytics.assets import PoolAsset
from securitization.analytics.assumptions import Assumptions, a_month, monthly

Loadings = Annotated[
    tuple[Annotated[int, msgspec.Meta(ge=-PPM, le=PPM)], ...], msgspec.Meta(min_length=1, max_length=16)
]
"""β of each factor, ppm; the squares sum to at most 1. 447,214 on one factor is a correlation of 0.2."""


class SegmentLoadings(Part, frozen=True, kw_only=True):
    """The loadings of the names of one segment."""

    segment: Code
    loadings_ppm: Loadings


class Dependence(Part, frozen=True, kw_only=True):
    """How names hang together.

    Units: `degrees_of_freedom` of the t copula, 3 or more; 0 is the Gaussian copula.
    """

    otherwise_ppm: Loadings
    by_segment: tuple[SegmentLoadings, ...] = ()
    degrees_of_freedom: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 0

    def of(self, segment: str) -> tuple[int, ...]:
        """The loadings for a segment.

        Refused: projection.assumption_invalid, where a segment has two.
        Raises: ProjectionRefused.
        """
        refused.assumption(len({each.segment for each in self.by_segment}) == len(self.by_segment), "two for a segment")
        return next((each.loadings_ppm for each in self.by_segment if each.segment == segment), self.otherwise_ppm)


class Guarantor(Part, frozen=True, kw_only=True):
    """Who stands in for a debtor, as long as it lasts.

    Units: `default_ppm` a year; it pays `cover_ppm` of the balance at default, `lag_months` after the default, unless
    it has defaulted by then. Of what is recovered later the pool keeps what is still open; the rest is the guarantor's.
    """

    name: Code
    default_ppm: RatePpm
    loadings_ppm: Loadings
    cover_ppm: RatePpm
    lag_months: Count = 0


@dataclass(frozen=True, slots=True)
class Names:
    """Whoever may default: debtors in the order of their first asset, then the guarantor if there is one.

    `name_of` is each asset's debtor; `loadings` (name, factor); `cumulative` (name, month) the chance of having
    defaulted.
    """

    names: tuple[str, ...]
    name_of: NDArray[np.int64]
    loadings: Floats
    cumulative: Floats

    @property
    def own(self) -> Floats:
        """What is left to each name of its own, √(1 − Σ β²)."""
        return np.asarray(np.sqrt(np.maximum(1.0 - (self.loadings**2).sum(axis=1), 0.0)))


def names_of(
    assets: list[PoolAsset], assumptions: Assumptions, dependence: Dependence, months: int, guarantor: Guarantor | None
) -> Names:
    """The debtors behind a pool, an asset without one being its own, and the guarantor as the last name.

    Refused: projection.assumption_invalid, for a debtor under two assumptions, for arrears, for loadings of unlike
    number or whose squares pass 1.
    Raises: ProjectionRefused.
    """
    places: dict[str, int] = {}
    terms: list[tuple[object, tuple[int, ...]]] = []
    curves: list[Floats] = []
    name_of = np.empty(len(assets), dtype=np.int64)
    for number, asset in enumerate(assets):
        assumption, loadings = assumptions.of(asset.segment), dependence.of(asset.segment)
        name = asset.debtor or asset.asset_id
        refused.assumption(assumption.arrears is None, f"{asset.asset_id}: arrears do not go with a copula")
        name_of[number] = place = places.setdefault(name, len(places))
        if place == len(terms):
            terms.append((assumption.default, loadings))
            curves.append(monthly(assumption.default, np.array([asset.age_months]), months)[0])
        refused.assumption(terms[place] == (assumption.default, loadings), f"{name}: a debtor under two assumptions")
    every = [loadings for _, loadings in terms]
    if guarantor is not None:
        refused.assumption(guarantor.name not in places, f"{guarantor.name}: a debtor cannot guarantee itself")
        curves.append(np.full(months, a_month(guarantor.default_ppm / PPM)))
        every.append(guarantor.loadings_ppm)
        places[guarantor.name] = len(places)
    factors = len(dependence.otherwise_ppm)
    refused.assumption(all(len(each) == factors for each in every), "all names load on the same factors")
    table = np.array(every).reshape(-1, factors) / PPM
    refused.assumption(bool(((table**2).sum(axis=1) <= 1 + 1e-9).all()), "the squares of a name's loadings pass 1")
    survives = np.cumprod(1.0 - np.array(curves).reshape(-1, months), axis=1)
    return Names(tuple(places), name_of, table, np.asarray(1.0 - survives, dtype=np.float64))


def thresholds(cumulative: Floats, degrees: int) -> Floats:
    """The rank below which a name has defaulted by each month, (name, month), rising with the month."""
    ranks = stdtrit(degrees, cumulative) if degrees else ndtri(cumulative)
    return np.asarray(ranks)


def default_months(
    common: Floats, own: Floats, idiosyncratic: Floats, scale: Floats | None, ranks: Floats
) -> NDArray[np.int64]:
    """The month index in which each name defaults, (scenario, name); the number of months if it does not.

    Units: `common` is Σ β F, (scenario, name); `own` is ε; `idiosyncratic` √(1 − Σ β²); `scale` √(χ²/ν), (scenario,).
    """
    hidden = own * idiosyncratic
    hidden += common
    if scale is not None:
        hidden /= scale[:, None]
    months = ranks.shape[1]
    found = np.full(hidden.shape, months)
    scenario, name = np.nonzero(hidden <= ranks[:, -1])
    value = hidden[scenario, name]
    low, high = np.zeros(len(value), dtype=np.int64), np.full(len(value), months - 1)
    while (low < high).any():  # all searched at once: the first month whose rank is not below the value
        middle = (low + high) // 2
        below = ranks[name, middle] < value
        low, high = np.where(below, middle + 1, low), np.where(below, high, middle)
    found[scenario, name] = low
    return found


def vasicek(loss: Floats, pd: float, correlation: float) -> Floats:
    """The chance that an infinitely fine pool of one factor loses at most this share, by Vasicek's limit."""
    rank = np.sqrt(1.0 - correlation) * ndtri(loss) - ndtri(pd)
    return np.asarray(ndtr(rank / np.sqrt(correlation)))


def vasicek_quantile(level: float, pd: float, correlation: float) -> float:
    """The share lost that is not passed with this probability, in the same limit."""
    rank = (ndtri(pd) + np.sqrt(correlation) * ndtri(level)) / np.sqrt(1.0 - correlation)
    return float(ndtr(rank))
