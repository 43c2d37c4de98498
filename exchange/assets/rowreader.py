"""Reads the values of one row and collects its faults.

A reader notes every fault of a row before it answers, so that a list is corrected in one round. A wrong identifier
or date rejects the row: it would name another right. A class that cannot be read is left out with a note.
"""

from __future__ import annotations

import html
import re
from datetime import date

from exchange.assets.applications import ApplicationNumber, read_application
from exchange.assets.codes import Fault, IntakeCode, Unreadable, quoted
from exchange.assets.entries import MAX_CLASSES, MAX_NAME, MAX_TITLE
from exchange.assets.identifiers import PublicationNumber, read_publication


def is_day(text: str) -> bool:
    """Whether a text of the form 2024-02-29 is a day of the calendar."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


class RowReader:
    """Reads the values of a row; after `begin`, `faults` gathers what is wrong with it."""

    __slots__ = ("faults", "line", "today")

    def __init__(self, today: str) -> None:
        self.today = today
        self.line = 0
        self.faults: list[Fault] = []

    def begin(self, line: int) -> None:
        """Turn to the next row."""
        self.line = line
        self.faults = []

    def fault(self, column: str, code: IntakeCode, detail: str = "") -> None:
        """Note what is wrong in a column."""
        self.faults.append(Fault(line=self.line, column=column, code=code, detail=detail))

    def day(self, column: str, text: str, *, past: bool = True) -> str:
        """An ISO date, or empty."""
        if not text or text.isspace():
            return ""
        if len(text) != 10 or text[4] != "-" or text[7] != "-":
            self.fault(column, IntakeCode.DATE_INVALID, f"{quoted(text)} is not a date like 2024-02-29")
            return ""
        if not is_day(text):
            self.fault(column, IntakeCode.DATE_INVALID, f"{quoted(text)} is not a day of the calendar")
            return ""
        if past and text > self.today:
            self.fault(column, IntakeCode.DATE_FUTURE, f"{text} is after {self.today}")
        return text

    def in_order(self, before: tuple[str, str], after: tuple[str, str]) -> None:
        """Check that one date does not come after another; each is (column, date)."""
        if before[1] and after[1] and before[1] > after[1]:
            self.fault(after[0], IntakeCode.DATE_ORDER, f"{after[1]} is before {before[0]} {before[1]}")

    def title(self, text: str) -> str:
        """A title on one line, without the markup of the office's page."""
        title = " ".join(plain(text).split())
        if len(title) > MAX_TITLE:
            self.fault("title", IntakeCode.TITLE_TOO_LONG, f"{len(title)} characters, {MAX_TITLE} allowed")
        return title

    def names(self, column: str, names: list[str], limit: int) -> tuple[str, ...]:
        """Names within their limits. No fault quotes a name."""
        if len(names) > limit:
            self.fault(column, IntakeCode.TOO_MANY_NAMES, f"{len(names)} names, {limit} allowed")
        if names and max(map(len, names)) > MAX_NAME:
            self.fault(column, IntakeCode.NAME_TOO_LONG, f"{MAX_NAME} characters allowed")
        return tuple(names)

    def classes(self, text: str) -> tuple[str, ...]:
        """The IPC symbols of a field in their usual form, each once; what is none is left out with a note."""
        if not text:
            return ()
        found: dict[str, None] = {}
        for part in text.split(";"):
            symbol = _read_class(part)
            if symbol:
                found[symbol] = None
            elif part and not part.isspace() and not any(note.column == "ipc" for note in self.faults):
                self.fault("ipc", IntakeCode.CLASS_INVALID, f"{quoted(part.strip())} is no IPC symbol")
        if len(found) > MAX_CLASSES:
            self.fault("ipc", IntakeCode.TOO_MANY_CLASSES, f"{len(found)} classes, {MAX_CLASSES} allowed")
        return tuple(found)

    def publication(self, column: str, text: str) -> PublicationNumber | None:
        """A publication number, or None with its fault."""
        try:
            return read_publication(text)
        except Unreadable as unreadable:
            self.fault(column, unreadable.code, unreadable.detail)
            return None

    def application(self, office: str, text: str) -> ApplicationNumber | None:
        """An application number, or None: with a fault, or because there is none."""
        if not text or text.isspace():
            return None
        try:
            return read_application(office, text)
        except Unreadable as unreadable:
            self.fault("application_number", unreadable.code, unreadable.detail)
            return None

    def rejected(self) -> bool:
        """Whether a fault of this row rejects it."""
        return any(fault.code is not IntakeCode.CLASS_INVALID for fault in self.faults)


_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});")


def plain(text: str) -> str:
    """A text without the character references some services leave in; only whole ones with their semicolon."""
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


_CLASS = re.compile(r"([A-HY][0-9]{2}[A-Z]) ?0{0,3}([1-9][0-9]{0,3})/([0-9]{2,6})")
_CLASS_COMPACT = re.compile(r"[A-HY][0-9]{2}[A-Z][0-9]{5,9}")


def _read_class(text: str) -> str:
    """One IPC symbol, `F02K9/42`; empty if it is none.

    WIPO's compact form pads the group to three digits, in some lists to four: `F02K00942`, `C12N000902`.
    """
    symbol = text.strip()
    match = _CLASS.fullmatch(symbol)
    if match is not None:
        return f"{match[1]}{match[2]}/{match[3]}"
    digits = symbol[4:]
    if not _CLASS_COMPACT.fullmatch(symbol):
        return ""
    wide = 4 if digits.startswith("000") else 3
    group, subgroup = int(digits[:wide]), digits[wide:]
    return f"{symbol[:4]}{group}/{subgroup}" if group and len(subgroup) >= 2 else ""
