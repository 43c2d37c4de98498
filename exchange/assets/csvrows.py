"""Bytes to rows: a strict RFC 4180 reader that names every damaged row by its line and goes on behind it.

The standard library's reader has one field limit for the whole process, hides physical lines behind quoted line
breaks, and lets one forgotten quote swallow the rest of a file. This one holds at most one row (and one slice of the
input), and on a broken quote rejects the line the row began on and reads on with the next. What it answers does not
depend on how the bytes were cut into chunks.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from exchange.assets.codes import IntakeCode

MAX_ROW_BYTES = 131_072
MAX_ROW_LINES = 1_000
MAX_FIELD_CHARACTERS = 32_768
MAX_COLUMNS = 64
SLICE_BYTES = 131_072
"""Chunks are taken in slices of this size, so memory does not depend on the sender's chunk."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and the marks that make a text read backwards on a page. Tabs are blanks."""
_BOM = b"\xef\xbb\xbf"
_FOREIGN_BOMS = (b"\xff\xfe", b"\xfe\xff")


class CsvRow(NamedTuple):
    """One row: the line it begins on, and either its fields or why it is refused and at which field (from 1)."""

    line: int
    fields: list[str]
    code: IntakeCode | None = None
    field: int = 0
    detail: str = ""


class _Line(NamedTuple):
    """One physical line, its end removed; or the reason why it cannot be read."""

    number: int
    text: str
    code: IntakeCode | None = None


def read_rows(chunks: Iterable[bytes]) -> Iterator[CsvRow]:
    """Read UTF-8 CSV (a byte-order mark is allowed); blank lines and rows of empty fields are passed over."""
    source = _lines(chunks)
    again: deque[_Line] = deque()  # lines taken for a quoted field that turned out to be broken
    while True:
        line = again.popleft() if again else next(source, None)
        if line is None:
            return
        number, text, code = line
        if code is not None:
            yield _unreadable(line)
            if code is IntakeCode.FILE_ENCODING_UNSUPPORTED:
                return
            continue
        row = _quoted_row(line, source, again) if '"' in text else CsvRow(number, text.split(","))
        if row.code is None:
            row = _within_limits(row)
        if row.code is not None or any(row.fields):
            yield row


def _within_limits(row: CsvRow) -> CsvRow:
    """The row, or why its contents are not taken."""
    fields = row.fields
    if len(fields) > MAX_COLUMNS:
        return CsvRow(row.line, [], IntakeCode.ROW_RAGGED, MAX_COLUMNS + 1, f"more than {MAX_COLUMNS} fields")
    whole = "".join(fields)
    if _CONTROL.search(whole):
        for place, field in enumerate(fields, 1):
            found = _CONTROL.search(field)
            if found:
                code = IntakeCode.ROW_NUL_BYTE if found[0] == "\x00" else IntakeCode.ROW_CONTROL_CHARACTER
                return CsvRow(row.line, [], code, place, f"U+{ord(found[0]):04X}")
    if len(whole) > MAX_FIELD_CHARACTERS:
        for place, field in enumerate(fields, 1):
            if len(field) > MAX_FIELD_CHARACTERS:
                detail = f"{len(field)} characters, {MAX_FIELD_CHARACTERS} allowed"
                return CsvRow(row.line, [], IntakeCode.ROW_FIELD_TOO_LONG, place, detail)
    return row


def _unreadable(line: _Line) -> CsvRow:
    """The row of a line that could not be read; for a wrong encoding, with the field it was seen in."""
    place = 0
    if line.code is IntakeCode.ROW_ENCODING_INVALID:
        fields = _quoted_row(line, iter(()), deque()).fields
        place = next((place for place, field in enumerate(fields, 1) if "\ufffd" in field), 0)
    return CsvRow(line.number, [], line.code, place)


