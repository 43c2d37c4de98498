"""A patent lapses, is invalidated, suspended or restored: what that does to listings, orders and contracts.

An invalidated patent is deemed never to have been, but what was performed under it stays, save malice or plain
unfairness: settled transfers are not touched here, and what makes good such a case is settled outside.
Source: 专利法 arts. 44, 47.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import msgspec

from custody.outcomes import Outcome
from exchange.assets.kinds import PatentStatus
from exchange.assets.messages import ChangePatentStatus, PatentStatusChanged, PatentStub
from exchange.core.calendar import local_date
from exchange.core.ids import AssetId
from exchange.core.instruments import Phase
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.engine.documents import refuse_documents
from exchange.engine.listings import end_listing
from exchange.engine.patents import TOLD
from exchange.engine.preservations import freeze_books, unwind
from exchange.engine.rights import OVER, change_patents
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from matching.listing import ListingState
from matching.listing_messages import Listing

SETTABLE = (*TOLD, PatentStatus.EXPIRED)
RETURNS = (PatentStatus.LAPSED_FEE, PatentStatus.SUSPENDED)
"""Ends that an office may take back; from the others nothing returns."""
FOLLOWERS: list[Callable[[ExchangeState, Header, AssetId], list[Event]]] = []
"""What hangs on a whole right, besides its sales: asked at each change; a workflow adds its own step at import."""


def change_patent_status(state: ExchangeState, header: Header, command: ChangePatentStatus) -> list[Event]:
    """Enter the decision, and stop what it stops. Arrives here with two signatures."""
    patent = state.table(PatentStub).get(command.patent_id)
    if patent is None:
        return [Rejected(code=RejectCode.PATENT_UNKNOWN)]
    if (problem := _problem(header, patent, command)) != "":
        return [Rejected(code=RejectCode.PATENT_STATUS_INVALID, detail=problem)]
    venue_id = state.users[header.principal].member_id
    if (refusal := refuse_documents(state, venue_id, (command.document_sha256,))) is not None:
        return [refusal]
    assets = _assets_of(state, patent)
    listings = [each for asset_id in assets if (each := state.find(Listing, asset_id)) is not None]
    for listing in listings:
        instrument = state.instruments.get(listing.instrument_id)
        if instrument is not None and instrument.phase is Phase.SETTLING:
            return [Rejected(code=RejectCode.INSTRUMENT_PHASE, detail="its auction is being settled")]

    state.change()
    changed = msgspec.structs.replace(patent, status=command.status)
    events: list[Event] = [
        PatentStatusChanged(
            patent=changed,
            before=patent.status,
            effective_date=command.effective_date,
            reference=command.reference,
            document_sha256=command.document_sha256,
            reason=command.reason,
        ),
        change_patents(state, (changed,)),
    ]
    if command.status not in OVER and command.status is not PatentStatus.EXPIRED:
        return [*events, *_followed(state, header, patent)]
    reason = f"{patent.number} is {command.status}"
    for asset_id in _rights_of(state, patent):
        events += unwind(state, header, asset_id, reason)
        if command.status is PatentStatus.SUSPENDED:
            events += freeze_books(state, header, asset_id, reason)
    if command.status is not PatentStatus.SUSPENDED:
        for listing in listings:
            to = ListingState.REJECTED if listing.state is ListingState.DRAFT else None
            events += end_listing(state, header, listing, reason, to)
    return [*events, *_followed(state, header, patent)]


def _followed(state: ExchangeState, header: Header, patent: PatentStub) -> list[Event]:
    """What the change means to whatever hangs on the patent's rights."""
    rights = _rights_of(state, patent)
    return [event for asset_id in rights for follow in FOLLOWERS for event in follow(state, header, asset_id)]


def _problem(header: Header, patent: PatentStub, command: ChangePatentStatus) -> str:
    """What of a change makes none; empty if nothing."""
    if command.status not in SETTABLE:
        return f"{command.status} is not told by a decision"
    if command.status is patent.status:
        return f"{patent.number} is {patent.status}"
    ended = patent.status is PatentStatus.EXPIRED or (patent.status in OVER and patent.status not in RETURNS)
    if ended:
        return f"{patent.number} is {patent.status}, for good"
    try:
        effective = date.fromisoformat(command.effective_date)
    except ValueError:
        return f"no such date: {command.effective_date}"
    today = local_date(header.at_ns, VENUE_TIME_ZONE)
    return f"{command.effective_date} is to come" if effective > today else ""


def _rights_of(state: ExchangeState, patent: PatentStub) -> list[AssetId]:
    """The whole rights in custody that the patent is in: its own, and its outcome's."""
    outcome = state.table(Outcome).get(patent.outcome_id)
    found = (patent.right_id, outcome.right_id if outcome is not None else AssetId(0))
    return [asset_id for asset_id in dict.fromkeys(found) if asset_id]


def _assets_of(state: ExchangeState, patent: PatentStub) -> list[AssetId]:
    """What may be listed of it: those rights, and the shares they float as."""
    outcome = state.table(Outcome).get(patent.outcome_id)
    shares = [outcome.share_asset_id] if outcome is not None and outcome.share_asset_id else []
    return [*_rights_of(state, patent), *shares]
