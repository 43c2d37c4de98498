"""Messages as journal bytes: msgpack arrays headed by the message's tag, so a row is short and says what it is.

`["order.place", client_order_id, account_id, …]`: fields in their declared order. A later version appends fields with
defaults; an older row then decodes with them. Bytes are made once and kept; nothing is ever encoded again.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Union, cast

import msgspec

from exchange.core.messages import Command, Event

FORMAT = 1
"""The version of these bytes, on every journal row."""

_encode: Callable[[Any], bytes] = msgspec.msgpack.Encoder().encode


def _leaves(base: type[Any]) -> list[Any]:
    """Every tagged message class below a base, by tag, so that no table depends on the order of imports."""
    found: dict[str, type[Any]] = {}
    stack = list(base.__subclasses__())
    while stack:
        kind = stack.pop()
        stack.extend(kind.__subclasses__())
        tag = kind.__struct_config__.tag
        if isinstance(tag, str):
            found[tag] = kind
    return [found[tag] for tag in sorted(found)]


@functools.cache
def name_of_type(kind: Any) -> str:
    """A message class's name on the wire."""
    return cast("str", kind.__struct_config__.tag)


def name_of(message: Command | Event) -> str:
    """A message's name on the wire: `order.place`."""
    return name_of_type(cast("Any", type(message)))


@functools.cache
def _fields_getter(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    names = kind.__struct_fields__
    tag = name_of_type(kind)
    if not names:
        return lambda _: (tag,)
    if len(names) == 1:
        first = attrgetter(names[0])
        return lambda message: (tag, first(message))
    getter = attrgetter(*names)
    return lambda message: (tag, *getter(message))


def encode_command(command: Command) -> bytes:
    """A command as journal bytes."""
    return _encode(_fields_getter(cast("Any", type(command)))(command))


def encode_event(event: Event) -> bytes:
    """An event as journal bytes."""
    return _encode(event)


def encode_events(events: Iterable[bytes]) -> bytes:
    """The encoded events of one row as one msgpack array, without encoding any of them again."""
    listed = list(events)
    if len(listed) < 16:  # msgpack's fixarray: one byte of head
        return bytes((0x90 | len(listed),)) + b"".join(listed)
    return _encode([msgspec.Raw(event) for event in listed])


@functools.cache
def commands() -> dict[str, type[Command]]:
    """Every command by its name. Call when all modules are imported."""
    return {name_of_type(kind): kind for kind in _leaves(Command)}


@functools.cache
def events() -> dict[str, type[Event]]:
    """Every event by its name."""
    return {name_of_type(kind): kind for kind in _leaves(Event)}


@functools.cache
def _command_decoder() -> tuple[msgspec.msgpack.Decoder[Any], dict[type[Any], type[Command]]]:
    """Commands have named fields at the edge; in the journal each has a twin whose fields are places."""
    twins: dict[type[Any], type[Command]] = {}
    for tag, kind in commands().items():
        fields = [
            (field.name, field.type) if field.required else (field.name, field.type, field.default)
            for field in msgspec.structs.fields(kind)
        ]
        twin = msgspec.defstruct(kind.__name__, cast("Any", fields), kw_only=True, array_like=True, tag=tag)
        twins[twin] = kind
    return msgspec.msgpack.Decoder(cast("Any", Union[tuple(twins)])), twins  # noqa: UP007 - a union of made types


@functools.cache
def _events_decoder() -> msgspec.msgpack.Decoder[list[Event]]:
    any_event: Any = Union[tuple(events().values())]  # noqa: UP007 - as above
    return msgspec.msgpack.Decoder(cast("Any", types.GenericAlias(list, (any_event,))))


def decode_command(raw: bytes) -> Command:
    """Read a command's journal bytes.

    Raises: msgspec.ValidationError if they are not a command of this version or an earlier one.
    """
    decoder, twins = _command_decoder()
    twin = decoder.decode(raw)
    kind = twins[type(twin)]
    return kind(**{name: getattr(twin, name) for name in kind.__struct_fields__})


def decode_events(raw: bytes) -> list[Event]:
    """Read the events of one journal row.

    Raises: msgspec.ValidationError if they are not events of this version or an earlier one.
    """
    return _events_decoder().decode(raw)


def split_events(raw: bytes) -> list[bytes]:
    """The encoded events of one row, each as its own bytes, for hashing and for passing on."""
    return [bytes(event) for event in msgspec.msgpack.decode(raw, type=list[msgspec.Raw])]
