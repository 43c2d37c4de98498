"""Who holds an asset, as of any day of effect and any moment of knowledge."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.rest.reading import MIN_SEQUENCE, Param, Question, documented, question
from api.rest.titles import moment, require_day
from custody.accounts import Account, Asset
from custody.register import TitleEntry
from exchange.core.calendar import start_of_day_ns
from exchange.core.ids import AccountId, to_wire
from exchange.core.instruments import AssetKind
from exchange.core.wire_json import show
from exchange.store.queries import records, register
from exchange.store.queries.reader import Snapshot

router = APIRouter(prefix="/v1", tags=["assets"])

ASSET = Param("asset_id", letter="S")
EFFECTIVE = Param("effective_on", text="Who held it at the end of this day (UTC+8), YYYY-MM-DD; else now.")
KNOWN = Param("known_at_ns", text="As the exchange knew it at this moment, in nanoseconds since 1970 (UTC); else now.")
ASKED = (EFFECTIVE, KNOWN, MIN_SEQUENCE)
TIME_ZONE = "Asia/Shanghai"


@router.get(
    "/assets/{asset_id}/holders",
    name="read an asset's holders",
    openapi_extra=documented(ASKED, path=(ASSET,)),
)
async def read_holders(request: Request) -> Response:
    """Who held the asset, which contracts waited for an office, and every line of the register about it by then.

    The day a transfer took effect (`effective_on`) and the moment the exchange knew of it (`known_at_ns`) are asked
    apart; for a fixed moment of knowledge the answer about a day never changes. Of a registered right everybody reads
    the owner; of shares, notes and money a member reads only its own.
    """
    asked = question(request, (ASSET, *ASKED))
    effective_on = asked.get("effective_on") or ""
    require_day(effective_on)
    known_at_ns = moment(asked.get("known_at_ns"))

    def work(snapshot: Snapshot) -> dict[str, Any] | None:
        asset = records.one(snapshot, Asset, (asked.get("asset_id"),))
        if not isinstance(asset, Asset):
            return None
        now = register.head_ns(snapshot)
        known_ns = now if known_at_ns is None else min(known_at_ns, now)
        effective_ns = _end_of(effective_on) if effective_on else known_ns
        held = register.standing_of(snapshot, asset.asset_id, effective_ns, known_ns)
        lines = [line for line in register.entries(snapshot, asset.asset_id) if line.known_at_ns <= known_ns]
        mine = _mine(asked, asset)
        return {
            "item": {
                "asset_id": to_wire("S", asset.asset_id),
                "code": asset.code,
                "title_regime": asset.title_regime.value,
                "total_units": asset.total_units,
                "effective_ns": effective_ns,
                "known_at_ns": known_ns,
                "holders": [
                    _holder(snapshot, account_id, units)
                    for account_id, units in held.holders.items()
                    if mine is None or account_id in mine
                ],
                "contracted": [show(line) for line in held.contracted if _concerns(line, mine)],
                "entries": [show(line) for line in lines if _concerns(line, mine)],
            }
        }

    return await asked.answer(work)


def _mine(asked: Question, asset: Asset) -> list[int] | None:
    """The accounts of which the reader may learn; None: all."""
    return None if asset.kind is AssetKind.RIGHT else asked.accounts


def _concerns(line: TitleEntry, mine: list[int] | None) -> bool:
    return mine is None or line.from_account_id in mine or line.to_account_id in mine


def _holder(snapshot: Snapshot, account_id: AccountId, units: int) -> dict[str, Any]:
    account = records.one(snapshot, Account, (account_id,))
    owner = to_wire("M", account.member_id) if isinstance(account, Account) else ""
    kind = account.kind.value if isinstance(account, Account) else ""
    return {"account_id": to_wire("A", account_id), "member_id": owner, "account_kind": kind, "units": units}


def _end_of(day: str) -> int:
    """The last moment of a day."""
    return start_of_day_ns(date.fromisoformat(day) + timedelta(days=1), TIME_ZONE) - 1
