"""`exchange deal stress` and `report`: a deal beside its pool under scenarios, named ones and drawn ones."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer

from exchange.cli.deal_files import AsJson, File, fail, refuse, sound, text_of

if TYPE_CHECKING:
    from securitization.analytics.assumptions import Assumption
    from securitization.analytics.deal_measures import Asked, Measured
    from securitization.analytics.pool_file import Joined, PoolFile

Found = TypeVar("Found")
PPM = 1_000_000
MOST_DEGREES = 1_000


class Copula(StrEnum):
    """How defaults come together."""

    GAUSSIAN = "gaussian"
    T = "t"


class Method(StrEnum):
    """How scenarios are drawn."""

    PLAIN = "plain"
    ANTITHETIC = "antithetic"
    SOBOL = "sobol"


Pool = Annotated[Path, typer.Option("--pool", help="The pool's file, JSON.", exists=True, dir_okay=False)]
Scenarios = Annotated[int, typer.Option(help="How many scenarios to draw.", min=1, max=PPM)]
Seed = Annotated[int, typer.Option(help="What they are drawn from.", min=0, max=2**53 - 1)]
HowDrawn = Annotated[Method, typer.Option("--method", help="plain, antithetic or sobol.")]
Cpr = Annotated[float | None, typer.Option(help="Prepayment, % a year, in place of the file's.", min=0, max=100)]
Cdr = Annotated[float | None, typer.Option(help="Default, % a year, in place of the file's.", min=0, max=100)]
Severity = Annotated[float | None, typer.Option(help="Loss of a default, %, in place of the file's.", min=0, max=100)]
Lag = Annotated[int | None, typer.Option(help="Months to recovery, in place of the file's.", min=0, max=120)]
HowTied = Annotated[Copula | None, typer.Option("--copula", help="gaussian or t, in place of the file's.")]
Degrees = Annotated[int, typer.Option(help="Degrees of freedom of --copula t.", min=3, max=MOST_DEGREES)]
Correlation = Annotated[
    float | None, typer.Option(help="Of any two names, %, in place of the file's loadings.", min=0, max=100)
]
Prices = Annotated[list[str] | None, typer.Option("--price", help="CLASS=PERCENT of face: find the yield. Else 100.")]
Yields = Annotated[list[str] | None, typer.Option("--yield", help="CLASS=PERCENT a year: find the price.")]
Frequency = Annotated[int, typer.Option(help="How often a year yields compound.", min=1, max=12)]
PeriodsOf = Annotated[
    int | None, typer.Option("--periods-of", help="Print one drawn scenario's periods, CSV, for deal run.", min=1)
]


def register(group: typer.Typer) -> None:
    """Add this module's commands to the group."""
    group.command(short_help="Put a deal and its pool under scenarios: yields, losses, tails.")(stress)
    group.command(short_help="The same as tables and one page with pictures.")(report)


def stress(
    file: File,
    pool: Pool,
    scenarios: Scenarios = 2_000,
    seed: Seed = 1,
    method: HowDrawn = Method.PLAIN,
    cpr: Cpr = None,
    cdr: Cdr = None,
    severity: Severity = None,
    lag: Lag = None,
    copula: HowTied = None,
    degrees: Degrees = 4,
    correlation: Correlation = None,
    price: Prices = None,
    yields: Yields = None,
    frequency: Frequency = 1,
    periods_of: PeriodsOf = None,
    as_json: AsJson = False,
) -> None:
    """Put a deal and its pool under scenarios: each class's price, life, losses, tails, and without the guarantor.

    Example: exchange deal stress deal.json --pool pool.json --scenarios 10000 --seed 7 --copula t
    """
    told, asked = _asked(
        file, pool, scenarios, seed, method, (cpr, cdr, severity), lag, (copula, degrees, correlation), price, yields,
        frequency,
    )  # fmt: skip
    if periods_of is not None:
        if periods_of > scenarios:
            fail(f"--periods-of: expected a scenario from 1 to {scenarios}")
        sys.stdout.write(_refusing(lambda: _periods(told, asked, periods_of)))
        return
    found = _measured(told, asked)
    if as_json:
        from securitization.analytics.deal_report import as_values

        typer.echo(msgspec.json.format(msgspec.json.encode(as_values(found)), indent=2))
    else:
        from exchange.cli.deal_pages import as_text

        sys.stdout.write(as_text(found))


