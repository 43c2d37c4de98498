"""Why did I get 812.40: a holder's parts of one payment of a deal, told from the waterfall itself."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.rest.reading import MIN_SEQUENCE, Param, documented, question
from exchange.store.queries.deal_payments import explanation
from exchange.store.queries.reader import Snapshot

router = APIRouter(prefix="/v1/deal-payments", tags=["deal-payments"])

PAYMENT = Param("payment_id", letter="PM")
ACCOUNT = Param("account_id", letter="A")


@router.get(
    "/{payment_id}/explanations/{account_id}",
    name="explain payment",
    openapi_extra=documented((MIN_SEQUENCE,), path=(PAYMENT, ACCOUNT)),
)
async def explain(request: Request) -> Response:
    """What an account was paid of each class, the sum it is a part of, and every reason in English and Chinese.

    An account's own members, operators and regulators read it; to everybody else there is none.
    """
    asked = question(request, (PAYMENT, ACCOUNT, MIN_SEQUENCE))
    mine, account_id = asked.accounts, asked.get("account_id")

    def work(snapshot: Snapshot) -> dict[str, Any] | None:
        if mine is not None and account_id not in mine:
            return None
        return explanation(snapshot, asked.get("payment_id"), account_id)

    return await asked.answer(work)
