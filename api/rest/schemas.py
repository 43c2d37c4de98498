"""JSON schemas of messages as clients write and read them: named fields, identifiers as text with their pattern.

Each message gets a twin with the wire's types, and msgspec writes the twin's schema; so the document follows from the
messages and cannot say something else than the decoder does.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin

import msgspec

from exchange.core.ids import KINDS, SHARD, to_wire
from exchange.core.messages import Command
from exchange.core.wire import name_of_type

REF = "#/components/schemas/{name}"


@functools.cache
def identifier(letter: str) -> Any:
    """The wire's type of one kind of identifier."""
    pattern = rf"^{letter}{SHARD}-(0|[1-9][0-9]{{0,12}})(-[1-9][0-9]{{0,3}})?$"
    return Annotated[str, msgspec.Meta(pattern=pattern, examples=[to_wire(letter, 184 * 1024)])]


@functools.cache
def twin(kind: Any, *, asked: bool = False) -> Any:
    """The wire's type of any type in a message; `asked` for bodies, whose fields may have defaults."""
    if get_origin(kind) is Annotated:
        inner, *metas = get_args(kind)
        return Annotated[(twin(inner, asked=asked), *metas)]
    if get_origin(kind) in (Union, types.UnionType):
        return Union[tuple(twin(member, asked=asked) for member in get_args(kind))]  # noqa: UP007 - a made union
    if isinstance(kind, NewType):
        letter = KINDS.get(kind.__name__)
        return identifier(letter) if letter else twin(kind.__supertype__, asked=asked)
    if get_origin(kind) is tuple and get_args(kind)[-1] is not ...:
        return types.GenericAlias(tuple, tuple(twin(part, asked=asked) for part in get_args(kind)))
    if get_origin(kind) in (tuple, list):
        return types.GenericAlias(list, (twin(get_args(kind)[0], asked=asked),))
    if kind is bytes:
        return Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{2})*$", description="hex")]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__struct_config__.tag_field == "rule":
        return kind  # a formula holds formulas and no identifiers: it reads the same on the wire
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return struct_twin(kind, asked=asked)
    return kind


@functools.cache
def struct_twin(kind: Any, *, asked: bool) -> Any:
    """The wire's form of a message or record."""
    fields: list[Any] = []
    tag = kind.__struct_config__.tag if isinstance(kind.__struct_config__.tag, str) else None
    if tag is not None:
        literal: Any = Literal[name_of_type(kind)]
        fields.append(("type", literal, tag) if asked else ("type", literal))
    for field in msgspec.structs.fields(kind):
        wire = twin(field.type, asked=asked)
        if asked and not field.required:
            fields.append((field.name, wire, _default(field)))
        else:
            fields.append((field.name, wire))
    made: Any = msgspec.defstruct(kind.__name__, fields, kw_only=True, forbid_unknown_fields=asked)
    made.__doc__ = kind.__doc__
    return made


def _default(field: Any) -> Any:
    if field.default is msgspec.NODEFAULT:
        return msgspec.field(default_factory=field.default_factory)
    kind = get_args(field.type)[0] if get_origin(field.type) is Annotated else field.type
    letter = KINDS.get(kind.__name__) if isinstance(kind, NewType) else None
    return to_wire(letter, field.default) if letter is not None else field.default


def schemas(commands: Iterable[type[Command]], others: Iterable[Any]) -> dict[str, Any]:
    """The schemas of bodies and answers by name, as OpenAPI's components."""
    kinds = [struct_twin(kind, asked=True) for kind in commands]
    kinds += [struct_twin(kind, asked=False) for kind in others]
    _, components = msgspec.json.schema_components(kinds, ref_template=REF)
    return components
