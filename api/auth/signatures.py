"""Signed requests of counterparties, and our signed answers: one fixed profile of RFC 9421, written for the hot path.

A request carries exactly one signature, over exactly these components in this order:

    "@method" "@authority" "@path" "@query"                                         a GET or HEAD, without a body
    … "content-type" "content-digest" "content-length" "idempotency-key"            every other request

with the parameters created, expires (1 to 30 s later), keyid, nonce (16 to 64 characters A-Z a-z 0-9 - _) and
tag="ipx-v1", each once, in any order; alg="ed25519" may be there. Ed25519 only: P-256 (alg="ecdsa-p256-sha256") is
refused with its code.
Clocks may differ by 5 s. A general reading of the RFC admits more; what is not needed is refused, because two
readers of one text are two readings. `http-message-signatures` is the other implementation: it signs in `signer.py`,
and tests hold the two against each other.

An answer is signed over its own status and body and, by `;req`, over the request's method, target, digest and
signature: it cannot be passed off as the answer to another request.
Source: RFC 9421 (2.2, 2.4, 2.5, 3), RFC 9530 (2), RFC 8032.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from api.auth.clock import SECOND_NS, Clock
from api.auth.codes import EdgeCode, EdgeRefused
from exchange.core.ids import KINDS, KeyId, UserId, from_wire
from exchange.core.keys import is_sound_key
from exchange.core.membership import Key

TAG = "ipx-v1"
ANSWER_TAG = "ipx-v1-answer"
ALGORITHM = "ed25519"
MAX_LIFETIME_S = 30
SKEW_S = 5
MAX_HEADER = 1_024

TARGET = ("@method", "@authority", "@path", "@query")
CONTENT = ("content-type", "content-digest", "content-length", "idempotency-key")
READS = frozenset({"GET", "HEAD"})
ONCE = frozenset({*CONTENT, "host", "signature", "signature-input"})
"""Header fields that may come only once: of two, the signer and a proxy could mean different ones."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came over the wire: nothing decoded, folded or normalised.

    `authority` is the Host header, `path` and `query` are as sent (percent signs and all, the query without its
    question mark), `headers` have lower-case names (`header_fields` makes them from an ASGI scope).
    """

    method: str
    authority: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """Who signed, and what the audit chain keeps: the base that was signed and the signature over it."""

    user_id: UserId
    key_id: KeyId
    nonce: str
    created_s: int
    expires_s: int
    base: bytes
    signature: bytes


KeyLookup = Callable[[KeyId], Key | None]
"""Finds a registered key: engine state, asked anew for every request, so a revocation counts at once."""


def verify_request(request: Request, keys: KeyLookup, clock: Clock, authorities: frozenset[str]) -> Verified:
    """Check one signed request against the profile. The nonce is the caller's next step (`SignedDoor` does both).

    `authorities` are the names this exchange answers to, lower case, a port only if it is not the scheme's own.
    Refused, in this order: signature.missing, .malformed, .components, .parameters, .tag, .algorithm, .authority,
    .created_in_future, .lifetime, .expired, .key_unknown, .digest, .invalid.
    """
    label, inner, signature = _parse(request.headers)
    reads = request.method in READS and not request.body
    names = TARGET if reads else TARGET + CONTENT
    if not inner.startswith(_covering(names)):
        raise EdgeRefused(EdgeCode.SIGNATURE_COMPONENTS, f"{label} must cover {' '.join(names)}, in this order")
    found = _parameters(inner[len(_covering(names)) :])
    now_ns = clock.now_ns()
    created_s, expires_s = int(found["created"]), int(found["expires"])
    _check_times(created_s, expires_s, now_ns)
    if not _TARGET_FORM.fullmatch(f"{request.method} {request.path}?{request.query}"):
        raise EdgeRefused(EdgeCode.SIGNATURE_MALFORMED, "the method, path or query has a form that is not signed")
    if request.authority.lower() not in authorities:
        raise EdgeRefused(EdgeCode.SIGNATURE_AUTHORITY)
    key = _key_in_force(found["keyid"], keys, now_ns)
    lines = [(f'"{name}"', value) for name, value in zip(TARGET, _target(request), strict=True)]
    if not reads:
        check_content(request.headers, request.body)
        lines += [(f'"{name}"', field(request.headers, name)) for name in CONTENT]
    base = signature_base(lines, inner)
    if not verifies(key.public_key, signature, base):
        raise EdgeRefused(EdgeCode.SIGNATURE_INVALID)
    return Verified(
        user_id=key.user_id,
        key_id=key.key_id,
        nonce=found["nonce"],
        created_s=created_s,
        expires_s=expires_s,
        base=base,
        signature=signature,
    )


def sign_answer(
    request: Request, status: int, content_type: str, body: bytes, *, key: Ed25519PrivateKey, key_id: str, clock: Clock
) -> dict[str, str]:
    """The headers to add to the answer of a verified request: content-digest, signature-input, signature."""
    digest = content_digest(body)
    own = [('"@status"', str(status)), ('"content-type"', content_type), ('"content-digest"', digest)]
    asked = [(f'"{name}";req', value) for name, value in zip(TARGET, _target(request), strict=True)]
    bound = ("content-digest", "signature") if "content-digest" in request.headers else ("signature",)
    asked += [(f'"{name}";req', field(request.headers, name)) for name in bound]
    covered = " ".join(component for component, _ in own + asked)
    created_s = clock.now_ns() // SECOND_NS
    inner = f'({covered});created={created_s};keyid="{key_id}";tag="{ANSWER_TAG}"'
    signature = base64.b64encode(key.sign(signature_base(own + asked, inner))).decode()
    return {"content-digest": digest, "signature-input": f"sig={inner}", "signature": f"sig=:{signature}:"}


def header_fields(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The header fields of an ASGI scope, by lower-case name; repeated ones are joined as RFC 9110 5.3 says.

    Refused: signature.malformed if a field that must be alone comes twice.
    """
    fields: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in fields:
            if name in ONCE:
                raise EdgeRefused(EdgeCode.SIGNATURE_MALFORMED, f"{name} comes twice")
            value = f"{fields[name]}, {value}"
        fields[name] = value
    return fields


