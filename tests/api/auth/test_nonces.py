"""Each signed request is accepted once: on one gateway, on two, and after a restart."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter

import pytest
from sqlalchemy import func, select

from api.auth import nonces as nonces_module
from api.auth.codes import EdgeCode
from api.auth.edge_store import EdgeStore, open_edge
from api.auth.edge_tables import Nonce
from api.auth.nonces import MAX_BATCH, Nonces
from api.auth.signatures import Request
from api.auth.signed_door import SignedDoor
from api.auth.signer import AnswerChecker, RequestSigner, UntrustedAnswer
from api.auth.signing_keys import KeyRing, Purpose, unb64url
from exchange.core.ids import KeyId, make_id
from tests.api.auth.conftest import HandClock
from tests.api.auth.refusals import codes, refusal_of
from tests.api.auth.signing import AUTHORITIES, BODY, PRIVATE_KEY, URL, USER, keys, order, received

K1, K2 = KeyId(make_id(12)), KeyId(make_id(13))


def _kept(store: EdgeStore) -> int:
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(Nonce)) or 0


def _door(store: EdgeStore, clock: HandClock) -> SignedDoor:
    return SignedDoor(
        keys=keys, authorities=AUTHORITIES, nonces=Nonces(store, clock), ring=KeyRing(store, clock), clock=clock
    )


async def test_a_nonce_is_taken_once_for_each_key(store: EdgeStore, clock: HandClock) -> None:
    nonces = Nonces(store, clock)
    await nonces.claim(K1, "a-nonce", clock.s + 30)
    assert (await refusal_of(nonces.claim(K1, "a-nonce", clock.s + 30))).code is EdgeCode.SIGNATURE_REPLAYED
    await nonces.claim(K2, "a-nonce", clock.s + 30)
    await nonces.claim(K1, "b-nonce", clock.s + 30)


async def test_a_replay_is_refused_after_a_restart(store_url: str, clock: HandClock) -> None:
    request = order(clock)
    store = open_edge(store_url)
    assert (await _door(store, clock).admit(request)).user_id == USER
    store.close()
    store = open_edge(store_url)
    clock.move(10)
    assert (await refusal_of(_door(store, clock).admit(request))).code is EdgeCode.SIGNATURE_REPLAYED
    store.close()


async def test_a_replay_is_refused_until_the_signature_itself_is_even_if_the_clock_is_set_back(
    store: EdgeStore, clock: HandClock
) -> None:
    door, request = _door(store, clock), order(clock)
    await door.admit(request)
    clock.move(34.9)
    assert (await refusal_of(door.admit(request))).code is EdgeCode.SIGNATURE_REPLAYED
    clock.move(59.9)  # expired for a minute: purged only after that
    assert (await refusal_of(door.admit(request))).code is EdgeCode.SIGNATURE_EXPIRED
    await door.admit(order(clock, nonce="a-nonce-of-another"))
    clock.move(-60)
    assert (await refusal_of(door.admit(request))).code is EdgeCode.SIGNATURE_REPLAYED


async def test_a_signature_that_does_not_hold_spends_no_nonce(store: EdgeStore, clock: HandClock) -> None:
    door, request = _door(store, clock), order(clock)
    for thief in (
        dataclasses.replace(request, body=b"x" * len(BODY)),
        dataclasses.replace(request, path="/v1/counterparty/withdrawals"),
    ):
        await refusal_of(door.admit(thief))
    assert _kept(store) == 0
    assert (await door.admit(request)).user_id == USER


async def test_of_many_claims_at_once_one_is_first(store: EdgeStore, clock: HandClock) -> None:
    nonces = Nonces(store, clock)
    claims = [nonces.claim(K1, f"nonce-{n % 50}", clock.s + 30) for n in range(3_000)]
    answers = await asyncio.gather(*claims, return_exceptions=True)
    assert Counter(codes(answers)) == {EdgeCode.SIGNATURE_REPLAYED: 2_950}
    assert [n for n, answer in enumerate(answers) if answer is None] == list(range(50))  # who came first, won
    assert _kept(store) == 50


async def test_of_two_gateways_one_is_first(store_url: str, clock: HandClock) -> None:
    stores = [open_edge(store_url), open_edge(store_url)]
    here, there = [Nonces(store, clock) for store in stores]
    names = [f"nonce-{n}" for n in range(200)]
    answers = await asyncio.gather(
        *(here.claim(K1, name, clock.s + 30) for name in names),
        *(there.claim(K1, name, clock.s + 30) for name in reversed(names)),
        return_exceptions=True,
    )
    assert Counter(codes(answers)) == {EdgeCode.SIGNATURE_REPLAYED: 200}
    assert _kept(stores[0]) == 200
    for store in stores:
        store.close()


async def test_claims_that_wait_travel_in_few_transactions(store: EdgeStore, clock: HandClock) -> None:
    nonces = Nonces(store, clock)
    batches: list[int] = []
    write = nonces._write

    def counted(connection: object, batch: list[object]) -> object:
        batches.append(len(batch))
        return write(connection, batch)  # type: ignore[arg-type]

    nonces._write = counted  # type: ignore[assignment, method-assign]
    await asyncio.gather(*(nonces.claim(K1, f"nonce-{n}", clock.s + 30) for n in range(2 * MAX_BATCH + 1)))
    assert batches == [MAX_BATCH, MAX_BATCH, 1]


async def test_a_client_that_goes_away_takes_nobody_with_it(store: EdgeStore, clock: HandClock) -> None:
    nonces = Nonces(store, clock)
    claims = [asyncio.create_task(nonces.claim(K1, f"nonce-{n}", clock.s + 30)) for n in range(10)]
    await asyncio.sleep(0)
    for claim in claims[::2]:
        claim.cancel()
    answers = await asyncio.gather(*claims, return_exceptions=True)
    assert [answer for answer in answers if answer is None] == [None] * 5
    assert _kept(store) == 10


async def test_a_fault_of_the_store_reaches_every_waiter_and_takes_no_nonce(
    file_store: EdgeStore, clock: HandClock
) -> None:
    nonces = Nonces(file_store, clock)
    with file_store.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE nonce RENAME TO away")
    answers = await asyncio.gather(
        *(nonces.claim(K1, f"nonce-{n}", clock.s + 30) for n in range(3)), return_exceptions=True
    )
    assert codes(answers) == [EdgeCode.AUTH_UNAVAILABLE] * 3
    with file_store.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO nonce")
    await nonces.claim(K1, "nonce-0", clock.s + 30)


async def test_what_is_over_is_purged_by_later_claims(store: EdgeStore, clock: HandClock) -> None:
    nonces = Nonces(store, clock)
    await asyncio.gather(*(nonces.claim(K1, f"nonce-{n}", clock.s + 30) for n in range(100)))
    clock.move(94.9)
    await nonces.claim(K1, "before", clock.s + 30)
    assert _kept(store) == 101
    clock.move(1)
    await nonces.claim(K1, "after", clock.s + 30)
    assert _kept(store) == 2


async def test_a_full_store_is_busy_until_something_is_over(store: EdgeStore, clock: HandClock) -> None:
    nonces = Nonces(store, clock, max_kept=3)
    for n in range(3):
        await nonces.claim(K1, f"nonce-{n}", clock.s + 30)
    refused = await refusal_of(nonces.claim(K1, "one-more", clock.s + 30))
    assert (refused.code, refused.code.status, refused.retry_after_s) == (EdgeCode.SIGNATURE_BUSY, 503, 1)
    clock.move(95)
    await nonces.claim(K1, "one-more", clock.s + 30)


async def test_more_than_may_wait_are_refused(
    file_store: EdgeStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nonces_module, "MAX_WAITING", 5)
    nonces = Nonces(file_store, clock)
    claims = [nonces.claim(K1, f"nonce-{n}", clock.s + 30) for n in range(20)]
    answers = codes(await asyncio.gather(*claims, return_exceptions=True))
    assert answers == [EdgeCode.SIGNATURE_BUSY] * 15


async def test_the_door_signs_its_answer_to_an_admitted_request(file_store: EdgeStore, clock: HandClock) -> None:
    door = _door(file_store, clock)
    sent = RequestSigner("K1-12", PRIVATE_KEY, clock).sign("POST", URL, body=BODY, idempotency_key="order-1")
    request: Request = received(sent)
    await door.admit(request)
    headers = {"content-type": "application/json", **door.sign(request, 201, "application/json", b"{}")}
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    published = {
        str(key["kid"]): Ed25519PublicKey.from_public_bytes(unb64url(str(key["x"])))
        for key in KeyRing(file_store, clock).public()
        if key["purpose"] == Purpose.ANSWER
    }
    AnswerChecker(published, clock).check(sent, 201, headers, b"{}")
    with pytest.raises(UntrustedAnswer):
        AnswerChecker(published, clock).check(sent, 200, headers, b"{}")
