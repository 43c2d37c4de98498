"""The exchange's own keys: rotated without a gap, forgotten in private, remembered in public."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from api.auth.codes import EdgeCode
from api.auth.edge_store import EdgeStore
from api.auth.signing_keys import KeyRing, Purpose, thumbprint
from api.auth.tokens import AccessTokens
from exchange.core.ids import UserId, make_id
from tests.api.auth.conftest import HandClock
from tests.api.auth.refusals import refusal

USER = UserId(make_id(7))


def _tokens(ring: KeyRing, clock: HandClock) -> AccessTokens:
    return AccessTokens(ring, clock, issuer="https://exchange.test", audience="ip-exchange")


@pytest.mark.parametrize("purpose", list(Purpose))
def test_the_first_key_signs_at_once_and_survives_a_restart(
    store: EdgeStore, clock: HandClock, purpose: Purpose
) -> None:
    first = KeyRing(store, clock).signing(purpose)
    assert KeyRing(store, clock).signing(purpose) == first
    assert first.key_id == thumbprint(first.public_jwk)


def test_gateways_that_start_at_once_agree_on_the_first_key(store: EdgeStore, clock: HandClock) -> None:
    with ThreadPoolExecutor(4) as threads:
        rings = list(threads.map(lambda _: KeyRing(store, clock), range(4)))
    assert len({ring.signing(Purpose.ACCESS).key_id for ring in rings}) == 1


def test_a_rotation_leaves_no_moment_in_which_a_good_token_is_refused(store: EdgeStore, clock: HandClock) -> None:
    here, there = KeyRing(store, clock), KeyRing(store, clock)
    old = here.signing(Purpose.ACCESS).key_id
    new = here.rotate(Purpose.ACCESS)
    live: list[tuple[int, str]] = []
    signed_with = set()
    for second in range(0, 600, 10):
        if second % 30 == 0:
            there.reload()
        live = [(until, token) for until, token in live if until > clock.s]
        live.append((clock.s + 300, _tokens(here, clock).mint(USER, "session-1")))
        signed_with.add(here.signing(Purpose.ACCESS).key_id)
        for _, token in live:
            _tokens(there, clock).verify(token)
        clock.move(10)
    assert signed_with == {old, new}


def test_the_old_key_verifies_until_its_last_token_has_ended_and_not_much_longer(
    store: EdgeStore, clock: HandClock
) -> None:
    ring = KeyRing(store, clock)
    old = ring.signing(Purpose.ACCESS).key_id
    ring.rotate(Purpose.ACCESS)
    clock.move(60 + 400 - 1)
    assert ring.verifying(old, Purpose.ACCESS) is not None
    clock.move(1)
    assert ring.verifying(old, Purpose.ACCESS) is None


def test_a_private_half_goes_when_it_signs_no_more_and_the_public_half_stays(
    store: EdgeStore, clock: HandClock
) -> None:
    ring = KeyRing(store, clock)
    old = ring.signing(Purpose.ANSWER)
    ring.rotate(Purpose.ANSWER)
    clock.move(61)
    ring.reload()
    kept = ring.verifying(old.key_id, Purpose.ANSWER)
    assert kept is not None and kept.private_jwk is None
    clock.move(10_000_000)
    ring.reload()
    published = {key["kid"]: key for key in ring.public()}
    assert published[old.key_id]["x"] == old.public_jwk["x"]
    assert all("d" not in key for key in published.values())


def test_a_revoked_key_is_replaced_in_the_same_moment(store: EdgeStore, clock: HandClock) -> None:
    ring = KeyRing(store, clock)
    stolen = ring.signing(Purpose.ACCESS).key_id
    token = _tokens(ring, clock).mint(USER, "session-1")
    ring.revoke(stolen)
    assert ring.signing(Purpose.ACCESS).key_id != stolen
    assert refusal(lambda: _tokens(ring, clock).verify(token)).code is EdgeCode.TOKEN_KEY_UNKNOWN


def test_two_rotations_in_a_row_leave_one_newest_key(store: EdgeStore, clock: HandClock) -> None:
    ring = KeyRing(store, clock)
    ring.rotate(Purpose.ACCESS)
    clock.move(5)
    newest = ring.rotate(Purpose.ACCESS)
    clock.move(60)
    ring.reload()
    assert ring.signing(Purpose.ACCESS).key_id == newest
    assert [key["kid"] for key in ring.public() if key["verifies_until_ns"] is None and key["purpose"] == "access"] == [
        newest
    ]
