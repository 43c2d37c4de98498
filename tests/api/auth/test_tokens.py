"""The gaps of python-jose, each closed; and what an access token may and may not say."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st
from jose import jwt

from api.auth import tokens as tokens_module
from api.auth.codes import EdgeCode
from api.auth.edge_store import EdgeStore
from api.auth.signing_keys import Key, KeyRing, Purpose, b64url, unb64url
from api.auth.tokens import MAX_BYTES, AccessTokens
from exchange.core.ids import UserId, make_id
from tests.api.auth.conftest import HandClock
from tests.api.auth.refusals import refusal

USER = UserId(make_id(7))


class Forge:
    """Makes tokens that a thief of any skill could, and those that only the exchange's own key can sign."""

    def __init__(self, store: EdgeStore, clock: HandClock) -> None:
        self.clock = clock
        self.ring = KeyRing(store, clock)
        self.tokens = AccessTokens(self.ring, clock, issuer="https://exchange.test", audience="ip-exchange")
        self.key: Key = self.ring.signing(Purpose.ACCESS)
        self.private_key = ec.derive_private_key(
            int.from_bytes(unb64url((self.key.private_jwk or {})["d"])), ec.SECP256R1()
        )
        self.der = self.private_key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def header(self, **changes: Any) -> dict[str, Any]:
        header = {"alg": "ES256", "kid": self.key.key_id, "typ": "at+jwt"} | changes
        return {name: value for name, value in header.items() if value is not ...}

    def claims(self, **changes: Any) -> dict[str, Any]:
        claims = {
            "iss": "https://exchange.test",
            "aud": "ip-exchange",
            "sub": "U1-7",
            "sid": "session-1",
            "jti": "token-1",
            "iat": self.clock.s,
            "exp": self.clock.s + 300,
        } | changes
        return {name: value for name, value in claims.items() if value is not ...}

    def signed(self, header: dict[str, Any] | str, claims: dict[str, Any] | str, key: Any = None) -> str:
        text = ".".join(
            b64url((part if isinstance(part, str) else json.dumps(part)).encode()) for part in (header, claims)
        )
        der = (key or self.private_key).sign(text.encode(), ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(der)
        return f"{text}.{b64url(r.to_bytes(32) + s.to_bytes(32))}"

    def hmac_signed(self, secret: bytes) -> str:
        header = self.header(alg="HS256")
        text = ".".join(b64url(json.dumps(part).encode()) for part in (header, self.claims()))
        return f"{text}.{b64url(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


@pytest.fixture
def forge(file_store: EdgeStore, clock: HandClock) -> Forge:
    return Forge(file_store, clock)


def test_what_is_minted_is_accepted_and_says_who(forge: Forge) -> None:
    claims = forge.tokens.verify(forge.tokens.mint(USER, "session-1"))
    assert (claims.user_id, claims.session_id, claims.expires_s) == (USER, "session-1", forge.clock.s + 300)


def test_the_forge_makes_good_tokens_when_it_changes_nothing(forge: Forge) -> None:
    assert forge.tokens.verify(forge.signed(forge.header(), forge.claims())).user_id == USER
    assert forge.tokens.verify(forge.signed(forge.header(), forge.claims(nbf=forge.clock.s))).user_id == USER


HEADERS: dict[str, tuple[dict[str, Any], EdgeCode]] = {
    "alg none": ({"alg": "none"}, EdgeCode.TOKEN_ALGORITHM),
    "alg in other case": ({"alg": "es256"}, EdgeCode.TOKEN_ALGORITHM),
    "alg of another key kind": ({"alg": "RS256"}, EdgeCode.TOKEN_ALGORITHM),
    "alg a list": ({"alg": ["ES256"]}, EdgeCode.TOKEN_ALGORITHM),
    "no alg": ({"alg": ...}, EdgeCode.TOKEN_HEADER),
    "no kid": ({"kid": ...}, EdgeCode.TOKEN_HEADER),
    "other kid": ({"kid": "another"}, EdgeCode.TOKEN_KEY_UNKNOWN),
    "kid a path": ({"kid": "../../etc/passwd"}, EdgeCode.TOKEN_KEY_UNKNOWN),
    "kid a list": ({"kid": ["x"]}, EdgeCode.TOKEN_KEY_UNKNOWN),
    "typ of an id token": ({"typ": "JWT"}, EdgeCode.TOKEN_TYPE),
    "no typ": ({"typ": ...}, EdgeCode.TOKEN_HEADER),
    "unknown crit": ({"crit": ["exp"]}, EdgeCode.TOKEN_HEADER),
    "key by jku": ({"jku": "https://thief.test/keys"}, EdgeCode.TOKEN_HEADER),
    "key by x5u": ({"x5u": "https://thief.test/chain"}, EdgeCode.TOKEN_HEADER),
    "key by jwk": ({"jwk": {"kty": "EC"}}, EdgeCode.TOKEN_HEADER),
    "key by x5c": ({"x5c": ["MII"]}, EdgeCode.TOKEN_HEADER),
    "compressed": ({"zip": "DEF"}, EdgeCode.TOKEN_HEADER),
    "b64 false": ({"b64": False}, EdgeCode.TOKEN_HEADER),
}


@pytest.mark.parametrize("trap", HEADERS)
def test_a_header_with_anything_else_is_refused_though_the_signature_holds(forge: Forge, trap: str) -> None:
    changes, code = HEADERS[trap]
    assert refusal(lambda: forge.tokens.verify(forge.signed(forge.header(**changes), forge.claims()))).code is code


def _without(name: str, _now: int) -> dict[str, Any]:
    return {name: ...}


CLAIMS: dict[str, tuple[Callable[[int], dict[str, Any]], EdgeCode]] = {
    **{f"no {name}": (partial(_without, name), EdgeCode.TOKEN_CLAIMS) for name in sorted(tokens_module._CLAIMS)},
    "exp as text": (lambda now: {"exp": str(now + 300)}, EdgeCode.TOKEN_CLAIMS),
    "exp 1e300": (lambda now: {"exp": 1e300}, EdgeCode.TOKEN_CLAIMS),
    "exp a fraction": (lambda now: {"exp": now + 0.5}, EdgeCode.TOKEN_CLAIMS),
    "exp infinite": (lambda now: {"exp": float("inf")}, EdgeCode.TOKEN_CLAIMS),
    "exp not a number": (lambda now: {"exp": float("nan")}, EdgeCode.TOKEN_CLAIMS),
    "exp true": (lambda now: {"exp": True}, EdgeCode.TOKEN_CLAIMS),
    "exp negative": (lambda now: {"exp": -1}, EdgeCode.TOKEN_CLAIMS),
    "exp over 53 bits": (lambda now: {"exp": 2**53}, EdgeCode.TOKEN_CLAIMS),
    "exp a year ahead": (lambda now: {"exp": now + 31_536_000}, EdgeCode.TOKEN_CLAIMS),
    "exp before iat": (lambda now: {"exp": now - 1}, EdgeCode.TOKEN_CLAIMS),
    "iat true": (lambda now: {"iat": True}, EdgeCode.TOKEN_CLAIMS),
    "iat in the future": (lambda now: {"iat": now + 6, "exp": now + 300}, EdgeCode.TOKEN_NOT_YET_VALID),
    "nbf in the future": (lambda now: {"nbf": now + 6}, EdgeCode.TOKEN_NOT_YET_VALID),
    "nbf true": (lambda now: {"nbf": True}, EdgeCode.TOKEN_CLAIMS),
    "nbf as text": (lambda now: {"nbf": "0"}, EdgeCode.TOKEN_CLAIMS),
    "another audience": (lambda now: {"aud": "another"}, EdgeCode.TOKEN_AUDIENCE),
    "audience a list": (lambda now: {"aud": ["ip-exchange"]}, EdgeCode.TOKEN_CLAIMS),
    "another issuer": (lambda now: {"iss": "https://thief.test"}, EdgeCode.TOKEN_ISSUER),
    "sub a number": (lambda now: {"sub": 7}, EdgeCode.TOKEN_CLAIMS),
    "sub of another kind": (lambda now: {"sub": "M1-7"}, EdgeCode.TOKEN_CLAIMS),
    "sub in another spelling": (lambda now: {"sub": "U1-07"}, EdgeCode.TOKEN_CLAIMS),
    "sid empty": (lambda now: {"sid": ""}, EdgeCode.TOKEN_CLAIMS),
    "a claim too many": (lambda now: {"role": "operator"}, EdgeCode.TOKEN_CLAIMS),
}


@pytest.mark.parametrize("trap", CLAIMS)
def test_a_claim_missing_or_of_another_type_is_refused_though_the_signature_holds(forge: Forge, trap: str) -> None:
    changes, code = CLAIMS[trap]
    token = forge.signed(forge.header(), forge.claims(**changes(forge.clock.s)))
    assert refusal(lambda: forge.tokens.verify(token)).code is code


def test_a_name_that_comes_twice_is_refused(forge: Forge) -> None:
    twice_in_header = json.dumps(forge.header())[:-1] + ', "alg": "ES256"}'
    twice_in_claims = json.dumps(forge.claims())[:-1] + ', "sub": "U1-1"}'
    token = forge.signed(twice_in_header, forge.claims())
    assert refusal(lambda: forge.tokens.verify(token)).code is EdgeCode.TOKEN_MALFORMED
    token = forge.signed(forge.header(), twice_in_claims)
    assert refusal(lambda: forge.tokens.verify(token)).code is EdgeCode.TOKEN_CLAIMS


@pytest.mark.parametrize("text", ["[]", "7", '"text"', "null", "{", "[" * 1_000, "\ud800"])
def test_a_payload_that_is_no_object_is_refused(forge: Forge, text: str) -> None:
    parts = [b64url(json.dumps(forge.header()).encode()), b64url(text.encode("utf-8", "surrogatepass"))]
    der = forge.private_key.sign(".".join(parts).encode(), ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(der)
    token = ".".join([*parts, b64url(r.to_bytes(32) + s.to_bytes(32))])
    assert refusal(lambda: forge.tokens.verify(token)).code is EdgeCode.TOKEN_CLAIMS


def test_the_public_key_is_no_secret(forge: Forge) -> None:
    pem = forge.private_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for secret in (forge.der, pem, json.dumps(forge.key.public_jwk).encode(), b"", b"x"):
        # An HMAC is 32 bytes, so it fails on its form; stretched to 64 it fails on its algorithm.
        token = forge.hmac_signed(secret)
        assert refusal(forge.tokens.verify, token).code is EdgeCode.TOKEN_MALFORMED
        text, _, mac = token.rpartition(".")
        stretched = f"{text}.{b64url(unb64url(mac) * 2)}"
        assert refusal(forge.tokens.verify, stretched).code is EdgeCode.TOKEN_ALGORITHM


def test_the_library_alone_would_accept_what_is_refused_here(forge: Forge) -> None:
    # Why the module exists. When this fails, python-jose has closed a gap: good news, read its notes.
    assert jwt.decode(forge.hmac_signed(forge.der), forge.der, algorithms=None, audience="ip-exchange")
    secret = "x"
    for gap in ({"exp": 1e300}, {"exp": ...}, {"exp": "4000000000"}, {"aud": ...}, {"iat": 4_000_000_000}):
        claims = forge.claims(iat=1) | {"exp": 4_000_000_000} | gap
        token = jwt.encode({n: v for n, v in claims.items() if v is not ...}, secret, headers={"crit": ["nonsense"]})
        assert jwt.decode(token, secret, algorithms="HS256", audience="ip-exchange")


def test_a_bomb_of_nested_encryption_is_refused_by_its_form(forge: Forge) -> None:
    bomb = b64url(zlib.compress(b"\0" * 50_000_000)[:2_000])
    jwe = ".".join(
        [b64url(b'{"alg":"dir","enc":"A256GCM","zip":"DEF"}'), "", b64url(bytes(12)), bomb, b64url(bytes(16))]
    )
    assert refusal(lambda: forge.tokens.verify(jwe)).code is EdgeCode.TOKEN_MALFORMED


def test_a_token_is_at_most_4096_bytes_long(forge: Forge) -> None:
    assert refusal(lambda: forge.tokens.verify("a" * MAX_BYTES)).code is EdgeCode.TOKEN_MALFORMED
    assert refusal(lambda: forge.tokens.verify("a" * (MAX_BYTES + 1))).code is EdgeCode.TOKEN_TOO_LARGE


def test_another_key_does_not_sign_for_ours(forge: Forge) -> None:
    token = forge.signed(forge.header(), forge.claims(), key=ec.generate_private_key(ec.SECP256R1()))
    assert refusal(lambda: forge.tokens.verify(token)).code is EdgeCode.TOKEN_SIGNATURE


def test_the_key_that_signs_answers_signs_no_tokens(forge: Forge) -> None:
    token = forge.signed(forge.header(kid=forge.ring.signing(Purpose.ANSWER).key_id), forge.claims())
    assert refusal(lambda: forge.tokens.verify(token)).code is EdgeCode.TOKEN_KEY_UNKNOWN


def test_zero_is_no_signature(forge: Forge) -> None:
    text = forge.tokens.mint(USER, "session-1").rpartition(".")[0]
    assert refusal(lambda: forge.tokens.verify(f"{text}.{b64url(bytes(64))}")).code is EdgeCode.TOKEN_SIGNATURE


def test_every_truncation_is_refused(forge: Forge) -> None:
    token = forge.tokens.mint(USER, "session-1")
    for length in range(len(token)):
        assert refusal(forge.tokens.verify, token[:length]).code is EdgeCode.TOKEN_MALFORMED


def test_base64_has_one_spelling(forge: Forge) -> None:
    token = forge.tokens.mint(USER, "session-1")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(token[-1])
    same_bytes = token[:-1] + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last | 1]
    assert base64.urlsafe_b64decode(same_bytes.rpartition(".")[2] + "==") == unb64url(token.rpartition(".")[2])
    for spelling in (same_bytes, token + "=", token + "\n", " " + token, token.replace(".", ".\n", 1)):
        assert refusal(forge.tokens.verify, spelling).code is EdgeCode.TOKEN_MALFORMED


def test_it_ends_with_its_last_second_even_when_remembered(forge: Forge) -> None:
    token = forge.tokens.mint(USER, "session-1")
    forge.tokens.verify(token)
    forge.clock.move(299.999_999)
    assert forge.tokens.verify(token).user_id == USER
    forge.clock.move(0.000_001)
    assert refusal(lambda: forge.tokens.verify(token)).code is EdgeCode.TOKEN_EXPIRED


def test_a_clock_five_seconds_ahead_is_forgiven(forge: Forge) -> None:
    token = forge.tokens.mint(USER, "session-1")
    forge.clock.move(-5)
    assert forge.tokens.verify(token).user_id == USER
    forge.clock.move(-1)
    fresh = AccessTokens(forge.ring, forge.clock, issuer="https://exchange.test", audience="ip-exchange")
    assert refusal(lambda: fresh.verify(token)).code is EdgeCode.TOKEN_NOT_YET_VALID


def test_a_revoked_session_ends_a_remembered_token_and_no_other(forge: Forge) -> None:
    mine, other = forge.tokens.mint(USER, "session-1"), forge.tokens.mint(USER, "session-2")
    forge.tokens.verify(mine)
    forge.tokens.revoke_session("session-1")
    assert refusal(lambda: forge.tokens.verify(mine)).code is EdgeCode.AUTH_SESSION_REVOKED
    assert forge.tokens.verify(other).session_id == "session-2"


def test_a_revoked_key_ends_remembered_tokens(forge: Forge) -> None:
    token = forge.tokens.mint(USER, "session-1")
    forge.tokens.verify(token)
    forge.ring.revoke(forge.key.key_id)
    assert refusal(lambda: forge.tokens.verify(token)).code is EdgeCode.TOKEN_KEY_UNKNOWN
    assert forge.tokens.verify(forge.tokens.mint(USER, "session-1")).user_id == USER


def test_what_is_remembered_is_bounded(forge: Forge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "MAX_CACHED", 3)
    for number in range(8):
        forge.tokens.verify(forge.tokens.mint(USER, f"session-{number}"))
    assert len(forge.tokens._verified) == 3


@given(text=st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}", fullmatch=True))
def test_no_text_does_worse_than_being_refused(shared_forge: Forge, text: str) -> None:
    assert refusal(lambda: shared_forge.tokens.verify(text)).code.value.startswith("token.")


@given(position=st.integers(0, 10_000), character=st.characters(max_codepoint=0x2FF))
def test_no_changed_character_goes_unnoticed(shared_forge: Forge, position: int, character: str) -> None:
    token = shared_forge.tokens.mint(USER, "session-1")
    position %= len(token)
    if token[position] != character:
        changed = token[:position] + character + token[position + 1 :]
        assert refusal(lambda: shared_forge.tokens.verify(changed)).code.value.startswith("token.")


@pytest.fixture(scope="module")
def shared_forge(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from api.auth.edge_store import edge_url, open_edge

    store = open_edge(edge_url(tmp_path_factory.mktemp("edge")))
    yield Forge(store, HandClock())
    store.close()
