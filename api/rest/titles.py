"""A patent's chain of title by its recorded papers, as of any day of effect and any moment of knowledge."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.problems import RequestCode, RequestRefused
from api.rest.reading import MIN_SEQUENCE, Param, documented, question
from custody.chain import Chain, chain_of, properties_of
from custody.conveyances import Step, property_number
from exchange.assets.messages import Patent
from exchange.store.queries import records, titles
from exchange.store.queries.reader import Snapshot

router = APIRouter(prefix="/v1", tags=["patents"])

PATENT = Param("patent_id", letter="P")
EFFECTIVE = Param("effective_on", text="Leave out papers executed after this day, YYYY-MM-DD.")
KNOWN = Param("known_at_ns", text="As the exchange knew it at this moment, in nanoseconds since 1970 (UTC).")
MAX_NS = 2**63 - 1
ASKED = (EFFECTIVE, KNOWN, MIN_SEQUENCE)


@router.get(
    "/patents/{patent_id}/title",
    name="read a patent's recorded title",
    openapi_extra=documented(ASKED, path=(PATENT,)),
)
async def read_title(request: Request) -> Response:
    """What the recorded papers say: clear, defect or unknown, with reasons, chain, burdens and owners of record.

    Of a patent without a paper on file the title is unknown. The contract's day (`effective_on`) and the moment the
    exchange learned of a paper (`known_at_ns`) are asked apart; for a fixed moment the answer never changes.
    """
    asked = question(request, (PATENT, *ASKED))
    effective_on = asked.get("effective_on") or ""
    require_day(effective_on)
    known_at_ns = moment(asked.get("known_at_ns"))

    def work(snapshot: Snapshot) -> dict[str, Any] | None:
        patent = records.one(snapshot, Patent, (asked.get("patent_id"),))
        if not isinstance(patent, Patent):
            return None
        return {"item": recorded_title(snapshot, patent, effective_on, known_at_ns)}

    return await asked.answer(work)


def recorded_title(
    snapshot: Snapshot, patent: Patent, effective_on: str = "", known_at_ns: int | None = None
) -> dict[str, Any]:
    """What the recorded papers say of a patent's title."""
    number = property_number(patent.number) if patent.country == "US" else ""
    recorded = titles.property_of(snapshot, number) if number else None
    steps: list[Step] = []
    inventors = 0
    if recorded is not None:
        papers = titles.papers_known(snapshot, recorded.reel_frames, known_at_ns)
        steps, inventors, _ = properties_of(papers).get(recorded.property_id, ([], 0, True))
    chain = chain_of(steps, inventors, effective_on=effective_on)
    property_id = recorded.property_id if recorded is not None else ""
    return {"number": patent.number, "property_id": property_id, **show(chain)}


def show(chain: Chain) -> dict[str, Any]:
    """A chain as clients read it."""
    return {
        "title": chain.title.value,
        "encumbered": chain.encumbered,
        "owners": list(chain.owners),
        "reasons": [
            {"code": reason.code.value, "reel_frames": list(reason.reel_frames), "text": reason.text}
            for reason in chain.reasons
        ],
        "chain": [
            {
                "reel_frame": link.step.reel_frame,
                "kind": link.step.kind.value,
                "correction": link.step.correction,
                "executed_on": link.step.executed_on,
                "recorded_on": link.step.recorded_on,
                "from": list(link.step.givers),
                "to": list(link.step.takers),
                "state": link.state.value,
                "note": link.note,
            }
            for link in chain.links
        ],
        "interests": [
            {
                "reel_frame": interest.reel_frame,
                "secured": list(interest.secured),
                "state": interest.state.value,
                "by": interest.by,
            }
            for interest in chain.interests
        ],
        "unmatched_releases": list(chain.unmatched_releases),
    }


def require_day(text: str) -> None:
    """Refused: request.parameter unless it is empty or a day."""
    try:
        valid = not text or date.fromisoformat(text).isoformat() == text
    except ValueError:
        valid = False
    if not valid:
        raise RequestRefused(RequestCode.PARAMETER, "effective_on: expected a day, YYYY-MM-DD")


def moment(text: str | None) -> int | None:
    """Refused: request.parameter unless it is missing or a moment; one of these days has more digits than 2**53."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > MAX_NS:
        raise RequestRefused(RequestCode.PARAMETER, f"known_at_ns: expected a whole number from 0 to {MAX_NS}")
    return int(text)
