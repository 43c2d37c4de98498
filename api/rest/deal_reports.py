"""Investor reports of a serviced deal: one for each payment, one for each year, every figure with its source."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

from api.disclosure.facts import NoReport
from api.disclosure.flat import flat
from api.disclosure.page import about, page
from api.disclosure.printed import pdf
from api.disclosure.report import report_of
from api.disclosure.wording import rows_under
from api.problems import RequestCode, RequestRefused
from api.proofs import proving, shelf
from api.proofs.statements import Statement, sign
from api.rest.journal import proved_part
from api.rest.proofs import newest, verifier_text
from api.rest.reading import MIN_SEQUENCE, Param, Question, ask, documented, question
from exchange.node.bundles import bundle
from exchange.store.queries import journal, records
from exchange.store.queries.deal_payments import published
from exchange.store.queries.deal_readers import may_read
from exchange.store.queries.journal import Entry
from exchange.store.queries.reader import Snapshot
from securitization.deal_terms import MAX_PERIODS
from securitization.disclosure import Report, report_hash, report_text
from securitization.servicing_records import Servicing

router = APIRouter(prefix="/v1/servicings", tags=["servicings"])

SERVICING = Param("servicing_id", letter="SV")
PERIOD = Param("period", number=True, maximum=MAX_PERIODS, text="The period whose payment is told, from 1.")
YEAR = Param("year", number=True, maximum=2_200, text="The year of the payment dates.")
FORM = Param(
    "form",
    choices=("json", "csv", "html", "pdf", "bundle"),
    text="JSON (the default), CSV, a page, pages to print, or a signed bundle with proofs.",
)
MEDIA = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
}
MOST_ROWS = 500
"""Rows of the journal proved in one bundle; the report itself names all of them."""
README = """What is in this bundle

