"""The one accepted signed form: what must be covered, for how long, by whom; and answers bound to requests."""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from api.auth.codes import EdgeCode
from api.auth.signatures import (
    Request,
    content_digest,
    header_fields,
    sign_answer,
    signature_base,
    verifies,
)
from api.auth.signer import AnswerChecker, RequestSigner, SignedRequest, UntrustedAnswer
from exchange.core.ids import KeyId
from exchange.core.keys import is_sound_key
from exchange.core.membership import Key
from exchange.core.units import TimeNs
from tests.api.auth.conftest import HandClock
from tests.api.auth.refusals import refusal
from tests.api.auth.signing import (
    BODY,
    HOST,
    KEY_ID,
    PRIVATE_KEY,
    SIGNED_KEY,
    URL,
    USER,
    library_accepts,
    order,
    read,
    verify,
    with_header,
)

Change = Callable[[Request], Request]


def _signed_by_hand(request: Request, inner: str) -> Request:
    """The request signed over the list and parameters given, whatever they are."""
    values = {
        "@method": request.method,
        "@authority": request.authority.lower(),
        "@path": request.path,
        "@query": f"?{request.query}",
        **request.headers,
    }
    names = re.findall(r'"([^"]*)"', inner.partition(")")[0])
    base = "\n".join([*(f'"{name}": {values[name]}' for name in names), f'"@signature-params": {inner}'])
    signature = base64.b64encode(PRIVATE_KEY.sign(base.encode())).decode()
    return with_header(with_header(request, "signature-input", f"sig={inner}"), "signature", f"sig=:{signature}:")


def _replacing(old: str, new: str) -> Change:
    """Sign anew after changing the signature's own list or parameters: only the profile can object."""

    def change(request: Request) -> Request:
        inner = request.headers["signature-input"].partition("=")[2]
        assert old in inner
        return _signed_by_hand(request, inner.replace(old, new))

    return change


def test_a_signed_order_says_who_signed_it_and_what(clock: HandClock) -> None:
    verified = verify(order(clock), clock)
    assert (verified.user_id, verified.key_id, verified.nonce) == (USER, KEY_ID, "nonce-of-16-chars")
    assert (verified.created_s, verified.expires_s) == (clock.s, clock.s + 30)
    assert verified.base.startswith(
        b'"@method": POST\n"@authority": exchange.test\n"@path": /v1/counterparty/transfers\n'
    )
    assert verifies(SIGNED_KEY.public_key, verified.signature, verified.base)


def test_a_read_signs_four_components_and_anything_else_eight(clock: HandClock) -> None:
    assert '"@query");' in read(clock).headers["signature-input"]
    assert verify(read(clock), clock).user_id == USER
    assert '"idempotency-key");' in order(clock).headers["signature-input"]
    assert verify(order(clock, body=b""), clock).user_id == USER


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_request_that_changes_something_cannot_pass_as_a_read(clock: HandClock, method: str) -> None:
    sent = RequestSigner("K1-12", PRIVATE_KEY, clock).sign(method, URL)
    request = Request(method, HOST, "/v1/counterparty/transfers", "account=A1-3&dry=%20", sent.headers, b"")
    assert refusal(lambda: verify(request, clock)).code is EdgeCode.SIGNATURE_COMPONENTS


def test_a_read_with_a_body_must_cover_the_body(clock: HandClock) -> None:
    request = dataclasses.replace(read(clock), body=b"{}")
    assert refusal(lambda: verify(request, clock)).code is EdgeCode.SIGNATURE_COMPONENTS


def test_parameters_come_in_any_order_and_may_name_the_algorithm(clock: HandClock) -> None:
    inner = order(clock).headers["signature-input"].partition("=")[2]
    components, *parameters = inner.split(";")
    turned = ";".join([components, *reversed(parameters), 'alg="ed25519"'])
    request = _signed_by_hand(order(clock), turned)
    assert verify(request, clock).user_id == USER
    assert library_accepts(request, clock)


def test_the_label_is_the_senders_and_the_host_may_be_in_capitals(clock: HandClock) -> None:
    request = order(clock)
    renamed = with_header(request, "signature-input", "my-label" + request.headers["signature-input"][3:])
    renamed = with_header(renamed, "signature", "my-label" + request.headers["signature"][3:])
    assert verify(dataclasses.replace(renamed, authority="EXCHANGE.test"), clock).user_id == USER


