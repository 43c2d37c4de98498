"""A list of patents comes in: read row by row, names set aside, and submitted in slices through the slow lane.

The file is spooled to disk while it arrives and read by a thread, so neither its size nor its faults weigh on the loop
that trades. Each slice has a key made of the file's hash, so the same file sent twice is decided once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import BinaryIO

import msgspec

from api.persons import Persons
from exchange.assets.entries import PatentEntry, PersonalFields
from exchange.assets.intake import IntakeRow, Tally, Verdict, read_patents
from exchange.assets.messages import MAX_ENTRIES, ImportPatents, PatentsImported
from exchange.core.messages import Rejected
from exchange.node.ports import NodeFault, Outcome

CHUNK_BYTES = 262_144
MAX_REPORTED = 1_000
LOOKAHEAD_ROWS = 400
"""Rows whose stored salts are asked for in one query."""


class RowReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one row, or what it lacks: enough to find and mend it."""

    line: int
    verdict: str
    number: str
    column: str
    code: str
    detail: str


class ImportReport(msgspec.Struct, kw_only=True):
    """What a file brought. Rows beyond the first thousand with a fault are counted, not listed."""

    sha256: str
    rows: int = 0
    accepted: int = 0
    incomplete: int = 0
    rejected: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0
    faults: dict[str, int] = {}
    reports: list[RowReport] = []
    not_listed: int = 0

    def note(self, row: RowReport) -> None:
        """List a row, while there is room."""
        if len(self.reports) < MAX_REPORTED:
            self.reports.append(row)
        else:
            self.not_listed += 1


Submit = Callable[[ImportPatents, str], Outcome]
"""Sends one slice under a key and waits for its outcome; called from the reading thread."""


def import_file(file: BinaryIO, sha256: str, as_of: date, persons: Persons, submit: Submit) -> ImportReport:
    """Read a whole file and submit it slice by slice. Blocks: run it in a thread.

    Raises: NodeFault when the outcome of a slice is unknown; the same file sent again goes on.
    """
    report = ImportReport(sha256=sha256)
    tally = Tally()
    salts: dict[str, bytes] = {}

    def salt_for(key: str) -> bytes:
        salt = salts.get(key)
        if salt is None:
            salt = persons.salts([key]).get(key) or persons.fresh_salt()
            salts[key] = salt
            if len(salts) > LOOKAHEAD_ROWS:
                salts.pop(next(iter(salts)))
        return salt

    slice_: list[tuple[IntakeRow, PatentEntry]] = []
    names: list[tuple[PersonalFields, bytes]] = []
    part = 0
    for row in read_patents(_chunks(file), as_of=as_of, salt_for=salt_for):
        tally.add(row)
        _report_row(report, row)
        if row.entry is None:
            continue
        slice_.append((row, row.entry))
        if row.persons is not None:
            names.append((row.persons, salts[row.persons.key]))
        if len(slice_) == MAX_ENTRIES:
            part += 1
            _send(report, persons, slice_, names, submit, f"import:{sha256}:{part}")
            slice_, names = [], []
    if slice_:
        _send(report, persons, slice_, names, submit, f"import:{sha256}:{part + 1}")
    report.rows = sum(tally.rows.values())
    report.accepted = tally.rows.get(Verdict.ACCEPTED.value, 0)
    report.incomplete = tally.rows.get(Verdict.INCOMPLETE.value, 0)
    report.rejected = tally.rows.get(Verdict.REJECTED.value, 0)
    report.faults = dict(sorted(tally.faults.items()))
    return report


def _send(
    report: ImportReport,
    persons: Persons,
    rows: list[tuple[IntakeRow, PatentEntry]],
    names: list[tuple[PersonalFields, bytes]],
    submit: Submit,
    key: str,
) -> None:
    """Names first, then the slice: a commitment in the journal always has its opening on file."""
    persons.keep(names)
    outcome = submit(ImportPatents(entries=tuple(entry for _, entry in rows)), key)
    for event in outcome.events:
        if isinstance(event, Rejected):
            raise NodeFault(event.code, event.detail)
        if not isinstance(event, PatentsImported):
            continue
        report.new += len(event.new)
        report.changed += len(event.changed)
        report.same += event.same
        report.refused += len(event.refused)
        for refused in event.refused:
            row = rows[refused.place][0]
            report.note(
                RowReport(
                    line=row.line,
                    verdict="refused",
                    number=refused.number,
                    column="",
                    code=refused.code,
                    detail=refused.detail,
                )
            )


def _report_row(report: ImportReport, row: IntakeRow) -> None:
    number = row.entry.key if row.entry is not None else ""
    for fault in row.faults:
        report.note(
            RowReport(
                line=fault.line,
                verdict=row.verdict.value,
                number=number,
                column=fault.column,
                code=fault.code.value,
                detail=fault.detail,
            )
        )
    if row.verdict is Verdict.INCOMPLETE and not row.faults and row.entry is not None:
        for missing in row.entry.missing:
            blocks = ", ".join(purpose.value for purpose in row.entry.blocks)
            report.note(
                RowReport(
                    line=row.line,
                    verdict=row.verdict.value,
                    number=number,
                    column=missing,
                    code="patent.field_missing",
                    detail=f"blocks {blocks}" if blocks else "",
                )
            )


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
