"""The published examples of RFC 9421 and RFC 9530, as far as Ed25519 and SHA-256 reach."""

from __future__ import annotations

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures.algorithms import ED25519

from api.auth.signatures import content_digest, signature_base, verifies
from api.auth.signing_keys import unb64url
from exchange.core.keys import is_sound_key

# RFC 9421 B.1.4, test-key-ed25519, as the JWK there writes it.
PRIVATE_KEY = Ed25519PrivateKey.from_private_bytes(unb64url("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU"))
PUBLIC_KEY = unb64url("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs")

# RFC 9421 B.2.6, Signing a Request Using ed25519.
LINES = [
    ('"date"', "Tue, 20 Apr 2021 02:07:55 GMT"),
    ('"@method"', "POST"),
    ('"@path"', "/foo"),
    ('"@authority"', "example.com"),
    ('"content-type"', "application/json"),
    ('"content-length"', "18"),
]
PARAMETERS = (
    '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473'
    ';keyid="test-key-ed25519"'
)
BASE = (
    b'"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@method": POST\n"@path": /foo\n"@authority": example.com\n'
    b'"content-type": application/json\n"content-length": 18\n'
    b'"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")'
    b';created=1618884473;keyid="test-key-ed25519"'
)
SIGNATURE = base64.b64decode("wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==")


def test_the_key_of_b_1_4_is_a_pair_and_sound() -> None:
    assert PRIVATE_KEY.public_key().public_bytes_raw() == PUBLIC_KEY
    assert is_sound_key(PUBLIC_KEY)


def test_the_base_of_b_2_6_is_built_to_the_byte() -> None:
    assert signature_base(LINES, PARAMETERS) == BASE


def test_the_signature_of_b_2_6_verifies_and_is_made_again() -> None:
    assert verifies(PUBLIC_KEY, SIGNATURE, BASE)
    assert PRIVATE_KEY.sign(BASE) == SIGNATURE  # Ed25519 signs the same text the same way
    verifier: Any = ED25519
    verifier(public_key=PRIVATE_KEY.public_key()).verify(signature=SIGNATURE, message=BASE)


def test_every_bit_of_that_signature_counts() -> None:
    for bit in range(len(SIGNATURE) * 8):
        changed = bytearray(SIGNATURE)
        changed[bit // 8] ^= 1 << bit % 8
        assert not verifies(PUBLIC_KEY, bytes(changed), BASE)


def test_a_signature_with_s_beyond_the_order_is_refused() -> None:
    # RFC 8032 5.1.7: S + L verifies the same equation; accepting it would give one message two signatures.
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(SIGNATURE[32:], "little") + order
    assert not verifies(PUBLIC_KEY, SIGNATURE[:32] + s.to_bytes(32, "little"), BASE)


def test_the_digests_of_rfc_9530_come_out() -> None:
    # Appendix A and D of RFC 9530: the content {"hello": "world"} followed by a line feed.
    assert content_digest(b'{"hello": "world"}\n') == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    # RFC 9421 B.2's test-request has the same content without it.
    assert content_digest(b'{"hello": "world"}') == "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