CHANGED: dict[str, tuple[Change, EdgeCode]] = {
    "method": (lambda r: dataclasses.replace(r, method="PUT"), EdgeCode.SIGNATURE_INVALID),
    "method in small letters": (lambda r: dataclasses.replace(r, method="post"), EdgeCode.SIGNATURE_MALFORMED),
    "authority": (lambda r: dataclasses.replace(r, authority="thief.test"), EdgeCode.SIGNATURE_AUTHORITY),
    "port": (lambda r: dataclasses.replace(r, authority="exchange.test:8443"), EdgeCode.SIGNATURE_AUTHORITY),
    "path": (lambda r: dataclasses.replace(r, path="/v1/counterparty/transfer"), EdgeCode.SIGNATURE_INVALID),
    "path in another spelling": (
        lambda r: dataclasses.replace(r, path="/v1/counterparty/%74ransfers"),
        EdgeCode.SIGNATURE_INVALID,
    ),
    "path with a line": (lambda r: dataclasses.replace(r, path="/v1\n/x"), EdgeCode.SIGNATURE_MALFORMED),
    "path moved into the query": (
        lambda r: dataclasses.replace(r, path="/v1/counterparty", query="transfers"),
        EdgeCode.SIGNATURE_INVALID,
    ),
    "path that is no path": (lambda r: dataclasses.replace(r, path="*"), EdgeCode.SIGNATURE_MALFORMED),
    "query": (lambda r: dataclasses.replace(r, query="account=A1-4&dry=%20"), EdgeCode.SIGNATURE_INVALID),
    "query in another spelling": (
        lambda r: dataclasses.replace(r, query="account=A1-3&dry=+"),
        EdgeCode.SIGNATURE_INVALID,
    ),
    "query in another order": (
        lambda r: dataclasses.replace(r, query="dry=%20&account=A1-3"),
        EdgeCode.SIGNATURE_INVALID,
    ),
    "query gone": (lambda r: dataclasses.replace(r, query=""), EdgeCode.SIGNATURE_INVALID),
    "body": (lambda r: dataclasses.replace(r, body=BODY.replace(b"1", b"9")), EdgeCode.SIGNATURE_DIGEST),
    "body cut": (lambda r: dataclasses.replace(r, body=BODY[:-1]), EdgeCode.SIGNATURE_DIGEST),
    "body longer": (lambda r: dataclasses.replace(r, body=BODY + b" "), EdgeCode.SIGNATURE_DIGEST),
    "body gone": (lambda r: dataclasses.replace(r, body=b""), EdgeCode.SIGNATURE_DIGEST),
    "body and digest": (
        lambda r: with_header(dataclasses.replace(r, body=b"x" * 20), "content-digest", content_digest(b"x" * 20)),
        EdgeCode.SIGNATURE_INVALID,
    ),
    "content type": (lambda r: with_header(r, "content-type", "text/plain"), EdgeCode.SIGNATURE_INVALID),
    "idempotency key": (lambda r: with_header(r, "idempotency-key", "order-2"), EdgeCode.SIGNATURE_INVALID),
    "idempotency key with a line": (
        lambda r: with_header(r, "idempotency-key", 'order-1\n"x": y'),
        EdgeCode.SIGNATURE_MALFORMED,
    ),
    "length in another spelling": (lambda r: with_header(r, "content-length", "020"), EdgeCode.SIGNATURE_DIGEST),
    "digest of another kind": (
        lambda r: with_header(r, "content-digest", "sha-512=:" + base64.b64encode(bytes(64)).decode() + ":"),
        EdgeCode.SIGNATURE_DIGEST,
    ),
    "digest twice": (
        lambda r: with_header(r, "content-digest", f"{r.headers['content-digest']}, {r.headers['content-digest']}"),
        EdgeCode.SIGNATURE_DIGEST,
    ),
    **{
        f"no {name}": (partial(with_header, name=name, value=None), EdgeCode.SIGNATURE_COMPONENTS)
        for name in ("content-type", "content-digest", "content-length", "idempotency-key")
    },
    "no signature": (lambda r: with_header(r, "signature", None), EdgeCode.SIGNATURE_MISSING),
    "no signature input": (lambda r: with_header(r, "signature-input", None), EdgeCode.SIGNATURE_MISSING),
    "another label": (
        lambda r: with_header(r, "signature", "other" + r.headers["signature"][3:]),
        EdgeCode.SIGNATURE_MALFORMED,
    ),
    "label twice": (
        lambda r: with_header(r, "signature-input", f"{r.headers['signature-input']}, {r.headers['signature-input']}"),
        EdgeCode.SIGNATURE_MALFORMED,
    ),
    "two signatures": (
        lambda r: with_header(r, "signature", f"{r.headers['signature']}, other=:{'A' * 86}==:"),
        EdgeCode.SIGNATURE_MALFORMED,
    ),
    "signature in another spelling": (
        lambda r: with_header(r, "signature", re.sub(r"[AQgw]==:$", "B==:", r.headers["signature"])),
        EdgeCode.SIGNATURE_MALFORMED,
    ),
    "signature without padding": (
        lambda r: with_header(r, "signature", r.headers["signature"].replace("==:", ":")),
        EdgeCode.SIGNATURE_MALFORMED,
    ),
    "signature of zeros": (
        lambda r: with_header(r, "signature", f"sig=:{'A' * 86}==:"),
        EdgeCode.SIGNATURE_INVALID,
    ),
    "a space in the list": (
        lambda r: with_header(r, "signature-input", r.headers["signature-input"].replace('" "', '"  "', 1)),
        EdgeCode.SIGNATURE_COMPONENTS,
    ),
    "an endless input": (
        lambda r: with_header(r, "signature-input", r.headers["signature-input"] + ';x="' + "x" * 1_000 + '"'),
        EdgeCode.SIGNATURE_MALFORMED,
    ),
    "nonce, unsigned": (
        lambda r: with_header(r, "signature-input", r.headers["signature-input"].replace("nonce-of", "nonce-xx")),
        EdgeCode.SIGNATURE_INVALID,
    ),
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_request_changed_on_its_way_is_refused_by_both_verifiers(clock: HandClock, what: str) -> None:
    change, code = CHANGED[what]
    changed = change(order(clock))
    assert refusal(lambda: verify(changed, clock)).code is code
    # Ours is the stricter reader of spelling; what a change means, both refuse.
    if what not in {"a space in the list", "signature without padding", "signature in another spelling", "label twice"}:
        assert not library_accepts(changed, clock)


ALL = '"@method" "@authority" "@path" "@query" "content-type" "content-digest" "content-length" "idempotency-key"'
RESIGNED: dict[str, tuple[Change, EdgeCode]] = {
    **{
        f"not covering {name}": (_replacing(f'"{name}" ', ""), EdgeCode.SIGNATURE_COMPONENTS)
        for name in ("@method", "@authority", "@path", "@query", "content-type", "content-digest", "content-length")
    },
    "not covering idempotency-key": (_replacing(' "idempotency-key"', ""), EdgeCode.SIGNATURE_COMPONENTS),
    "covering nothing": (_replacing(ALL, ""), EdgeCode.SIGNATURE_COMPONENTS),
    "covering one twice": (_replacing('"@path"', '"@path" "@path"'), EdgeCode.SIGNATURE_COMPONENTS),
    "in another order": (_replacing('"@path" "@query"', '"@query" "@path"'), EdgeCode.SIGNATURE_COMPONENTS),
    "another tag": (_replacing('tag="ipx-v1"', 'tag="ipx-v2"'), EdgeCode.SIGNATURE_TAG),
    "the tag of answers": (_replacing('tag="ipx-v1"', 'tag="ipx-v1-answer"'), EdgeCode.SIGNATURE_TAG),
    "no tag": (_replacing(';tag="ipx-v1"', ""), EdgeCode.SIGNATURE_PARAMETERS),
    "no nonce": (_replacing(';nonce="nonce-of-16-chars"', ""), EdgeCode.SIGNATURE_PARAMETERS),
    "a short nonce": (_replacing("nonce-of-16-chars", "fifteen-letters"), EdgeCode.SIGNATURE_PARAMETERS),
    "a long nonce": (_replacing("nonce-of-16-chars", "n" * 65), EdgeCode.SIGNATURE_PARAMETERS),
    "no key": (_replacing(';keyid="K1-12"', ""), EdgeCode.SIGNATURE_PARAMETERS),
    "a parameter twice": (_replacing(';tag="ipx-v1"', ';tag="ipx-v1";tag="ipx-v1"'), EdgeCode.SIGNATURE_PARAMETERS),
    "an unknown parameter": (_replacing(';tag="ipx-v1"', ';tag="ipx-v1";extra="1"'), EdgeCode.SIGNATURE_PARAMETERS),
    "P-256": (_replacing(";tag=", ';alg="ecdsa-p256-sha256";tag='), EdgeCode.SIGNATURE_ALGORITHM),
    "HMAC": (_replacing(";tag=", ';alg="hmac-sha256";tag='), EdgeCode.SIGNATURE_ALGORITHM),
    "no algorithm": (_replacing(";tag=", ';alg="";tag='), EdgeCode.SIGNATURE_PARAMETERS),
    "an unknown key": (_replacing("K1-12", "K1-13"), EdgeCode.SIGNATURE_KEY_UNKNOWN),
    "a key that is no key": (_replacing("K1-12", "U1-12"), EdgeCode.SIGNATURE_KEY_UNKNOWN),
    "a key in another spelling": (_replacing("K1-12", "K1-012"), EdgeCode.SIGNATURE_KEY_UNKNOWN),
    "created as text": (_replacing("created=1800000000", 'created="1800000000"'), EdgeCode.SIGNATURE_PARAMETERS),
    "created a fraction": (_replacing("created=1800000000", "created=1800000000.5"), EdgeCode.SIGNATURE_PARAMETERS),
    "created before 1970": (_replacing("created=1800000000", "created=-1"), EdgeCode.SIGNATURE_PARAMETERS),
    "no created": (_replacing("created=1800000000;", ""), EdgeCode.SIGNATURE_PARAMETERS),
    "no expires": (_replacing(";expires=1800000030", ""), EdgeCode.SIGNATURE_PARAMETERS),
    "expires with created": (_replacing("expires=1800000030", "expires=1800000000"), EdgeCode.SIGNATURE_LIFETIME),
    "expires after 31 s": (_replacing("expires=1800000030", "expires=1800000031"), EdgeCode.SIGNATURE_LIFETIME),
    "created 6 s ahead": (_replacing("created=1800000000", "created=1800000006"), EdgeCode.SIGNATURE_CREATED_IN_FUTURE),
}


@pytest.mark.parametrize("what", RESIGNED)
def test_another_signature_than_the_profile_asks_for_is_refused_though_it_verifies(clock: HandClock, what: str) -> None:
    change, code = RESIGNED[what]
    resigned = change(order(clock))
    assert refusal(lambda: verify(resigned, clock)).code is code


def test_the_first_five_seconds_ahead_are_forgiven_and_so_are_the_last_five_behind(clock: HandClock) -> None:
    request = order(clock)
    clock.move(-5)
    assert verify(request, clock).user_id == USER
    clock.move(-0.000_001)
    assert refusal(lambda: verify(request, clock)).code is EdgeCode.SIGNATURE_CREATED_IN_FUTURE
    clock.move(40)
    assert verify(request, clock).user_id == USER
    clock.move(0.000_001)
    assert refusal(lambda: verify(request, clock)).code is EdgeCode.SIGNATURE_EXPIRED


def test_a_key_counts_from_its_first_moment_to_before_its_last_and_not_when_revoked(clock: HandClock) -> None:
    def with_key(**changes: Any) -> Callable[[KeyId], Key]:
        return lambda _: msgspec.structs.replace(SIGNED_KEY, **changes)

    request, now = order(clock), TimeNs(clock.ns)
    assert verify(request, clock, with_key(valid_from_ns=now)).user_id == USER
    for changes in ({"valid_from_ns": now + 1}, {"valid_until_ns": now}, {"revoked": True}):
        assert refusal(verify, request, clock, with_key(**changes)).code is EdgeCode.SIGNATURE_KEY_UNKNOWN
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    assert refusal(lambda: verify(request, clock, with_key(public_key=other))).code is EdgeCode.SIGNATURE_INVALID


@pytest.mark.parametrize("public_key", [b"", bytes(31), bytes(33), b"\x04" + bytes(64), bytes(32), b"\x01" + bytes(31)])
def test_a_key_of_another_form_verifies_nothing(clock: HandClock, public_key: bytes) -> None:
    key = msgspec.structs.replace(SIGNED_KEY, public_key=public_key)
    assert refusal(lambda: verify(order(clock), clock, lambda _: key)).code is EdgeCode.SIGNATURE_INVALID


def test_a_p256_signature_of_the_same_length_is_none_of_ed25519(clock: HandClock) -> None:
    r, s = decode_dss_signature(
        ec.generate_private_key(ec.SECP256R1()).sign(verify(order(clock), clock).base, ec.ECDSA(hashes.SHA256()))
    )
    signature = base64.b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()
    request = with_header(order(clock), "signature", f"sig=:{signature}:")
    assert refusal(lambda: verify(request, clock)).code is EdgeCode.SIGNATURE_INVALID


# A second, slow reading of RFC 8032 5.1.4: plain arithmetic on the curve, to say which points have small order.
P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P


def _doubled_three_times_is_nothing(y: int) -> bool:
    """Whether 8 times the point with this y is the neutral element; False if there is no such point."""
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - x2) % P:
        return False
    for _ in range(3):
        k = D * x * x * y * y
        x, y = 2 * x * y * pow(1 + k, -1, P) % P, (y * y + x * x) * pow(1 - k, -1, P) % P
    return (x, y) == (0, 1)


