"""Messages as clients see them: JSON with named fields, identifiers as text (`O1-184`), bytes as hex.

Which fields are identifiers follows from their types (exchange.core.ids), so a new message needs nothing here.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, NewType, TypeVar, Union, cast, get_args, get_origin

import msgspec

from exchange.core.ids import KINDS, from_wire, to_wire
from exchange.core.messages import Command
from exchange.core.wire import commands, name_of_type

C = TypeVar("C", bound=Command)
Change = Callable[[Any], Any]
"""Turns one value into its other form; None stands for "as it is"."""

MAX_BODY = 1_048_576


def _variants(kind: Any) -> tuple[Any, ...]:
    """The members of a union other than None; a plain type is its only one."""
    if get_origin(kind) in (Union, types.UnionType):
        return tuple(member for member in get_args(kind) if member is not type(None))
    return (kind,)


def _letter(kind: Any) -> str | None:
    """The kind letter if the type is an identifier's."""
    return KINDS.get(kind.__name__) if isinstance(kind, NewType) else None


def _optional(change: Change | None) -> Change | None:
    if change is None:
        return None
    return lambda value: None if value is None else change(value)


@functools.cache
def _outward(kind: Any) -> Change | None:
    """How a value of this type is shown, or None where it is shown as it is."""
    if get_origin(kind) is Annotated:
        return _outward(get_args(kind)[0])
    members = _variants(kind)
    if len(members) != 1:
        return show
    kind = members[0]
    letter = _letter(kind)
    if letter is not None:
        return _optional(lambda value: to_wire(letter, value))
    if isinstance(kind, NewType):
        return _outward(kind.__supertype__)
    if get_origin(kind) in (tuple, list):
        inner = _outward(get_args(kind)[0])
        if inner is None:
            return _optional(list)
        return _optional(lambda values: [inner(value) for value in values])
    if kind is bytes:
        return _optional(lambda value: value.hex())
    if isinstance(kind, type) and (issubclass(kind, msgspec.Struct)):
        return _optional(show)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _optional(lambda value: value.value)
    return None


@functools.cache
def _shape(kind: Any) -> list[tuple[str, Change | None]]:
    return [(field.name, _outward(field.type)) for field in msgspec.structs.fields(kind)]


def show(message: Any) -> dict[str, Any]:
    """A message or record as plain named values; a tagged one says its name under `type`."""
    kind = cast("Any", type(message))
    shown: dict[str, Any] = {}
    if isinstance(kind.__struct_config__.tag, str):
        shown[kind.__struct_config__.tag_field or "type"] = name_of_type(kind)
    for name, change in _shape(kind):
        value = getattr(message, name)
        shown[name] = value if change is None else change(value)
    return shown


@functools.cache
def _inward(kind: Any) -> Change | None:
    """How a decoded JSON value of this type becomes what `msgspec.convert` takes."""
    if get_origin(kind) is Annotated:
        return _inward(get_args(kind)[0])
    members = _variants(kind)
    if len(members) != 1:
        return None
    kind = members[0]
    letter = _letter(kind)
    if letter is not None:
        return functools.partial(_read_id, letter)
    if get_origin(kind) in (tuple, list):
        inner = _inward(get_args(kind)[0])
        if inner is None:
            return None
        return functools.partial(_read_each, inner)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return functools.partial(_read_fields, kind)
    return None


def _read_each(change: Change, values: Any) -> Any:
    if not isinstance(values, list):
        return values
    return [change(value) for value in cast("list[Any]", cast("Any", values))]


def _read_id(letter: str, value: Any) -> Any:
    """Only the text form is an identifier; a bare integer is refused like any other wrong type."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise msgspec.ValidationError(f"Expected an identifier like `{letter}1-184`")
    try:
        return from_wire(letter, value)
    except ValueError as error:
        raise msgspec.ValidationError(str(error).capitalize()) from None


@functools.cache
def _identifier_fields(kind: Any) -> list[tuple[str, Change]]:
    found = ((field.name, _inward(field.type)) for field in msgspec.structs.fields(kind))
    return [(name, change) for name, change in found if change is not None]


def _read_fields(kind: Any, values: Any) -> Any:
    if not isinstance(values, dict):
        return values
    body = cast("dict[str, Any]", values)
    for name, change in _identifier_fields(kind):
        if name in body:
            try:
                body[name] = change(body[name])
            except msgspec.ValidationError as error:
                text = str(error)
                raise msgspec.ValidationError(text if " - at `" in text else f"{text} - at `$.{name}`") from None
    return body


def read_command(kind: type[C], body: Any) -> C:
    """Make a command of decoded JSON; a `type` field, if there, must be the command's own name.

    Raises: msgspec.ValidationError naming the path of what is wrong.
    """
    if not isinstance(body, dict):
        raise msgspec.ValidationError("Expected `object`")
    fields = cast("dict[str, Any]", body)
    if fields.get("type", name_of_type(kind)) != name_of_type(kind):
        raise msgspec.ValidationError(f"Expected `{name_of_type(kind)}` - at `$.type`")
    return msgspec.convert({"type": name_of_type(kind), **_read_fields(kind, fields)}, kind, strict=True)


def decode_json(kind: type[C], raw: bytes) -> C:
    """Read a POST's body, which is the command itself.

    Raises: msgspec.DecodeError or msgspec.ValidationError naming the path of what is wrong.
    """
    return read_command(kind, msgspec.json.decode(raw))


def command_type(name: str) -> type[Command] | None:
    """The command of that name, if there is one."""
    return commands().get(name)
