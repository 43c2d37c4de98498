"""From an outside register's CSV to a file that waits for its second person: filed, opened, imported, completed."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from typing import Any

from api.client import Client
from api.reconciling import Unread, file_statement
from exchange.assets.csvrows import read_rows
from exchange.core.ids import from_wire
from securitization.mirror import MAX_HOLDERS, MAX_LINES

PLACE = "/v1/mirror-files"
LEAST_KEY_BYTES = 16


def holder_sha256(key: bytes, name: str) -> str:
    """The keyed hash of a holder's name or number in its register, the same in every file read with one key.

    Without the key nobody can try names against it; with another key two files cannot be compared.
    """
    return hmac.new(key, unicodedata.normalize("NFC", name.strip()).encode(), hashlib.sha256).hexdigest()


def read_register(body: bytes, key: bytes) -> list[dict[str, Any]]:
    """The lines of a register file by the hash of their holders: columns holder, units, and account_id if it is there.

    Units: whole units of the asset, above zero.
    Raises: Unread.
    """
    if len(key) < LEAST_KEY_BYTES:
        raise Unread(f"the key has {len(key)} bytes, at least {LEAST_KEY_BYTES} are needed")
    rows = read_rows([body])
    header = next(rows, None)
    columns = [field.strip().lower() for field in header.fields] if header is not None else []
    if "holder" not in columns or "units" not in columns:
        raise Unread("line 1: expected the columns holder and units")
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        values = dict(zip(columns, (field.strip() for field in row.fields), strict=False))
        name, account = values.get("holder", ""), values.get("account_id", "")
        try:
            units = int(values.get("units", ""))
            if account:
                from_wire("A", account)
        except ValueError:
            raise Unread(f"line {row.line}: not whole units, or no account") from None
        holder = holder_sha256(key, name)
        problem = row.code or ("empty" if not name else "twice" if holder in found else "no units" if units < 1 else "")
        if problem:
            raise Unread(f"line {row.line}: {problem}")
        found[holder] = {"holder_sha256": holder, "units": units} | ({"account_id": account} if account else {})
    if not 1 <= len(found) <= MAX_HOLDERS:
        raise Unread(f"{len(found)} holders, from 1 to {MAX_HOLDERS} are read")
    return [found[holder] for holder in sorted(found)]


async def mirror(client: Client, body: bytes, lines: list[dict[str, Any]], opening: dict[str, Any]) -> dict[str, Any]:
    """Bring a file in, up to its completion; answers what it changes. Another operator confirms it.

    Raises: Problem, OSError. A file that was refused half-way stays open until it is discarded.
    """
    sha256 = await file_statement(client, body, opening["source"])
    totals = {"holders": len(lines), "total_units": sum(line["units"] for line in lines)}
    answer = await client.post(PLACE, opening | totals | {"file_sha256": sha256})
    file_id = answer["events"][0]["file"]["mirror_file_id"]
    for part, start in enumerate(range(0, len(lines), MAX_LINES), 1):
        command = {"mirror_file_id": file_id, "part": part, "lines": lines[start : start + MAX_LINES]}
        await client.post(f"{PLACE}/lines", command)
    await client.post(f"{PLACE}/complete", {"mirror_file_id": file_id})
    found: dict[str, Any] = (await client.get(f"{PLACE}/{file_id}/changes"))["item"]
    return found