def test_keys_of_small_order_are_unsound_and_others_are_sound() -> None:
    known = [0, 1, P - 1, 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826]
    known.append(P - known[3])
    for y in known:
        assert _doubled_three_times_is_nothing(y)
        for sign in (0, 1 << 255):
            assert not is_sound_key((y | sign).to_bytes(32, "little"))
    for y in (P, P + 1, 2**255 - 1):  # the same points in another spelling
        assert not is_sound_key(y.to_bytes(32, "little"))
    for seed in range(20):
        public = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32).public_key().public_bytes_raw()
        assert is_sound_key(public)
        assert not _doubled_three_times_is_nothing(int.from_bytes(public, "little") & (2**255 - 1))


def test_a_key_of_small_order_would_sign_anything_if_it_were_let_in() -> None:
    neutral = (1).to_bytes(32, "little")
    forged = neutral + bytes(32)  # R the neutral point, S zero: R = S·B - h·A for every message
    Ed25519PublicKey.from_public_bytes(neutral).verify(forged, b"anything")
    assert not verifies(neutral, forged, b"anything")
    with pytest.raises(InvalidSignature):
        PRIVATE_KEY.public_key().verify(forged, b"anything")


def test_fields_are_joined_and_those_that_count_come_once() -> None:
    raw = [(b"Accept", b"a"), (b"ACCEPT", b"b"), (b"Host", b"exchange.test")]
    assert header_fields(raw) == {"accept": "a, b", "host": "exchange.test"}
    for name in (b"Signature", b"signature-input", b"Content-Digest", b"content-length", b"Host", b"Idempotency-Key"):
        assert refusal(header_fields, [(name, b"a"), (name.upper(), b"a")]).code is EdgeCode.SIGNATURE_MALFORMED


