"""What everybody may see of the market: depth and the tape."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.rest.answers import encode
from api.rest.reading import MIN_SEQUENCE, PAGED, Param, documented, question
from exchange.core.wire_json import show
from exchange.store.queries import market, records
from exchange.store.queries.reader import Snapshot
from matching.depth import DepthSnapshot
from matching.messages import Instrument

router = APIRouter(prefix="/v1/instruments", tags=["instruments"])

INSTRUMENT = Param("instrument_id", letter="I")
DEPTH = Param("depth", number=True, maximum=500, text="Prices a side (20).")
DEFAULT_DEPTH = 20


@router.get("/{instrument_id}/book", openapi_extra=documented((DEPTH, MIN_SEQUENCE), public=True, path=(INSTRUMENT,)))
async def book(request: Request) -> Response:
    """The best prices of both sides, best first; `book_n` is the number of the last change it holds."""
    asked = question(request, (INSTRUMENT, DEPTH, MIN_SEQUENCE), public=True)
    instrument_id, levels = asked.get("instrument_id"), asked.get("depth") or DEFAULT_DEPTH
    books = asked.services.books
    if books is not None:
        levels = books.most_levels(instrument_id, levels)
    if books is not None and not asked.get("min_sequence"):
        sequence, snapshot = books.snapshot(instrument_id, levels)
        return Response(encode({"as_of_sequence": sequence, **shown_depth(snapshot)}), media_type="application/json")

    def work(snapshot: Snapshot) -> dict[str, object] | None:
        if records.one(snapshot, Instrument, (instrument_id,)) is None:
            return None
        return shown_depth(market.depth(snapshot, instrument_id, levels))

    return await asked.answer(work)


@router.get("/{instrument_id}/trades", openapi_extra=documented(PAGED, public=True, path=(INSTRUMENT,)))
async def tape(request: Request) -> Response:
    """The instrument's trades, newest first, without their parties. A page may be short and still go on."""
    asked = question(request, (INSTRUMENT, *PAGED), public=True)
    position = asked.position()

    def work(snapshot: Snapshot) -> dict[str, object]:
        found = market.public_trades(snapshot, asked.limit, position, asked.get("instrument_id"))
        return asked.page([show(trade) for trade in found.records], found.next_before)

    return await asked.answer(work)


def shown_depth(snapshot: DepthSnapshot) -> dict[str, object]:
    """Depth as clients read it; levels are pairs of price and lots."""
    return {
        "instrument_id": show_instrument(snapshot),
        "book_n": snapshot.book_n,
        "bids": [(level.price_ticks, level.lots) for level in snapshot.bids],
        "offers": [(level.price_ticks, level.lots) for level in snapshot.offers],
        "checksum": snapshot.checksum,
    }


def show_instrument(snapshot: DepthSnapshot) -> str:
    """The instrument's identifier as text."""
    return str(show(snapshot)["instrument_id"])