def _quoted_row(first: _Line, source: Iterator[_Line], again: deque[_Line]) -> CsvRow:
    """Read a row that holds quotes, taking further lines while a quoted field is open.

    When the quotes do not work out, the lines taken are put back, so only the first is lost.
    """
    text = first.text
    taken: list[_Line] = []
    fields: list[str] = []
    at = 0
    broken: IntakeCode | None = None
    while broken is None:
        if not text.startswith('"', at):
            comma = text.find(",", at)
            value = text[at:] if comma < 0 else text[at:comma]
            if '"' in value:
                broken = IntakeCode.ROW_QUOTE_MALFORMED
                break
            fields.append(value)
            if comma < 0:
                return CsvRow(first.number, fields)
            at = comma + 1
            continue
        scan = at + 1
        while True:  # find the closing quote
            close = text.find('"', scan)
            if close >= 0 and text.startswith('""', close):
                scan = close + 2
                continue
            if close >= 0:
                break
            line = again.popleft() if again else next(source, None)
            if line is not None:
                taken.append(line)
            too_long = line is not None and len(text) + len(line.text) >= MAX_ROW_BYTES
            if line is None or line.code is not None or too_long or len(taken) >= MAX_ROW_LINES:
                broken = IntakeCode.ROW_QUOTE_UNCLOSED
                break
            scan = len(text)
            text += "\n" + line.text
        if broken is not None:
            break
        fields.append(text[at + 1 : close].replace('""', '"'))
        if close + 1 == len(text):
            return CsvRow(first.number, fields)
        if text[close + 1] != ",":
            broken = IntakeCode.ROW_QUOTE_MALFORMED
            del fields[-1]
        at = close + 2
    again.extendleft(reversed(taken))
    return CsvRow(first.number, [], broken, len(fields) + 1)


def _lines(chunks: Iterable[bytes]) -> Iterator[_Line]:
    """Cut bytes into numbered lines; a line longer than a row may be is dropped while it is read, never held."""
    number = 0
    rest = b""
    at_start = True
    dropping = False
    for block in _slices(chunks):
        data = rest + block
        if at_start:
            if len(data) < len(_BOM):
                rest = data
                continue
            at_start = False
            if data.startswith(_FOREIGN_BOMS):
                yield _Line(1, "", IntakeCode.FILE_ENCODING_UNSUPPORTED)
                return
            data = data.removeprefix(_BOM)
        cut = data.rfind(b"\n")
        if cut < 0:
            rest = data
            if dropping:
                rest = b""
            elif len(data) > MAX_ROW_BYTES:
                number += 1
                yield _Line(number, "", IntakeCode.ROW_TOO_LONG)
                dropping, rest = True, b""
            continue
        whole, rest = data[: cut + 1], data[cut + 1 :]
        if dropping:
            whole = whole[whole.index(b"\n") + 1 :]
            dropping = False
        if whole:
            for line in _decoded(number, whole[:-1]):
                yield line
                number = line.number
    if rest and not dropping:
        yield from _decoded(number, rest)


def _slices(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of bounded size."""
    for chunk in chunks:
        for start in range(0, len(chunk), SLICE_BYTES):
            yield chunk[start : start + SLICE_BYTES]


def _decoded(number: int, whole: bytes) -> Iterator[_Line]:
    """The lines of some bytes that end with a line, numbered on from `number`."""
    try:
        texts = whole.decode().split("\n")
    except UnicodeDecodeError:
        yield from _decoded_apart(number, whole)
        return
    for text in texts:
        number += 1
        if len(text) > MAX_ROW_BYTES // 4 and len(text.encode()) > MAX_ROW_BYTES:
            yield _Line(number, "", IntakeCode.ROW_TOO_LONG)
        else:
            yield _Line(number, text.removesuffix("\r"))


def _decoded_apart(number: int, whole: bytes) -> Iterator[_Line]:
    """The same, line by line, where some line is not UTF-8."""
    for raw in whole.split(b"\n"):
        number += 1
        if len(raw) > MAX_ROW_BYTES:
            yield _Line(number, "", IntakeCode.ROW_TOO_LONG)
            continue
        try:
            yield _Line(number, raw.decode().removesuffix("\r"))
        except UnicodeDecodeError:
            yield _Line(number, raw.decode(errors="replace"), IntakeCode.ROW_ENCODING_INVALID)