# Answers --------------------------------------------------------------------------------------------------------------

OUR_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
ANSWER_COVERS = (
    '"@status"',
    '"content-type"',
    '"content-digest"',
    '"@method";req',
    '"@authority";req',
    '"@path";req',
    '"@query";req',
    '"content-digest";req',
    '"signature";req',
)
ANSWER = b'{"code":"order.accepted"}'


def _ask(clock: HandClock, **asked: object) -> tuple[SignedRequest, dict[str, str]]:
    """A request as sent, and the headers of its answer."""
    sent = RequestSigner("K1-12", PRIVATE_KEY, clock).sign("POST" if asked else "GET", URL, **asked)  # type: ignore[arg-type]
    request = Request(sent.method, HOST, "/v1/counterparty/transfers", "account=A1-3&dry=%20", sent.headers, sent.body)
    verify(request, clock)
    added = sign_answer(request, 201, "application/json", ANSWER, key=OUR_KEY, key_id="ours", clock=clock)
    return sent, {"content-type": "application/json", **added}


def _checker(clock: HandClock) -> AnswerChecker:
    return AnswerChecker({"ours": OUR_KEY.public_key()}, clock)


def test_an_answer_is_proved_to_be_ours_and_to_this_request(clock: HandClock) -> None:
    for asked in ({}, {"body": BODY, "idempotency_key": "order-1"}):
        sent, headers = _ask(clock, **asked)
        _checker(clock).check(sent, 201, headers, ANSWER)


