"""Why a file, a row or an identifier was refused: stable codes, each with the place it speaks of."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class IntakeCode(StrEnum):
    """A fault's stable code; the part before the dot is what it speaks of. Never renamed or reused."""

    # The file as a whole: reading stops
    FILE_EMPTY = "file.empty"
    FILE_ENCODING_UNSUPPORTED = "file.encoding_unsupported"
    FILE_HEADER_INVALID = "file.header_invalid"
    FILE_HEADER_DUPLICATE = "file.header_duplicate"
    FILE_COLUMN_MISSING = "file.column_missing"
    FILE_TOO_MANY_COLUMNS = "file.too_many_columns"
    FILE_TOO_MANY_ROWS = "file.too_many_rows"
    # One row's form: the row is rejected, reading goes on
    ROW_RAGGED = "row.ragged"
    ROW_TOO_LONG = "row.too_long"
    ROW_FIELD_TOO_LONG = "row.field_too_long"
    ROW_NUL_BYTE = "row.nul_byte"
    ROW_CONTROL_CHARACTER = "row.control_character"
    ROW_ENCODING_INVALID = "row.encoding_invalid"
    ROW_QUOTE_UNCLOSED = "row.quote_unclosed"
    ROW_QUOTE_MALFORMED = "row.quote_malformed"
    # What a row says: the row is rejected
    NUMBER_MISSING = "patent.number_missing"
    NUMBER_INVALID = "patent.number_invalid"
    KIND_UNKNOWN = "patent.kind_unknown"
    KIND_MISMATCH = "patent.kind_mismatch"
    COUNTRY_UNKNOWN = "patent.country_unknown"
    COUNTRY_MISMATCH = "patent.country_mismatch"
    APPLICATION_INVALID = "patent.application_invalid"
    APPLICATION_MISMATCH = "patent.application_mismatch"
    CHECK_DIGIT = "patent.check_digit"
    DATE_INVALID = "patent.date_invalid"
    DATE_ORDER = "patent.date_order"
    DATE_FUTURE = "patent.date_future"
    TITLE_TOO_LONG = "patent.title_too_long"
    NAME_TOO_LONG = "patent.name_too_long"
    TOO_MANY_NAMES = "patent.too_many_names"
    TOO_MANY_CLASSES = "patent.too_many_classes"
    DUPLICATE_IN_FILE = "patent.duplicate_in_file"
    # What a row says: kept, with a note
    CLASS_INVALID = "patent.class_invalid"
    # An entry that did not come from this intake
    ENTRY_NOT_CANONICAL = "patent.entry_not_canonical"
    # Identifiers of parties and instruments
    IDENTIFIER_FORMAT = "identifier.format"
    IDENTIFIER_CHECK_DIGIT = "identifier.check_digit"


class Unreadable(ValueError):  # noqa: N818 - the house word: the text could not be read as what it claims to be
    """A text is not the identifier it claims to be; `code` says why."""

    def __init__(self, code: IntakeCode, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong and where.

    `line` counts physical lines from 1; `column` is the header's name, or the field's number where a name is not known.
    `detail` quotes at most 60 characters, and never a field that may name a natural person.
    """

    line: int
    column: str
    code: IntakeCode
    detail: str = ""


def quoted(text: str) -> str:
    """The text as a fault may show it: short, without control characters."""
    return repr(text[:60])
