"""A counterparty, its requests, and the reference verifier: `http-message-signatures` held to the same profile."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import HTTPMessageVerifier, InvalidSignature, MappingKeyResolver
from http_message_signatures.algorithms import ED25519
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from api.auth.clock import SECOND_NS
from api.auth.codes import EdgeRefused
from api.auth.signatures import Request, Verified, verify_request
from api.auth.signer import RequestSigner, SignedRequest
from exchange.core.ids import KeyId, UserId, make_id
from exchange.core.membership import Key
from exchange.core.units import TimeNs
from tests.api.auth.conftest import START_S, HandClock

KEY_ID = KeyId(make_id(12))
USER = UserId(make_id(7))
HOST = "exchange.test"
AUTHORITIES = frozenset({HOST})
URL = f"https://{HOST}/v1/counterparty/transfers?account=A1-3&dry=%20"
BODY = b'{"quantity_lots":10}'
PRIVATE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNED_KEY = Key(
    key_id=KEY_ID,
    user_id=USER,
    public_key=PRIVATE_KEY.public_key().public_bytes_raw(),
    valid_from_ns=TimeNs((START_S - 1_000) * SECOND_NS),
    valid_until_ns=TimeNs((START_S + 1_000) * SECOND_NS),
)
Message = Request


def received(sent: SignedRequest) -> Request:
    """The request as the exchange gets it."""
    url = urlsplit(sent.url)
    return Request(sent.method, url.netloc, url.path, url.query, dict(sent.headers), sent.body)


def order(clock: HandClock, **changes: Any) -> Request:
    """A signed POST."""
    asked = {"body": BODY, "idempotency_key": "order-1", "nonce": "nonce-of-16-chars"} | changes
    return received(RequestSigner("K1-12", PRIVATE_KEY, clock).sign("POST", URL, **asked))


def read(clock: HandClock) -> Request:
    """A signed GET."""
    return received(RequestSigner("K1-12", PRIVATE_KEY, clock).sign("GET", URL, nonce="nonce-of-16-chars"))


def with_header(request: Request, name: str, value: str | None) -> Request:
    """The request with one header changed, or without it."""
    headers = {**request.headers, name: value}
    return dataclasses.replace(request, headers={n: v for n, v in headers.items() if v is not None})


def keys(key_id: KeyId) -> Key | None:
    """The one registered key."""
    return SIGNED_KEY if key_id == KEY_ID else None


def verify(request: Request, clock: HandClock, lookup: Callable[[KeyId], Key | None] = keys) -> Verified:
    """The verifier of the hot path."""
    return verify_request(request, lookup, clock, AUTHORITIES)


def accepts(request: Request, clock: HandClock) -> bool:
    """Whether the verifier of the hot path accepts."""
    try:
        verify(request, clock)
    except EdgeRefused:
        return False
    return True


@dataclass
class _LibraryMessage:
    method: str
    url: str
    headers: dict[str, str]


class _Reference(HTTPMessageVerifier):
    """The library's verifier with the profile's times."""

    def __init__(self, clock: HandClock) -> None:
        public: dict[str, Any] = {"K1-12": Ed25519PublicKey.from_public_bytes(SIGNED_KEY.public_key)}
        super().__init__(
            signature_algorithm=ED25519, key_resolver=MappingKeyResolver(public_keys=public, private_keys={})
        )
        self.clock = clock

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        created, expires = sig_input.params.get("created"), sig_input.params.get("expires")
        if type(created) is not int or type(expires) is not int or not 0 < expires - created <= 30:
            raise InvalidSignature("lifetime")
        if created > self.clock.s + 5 or self.clock.ns >= (expires + 5) * SECOND_NS:
            raise InvalidSignature("time")


def library_accepts(request: Request, clock: HandClock) -> bool:
    """Whether the library accepts the request under the same profile."""
    message = _LibraryMessage(
        request.method, f"https://{request.authority}{request.path}?{request.query}", dict(request.headers)
    )
    read_only = request.method in {"GET", "HEAD"} and not request.body
    covered = ["@method", "@authority", "@path", "@query"]
    if not read_only:
        covered += ["content-type", "content-digest", "content-length", "idempotency-key"]
        if request.headers.get("content-length") != str(len(request.body)):
            return False
    if request.authority.lower() not in AUTHORITIES:
        return False
    try:
        results = _Reference(clock).verify(
            message, expect_tag="ipx-v1", require_components=covered, body=None if read_only else request.body
        )
    except (HTTPMessageSignaturesException, InvalidSignature):
        return False
    return len(results) == 1 and bool(results[0].nonce)
