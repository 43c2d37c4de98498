"""Files on record: bytes first, then the command that names them."""

from __future__ import annotations

import hashlib

from tests.api.rest.exchange import Exchange

DEED = b"The holders share the right as follows."


async def test_a_document_is_uploaded_filed_and_read_back_by_its_own_member(exchange: Exchange) -> None:
    wu, li, ops = await exchange.by("wu"), await exchange.by("li"), await exchange.by("ops")
    sha256 = hashlib.sha256(DEED).hexdigest()
    body = {"sha256": sha256, "size_bytes": len(DEED), "media_type": "text/plain", "title": "Deed"}

    early = await wu.post("/v1/documents", json=body)
    stored = [await wu.put(f"/v1/documents/content/{sha256}", content=DEED) for _ in range(2)]
    wrong_size = await wu.post("/v1/documents", json={**body, "size_bytes": 1})
    filed = await wu.post("/v1/documents", json=body)
    document_id = filed.json()["events"][0]["document"]["document_id"]
    address = f"/v1/documents/{document_id}/content"

    assert (early.status_code, early.json()["code"]) == (409, "document.not_uploaded")
    assert [answer.status_code for answer in stored] == [201, 201]
    assert wrong_size.json()["code"] == "document.not_uploaded"
    assert filed.status_code == 201
    assert (await wu.get(address)).content == (await ops.get(address)).content == DEED
    assert (await li.get(address)).status_code == 404
    assert (await wu.get(address)).headers["content-disposition"].startswith("attachment")


async def test_bytes_with_another_hash_are_refused(exchange: Exchange) -> None:
    wu = await exchange.by("wu")
    sha256 = hashlib.sha256(DEED).hexdigest()

    changed = await wu.put(f"/v1/documents/content/{sha256}", content=DEED + b"!")
    upwards = await wu.put("/v1/documents/content/..%2f..%2fetc", content=DEED)
    nobody = await exchange.client.put(f"/v1/documents/content/{sha256}", content=DEED)
    large = await wu.put(f"/v1/documents/content/{sha256}", content=b"x" * (16 * 1_048_576 + 1))

    assert (changed.status_code, changed.json()["code"]) == (422, "request.digest")
    assert upwards.status_code in {404, 422}
    assert nobody.json()["code"] == "auth.required"
    assert large.json()["code"] == "request.too_large"
    assert await exchange.services.blobs.get(sha256) is None
