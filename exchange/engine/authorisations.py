"""An authority's leave, on record: asked wherever something begins in a market of a licensed profile."""

from __future__ import annotations

import msgspec

from exchange.core.authorisations import (
    Authorisation,
    AuthorisationRecorded,
    AuthorisationWithdrawn,
    RecordAuthorisation,
    WithdrawAuthorisation,
)
from exchange.core.calendar import local_date
from exchange.core.ids import AuthorisationId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.rule_messages import Published, PublishedKind
from exchange.engine.documents import refuse_documents
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.rulebook.profile import Profile, cite
from exchange.rulebook.texts import is_date


def record_authorisation(state: ExchangeState, header: Header, command: RecordAuthorisation) -> list[Event]:
    """Keep it. Arrives here with two signatures."""
    published = state.table(Published).values()
    if not any(text.kind is PublishedKind.PROFILE and text.name == command.profile for text in published):
        return [Rejected(code=RejectCode.PROFILE_UNKNOWN, detail=command.profile)]
    problem = ""
    if not (is_date(command.starts_on) and is_date(command.ends_on)):
        problem = "no such date"
    elif command.ends_on < command.starts_on:
        problem = "ends_on is before starts_on"
    elif any(kept.reference == command.reference for kept in state.table(Authorisation).values()):
        problem = f"{command.reference} is on record"
    if problem:
        return [Rejected(code=RejectCode.AUTHORISATION_INVALID, detail=problem)]
    member_id = state.users[header.principal].member_id
    if (refusal := refuse_documents(state, member_id, (command.document_sha256,))) is not None:
        return [refusal]

    state.change()
    authorisation = Authorisation(
        authorisation_id=AuthorisationId(make_id(header.sequence)),
        profile=command.profile,
        authority=command.authority,
        reference=command.reference,
        document_sha256=command.document_sha256,
        starts_on=command.starts_on,
        ends_on=command.ends_on,
    )
    state.put(authorisation)
    return [AuthorisationRecorded(authorisation=authorisation)]


def withdraw_authorisation(state: ExchangeState, header: Header, command: WithdrawAuthorisation) -> list[Event]:
    """End it. Arrives here with two signatures."""
    del header
    authorisation = state.table(Authorisation).get(command.authorisation_id)
    if authorisation is None:
        return [Rejected(code=RejectCode.AUTHORISATION_UNKNOWN)]
    if authorisation.withdrawn:
        return [Rejected(code=RejectCode.AUTHORISATION_WITHDRAWN)]

    state.change()
    withdrawn = msgspec.structs.replace(authorisation, withdrawn=True, reason=command.reason)
    state.put(withdrawn)
    return [AuthorisationWithdrawn(authorisation=withdrawn)]


def refuse_unauthorised(state: ExchangeState, header: Header, profile: Profile) -> Rejected | None:
    """Whether a profile asks for an authority's leave and none stands today.

    Refused: profile.not_active, with the row that asks for it.
    """
    if not profile.fields.licence_required.value:
        return None
    today = local_date(header.at_ns, VENUE_TIME_ZONE).isoformat()
    kept = state.table(Authorisation).values()
    if any(each.profile == profile.name and each.stands_on(today) for each in kept):
        return None
    return Rejected(
        code=RejectCode.PROFILE_NOT_ACTIVE,
        detail=f"licence: no authorisation for {profile.name} stands on {today}",
        rule=cite(profile, "licence_required"),
    )
