"""Positions that clients carry from page to page: opaque, bound to their question and reader, and signed."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Any

import msgspec

from api.problems import RequestCode, RequestRefused

MAC_BYTES = 16
SECRET_BYTES = 32


class Cursors:
    """Positions that clients carry: opaque, bound to their question and reader, and signed."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def write(self, question: str, position: Any) -> str:
        """A position as clients carry it."""
        payload = msgspec.msgpack.encode(position)
        return urlsafe_b64encode(self._mac(question, payload) + payload).decode().rstrip("=")

    def read(self, question: str, cursor: str) -> Any:
        """The position in a cursor.

        Refused: request.cursor.
        """
        try:
            raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError:
            raise RequestRefused(RequestCode.CURSOR) from None
        if not hmac.compare_digest(raw[:MAC_BYTES], self._mac(question, raw[MAC_BYTES:])):
            raise RequestRefused(RequestCode.CURSOR)
        return msgspec.msgpack.decode(raw[MAC_BYTES:])

    def _mac(self, question: str, payload: bytes) -> bytes:
        key = self._secret + hashlib.sha256(question.encode()).digest()
        return hmac.digest(key, payload, "sha256")[:MAC_BYTES]


def kept_secret(path: Path) -> bytes:
    """The secret in a file that only its owner reads; made when it is missing, so cursors outlive a restart."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        found = path.read_bytes()
        return found if len(found) == SECRET_BYTES else secrets.token_bytes(SECRET_BYTES)
    with os.fdopen(descriptor, "wb") as file:
        made = secrets.token_bytes(SECRET_BYTES)
        file.write(made)
    return made
