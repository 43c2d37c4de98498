"""Files on record: bytes go to the blob store under their SHA-256, then `document.file` names them in the journal."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.problems import RequestCode, RequestRefused
from api.rest.answers import encode
from api.rest.bodies import read_bytes
from api.rest.reading import MIN_SEQUENCE, Param, ask, documented, question
from api.rest.resources import by_member
from api.services import Services
from exchange.core.documents import Document, FileDocument
from exchange.core.messages import Command
from exchange.store.queries import records

router = APIRouter(prefix="/v1/documents", tags=["documents"])

MAX_BYTES = 16 * 1_048_576
DOCUMENT = Param("document_id", letter="F")
HASH = re.compile(r"[0-9a-f]{64}")
_UPLOAD = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}},
}


@router.put("/content/{sha256}", status_code=201, openapi_extra=_UPLOAD)
async def upload(request: Request, sha256: str) -> Response:
    """Store a file's bytes under their hash, at most 16 MiB; sending them again does nothing."""
    asked = question(request, (), paths=False)
    services = asked.services
    if not HASH.fullmatch(sha256):
        raise RequestRefused(RequestCode.PARAMETER, "sha256: expected 64 lower-case hex digits")
    headers = dict(request.scope["headers"])
    body = await read_bytes(request.receive, headers, MAX_BYTES, services.settings.body_seconds)
    if not body or hashlib.sha256(body).hexdigest() != sha256:
        raise RequestRefused(RequestCode.DIGEST, "the bytes have another hash")
    await services.blobs.put(sha256, body)
    return Response(encode({"sha256": sha256, "size_bytes": len(body)}), 201, media_type="application/json")


@router.get("/{document_id}/content", openapi_extra=documented((MIN_SEQUENCE,), path=(DOCUMENT,)))
async def download(request: Request) -> Response:
    """A filed document's bytes, for the member that filed it and for staff."""
    asked = question(request, (DOCUMENT, MIN_SEQUENCE))
    mine = None if asked.principal.staff else by_member("member_id")(asked)

    def work(snapshot: Any) -> Any:
        return records.one(snapshot, Document, (asked.get("document_id"),), mine)

    found = await ask(asked.services, work)
    body = await asked.services.blobs.get(found.sha256) if found is not None else None
    if body is None:
        raise RequestRefused(RequestCode.RESOURCE_UNKNOWN)
    return as_file(body, found.sha256, {"x-media-type": found.media_type})


def as_file(body: bytes, sha256: str, headers: Mapping[str, str] | None = None) -> Response:
    """A file's bytes, never shown as a page of ours, whatever its filer said it is."""
    named = {"content-disposition": f'attachment; filename="{sha256}"', **(headers or {})}
    return Response(body, media_type="application/octet-stream", headers=named)


async def require_uploaded(services: Services, command: Command) -> None:
    """A document is filed when its bytes are here, all of them.

    Refused: document.not_uploaded.
    """
    if isinstance(command, FileDocument) and await services.blobs.size(command.sha256) != command.size_bytes:
        raise RequestRefused(RequestCode.NOT_UPLOADED, f"PUT /v1/documents/content/{command.sha256} first")
