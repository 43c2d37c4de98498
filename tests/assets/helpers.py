"""Files, salts and small lists for the tests of intake."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from exchange.assets.intake import IntakeRow, read_patents

AS_OF = date(2025, 6, 1)
REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = REPOSITORY.parent / "shared" / "data"

COLUMNS = (
    "publication_number",
    "country",
    "kind",
    "title",
    "applicants",
    "inventors",
    "application_number",
    "filing_date",
    "publication_date",
    "grant_date",
    "earliest_priority_date",
    "ipc",
)
GOOD = {
    "publication_number": "CN107000001B",
    "country": "CN",
    "kind": "B",
    "title": "Membrane for a fuel cell",
    "applicants": "UNIV TIANJIN",
    "inventors": "WANG WEI; LI NA",
    "application_number": "CN201710601862.3",
    "filing_date": "2017-07-21",
    "publication_date": "2019-03-05",
    "grant_date": "2019-03-05",
    "earliest_priority_date": "2017-07-21",
    "ipc": "H01M8/02; H01M8/10",
}


def shared_file(relative: str) -> bytes:
    """A file of the data that lies beside the checkout."""
    path = SHARED / relative
    assert path.is_file(), (
        f"these tests read {relative} from shared/data beside the checkout ({SHARED}); it is not there"
    )
    return path.read_bytes()


def salt_for(key: str) -> bytes:
    """A stable salt for a key, as a side store that remembers would give."""
    return hashlib.sha256(b"test" + key.encode()).digest()[:16]


def row(**changed: str) -> dict[str, str]:
    """A good row with some values changed."""
    return GOOD | changed


def table(*rows: dict[str, str]) -> bytes:
    """Rows as CSV."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def intake(data: bytes | Iterable[bytes]) -> list[IntakeRow]:
    """Every row's outcome."""
    chunks = [data] if isinstance(data, bytes) else data
    return list(read_patents(chunks, as_of=AS_OF, salt_for=salt_for))


def faults_of(data: bytes) -> list[tuple[int, str, str]]:
    """Line, column and code of every fault."""
    return [(fault.line, fault.column, fault.code.value) for row in intake(data) for fault in row.faults]
