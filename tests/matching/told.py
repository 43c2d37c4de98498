"""Events of which a test says only the public part."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from exchange.core.messages import Event, Record

E = TypeVar("E", bound=Event | Record)


def told(kind: type[E], /, **public: object) -> E:
    """An event with the given public fields; required fields that only the ledger fills say nothing."""
    required = [field for field in msgspec.structs.fields(kind) if field.required]
    return kind(**{**{field.name: _nothing(field.type) for field in required}, **public})


def _nothing(kind: Any) -> object:
    """A value of a field's type that says nothing."""
    kind = getattr(kind, "__supertype__", kind)  # what an identifier or a unit is made of
    if not isinstance(kind, type):
        return ()
    if issubclass(kind, Record):
        return told(kind)
    return next(iter(kind)) if issubclass(kind, StrEnum) else kind()
