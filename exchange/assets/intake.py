"""From a list of patents as institutions have them to entries the exchange can stand on, row by row.

Each row is `accepted`, `incomplete` (kept, with what is missing and the purposes that blocks) or `rejected`, with
every fault's line, column and code. Memory is one slice of the input, one row, and the keys seen so far.
Two layouts are known: the one of the patents README (`publication_number`, ...), and NASA's portfolio list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from enum import StrEnum
from operator import itemgetter

import msgspec

from exchange.assets.codes import Fault, IntakeCode
from exchange.assets.csvrows import MAX_COLUMNS, CsvRow, read_rows
from exchange.assets.entries import PatentEntry, PatentFacts, PersonalFields, seal
from exchange.assets.layouts import LAYOUTS, Layout
from exchange.assets.rowreader import RowReader

MAX_ROWS = 200_000
"""Rows of one file: the keys of all are held to find duplicates."""

SaltFor = Callable[[str], bytes]
"""Key → the row's salt: the one stored with that key's persons if there is one, else a fresh one of the shell's."""


class Verdict(StrEnum):
    """What became of a row."""

    ACCEPTED = "accepted"
    INCOMPLETE = "incomplete"
    REJECTED = "rejected"


class IntakeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row's outcome. A rejected row has faults only; another may carry notes about values that were left out.

    `entry` goes into the journal by `patents.import`, `persons` into the erasable side store; never the other way.
    """

    line: int
    verdict: Verdict
    entry: PatentEntry | None = None
    persons: PersonalFields | None = None
    faults: tuple[Fault, ...] = ()


class Tally(msgspec.Struct):
    """Counts of a file's rows: by verdict, and faults by code."""

    rows: dict[str, int] = {}
    faults: dict[str, int] = {}

    def add(self, row: IntakeRow) -> None:
        """Count one row."""
        self.rows[row.verdict.value] = self.rows.get(row.verdict.value, 0) + 1
        for fault in row.faults:
            self.faults[fault.code.value] = self.faults.get(fault.code.value, 0) + 1


def read_patents(chunks: Iterable[bytes], *, as_of: date, salt_for: SaltFor) -> Iterator[IntakeRow]:
    """Read a file of patents in any known layout; the header decides which.

    A file that cannot be read at all gives one rejected row whose code begins with `file.`, and ends.
    `as_of` is the day by which a date lies in the future and a right has expired.
    """
    rows = read_rows(chunks)
    header = next(rows, None)
    if header is None:
        yield _refused(1, Fault(line=1, column="", code=IntakeCode.FILE_EMPTY))
        return
    layout, names, fault = _read_header(header)
    if fault is not None or layout is None:
        yield _refused(header.line, fault or Fault(line=header.line, column="", code=IntakeCode.FILE_COLUMN_MISSING))
        return
    place_of = {name: place for place, name in enumerate(names)}
    # A column the file does not have reads as the empty field put behind every row.
    take = itemgetter(*(place_of.get(name, len(names)) for name in layout.columns))
    reader = RowReader(as_of.isoformat())
    seen: dict[str, int] = {}
    for count, row in enumerate(rows):
        if count >= MAX_ROWS:
            detail = f"{MAX_ROWS} rows are read of one file"
            yield _refused(row.line, Fault(line=row.line, column="", code=IntakeCode.FILE_TOO_MANY_ROWS, detail=detail))
            return
        if row.code is not None or len(row.fields) != len(names):
            yield _refused(row.line, _form_fault(row, names))
            continue
        row.fields.append("")
        reader.begin(row.line)
        facts = layout.read(reader, take(row.fields))
        if facts is None:
            yield IntakeRow(line=row.line, verdict=Verdict.REJECTED, faults=tuple(reader.faults))
            continue
        first = seen.setdefault(facts.key, row.line)
        if first != row.line:
            yield _refused(row.line, _double(facts, row.line, first, layout))
            continue
        entry, persons = seal(facts, salt_for(facts.key), as_of)
        verdict = Verdict.INCOMPLETE if entry.missing else Verdict.ACCEPTED
        yield IntakeRow(line=row.line, verdict=verdict, entry=entry, persons=persons, faults=tuple(reader.faults))


def _double(facts: PatentFacts, line: int, first: int, layout: Layout) -> Fault:
    """The fault of a row whose key an earlier row has."""
    column = layout.number_column if facts.publication_number else "application_number"
    detail = f"{facts.key} is already on line {first}"
    return Fault(line=line, column=column, code=IntakeCode.DUPLICATE_IN_FILE, detail=detail)


def _refused(line: int, fault: Fault) -> IntakeRow:
    return IntakeRow(line=line, verdict=Verdict.REJECTED, faults=(fault,))


def _form_fault(row: CsvRow, names: list[str]) -> Fault:
    """What is wrong with a row's form, and in which column."""
    if row.code is not None:
        column = names[row.field - 1] if 1 <= row.field <= len(names) else str(row.field or "")
        return Fault(line=row.line, column=column, code=row.code, detail=row.detail)
    found, wanted = len(row.fields), len(names)
    column = names[found] if found < wanted else str(wanted + 1)  # the first missing, or the first too many
    detail = f"{found} fields under {wanted} columns"
    return Fault(line=row.line, column=column, code=IntakeCode.ROW_RAGGED, detail=detail)


def _read_header(header: CsvRow) -> tuple[Layout | None, list[str], Fault | None]:
    """The layout a header names, its columns in their order, or why it is refused. Columns of no layout are ignored."""
    line = header.line
    if header.code is IntakeCode.ROW_RAGGED:
        detail = f"{MAX_COLUMNS} columns are read"
        return None, [], Fault(line=line, column="", code=IntakeCode.FILE_TOO_MANY_COLUMNS, detail=detail)
    if header.code is not None:
        whole_file = header.code.startswith("file.")
        code = header.code if whole_file else IntakeCode.FILE_HEADER_INVALID
        detail = "" if whole_file else header.code.value
        return None, [], Fault(line=line, column=str(header.field or ""), code=code, detail=detail)
    names = [name.strip().lower() for name in header.fields]
    for place, name in enumerate(names, 1):
        if name and name in names[: place - 1]:
            return None, [], Fault(line=line, column=name[:60], code=IntakeCode.FILE_HEADER_DUPLICATE)
    for layout in LAYOUTS:
        if layout.marker in names:
            absent = [name for name in layout.required if name not in names]
            if absent:
                return None, [], Fault(line=line, column=absent[0], code=IntakeCode.FILE_COLUMN_MISSING)
            return layout, names, None
    return None, [], Fault(line=line, column=LAYOUTS[0].marker, code=IntakeCode.FILE_COLUMN_MISSING)
