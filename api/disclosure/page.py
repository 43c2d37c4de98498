"""A report as one page that needs nothing else: every figure shows its source when it is pointed at."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import jinja2

from api.disclosure.names import moment
from api.disclosure.pictures import pictures, svg
from api.disclosure.wording import rows_of, shown, traced
from securitization.disclosure import Report, Table, report_hash

MOST_ROWS = 24
"""Rows of the journal named under a table."""


def page(report: Report) -> str:
    """The report to read; the same report gives the same bytes."""
    return _template().render(
        report=report,
        sha256=report_hash(report),
        about=about(report),
        drawn=[svg(one) for one in pictures(report)],
        shown=lambda cell: shown(report, cell),
        traced=traced,
        rests=rests,
        moment=moment,
    )


def about(report: Report) -> tuple[str, str]:
    """What the report is of, in English and Chinese."""
    if report.kind == "payment":
        return f"Payment report, period {report.period}", f"第{report.period}期兑付报告"
    return f"Report of the year {report.year}", f"{report.year}年度资产管理报告"


def rests(table: Table) -> str:
    """The rows of the journal that a table's figures rest on."""
    cells = [cell for row in table.rows for cell in row.cells if cell is not None]
    found = sorted({number for cell in cells for number in rows_of(cell.source)})
    more = f" and {len(found) - MOST_ROWS} more" if len(found) > MOST_ROWS else ""
    return ", ".join(map(str, found[:MOST_ROWS])) + more


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    folder = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=folder, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("report.html")
