"""The node itself: its time, whether it lives and is ready, what it counted, and its own proof."""

from __future__ import annotations

from functools import partial

import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.problems import RequestCode, RequestRefused
from api.rest.access import require_operator
from api.rest.answers import encode
from api.rest.reading import Question, question
from api.rest.session import services_of
from exchange.node.ports import NodeFault
from exchange.node.selfcheck import self_check
from exchange.node.sequencer import Sequencer
from exchange.store.queries.state import standing_tables

router = APIRouter(tags=["node"])
log = structlog.get_logger("exchange.edge")

FINGERPRINT_BYTES = 32


@router.get("/v1/time", openapi_extra={"security": []})
async def now(request: Request) -> Response:
    """The exchange's clock and where its journal stands; clients set their own by it."""
    services = services_of(request)
    return Response(
        encode({"now_ns": services.clock.now_ns(), "as_of_sequence": services.sequence}), media_type="application/json"
    )


@router.get("/healthz", openapi_extra={"security": []})
async def healthz() -> Response:
    """Whether the process lives."""
    return Response(b'{"status":"alive"}', media_type="application/json")


@router.get("/readyz", openapi_extra={"security": []})
async def readyz(request: Request) -> Response:
    """Whether commands are taken: a node holds the lock and has loaded the state."""
    services = services_of(request)
    if not services.keeper.ready.is_set() or services.bus.closed:
        raise RequestRefused(RequestCode.NODE_NOT_READY, retry_after_s=1)
    return Response(encode({"status": "ready", "as_of_sequence": services.sequence}), media_type="application/json")


@router.get("/metrics", openapi_extra={"security": []})
async def metrics(request: Request) -> Response:
    """Counts in Prometheus's text form."""
    return Response(services_of(request).metrics.text(), media_type="text/plain; version=0.0.4")


@router.post("/v1/node/self-check")
async def check(request: Request) -> Response:
    """Compare the node's memory with the tables at one sequence. For operators."""
    asked = _operator(request)
    services = asked.services
    found = await self_check(services.keeper.sequencer, partial(standing_tables, services.reads))
    log.info("node.self_check", sequence=found.sequence, differences=len(found.differences))
    return Response(
        encode(
            {
                "as_of_sequence": found.sequence,
                "equal": not found.differences,
                "sections": found.sections,
                "differences": found.differences,
            }
        ),
        media_type="application/json",
    )


@router.get("/v1/node/suspects")
async def suspects(request: Request) -> Response:
    """Commands that stopped the node, by fingerprint; two stops quarantine one. For operators."""
    sequencer = _sequencer(_operator(request))
    items = [{"fingerprint": mark.hex(), "stops": stops} for mark, stops in sorted(sequencer.suspects.items())]
    return Response(encode({"as_of_sequence": sequencer.head.sequence, "items": items}), media_type="application/json")


@router.post("/v1/node/suspects/{fingerprint}/release", status_code=204)
async def release(request: Request, fingerprint: str) -> Response:
    """Let a quarantined command be tried again. For operators."""
    asked = _operator(request)
    try:
        mark = bytes.fromhex(fingerprint)
    except ValueError:
        mark = b""
    if len(mark) != FINGERPRINT_BYTES:
        raise RequestRefused(RequestCode.PARAMETER, "fingerprint: expected 64 hex digits")
    if not await _sequencer(asked).release(mark):
        raise RequestRefused(RequestCode.RESOURCE_UNKNOWN)
    log.info("node.suspect_released", fingerprint=fingerprint, user_id=asked.principal.user_id)
    return Response(status_code=204)


def _operator(request: Request) -> Question:
    asked = question(request, (), paths=False)
    require_operator(asked.principal)
    return asked


def _sequencer(asked: Question) -> Sequencer:
    sequencer = asked.services.keeper.sequencer
    if sequencer is None:
        raise NodeFault("node.restarting", "no node is running")
    return sequencer
