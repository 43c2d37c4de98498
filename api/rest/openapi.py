"""The OpenAPI 3.1 document: FastAPI's own for what it routes, and the commands' from their messages."""

from __future__ import annotations

import inspect
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.rest.commands import POSTS, Post
from api.rest.schemas import REF, schemas
from exchange.node.lanes import needs_four_eyes, roles_of

PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `code` is stable; `rule` cites the provision behind a refusal by rule.",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "sequence": {"type": "integer"},
        "at_ns": {"type": "integer"},
        "rule": {
            "type": "object",
            "properties": {
                "profile": {"type": "string"},
                "version": {"type": "integer"},
                "field": {"type": "string"},
                "provision": {"type": "string"},
            },
        },
    },
}
DECIDED = {
    "type": "object",
    "title": "Decided",
    "description": "What became of a command, durable when it is told: its place in the journal and its events.",
    "required": ["sequence", "at_ns", "repeated", "events"],
    "properties": {
        "sequence": {"type": "integer"},
        "at_ns": {"type": "integer"},
        "repeated": {"type": "boolean", "description": "An earlier command with the same key was answered again."},
        "events": {"type": "array", "items": {"type": "object", "required": ["type"]}},
    },
}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes a retry safe; the same key with another body is refused. Orders have their client_order_id.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
}
PROBLEM_ANSWER = {
    "description": "Refused; the code says why.",
    "content": {"application/problem+json": {"schema": {"$ref": REF.format(name="Problem")}}},
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The whole document."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        summary="Rights in patents and research outcomes: members, listings, orders, custody, journal.",
        description=(
            "Every POST of a command answers when the command is durable. Every GET answers from the tables at "
            "`as_of_sequence`. Numbers are integers with their unit in the name, at most 2^53-1."
        ),
        routes=app.routes,
    )
    components = document.setdefault("components", {})
    components["securitySchemes"] = {
        "session": {"type": "oauth2", "flows": {"password": {"tokenUrl": "/v1/oauth/token", "scopes": {}}}}
    }
    document["security"] = [{"session": []}]
    known = components.setdefault("schemas", {})
    known.update(schemas([post.command for post in POSTS], []))
    known["Problem"], known["Decided"] = PROBLEM, DECIDED
    for post in POSTS:
        document["paths"].setdefault(post.path, {})["post"] = operation(post)
    for path in document["paths"].values():
        for described in path.values():
            described.setdefault("responses", {}).pop("422", None)
            described["responses"]["default"] = PROBLEM_ANSWER
    return document


def operation(post: Post) -> dict[str, Any]:
    """One command's place in the document."""
    text = inspect.getdoc(post.command) or ""
    roles = ", ".join(sorted(role.value for role in roles_of(post.command)))
    eyes = "\n\nWaits for a second person (202)." if needs_four_eyes(post.command) else ""
    decided = {"content": {"application/json": {"schema": {"$ref": REF.format(name="Decided")}}}}
    responses: dict[str, Any] = {str(post.status): {"description": "Decided and durable.", **decided}}
    if eyes:
        responses["202"] = {"description": "Kept for a second signature.", **decided}
    return {
        "operationId": post.command.__struct_config__.tag,
        "tags": [post.path.split("/")[2]],
        "summary": text.partition("\n")[0],
        "description": f"{text}\n\nRoles: {roles}.{eyes}",
        "parameters": [KEY],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": REF.format(name=post.command.__name__)}}},
        },
        "responses": responses,
    }
