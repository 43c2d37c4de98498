"""The lines of a distribution: all of them for its owner and the venue, a payee's own for the payee."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.rest.reading import PAGED, Param, documented, question
from exchange.store.queries.distributions import SEES_ALL, distribution_of, lines_of
from exchange.store.queries.reader import Snapshot

router = APIRouter(prefix="/v1/distributions", tags=["distributions"])

DISTRIBUTION = Param("distribution_id", letter="DN")


@router.get(
    "/{distribution_id}/lines",
    name="list lines",
    openapi_extra=documented(PAGED, path=(DISTRIBUTION,)),
)
async def read_lines(request: Request) -> Response:
    """Who gets what of an income, line by line, each with its arithmetic: base, rate, rule, part, and what is withheld.

    Its owner, operators and regulators read every line; a payee its own; to everybody else there is none.
    """
    asked = question(request, (DISTRIBUTION, *PAGED))
    mine = asked.accounts
    position = asked.position()

    def work(snapshot: Snapshot) -> dict[str, Any] | None:
        distribution = distribution_of(snapshot, asked.get("distribution_id"))
        if distribution is None:
            return None
        viewed = dict.fromkeys(mine or ())
        owner = mine is None or distribution.account_id in viewed
        sees = SEES_ALL if owner else lambda account_id: account_id in viewed
        after = (int(position[0]), int(position[1])) if position else (0, 0)
        found = lines_of(snapshot, distribution, asked.limit, after=after, sees=sees)
        if not owner and not found.shown and not position:
            return None
        return asked.page(found.shown, found.next_place)

    return await asked.answer(work)
