"""Counterparties' keys: whose, which, and until when; the engine's register decides."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from exchange.core.keys import is_sound_key
from exchange.core.membership import Key, KeyRegistered, KeyRevoked, RegisterKey, RevokeKey
from exchange.core.parties import Role
from exchange.core.units import TimeNs
from tests.support import Venue

PRIME = 2**255 - 19


def public_key(seed: int) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32).public_key().public_bytes_raw()


def register(venue: Venue, name: str, key: bytes, *, days: int = 1) -> RegisterKey:
    return RegisterKey(
        user_id=venue.users[name],
        public_key_hex=key.hex(),
        valid_from_ns=TimeNs(venue.clock_ns),
        valid_until_ns=TimeNs(venue.clock_ns + days * 86_400 * 10**9),
    )


@pytest.fixture
def venue() -> Venue:
    venue = Venue.sandbox()
    venue.member("acme", Role.COUNTERPARTY, country="US")
    venue.member("li")
    return venue


def test_a_key_is_one_users_for_ever_even_after_its_end(venue: Venue) -> None:
    key = venue.make(register(venue, "acme", public_key(1)), KeyRegistered).key
    assert venue.state.table(Key)[key.key_id].user_id == venue.users["acme"]
    assert venue.refusal(register(venue, "acme", public_key(1))) == "key.invalid"
    revoked = venue.make(RevokeKey(key_id=key.key_id), KeyRevoked).key
    assert revoked.revoked
    assert venue.refusal(register(venue, "acme", public_key(1))) == "key.invalid"
    assert venue.refusal(register(venue, "acme", public_key(2))) == "", "its user may have another"
    venue.close()


def test_only_a_counterpartys_user_may_have_a_key_and_only_an_operator_registers_it(venue: Venue) -> None:
    assert venue.refusal(register(venue, "li", public_key(1))) == "key.invalid"
    assert venue.refusal(register(venue, "acme", public_key(1)), "acme") == "role.not_allowed"
    assert venue.refusal(register(venue, "acme", public_key(1), days=0)) == "key.invalid"


@pytest.mark.parametrize("y", [0, 1, PRIME - 1, PRIME, PRIME + 1, 2])
def test_a_key_that_anybody_could_sign_for_or_that_is_no_point_is_refused(venue: Venue, y: int) -> None:
    for sign in (0, 1 << 255):
        key = (y | sign).to_bytes(32, "little")
        assert not is_sound_key(key)
        assert venue.refusal(register(venue, "acme", key)) == "key.invalid"


def test_about_half_of_all_texts_are_points_and_every_real_key_is_sound() -> None:
    assert all(is_sound_key(public_key(seed)) for seed in range(50))
    found = sum(is_sound_key(number.to_bytes(32, "little")) for number in range(3, 203))
    assert 70 < found < 130
    assert not is_sound_key(public_key(1)[:31])
    assert not is_sound_key(public_key(1) + b"\0")
