"""From two CSV lists, of recorded papers and of the properties they convey, to papers, and on to a running exchange.

Persons' names stay in the lists: what is sent names organisations, and inventors by their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from api.client import Client
from custody.conveyance_messages import MAX_LINES, MAX_PAPERS
from custody.conveyance_rows import (
    PAPER_COLUMNS,
    PROPERTY_COLUMNS,
    ConveyanceCode,
    ConveyanceFault,
    Line,
    Recorded,
    read_papers,
)
from custody.conveyances import Paper
from exchange.assets.csvrows import read_rows

IMPORT = "/v1/conveyances/import"
SLICE_LINES = 500
"""Properties sent with one command, well below what it may list, so that orders between two do not wait long."""


class Unread(Exception):  # noqa: N818 - the world's: a file that is no such list
    """A file that cannot be read as one of the two lists; the first fault says why."""

    def __init__(self, fault: ConveyanceFault) -> None:
        super().__init__(f"{fault.list_name}: line {fault.line}: {fault.code.value} {fault.column}".rstrip())
        self.fault = fault


def read_lists(
    papers: Iterable[bytes], properties: Iterable[bytes], today: str
) -> tuple[list[Recorded], list[ConveyanceFault | RowFault]]:
    """The papers of both lists, and every row that was refused.

    Raises: Unread if a list has no header with the columns it needs.
    """
    faults: list[ConveyanceFault | RowFault] = []
    heads = _lines("papers", papers, PAPER_COLUMNS, faults)
    listed = _lines("properties", properties, PROPERTY_COLUMNS, faults)
    read, refused = read_papers(heads, listed, today=today)
    return read, [*faults, *refused]


class RowFault(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is no row of CSV: in which list, where, and the code of intake."""

    list_name: str
    line: int
    column: str
    code: str
    detail: str = ""


def slices(papers: Iterable[Paper]) -> Iterator[tuple[Paper, ...]]:
    """Papers by the command that may carry them."""
    part: list[Paper] = []
    lines = 0
    for paper in papers:
        count = len(paper.properties)
        if part and (len(part) >= MAX_PAPERS or lines + count > min(SLICE_LINES, MAX_LINES)):
            yield tuple(part)
            part, lines = [], 0
        part.append(paper)
        lines += count
    if part:
        yield tuple(part)


async def send(client: Client, papers: Iterable[Paper]) -> dict[str, int]:
    """Send papers, slice by slice; answers how many were new, changed, the same and refused, and titles found.

    Raises: Problem, OSError.
    """
    counted = {"new": 0, "changed": 0, "same": 0, "refused": 0, "titles": 0}
    for part in slices(papers):
        answer = await client.post(IMPORT, {"papers": msgspec.to_builtins(part)})
        for event in answer["events"]:
            if event["type"] == "conveyances.imported":
                for name in counted:
                    counted[name] += event[name] if name == "same" else len(event[name])
    return counted


def _lines(
    name: str, chunks: Iterable[bytes], columns: tuple[str, ...], faults: list[ConveyanceFault | RowFault]
) -> Iterator[Line]:
    """The rows of a list below its header, by column; a damaged one is told and passed over.

    Raises: Unread.
    """
    rows = read_rows(chunks)
    header = next(rows, None)
    names = [" ".join(field.split()).lower() for field in header.fields] if header is not None else []
    missing = next((column for column in columns if column not in names), None)
    if header is None or header.code is not None or missing is not None:
        code = ConveyanceCode.FILE_COLUMN_MISSING
        raise Unread(ConveyanceFault(list_name=name, line=1, column=missing or "", code=code))
    for row in rows:
        if row.code is not None or len(row.fields) != len(names):
            code_text = row.code.value if row.code is not None else "row.ragged"
            faults.append(RowFault(list_name=name, line=row.line, column="", code=code_text, detail=row.detail))
            continue
        yield Line(row.line, dict(zip(names, row.fields, strict=True)))
