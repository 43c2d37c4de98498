"""Uploading a list of patents (CSV), and erasing the persons one of them names."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from typing import BinaryIO, cast

import msgspec
from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.directory import Principal
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

IN_MEMORY_BYTES = 2_097_152
MAX_KEY_LENGTH = 64
IMPORTERS = frozenset({Role.INSTITUTION, Role.OPERATOR})
TIME_ZONE = "Asia/Shanghai"
MEDIA_TYPE = b"text/csv"
_UPLOAD = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}


@router.post("/patents/upload", openapi_extra=_UPLOAD)
async def import_patents(request: Request) -> Response:
    """Read a CSV of patents and import it; answers what was accepted, incomplete or rejected, row by row.

    The body is the file, `Content-Type: text/csv`. A repeated upload reports new, changed and same patents.
    """
    services = services_of(request)
    principal = _asking(request)
    headers = headers_of(request)
    if IMPORTERS.isdisjoint(principal.roles):
        raise RequestRefused(RejectCode.ROLE_NOT_ALLOWED, "institution, operator")
    if headers.get(b"content-type", b"").split(b";")[0].strip().lower() != MEDIA_TYPE:
        raise RequestRefused(RequestCode.MEDIA_TYPE, "text/csv")
    if services.receiving.locked():
        raise RequestRefused(RequestCode.EDGE_BUSY, retry_after_s=1)
    loop = asyncio.get_running_loop()

    def send(command: ImportPatents) -> Outcome:
        return asyncio.run_coroutine_threadsafe(submit(services, command, principal), loop).result()

    async with services.receiving:
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as spool:
            file = cast("BinaryIO", spool)
            sha256 = await _receive(request, file)
            async with services.importing:
                as_of = local_date(services.clock.now_ns(), TIME_ZONE)
                persons = Persons(services.edge.store)
                report: ImportReport = await asyncio.to_thread(import_file, file, sha256, as_of, persons, send)
    return Response(msgspec.json.encode(report), media_type="application/json")


@router.delete("/persons/{key:path}", status_code=204)
async def erase_persons(key: str, request: Request) -> Response:
    """Erase the natural persons a patent names; the journal keeps commitments that nobody can open any more.

    The key is the publication number, or before publication the application number, which may hold a slash.
    """
    services = services_of(request)
    require_operator(_asking(request))
    erased = 0
    if len(key) <= MAX_KEY_LENGTH:
        async with services.importing:  # a list being read might have the salt in its hands
            erased = await asyncio.to_thread(Persons(services.edge.store).erase, [key])
    if not erased:
        raise RequestRefused(RequestCode.RESOURCE_UNKNOWN)
    return Response(status_code=204)


def _asking(request: Request) -> Principal:
    """Who asks; the request is charged to them and bears their name in the log."""
    services = services_of(request)
    principal = authenticate(services, headers_of(request).get(b"authorization", b""))
    services.limits.charge_user(principal.user_id)
    request.scope["state"]["principal"] = principal
    return principal


async def _receive(request: Request, file: BinaryIO) -> str:
    """Spool the body and go back to its beginning; answers its SHA-256.

    Refused: request.too_large (by its stated length, or as it arrives), request.body_late.
    """
    settings = services_of(request).settings
    limit = settings.max_upload_bytes
    too_large = RequestRefused(RequestCode.TOO_LARGE, f"at most {limit} bytes")
    stated = headers_of(request).get(b"content-length", b"0")
    if not stated.isdigit() or int(stated) > limit:
        raise too_large
    digest = hashlib.sha256()
    size = 0
    try:
        async with asyncio.timeout(settings.upload_seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise too_large
                digest.update(chunk)
                await asyncio.to_thread(file.write, chunk)
    except TimeoutError:
        raise RequestRefused(RequestCode.BODY_LATE) from None
    except ClientDisconnect:
        raise RequestRefused(RequestCode.BODY_LATE, "the client left") from None
    file.seek(0)
    return digest.hexdigest()
