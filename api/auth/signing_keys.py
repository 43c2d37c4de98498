"""The exchange's own signing keys: one kind for access tokens, one for answers to counterparties.

A new key is stored a minute before it signs, so every gateway that reloads the ring in between knows it when its
first token arrives; the old one verifies until its last token has expired. The private half is deleted at the
reload after a key stops signing. Public halves stay for ever: an answer signed years ago can still be proved.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from sqlalchemy import Connection, insert, select, update

from api.auth.clock import SECOND_NS, Clock
from api.auth.edge_store import EdgeStore
from api.auth.edge_tables import SigningKey

PUBLISH_AHEAD_NS = 60 * SECOND_NS
"""A new key signs this long after it was stored. Gateways reload at least twice as often."""
OVERLAP_NS = 400 * SECOND_NS
"""A superseded key verifies this much longer: the 300 s an access token lives, and a margin for clocks."""

Jwk = dict[str, str]


class Purpose(StrEnum):
    """What a key signs; a key never signs two kinds of thing."""

    ACCESS = "access"  # ES256, access tokens
    ANSWER = "answer"  # Ed25519, answers to counterparties


@dataclass(frozen=True, slots=True)
class Key:
    """One key as it stands in the store; times in ns, `verifies_until_ns` None while it is the newest."""

    key_id: str
    purpose: Purpose
    public_jwk: Jwk
    private_jwk: Jwk | None
    signs_from_ns: int
    verifies_until_ns: int | None

    def verifies(self, now_ns: int) -> bool:
        """Whether signatures of this key count now."""
        return self.verifies_until_ns is None or now_ns < self.verifies_until_ns


class KeyRing:
    """Every key, in memory; reloaded by the application twice a minute."""

    def __init__(self, store: EdgeStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._keys: dict[str, Key] = {}
        self._by_age: dict[Purpose, list[Key]] = {purpose: [] for purpose in Purpose}
        self.reload()

    def reload(self) -> None:
        """Read the keys again, make the first of each kind, and drop private halves no longer needed."""
        now_ns = self._clock.now_ns()
        with self._store.transaction() as connection:
            _lock(connection)
            keys = _load(connection)
            for purpose in Purpose:
                if not any(key.purpose is purpose for key in keys):
                    _store_new(connection, purpose, signs_from_ns=now_ns)
            _forget_private_halves(connection, keys, now_ns)
            self._take(_load(connection))

    def rotate(self, purpose: Purpose) -> str:
        """Store a new key that signs in a minute, and let the present one end after the overlap; return the new id."""
        now_ns = self._clock.now_ns()
        signs_from_ns = now_ns + PUBLISH_AHEAD_NS
        with self._store.transaction() as connection:
            _lock(connection)
            superseded = (SigningKey.purpose == purpose) & SigningKey.verifies_until_ns.is_(None)
            connection.execute(
                update(SigningKey).where(superseded).values(verifies_until_ns=signs_from_ns + OVERLAP_NS)
            )
            key_id = _store_new(connection, purpose, signs_from_ns=signs_from_ns)
            self._take(_load(connection))
        return key_id

    def revoke(self, key_id: str) -> None:
        """End a key at once, because its private half may be known; if it was the newest, a new one signs at once."""
        now_ns = self._clock.now_ns()
        with self._store.transaction() as connection:
            _lock(connection)
            connection.execute(
                update(SigningKey).where(SigningKey.key_id == key_id).values(verifies_until_ns=now_ns, private_jwk=None)
            )
            for purpose in Purpose:
                signing = [key for key in _load(connection) if key.purpose is purpose and _signs(key, now_ns)]
                if not signing:
                    _store_new(connection, purpose, signs_from_ns=now_ns)
            self._take(_load(connection))

    def signing(self, purpose: Purpose) -> Key:
        """The key to sign with now: the newest that may."""
        now_ns = self._clock.now_ns()
        for key in reversed(self._by_age[purpose]):
            if _signs(key, now_ns):
                return key
        raise LookupError(f"no {purpose} key may sign now: the key ring was not reloaded")

    def verifying(self, key_id: str, purpose: Purpose) -> Key | None:
        """The key of that name, if it is of that kind and its signatures count now."""
        key = self._keys.get(key_id)
        return key if key and key.purpose is purpose and key.verifies(self._clock.now_ns()) else None

    def public(self) -> list[dict[str, str | int | None]]:
        """Every public key with its times, past ones included, as published to whoever checks our signatures."""
        return [
            {
                **key.public_jwk,
                "kid": key.key_id,
                "use": "sig",
                "purpose": key.purpose.value,
                "signs_from_ns": key.signs_from_ns,
                "verifies_until_ns": key.verifies_until_ns,
            }
            for purpose in Purpose
            for key in self._by_age[purpose]
        ]

    def _take(self, keys: list[Key]) -> None:
        self._by_age = {purpose: [key for key in keys if key.purpose is purpose] for purpose in Purpose}
        self._keys = {key.key_id: key for key in keys}


def thumbprint(public_jwk: Jwk) -> str:
    """The name of a key: the SHA-256 of its public members in order.

    Source: RFC 7638.
    """
    canonical = json.dumps(public_jwk, sort_keys=True, separators=(",", ":")).encode()
    return b64url(hashlib.sha256(canonical).digest())


def b64url(raw: bytes) -> str:
    """Base64url without padding, as JOSE writes it."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64url(text: str) -> bytes:
    """The inverse of `b64url`."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _generate(purpose: Purpose) -> tuple[Jwk, Jwk]:
    """A fresh pair: the public JWK and the private one."""
    if purpose is Purpose.ANSWER:
        signer = ed25519.Ed25519PrivateKey.generate()
        public = {"kty": "OKP", "crv": "Ed25519", "x": b64url(signer.public_key().public_bytes_raw())}
        return public, {**public, "d": b64url(signer.private_bytes_raw())}
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    point = numbers.public_numbers
    public = {"kty": "EC", "crv": "P-256", "x": b64url(point.x.to_bytes(32)), "y": b64url(point.y.to_bytes(32))}
    return public, {**public, "d": b64url(numbers.private_value.to_bytes(32))}


def _signs(key: Key, now_ns: int) -> bool:
    return key.private_jwk is not None and key.signs_from_ns <= now_ns and key.verifies(now_ns)


def _lock(connection: Connection) -> None:
    """Two gateways may start or rotate at once: one after the other, or both would make a first key."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"LOCK TABLE {SigningKey.__table__.fullname} IN EXCLUSIVE MODE")  # type: ignore[attr-defined]


