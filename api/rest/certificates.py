"""A holder's certificate of title: JSON with its proofs, HTML or PDF to read, or all in a bundle with the verifier."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

from api.problems import RequestCode, RequestRefused
from api.proofs import certificates, paper, proving, shelf
from api.proofs.certificates import Facts
from api.proofs.printed import page
from api.proofs.shelf import JOURNAL
from api.proofs.statements import sign
from api.rest.journal import own_part
from api.rest.proofs import ACCOUNT, ASSET, answer, checkpoint, own_account, verifier_text
from api.rest.reading import Param, Question, ask, documented, question
from api.rest.titles import recorded_title
from exchange.core.ids import AccountId
from exchange.node.bundles import bundle
from exchange.node.burdens import Burdens, burdens_at_rest

router = APIRouter(prefix="/v1/certificates", tags=["proofs"])

FORM = Param("form", choices=("json", "html", "pdf", "bundle"), text="JSON (the default), to read, or a bundle.")
README = """What is in this bundle

certificate.proof.json  the certificate, with its proofs
certificate.html        the same, to read and to print
certificate.pdf         the same, to file
verifier.py             checks them: python verifier.py BUNDLE.zip KEY

KEY is the first public key of the exchange. Take it from where you trust it, and not from this bundle. Take the
verifier from there too, or read it: it is 150 lines, and needs only Python and its package `cryptography`.
"""


@router.get("/{asset_id}", openapi_extra=documented((ACCOUNT, FORM), path=(ASSET,)))
async def certificate(request: Request) -> Response:
    """What one account holds of one right at the newest head with holdings; for who may view the account."""
    asked = question(request, (ASSET, ACCOUNT, FORM))
    made = await certified(asked)
    form = asked.get("form") or "json"
    if form == "json":
        return answer(made)
    if form == "html":
        return Response(page(made), media_type="text/html; charset=utf-8")
    sheets = await asyncio.to_thread(paper.pdf, made, asked.services.settings.pdf_font)
    if form == "pdf":
        named = f"certificate-{made['asset_id']}-{made['holder']['account_id']}.pdf"
        return Response(sheets, media_type="application/pdf", headers=_saved_as(named))
    files = {
        "certificate.proof.json": json.dumps(made, ensure_ascii=False, indent=1).encode(),
        "certificate.html": page(made).encode(),
        "certificate.pdf": sheets,
        "verifier.py": verifier_text(),
        "README.txt": README.encode(),
    }
    about = f"certificate of title, {made['right']['code']}, {made['holder']['account_id']}"
    private = asked.services.proofs.key.private
    packed = bundle(
        files,
        about=about,
        made_at_ns=made["made_at_ns"],
        key=made["key"],
        keys=made["keys"],
        sign=lambda manifest: sign("bundle", manifest, private),
    )
    named = f"certificate-{made['asset_id']}.zip"
    return Response(packed, media_type="application/zip", headers=_saved_as(named))


def _saved_as(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}


async def certified(asked: Question) -> dict[str, Any]:
    """The signed certificate.

    Refused: resource.unknown. Raises: NodeFault proofs.not_ready, node.restarting.
    """
    account_id, asset_id = own_account(asked), asked.get("asset_id")
    services = asked.services
    key = services.proofs.key

    def held(shelves: Connection) -> tuple[Any, dict[str, Any] | None, list[dict[str, Any]]]:
        kept = checkpoint(shelves)
        proof = proving.holding_proof(shelves, kept, key, account_id, asset_id)
        return kept, proof, shelf.keys(shelves)

    kept, holding, keys = await services.edge.store.run(held)
    found: Facts | None = await ask(
        services,
        lambda snapshot: certificates.facts(snapshot, AccountId(account_id), asset_id, kept.size, recorded_title),
    )
    if found is None or holding is None:
        raise RequestRefused(RequestCode.RESOURCE_UNKNOWN)
    burdens = await burdens_at_rest(services.keeper.sequencer, asset_id)
    for right_id in found.right_ids:
        if right_id != asset_id:
            whole = await burdens_at_rest(services.keeper.sequencer, right_id)
            lying = dict.fromkeys((*burdens.found, *whole.found))  # what reaches the shares too is told once
            burdens = Burdens(whole.sequence, tuple(lying))
    parts = [own_part(asked, entry, frozenset((account_id,))) for entry in found.entries]

    def paths(shelves: Connection) -> list[dict[str, Any]]:
        tiles = shelf.tiles_of(shelves, JOURNAL)
        return [
            {"row": part, "path": proving.path_of_row(tiles, part["sequence"], kept.size)}
            for part in parts
            if part["events"]
        ]

    entries = await services.edge.store.run(paths)
    plain = certificates.unsigned(found, burdens, holding, kept.statement, keys, entries, services.clock.now_ns())
    return sign("certificate", {**plain, "key": key.public}, key.private)
