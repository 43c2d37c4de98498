"""Access tokens: python-jose behind one small module that accepts exactly what it issues.

The library accepts more than is safe: any algorithm when none is named, a DER public key as an HMAC secret, a
missing or foreign audience, no expiry or one of 1e300, an unknown `crit`. So the token is checked here first
(size, form, header), jose only computes the signature with one key object made from one JWK for one algorithm, and
the claims are checked here again, by exact set and exact type, against a clock that is passed in.

A token says who, never what: roles are the engine's. Times: a token lives 300 s by its `exp` without grace; `iat` and
`nbf` may be up to 5 s ahead of this machine, because another gateway's clock may be.
Source: RFC 7519, RFC 8725 (best current practices), RFC 9068 (typ `at+jwt`).
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, NoReturn

from jose import jwk, jws
from jose.backends.base import Key as JoseKey
from jose.exceptions import JOSEError

from api.auth.clock import SECOND_NS, Clock
from api.auth.codes import EdgeCode, EdgeRefused
from api.auth.signing_keys import KeyRing, Purpose, b64url, unb64url
from exchange.core.ids import KINDS, UserId, from_wire, to_wire

ALGORITHM = "ES256"
TYPE = "at+jwt"
LIFETIME_S = 300
LEEWAY_S = 5
MAX_BYTES = 4_096
MAX_CACHED = 10_000

_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}")
_CLAIMS = {"iss", "aud", "sub", "sid", "jti", "iat", "exp"}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a verified token says: who asks, in which session, until when."""

    user_id: UserId
    session_id: str
    token_id: str
    expires_s: int
    key_id: str


