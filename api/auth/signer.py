"""The client's side of the signed door: sign a request, check the answer, both with `http-message-signatures`.

It shares the profile with `signatures.py` and none of its code, so each is the other's witness.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, InvalidSignature, MappingKeyResolver
from http_message_signatures.algorithms import ED25519

from api.auth.clock import SECOND_NS, Clock, MachineClock

LIFETIME_S = 30
ANSWER_AGE_S = 60
TARGET = ("@method", "@authority", "@path", "@query")
CONTENT = ("content-type", "content-digest", "content-length", "idempotency-key")
ANSWER = ('"@status"', '"content-type"', '"content-digest"', *(f'"{name}";req' for name in TARGET), '"signature";req')


class UntrustedAnswer(Exception):  # noqa: N818 - it says what the answer is
    """The answer carries no signature of the exchange that binds it to this request. What became of it is unknown."""


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request ready to send: send exactly these headers and this body to exactly this URL."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class _Answer:
    status_code: int
    headers: dict[str, str]
    request: SignedRequest = field(repr=False)


class RequestSigner:
    """Signs the requests of one registered key."""

    def __init__(self, key_id: str, private_key: Ed25519PrivateKey, clock: Clock | None = None) -> None:
        resolver = MappingKeyResolver(public_keys={}, private_keys={key_id: private_key})
        self._signer = HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=resolver)
        self._key_id = key_id
        self._clock = clock or MachineClock()

    def sign(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        content_type: str = "application/json",
        idempotency_key: str = "",
        nonce: str | None = None,
    ) -> SignedRequest:
        """Sign one request. With a body (an empty one too) it needs an idempotency key; a read has neither."""
        headers: dict[str, str] = {}
        if body is not None:
            headers = {
                "content-type": content_type,
                "content-length": str(len(body)),
                "idempotency-key": idempotency_key,
            }
        request = SignedRequest(method, url, headers, body or b"")
        created = datetime.fromtimestamp(self._clock.now_ns() // SECOND_NS, UTC)
        self._signer.sign(
            request,
            key_id=self._key_id,
            created=created,
            expires=created + timedelta(seconds=LIFETIME_S),
            nonce=nonce or secrets.token_urlsafe(18),
            label="sig",
            tag="ipx-v1",
            include_alg=False,
            covered_component_ids=TARGET if body is None else TARGET + CONTENT,
            body=body,
        )
        lower = {name.lower(): value for name, value in request.headers.items()}
        return SignedRequest(method, url, lower, request.body)


class AnswerChecker:
    """Checks that answers come from the exchange and belong to their requests."""

    def __init__(self, public_keys: Mapping[str, Ed25519PublicKey], clock: Clock | None = None) -> None:
        resolver = MappingKeyResolver(public_keys=public_keys, private_keys={})
        self._verifier = _ClockedVerifier(clock or MachineClock(), resolver)

    def check(self, request: SignedRequest, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Return if the exchange signed this answer to this request.

        Raises: UntrustedAnswer.
        """
        answer = _Answer(status, {name.lower(): value for name, value in headers.items()}, request)
        needed = (*ANSWER, '"content-digest";req') if "content-digest" in request.headers else ANSWER
        try:
            self._verifier.verify(answer, expect_tag="ipx-v1-answer", require_components=needed, body=body)
        except InvalidSignature as error:
            raise UntrustedAnswer(str(error)) from error


class _ClockedVerifier(HTTPMessageVerifier):
    """The library's verifier, on the clock it is given."""

    def __init__(self, clock: Clock, resolver: MappingKeyResolver) -> None:
        super().__init__(signature_algorithm=ED25519, key_resolver=resolver)
        self._clock = clock

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        """An answer is a minute old at most, and at most a minute ahead."""
        created = sig_input.params.get("created")
        if type(created) is not int or abs(self._clock.now_ns() // SECOND_NS - created) > ANSWER_AGE_S:
            raise InvalidSignature("the answer was not signed just now")
