"""How a question is asked: its parameters, its reader, a snapshot in a thread, a page and a signed cursor.

Every answer says `as_of_sequence`. `min_sequence` waits, for a while, until the tables hold that sequence, so that who
placed an order can read it back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.directory import Principal
from api.problems import RequestCode, RequestRefused
from api.rest.access import authenticate
from api.rest.answers import encode
from api.services import Services
from exchange.core.ids import MemberId, UserId, from_wire
from exchange.core.units import MAX_INTEGER
from exchange.store.queries.reader import ReadFault, Snapshot

DEFAULT_LIMIT = 100
MAX_LIMIT = 500

NOBODY = Principal(user_id=UserId(0), member_id=MemberId(-1), roles=frozenset())
"""Who reads public things without saying who they are."""
READ_CODES = {
    "read.busy": RequestCode.EDGE_BUSY,
    "read.too_long": RequestCode.READ_TOO_LONG,
    "read.unavailable": RequestCode.READ_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Param:
    """A query or path parameter: an identifier of a kind (`letter`), one of `choices`, a whole number, or text."""

    name: str
    letter: str = ""
    choices: tuple[str, ...] = ()
    number: bool = False
    maximum: int = MAX_INTEGER
    required: bool = False
    text: str = ""

    def read(self, raw: str) -> Any:
        """The parameter's value.

        Refused: request.parameter.
        """
        try:
            return self._read(raw)
        except ValueError as error:
            raise RequestRefused(RequestCode.PARAMETER, f"{self.name}: {error}") from None

    def _read(self, raw: str) -> Any:
        if self.letter:
            return from_wire(self.letter, raw)
        if self.number:
            if not (raw.isascii() and raw.isdigit()) or len(raw) > 16 or not int(raw) <= self.maximum:
                raise ValueError(f"expected a whole number from 0 to {self.maximum}")
            return int(raw)
        if self.choices and raw not in self.choices:
            raise ValueError(f"expected one of {', '.join(self.choices)}")
        if len(raw) > 200 or not raw.isprintable():
            raise ValueError("expected at most 200 printable characters")
        return raw

    def schema(self) -> dict[str, Any]:
        """The parameter's JSON schema."""
        if self.letter:
            return {"type": "string", "pattern": f"^{self.letter}1-[0-9]+(-[0-9]+)?$"}
        if self.number:
            return {"type": "integer", "minimum": 0, "maximum": self.maximum}
        return {"type": "string", "enum": list(self.choices)} if self.choices else {"type": "string", "maxLength": 200}


LIMIT = Param("limit", number=True, maximum=MAX_LIMIT, text=f"How many at most ({DEFAULT_LIMIT}).")
CURSOR = Param("cursor", text="`next_cursor` of the page before.")
MIN_SEQUENCE = Param("min_sequence", number=True, text="Wait until the tables hold this sequence.")
PAGED = (LIMIT, CURSOR, MIN_SEQUENCE)


