"""The way in for every command that is posted: authenticate, decode, submit, answer. Bare ASGI, because it is hot.

FastAPI's routing, dependencies and response models cost 60 of the 100 microseconds of such a request (measured); here
a path is one look-up in a dict, and everything else of the application stays FastAPI.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, MutableMapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from api.directory import Principal
from api.keys import key_of
from api.problems import Problem, RequestCode, RequestRefused, of_error
from api.rest.access import authenticate, idempotency_key
from api.rest.answers import answer_to
from api.rest.bodies import command_of, read_bytes, require_json
from api.rest.commands import POSTS, Post
from api.services import Services
from exchange.core.messages import Command
from exchange.node.lanes import is_slow
from exchange.node.ports import NodeFault, Outcome, Submission

JSON_HEADER = (b"content-type", b"application/json")
REPEATED_HEADER = (b"idempotency-replayed", b"true")


class CommandDoor:
    """Answers POSTs of commands, and passes everything else on."""

    def __init__(self, app: ASGIApp, services: Services, posts: Iterable[Post] = POSTS) -> None:
        self.app = app
        self.services = services
        self.posts = {post.path: post for post in posts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a command, or pass the request on."""
        post = self.posts.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if post is None:
            await self.app(scope, receive, send)
            return
        try:
            answer, extra = await self._command(scope, receive, post)
        except (RequestRefused, NodeFault) as refusal:
            answer, extra = of_error(refusal), []
        await respond(scope, send, answer, extra)

    async def _command(
        self, scope: Scope, receive: Receive, post: Post
    ) -> tuple[tuple[int, bytes] | Problem, list[tuple[bytes, bytes]]]:
        """One command's way from the request to its answer."""
        services = self.services
        headers = dict(scope["headers"])
        principal = authenticate(services, headers.get(b"authorization", b""))
        services.limits.charge_user(principal.user_id)
        scope["state"]["principal"] = principal
        require_json(headers)
        key = idempotency_key(headers.get(b"idempotency-key"))
        limit = max(post.max_bytes, services.settings.max_body_bytes)
        raw = await read_bytes(receive, headers, limit, services.settings.body_seconds)
        command = command_of(post.command, raw)
        if post.check is not None:
            await post.check(services, command)
        outcome = await submit(services, command, principal, key)
        extra = [REPEATED_HEADER] if outcome.repeated else []
        return answer_to(outcome, services.directory, principal, post.status), extra


async def submit(services: Services, command: Command, principal: Principal, key: str = "") -> Outcome:
    """Send a command as this principal and wait for its durable outcome, for as long as an answer may take.

    Raises: NodeFault. Refused: node.slow; the command is not withdrawn, its key finds the outcome later.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Outcome] = loop.create_future()

    def answer(result: Outcome | NodeFault) -> None:
        if future.done():
            return
        if isinstance(result, NodeFault):
            future.set_exception(result)
        else:
            future.set_result(result)

    def give_up() -> None:
        if not future.done():
            future.set_exception(RequestRefused(RequestCode.NODE_SLOW, retry_after_s=1))

    submission = Submission(command, principal.user_id, answer, key=key_of(command, key))
    services.bus.post(submission, slow=is_slow(type(command)))
    # A timer of our own: asyncio.timeout costs several times as much, on every order.
    late = loop.call_later(services.settings.answer_seconds, give_up)
    try:
        return await future
    finally:
        late.cancel()


async def respond(
    scope: MutableMapping[str, Any],
    send: Send,
    answer: tuple[int, bytes] | Problem,
    extra: list[tuple[bytes, bytes]],
) -> None:
    """Send an answer or a problem; a problem leaves its code for the log line."""
    if isinstance(answer, Problem):
        status, body, headers = answer.status, answer.body(), answer.headers()
        scope["state"]["problem"] = answer
    else:
        status, body = answer
        headers = [JSON_HEADER]
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length, *extra]})
    await send({"type": "http.response.body", "body": body})
