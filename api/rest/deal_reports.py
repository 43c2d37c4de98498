"""Investor reports of a serviced deal: one for each payment, one for each year, every figure with its source."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.disclosure.facts import NoReport
from api.disclosure.flat import flat
from api.disclosure.page import page
from api.disclosure.printed import pdf
from api.disclosure.report import report_of
from api.problems import RequestCode, RequestRefused
from api.rest.reading import MIN_SEQUENCE, Param, ask, documented, question
from exchange.store.queries import records
from exchange.store.queries.deal_readers import may_read
from exchange.store.queries.reader import Snapshot
from securitization.deal_terms import MAX_PERIODS
from securitization.disclosure import Report, report_hash, report_text
from securitization.servicing_messages import Servicing

router = APIRouter(prefix="/v1/servicings", tags=["servicings"])

SERVICING = Param("servicing_id", letter="SV")
PERIOD = Param("period", number=True, maximum=MAX_PERIODS, text="The period whose payment is told, from 1.")
YEAR = Param("year", number=True, maximum=2_200, text="The year of the payment dates.")
FORM = Param("form", choices=("json", "csv", "html", "pdf"), text="JSON (the default), CSV, a page, or pages to print.")
REFUSED = {
    "report.not_paid": RequestCode.REPORT_NOT_PAID,
    "report.no_payment": RequestCode.REPORT_NO_PAYMENT,
    "report.too_long": RequestCode.READ_TOO_LONG,
}


@dataclass(frozen=True, slots=True)
class Made:
    """A report as it is sent."""

    body: bytes
    media_type: str
    sha256: str


@router.get(
    "/{servicing_id}/reports/year/{year}",
    name="report of a year",
    openapi_extra=documented((FORM, MIN_SEQUENCE), path=(SERVICING, YEAR)),
)
async def of_year(request: Request) -> Response:
    """What the holders are told of all payments of a year that are over, by the chapters of SSE guideline no. 5.

    The deal's parties, whoever holds its notes or was paid on them, operators and regulators read it; to everybody else
    there is none. `x-report-sha256` is the hash of the JSON.
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
        return _made(report, form)

    found: Made | NoReport | None = await ask(asked.services, work)
    if found is None:
        raise RequestRefused(RequestCode.RESOURCE_UNKNOWN)
    if isinstance(found, NoReport):
        raise RequestRefused(REFUSED[found.code], str(found))
    name = f"report-{of.name}-{number}.{form}"
    headers = {"x-report-sha256": found.sha256, "content-disposition": f'inline; filename="{name}"'}
    return Response(found.body, media_type=found.media_type, headers=headers)


def _made(report: Report, form: str) -> Made:
    sha256 = report_hash(report)
    match form:
        case "csv":
            return Made(flat(report).encode(), "text/csv; charset=utf-8", sha256)
        case "html":
            return Made(page(report).encode(), "text/html; charset=utf-8", sha256)
        case "pdf":
            return Made(pdf(report), "application/pdf", sha256)
        case _:
            return Made(report_text(report).encode(), "application/json", sha256)