def test_an_answer_to_one_request_does_not_pass_for_another(clock: HandClock) -> None:
    mine, _ = _ask(clock, body=BODY, idempotency_key="order-1", nonce="nonce-of-the-first")
    _, others = _ask(clock, body=BODY, idempotency_key="order-1", nonce="nonce-of-the-second")
    with pytest.raises(UntrustedAnswer):
        _checker(clock).check(mine, 201, others, ANSWER)


@pytest.mark.parametrize("name", ["signature", "signature-input", "content-digest", "content-type"])
def test_an_answer_without_or_with_another_header_is_not_trusted(clock: HandClock, name: str) -> None:
    sent, headers = _ask(clock, body=BODY, idempotency_key="order-1")
    for value in (None, "text/plain", headers[name][:-3]):
        changed = {n: v for n, v in {**headers, name: value}.items() if v is not None}
        with pytest.raises(UntrustedAnswer):
            _checker(clock).check(sent, 201, changed, ANSWER)


def test_an_answer_with_another_status_body_key_or_time_is_not_trusted(clock: HandClock) -> None:
    sent, headers = _ask(clock, body=BODY, idempotency_key="order-1")
    with pytest.raises(UntrustedAnswer):
        _checker(clock).check(sent, 200, headers, ANSWER)
    with pytest.raises(UntrustedAnswer):
        _checker(clock).check(sent, 201, headers, ANSWER + b" ")
    with pytest.raises(UntrustedAnswer):
        AnswerChecker({"other": OUR_KEY.public_key()}, clock).check(sent, 201, headers, ANSWER)
    with pytest.raises(UntrustedAnswer):
        AnswerChecker({"ours": PRIVATE_KEY.public_key()}, clock).check(sent, 201, headers, ANSWER)
    clock.move(61)
    with pytest.raises(UntrustedAnswer):
        _checker(clock).check(sent, 201, headers, ANSWER)


