"""Surveillance alerts, computed from the journal when somebody asks; nothing is kept of them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.problems import RequestCode, RequestRefused
from api.rest.access import require_staff
from api.rest.reading import PAGED, Param, Question, documented, question
from exchange.core.ids import KINDS, AccountId, from_wire
from exchange.core.units import MAX_INTEGER
from exchange.core.wire_json import show
from exchange.store.queries.reader import Snapshot
from exchange.store.queries.surveillance import Patrol
from matching.surveillance.alerts import Alert
from matching.surveillance.parameters import NEWEST, VERSIONS, shipped

router = APIRouter(prefix="/v1", tags=["alerts"])

STRETCH_ROWS = 5_000
"""Rows of the journal one page looks at."""
BEFORE_ROWS = 5_000
"""Rows before them that are read for what they mean to them, at most: in all far less than two seconds' work."""

FROM = Param("from_sequence", number=True, text="The first row of the journal (1).")
TO = Param("to_sequence", number=True, text="The last row (the journal's end).")
INSTRUMENT = Param("instrument_id", letter="I", text="Only this instrument.")
VERSION = Param(
    "parameters", choices=tuple(str(version) for version in VERSIONS), text=f"Version of the thresholds ({NEWEST})."
)
RELATED = Param("related", text="Accounts to take as one group, with commas: A1-3,A1-9.")
PARAMS = (FROM, TO, INSTRUMENT, VERSION, RELATED, *PAGED)


@router.get("/alerts", openapi_extra=documented(PARAMS))
async def alerts(request: Request) -> Response:
    """What a surveillance officer should look at, in the order in which it was completed. Operators and regulators.

    A page looks at a bounded stretch of the journal and may be short, or empty, and still go on; `looked_from` and
    `looked_to` are its rows. `whole` is false where so much was traded that the thresholds look back farther than a
    page reads; `exchange surveil` always reads it all.
    """
    asked = question(request, PARAMS)
    require_staff(asked.principal)
    related = _related(asked)
    parameters = shipped(int(asked.get("parameters") or NEWEST))
    first, skipped = asked.position() or (asked.get("from_sequence") or 1, 0)
    end = asked.get("to_sequence") or MAX_INTEGER

    def work(snapshot: Snapshot) -> dict[str, Any]:
        patrol = Patrol(
            parameters,
            first=first,
            last=min(end, first + STRETCH_ROWS - 1),
            instrument_id=asked.get("instrument_id"),
            declared=[related] if related else [],
            most_before=BEFORE_ROWS,
        )
        found: list[Alert] = []
        while not patrol.done:
            found += patrol.step(snapshot)
        shown = found[skipped : skipped + asked.limit]
        more = len(found) > skipped + asked.limit
        following = _after(found, skipped + asked.limit) if more else None
        if following is None and patrol.last < min(end, snapshot.sequence):
            following = (patrol.last + 1, 0)
        return {
            **asked.page([show(alert) for alert in shown], following),
            "looked_from": patrol.first,
            "looked_to": shown[-1].to_sequence if more else patrol.last,
            "whole": patrol.whole,
            "forgotten": patrol.forgotten,
        }

    return await asked.answer(work)


def _after(found: list[Alert], told: int) -> tuple[int, int]:
    """Where the next page begins when some alerts are told: the row of the last, and how many of that row are told."""
    row = found[told - 1].to_sequence
    return row, sum(alert.to_sequence == row for alert in found[:told])


def _related(asked: Question) -> tuple[AccountId, ...]:
    """The group declared for this look.

    Refused: request.parameter.
    """
    named = asked.get("related")
    try:
        return tuple(AccountId(from_wire(KINDS["AccountId"], name)) for name in named.split(",")) if named else ()
    except ValueError as error:
        raise RequestRefused(RequestCode.PARAMETER, f"related: {error}") from None
