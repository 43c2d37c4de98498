"""Sessions: each refresh token works once, a second use ends them all, a ticket opens one stream."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from api.auth.codes import EdgeCode
from api.auth.edge_store import EdgeStore, open_edge
from api.auth.edge_tables import RefreshFamily, RefreshToken, StreamTicket
from api.auth.passwords import Passwords
from api.auth.sessions import MAX_SESSIONS, MAX_TICKETS, Grant, Holder, Sessions
from api.auth.signing_keys import KeyRing
from api.auth.tokens import AccessTokens
from exchange.core.ids import UserId, make_id
from tests.api.auth.conftest import CHEAP, HandClock
from tests.api.auth.refusals import codes, refusal, refusal_of

LI = UserId(make_id(7))
GOOD = "correct horse battery"


async def test_a_login_gives_a_pair_and_a_refresh_gives_the_next(
    sessions: Sessions, passwords: Passwords, tokens: AccessTokens
) -> None:
    await passwords.set(LI, "li.na", GOOD)
    first = await sessions.login("li.na", GOOD, "192.0.2.1")
    second = await sessions.refresh(first.refresh_token)
    before, after = tokens.verify(first.access_token), tokens.verify(second.access_token)
    assert (before.user_id, after.user_id) == (LI, LI)
    assert before.session_id == after.session_id
    assert before.token_id != after.token_id
    assert first.refresh_token != second.refresh_token
    assert (second.token_type, second.expires_in) == ("Bearer", 300)


async def test_a_wrong_password_starts_nothing(sessions: Sessions, passwords: Passwords, store: EdgeStore) -> None:
    await passwords.set(LI, "li.na", GOOD)
    refused = await refusal_of(sessions.login("li.na", "wrong password", "192.0.2.1"))
    assert refused.code is EdgeCode.AUTH_INVALID_CREDENTIALS
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(RefreshFamily)) == 0


async def test_a_second_use_of_a_refresh_token_ends_the_session_for_both(
    sessions: Sessions, tokens: AccessTokens
) -> None:
    stolen = (await sessions.start(LI)).refresh_token
    owner = await sessions.refresh(stolen)
    other_session = await sessions.start(LI)
    assert (await refusal_of(sessions.refresh(stolen))).code is EdgeCode.AUTH_REFRESH_REUSED
    assert (await refusal_of(sessions.refresh(owner.refresh_token))).code is EdgeCode.AUTH_SESSION_REVOKED
    assert (await refusal_of(sessions.refresh(stolen))).code is EdgeCode.AUTH_SESSION_REVOKED
    assert refusal(lambda: tokens.verify(owner.access_token)).code is EdgeCode.AUTH_SESSION_REVOKED
    assert isinstance(await sessions.refresh(other_session.refresh_token), Grant)


async def test_an_old_token_of_a_long_session_is_still_the_alarm(sessions: Sessions) -> None:
    first = token = (await sessions.start(LI)).refresh_token
    for _ in range(10):
        token = (await sessions.refresh(token)).refresh_token
    assert (await refusal_of(sessions.refresh(first))).code is EdgeCode.AUTH_REFRESH_REUSED
    assert (await refusal_of(sessions.refresh(token))).code is EdgeCode.AUTH_SESSION_REVOKED


async def test_of_many_refreshes_at_once_one_wins_and_the_session_ends(sessions: Sessions) -> None:
    token = (await sessions.start(LI)).refresh_token
    answers = await asyncio.gather(*(sessions.refresh(token) for _ in range(12)), return_exceptions=True)
    grants = [answer for answer in answers if isinstance(answer, Grant)]
    assert len(grants) == 1
    assert sorted(codes(answers)) == [EdgeCode.AUTH_REFRESH_REUSED] + [EdgeCode.AUTH_SESSION_REVOKED] * 10
    assert (await refusal_of(sessions.refresh(grants[0].refresh_token))).code is EdgeCode.AUTH_SESSION_REVOKED


async def test_reuse_is_known_after_a_restart(store_url: str, clock: HandClock) -> None:
    def begin() -> tuple[EdgeStore, Passwords, Sessions]:
        store = open_edge(store_url)
        passwords = Passwords(store, clock, CHEAP)
        tokens = AccessTokens(KeyRing(store, clock), clock, issuer="i", audience="a")
        return store, passwords, Sessions(store, passwords, tokens, clock)

    store, passwords, sessions = begin()
    stolen = (await sessions.start(LI)).refresh_token
    await sessions.refresh(stolen)
    passwords.close()
    store.close()
    store, passwords, sessions = begin()
    assert (await refusal_of(sessions.refresh(stolen))).code is EdgeCode.AUTH_REFRESH_REUSED
    passwords.close()
    store.close()


async def test_a_session_ends_by_rest_and_by_age(sessions: Sessions, clock: HandClock) -> None:
    token = (await sessions.start(LI)).refresh_token
    clock.move(12 * 3_600)
    assert (await refusal_of(sessions.refresh(token))).code is EdgeCode.AUTH_REFRESH_EXPIRED
    token = (await sessions.start(LI)).refresh_token
    for _ in range(15):
        clock.move(11 * 3_600)
        token = (await sessions.refresh(token)).refresh_token
    clock.move(3 * 3_600)  # 168 hours: seven days
    assert (await refusal_of(sessions.refresh(token))).code is EdgeCode.AUTH_REFRESH_EXPIRED


async def test_a_logout_ends_one_session_and_a_suspension_all(sessions: Sessions, tokens: AccessTokens) -> None:
    one, two, three = [await sessions.start(LI) for _ in range(3)]
    await sessions.logout(tokens.verify(one.access_token).session_id)
    assert (await refusal_of(sessions.refresh(one.refresh_token))).code is EdgeCode.AUTH_SESSION_REVOKED
    assert refusal(lambda: tokens.verify(one.access_token)).code is EdgeCode.AUTH_SESSION_REVOKED
    two = await sessions.refresh(two.refresh_token)
    assert await sessions.revoke_user(LI, "suspended") == 2
    for grant in (two, three):
        assert (await refusal_of(sessions.refresh(grant.refresh_token))).code is EdgeCode.AUTH_SESSION_REVOKED
        assert refusal(tokens.verify, grant.access_token).code is EdgeCode.AUTH_SESSION_REVOKED
    assert await sessions.revoke_user(LI) == 0


async def test_a_user_has_so_many_sessions_and_the_oldest_gives_way(sessions: Sessions, clock: HandClock) -> None:
    grants = []
    for _ in range(MAX_SESSIONS + 1):
        grants.append(await sessions.start(LI))
        clock.move(1)
    assert (await refusal_of(sessions.refresh(grants[0].refresh_token))).code is EdgeCode.AUTH_SESSION_REVOKED
    for grant in grants[1:]:
        assert isinstance(await sessions.refresh(grant.refresh_token), Grant)


async def test_no_secret_is_stored_as_it_is(sessions: Sessions, tokens: AccessTokens, store: EdgeStore) -> None:
    grant = await sessions.start(LI)
    ticket = await sessions.issue_ticket(tokens.verify(grant.access_token))
    with store.read() as connection:
        rows = [
            str(row)
            for table in (RefreshFamily, RefreshToken, StreamTicket)
            for row in connection.execute(select(table.__table__))
        ]
    assert len(rows) == 3
    assert not any(secret[-43:] in row for row in rows for secret in (grant.refresh_token, ticket.ticket))


async def test_a_ticket_opens_once(sessions: Sessions, tokens: AccessTokens) -> None:
    claims = tokens.verify((await sessions.start(LI)).access_token)
    ticket = (await sessions.issue_ticket(claims)).ticket
    assert await sessions.redeem_ticket(ticket) == Holder(user_id=LI, session_id=claims.session_id)
    assert (await refusal_of(sessions.redeem_ticket(ticket))).code is EdgeCode.AUTH_TICKET_INVALID


async def test_of_many_that_redeem_one_ticket_at_once_one_gets_in(sessions: Sessions, tokens: AccessTokens) -> None:
    ticket = (await sessions.issue_ticket(tokens.verify((await sessions.start(LI)).access_token))).ticket
    answers = await asyncio.gather(*(sessions.redeem_ticket(ticket) for _ in range(12)), return_exceptions=True)
    assert codes(answers) == [EdgeCode.AUTH_TICKET_INVALID] * 11


async def test_a_ticket_lives_less_than_thirty_seconds(
    sessions: Sessions, tokens: AccessTokens, clock: HandClock
) -> None:
    claims = tokens.verify((await sessions.start(LI)).access_token)
    early, late = (await sessions.issue_ticket(claims)).ticket, (await sessions.issue_ticket(claims)).ticket
    clock.move(29.999)
    assert (await sessions.redeem_ticket(early)).user_id == LI
    clock.move(0.001)
    assert (await refusal_of(sessions.redeem_ticket(late))).code is EdgeCode.AUTH_TICKET_INVALID


async def test_a_ticket_of_an_ended_session_opens_nothing_and_none_is_issued(
    sessions: Sessions, tokens: AccessTokens
) -> None:
    claims = tokens.verify((await sessions.start(LI)).access_token)
    ticket = (await sessions.issue_ticket(claims)).ticket
    await sessions.logout(claims.session_id)
    assert (await refusal_of(sessions.redeem_ticket(ticket))).code is EdgeCode.AUTH_TICKET_INVALID
    assert (await refusal_of(sessions.issue_ticket(claims))).code is EdgeCode.AUTH_SESSION_REVOKED


async def test_a_session_has_so_many_unused_tickets(sessions: Sessions, tokens: AccessTokens, clock: HandClock) -> None:
    claims = tokens.verify((await sessions.start(LI)).access_token)
    for _ in range(MAX_TICKETS):
        await sessions.issue_ticket(claims)
    refused = await refusal_of(sessions.issue_ticket(claims))
    assert (refused.code, refused.retry_after_s) == (EdgeCode.AUTH_TOO_MANY_TICKETS, 30)
    clock.move(30)
    assert (await sessions.issue_ticket(claims)).expires_in == 30


async def test_what_is_over_is_purged_and_what_lives_stays(
    sessions: Sessions, store: EdgeStore, tokens: AccessTokens, clock: HandClock
) -> None:
    old = await sessions.start(LI)
    await sessions.issue_ticket(tokens.verify(old.access_token))
    clock.move(7 * 86_400)
    new = await sessions.start(LI)
    assert await sessions.purge() == 2
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(RefreshToken)) == 1
    assert (await refusal_of(sessions.refresh(old.refresh_token))).code is EdgeCode.AUTH_REFRESH_INVALID
    assert isinstance(await sessions.refresh(new.refresh_token), Grant)


@pytest.mark.parametrize("kind", ["refresh", "ticket"])
@given(text=st.text(max_size=80) | st.from_regex(r"ipx-(refresh|ticket)-[A-Za-z0-9_-]{43}", fullmatch=True))
def test_no_text_that_was_not_issued_is_taken(fixed_sessions: Sessions, kind: str, text: str) -> None:
    asked = fixed_sessions.refresh(text) if kind == "refresh" else fixed_sessions.redeem_ticket(text)
    code = EdgeCode.AUTH_REFRESH_INVALID if kind == "refresh" else EdgeCode.AUTH_TICKET_INVALID
    assert asyncio.run(refusal_of(asked)).code is code


@pytest.fixture(scope="module")
def fixed_sessions(tmp_path_factory: pytest.TempPathFactory) -> Sessions:
    from api.auth.edge_store import edge_url

    clock = HandClock()
    store = open_edge(edge_url(tmp_path_factory.mktemp("edge")))
    tokens = AccessTokens(KeyRing(store, clock), clock, issuer="i", audience="a")
    return Sessions(store, Passwords(store, clock, CHEAP), tokens, clock)
