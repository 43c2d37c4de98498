"""A deal's stress as lines for a terminal, as files for machines, and as one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2
import msgspec

from exchange.cli.report_pages import FORMULA, decimal
from securitization.analytics.deal_measures import ClassMeasures, Measured
from securitization.analytics.deal_report import as_values, pictures, tables
from securitization.analytics.measures import TAIL_LEVELS

Table = tuple[list[str], list[list[str]]]
NOTHING = "–"
TAILS = [f"{name} {level * 100:g} %" for level in TAIL_LEVELS for name in ("VaR", "ES")]
SCALES = {"JPY": 0, "KRW": 0}
"""Digits after the point of currencies that do not have two. Source: ISO 4217."""


def as_text(told: Measured) -> str:
    """The stress as aligned tables."""
    parts = ["\n".join(f"{name}: {value}" for name, value in facts(told))]
    parts += [f"{title}\n{aligned(table)}" for title, table in shown(told).items()]
    return "\n\n".join(parts) + "\n"


def as_files(told: Measured) -> dict[str, str]:
    """Every file of the report by its name; a text that a spreadsheet would take for a formula is marked as text."""
    files: dict[str, str] = {}
    for name, frame in tables(told).items():
        plain = frame.reset_index().map(_harmless)
        files[f"{name}.csv"] = str(plain.to_csv(index=False, lineterminator="\n"))
    files["stress.json"] = msgspec.json.format(msgspec.json.encode(as_values(told)), indent=2).decode() + "\n"
    folder = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=folder, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page = environment.get_template("deal_report.html")
    values = {"told": told, "facts": facts(told), "tables": shown(told), "pictures": pictures(told)}
    files["report.html"] = page.render(**values) + "\n"
    return files


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def facts(told: Measured) -> list[tuple[str, str]]:
    """What it was measured under, in words."""
    joined, simulation = told.joined, told.asked.simulation
    dependence, draws = simulation.dependence, simulation.draws
    values = as_values(told)["inputs"]
    inputs = values if isinstance(values, dict) else {}
    degrees = dependence.degrees_of_freedom
    copula = f"t copula of {degrees} degrees of freedom" if degrees else "Gaussian copula"
    found = [
        ("Deal", f"{joined.deal.name}, sha256 {inputs['deal_sha256']}"),
        ("Pool", f"{joined.pool.name}, sha256 {inputs['pool_sha256']}"),
        ("Periods", f"{len(joined.deal.periods)} of {joined.horizon.months_a_period} months from {inputs['cut_off']}"),
        ("Drawn", f"{draws.scenarios:,} scenarios, {draws.method}, seed {draws.seed}, {copula}"),
    ]
    if simulation.guarantor is not None:
        share = percent(float(told.drawn.guarantor_fails.mean()))
        found.append(("Guarantor", f"{simulation.guarantor.name}, fails in {share} of the scenarios"))
    return found


def shown(told: Measured) -> dict[str, Table]:
    """The tables for people, by their titles."""
    classes = told.classes
    found: dict[str, Table] = {
        "As expected": _expected(told, classes),
        "Drawn": (
            ["class", "PD", "EL", "± s.e.", "LGD", *TAILS],
            [_drawn(each, told.asked.simulation.draws.method) for each in classes],
        ),
    }
    if told.asked.simulation.guarantor is not None:
        found["Where the guarantor fails"] = (
            ["class", "scenarios", "PD", "EL", "LGD", "break-even CDR"],
            [_failing(each) for each in classes],
        )
    found["Scenarios"] = _scenarios(told)
    return found


def _expected(told: Measured, classes: Sequence[ClassMeasures]) -> Table:
    head = ["class", "face", "attaches", "detaches", "price", "yield", "average life", "principal paid", "loss"]
    rows = [
        [
            each.name,
            money(told, each.opening_minor),
            percent(each.attachment),
            percent(each.detachment),
            NOTHING if each.price is None else f"{each.price:.3f}",
            percent(each.yield_a_year, 3),
            NOTHING if each.average_life_years is None else f"{each.average_life_years:.2f} years",
            f"{each.first_period} to {each.last_period}" if each.last_period else NOTHING,
            money(told, each.loss_minor),
            percent(each.break_even_cdr),
        ]
        for each in classes
    ]
    return [*head, "break-even CDR"], rows


def _drawn(each: ClassMeasures, method: str) -> list[str]:
    found = each.credit
    if found is None:
        return [each.name, *[NOTHING] * (4 + 2 * len(TAIL_LEVELS))]
    error = NOTHING if method == "sobol" else percent(found.el_error, 3)
    cells = [each.name, percent(found.pd), percent(found.el, 3), error, percent(found.lgd)]
    for tail in each.tails:
        cells += [percent(tail.value_at_risk), percent(tail.expected_shortfall)]
    return cells


def _failing(each: ClassMeasures) -> list[str]:
    found = each.guarantor_fails
    if found is None:
        return [each.name, *[NOTHING] * 4, percent(each.break_even_cdr_guarantor_fails)]
    return [
        each.name,
        f"{found.scenarios:,}",
        percent(found.pd),
        percent(found.el, 3),
        percent(found.lgd),
        percent(each.break_even_cdr_guarantor_fails),
    ]


def _scenarios(told: Measured) -> Table:
    pool, rows = told.stressed.pool, list[list[str]]()
    for number, name in enumerate(told.stressed.names):
        cells = [int(flow[number].sum()) for flow in (pool.defaults, pool.recoveries)]
        cells += [int(each.loss[number]) for each in told.stressed.tranches]
        rows.append([name, *(money(told, cell) for cell in cells)])
    return ["scenario", "defaults", "recoveries", *(f"{each.name} loses" for each in told.stressed.tranches)], rows


def money(told: Measured, amount: int) -> str:
    """An amount as people write it."""
    return decimal(amount, SCALES.get(told.joined.deal.currency, 2))


def percent(share: float | None, digits: int = 2) -> str:
    """A share of 1 in percent."""
    return NOTHING if share is None else f"{share * 100:.{digits}f} %"


def aligned(table: Table) -> str:
    """Columns under each other: the first to the left, the others to the right.

    >>> print(aligned((["class", "face"], [["a", "1,000"], ["b", "5"]])))
    class   face
    a      1,000
    b          5
    """
    head, rows = table
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in [head, *rows]
    )
