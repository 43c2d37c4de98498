"""A report's figures as CSV: a line a cell, integers with their unit, each with its source."""

from __future__ import annotations

import csv
import io

from api.disclosure.wording import traced
from securitization.disclosure import Report

COLUMNS = ("chapter", "table", "row", "label", "label_zh", "column", "column_zh", "value", "unit", "source")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would run."""


def flat(report: Report) -> str:
    """Every cell that says something; a text that a spreadsheet would take for a formula is marked as text."""
    packed = io.StringIO()
    lines = csv.writer(packed, lineterminator="\n")
    lines.writerow(COLUMNS)
    for chapter in report.chapters:
        for table in chapter.tables:
            for row in table.rows:
                for column, cell in zip(table.columns, row.cells, strict=True):
                    if cell is not None:
                        place = (chapter.code, table.code, row.key, row.label.en, row.label.zh, column.en, column.zh)
                        value = cell.value if isinstance(cell.value, int) else _harmless(cell.value)
                        lines.writerow((*map(_harmless, place), value, cell.unit.value, traced(cell.source)))
    return packed.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