def _load(connection: Connection) -> list[Key]:
    rows = connection.execute(select(SigningKey.__table__).order_by(SigningKey.signs_from_ns, SigningKey.key_id))
    return [
        Key(
            key_id=row.key_id,
            purpose=Purpose(row.purpose),
            public_jwk=json.loads(row.public_jwk),
            private_jwk=json.loads(row.private_jwk) if row.private_jwk else None,
            signs_from_ns=row.signs_from_ns,
            verifies_until_ns=row.verifies_until_ns,
        )
        for row in rows
    ]


def _store_new(connection: Connection, purpose: Purpose, *, signs_from_ns: int) -> str:
    public, private = _generate(purpose)
    key_id = thumbprint(public)
    connection.execute(
        insert(SigningKey).values(
            key_id=key_id,
            purpose=purpose.value,
            public_jwk=json.dumps(public),
            private_jwk=json.dumps(private),
            signs_from_ns=signs_from_ns,
        )
    )
    return key_id


def _forget_private_halves(connection: Connection, keys: list[Key], now_ns: int) -> None:
    """A key that can sign no more has no use for its private half, and a thief would."""
    for purpose in Purpose:
        signing = [key for key in keys if key.purpose is purpose and _signs(key, now_ns)]
        for key in signing[:-1]:
            connection.execute(update(SigningKey).where(SigningKey.key_id == key.key_id).values(private_jwk=None))
