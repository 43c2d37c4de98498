"""The data room of a public sale: a document's bytes for a bidder bound to secrecy, once the view is on record."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.problems import RequestCode, RequestRefused
from api.rest.documents import HASH, as_file
from api.rest.door import submit
from api.rest.reading import Param, documented, question
from exchange.core.ids import BidderId
from exchange.core.messages import Rejected
from matching.sale_messages import ViewDocument

router = APIRouter(prefix="/v1/bidders", tags=["bidders"])

BIDDER = Param("bidder_id", letter="BR")
SHA256 = Param("sha256", text="The document's hash, as the sale names it.")


@router.get("/{bidder_id}/data-room/{sha256}", openapi_extra=documented((), path=(BIDDER, SHA256)))
async def view(request: Request) -> Response:
    """A document of the data room. The view is written down before a byte is sent: who asked, for which, and when."""
    asked = question(request, (BIDDER, SHA256))
    sha256 = asked.get("sha256")
    if not HASH.fullmatch(sha256):
        raise RequestRefused(RequestCode.PARAMETER, "sha256: expected 64 lower-case hex digits")
    command = ViewDocument(bidder_id=BidderId(asked.get("bidder_id")), sha256=sha256)
    outcome = await submit(asked.services, command, asked.principal)
    first = outcome.events[0]
    if isinstance(first, Rejected):
        raise RequestRefused(first.code, first.detail)
    body = await asked.services.blobs.get(sha256)
    if body is None:
        raise RequestRefused(RequestCode.RESOURCE_UNKNOWN)
    return as_file(body, sha256)
