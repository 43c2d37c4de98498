"""A member's own orders and trades. Placing, replacing and cancelling are commands: see commands.py."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.problems import RequestRefused
from api.rest.reading import MIN_SEQUENCE, PAGED, Param, Question, documented, question
from exchange.core.rejections import RejectCode
from exchange.core.wire_json import show
from exchange.store.queries import market
from exchange.store.queries.reader import Snapshot

router = APIRouter(prefix="/v1", tags=["orders"])

ORDER = Param("order_id", letter="O")
ACCOUNT = Param("account_id", letter="A")
INSTRUMENT = Param("instrument_id", letter="I")
STATUS = Param("status", choices=("open", "filled", "cancelled"), text="`open` has an index of its own and is quick.")


def accounts_asked(asked: Question) -> list[int] | None:
    """The accounts a question is about: one that the reader may view, or all of them.

    Refused: account.not_yours.
    """
    account_id = asked.get("account_id")
    if account_id is None:
        return asked.accounts
    if not asked.services.directory.may_view(asked.principal, account_id):
        raise RequestRefused(RejectCode.ACCOUNT_NOT_YOURS)
    return [account_id]


@router.get("/orders", openapi_extra=documented((ACCOUNT, INSTRUMENT, STATUS, *PAGED)))
async def list_orders(request: Request) -> Response:
    """Orders, newest first. A page may be short and still go on."""
    asked = question(request, (ACCOUNT, INSTRUMENT, STATUS, *PAGED))
    accounts, position = accounts_asked(asked), asked.position()
    instrument_id, status = asked.get("instrument_id"), asked.get("status")

    def work(snapshot: Snapshot) -> dict[str, object]:
        if status == "open":
            found = market.open_orders(snapshot, asked.limit, position, accounts, instrument_id)
        else:
            found = market.orders(snapshot, asked.limit, position, accounts, instrument_id, status)
        return asked.page([show(order) for order in found.records], found.next_before)

    return await asked.answer(work)


@router.get("/orders/{order_id}", openapi_extra=documented((MIN_SEQUENCE,), path=(ORDER,)))
async def read_order(request: Request) -> Response:
    """One order."""
    asked = question(request, (ORDER, MIN_SEQUENCE))
    accounts = asked.accounts

    def work(snapshot: Snapshot) -> dict[str, object] | None:
        found = market.order(snapshot, asked.get("order_id"), accounts)
        return None if found is None else {"item": show(found)}

    return await asked.answer(work)


@router.get("/trades", openapi_extra=documented((ACCOUNT, INSTRUMENT, *PAGED)), tags=["trades"])
async def list_trades(request: Request) -> Response:
    """One's own trades, newest first, each with one's own side. A page may be short and still go on."""
    asked = question(request, (ACCOUNT, INSTRUMENT, *PAGED))
    accounts, position = accounts_asked(asked), asked.position()

    def work(snapshot: Snapshot) -> dict[str, object]:
        found = market.trades(snapshot, asked.limit, position, accounts, asked.get("instrument_id"))
        return asked.page([show(trade) for trade in found.records], found.next_before)

    return await asked.answer(work)