class AccessTokens:
    """Mints and verifies access tokens. Verified ones are remembered until they expire: ES256 costs 100 us."""

    def __init__(self, ring: KeyRing, clock: Clock, *, issuer: str, audience: str) -> None:
        self._ring = ring
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        self._verified: OrderedDict[bytes, AccessClaims] = OrderedDict()
        self._revoked: dict[str, int] = {}
        self._lock = threading.Lock()

    def mint(self, user_id: UserId, session_id: str) -> str:
        """A token for five minutes of this session."""
        key = self._ring.signing(Purpose.ACCESS)
        now_s = self._clock.now_ns() // SECOND_NS
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": to_wire(KINDS["UserId"], user_id),
            "sid": session_id,
            "jti": secrets.token_urlsafe(12),
            "iat": now_s,
            "exp": now_s + LIFETIME_S,
        }
        signer = jwk.construct(dict(key.private_jwk or {}), ALGORITHM)
        token: str = jws.sign(claims, signer, headers={"kid": key.key_id, "typ": TYPE}, algorithm=ALGORITHM)
        return token

    def verify(self, token: str) -> AccessClaims:
        """Who the token speaks for.

        Refused: token.too_large, token.malformed, token.header, token.algorithm, token.type, token.key_unknown,
        token.signature, token.claims, token.issuer, token.audience, token.not_yet_valid, token.expired,
        auth.session_revoked.
        """
        if len(token) > MAX_BYTES:
            raise EdgeRefused(EdgeCode.TOKEN_TOO_LARGE)
        now_ns = self._clock.now_ns()
        fingerprint = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        claims = self._verified.get(fingerprint)
        if claims is None or self._ring.verifying(claims.key_id, Purpose.ACCESS) is None:
            claims = self._verify(token, now_ns // SECOND_NS)
        if claims.expires_s * SECOND_NS <= now_ns:
            raise EdgeRefused(EdgeCode.TOKEN_EXPIRED)
        if claims.session_id in self._revoked:
            raise EdgeRefused(EdgeCode.AUTH_SESSION_REVOKED)
        self._remember(fingerprint, claims)
        return claims

    def revoke_session(self, session_id: str) -> None:
        """Refuse the session's tokens on this gateway at once; on others they end by themselves within 300 s."""
        now_s = self._clock.now_ns() // SECOND_NS
        with self._lock:
            self._revoked = {sid: until_s for sid, until_s in self._revoked.items() if until_s > now_s}
            self._revoked[session_id] = now_s + LIFETIME_S + LEEWAY_S

    def _verify(self, token: str, now_s: int) -> AccessClaims:
        if not _SHAPE.fullmatch(token):
            raise EdgeRefused(EdgeCode.TOKEN_MALFORMED)
        header_text, payload_text, signature_text = token.split(".")
        _canonical(signature_text)
        header = _json_object(_canonical(header_text), EdgeCode.TOKEN_MALFORMED)
        # The exact set leaves no room for crit, jku, jwk, x5u, x5c, zip, cty, or whatever comes next.
        if header.keys() != {"alg", "kid", "typ"}:
            raise EdgeRefused(EdgeCode.TOKEN_HEADER)
        if header["alg"] != ALGORITHM:
            raise EdgeRefused(EdgeCode.TOKEN_ALGORITHM)
        if header["typ"] != TYPE:
            raise EdgeRefused(EdgeCode.TOKEN_TYPE)
        key_id = header["kid"]
        key = self._ring.verifying(key_id, Purpose.ACCESS) if isinstance(key_id, str) else None
        if key is None:
            raise EdgeRefused(EdgeCode.TOKEN_KEY_UNKNOWN)
        try:
            jose_key: JoseKey = jwk.construct(dict(key.public_jwk), ALGORITHM)
            payload = jws.verify(token, jose_key, algorithms=[ALGORITHM])
        except JOSEError as error:
            raise EdgeRefused(EdgeCode.TOKEN_SIGNATURE) from error
        _canonical(payload_text)
        return self._read(_json_object(payload, EdgeCode.TOKEN_CLAIMS), key.key_id, now_s)

    def _read(self, claims: dict[str, Any], key_id: str, now_s: int) -> AccessClaims:
        """Check the claims of a token whose signature holds: our own key does not make them right."""
        if claims.keys() - {"nbf"} != _CLAIMS:
            raise EdgeRefused(EdgeCode.TOKEN_CLAIMS)
        for name in ("iss", "aud", "sub", "sid", "jti"):
            if type(claims[name]) is not str:
                raise EdgeRefused(EdgeCode.TOKEN_CLAIMS, f"{name} must be text")
        for name in ("iat", "exp", "nbf"):
            value = claims.get(name, 0)
            if type(value) is not int or not 0 <= value < 2**53:  # a bool is an int to isinstance, and not to us
                raise EdgeRefused(EdgeCode.TOKEN_CLAIMS, f"{name} must be an integer of seconds")
        if claims["iss"] != self._issuer:
            raise EdgeRefused(EdgeCode.TOKEN_ISSUER)
        if claims["aud"] != self._audience:
            raise EdgeRefused(EdgeCode.TOKEN_AUDIENCE)
        if max(claims["iat"], claims.get("nbf", 0)) > now_s + LEEWAY_S:
            raise EdgeRefused(EdgeCode.TOKEN_NOT_YET_VALID)
        if not 0 < claims["exp"] - claims["iat"] <= LIFETIME_S:
            raise EdgeRefused(EdgeCode.TOKEN_CLAIMS, "exp must be at most 300 seconds after iat")
        try:
            user_id = UserId(from_wire(KINDS["UserId"], claims["sub"]))
        except ValueError as error:
            raise EdgeRefused(EdgeCode.TOKEN_CLAIMS, "sub must be a user") from error
        if not (_NAME.fullmatch(claims["sid"]) and _NAME.fullmatch(claims["jti"])):
            raise EdgeRefused(EdgeCode.TOKEN_CLAIMS, "sid and jti must be names")
        return AccessClaims(
            user_id=user_id, session_id=claims["sid"], token_id=claims["jti"], expires_s=claims["exp"], key_id=key_id
        )

    def _remember(self, fingerprint: bytes, claims: AccessClaims) -> None:
        with self._lock:
            self._verified[fingerprint] = claims
            self._verified.move_to_end(fingerprint)
            while len(self._verified) > MAX_CACHED:
                self._verified.popitem(last=False)


def _canonical(segment: str) -> bytes:
    """Decode base64url in its one spelling: unused trailing bits are zero, or two texts would be one token."""
    try:
        raw = unb64url(segment)
    except ValueError as error:
        raise EdgeRefused(EdgeCode.TOKEN_MALFORMED) from error
    if b64url(raw) != segment:
        raise EdgeRefused(EdgeCode.TOKEN_MALFORMED)
    return raw


def _json_object(raw: bytes, otherwise: EdgeCode) -> dict[str, Any]:
    """Decode a JSON object in which no name comes twice and no number is a fraction, infinite or not a number."""
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_once, parse_float=_no_number, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise EdgeRefused(otherwise) from error
    if not isinstance(value, dict):
        raise EdgeRefused(otherwise)
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name comes twice")
    return dict(pairs)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of a token")