report.json          the report; its SHA-256 is what a page of it names
report.csv           its figures, a line a cell
report.html          the same to read
rows/*.proof.json    each row of the journal that the report rests on and you may see, proved against a signed head
verifier.py          checks all of it: python verifier.py BUNDLE.zip KEY

The manifest is signed by the exchange and dated: it shows what you were told, and when. KEY is the first public key of
the exchange. Take it from where you trust it, and not from this bundle.
"""
REFUSED = {
    "report.not_paid": RequestCode.REPORT_NOT_PAID,
    "report.no_payment": RequestCode.REPORT_NO_PAYMENT,
    "report.too_long": RequestCode.READ_TOO_LONG,
}


@dataclass(frozen=True, slots=True)
class Made:
    """A report written in one form, or in those of a bundle, with the rows that the bundle proves."""

    told: str
    sha256: str
    files: dict[str, bytes]
    entries: tuple[Entry, ...] = ()
    published: str = ""
    """The hash that its issuer put on record; of a payment's report that was published."""


@router.get(
    "/{servicing_id}/reports/year/{year}",
    name="report of a year",
    openapi_extra=documented((FORM, MIN_SEQUENCE), path=(SERVICING, YEAR)),
)
async def of_year(request: Request) -> Response:
    """What the holders are told of all payments of a year that are over, by the chapters of SSE guideline no. 5.

    The deal's parties, whoever holds its notes or was paid on them, operators and regulators read it; to everybody else
    there is none. `x-report-sha256` is the hash of the JSON; of a payment's report, `x-report-published` is the one its
    issuer put on record, once it did. A bundle is signed and dated by the exchange, and proves
    the rows that the reader may see.
    """
    return await _answered(request, YEAR)


@router.get(
    "/{servicing_id}/reports/{period}",
    name="report of a payment",
    openapi_extra=documented((FORM, MIN_SEQUENCE), path=(SERVICING, PERIOD)),
)
async def of_payment(request: Request) -> Response:
    """What the holders are told of one payment that is over; readers and forms as for a year's.

    The same bytes whenever it is asked for: nothing after the payment's last row is in it.
    """
    return await _answered(request, PERIOD)


async def _answered(request: Request, of: Param) -> Response:
    """Make the report in a thread.

    Refused: resource.unknown, report.not_paid, report.no_payment, read.too_long.
    """
    asked = question(request, (SERVICING, of, FORM, MIN_SEQUENCE))
    await asked.wait()
    mine, number, form = asked.accounts, int(asked.get(of.name)), asked.get("form") or "json"

    def work(snapshot: Snapshot) -> Made | NoReport | None:
        servicing = records.one(snapshot, Servicing, (asked.get("servicing_id"),))
        if not isinstance(servicing, Servicing) or not (mine is None or may_read(snapshot, servicing, mine)):
            return None
        if not number:
            return NoReport("report.no_payment", "they are counted from 1")
        try:
            period, year = (number, 0) if of is PERIOD else (0, number)
            report = report_of(snapshot, servicing, period=period, year=year)
        except NoReport as refused:
            return refused
        duty = published(snapshot, servicing, period) if period else None
        return _made(snapshot, report, form, duty.report_sha256 if duty is not None else "")

    found: Made | NoReport | None = await ask(asked.services, work)
    if found is None:
        raise RequestRefused(RequestCode.RESOURCE_UNKNOWN)
    if isinstance(found, NoReport):
        raise RequestRefused(REFUSED[found.code], str(found))
    body = await _bundled(asked, found) if form == "bundle" else found.files[form]
    suffix, media_type = ("zip", "application/zip") if form == "bundle" else (form, MEDIA[form])
    named = f'inline; filename="report-{of.name}-{number}.{suffix}"'
    headers = {"x-report-sha256": found.sha256, "content-disposition": named}
    if found.published:
        headers["x-report-published"] = found.published
    return Response(body, media_type=media_type, headers=headers)


def _made(snapshot: Snapshot, report: Report, form: str, on_record: str) -> Made:
    forms = ("json", "csv", "html") if form == "bundle" else (form,)
    files = {one: _written(report, one) for one in forms}
    rows = rows_under(report)[:MOST_ROWS] if form == "bundle" else []
    entries = tuple(entry for sequence in rows if (entry := journal.entry(snapshot, sequence)) is not None)
    return Made(f"{report.servicing}, {about(report)[0]}", report_hash(report), files, entries, on_record)


def _written(report: Report, form: str) -> bytes:
    match form:
        case "csv":
            return flat(report).encode()
        case "html":
            return page(report).encode()
        case "pdf":
            return pdf(report)
        case _:
            return report_text(report).encode()


async def _bundled(asked: Question, made: Made) -> bytes:
    """The report in a signed zip, with the rows that the reader may see, each proved against the newest head.

    Raises: NodeFault proofs.not_ready.
    """
    parts = [part for entry in made.entries if (part := proved_part(asked, entry)) is not None]

    def work(shelves: Connection) -> tuple[dict[str, bytes], list[Statement]]:
        kept = newest(shelves)
        tiles, head = shelf.tiles_of(shelves, shelf.JOURNAL), proving.head_document(shelves, kept)
        under = [part for part in parts if part["sequence"] <= kept.size]
        return {f"rows/{part['sequence']:012d}.proof.json": _proved(tiles, head, part, kept.size) for part in under}, (
            shelf.keys(shelves)
        )

    rows, keys = await asked.services.edge.store.run(work)
    files = {f"report.{form}": body for form, body in made.files.items()}
    files |= {"README.txt": README.encode(), "verifier.py": verifier_text(), **rows}
    key = asked.services.proofs.key
    return bundle(
        files,
        about=f"investor report, {made.told}, sha256 {made.sha256}",
        made_at_ns=asked.services.clock.now_ns(),
        key=key.public,
        keys=keys,
        sign=lambda manifest: sign("bundle", manifest, key.private),
    )


def _proved(tiles: Any, head: dict[str, Any], part: dict[str, Any], size: int) -> bytes:
    path = proving.path_of_row(tiles, part["sequence"], size)
    return json.dumps({**head, "kind": "inclusion", "row": part, "path": path}, ensure_ascii=False, indent=1).encode()
