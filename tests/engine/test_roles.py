"""Who may ask for what: every command of the dispatch table with every role, and the node's own."""

from __future__ import annotations

import functools
import types
from contextlib import suppress
from enum import Enum
from typing import Annotated, Any, NewType, Union, get_args, get_origin

import msgspec
import pytest
from hypothesis import find, settings
from hypothesis.strategies import from_regex

from exchange.core.ids import MemberId, UserId
from exchange.core.membership import RegisterUser, SuspendUser, UserRegistered
from exchange.core.messages import Command, Rejected
from exchange.core.parties import MEMBER_ROLES, Role
from exchange.core.wire import commands, name_of_type
from exchange.engine.apply import ROUTES
from tests.support import Venue

TEXTS = ("ABCD", "abcd", "0" * 64, "CNY", "CN", "2026-01-01")


def examples(kind: Any) -> list[Any]:
    """Some values of a type, the plainest first; whatever limits it names are for `example` to try."""
    if get_origin(kind) is Annotated or get_origin(kind) in (Union, types.UnionType):
        return examples(get_args(kind)[0])
    if isinstance(kind, NewType):
        return examples(kind.__supertype__)
    if get_origin(kind) is tuple:
        item = example(get_args(kind)[0])
        return [(), (item,), (item, item)]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [made(kind)]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return list(kind)[:1]
    plain: dict[Any, list[Any]] = {int: [1], bool: [True], str: list(TEXTS), bytes: [b"x"]}
    return plain[kind]


def example(kind: Any) -> Any:
    """The first value that a type and its limits allow."""
    named: Any = msgspec.defstruct("Named", [("value", kind)])
    for value in examples(kind):
        with suppress(msgspec.ValidationError):
            return msgspec.convert({"value": value}, named).value
    patterns = [meta.pattern for meta in getattr(kind, "__metadata__", ()) if meta.pattern]
    [pattern] = patterns or ["a"]
    return find(from_regex(pattern, fullmatch=True), lambda _: True, settings=settings(database=None))


@functools.cache
def made(kind: Any) -> Any:
    """A message with every required field filled somehow."""
    fields = {field.name: example(field.type) for field in msgspec.structs.fields(kind) if field.required}
    return kind(**fields)


@functools.cache
def stage() -> Venue:
    """A venue with one user of every role; copied, never changed."""
    venue = Venue.sandbox()
    for role in sorted(MEMBER_ROLES):
        venue.member(role.value, role)
    return venue


USERS = {Role.NODE: "node", Role.OPERATOR: "ops", Role.REGULATOR: "reg"} | {role: role.value for role in MEMBER_ROLES}


def test_every_command_has_a_route_and_every_route_a_command() -> None:
    assert {name_of_type(kind) for kind in ROUTES} == set(commands())


@pytest.mark.parametrize("kind", sorted(ROUTES, key=name_of_type), ids=name_of_type)
def test_a_command_is_for_its_roles_only(kind: type[Command]) -> None:
    for role in Role:
        venue = stage().copy()
        venue.checking = False
        refused = venue.refusal(made(kind), USERS[role])
        if role in ROUTES[kind].roles:
            assert refused != "role.not_allowed" or _about_roles(kind), f"{kind} by {role}: {refused}"
        else:
            assert refused == "role.not_allowed", f"{kind} by {role}: {refused}"


def _about_roles(kind: type[Command]) -> bool:
    """Whether the command itself names a role, and may be refused for that one."""
    return name_of_type(kind) in {"member.register", "user.register"}


def test_a_regulator_asks_for_nothing() -> None:
    assert not [kind for kind, route in ROUTES.items() if Role.REGULATOR in route.roles]


def test_no_command_of_a_person_is_the_nodes() -> None:
    for kind, route in ROUTES.items():
        assert Role.NODE not in route.roles or set(route.roles) == {Role.NODE}, kind


def test_an_unknown_or_suspended_user_is_told_so_before_anything_else() -> None:
    venue = stage().copy()
    register = RegisterUser(member_id=MemberId(0), user_name="third", roles=(Role.OPERATOR,))
    third = venue.make(register, UserRegistered).user.user_id
    venue.do(SuspendUser(user_id=third, suspended=True))
    for kind in ROUTES:
        for principal, code in ((third, "user.suspended"), (UserId(77), "user.unknown")):
            [rejected] = venue.do(made(kind), principal)
            assert isinstance(rejected, Rejected)
            assert rejected.code == code
    venue.close()
