"""Signed heads and the proofs under them. Heads, keys and growth are for everybody: a witness needs no account.

A row's proof is given to whoever may read the row (`/v1/journal`), a holding's to whoever may view the account.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

import api.proofs
from api.problems import RequestCode, RequestRefused
from api.proofs import proving, shelf
from api.proofs.shelf import JOURNAL, KeptHead
from api.rest.access import require_operator
from api.rest.answers import encode as encoded
from api.rest.journal import proved_part
from api.rest.reading import LIMIT, MIN_SEQUENCE, Param, Question, ask, documented, question
from exchange.node.ports import NodeFault
from exchange.store.queries import journal

router = APIRouter(prefix="/v1/proofs", tags=["proofs"])

AFTER = Param("after", number=True, text="Heads after this number.")
SEQUENCE = Param("sequence", number=True, required=True)
SIZE = Param("size", number=True, text="Under the head over this many rows; without it, under the newest.")
FIRST = Param("first", number=True, required=True, text="The size of the earlier head.")
SECOND = Param("second", number=True, text="The size of the later head; without it, the newest.")
ASSET = Param("asset_id", letter="S")
ACCOUNT = Param("account_id", letter="A", required=True)


@router.get("/head", openapi_extra=documented((), public=True))
async def head(request: Request) -> Response:
    """The newest signed head, with every key that ever signed one."""
    asked = question(request, (), public=True)
    return answer(await asked.services.edge.store.run(lambda shelves: proving.head_document(shelves, newest(shelves))))


@router.get("/heads", openapi_extra=documented((AFTER, LIMIT), public=True))
async def heads(request: Request) -> Response:
    """Signed heads in the order of their numbers; each names the one before by its hash."""
    asked = question(request, (AFTER, LIMIT), public=True)

    def work(shelves: Connection) -> dict[str, Any]:
        found = shelf.heads(shelves, asked.get("after") or 0, asked.limit)
        items = [{**kept.statement, "given_up": kept.given_up} for kept in found]
        return {"items": items, "keys": shelf.keys(shelves)}

    return answer(await asked.services.edge.store.run(work))


@router.post("/head", status_code=201)
async def sign_head(request: Request) -> Response:
    """Sign a head over all rows and all holdings now, without waiting for the interval. For operators."""
    asked = question(request, ())
    require_operator(asked.principal)
    await asked.services.proofs.step(checkpoint=True)
    found = await asked.services.edge.store.run(lambda shelves: proving.head_document(shelves, newest(shelves)))
    return answer(found, 201)


@router.post("/keys", status_code=201)
async def rotate_key(request: Request) -> Response:
    """Replace the key that signs heads by a new one, which the old one signs. For operators."""
    asked = question(request, ())
    require_operator(asked.principal)
    return answer(await asked.services.proofs.rotate(), 201)


@router.get("/inclusion", openapi_extra=documented((SEQUENCE, SIZE, MIN_SEQUENCE)))
async def included(request: Request) -> Response:
    """That a row is under a head: the row as far as the reader may see it, and the path to the root."""
    asked = question(request, (SEQUENCE, SIZE, MIN_SEQUENCE))
    sequence = asked.get("sequence")
    entry = await ask(asked.services, lambda snapshot: journal.entry(snapshot, sequence))
    part = proved_part(asked, entry) if entry is not None else None
    if part is None:
        raise RequestRefused(RequestCode.RESOURCE_UNKNOWN)

    def work(shelves: Connection) -> dict[str, Any]:
        kept = of_size(shelves, asked.get("size"))
        if sequence > kept.size:
            raise RequestRefused(RequestCode.RESOURCE_UNKNOWN, f"row {sequence} is under no head yet")
        path = proving.path_of_row(shelf.tiles_of(shelves, JOURNAL), sequence, kept.size)
        return {**proving.head_document(shelves, kept), "kind": "inclusion", "row": part, "path": path}

    return answer(await asked.services.edge.store.run(work))


@router.get("/consistency", openapi_extra=documented((FIRST, SECOND), public=True))
async def consistent(request: Request) -> Response:
    """That the later of two heads only adds rows to the earlier one."""
    asked = question(request, (FIRST, SECOND), public=True)

    def work(shelves: Connection) -> dict[str, Any]:
        first, second = of_size(shelves, asked.get("first")), of_size(shelves, asked.get("second"))
        if first.size > second.size:
            raise RequestRefused(RequestCode.PARAMETER, "first: expected at most second")
        return proving.consistency_document(shelves, first, second)

    return answer(await asked.services.edge.store.run(work))


@router.get("/holdings/{asset_id}", openapi_extra=documented((ACCOUNT,), path=(ASSET,)))
async def held(request: Request) -> Response:
    """What an account holds of an asset at the newest head with holdings, or that it holds nothing of it."""
    asked = question(request, (ASSET, ACCOUNT))
    account_id, asset_id = own_account(asked), asked.get("asset_id")
    key = asked.services.proofs.key

    def work(shelves: Connection) -> dict[str, Any] | None:
        kept = checkpoint(shelves)
        proof = proving.holding_proof(shelves, kept, key, account_id, asset_id)
        if proof is None:
            return None
        names = proving.names_of(account_id, asset_id)
        return {**proving.head_document(shelves, kept), **names, "kind": "holding", "holding": proof}

    return answer(await asked.services.edge.store.run(work))


@router.get("/verifier", openapi_extra=documented((), public=True))
async def verifier(request: Request) -> Response:
    """The program that checks all of this offline: one file, the standard library and `cryptography`."""
    question(request, (), public=True)
    named = {"content-disposition": 'attachment; filename="verifier.py"'}
    return Response(verifier_text(), media_type="text/plain; charset=utf-8", headers=named)


@lru_cache(1)
def verifier_text() -> bytes:
    """The verifier, as it is shipped."""
    return (Path(api.proofs.__file__).parent / "verifier.py").read_bytes()


def own_account(asked: Question) -> int:
    """The account asked about.

    Refused: resource.unknown if it is not the reader's to view.
    """
    account_id = asked.get("account_id")
    if not asked.services.directory.may_view(asked.principal, account_id):
        raise RequestRefused(RequestCode.RESOURCE_UNKNOWN)
    return int(account_id)


def newest(shelves: Connection) -> KeptHead:
    """The newest head.

    Raises: NodeFault proofs.not_ready before the first one.
    """
    found = shelf.newest_head(shelves, standing=True)
    if found is None:
        raise NodeFault("proofs.not_ready", "no head is signed yet")
    return found


def checkpoint(shelves: Connection) -> KeptHead:
    """The newest head with holdings.

    Raises: NodeFault proofs.not_ready before the first one.
    """
    found = shelf.newest_head(shelves, standing=True, with_holdings=True)
    if found is None:
        raise NodeFault("proofs.not_ready", "no head with holdings is signed yet")
    return found


def of_size(shelves: Connection, size: int | None) -> KeptHead:
    """The head over so many rows; the newest if none is named.

    Refused: resource.unknown.
    """
    found = shelf.head_of_size(shelves, size) if size is not None else newest(shelves)
    if found is None:
        raise RequestRefused(RequestCode.RESOURCE_UNKNOWN, "no head is over so many rows: see /v1/proofs/heads")
    return found


def answer(found: dict[str, Any] | None, status: int = 200) -> Response:
    """A document as JSON.

    Refused: resource.unknown if there is none.
    """
    if found is None:
        raise RequestRefused(RequestCode.RESOURCE_UNKNOWN)
    return Response(encoded(found), status, media_type="application/json")
