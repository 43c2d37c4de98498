"""An account's balances, holdings and statement; and the ledger's own totals, for staff."""

from __future__ import annotations

import asyncio
from datetime import date

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from api.exports import printed, semt, tabular
from api.exports.gathered import Asked, Statement, TooLong, gather
from api.problems import RequestCode, RequestRefused
from api.rest.access import require_staff
from api.rest.reading import CURSOR, LIMIT, MIN_SEQUENCE, Param, Question, ask, documented, question
from exchange.core.wire_json import show
from exchange.store.queries import accounts
from exchange.store.queries.reader import Snapshot

router = APIRouter(prefix="/v1", tags=["accounts"])

ACCOUNT = Param("account_id", letter="A")
ASSET = Param("asset_id", letter="S", required=True)
SEQUENCE = Param("sequence", number=True)
ONE_ASSET = Param("asset_id", letter="S", text="One asset; a file without it tells of all.")
FORMAT = Param("format", choices=("csv", "parquet", "pdf", "xml"), text="A file over `from` to `until`, not a page.")
FROM = Param("from", text="The first day, as 2026-03-01, in the venue's time zone.")
UNTIL = Param("until", text="The last day, which is included.")
AS_OF = Param("as_of_sequence", number=True, text="Leave out what came after this row of the journal.")
STATEMENT = (ONE_ASSET, FORMAT, FROM, UNTIL, AS_OF, LIMIT, CURSOR, MIN_SEQUENCE)
LONGEST_DAYS = 3_660


def require_view(asked: Question) -> None:
    """Refused: resource.unknown, unless the reader may view the account; whose it is, is not told."""
    if not asked.services.directory.may_view(asked.principal, asked.get("account_id")):
        raise RequestRefused(RequestCode.RESOURCE_UNKNOWN)


async def _holdings(request: Request, money: bool | None) -> Response:
    asked = question(request, (ACCOUNT, MIN_SEQUENCE))
    require_view(asked)

    def work(snapshot: Snapshot) -> dict[str, object]:
        found = accounts.holdings(snapshot, asked.get("account_id"), money=money)
        return {"items": [show(holding) for holding in found]}

    return await asked.answer(work)


@router.get("/accounts/{account_id}/balances", openapi_extra=documented((MIN_SEQUENCE,), path=(ACCOUNT,)))
async def balances(request: Request) -> Response:
    """All the account has and has promised, money and rights."""
    return await _holdings(request, None)


@router.get("/accounts/{account_id}/holdings", openapi_extra=documented((MIN_SEQUENCE,), path=(ACCOUNT,)))
async def holdings(request: Request) -> Response:
    """The rights, shares and notes the account has (ISO 20022 semt.002)."""
    return await _holdings(request, money=False)


@router.get("/accounts/{account_id}/statement", openapi_extra=documented(STATEMENT, path=(ACCOUNT,)))
async def statement(request: Request) -> Response:
    """Every movement of one asset, newest first, each with the balance after it (ISO 20022 semt.017, camt.053).

    With `format`, a file instead: of some days, with opening and closing balances and each movement's reason.
    """
    asked = question(request, (ACCOUNT, *STATEMENT))
    require_view(asked)
    if asked.get("format"):
        return await _file(asked)
    for name in ("from", "until", "as_of_sequence"):
        if asked.get(name) is not None:
            raise RequestRefused(RequestCode.PARAMETER, f"{name}: only with format")
    if asked.get("asset_id") is None:
        raise RequestRefused(RequestCode.PARAMETER, "asset_id: missing")
    position = asked.position()

    def work(snapshot: Snapshot) -> dict[str, object]:
        found = accounts.statement(snapshot, asked.get("account_id"), asked.get("asset_id"), asked.limit, position)
        return asked.page([show(line) for line in found.records], found.next_sequence or None)

    return await asked.answer(work)


async def _file(asked: Question) -> Response:
    """The statement of some days as a file.

    Refused: request.parameter, statement.too_long, statement.format_unavailable.
    """
    wanted = _wanted(asked)
    await asked.wait()
    if wanted.as_of_sequence is not None and wanted.as_of_sequence > asked.services.sequence:
        raise RequestRefused(RequestCode.PARAMETER, "as_of_sequence: the journal is not that long")
    try:
        told: Statement | None = await ask(asked.services, lambda snapshot: gather(snapshot, wanted))
    except TooLong as error:
        raise RequestRefused(RequestCode.STATEMENT_TOO_LONG, str(error)) from None
    if told is None:
        raise RequestRefused(RequestCode.RESOURCE_UNKNOWN)
    form = asked.get("format")
    headers = {"content-disposition": f'attachment; filename="{told.identifier}.{form}"'}
    if form == "csv":
        return StreamingResponse(tabular.csv_chunks(told), media_type="text/csv; charset=utf-8", headers=headers)
    make, media_type = {
        "parquet": (tabular.parquet, "application/vnd.apache.parquet"),
        "pdf": (lambda told: printed.pdf(told, asked.services.settings.pdf_font), "application/pdf"),
        "xml": (semt.xml, "application/xml"),
    }[form]
    try:
        made = await asyncio.to_thread(make, told)
    except tabular.NoParquet:
        raise RequestRefused(RequestCode.FORMAT_UNAVAILABLE) from None
    return Response(made, media_type=media_type, headers=headers)


def _wanted(asked: Question) -> Asked:
    """The period asked about; the member's name is told to its own people alone.

    Refused: request.parameter.
    """
    days: list[date] = []
    for name in ("from", "until"):
        try:
            days.append(date.fromisoformat(asked.get(name) or ""))
        except ValueError:
            raise RequestRefused(RequestCode.PARAMETER, f"{name}: expected a day, as 2026-03-01") from None
    first, last = days
    if not (first.year >= 1971 and first <= last and last.year < 2200 and (last - first).days < LONGEST_DAYS):
        raise RequestRefused(RequestCode.PARAMETER, f"until: expected from {first} to {LONGEST_DAYS} days later")
    if asked.get("limit") is not None or asked.get("cursor") is not None:
        raise RequestRefused(RequestCode.PARAMETER, "limit, cursor: a file has no pages")
    account = asked.services.directory.accounts.get(asked.get("account_id"))
    names = account is not None and account.member_id == asked.principal.member_id
    return Asked(asked.get("account_id"), first, last, asked.get("as_of_sequence"), asked.get("asset_id"), names)


@router.get("/ledger", openapi_extra=documented((MIN_SEQUENCE,)), tags=["ledger"])
async def totals(request: Request) -> Response:
    """Every asset over all accounts; each sums to zero. For operators and regulators."""
    asked = question(request, (MIN_SEQUENCE,))
    require_staff(asked.principal)
    return await asked.answer(lambda snapshot: {"items": [show(total) for total in accounts.totals(snapshot)]})


@router.get("/ledger/{sequence}", openapi_extra=documented((MIN_SEQUENCE,), path=(SEQUENCE,)), tags=["ledger"])
async def postings(request: Request) -> Response:
    """Every posting of one command. For operators and regulators."""
    asked = question(request, (SEQUENCE, MIN_SEQUENCE))
    require_staff(asked.principal)

    def work(snapshot: Snapshot) -> dict[str, object]:
        return {"items": [show(line) for line in accounts.postings(snapshot, asked.get("sequence"))]}

    return await asked.answer(work)
