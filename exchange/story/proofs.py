"""Chapter of proofs: a witness keeps heads; certificate and pack are checked by a program that knows no exchange."""

from __future__ import annotations

import asyncio

from api.client_http import Http
from api.proofs.witness import Kept, NotWitnessed, look, read_kept, write_kept
from exchange.story.offline import check, forged
from exchange.story.stage import Stage, StoryBroken

CERTIFICATE = "certificate.proof.json"
WITNESS = "witness.json"


async def begin_to_witness(stage: Stage) -> None:
    """Somebody without an account notes the exchange's key and its first head, in a file of its own."""
    await stage.clients["operator"].post("/v1/proofs/head", {})
    kept = await _witness(stage)
    stage.tell(
        "witness_begins",
        {"heads": len(kept.heads), "rows": _rows(kept)},
        f"A witness without an account notes the exchange's key and a signed head over {_rows(kept)} rows.",
    )


async def prove_offline(stage: Stage) -> None:
    """The buyer's certificate, the sealed pack and the journal's growth hold; a changed certificate does not."""
    await stage.clients["operator"].post("/v1/proofs/head", {})
    kept = await _witness(stage)
    key: str = kept.keys[0]["public_key"]
    sold, case_id = stage.facts["contracted"], stage.figures["pack"]["case_id"]
    buyer = sold["buyer"]
    place = f"/v1/certificates/{sold['asset_id']}?account_id={buyer['account_id']}&form=bundle"
    certificate = await _take(stage, buyer["user"], place)
    pack = await _take(stage, "university", f"/v1/packs/{case_id}/bundle")
    verifier = await _take(stage, "regulator", "/v1/proofs/verifier")
    other_owner = forged(certificate, CERTIFICATE, buyer["account_id"].encode(), sold["seller"]["account_id"].encode())
    proved, packed, refuted = await asyncio.gather(
        *(check(verifier, file, key) for file in (certificate, pack, other_owner))
    )
    if not (proved[0] and packed[0]) or refuted[0]:
        raise StoryBroken(f"offline: {proved[1]}; {packed[1]}; {refuted[1]}")
    stage.tell(
        "certificate",
        {"asset_id": sold["asset_id"], "proved": proved[1], "pack_proved": packed[1], "forged": refuted[1]},
        f"The buyer of {sold['seller']['patent']['number']} takes a certificate of title. A program that knows nothing "
        "of the exchange but its key, in an empty folder, says: " + proved[1] + ".",
        "It proves the pack too. Of a certificate in which somebody put another account it says: " + refuted[1] + ".",
    )
    stage.tell(
        "witness",
        {"heads": len(kept.heads), "rows": _rows(kept), "caught": await _caught(stage, kept)},
        f"The witness looks again: {len(kept.heads)} heads, the newest over {_rows(kept):,} rows, and it only adds.",
    )


async def _witness(stage: Stage) -> Kept:
    """One look by the witness, as `exchange witness` has it; answers what it has kept."""
    file = stage.folder / WITNESS
    kept = await asyncio.to_thread(read_kept, file)
    await _look(stage, kept)
    await asyncio.to_thread(write_kept, file, kept)
    return kept


async def _look(stage: Stage, kept: Kept) -> None:
    """Ask without an account for the newest head, and that it only adds to what was kept.

    Raises: NotWitnessed.
    """
    http = Http(stage.base_url)
    try:
        await look(http, kept)
    finally:
        await http.close()


async def _caught(stage: Stage, kept: Kept) -> str:
    """What somebody says who was once shown another history than this one.

    Raises: StoryBroken if it is content.
    """
    other = Kept(kept.keys, [{**kept.heads[0], "root": "00" * 32}])
    try:
        await _look(stage, other)
    except NotWitnessed as sentence:
        return str(sentence)
    raise StoryBroken("another history was not noticed")


async def _take(stage: Stage, user: str, path: str) -> bytes:
    """A file, as this user is given it.

    Raises: StoryBroken.
    """
    answer = await stage.clients[user].request("GET", path)
    if answer.status != 200:
        raise StoryBroken(f"{path} answered {answer.status}: {answer.body[:200]!r}")
    return answer.body


def _rows(kept: Kept) -> int:
    """How many rows of the journal the newest kept head is over."""
    rows: int = kept.heads[-1]["size"]
    return rows
