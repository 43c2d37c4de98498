"""The node itself: its time, whether it lives and is ready, what it counted."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.problems import RequestCode, RequestRefused
from api.rest.answers import encode
from api.rest.session import services_of

router = APIRouter(tags=["node"])


@router.get("/v1/time")
async def now(request: Request) -> Response:
    """The exchange's clock and where its journal stands; clients set their own by it."""
    services = services_of(request)
    return Response(
        encode({"now_ns": services.clock.now_ns(), "as_of_sequence": services.sequence}), media_type="application/json"
    )


@router.get("/healthz")
async def healthz() -> Response:
    """Whether the process lives."""
    return Response(b'{"status":"alive"}', media_type="application/json")


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Whether commands are taken: a node holds the lock and has loaded the state."""
    services = services_of(request)
    if not services.keeper.ready.is_set() or services.bus.closed:
        raise RequestRefused(RequestCode.EDGE_BUSY, "no node is running", retry_after_s=1)
    return Response(encode({"status": "ready", "as_of_sequence": services.sequence}), media_type="application/json")


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Counts in Prometheus's text form."""
    return Response(services_of(request).metrics.text(), media_type="text/plain; version=0.0.4")