@pytest.mark.parametrize("left_out", [None, *ANSWER_COVERS])
def test_an_answer_that_covers_less_is_not_trusted_though_we_signed_it(clock: HandClock, left_out: str | None) -> None:
    sent, headers = _ask(clock, body=BODY, idempotency_key="order-1")
    values = {
        '"@status"': "201",
        '"content-type"': "application/json",
        '"content-digest"': headers["content-digest"],
        '"@method";req': "POST",
        '"@authority";req': HOST,
        '"@path";req': "/v1/counterparty/transfers",
        '"@query";req': "?account=A1-3&dry=%20",
        '"content-digest";req': sent.headers["content-digest"],
        '"signature";req': sent.headers["signature"],
    }
    lines = [(name, values[name]) for name in ANSWER_COVERS if name != left_out]
    inner = f'({" ".join(name for name, _ in lines)});created={clock.s};keyid="ours";tag="ipx-v1-answer"'
    signature = base64.b64encode(OUR_KEY.sign(signature_base(lines, inner))).decode()
    headers |= {"signature-input": f"sig={inner}", "signature": f"sig=:{signature}:"}
    if left_out is None:
        _checker(clock).check(sent, 201, headers, ANSWER)
    else:
        with pytest.raises(UntrustedAnswer):
            _checker(clock).check(sent, 201, headers, ANSWER)


def test_a_request_cannot_be_turned_into_an_answer_by_its_sender(clock: HandClock) -> None:
    sent, _ = _ask(clock, body=BODY, idempotency_key="order-1")
    with pytest.raises(UntrustedAnswer):
        AnswerChecker({"K1-12": PRIVATE_KEY.public_key()}, clock).check(sent, 201, sent.headers, sent.body)
