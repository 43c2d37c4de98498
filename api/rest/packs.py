"""A due-diligence pack to take away: one signed bundle that anybody checks offline, or its cover page."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

from api.exports import packs
from api.exports.packs import Found, TooFar
from api.problems import RequestCode, RequestRefused
from api.proofs import proving, shelf
from api.proofs.shelf import JOURNAL
from api.proofs.statements import sign
from api.rest.journal import proved_part
from api.rest.proofs import newest, verifier_text
from api.rest.reading import Param, Question, ask, documented, question
from custody.packs import Pack, PackState
from exchange.node.bundles import bundle
from exchange.node.ports import NodeFault
from exchange.store.queries import records
from exchange.store.queries.reader import Snapshot

router = APIRouter(prefix="/v1/packs", tags=["packs"])

CASE = Param("case_id", text="The disposal: a deal (D1-200) or a pilot (J1-300).")
FORM = Param("form", choices=("bundle", "html"), text="A zip with all proofs (the default), or its page to read.")


@router.get("/{case_id}/bundle", openapi_extra=documented((FORM,), path=(CASE,)))
async def taken_away(request: Request) -> Response:
    """A pack with its documents' hashes, the rules' texts and the proved rows; for who may view the account.

    What was sealed does not change; only the head it is proved against is the newest.
    """
    asked = question(request, (CASE, FORM))
    found = await _found(asked)
    if asked.get("form") == "html":
        return Response(packs.cover(found.told), media_type="text/html; charset=utf-8")
    key = asked.services.proofs.key
    parts = [part for entry in found.entries if (part := proved_part(asked, entry)) is not None]

    def work(shelves: Connection) -> tuple[dict[str, bytes], list[Any]]:
        kept = newest(shelves)
        tiles, head = shelf.tiles_of(shelves, JOURNAL), proving.head_document(shelves, kept)
        under = [part for part in parts if part["sequence"] <= kept.size]
        if found.pack.state is PackState.SEALED and len(under) < len(parts):
            raise NodeFault("proofs.not_ready", "the sealing is under no signed head yet")
        return {
            f"rows/{part['sequence']:012d}.proof.json": _json(
                {
                    **head,
                    "kind": "inclusion",
                    "row": part,
                    "path": proving.path_of_row(tiles, part["sequence"], kept.size),
                }
            )
            for part in under
        }, shelf.keys(shelves)

    rows, keys = await asked.services.edge.store.run(work)
    files = {
        "pack.json": _json(found.told),
        "cover.html": packs.cover(found.told).encode(),
        "README.txt": packs.README.encode(),
        "verifier.py": verifier_text(),
        **found.rules,
        **rows,
    }
    packed = bundle(
        files,
        about=f"due-diligence pack, {found.pack.case_id}, {found.pack.state.value}",
        made_at_ns=asked.services.clock.now_ns(),
        key=key.public,
        keys=keys,
        sign=lambda manifest: sign("bundle", manifest, key.private),
    )
    named = {"content-disposition": f'attachment; filename="pack-{found.pack.case_id}.zip"'}
    return Response(packed, media_type="application/zip", headers=named)


async def _found(asked: Question) -> Found:
    """The pack, if the reader may view the account that disposes.

    Refused: resource.unknown, read.too_long.
    """
    case_id = asked.get("case_id")

    def read(snapshot: Snapshot) -> Found | None:
        pack = records.one(snapshot, Pack, (case_id,))
        if not isinstance(pack, Pack) or not asked.services.directory.may_view(asked.principal, pack.account_id):
            return None
        return packs.gather(snapshot, pack)

    try:
        found: Found | None = await ask(asked.services, read)
    except TooFar as error:
        raise RequestRefused(RequestCode.READ_TOO_LONG, str(error)) from None
    if found is None:
        raise RequestRefused(RequestCode.RESOURCE_UNKNOWN)
    return found


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
