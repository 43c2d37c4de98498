"""The tables of routes are whole: every command is posted, every record can be read, and all of it is described."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from jsonschema import Draft202012Validator

from api.rest.commands import POSTS
from api.rest.resources import RESOURCES
from exchange.core.messages import Command
from exchange.core.parties import Role
from exchange.core.wire import name_of_type
from exchange.node.lanes import needs_four_eyes, roles_of, routed
from exchange.store.queries.records import kept_records
from tests.api.rest.exchange import Exchange


def test_every_command_but_the_nodes_own_is_posted_at_one_path() -> None:
    asked = {kind for kind in routed() if Role.NODE not in roles_of(kind)}
    posted = [post.command for post in POSTS]

    assert {name_of_type(kind) for kind in asked} == {name_of_type(kind) for kind in posted}
    assert len(posted) == len(set(posted))
    assert len({post.path for post in POSTS}) == len(POSTS)


def test_no_command_of_the_nodes_is_posted() -> None:
    assert [post.path for post in POSTS if Role.NODE in roles_of(post.command)] == []


def test_every_record_with_a_table_can_be_read() -> None:
    read = {resource.record for resource in RESOURCES}

    # A session holds the seed by which its call will end: it is the exchange's own.
    assert [record.__name__ for record in kept_records() if record not in read] == ["Session"]


async def test_the_document_is_openapi_31_and_its_schemas_are_sound(exchange: Exchange) -> None:
    document = (await exchange.client.get("/openapi.json")).json()

    assert document["openapi"] == "3.1.0"
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert "default" in operation["responses"], (method, path)
            named = {part["name"] for part in operation.get("parameters", ()) if part["in"] == "path"}
            assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}, path


async def test_every_command_is_described_with_its_fields_its_roles_and_whether_it_waits(exchange: Exchange) -> None:
    document = (await exchange.client.get("/openapi.json")).json()
    for post in POSTS:
        operation = document["paths"][post.path]["post"]
        schema = document["components"]["schemas"][post.command.__name__]
        assert operation["operationId"] == name_of_type(post.command)
        assert set(schema["properties"]) == {"type", *post.command.__struct_fields__}
        assert schema["additionalProperties"] is False
        assert ("202" in operation["responses"]) == needs_four_eyes(post.command)
        assert all(role.value in operation["description"] for role in roles_of(post.command))


@pytest.mark.parametrize(
    ("change", "right"),
    [
        ({}, True),
        ({"type": "order.place"}, True),
        ({"price_ticks": None, "order_type": "market"}, True),
        ({"account_id": "O1-7"}, False),
        ({"account_id": 7}, False),
        ({"quantity_lots": 0}, False),
        ({"quantity_lots": 2**53}, False),
        ({"leverage": 1}, False),
        ({"side": "ask"}, False),
    ],
)
async def test_the_schema_of_an_order_says_what_the_decoder_does(
    exchange: Exchange, change: dict[str, Any], right: bool
) -> None:
    document = (await exchange.client.get("/openapi.json")).json()
    body = {**exchange.order("wu", "sell", 10, 100, "schema"), **change}
    schema = {"$ref": "#/components/schemas/PlaceOrder", "components": document["components"]}
    answer = await (await exchange.by("wu")).post("/v1/orders", json=body)

    assert jsonschema.Draft202012Validator(schema).is_valid(body) is right
    assert (answer.json().get("code", "").startswith("request.")) is not right


def test_every_command_has_a_docstring_for_its_clients() -> None:
    commands: list[type[Command]] = [post.command for post in POSTS]

    assert [kind.__name__ for kind in commands if not (kind.__doc__ or "").strip()] == []
