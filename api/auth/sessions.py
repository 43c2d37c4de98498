"""Sessions: login, refresh, logout, and the one-time tickets that open streams.

A login starts a family. It gives an access token of five minutes and a refresh token that works once: each use
gives the next pair. A refresh token used a second time was stolen, by the first user or by the second, so the whole
family ends and both must log in again. Clients must therefore refresh from one place at a time.
Tokens are 256 random bits and are stored by their SHA-256; nothing that is stored logs anybody in.
Source: OAuth 2.0 password flow as a form (RFC 6749 4.3, 5.1), refresh rotation (RFC 9700 4.14.2).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from api.auth.clock import SECOND_NS, Clock
from api.auth.codes import EdgeCode, EdgeRefused
from api.auth.edge_store import EdgeStore
from api.auth.edge_tables import RefreshFamily, RefreshToken, StreamTicket
from api.auth.passwords import Passwords
from api.auth.tokens import LIFETIME_S, AccessClaims, AccessTokens
from exchange.core.ids import UserId

TICKET_LIFETIME_S = 30
MAX_TICKETS = 16
"""Unused tickets of one session: a page opens one or two streams."""
MAX_SESSIONS = 32
"""Live sessions of one user; the next login ends the oldest."""

_REFRESH = re.compile(r"ipx-refresh-[A-Za-z0-9_-]{43}")
_TICKET = re.compile(r"ipx-ticket-[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How long a session may rest between two refreshes, and how long it may go on in all."""

    rest_s: int = 12 * 3_600
    whole_s: int = 7 * 86_400


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a login or a refresh, in the names OAuth 2.0 gives its members."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the scheme's name
    expires_in: int = LIFETIME_S


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """Opens one stream, once, within the time stated: the first message on the socket."""

    ticket: str
    expires_in: int = TICKET_LIFETIME_S


@dataclass(frozen=True, slots=True)
class Holder:
    """Who redeemed a ticket, and in which session."""

    user_id: UserId
    session_id: str


