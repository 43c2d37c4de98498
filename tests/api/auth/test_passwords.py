"""Passwords: who gets in, who waits, and what a guesser can learn."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from api.auth.attempts import Attempts, Budget
from api.auth.clock import SECOND_NS
from api.auth.codes import EdgeCode, EdgeRefused
from api.auth.edge_store import EdgeStore
from api.auth.edge_tables import Credential
from api.auth.passwords import Passwords, PasswordSettings, login_name, new_password
from exchange.core.ids import UserId, make_id
from tests.api.auth.conftest import CHEAP, HandClock
from tests.api.auth.refusals import codes, refusal, refusal_of

LI, WU = UserId(make_id(7)), UserId(make_id(8))
GOOD = "correct horse battery"
HERE = "192.0.2.1"


async def test_the_right_password_opens_and_a_wrong_one_does_not(passwords: Passwords) -> None:
    await passwords.set(LI, "Li.Na", GOOD)
    assert await passwords.check("li.na", GOOD, HERE) == LI
    assert await passwords.check("  LI.NA".strip(), GOOD, HERE) == LI
    assert (await refusal_of(passwords.check("li.na", GOOD + "!", HERE))).code is EdgeCode.AUTH_INVALID_CREDENTIALS


async def test_an_unknown_name_is_refused_like_a_wrong_password_and_costs_the_same_work(passwords: Passwords) -> None:
    await passwords.set(LI, "li.na", GOOD)
    checked: list[str] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - the library's name
            checked.append(str(hash))
            return super().verify(hash, password)

    passwords._hasher = Watched(CHEAP.time_cost, CHEAP.memory_kib, CHEAP.parallelism)
    known = await refusal_of(passwords.check("li.na", "wrong password", HERE))
    unknown = await refusal_of(passwords.check("nobody", "wrong password", HERE))
    assert (known.code, known.detail) == (unknown.code, unknown.detail)
    assert len(checked) == 2
    assert extract_parameters(checked[0]) == extract_parameters(checked[1])


@pytest.mark.parametrize("login", ["", "\0", "\ud800", "x" * 100_000, "li.na\0", "' OR 1=1 --", "名前"])
async def test_a_strange_name_is_an_unknown_name(passwords: Passwords, login: str) -> None:
    await passwords.set(LI, "li.na", GOOD)
    assert (await refusal_of(passwords.check(login, GOOD, HERE))).code is EdgeCode.AUTH_INVALID_CREDENTIALS


@pytest.mark.parametrize("password", ["", "\0", "\ud800", "x" * 1_000_000, GOOD + "\0", GOOD[:-1]])
async def test_a_strange_password_is_a_wrong_password(passwords: Passwords, password: str) -> None:
    await passwords.set(LI, "li.na", GOOD)
    assert (await refusal_of(passwords.check("li.na", password, HERE))).code is EdgeCode.AUTH_INVALID_CREDENTIALS


async def test_the_longest_password_works_and_its_last_character_counts(passwords: Passwords) -> None:
    longest = "correct horse " * 18 + "abcd"
    assert len(longest) == 256
    await passwords.set(LI, "li.na", longest)
    assert await passwords.check("li.na", longest, HERE) == LI
    for other in (longest[:-1], longest + "e"):
        assert (await refusal_of(passwords.check("li.na", other, HERE))).code is EdgeCode.AUTH_INVALID_CREDENTIALS


async def test_a_new_password_replaces_the_old_one_and_a_removed_user_has_none(passwords: Passwords) -> None:
    await passwords.set(LI, "li.na", GOOD)
    await passwords.set(LI, "li.na", "another horse battery")
    assert (await refusal_of(passwords.check("li.na", GOOD, HERE))).code is EdgeCode.AUTH_INVALID_CREDENTIALS
    assert await passwords.check("li.na", "another horse battery", HERE) == LI
    await passwords.remove(LI)
    refused = await refusal_of(passwords.check("li.na", "another horse battery", HERE))
    assert refused.code is EdgeCode.AUTH_INVALID_CREDENTIALS


async def test_a_login_name_belongs_to_one_user_in_every_spelling(passwords: Passwords) -> None:
    await passwords.set(LI, "li.na", GOOD)
    assert (await refusal_of(passwords.set(WU, "LI.NA", GOOD))).code is EdgeCode.AUTH_LOGIN_TAKEN
    assert (await refusal_of(passwords.set(WU, "\uff4ci.na", GOOD))).code is EdgeCode.AUTH_LOGIN_TAKEN
    assert await passwords.check("li.na", GOOD, HERE) == LI


async def test_only_an_argon2id_hash_is_stored(passwords: Passwords, store: EdgeStore) -> None:
    await passwords.set(LI, "li.na", GOOD)
    with store.read() as connection:
        row = connection.execute(select(Credential.__table__)).one()
    assert row.password_hash.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert GOOD not in str(row)


async def test_a_login_renews_a_hash_made_with_cheaper_settings(store: EdgeStore, clock: HandClock) -> None:
    cheap = Passwords(store, clock, CHEAP)
    await cheap.set(LI, "li.na", GOOD)
    dearer = Passwords(store, clock, dataclasses.replace(CHEAP, time_cost=2))
    assert await dearer.check("li.na", GOOD, HERE) == LI
    with store.read() as connection:
        assert "t=2" in (connection.scalar(select(Credential.password_hash)) or "")
    assert await dearer.check("li.na", GOOD, HERE) == LI
    cheap.close()
    dearer.close()


def test_the_default_is_the_second_recommended_option_of_rfc_9106() -> None:
    settings = PasswordSettings()
    assert (settings.time_cost, settings.memory_kib, settings.parallelism) == (3, 64 * 1024, 4)


async def test_guesses_at_one_name_wait_longer_and_longer(passwords: Passwords, clock: HandClock) -> None:
    await passwords.set(LI, "li.na", GOOD)
    waits = []
    for guess in range(12):  # each from another address
        refused = await refusal_of(passwords.check("li.na", f"wrong guess {guess}", f"198.51.100.{guess}"))
        if refused.code is EdgeCode.AUTH_TOO_MANY_ATTEMPTS:
            waits.append(refused.retry_after_s)
            clock.move(refused.retry_after_s)
    assert waits == [1, 2, 4, 8, 16]


async def test_the_right_password_waits_too_and_then_clears_the_count(passwords: Passwords, clock: HandClock) -> None:
    await passwords.set(LI, "li.na", GOOD)
    for guess in range(3):
        await refusal_of(passwords.check("li.na", f"wrong guess {guess}", HERE))
    refused = await refusal_of(passwords.check("li.na", GOOD, HERE))
    assert (refused.code, refused.retry_after_s, refused.code.status) == (EdgeCode.AUTH_TOO_MANY_ATTEMPTS, 1, 429)
    clock.move(1)
    assert await passwords.check("li.na", GOOD, HERE) == LI
    for _ in range(2):
        assert (await refusal_of(passwords.check("li.na", "wrong", HERE))).code is EdgeCode.AUTH_INVALID_CREDENTIALS


async def test_guesses_at_once_spend_the_budget_like_guesses_in_a_row(passwords: Passwords) -> None:
    await passwords.set(LI, "li.na", GOOD)
    guesses = [passwords.check("li.na", f"wrong guess {guess}", f"198.51.100.{guess}") for guess in range(40)]
    answers = codes(await asyncio.gather(*guesses, return_exceptions=True))
    assert answers.count(EdgeCode.AUTH_INVALID_CREDENTIALS) == 3
    assert answers.count(EdgeCode.AUTH_TOO_MANY_ATTEMPTS) == 37


async def test_one_address_cannot_try_many_names(passwords: Passwords) -> None:
    answers = [(await refusal_of(passwords.check(f"name-{n}", "wrong", HERE))).code for n in range(8)]
    assert answers == [EdgeCode.AUTH_INVALID_CREDENTIALS] * 6 + [EdgeCode.AUTH_TOO_MANY_ATTEMPTS] * 2


async def test_an_account_of_ones_own_does_not_renew_the_budget_of_an_address(passwords: Passwords) -> None:
    await passwords.set(WU, "thief", GOOD)
    for guess in range(5):
        await refusal_of(passwords.check(f"victim-{guess}", "wrong", HERE))
        assert await passwords.check("thief", GOOD, HERE) == WU
    await refusal_of(passwords.check("victim-5", "wrong", HERE))
    assert (await refusal_of(passwords.check("victim-6", "wrong", HERE))).code is EdgeCode.AUTH_TOO_MANY_ATTEMPTS


async def test_a_flood_of_logins_is_told_to_come_back_and_costs_no_honest_user_an_attempt(
    store: EdgeStore, clock: HandClock
) -> None:
    settings = dataclasses.replace(CHEAP, memory_kib=16_384, workers=1, waiting=2)
    passwords = Passwords(store, clock, settings)
    await passwords.set(LI, "li.na", GOOD)
    flood = [passwords.check("li.na", GOOD, HERE) for _ in range(200)]
    answers = await asyncio.gather(*flood, return_exceptions=True)
    assert set(codes(answers)) == {EdgeCode.AUTH_BUSY}
    assert answers[:3] == [LI, LI, LI]
    assert await passwords.check("li.na", GOOD, HERE) == LI
    passwords.close()


def test_the_wait_has_a_ceiling_and_is_forgotten_in_time(clock: HandClock) -> None:
    budget = Budget(free=1, longest_wait_s=30, forget_after_s=100)
    attempts = Attempts(clock, per_login=budget, per_address=Budget(free=1_000, longest_wait_s=1))
    for _ in range(80):
        attempts.charge("li.na", HERE)
        wait = refusal(lambda: attempts.charge("li.na", HERE)).retry_after_s
        clock.move(wait)
    assert wait == 30
    clock.move(101)
    attempts.charge("li.na", HERE)
    assert refusal(lambda: attempts.charge("li.na", HERE)).retry_after_s == 1


def test_addresses_of_one_ipv6_network_share_a_budget_and_of_two_do_not(clock: HandClock) -> None:
    attempts = Attempts(clock, per_address=Budget(free=1, longest_wait_s=30))
    attempts.charge("one", "2001:db8::1")
    assert refusal(lambda: attempts.charge("two", "2001:db8::ffff")).code is EdgeCode.AUTH_TOO_MANY_ATTEMPTS
    attempts.charge("three", "2001:db8:0:1::1")
    attempts.charge("four", "192.0.2.9")
    assert refusal(lambda: attempts.charge("five", "::ffff:192.0.2.9")).code is EdgeCode.AUTH_TOO_MANY_ATTEMPTS


def test_a_wait_is_told_in_whole_seconds_rounded_up(clock: HandClock) -> None:
    attempts = Attempts(clock, per_login=Budget(free=1, longest_wait_s=30))
    attempts.charge("li.na", HERE)
    clock.ns += SECOND_NS // 2
    assert refusal(lambda: attempts.charge("li.na", HERE)).retry_after_s == 1


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("eleven char", "12 to 256 characters"),
        ("abcd" * 64 + "e", "12 to 256 characters"),
        ("correct horse\nbattery", "control characters"),
        ("aaaaaaabbbbbcc", "5 different characters"),
        ("abcdefghijklmnop", "a run"),
        ("9876543210/.-", "a run"),
        ("my li.na password", "the login name"),
        ("my an.il password", "the login name"),
        ("my LI.NA password", "the login name"),
    ],
)
def test_a_new_password_keeps_each_rule(password: str, rule: str) -> None:
    refused = refusal(lambda: new_password("li.na", password))
    assert refused.code is EdgeCode.AUTH_PASSWORD_RULE
    assert rule in refused.detail
    assert password not in str(refused)


@pytest.mark.parametrize("password", ["twelve chars", "密码是一串很长的汉字没有空格", "abcd" * 63 + "efgh"])
def test_a_long_password_of_any_script_is_welcome(password: str) -> None:
    assert new_password("li.na", password) == password


@pytest.mark.parametrize("login", ["ab", "x" * 65, "li na", "li\0na", "li\u200bna", "\ud800abc"])
def test_a_login_name_keeps_its_rule(login: str) -> None:
    assert refusal(lambda: login_name(login)).code is EdgeCode.AUTH_LOGIN_RULE


@given(login=st.text(max_size=80))
def test_a_login_name_is_stored_as_it_is_looked_up(login: str) -> None:
    try:
        stored = login_name(login)
    except EdgeRefused as refused:
        assert refused.code is EdgeCode.AUTH_LOGIN_RULE
    else:
        assert login_name(stored) == stored
