"""Chance, recorded: every number drawn follows from a seed, a method and the place of its block.

A block of scenarios has a generator of its own (PCG64, seeded by the recorded seed and the block's number), so the
draws do not depend on who asks in which order, nor on NumPy or compiled code using them. *Antithetic*: the second half
of the scenarios mirrors the first. *Sobol*: the few draws that all names share (factors, mixing, patents) are scrambled
Sobol points; each name's own come from the block's generator.

Source: Joe and Kuo, Constructing Sobol sequences with better two-dimensional projections (2008), as in scipy.stats.qmc.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
import numpy as np
from scipy.special import gammaincinv, ndtri

from exchange.core.messages import Part
from securitization.analytics import refused
from securitization.analytics.amortise import Floats

BLOCK = 500
SMALLEST = 2.0**-40
"""No draw of a uniform is nearer to 0 or 1, so that every inverse of a distribution is finite."""


class Draws(Part, frozen=True, kw_only=True):
    """How the scenarios of a simulation are drawn; what a report states, so that it can be drawn again.

    Units: with `antithetic` the scenarios are an even number, with `sobol` a power of two.
    """

    seed: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
    scenarios: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    method: Literal["plain", "antithetic", "sobol"] = "plain"


@dataclass(frozen=True, slots=True)
class Needs:
    """What one scenario takes: normals that all names share, each name's own, degrees of freedom (0: none), patents."""

    factors: int
    names: int
    degrees: int
    patents: int


@dataclass(frozen=True, slots=True)
class Block:
    """Some scenarios' draws: `mixing` is χ²/ν of the t copula; `falls` and `jumps` are uniforms, (scenario, patent)."""

    at: slice
    factors: Floats
    own: Floats
    mixing: Floats | None
    falls: Floats
    jumps: Floats


def blocks(draws: Draws, needs: Needs) -> Iterator[Block]:
    """All scenarios, block by block, in order.

    Refused: projection.assumption_invalid, where the number of scenarios does not suit the method.
    Raises: ProjectionRefused.
    """
    count = draws.scenarios
    if draws.method == "antithetic":
        refused.assumption(count % 2 == 0, f"{count} scenarios are not pairs")
    if draws.method == "sobol":
        refused.assumption(count & (count - 1) == 0, f"{count} scenarios are not a power of two")
    shared = _sobol(draws, needs) if draws.method == "sobol" else None
    span = count // 2 if draws.method == "antithetic" else count
    for mirrored in (False, True) if draws.method == "antithetic" else (False,):
        for begin in range(0, span, BLOCK):
            size = min(BLOCK, span - begin)
            start = begin + span * mirrored
            given = None if shared is None else shared[begin : begin + size]
            yield _block(draws.seed, begin // BLOCK, slice(start, start + size), needs, given, mirrored)


def _block(seed: int, number: int, at: slice, needs: Needs, shared: Floats | None, mirrored: bool) -> Block:
    """Draw in one order always: own normals, factors, mixing, falls, jumps."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy=seed, spawn_key=(number,))))
    size = at.stop - at.start
    own = rng.standard_normal((size, needs.names))
    factors = rng.standard_normal((size, needs.factors))
    mixing = rng.chisquare(needs.degrees, size) / needs.degrees if needs.degrees else None
    falls, jumps = rng.random((size, needs.patents)), rng.random((size, needs.patents))
    if shared is not None:
        cuts = np.cumsum([needs.factors, 1 if needs.degrees else 0, needs.patents])
        normal, mixed, falls, jumps = np.split(shared, cuts, axis=1)
        factors = ndtri(normal)
        mixing = gammaincinv(needs.degrees / 2, mixed[:, 0]) * 2 / needs.degrees if needs.degrees else None
    if mirrored:
        own, factors, falls, jumps = -own, -factors, 1.0 - falls, 1.0 - jumps
    return Block(
        at, factors, own, mixing, np.clip(falls, SMALLEST, 1 - SMALLEST), np.clip(jumps, SMALLEST, 1 - SMALLEST)
    )


def _sobol(draws: Draws, needs: Needs) -> Floats:
    """The shared draws of all scenarios as uniforms: factors, mixing, falls, jumps."""
    from scipy.stats import qmc  # heavy, and only for this method

    dimensions = needs.factors + (1 if needs.degrees else 0) + 2 * needs.patents
    points = qmc.Sobol(dimensions, scramble=True, bits=40, rng=np.random.PCG64(draws.seed)).random(draws.scenarios)
    return np.asarray(np.clip(points, SMALLEST, 1 - SMALLEST))
