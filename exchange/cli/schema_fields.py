"""A command's fields as its schema has them: what each is, in which unit, and how its value is written."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from exchange.core.messages import Command
from exchange.core.units import MAX_INTEGER

WHOLE = re.compile(r"-?[0-9]{1,1000}")
UNITS = {
    "_minor": "in minor units of its currency (cents, fen)",
    "_ticks": "in ticks of the instrument's price",
    "_lots": "in lots of the instrument",
    "_units": "in units of the right",
    "_ppm": "in millionths",
    "_bps": "in hundredths of a percent",
    "_ns": "in nanoseconds; of a moment, since 1970 in UTC",
    "_bytes": "in bytes",
    "_days": "in days",
    "_months": "in months",
    "_years": "in years",
    "_seconds": "in seconds",
    "_on": "a day, as 2026-03-01",
}
MOST_CHOICES = 12
DEEPEST = 4
Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a command. `depth` counts the records around it."""

    name: str
    schema: Schema
    defs: Schema
    required: bool
    default: Any
    depth: int = 0

    @property
    def kinds(self) -> set[str]:
        """The kinds of JSON it may be."""
        return {kind for one in _alternatives(self.schema, self.defs) for kind in _kinds(one)}

    def told(self) -> str:
        """What it is, in words."""
        unit = next((f", {text}" for suffix, text in UNITS.items() if self.name.endswith(suffix)), "")
        need = "required" if self.required else f"else {json.dumps(self.default, ensure_ascii=False)}"
        return f"{_told(self.schema, self.defs)}{unit}; {need}"


@functools.cache
def fields_of(command: type[Command]) -> tuple[Field, ...]:
    """A command's own fields, in their order."""
    import msgspec

    from api.rest.schemas import struct_twin

    schema = msgspec.json.schema(struct_twin(command, asked=True))
    defs = schema.get("$defs", {})
    return tuple(_fields(_resolved(schema, defs), defs, 0))


def all_fields(command: type[Command]) -> Iterator[Field]:
    """Its fields, each followed by those of the records it holds."""
    for field in fields_of(command):
        yield from _with_inner(field)


def _with_inner(field: Field) -> Iterator[Field]:
    yield field
    if field.depth >= DEEPEST:
        return
    for one in _alternatives(field.schema, field.defs):
        inner = _resolved(_items(one) or one, field.defs)
        if "properties" in inner:
            for below in _fields(inner, field.defs, field.depth + 1):
                yield from _with_inner(below)


def value_of(field: Field, text: str) -> Any:
    """A value as it was written: a whole number, true or false, JSON for lists and records, else text.

    What the field cannot be is passed on as text, and the exchange refuses it with its own code.
    """
    kinds = field.kinds
    if kinds & {"integer", "number"} and WHOLE.fullmatch(text):
        return int(text)
    if "boolean" in kinds and text in {"true", "false"}:
        return text == "true"
    if "null" in kinds and text == "null":
        return None
    if kinds & {"array", "object"} and text[:1] in {"[", "{"}:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    if kinds == {"array"}:
        (one,) = [one for one in _alternatives(field.schema, field.defs) if "array" in _kinds(one)][:1]
        inner = Field(field.name, _items(one), field.defs, True, None)
        return [value_of(inner, text)]
    return text


def _fields(schema: Schema, defs: Schema, depth: int) -> Iterator[Field]:
    required = set(schema.get("required", ()))
    for name, one in schema.get("properties", {}).items():
        if name == "type" and ("const" in one or one.get("enum")):
            continue
        yield Field(name, one, defs, name in required, one.get("default"), depth)


def _resolved(schema: Schema, defs: Schema) -> Schema:
    reference = schema.get("$ref", "")
    found: Schema = defs.get(reference.rpartition("/")[2], {}) if reference else schema
    return found


def _alternatives(schema: Schema, defs: Schema) -> list[Schema]:
    whole = _resolved(schema, defs)
    found = [_resolved(one, defs) for one in whole.get("anyOf", ())]
    return found or [whole]


def _items(schema: Schema) -> Schema:
    """What a list holds; nothing where any thing may be in it."""
    found = schema.get("items")
    return cast("Schema", found) if isinstance(found, dict) else {}


def _kinds(schema: Schema) -> set[str]:
    stated = schema.get("type")
    if stated is None:
        return {"string" if isinstance(one, str) else "integer" for one in schema.get("enum", ())} or {"string"}
    return {stated} if isinstance(stated, str) else set(stated)


def _told(schema: Schema, defs: Schema) -> str:
    parts = [_one(one, defs) for one in _alternatives(schema, defs)]
    return " or ".join(dict.fromkeys(part for part in parts if part != "null")) or "null"


def _one(schema: Schema, defs: Schema) -> str:
    if "enum" in schema:
        choices = [str(one) for one in schema["enum"]]
        more = f", … ({len(choices)} in all)" if len(choices) > MOST_CHOICES else ""
        return f"one of {', '.join(choices[:MOST_CHOICES])}{more}"
    kind = schema.get("type", "anything")
    if kind == "array":
        items = _items(schema)
        most = f" of at most {schema['maxItems']}" if "maxItems" in schema else ""
        return f"list{most}: {_told(items, defs)}" if items else f"list{most}"
    if kind == "integer":
        return f"whole number{_range(schema)}"
    if kind == "string":
        if schema.get("examples"):
            return f"identifier, as {schema['examples'][0]}"
        return f"text of at most {schema['maxLength']}" if "maxLength" in schema else "text"
    return {"boolean": "true or false", "object": "record"}.get(kind, str(kind))


def _range(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        low = schema["exclusiveMinimum"] + 1
    high = None if high == MAX_INTEGER else high
    if low is None:
        return "" if high is None else f" up to {high}"
    return f" from {low}" if high is None else f" from {low} to {high}"