def content_digest(body: bytes) -> str:
    """The Content-Digest of a body.

    Source: RFC 9530 2.
    """
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def signature_base(lines: Sequence[tuple[str, str]], inner: str) -> bytes:
    """The bytes that are signed: a line a component, then the parameters.

    Source: RFC 9421 2.5.
    """
    text = [f"{component}: {value}" for component, value in lines]
    return "\n".join([*text, f'"@signature-params": {inner}']).encode("ascii")


def verifies(public_key: bytes, signature: bytes, base: bytes) -> bool:
    """Whether the signature over the base is of this Ed25519 key."""
    key = _load(public_key)
    if key is None:
        return False
    try:
        key.verify(signature, base)
    except InvalidSignature:
        return False
    return True


def check_content(headers: Mapping[str, str], body: bytes) -> None:
    """The length and digest that were signed must be those of the body that came.

    Refused: signature.components if a field is missing, signature.digest.
    """
    length, digest = field(headers, "content-length"), field(headers, "content-digest")
    if length != str(len(body)) or not hmac.compare_digest(digest, content_digest(body)):
        raise EdgeRefused(EdgeCode.SIGNATURE_DIGEST)


def field(headers: Mapping[str, str], name: str) -> str:
    """One covered header field, in the form that both signer and verifier write alike.

    Refused: signature.components if it is missing, signature.malformed if it is not plain printable ASCII.
    """
    value = headers.get(name)
    if value is None:
        raise EdgeRefused(EdgeCode.SIGNATURE_COMPONENTS, f"the request has no {name}")
    if not _FIELD_FORM.fullmatch(value):
        raise EdgeRefused(EdgeCode.SIGNATURE_MALFORMED, f"{name} has a form that is not signed")
    return value