@dataclass(frozen=True, slots=True)
class Question:
    """A GET as it was understood: who asks, with which parameters."""

    request: Request
    services: Services
    principal: Principal
    values: Mapping[str, Any]

    @property
    def limit(self) -> int:
        """How many things a page holds."""
        return int(self.values.get("limit") or DEFAULT_LIMIT)

    @property
    def name(self) -> str:
        """What a cursor is bound to: path, filters and reader."""
        filters = sorted((name, str(value)) for name, value in self.values.items() if name not in _PAGING)
        return f"{self.request.url.path} {filters} {self.principal.user_id}"

    def position(self) -> Any:
        """Where the page begins; None at the start.

        Refused: request.cursor.
        """
        cursor = self.values.get("cursor")
        return self.services.cursors.read(self.name, cursor) if cursor else None

    def get(self, name: str) -> Any:
        """A parameter's value, or None."""
        return self.values.get(name)

    @property
    def accounts(self) -> list[int] | None:
        """The accounts whose things the reader may see; None: everybody's."""
        if self.principal.staff:
            return None
        return [int(account_id) for account_id in self.services.directory.viewable_accounts(self.principal)]

    async def answer(self, work: Callable[[Snapshot], Mapping[str, Any] | None]) -> Response:
        """Ask the tables in a thread and answer with what was found; None is resource.unknown.

        Refused: read.behind, read.too_long, read.unavailable, edge.busy.
        """
        await self.wait()
        encoded = await ask(self.services, lambda snapshot: _encoded(snapshot, work))
        if encoded is None:
            raise RequestRefused(RequestCode.RESOURCE_UNKNOWN)
        return Response(encoded, media_type="application/json")

    def page(self, shown: list[Any], position: Any) -> dict[str, Any]:
        """A page of things, with the cursor of the next one unless this is the last."""
        following = None if position is None else self.services.cursors.write(self.name, position)
        return {"items": shown, "next_cursor": following}

    async def wait(self) -> None:
        """Wait until the tables hold what the reader has seen elsewhere.

        Refused: read.behind.
        """
        least = self.values.get("min_sequence") or 0
        if least > self.services.sequence:
            await self._wait(least)

    async def _wait(self, least: int) -> None:
        deadline = asyncio.get_running_loop().time() + self.services.settings.min_sequence_seconds
        while least > self.services.sequence:
            if asyncio.get_running_loop().time() >= deadline:
                raise RequestRefused(RequestCode.READ_BEHIND, f"at {self.services.sequence}", retry_after_s=1)
            await asyncio.sleep(0.005)


_PAGING = frozenset({"limit", "cursor", "min_sequence"})


async def ask(services: Services, work: Callable[[Snapshot], Any]) -> Any:
    """Do one piece of reading in a thread.

    Refused: edge.busy, read.too_long, read.unavailable.
    """
    try:
        return await asyncio.wrap_future(services.reads.submit(work))
    except ReadFault as fault:
        raise RequestRefused(READ_CODES[fault.code], retry_after_s=1) from None


def question(request: Request, params: tuple[Param, ...], *, public: bool = False, paths: bool = True) -> Question:
    """Understand a GET; without `paths`, the route reads its path's parameters itself.

    Refused: the codes of `authenticate` (unless it is public and nobody asks), request.parameter.
    """
    services: Services = request.app.state.services
    authorization = dict(request.scope["headers"]).get(b"authorization")
    if authorization is None and public:
        principal = NOBODY
        services.limits.charge_address(request.client.host if request.client else "")
    else:
        principal = authenticate(services, authorization or b"")
        services.limits.charge_user(principal.user_id)
        request.scope["state"]["principal"] = principal
    given = [*request.query_params.multi_items(), *(request.path_params.items() if paths else ())]
    return Question(request, services, principal, values_of(params, given))


def values_of(params: tuple[Param, ...], given: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The parameters' values: each known, at most once, and in its own form.

    Refused: request.parameter.
    """
    known = {param.name: param for param in params}
    values: dict[str, Any] = {}
    for name, raw in given:
        param = known.get(name)
        if param is None or name in values:
            raise RequestRefused(RequestCode.PARAMETER, f"{name[:100]}: {'unknown' if param is None else 'twice'}")
        values[name] = param.read(raw)
    for param in params:
        if param.required and param.name not in values:
            raise RequestRefused(RequestCode.PARAMETER, f"{param.name}: missing")
    if values.get("limit") == 0:
        raise RequestRefused(RequestCode.PARAMETER, "limit: expected at least 1")
    return values


def documented(params: tuple[Param, ...], *, public: bool = False, path: tuple[Param, ...] = ()) -> dict[str, Any]:
    """The parameters' place in the OpenAPI document."""
    described: dict[str, Any] = {
        "parameters": [
            {
                "name": param.name,
                "in": "path" if param in path else "query",
                "required": param.required or param in path,
                "description": param.text,
                "schema": param.schema(),
            }
            for param in (*path, *params)
        ]
    }
    if public:
        described["security"] = []
    return described


def _encoded(snapshot: Snapshot, work: Callable[[Snapshot], Mapping[str, Any] | None]) -> bytes | None:
    found = work(snapshot)
    return None if found is None else encode({"as_of_sequence": snapshot.sequence, **found})
