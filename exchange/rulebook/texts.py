"""Published texts: read strictly, written in one canonical form, hashed, and confirmed row by row.

A profile, an overlay set, a fee schedule and a calendar are published by a command that carries the whole text. Its
canonical form is JSON with the fields in their declared order, two spaces of indent and a closing line end, so that a
lawyer can read what the hash covers. A text in another layout means the same and gets the same hash.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Generic, Protocol, TypeVar

import msgspec

from exchange.core.messages import Part
from exchange.core.rejections import RejectCode

T = TypeVar("T")
D = TypeVar("D", bound=Part)

MAX_TEXT = 200_000

Source = Annotated[str, msgspec.Meta(min_length=1, max_length=600)]
Provision = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
"""A short identifier of the provision a row encodes, quoted in every refusal: `CN-38/37`, `TIE-33`."""


class Mark(StrEnum):
    """How well a row's source was read. X and M must be confirmed by name before the text can be activated."""

    STATUTE = "S"
    EXCERPT = "X"
    UNCHECKED = "M"


class Row(Part, Generic[T], frozen=True, kw_only=True):
    """One rule: its value, where it comes from, and how well that was read."""

    value: T
    source: Source
    provision: Provision
    mark: Mark


class SourcedRow(Protocol):
    """What every row of every published text carries."""

    @property
    def source(self) -> str: ...
    @property
    def mark(self) -> Mark: ...


class SourcedText(Protocol):
    """A published text that can name its rows."""

    def named_rows(self) -> tuple[tuple[str, SourcedRow], ...]: ...


class TextError(msgspec.Struct, frozen=True, kw_only=True):
    """Why a text cannot be published: a code, the place in the text (`$.fields.holder_cap.value`), and the reason."""

    code: RejectCode
    path: str
    reason: str


def read_text(text: str, kind: type[D], code: RejectCode) -> D | TextError:
    """Read one published text strictly: no unknown, missing or repeated name, no number that is not an integer."""
    if len(text) > MAX_TEXT:
        return TextError(code=code, path="$", reason=f"longer than {MAX_TEXT} characters")
    try:
        document = msgspec.json.decode(text.encode(), type=kind)
    except msgspec.ValidationError as error:
        return _located(str(error), code)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        return TextError(code=code, path="$", reason=f"not JSON: {error}")
    repeated = _repeated_name(text)
    if repeated is not None:
        return TextError(code=code, path="$", reason=f"the name {repeated!r} stands twice in one object")
    return document


def write_text(document: Part) -> str:
    """The canonical text of a document."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def text_hash(canonical: str) -> str:
    """The SHA-256 of a canonical text, in hex: what an activation and a signature refer to."""
    return hashlib.sha256(canonical.encode()).hexdigest()


def is_date(text: str) -> bool:
    """Whether the text is an ISO date that exists in the calendar."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def unconfirmed_fields(document: SourcedText) -> tuple[str, ...]:
    """The rows that rest on an excerpt or on general knowledge (marks X and M), in the text's order."""
    return tuple(name for name, row in document.named_rows() if row.mark is not Mark.STATUTE)


def missing_confirmations(document: SourcedText, confirmed: Mapping[str, str]) -> tuple[str, ...]:
    """The unconfirmed rows for which no operator has named a source yet; activation needs this to be empty.

    `confirmed` maps a row's name to the source text the operator gave; a blank source confirms nothing.
    """
    return tuple(name for name in unconfirmed_fields(document) if not confirmed.get(name, "").strip())


def _located(message: str, code: RejectCode) -> TextError:
    """Split msgspec's sentence into the place and the reason; a missing or unknown field's name joins the place."""
    reason, _, place = message.partition(" - at `")
    path = place.rstrip("`") or "$"
    named = re.search(r"field `([^`]*)`", reason)
    if named:
        path = f"{path}.{named[1]}"
    return TextError(code=code, path=path, reason=reason)


def _repeated_name(text: str) -> str | None:
    """The first name that stands twice in one object; JSON decoders silently keep the last."""
    repeated: list[str] = []

    def look(pairs: list[tuple[str, object]]) -> None:
        names = [name for name, _ in pairs]
        repeated.extend(name for place, name in enumerate(names) if name in names[:place])

    json.loads(text, object_pairs_hook=look)
    return repeated[0] if repeated else None
