"""A POST's body is the command itself. Here every way in which bytes can fail to be one gets its stable code."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeVar

import msgspec

from api.problems import RequestCode, RequestRefused
from exchange.core.messages import Command
from exchange.core.wire_json import read_command

C = TypeVar("C", bound=Command)
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

JSON = b"application/json"
_UNKNOWN = "unknown field"
_MISSING = "missing required field"
_LIMITS = re.compile(r"(?:<=|>=|<|>|of length) \d|out of range")


async def read_bytes(receive: Receive, headers: dict[bytes, bytes], limit: int, seconds: float) -> bytes:
    """A request's body, whole.

    Refused: request.too_large (by its stated length, or as it arrives), request.body_late.
    """
    stated = headers.get(b"content-length", b"0")
    if not stated.isdigit() or int(stated) > limit:
        raise RequestRefused(RequestCode.TOO_LARGE, f"at most {limit} bytes")
    message = await receive() if stated != b"0" else None
    if message is not None and not message.get("more_body"):
        return _checked(message, limit)
    try:
        async with asyncio.timeout(seconds):
            return await _rest(receive, message, limit)
    except TimeoutError:
        raise RequestRefused(RequestCode.BODY_LATE) from None


async def _rest(receive: Receive, message: MutableMapping[str, Any] | None, limit: int) -> bytes:
    body = b"" if message is None else _checked(message, limit)
    while message is None or message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestRefused(RequestCode.BODY_LATE, "the client left")
        body += message.get("body", b"")
        if len(body) > limit:
            raise RequestRefused(RequestCode.TOO_LARGE, f"at most {limit} bytes")
    return body


def _checked(message: MutableMapping[str, Any], limit: int) -> bytes:
    body: bytes = message.get("body", b"")
    if len(body) > limit:
        raise RequestRefused(RequestCode.TOO_LARGE, f"at most {limit} bytes")
    return body


def require_json(headers: dict[bytes, bytes]) -> None:
    """Take JSON and nothing else, so that no form of a foreign page can post a command.

    Refused: request.media_type.
    """
    media_type = headers.get(b"content-type", b"")
    if media_type != JSON and media_type.split(b";")[0].strip().lower() != JSON:
        raise RequestRefused(RequestCode.MEDIA_TYPE, "application/json")


def decode_object(raw: bytes) -> Any:
    """Decode JSON in which no object has a field twice.

    Refused: request.malformed, request.duplicate_field.
    """
    try:
        value = msgspec.json.decode(raw)
    except msgspec.ValidationError as error:
        raise invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestRefused(RequestCode.MALFORMED, str(error)[:200]) from None
    if b"\\u0000" in raw:
        raise RequestRefused(RequestCode.INVALID, "U+0000 is not text: PostgreSQL cannot keep it")
    # A flat object without a colon in its texts has exactly as many colons as fields; only others need a second look.
    if not isinstance(value, dict) or raw.count(b":") != len(value):
        try:
            json.loads(raw, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise RequestRefused(RequestCode.MALFORMED, str(error)[:200]) from None
    return value


def command_of(kind: type[C], raw: bytes) -> C:
    """The command in a body.

    Refused: request.malformed, request.duplicate_field, request.unknown_field, request.missing_field,
    request.out_of_range, request.invalid; the detail names the place.
    """
    value = decode_object(raw)
    try:
        return read_command(kind, value)
    except msgspec.ValidationError as error:
        raise invalid(error) from None


def invalid(error: msgspec.ValidationError) -> RequestRefused:
    """The refusal that says what a validation error says, under a stable code."""
    text = str(error)[:300]
    if _UNKNOWN in text:
        return RequestRefused(RequestCode.UNKNOWN_FIELD, text)
    if _MISSING in text:
        return RequestRefused(RequestCode.MISSING_FIELD, text)
    if _LIMITS.search(text):
        return RequestRefused(RequestCode.OUT_OF_RANGE, text)
    return RequestRefused(RequestCode.INVALID, text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RequestRefused(RequestCode.DUPLICATE_FIELD)
    return found
