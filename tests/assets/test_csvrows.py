"""The row reader: RFC 4180 as written, every damage on its line, the same answer however the bytes are cut."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.assets.csvrows import MAX_FIELD_CHARACTERS, MAX_ROW_BYTES, MAX_ROW_LINES, read_rows


def told(data: bytes) -> list[tuple[int, list[str] | str, int]]:
    """Each row as line, fields or code, and the field the code speaks of."""
    return [(row.line, row.code.value if row.code else row.fields, row.field) for row in read_rows([data])]


def test_quotes_commas_and_line_breaks_inside_fields_are_read_with_the_line_a_row_begins_on() -> None:
    data = b'a,b\r\n"1,""x""\r\ny",2\r\n\r\n3,""\r\n,\r\n4,5'
    assert told(data) == [(1, ["a", "b"], 0), (2, ['1,"x"\ny', "2"], 0), (5, ["3", ""], 0), (7, ["4", "5"], 0)]


def test_a_byte_order_mark_is_not_part_of_the_first_name() -> None:
    assert told(b"\xef\xbb\xbfa,b\n") == [(1, ["a", "b"], 0)]


def test_utf_16_is_refused_as_a_file() -> None:
    assert told("a,b\n1,2\n".encode("utf-16")) == [(1, "file.encoding_unsupported", 0)]


def test_a_forgotten_quote_costs_its_own_line_only() -> None:
    data = b'a,b\n1,"open\n2,fine\n"3, quoted",fine\n4,fine\n'
    assert told(data) == [
        (1, ["a", "b"], 0),
        (2, "row.quote_malformed", 2),
        (3, ["2", "fine"], 0),
        (4, ["3, quoted", "fine"], 0),
        (5, ["4", "fine"], 0),
    ]


def test_a_quote_that_nothing_closes_costs_its_own_line_only() -> None:
    assert told(b'a,b\n1,"open\n2,fine\n') == [
        (1, ["a", "b"], 0),
        (2, "row.quote_unclosed", 2),
        (3, ["2", "fine"], 0),
    ]
    lines = b"x\n" * (MAX_ROW_LINES + 10)
    rows = told(b'a\n"open\n' + lines)
    assert rows[1] == (2, "row.quote_unclosed", 1)
    assert rows[2:] == [(3 + place, ["x"], 0) for place in range(MAX_ROW_LINES + 10)]


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        (b'1,x"y"', "row.quote_malformed", 2),
        (b'1,"x"y', "row.quote_malformed", 2),
        (b"1,\x00", "row.nul_byte", 2),
        (b"1\x1b[2J,2", "row.control_character", 1),
        ("1,\u202egpj.exe".encode(), "row.control_character", 2),
        (b"1\r2,3", "row.control_character", 1),
        ("1,发明".encode("gb18030"), "row.encoding_invalid", 2),
        (b'"1,2",\xff', "row.encoding_invalid", 2),
        (b"1," + b"x" * (MAX_FIELD_CHARACTERS + 1), "row.field_too_long", 2),
        (b"1," + b"x" * MAX_ROW_BYTES, "row.too_long", 0),
        (b"1," + b"x" * (3 * MAX_ROW_BYTES), "row.too_long", 0),
        (("1," + "明" * (MAX_ROW_BYTES // 2)).encode(), "row.too_long", 0),
        (b"," * 70 + b"x", "row.ragged", 65),
    ],
)
def test_a_damaged_line_is_named_and_the_next_is_read(line: bytes, code: str, field: int) -> None:
    assert told(b"a,b\n" + line + b"\n3,4\n") == [(1, ["a", "b"], 0), (2, code, field), (3, ["3", "4"], 0)]


def test_the_longest_field_and_row_that_are_allowed_are_read() -> None:
    fields = ["x" * MAX_FIELD_CHARACTERS] * 3 + ["y" * (MAX_FIELD_CHARACTERS - 3)]
    line = ",".join(fields).encode()
    assert len(line) == MAX_ROW_BYTES
    assert told(line + b"\n") == [(1, fields, 0)]


@given(st.lists(st.lists(st.text('ab,"\n é明', max_size=6), min_size=2, max_size=2), max_size=6), st.booleans())
def test_what_the_standard_library_writes_is_read_back(table: list[list[str]], quote_all: bool) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL).writerows(table)
    assert [row.fields for row in read_rows([text.getvalue().encode()])] == [row for row in table if any(row)]


@given(st.binary(max_size=60) | st.text('",\r\nab明\x00', max_size=60).map(str.encode), st.integers(1, 7))
def test_the_answer_does_not_depend_on_how_the_bytes_are_cut(data: bytes, size: int) -> None:
    cut = [data[start : start + size] for start in range(0, len(data), size)]
    assert list(read_rows(cut)) == list(read_rows([data]))


def test_lines_around_the_limit_are_judged_the_same_however_they_are_cut() -> None:
    for length in (MAX_ROW_BYTES - 1, MAX_ROW_BYTES, MAX_ROW_BYTES + 1):
        data = b"a\n" + b"x" * 40 + b"," * (length - 40) + b"\r\nb\n"
        whole = list(read_rows([data]))
        for size in (1_000, 65_536, MAX_ROW_BYTES, MAX_ROW_BYTES + 3):
            assert list(read_rows(data[start : start + size] for start in range(0, len(data), size))) == whole
