"""The key that signs heads: made at the first start, kept in a file only its owner may read, replaced by its own hand.

A new key counts because the old one signed it. Whoever noted the first public key can follow to the newest, and needs
nobody's word for it. The file also keeps the secret from which the salts of holdings are made; a rotation keeps it.
"""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.proofs.statements import FORMAT, Statement, public_hex, sign
from custody.proofs import SALT_BYTES
from exchange.node.ports import NodeFault

FILE_NAME = "heads.key"


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    """The file: one JSON object."""

    private_key: str
    salts: str


@dataclass(frozen=True, slots=True)
class HeadKey:
    """The key in use."""

    private: Ed25519PrivateKey
    salts: bytes

    @property
    def public(self) -> str:
        """The public half as text."""
        return public_hex(self.private)

    def salt(self, tree: int, account_id: int, asset_id: int) -> bytes:
        """The salt of one holding's leaf in one tree; the same again whenever it is asked for."""
        place = b"".join(number.to_bytes(8, "big") for number in (tree, account_id, asset_id))
        return hmac.digest(self.salts, b"holding" + place, sha256)[:SALT_BYTES]


def kept_key(path: Path) -> HeadKey:
    """The key in the file; made where there is none.

    Raises: NodeFault proofs.key_unreadable, proofs.key_exposed when others than its owner may read it.
    """
    if not path.exists():
        write_key(path, HeadKey(Ed25519PrivateKey.generate(), secrets.token_bytes(32)))
    if path.stat().st_mode & 0o077:
        raise NodeFault("proofs.key_exposed", f"{path} may be read by others than its owner: chmod 600, and rotate it")
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Written)
        return HeadKey(
            Ed25519PrivateKey.from_private_bytes(bytes.fromhex(found.private_key)), bytes.fromhex(found.salts)
        )
    except (msgspec.MsgspecError, ValueError) as error:
        raise NodeFault("proofs.key_unreadable", f"{path} is not a key") from error


def write_key(path: Path, key: HeadKey) -> None:
    """Put a key in the file: whatever happens, the old one or the new one is there, whole and synced."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    content = msgspec.json.encode(_Written(key.private.private_bytes_raw().hex(), key.salts.hex()))
    with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def introduced(number: int, key: HeadKey, before: HeadKey | None) -> Statement:
    """A key's statement: signed by the key before it, the first one by itself."""
    statement = {
        "format": FORMAT,
        "number": number,
        "public_key": key.public,
        "previous_key": before.public if before is not None else "",
    }
    return sign("key", statement, (before or key).private)


def successor(key: HeadKey) -> HeadKey:
    """A new key with the same salts."""
    return HeadKey(Ed25519PrivateKey.generate(), key.salts)
