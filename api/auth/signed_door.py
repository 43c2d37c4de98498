"""The counterparties' door: a signed request in, who signed it out, once; and the answer signed on its way back."""

from __future__ import annotations

from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.auth.clock import Clock
from api.auth.nonces import Nonces
from api.auth.signatures import KeyLookup, Request, Verified, sign_answer, verify_request
from api.auth.signing_keys import KeyRing, Purpose, unb64url


class SignedDoor:
    """Checks signed requests and signs answers, with the keys, names and clock of this exchange."""

    def __init__(
        self, *, keys: KeyLookup, authorities: frozenset[str], nonces: Nonces, ring: KeyRing, clock: Clock
    ) -> None:
        self._keys = keys
        self._authorities = authorities
        self._nonces = nonces
        self._ring = ring
        self._clock = clock

    async def admit(self, request: Request) -> Verified:
        """Who signed this request. The nonce is spent only by a signature that holds.

        Refused: the codes of `verify_request`, then those of `Nonces.claim`.
        """
        verified = verify_request(request, self._keys, self._clock, self._authorities)
        await self._nonces.claim(verified.key_id, verified.nonce, verified.expires_s)
        return verified

    def sign(self, request: Request, status: int, content_type: str, body: bytes) -> dict[str, str]:
        """The headers that bind this answer to the admitted request."""
        key = self._ring.signing(Purpose.ANSWER)
        private_key = _private((key.private_jwk or {})["d"])
        return sign_answer(request, status, content_type, body, key=private_key, key_id=key.key_id, clock=self._clock)


@lru_cache(maxsize=8)
def _private(d: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(unb64url(d))