_PCHAR = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})"
_TARGET_FORM = re.compile(rf"[A-Z]{{3,16}} /{_PCHAR}*\?(?:{_PCHAR}|\?)*")
_FIELD_FORM = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,1022}[\x21-\x7e])?")
_INPUT_FORM = re.compile(r"([a-z][a-z0-9_-]{0,31})=(\([^()]*\)(?:;[a-z]+=[^;,]*)*)")
_SIGNATURE_FORM = re.compile(r"([a-z][a-z0-9_-]{0,31})=:([A-Za-z0-9+/]{85}[AQgw]==):")
_PARAMETER_FORM = {
    "created": re.compile(r"([1-9][0-9]{0,11})"),
    "expires": re.compile(r"([1-9][0-9]{0,11})"),
    "keyid": re.compile(r'"([A-Za-z0-9_-]{1,32})"'),
    "nonce": re.compile(r'"([A-Za-z0-9_-]{16,64})"'),
    "tag": re.compile(r'"([A-Za-z0-9_-]{1,32})"'),
    "alg": re.compile(r'"([a-z0-9-]{1,32})"'),
}
_REQUIRED = frozenset({"created", "expires", "keyid", "nonce", "tag"})


def _parse(headers: Mapping[str, str]) -> tuple[str, str, bytes]:
    """The one label, its list with parameters as sent, and the 64 bytes of signature.

    Because only the canonical spelling passes, the text as sent is the text that was signed.
    """
    sent_input, sent_signature = headers.get("signature-input"), headers.get("signature")
    if sent_input is None or sent_signature is None:
        raise EdgeRefused(EdgeCode.SIGNATURE_MISSING)
    parsed = _INPUT_FORM.fullmatch(sent_input) if len(sent_input) <= MAX_HEADER else None
    signed = _SIGNATURE_FORM.fullmatch(sent_signature)
    if parsed is None or signed is None or parsed[1] != signed[1]:
        raise EdgeRefused(EdgeCode.SIGNATURE_MALFORMED)
    return parsed[1], parsed[2], base64.b64decode(signed[2])


def _covering(names: tuple[str, ...]) -> str:
    return "(" + " ".join(f'"{name}"' for name in names) + ")"


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for parameter in text.split(";")[1:]:
        name, _, value = parameter.partition("=")
        form = _PARAMETER_FORM.get(name)
        match = form.fullmatch(value) if form else None
        if match is None or name in found:
            raise EdgeRefused(
                EdgeCode.SIGNATURE_PARAMETERS, f"{name or 'a parameter'} is unknown, doubled or malformed"
            )
        found[name] = match[1]
    if not found.keys() >= _REQUIRED:
        raise EdgeRefused(EdgeCode.SIGNATURE_PARAMETERS, f"needed are {', '.join(sorted(_REQUIRED))}")
    if found["tag"] != TAG:
        raise EdgeRefused(EdgeCode.SIGNATURE_TAG)
    if found.get("alg", ALGORITHM) != ALGORITHM:
        raise EdgeRefused(EdgeCode.SIGNATURE_ALGORITHM)
    return found


def _check_times(created_s: int, expires_s: int, now_ns: int) -> None:
    if created_s * SECOND_NS > now_ns + SKEW_S * SECOND_NS:
        raise EdgeRefused(EdgeCode.SIGNATURE_CREATED_IN_FUTURE)
    if not 0 < expires_s - created_s <= MAX_LIFETIME_S:
        raise EdgeRefused(EdgeCode.SIGNATURE_LIFETIME)
    if now_ns >= (expires_s + SKEW_S) * SECOND_NS:
        raise EdgeRefused(EdgeCode.SIGNATURE_EXPIRED)


def _key_in_force(name: str, keys: KeyLookup, now_ns: int) -> Key:
    try:
        key = keys(KeyId(from_wire(KINDS["KeyId"], name)))
    except ValueError:
        key = None
    if key is None or key.revoked or not key.valid_from_ns <= now_ns < key.valid_until_ns:
        raise EdgeRefused(EdgeCode.SIGNATURE_KEY_UNKNOWN)
    return key


def _target(request: Request) -> tuple[str, str, str, str]:
    return request.method, request.authority.lower(), request.path, f"?{request.query}"


@lru_cache(maxsize=4_096)
def _load(public_key: bytes) -> Ed25519PublicKey | None:
    if not is_sound_key(public_key):
        return None
    try:
        return Ed25519PublicKey.from_public_bytes(public_key)
    except ValueError:
        return None
