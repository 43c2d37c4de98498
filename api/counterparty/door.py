"""The way in for signed requests: verify the bytes as they came, claim the nonce, decide, and sign the answer.

Until a request is verified nobody is known, so refusals are unsigned and carry an edge code. From then on every answer
is signed and bound to its request, a refusal too: both sides can prove later what was asked and what was said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

import structlog
from starlette.requests import Request as HttpRequest
from starlette.types import Receive, Scope, Send

from api.auth.codes import EdgeRefused
from api.auth.signatures import Request, Verified, header_fields
from api.counterparty.resources import GETS, POSTS, PREFIX
from api.directory import Principal
from api.problems import MEDIA_TYPE, Problem, RequestCode, RequestRefused, of_error
from api.rest.access import idempotency_key
from api.rest.answers import answer_to
from api.rest.bodies import command_of, read_bytes, require_json
from api.rest.commands import Post
from api.rest.door import submit
from api.rest.reading import Question, values_of
from api.services import Services
from exchange.node.ports import NodeFault

JSON = "application/json"
POST_BY_PATH: Mapping[str, Post] = {post.path: post for post in POSTS}

log = structlog.get_logger("exchange.edge")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a known sender is told, before it is signed."""

    status: int
    content_type: str
    body: bytes
    retry_after_s: int = 0


class CounterpartyDoor:
    """Answers everything under /v1/counterparty."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 4404})
            return
        try:
            request, verified = await self._admit(scope, receive)
        except (EdgeRefused, RequestRefused) as refusal:
            await _send_unsigned(scope, send, of_error(refusal))
            return
        answer = await self._answer(scope, request, verified)
        if request.method == "HEAD":
            answer = Answer(answer.status, answer.content_type, b"")
        signed = self.services.edge.door.sign(request, answer.status, answer.content_type, answer.body)
        headers = {"content-type": answer.content_type, "content-length": str(len(answer.body)), **signed}
        if answer.retry_after_s:
            headers["retry-after"] = str(answer.retry_after_s)
        await _send(send, answer.status, headers, answer.body)

    async def _admit(self, scope: Scope, receive: Receive) -> tuple[Request, Verified]:
        """The request as it came, and who signed it.

        Refused: request.rate_limited (by address), request.too_large, request.body_late, and whatever
        `SignedDoor.admit` refuses. None of it reached anything.
        """
        services = self.services
        services.limits.charge_address((scope.get("client") or ("",))[0])
        fields = header_fields(scope["headers"])
        limit, seconds = services.settings.max_body_bytes, services.settings.body_seconds
        request = Request(
            method=scope["method"],
            authority=fields.get("host", ""),
            path=(scope.get("raw_path") or scope["path"].encode()).decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            headers=fields,
            body=await read_bytes(receive, dict(scope["headers"]), limit, seconds),
        )
        return request, await services.edge.door.admit(request)

    async def _answer(self, scope: Scope, request: Request, verified: Verified) -> Answer:
        """What a known sender is told: never an exception, so that it is always signed."""
        try:
            principal = self.services.directory.principal(verified.user_id)
            scope["state"]["principal"] = principal
            self.services.limits.charge_user(principal.user_id)
            return await self._decide(scope, request, principal)
        except (RequestRefused, EdgeRefused, NodeFault) as refusal:
            return _refusal(scope, of_error(refusal))
        except Exception as error:
            log.exception("request.failed", path=scope["path"][:200])
            return _refusal(scope, of_error(error))

    async def _decide(self, scope: Scope, request: Request, principal: Principal) -> Answer:
        """Send the command, or ask the tables.

        Refused: request.not_found, request.method, and as REST refuses the same.
        """
        path = request.path.removeprefix(PREFIX)
        post = POST_BY_PATH.get(path)
        if request.method == "POST" and post is not None:
            return await self._command(scope, request, principal, post)
        for get in GETS:
            filled = get.match(path)
            if filled is not None and request.method == "GET":
                given = parse_qsl(request.query, keep_blank_values=True)
                values = values_of(get.params, [*given, *filled])
                asked = Question(HttpRequest(scope), self.services, principal, values)
                found = await asked.answer(get.work(asked))
                return Answer(found.status_code, JSON, bytes(found.body))
        known = post is not None or any(get.match(path) is not None for get in GETS)
        raise RequestRefused(RequestCode.METHOD if known else RequestCode.NOT_FOUND)

    async def _command(self, scope: Scope, request: Request, principal: Principal, post: Post) -> Answer:
        """One command's way; the signature covers the key under which a retry finds its outcome."""
        headers = dict(scope["headers"])
        require_json(headers)
        key = idempotency_key(headers.get(b"idempotency-key"))
        outcome = await submit(self.services, command_of(post.command, request.body), principal, key)
        answer = answer_to(outcome, self.services.directory, principal, post.status)
        if isinstance(answer, Problem):
            return _refusal(scope, answer)
        return Answer(answer[0], JSON, answer[1])


def _refusal(scope: Scope, problem: Problem) -> Answer:
    """A problem as a known sender gets it; its code is left for the log line."""
    scope["state"]["problem"] = problem
    return Answer(problem.status, MEDIA_TYPE, problem.body(), problem.retry_after_s)


async def _send_unsigned(scope: Scope, send: Send, problem: Problem) -> None:
    """A problem as somebody unknown gets it: an answer signed for anybody would be proof for nobody."""
    scope["state"]["problem"] = problem
    body = problem.body()
    headers = {"content-type": MEDIA_TYPE, "content-length": str(len(body))}
    if problem.status == 401:
        headers["www-authenticate"] = 'Signature realm="ip-exchange"'
    if problem.retry_after_s:
        headers["retry-after"] = str(problem.retry_after_s)
    await _send(send, problem.status, headers, body)


async def _send(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
