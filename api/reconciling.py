"""From a bank's or register's CSV to its comparison in a running exchange: filed, opened, compared, closed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from api.client import Client, Problem
from custody.reconciliation import MAX_LINES
from exchange.assets.csvrows import read_rows
from exchange.core.ids import from_wire

PLACE = "/v1/reconciliations"
COLUMNS = {"bank_id": ("reference", "amount"), "asset_id": ("account_id", "units")}


class Unread(Exception):  # noqa: N818 - the world's: a file that is no statement
    """A file that is no statement, with the first line that says so."""


def read_statement(body: bytes, subject: str) -> list[dict[str, Any]]:
    """The lines of a statement in rising order, of a bank (reference, amount) or of a register (account_id, units).

    Units: whole minor units, out of the bank negative; whole units of the asset.
    Raises: Unread.
    """
    name, amount = COLUMNS[subject]
    rows = read_rows([body])
    header = next(rows, None)
    columns = [field.strip().lower() for field in header.fields] if header is not None else []
    if name not in columns or amount not in columns:
        raise Unread(f"line 1: expected the columns {name} and {amount}")
    found: dict[Any, dict[str, Any]] = {}
    for row in rows:
        values = dict(zip(columns, row.fields, strict=False))
        key = values.get(name, "").strip()
        try:
            units = int(values.get(amount, "").strip())
            order = from_wire("A", key) if name == "account_id" else key
        except ValueError:
            raise Unread(f"line {row.line}: not a {name} and a whole number") from None
        if row.code is not None or not key or order in found:
            raise Unread(f"line {row.line}: {row.code or ('twice' if order in found else 'empty')}")
        found[order] = {name: key, "amount": units}
    return [found[order] for order in sorted(found)]


async def reconcile(
    client: Client, body: bytes, lines: list[dict[str, Any]], opening: dict[str, Any]
) -> dict[str, Any]:
    """Compare a statement from its first line to its last; answers the statement as it ended, and every difference.

    Raises: Problem, OSError.
    """
    sha256 = await file_statement(client, body, opening["source"])
    answer = await client.post(PLACE, opening | {"statement_sha256": sha256})
    differences: list[Any] = []
    statement = _take(answer, differences)
    for start, part in _slices(lines):
        command = {"reconciliation_id": statement["reconciliation_id"], "from_line": start, "lines": part}
        statement = _take(await client.post(f"{PLACE}/lines", command), differences)
    end = {"reconciliation_id": statement["reconciliation_id"], "lines": len(lines)}
    answer = await client.post(f"{PLACE}/close", end)
    statement = _take(answer, differences)
    suspended = any(event["type"] == "asset.suspended" for event in answer["events"])
    return {"statement": statement, "differences": differences, "suspended": suspended}


async def file_statement(client: Client, body: bytes, source: str) -> str:
    """Put the statement itself on record; the same file may be there already."""
    sha256 = hashlib.sha256(body).hexdigest()
    answer = await client.request("PUT", f"/v1/documents/content/{sha256}", body)
    if answer.status != 201:
        raise Problem(answer.status, msgspec.json.decode(answer.body, type=dict[str, Any]))
    command = {"sha256": sha256, "size_bytes": len(body), "media_type": "text/csv", "title": f"statement of {source}"}
    try:
        await client.post("/v1/documents", command)
    except Problem as problem:
        if problem.code != "document.exists":
            raise
    return sha256


def _slices(lines: list[dict[str, Any]]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    for start in range(0, len(lines), MAX_LINES):
        yield start, lines[start : start + MAX_LINES]


def _take(answer: Any, differences: list[Any]) -> dict[str, Any]:
    """The statement after a step, its differences added to those before."""
    event = next(event for event in answer["events"] if event["type"].startswith("reconciliation."))
    differences += event["differences"]
    found: dict[str, Any] = event["reconciliation"]
    return found
