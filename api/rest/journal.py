"""The journal: whole rows for operators and regulators, everybody else their own events, with what proves them.

A row's leaf is hashed over its command's hash and each event's salted hash (exchange.node.codec). Who may see one event
is given its bytes and salt, and of its neighbours the hashes alone, so it can check the leaf and the chain over it
without seeing more. An event that is shown in part carries no bytes: they would tell the rest. So it is, for everybody,
with a row that knows when a call will end: what is secret in it is a hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.problems import RequestCode, RequestRefused
from api.rest.answers import view_of
from api.rest.reading import CURSOR, LIMIT, MIN_SEQUENCE, PAGED, Param, Question, documented, question
from api.views import concerns, is_secret, shown
from exchange.core.ids import KINDS, SHARD, to_wire
from exchange.core.wire import split_events
from exchange.core.wire_json import show
from exchange.node.codec import command_hash, event_hash, event_salt
from exchange.store.queries import journal
from exchange.store.queries.journal import Entry
from exchange.store.queries.reader import Snapshot

router = APIRouter(prefix="/v1", tags=["journal"])

ACCOUNT = Param("account_id", letter="A")
AFTER = Param("after", number=True, text="Rows after this sequence.")
SEQUENCE = Param("sequence", number=True)
MAX_STEPS = 500


@router.get("/journal", openapi_extra=documented((AFTER, LIMIT, MIN_SEQUENCE)))
async def rows(request: Request) -> Response:
    """Whole rows in their order. For operators and regulators; others read their accounts' events."""
    asked = question(request, (AFTER, LIMIT, MIN_SEQUENCE))
    if not asked.principal.staff:
        raise RequestRefused(RequestCode.RESOURCE_UNKNOWN, "read /v1/accounts/{account_id}/events")

    def work(snapshot: Snapshot) -> dict[str, Any]:
        return {"items": [whole(entry) for entry in journal.entries(snapshot, asked.get("after") or 0, asked.limit)]}

    return await asked.answer(work)


@router.get("/journal/{sequence}", openapi_extra=documented((MIN_SEQUENCE,), path=(SEQUENCE,)))
async def row(request: Request) -> Response:
    """One row: whole for operators and regulators, for others their own part of it."""
    asked = question(request, (SEQUENCE, MIN_SEQUENCE))
    accounts = frozenset(asked.accounts or ())

    def work(snapshot: Snapshot) -> dict[str, Any] | None:
        entry = journal.entry(snapshot, asked.get("sequence"))
        if entry is None:
            return None
        if asked.principal.staff:
            return {"item": whole(entry)}
        part = own_part(asked, entry, accounts)
        return {"item": part} if part["events"] else None

    return await asked.answer(work)


@router.get("/accounts/{account_id}/events", openapi_extra=documented(PAGED, path=(ACCOUNT,)))
async def own_events(request: Request) -> Response:
    """What the exchange told one account, newest first, each row with what proves it."""
    asked = question(request, (ACCOUNT, LIMIT, CURSOR, MIN_SEQUENCE))
    account_id = asked.get("account_id")
    if not asked.services.directory.may_view(asked.principal, account_id):
        raise RequestRefused(RequestCode.RESOURCE_UNKNOWN)
    position, accounts = asked.position(), frozenset((account_id,))

    def work(snapshot: Snapshot) -> dict[str, Any]:
        sequence = position if position is not None else journal.last_told(snapshot, account_id)
        found: list[dict[str, Any]] = []
        while sequence and len(found) < min(asked.limit, MAX_STEPS):
            entry = journal.entry(snapshot, sequence)
            if entry is None:
                break
            part = own_part(asked, entry, accounts)
            if part["events"]:
                found.append(part)
            sequence = journal.previous_told(entry.events, account_id)
        return asked.page(found, sequence or None)

    return await asked.answer(work)


def header_of(entry: Entry) -> dict[str, Any]:
    """A row's place, time, and its link in the chain."""
    return {
        "sequence": entry.sequence,
        "epoch": entry.epoch,
        "at_ns": entry.at_ns,
        "format": entry.format,
        "shard": SHARD,
        "engine_version": entry.engine_version,
        "chain": entry.chain.hex(),
    }


def whole(entry: Entry) -> dict[str, Any]:
    """A row as operators and regulators read it."""
    if any(is_secret(event) for event in entry.events):
        return _sealed(entry)
    return {
        **header_of(entry),
        "principal": to_wire(KINDS["UserId"], entry.principal),
        "connection_id": entry.connection_id,
        "key": entry.key,
        "command": show(entry.command),
        "events": [show(event) for event in entry.events],
        "salt": entry.salt.hex(),
        "command_bytes": entry.command_bytes.hex(),
        "events_bytes": entry.events_bytes.hex(),
    }


def _sealed(entry: Entry) -> dict[str, Any]:
    """A row without what is secret in it, and with the hashes by which the rest is proved."""
    encoded = split_events(entry.events_bytes)
    asked_hash = command_hash(entry.principal, entry.connection_id, entry.key.encode(), entry.command_bytes)
    command = {name: value for name, value in show(entry.command).items() if name != "chance"}
    return {
        **header_of(entry),
        "principal": to_wire(KINDS["UserId"], entry.principal),
        "connection_id": entry.connection_id,
        "key": entry.key,
        "command": command,
        "command_hash": asked_hash.hex(),
        "event_hashes": _hashes(entry, encoded),
        "events": [
            {"place": place, "event": show(event), **_proof(entry, encoded, place)}
            for place, event in enumerate(entry.events)
            if not is_secret(event)
        ],
    }


def own_part(asked: Question, entry: Entry, accounts: frozenset[int]) -> dict[str, Any]:
    """The events of a row that concern the reader, and the hashes of the rest."""
    principal = asked.principal
    may_view = view_of(asked.services.directory, principal)
    encoded = split_events(entry.events_bytes)
    asked_hash = command_hash(entry.principal, entry.connection_id, entry.key.encode(), entry.command_bytes)
    told: list[dict[str, Any]] = []
    for place, event in enumerate(entry.events):
        if not concerns(event, accounts, principal.member_id, principal.user_id):
            continue
        seen = shown(event, may_view)
        proof = _proof(entry, encoded, place) if seen == show(event) else {}
        told.append({"place": place, "event": seen, **proof})
    hashes = {"command_hash": asked_hash.hex(), "event_hashes": _hashes(entry, encoded)}
    return {**header_of(entry), **hashes, "events": told}


def proved_part(asked: Question, entry: Entry) -> dict[str, Any] | None:
    """What the reader may see of a row, with every hash that its leaf is made of; None: nothing of it."""
    if asked.principal.staff:
        return _sealed(entry)
    part = own_part(asked, entry, frozenset(asked.accounts or ()))
    return part if part["events"] else None


def _proof(entry: Entry, encoded: Sequence[bytes], place: int) -> dict[str, str]:
    return {"bytes": encoded[place].hex(), "salt": event_salt(entry.salt, place).hex()}


def _hashes(entry: Entry, encoded: Sequence[bytes]) -> list[str]:
    return [event_hash(event_salt(entry.salt, place), event).hex() for place, event in enumerate(encoded)]
