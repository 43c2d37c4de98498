"""What stands round every request: a number, a limit on how many are open, security headers, and one line in the log
for each that was refused.

Pure ASGI; nothing here reads a body.
"""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping
from itertools import count
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.codes import EdgeRefused
from api.problems import Problem, RequestCode, RequestRefused, of_error, of_request
from api.rest.door import respond
from api.services import Services
from exchange.node.ports import NodeFault

log = structlog.get_logger("exchange.edge")

SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
]
NO_STORE = (b"cache-control", b"no-store")


class Guard:
    """Numbers, counts and limits requests, and answers what nobody else answered."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self.app = app
        self.services = services
        self.open = 0
        self._prefix = secrets.token_hex(4)
        self._numbers = count(1)
        services.metrics.gauge("exchange_http_open", "HTTP requests in progress.", lambda: float(self.open))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        request_id = state["request_id"] = f"{self._prefix}-{next(self._numbers)}"
        identified = (b"x-request-id", request_id.encode())
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"] = [*message.get("headers", ()), identified, *SECURITY_HEADERS]
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append(NO_STORE)
            await send(message)

        self.open += 1
        try:
            if self.open > self.services.settings.max_requests_open:
                await respond(scope, answer, of_request(RequestCode.EDGE_BUSY, retry_after_s=1), [])
            else:
                await self.app(scope, receive, answer)
        except Exception as error:
            if not isinstance(error, RequestRefused | EdgeRefused | NodeFault):
                log.exception("request.failed", request_id=request_id, path=scope["path"])
            if status:
                raise
            await respond(scope, answer, of_error(error), [])
        finally:
            self.open -= 1
            self._note(scope, state, status)

    def _note(self, scope: MutableMapping[str, Any], state: dict[str, Any], status: int) -> None:
        """Count the answer; a refusal gets its one line."""
        metrics = self.services.metrics
        metrics.requests[scope["method"], status] += 1
        problem: Problem | None = state.get("problem")
        if problem is None:
            return
        metrics.refusals[problem.code] += 1
        if problem.code == RequestCode.EDGE_FAILED:
            return  # its line is written, with the stack
        principal = state.get("principal")
        log.info(
            "request.refused",
            request_id=state["request_id"],
            method=scope["method"],
            path=scope["path"][:200],
            status=problem.status,
            code=problem.code,
            detail=problem.detail[:300],
            user_id=principal.user_id if principal is not None else None,
        )
