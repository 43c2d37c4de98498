"""What the exchange signs about its journal: canonical JSON under a first line that says what kind of thing it is.

Canonical means keys sorted, no spaces, UTF-8: everybody who has the object computes the same bytes. A signature over
one kind of thing can never pass for another, because the first line differs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORMAT = 1
NO_HEAD = "0" * 64
"""What the first head names as the one before."""

Statement = dict[str, Any]


def signed_bytes(kind: str, statement: Mapping[str, Any]) -> bytes:
    """The bytes under a signature; the signature itself is left out."""
    plain = {name: value for name, value in statement.items() if name != "signature"}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"ip-exchange {kind} v{FORMAT}\n{text}".encode()


def sign(kind: str, statement: Mapping[str, Any], key: Ed25519PrivateKey) -> Statement:
    """The statement with its signature."""
    return {**statement, "signature": key.sign(signed_bytes(kind, statement)).hex()}


def is_signed(kind: str, statement: Mapping[str, Any], public_key: str) -> bool:
    """Whether this key signed the statement."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(statement["signature"]), signed_bytes(kind, statement))
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return True


def hash_of(kind: str, statement: Mapping[str, Any]) -> str:
    """What a later statement names this one by."""
    return sha256(signed_bytes(kind, statement)).hexdigest()


def public_hex(key: Ed25519PrivateKey) -> str:
    """A key's public half as text."""
    return key.public_key().public_bytes_raw().hex()
