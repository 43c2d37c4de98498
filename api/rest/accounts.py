"""An account's balances, holdings and statement; and the ledger's own totals, for staff."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.problems import RequestCode, RequestRefused
from api.rest.access import require_staff
from api.rest.reading import CURSOR, LIMIT, MIN_SEQUENCE, Param, Question, documented, question
from exchange.core.wire_json import show
from exchange.store.queries import accounts
from exchange.store.queries.reader import Snapshot

router = APIRouter(prefix="/v1", tags=["accounts"])

ACCOUNT = Param("account_id", letter="A")
ASSET = Param("asset_id", letter="S", required=True)
SEQUENCE = Param("sequence", number=True)


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


@router.get(
    "/accounts/{account_id}/statement",
    openapi_extra=documented((ASSET, LIMIT, CURSOR, MIN_SEQUENCE), path=(ACCOUNT,)),
)
async def statement(request: Request) -> Response:
    """Every movement of one asset, newest first, each with the balance after it (ISO 20022 semt.017, camt.053)."""
    asked = question(request, (ACCOUNT, ASSET, LIMIT, CURSOR, MIN_SEQUENCE))
    require_view(asked)
    position = asked.position()

    def work(snapshot: Snapshot) -> dict[str, object]:
        found = accounts.statement(snapshot, asked.get("account_id"), asked.get("asset_id"), asked.limit, position)
        return asked.page([show(line) for line in found.records], found.next_sequence or None)

    return await asked.answer(work)


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
