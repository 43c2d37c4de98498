"""Uploading a list of patents (CSV), and erasing the persons one of them names."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from typing import BinaryIO, cast

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.intake import ImportReport, import_file
from api.persons import Persons
from api.problems import RequestCode, RequestRefused
from api.rest.access import authenticate, require_operator
from api.rest.door import submit
from api.rest.session import headers_of, services_of
from exchange.assets.messages import ImportPatents
from exchange.core.calendar import local_date
from exchange.core.parties import Role
from exchange.core.rejections import RejectCode
from exchange.node.ports import Outcome

router = APIRouter(prefix="/v1", tags=["assets"])

MAX_FILE_BYTES = 134_217_728
IN_MEMORY_BYTES = 2_097_152
MAX_KEY_LENGTH = 64
IMPORTERS = frozenset({Role.INSTITUTION, Role.OPERATOR})
TIME_ZONE = "Asia/Shanghai"
MEDIA_TYPE = b"text/csv"

_running = asyncio.Semaphore(2)
"""Files read at once; each has a thread, and its slices share the slow lane."""


@router.post("/patents/upload")
async def import_patents(request: Request) -> Response:
    """Read a CSV of patents and import it; answers what was accepted, incomplete or rejected, row by row.

    The body is the file, `Content-Type: text/csv`. A repeated upload reports new, changed and same patents.
    """
    services = services_of(request)
    headers = headers_of(request)
    principal = authenticate(services, headers.get(b"authorization", b""))
    if IMPORTERS.isdisjoint(principal.roles):
        raise RequestRefused(RejectCode.ROLE_NOT_ALLOWED, "institution, operator")
    if headers.get(b"content-type", b"").split(b";")[0].strip().lower() != MEDIA_TYPE:
        raise RequestRefused(RequestCode.MEDIA_TYPE, "text/csv")
    loop = asyncio.get_running_loop()

    def send(command: ImportPatents, key: str) -> Outcome:
        return asyncio.run_coroutine_threadsafe(submit(services, command, principal, key), loop).result()

    async with _running:
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as file:
            digest = hashlib.sha256()
            size = 0
            async for chunk in request.stream():
                size += len(chunk)
                if size > MAX_FILE_BYTES:
                    raise RequestRefused(RequestCode.TOO_LARGE, f"at most {MAX_FILE_BYTES} bytes")
                digest.update(chunk)
                await asyncio.to_thread(file.write, chunk)
            file.seek(0)
            sha256 = digest.hexdigest()
            as_of = local_date(services.clock.now_ns(), TIME_ZONE)
            persons = Persons(services.edge.store)
            report: ImportReport = await asyncio.to_thread(
                import_file, cast("BinaryIO", file), sha256, as_of, persons, send
            )
    return Response(msgspec.json.encode(report), media_type="application/json")


@router.delete("/persons/{key}", status_code=204)
async def erase_persons(key: str, request: Request) -> Response:
    """Erase the natural persons a patent names; the journal keeps commitments that nobody can open any more."""
    services = services_of(request)
    principal = authenticate(services, headers_of(request).get(b"authorization", b""))
    require_operator(principal)
    if len(key) > MAX_KEY_LENGTH or not await asyncio.to_thread(Persons(services.edge.store).erase, key):
        raise RequestRefused(RequestCode.RESOURCE_UNKNOWN)
    return Response(status_code=204)