def report(
    file: File,
    pool: Pool,
    out: Annotated[Path, typer.Option("--out", help="The folder to write to.", file_okay=False)],
    scenarios: Scenarios = 2_000,
    seed: Seed = 1,
    method: HowDrawn = Method.PLAIN,
    cpr: Cpr = None,
    cdr: Cdr = None,
    severity: Severity = None,
    lag: Lag = None,
    copula: HowTied = None,
    degrees: Degrees = 4,
    correlation: Correlation = None,
    price: Prices = None,
    yields: Yields = None,
    frequency: Frequency = 1,
) -> None:
    """Write what `stress` finds to a folder: tables as CSV, all of it as JSON, and one page with the pictures.

    Example: exchange deal report deal.json --pool pool.json --out report
    """
    from exchange.cli.deal_pages import as_files

    told, asked = _asked(
        file, pool, scenarios, seed, method, (cpr, cdr, severity), lag, (copula, degrees, correlation), price, yields,
        frequency,
    )  # fmt: skip
    files = as_files(_measured(told, asked))
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (out / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        fail(f"--out: {error}")
    for name in files:
        typer.echo(str(out / name))


def _asked(
    file: Path,
    pool: Path,
    scenarios: int,
    seed: int,
    method: Method,
    speeds: tuple[float | None, float | None, float | None],
    lag: int | None,
    tied: tuple[Copula | None, int, float | None],
    price: list[str] | None,
    yields: list[str] | None,
    frequency: int,
) -> tuple[Joined, Asked]:
    """The deal beside its pool, and what to measure under: the pool's file, with what the command says in its place."""
    from securitization.analytics.assumptions import Assumptions, Segment
    from securitization.analytics.credit_flows import Simulation
    from securitization.analytics.deal_measures import Asked
    from securitization.analytics.draws import Draws

    told = _joined(file, pool)
    given = told.pool.assumptions
    assumptions = Assumptions(
        otherwise=_replaced(given.otherwise, speeds, lag),
        by_segment=tuple(
            Segment(segment=each.segment, assumption=_replaced(each.assumption, speeds, lag))
            for each in given.by_segment
        ),
    )
    pool_file = _tied(told.pool, *tied)
    draws = Draws(seed=seed, scenarios=scenarios, method=method.value)
    simulation = Simulation(
        draws=draws, dependence=pool_file.dependence, guarantor=pool_file.guarantor, patents=pool_file.patents
    )
    asked = Asked(assumptions, simulation, _quotes("--price", price), _quotes("--yield", yields), frequency)
    return told, asked


def _joined(file: Path, pool: Path) -> Joined:
    from securitization.analytics.pool_file import joined, read_pool
    from securitization.deal_problems import Problem

    deal, found = sound(file), read_pool(text_of(pool))
    if isinstance(found, Problem):
        refuse(found, f"{pool.name} ")
    told = _refusing(lambda: joined(deal, found))
    if isinstance(told, Problem):
        refuse(told, "" if told.path.startswith("deal") else f"{pool.name} ")
    return told


def _replaced(
    given: Assumption, speeds: tuple[float | None, float | None, float | None], lag: int | None
) -> Assumption:
    """An assumption with the rates that the command names; a default rate ends arrears."""
    from exchange.core.units import Ppm
    from securitization.analytics import assumptions
    from securitization.analytics.assumptions import Assumption

    cpr, cdr, severity = (None if speed is None else round(speed * PPM / 100) for speed in speeds)
    return Assumption(
        prepayment=given.prepayment if cpr is None else assumptions.Cpr(rate_ppm=Ppm(cpr)),
        default=given.default if cdr is None else assumptions.Cdr(rate_ppm=Ppm(cdr)),
        severity_ppm=given.severity_ppm if severity is None else Ppm(severity),
        recovery_lag_months=given.recovery_lag_months if lag is None else lag,
        arrears=given.arrears if cdr is None else None,
    )


def _tied(pool: PoolFile, copula: Copula | None, degrees: int, correlation: float | None) -> PoolFile:
    """The pool with the copula and the correlation that the command names; the guarantor is tied like the others."""
    from msgspec.structs import replace

    dependence, guarantor = pool.dependence, pool.guarantor
    if correlation is not None:
        loadings = (isqrt(round(correlation * PPM / 100) * PPM),)
        dependence = replace(dependence, otherwise_ppm=loadings, by_segment=())
        guarantor = None if guarantor is None else replace(guarantor, loadings_ppm=loadings)
    if copula is not None:
        dependence = replace(dependence, degrees_of_freedom=degrees if copula is Copula.T else 0)
    return replace(pool, dependence=dependence, guarantor=guarantor)


def _quotes(option: str, given: list[str] | None) -> dict[str, float]:
    """Prices or yields by class."""
    found: dict[str, float] = {}
    for text in given or []:
        name, _, number = text.partition("=")
        try:
            value = float(number)
        except ValueError:
            fail(f"{option}: expected CLASS=PERCENT, as senior=99.5, found {text[:40]!r}")
        if name in found or not -90 < value <= 1_000 or (option == "--price" and value <= 0):
            fail(f"{option}: {text[:40]!r} stands twice or is out of bounds")
        found[name] = value
    return found


def _measured(told: Joined, asked: Asked) -> Measured:
    from securitization.analytics.deal_measures import measure

    return _refusing(lambda: measure(told, asked))


def _periods(told: Joined, asked: Asked, scenario: int) -> str:
    """One drawn scenario as the periods file of the deal."""
    from securitization.analytics.deal_scenarios import evaluate, periods_of, scenarios_of
    from securitization.analytics.stress import draw
    from securitization.periods import write_periods

    drawn = draw(
        told.pool.parts, asked.assumptions, asked.simulation, told.horizon, lambda given: evaluate(told, given)
    )
    return write_periods(told.deal, periods_of(scenarios_of(told, drawn.given), scenario - 1))


def _refusing(work: Callable[[], Found]) -> Found:
    """Do it, or end with what stands in the way.

    Raises: typer.Exit.
    """
    from exchange.core.rejections import RejectCode
    from securitization.analytics.refused import ProjectionRefused
    from securitization.deal_problems import DealRefused

    places = {
        RejectCode.PROJECTION_ASSET_INVALID: "pool $.parts",
        RejectCode.PROJECTION_ASSUMPTION_INVALID: "assumptions",
        RejectCode.PROJECTION_TOO_LARGE: "scenarios",
        RejectCode.MEASURE_NO_SOLUTION: "measures",
    }
    try:
        return work()
    except ProjectionRefused as refused:
        fail(f"{refused.code} at {places.get(refused.code, 'pool')}: {refused.detail}")
    except DealRefused as refused:
        refuse(refused.problem)
