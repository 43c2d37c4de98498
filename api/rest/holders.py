"""Who holds an asset, as of any day of effect and any moment of knowledge."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.rest.access import require_staff
from api.rest.reading import MIN_SEQUENCE, Param, Question, documented, question
from api.rest.titles import moment, require_day
from custody.accounts import Account, Asset
from custody.register import TitleEntry
from exchange.core.calendar import local_date, start_of_day_ns
from exchange.core.ids import AccountId, to_wire
from exchange.core.instruments import AssetKind
from exchange.core.wire_json import show
from exchange.store.queries import mirrors, records, register
from exchange.store.queries.reader import Snapshot

router = APIRouter(prefix="/v1", tags=["assets"])

ASSET = Param("asset_id", letter="S")
FILE = Param("mirror_file_id", letter="MF")
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
    the owner; of shares, notes and money a member reads only its own. Where another register decides, `mirror` has the
    version of its file that counted for that day; a holder who is no member here is the keyed hash of its name.
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
                "mirror": _mirrored(snapshot, asset.asset_id, effective_ns, known_ns, mine),
            }
        }

    return await asked.answer(work)


@router.get(
    "/mirror-files/{mirror_file_id}/changes",
    name="read what a register file changes",
    openapi_extra=documented((MIN_SEQUENCE,), path=(FILE,)),
)
async def read_changes(request: Request) -> Response:
    """In what a register file differs from the version that counted for its day before it; the staff's."""
    asked = question(request, (FILE, MIN_SEQUENCE))
    require_staff(asked.principal)

    def work(snapshot: Snapshot) -> dict[str, Any] | None:
        found = mirrors.changes_of(snapshot, asked.get("mirror_file_id"))
        if found is None:
            return None
        file, before, changed = found
        return {
            "item": {
                "file": show(file),
                "before": show(before) if before is not None else None,
                "changes": [show(change) for change in changed],
            }
        }

    return await asked.answer(work)


def _mirrored(
    snapshot: Snapshot, asset_id: int, effective_ns: int, known_ns: int, mine: list[int] | None
) -> dict[str, Any] | None:
    """What another register says, by the file that counted; None: nothing of it is mirrored."""
    file = mirrors.file_of(snapshot, asset_id, str(local_date(effective_ns, TIME_ZONE)), known_ns)
    if file is None:
        return None
    return {
        "mirror_file_id": to_wire("MF", file.mirror_file_id),
        "version": file.version,
        "source": file.source,
        "as_of": file.as_of,
        "confirmed_at_ns": file.confirmed_at_ns,
        "total_units": file.total_units,
        "holders": [
            show(line)
            for line in mirrors.lines_of(snapshot, file.mirror_file_id)
            if mine is None or line.account_id in mine
        ],
    }


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