class Sessions:
    """Starts, continues and ends the sessions of users."""

    def __init__(
        self,
        store: EdgeStore,
        passwords: Passwords,
        tokens: AccessTokens,
        clock: Clock,
        settings: SessionSettings | None = None,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._tokens = tokens
        self._clock = clock
        self._settings = settings or SessionSettings()

    async def login(self, login: str, password: str, address: str) -> Grant:
        """Start a session. Whether the user is suspended is engine state: the caller asks.

        Refused: auth.busy, auth.too_many_attempts, auth.invalid_credentials, auth.unavailable.
        """
        user_id = await self._passwords.check(login, password, address)
        return await self.start(user_id)

    async def start(self, user_id: UserId) -> Grant:
        """Start a session for a user who was authenticated by other means.

        Refused: auth.busy, auth.unavailable.
        """
        family_id, refresh_token = secrets.token_urlsafe(16), _secret("refresh")
        now_ns = self._clock.now_ns()
        for ended in await self._store.run(lambda c: self._start(c, user_id, family_id, refresh_token, now_ns)):
            self._tokens.revoke_session(ended)
        return Grant(access_token=self._tokens.mint(user_id, family_id), refresh_token=refresh_token)

    async def refresh(self, refresh_token: str) -> Grant:
        """Exchange a refresh token for the next pair; a second use ends the session.

        Refused: auth.refresh_invalid, auth.session_revoked, auth.refresh_reused, auth.refresh_expired, auth.busy,
        auth.unavailable.
        """
        if not _REFRESH.fullmatch(refresh_token):
            raise EdgeRefused(EdgeCode.AUTH_REFRESH_INVALID)
        following = _secret("refresh")
        now_ns = self._clock.now_ns()
        answer = await self._store.run(lambda c: self._refresh(c, _hashed(refresh_token), following, now_ns))
        # Decided inside the transaction, refused outside it: the revocation must stay.
        if isinstance(answer, _Refusal):
            if answer.family_id:
                self._tokens.revoke_session(answer.family_id)
            raise EdgeRefused(answer.code)
        return Grant(access_token=self._tokens.mint(answer.user_id, answer.session_id), refresh_token=following)

    async def logout(self, session_id: str) -> None:
        """End one session: its refresh tokens, its tickets, and on this gateway its access tokens."""
        await self._revoke(RefreshFamily.family_id == session_id, "logout")
        self._tokens.revoke_session(session_id)

    async def revoke_user(self, user_id: UserId, because: str = "user") -> int:
        """End every session of a user (suspended, new password); return how many ended."""
        ended = await self._revoke(RefreshFamily.user_id == user_id, because)
        for session_id in ended:
            self._tokens.revoke_session(session_id)
        return len(ended)

    async def issue_ticket(self, claims: AccessClaims) -> Ticket:
        """A ticket for one stream of this session.

        Refused: auth.session_revoked, auth.too_many_tickets, auth.busy, auth.unavailable.
        """
        secret = _secret("ticket")
        now_ns = self._clock.now_ns()
        code = await self._store.run(lambda c: self._issue(c, claims.session_id, _hashed(secret), now_ns))
        if code is not None:
            raise EdgeRefused(code, retry_after_s=TICKET_LIFETIME_S if code.status == 429 else 0)
        return Ticket(ticket=secret)

    async def redeem_ticket(self, ticket: str) -> Holder:
        """Whom a ticket lets in. It is gone afterwards, whatever the answer.

        Refused: auth.ticket_invalid, auth.session_revoked, auth.busy, auth.unavailable.
        """
        if not _TICKET.fullmatch(ticket):
            raise EdgeRefused(EdgeCode.AUTH_TICKET_INVALID)
        now_ns = self._clock.now_ns()
        answer = await self._store.run(lambda c: self._redeem(c, _hashed(ticket), now_ns))
        if isinstance(answer, EdgeCode):
            raise EdgeRefused(answer)
        return answer

    async def purge(self) -> int:
        """Delete ended families with their tokens, and expired tickets; return how many rows went."""
        now_ns = self._clock.now_ns()

        def work(connection: Connection) -> int:
            tickets = connection.execute(delete(StreamTicket).where(StreamTicket.expires_at_ns <= now_ns))
            families = connection.execute(delete(RefreshFamily).where(RefreshFamily.ends_at_ns <= now_ns))
            return tickets.rowcount + families.rowcount

        return await self._store.run(work)

    def _start(
        self, connection: Connection, user_id: UserId, family_id: str, refresh_token: str, now_ns: int
    ) -> list[str]:
        """Write the family and its first token; end the oldest sessions beyond the limit, and name them."""
        live = (RefreshFamily.user_id == user_id) & RefreshFamily.revoked_at_ns.is_(None)
        newest_first = select(RefreshFamily.family_id).where(live, RefreshFamily.ends_at_ns > now_ns)
        newest_first = newest_first.order_by(RefreshFamily.started_at_ns.desc(), RefreshFamily.family_id)
        too_many = list(connection.scalars(newest_first.offset(MAX_SESSIONS - 1)))
        _end(connection, too_many, "too many sessions", now_ns)
        connection.execute(
            insert(RefreshFamily).values(
                family_id=family_id,
                user_id=user_id,
                started_at_ns=now_ns,
                ends_at_ns=now_ns + self._settings.whole_s * SECOND_NS,
            )
        )
        self._add_token(connection, family_id, refresh_token, now_ns)
        return too_many

    def _refresh(self, connection: Connection, token_hash: bytes, following: str, now_ns: int) -> Holder | _Refusal:
        """Decide one refresh while holding the family's row, so that two at once are one after the other."""
        family_id = connection.scalar(select(RefreshToken.family_id).where(RefreshToken.token_hash == token_hash))
        if family_id is None:
            return _Refusal(EdgeCode.AUTH_REFRESH_INVALID)
        family = connection.execute(
            select(RefreshFamily.user_id, RefreshFamily.ends_at_ns, RefreshFamily.revoked_at_ns)
            .where(RefreshFamily.family_id == family_id)
            .with_for_update()
        ).one()
        token = connection.execute(
            select(RefreshToken.used_at_ns, RefreshToken.expires_at_ns).where(RefreshToken.token_hash == token_hash)
        ).one()
        if family.revoked_at_ns is not None:
            return _Refusal(EdgeCode.AUTH_SESSION_REVOKED)
        if token.used_at_ns is not None:
            _end(connection, [family_id], "refresh reused", now_ns)
            return _Refusal(EdgeCode.AUTH_REFRESH_REUSED, family_id)
        if now_ns >= min(token.expires_at_ns, family.ends_at_ns):
            return _Refusal(EdgeCode.AUTH_REFRESH_EXPIRED)
        connection.execute(update(RefreshToken).where(RefreshToken.token_hash == token_hash).values(used_at_ns=now_ns))
        self._add_token(connection, family_id, following, now_ns)
        return Holder(user_id=UserId(family.user_id), session_id=family_id)

    def _add_token(self, connection: Connection, family_id: str, refresh_token: str, now_ns: int) -> None:
        connection.execute(
            insert(RefreshToken).values(
                token_hash=_hashed(refresh_token),
                family_id=family_id,
                expires_at_ns=now_ns + self._settings.rest_s * SECOND_NS,
            )
        )

    def _issue(self, connection: Connection, family_id: str, ticket_hash: bytes, now_ns: int) -> EdgeCode | None:
        if _live_user(connection, family_id, now_ns) is None:
            return EdgeCode.AUTH_SESSION_REVOKED
        mine = StreamTicket.family_id == family_id
        connection.execute(delete(StreamTicket).where(mine, StreamTicket.expires_at_ns <= now_ns))
        if (connection.scalar(select(func.count()).select_from(StreamTicket).where(mine)) or 0) >= MAX_TICKETS:
            return EdgeCode.AUTH_TOO_MANY_TICKETS
        expires_at_ns = now_ns + TICKET_LIFETIME_S * SECOND_NS
        connection.execute(
            insert(StreamTicket).values(ticket_hash=ticket_hash, family_id=family_id, expires_at_ns=expires_at_ns)
        )
        return None

    def _redeem(self, connection: Connection, ticket_hash: bytes, now_ns: int) -> Holder | EdgeCode:
        # The deletion is the test: of two redeemers at once, one finds the row.
        row = connection.execute(
            delete(StreamTicket)
            .where(StreamTicket.ticket_hash == ticket_hash)
            .returning(StreamTicket.family_id, StreamTicket.expires_at_ns)
        ).one_or_none()
        if row is None or row.expires_at_ns <= now_ns:
            return EdgeCode.AUTH_TICKET_INVALID
        user_id = _live_user(connection, row.family_id, now_ns)
        if user_id is None:
            return EdgeCode.AUTH_SESSION_REVOKED
        return Holder(user_id=user_id, session_id=row.family_id)

    async def _revoke(self, which: ColumnElement[bool], because: str) -> list[str]:
        now_ns = self._clock.now_ns()

        def work(connection: Connection) -> list[str]:
            live = select(RefreshFamily.family_id).where(which, RefreshFamily.revoked_at_ns.is_(None))
            family_ids = list(connection.scalars(live.with_for_update()))
            _end(connection, family_ids, because, now_ns)
            return family_ids

        return await self._store.run(work)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a refresh was refused, and the family that ended by it, if one did."""

    code: EdgeCode
    family_id: str = ""


def _end(connection: Connection, family_ids: list[str], because: str, now_ns: int) -> None:
    if family_ids:
        connection.execute(
            update(RefreshFamily)
            .where(RefreshFamily.family_id.in_(family_ids))
            .values(revoked_at_ns=now_ns, revoked_because=because[:32])
        )
        connection.execute(delete(StreamTicket).where(StreamTicket.family_id.in_(family_ids)))


def _live_user(connection: Connection, family_id: str, now_ns: int) -> UserId | None:
    """The session's user, if the session goes on. The row stays locked, so a logout at the same moment waits."""
    row = connection.execute(
        select(RefreshFamily.user_id, RefreshFamily.ends_at_ns, RefreshFamily.revoked_at_ns)
        .where(RefreshFamily.family_id == family_id)
        .with_for_update()
    ).one_or_none()
    if row is None or row.revoked_at_ns is not None or row.ends_at_ns <= now_ns:
        return None
    return UserId(row.user_id)


def _secret(kind: str) -> str:
    """256 random bits behind a prefix by which a scanner of logs and repositories knows it for a secret."""
    return f"ipx-{kind}-{secrets.token_urlsafe(32)}"


def _hashed(secret: str) -> bytes:
    """How a token is stored. It is random, so one plain hash is enough: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).digest()
