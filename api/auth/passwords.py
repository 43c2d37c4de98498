"""Passwords: argon2id in a bounded pool, the same work for a known and an unknown name.

One check costs 165 ms and 64 MiB by design, so the pool has two threads and a short line; who finds it full hears
auth.busy at once, and the gateway goes on trading. Nothing here knows roles or whether a user is suspended: that is
engine state, asked by the caller.
Source: RFC 9106 (argon2, second recommended option), NIST SP 800-63B 5.1.1 (length over composition).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Delete, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.auth.attempts import PER_ADDRESS, PER_LOGIN, Attempts, Budget
from api.auth.clock import Clock
from api.auth.codes import EdgeCode, EdgeRefused
from api.auth.edge_store import EdgeStore
from api.auth.edge_tables import Credential
from api.auth.pool import BoundedPool
from exchange.core.ids import UserId

MIN_CHARACTERS = 12
MAX_CHARACTERS = 256
MIN_DISTINCT = 5
MAX_LOGIN_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class PasswordSettings:
    """How dear a check is and how many may wait for one. Tests use cheap ones."""

    time_cost: int = 3
    memory_kib: int = 65_536
    parallelism: int = 4
    workers: int = 2
    waiting: int = 16
    per_login: Budget = field(default=PER_LOGIN)
    per_address: Budget = field(default=PER_ADDRESS)


class Passwords:
    """Sets and checks the passwords of users."""

    def __init__(self, store: EdgeStore, clock: Clock, settings: PasswordSettings | None = None) -> None:
        settings = settings or PasswordSettings()
        self._store = store
        self._clock = clock
        self._attempts = Attempts(clock, per_login=settings.per_login, per_address=settings.per_address)
        self._pool = BoundedPool("passwords", workers=settings.workers, waiting=settings.waiting)
        self._hasher = PasswordHasher(settings.time_cost, settings.memory_kib, settings.parallelism)
        # Checked when the name is unknown, so that the answer takes as long as for a known one.
        self._nobody = self._hasher.hash("the password of nobody")

    async def set(self, user_id: UserId, login: str, password: str) -> None:
        """Give a user a login name and a password, in place of those it had.

        Revoking the sessions the old password opened is the caller's step (`Sessions.revoke_user`).
        Refused: auth.login_rule, auth.password_rule, auth.busy, auth.login_taken, auth.unavailable.
        """
        login = login_name(login)
        password = new_password(login, password)
        await self._pool.run(self._set, user_id, login, password)

    async def check(self, login: str, password: str, address: str) -> UserId:
        """Whose name and password these are. `address` is the client's, for the budget of failures.

        Refused: auth.busy, auth.too_many_attempts, auth.invalid_credentials, auth.unavailable.
        """
        return await self._pool.run(self._check, login, password, address)

    async def remove(self, user_id: UserId) -> None:
        """Take a user's login away."""
        await self._store.run(lambda connection: connection.execute(_of(user_id)))

    def close(self) -> None:
        """Finish the running checks and drop the waiting ones."""
        self._pool.close()

    def _set(self, user_id: UserId, login: str, password: str) -> None:
        row = {
            "login": login,
            "password_hash": self._hasher.hash(password),
            "changed_at_ns": self._clock.now_ns(),
        }
        try:
            with self._store.transaction() as connection:
                connection.execute(_of(user_id))
                connection.execute(insert(Credential).values(user_id=user_id, **row))
        except IntegrityError as error:
            raise EdgeRefused(EdgeCode.AUTH_LOGIN_TAKEN) from error

    def _check(self, login: str, password: str, address: str) -> UserId:
        # Charged here, when the check really runs: what was refused as busy costs nobody an attempt.
        login = normal(login)[:MAX_CHARACTERS].casefold()
        self._attempts.charge(login, address)
        row = self._find(login)
        known_hash = row.password_hash if row else self._nobody
        right = self._matches(known_hash, normal(password)[: MAX_CHARACTERS + 1])
        if row is None or not right:
            raise EdgeRefused(EdgeCode.AUTH_INVALID_CREDENTIALS)
        self._attempts.give_back(login, address)
        if self._hasher.check_needs_rehash(known_hash):
            self._rehash(UserId(row.user_id), known_hash, normal(password))
        return UserId(row.user_id)

    def _find(self, login: str) -> Row[int, str] | None:
        if not login.isprintable():  # such a name belongs to nobody, and a database may not even take it as a question
            login = ""
        mine = select(Credential.user_id, Credential.password_hash).where(Credential.login == login)
        with self._store.read() as connection:
            return connection.execute(mine).one_or_none()

    def _matches(self, known_hash: str, password: str) -> bool:
        try:
            return bool(self._hasher.verify(known_hash, password.encode("utf-8", "surrogatepass")))
        except (VerificationError, InvalidHashError):
            return False

    def _rehash(self, user_id: UserId, old_hash: str, password: str) -> None:
        """The settings have become dearer since: this is the one moment the password is at hand."""
        mine = (Credential.user_id == user_id) & (Credential.password_hash == old_hash)
        fresh = self._hasher.hash(password)
        with self._store.transaction() as connection:
            connection.execute(update(Credential).where(mine).values(password_hash=fresh))


def login_name(login: str) -> str:
    """A login name in the one form it is stored and looked up in.

    Refused: auth.login_rule.
    """
    login = normal(login).casefold()
    if not 3 <= len(login) <= MAX_LOGIN_CHARACTERS:
        raise EdgeRefused(EdgeCode.AUTH_LOGIN_RULE, f"a login name has 3 to {MAX_LOGIN_CHARACTERS} characters")
    if not login.isprintable() or any(character.isspace() for character in login):
        raise EdgeRefused(EdgeCode.AUTH_LOGIN_RULE, "a login name has no spaces and no control characters")
    return login


def new_password(login: str, password: str) -> str:
    """A new password in its normal form, if it keeps the rules. Length counts; there are no rules of composition.

    Refused: auth.password_rule.
    """
    password = normal(password)
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        raise EdgeRefused(
            EdgeCode.AUTH_PASSWORD_RULE, f"a password has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters"
        )
    if not password.isprintable():
        raise EdgeRefused(EdgeCode.AUTH_PASSWORD_RULE, "a password has no control characters")
    folded = password.casefold()
    if len(set(folded)) < MIN_DISTINCT:
        raise EdgeRefused(EdgeCode.AUTH_PASSWORD_RULE, f"a password has {MIN_DISTINCT} different characters")
    steps = {ord(after) - ord(before) for before, after in pairwise(folded)}
    if len(steps) == 1:
        raise EdgeRefused(EdgeCode.AUTH_PASSWORD_RULE, "a password is not a run like abcdef or 987654")
    if login in folded or login[::-1] in folded:
        raise EdgeRefused(EdgeCode.AUTH_PASSWORD_RULE, "a password does not hold the login name")
    return password


def normal(text: str) -> str:
    """The same letters typed on two keyboards become the same bytes (NFKC)."""
    return unicodedata.normalize("NFKC", text[: 4 * MAX_CHARACTERS])


def _of(user_id: UserId) -> Delete:
    return delete(Credential).where(Credential.user_id == user_id)
