"""Anything at all as the body of every command: never an answer of 500, and the node goes on with its tables right.

Bodies are drawn from each command's own types, with real identifiers of the prepared exchange, and then damaged in
some fields, so that most pass the decoder and reach the engine.
"""

from __future__ import annotations

import asyncio
import re
import types
from collections.abc import Iterator
from contextlib import AsyncExitStack
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, NewType, Union, get_args, get_origin

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.rest.commands import POSTS, Post
from api.rest.resources import RESOURCES
from exchange.core.ids import KINDS
from exchange.core.parties import Role
from exchange.node.lanes import roles_of
from tests.api.rest.exchange import Exchange, World, opened

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
INTEGERS = st.sampled_from([0, 1, 2, 7, 100, 10_000, 1_000_000, 2**31, 2**53 - 1, 2**53, -1, 1_790_000_000_000_000_000])
TEXTS = st.sampled_from(["a", "INS", "wu", "sandbox", "XTS", "CN", "US", "2026-11-23", "0" * 64, "a" * 64, "é", "{}"])


PLACE = "@"
WORD = re.compile(r'"(([A-Z]{1,2})1-\d+(?:-\d+)?)"')


class Running:
    """A running exchange with an event loop of its own, which stands still between two requests."""

    def __init__(self, world: World, folder: Path) -> None:
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.exchange: Exchange = self.runner.run(self.stack.enter_async_context(opened(world, folder)))
        self.clients = {name: self.runner.run(self.exchange.by(name)) for name in ("ops", "ops2", "wu", "uni")}
        self.known: dict[str, list[str]] = {}
        for resource in RESOURCES:
            self.learn(self.runner.run(self.clients["ops"].get(resource.path)).text)

    def learn(self, text: str) -> None:
        """Keep the identifiers an answer holds, for later bodies; not the senders', who would suspend each other."""
        senders = {self.exchange[f"user.{name}"] for name in self.clients}
        for word, letter in WORD.findall(text):
            kept = self.known.setdefault(letter, [])
            if word not in kept and word not in senders:
                kept.append(word)

    def resolve(self, value: Any) -> Any:
        """A body with real identifiers in the places kept for them."""
        if isinstance(value, dict):
            return {name: self.resolve(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.resolve(inner) for inner in value]
        if isinstance(value, str) and value.startswith(PLACE):
            letter, _, number = value.removeprefix(PLACE).partition(":")
            kept = self.known.get(letter)
            return kept[int(number) % len(kept)] if kept else f"{letter}1-{number}"
        return value

    def close(self) -> None:
        """End it."""
        self.runner.run(self.stack.aclose())
        self.runner.close()


@pytest.fixture(scope="module")
def node(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One exchange for every body."""
    running = Running(world, tmp_path_factory.mktemp("fuzz"))
    yield running
    running.close()


def value_of(kind: Any) -> st.SearchStrategy[Any]:
    """Values that fit a type, or nearly."""
    if get_origin(kind) is Annotated:
        return value_of(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return st.one_of([value_of(member) for member in get_args(kind)])
    if isinstance(kind, NewType):
        letter = KINDS.get(kind.__name__)
        return identifier(letter) if letter else value_of(kind.__supertype__)
    if get_origin(kind) is tuple:
        return st.lists(value_of(get_args(kind)[0]), max_size=3)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return st.deferred(lambda: body_of(kind))  # a formula may hold formulas
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from([member.value for member in kind])
    simple: dict[Any, st.SearchStrategy[Any]] = {
        int: INTEGERS,
        str: TEXTS | st.text(max_size=12),
        bool: st.booleans(),
        type(None): st.none(),
        bytes: st.just("00"),
    }
    return simple[kind]


def identifier(letter: str) -> st.SearchStrategy[str]:
    """A place for one of the identifiers of a kind that the exchange has told."""
    return st.integers(0, 40).map(lambda number: f"{PLACE}{letter}:{number}")


def body_of(kind: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies of a command or part, whole or with one field damaged."""
    fields = msgspec.structs.fields(kind)
    whole = st.fixed_dictionaries(
        {field.name: value_of(field.type) for field in fields if field.required},
        optional={field.name: value_of(field.type) for field in fields if not field.required},
    )
    names = st.sampled_from([field.name for field in fields] + ["surplus"])
    return st.one_of(whole, whole, whole, st.builds(lambda body, name, junk: {**body, name: junk}, whole, names, JUNK))


@pytest.mark.parametrize("post", POSTS, ids=[post.path for post in POSTS])
@given(data=st.data())
@settings(max_examples=25)
def test_no_body_breaks_the_exchange(node: Running, post: Post, data: st.DataObject) -> None:
    staff = Role.OPERATOR in roles_of(post.command)
    client = node.clients[data.draw(st.sampled_from(("ops", "ops2", "wu") if staff else ("wu", "uni")), label="sender")]
    body = node.resolve(data.draw(body_of(post.command) | JUNK, label="body"))
    content = msgspec.json.encode(body)
    answer = node.runner.run(client.post(post.path, content=content, headers={"content-type": "application/json"}))

    assert answer.status_code in {200, 201, 202, 400, 403, 404, 409, 422}, (body, answer.text)
    if answer.status_code >= 400:
        assert answer.json()["code"]
    else:
        node.learn(answer.text)


@given(raw=st.binary(max_size=60) | JUNK.map(msgspec.json.encode).map(lambda raw: raw[:-1]))
@settings(max_examples=200)
def test_no_bytes_break_the_edge(node: Running, raw: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = node.runner.run(node.clients["wu"].post("/v1/orders", content=raw, headers=headers))

    assert answer.status_code in {400, 422}
    assert answer.json()["code"].startswith("request.")


def test_after_all_of_it_memory_and_tables_are_equal(node: Running) -> None:
    found = node.runner.run(node.clients["ops"].post("/v1/node/self-check")).json()

    assert found["differences"] == []
    assert node.exchange.services.keeper.starts == 1
