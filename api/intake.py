"""A list of patents comes in: read row by row, names set aside, and submitted in slices through the slow lane.

The file is spooled to disk while it arrives and read by a thread, so neither its size nor its faults weigh on the loop
that trades. What is known is told by its content, so a file sent again, whole or in part, goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import BinaryIO

import msgspec

from api.persons import Named, Persons
from api.problems import RequestRefused
from exchange.assets.entries import PatentEntry
from exchange.assets.intake import IntakeRow, Tally, Verdict, read_patents
from exchange.assets.messages import ImportPatents, PatentsImported
from exchange.core.messages import Rejected
from exchange.node.ports import Outcome

CHUNK_BYTES = 262_144
MAX_REPORTED = 1_000
SLICE_ROWS = 50
"""Rows a slice brings: a quarter of what a command may, so that an order never waits for a whole one's 70 ms."""


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


Submit = Callable[[ImportPatents], Outcome]
"""Sends one slice and waits for its outcome; called from the reading thread."""


def import_file(file: BinaryIO, sha256: str, as_of: date, persons: Persons, submit: Submit) -> ImportReport:
    """Read a whole file and submit it slice by slice. Blocks: run it in a thread.

    Raises: NodeFault when the outcome of a slice is unknown; the same file sent again goes on.
    Refused: whatever refuses a slice as a whole, member.frozen for one.
    """
    report = ImportReport(sha256=sha256)
    tally = Tally()
    salts: dict[str, bytes] = {}

    def salt_for(key: str) -> bytes:
        salts[key] = salt = persons.salts([key]).get(key) or persons.fresh_salt()
        return salt

    slice_: list[tuple[IntakeRow, PatentEntry]] = []
    names: list[Named] = []
    for row in read_patents(_chunks(file), as_of=as_of, salt_for=salt_for):
        tally.add(row)
        _report_row(report, row)
        if row.entry is None:
            continue
        slice_.append((row, row.entry))
        if row.persons is not None:
            names.append((row.persons, salts[row.persons.key]))
        if len(slice_) == SLICE_ROWS:
            _send(report, persons, slice_, names, submit)
            slice_, names, salts = [], [], {}
    if slice_:
        _send(report, persons, slice_, names, submit)
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
    names: list[Named],
    submit: Submit,
) -> None:
    """Names first, then the slice: a new patent's commitments always have their opening on file.

    The names of a known patent are replaced only when its owner's word was taken, so nobody overwrites another's.
    """
    kept = persons.keep_new(names)
    outcome = submit(ImportPatents(entries=tuple(entry for _, entry in rows)))
    for event in outcome.events:
        if isinstance(event, Rejected):
            persons.erase(kept)
            raise RequestRefused(event.code, event.detail)
        if not isinstance(event, PatentsImported):
            continue
        refusals = {refused.number for refused in event.refused}
        persons.replace([named for named in names if named[0].key not in refusals])
        persons.erase([key for key in kept if key in refusals])
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
