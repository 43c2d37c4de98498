"""Insider lists and closed periods: who knows of a matter before the others orders nothing of it."""

from __future__ import annotations

import msgspec

from custody.outcomes import Outcome
from exchange.core.ids import AccountId, AssetId, InsiderListId, MemberId, UserId, make_id
from exchange.core.instruments import AssetKind
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import Role, UserRight
from exchange.core.rejections import RejectCode
from exchange.engine.access import acts_for_member
from exchange.engine.notes import note_issue
from exchange.engine.state import ExchangeState
from matching.messages import Instrument
from matching.notice_messages import (
    ChangeInsiders,
    EndInsiderList,
    InsiderList,
    InsidersListed,
    OpenInsiderList,
    SetClosedPeriod,
)

MAX_LISTS = 32
"""Open lists about one asset: each order of it reads them all."""


def open_insider_list(state: ExchangeState, header: Header, command: OpenInsiderList) -> list[Event]:
    """Open the list of a matter."""
    issuer_id = issuer_of(state, command.asset_id)
    if issuer_id is None:
        return [Rejected(code=RejectCode.ASSET_UNKNOWN)]
    if not may_speak_for(state, header, issuer_id):
        return [Rejected(code=RejectCode.ACCOUNT_NOT_YOURS)]
    if len(state.insider_lists.get(command.asset_id, ())) >= MAX_LISTS:
        return [Rejected(code=RejectCode.INSIDERS_INVALID, detail=f"max_lists={MAX_LISTS}")]
    if (refusal := _refuse_people(state, command.users, command.members)) is not None:
        return [refusal]

    state.change()
    return _listed(
        state,
        InsiderList(
            list_id=InsiderListId(make_id(header.sequence)),
            asset_id=command.asset_id,
            issuer_id=issuer_id,
            matter=command.matter,
            users=command.users,
            members=command.members,
            closed_from_ns=header.at_ns,
            closed_until_ns=header.at_ns,
            opened_by=header.principal,
            opened_at_ns=header.at_ns,
        ),
    )


def change_insiders(state: ExchangeState, header: Header, command: ChangeInsiders) -> list[Event]:
    """Put others on a list."""
    found = _list_for(state, header, command.list_id)
    if isinstance(found, Rejected):
        return [found]
    if (refusal := _refuse_people(state, command.users, command.members)) is not None:
        return [refusal]

    state.change()
    return _listed(state, msgspec.structs.replace(found, users=command.users, members=command.members))


def set_closed_period(state: ExchangeState, header: Header, command: SetClosedPeriod) -> list[Event]:
    """Set, move or lift the closed period of a list."""
    found = _list_for(state, header, command.list_id)
    if isinstance(found, Rejected):
        return [found]
    begins, ends = command.closed_from_ns, command.closed_until_ns
    if ends < begins or (ends > begins and ends <= header.at_ns):
        return [Rejected(code=RejectCode.INSIDERS_INVALID, detail="the period ends before it begins, or has ended")]

    state.change()
    return _listed(state, msgspec.structs.replace(found, closed_from_ns=begins, closed_until_ns=ends))


def end_insider_list(state: ExchangeState, header: Header, command: EndInsiderList) -> list[Event]:
    """End a list, and with it whom it bars."""
    found = _list_for(state, header, command.list_id)
    if isinstance(found, Rejected):
        return [found]

    state.change()
    ended = msgspec.structs.replace(found, ended_at_ns=header.at_ns, ended_by=header.principal)
    return _listed(state, ended, command.reason)


def refuse_insider(
    state: ExchangeState, header: Header, instrument: Instrument, account_id: AccountId
) -> Rejected | None:
    """Whether who orders, or for whom, knows what the others do not, or is the issuer in a closed period.

    Refused: rule.insider, rule.closed_period. The answer names the list and not its matter.
    """
    return refuse_insider_of(state, header, instrument.asset_id, account_id)


def refuse_insider_of(
    state: ExchangeState, header: Header, asset_id: AssetId, account_id: AccountId
) -> Rejected | None:
    """The same question about units of an asset, however they change hands."""
    lists = state.insider_lists.get(asset_id)
    if not lists:
        return None
    member_ids = (state.accounts[account_id].member_id, state.users[header.principal].member_id)
    for insiders in lists.values():
        if header.principal in insiders.users or any(member_id in insiders.members for member_id in member_ids):
            return Rejected(code=RejectCode.RULE_INSIDER, detail="on an insider list of this instrument")
        if insiders.issuer_id in member_ids and insiders.closed_from_ns <= header.at_ns < insiders.closed_until_ns:
            detail = f"closed_until_ns={insiders.closed_until_ns}"
            return Rejected(code=RejectCode.RULE_CLOSED_PERIOD, detail=detail)
    return None


def issuer_of(state: ExchangeState, asset_id: AssetId) -> MemberId | None:
    """Whose claim a traded asset is: the institution behind outcome shares, the issuer behind notes; None: neither."""
    asset = state.assets.get(asset_id)
    if asset is None:
        return None
    if asset.kind is AssetKind.SHARE:
        outcome = state.table(Outcome).get(asset.subject_id)
        return outcome.member_id if outcome is not None else None
    if asset.kind is AssetKind.NOTE:
        found = note_issue(state, asset_id)
        return found.issuer_id if found is not None else None
    return None


def may_speak_for(state: ExchangeState, header: Header, member_id: MemberId) -> bool:
    """Whether the principal is an operator, or may approve for that member."""
    if Role.OPERATOR in state.users[header.principal].roles:
        return True
    return acts_for_member(state, header, member_id, UserRight.APPROVE)


def _list_for(state: ExchangeState, header: Header, list_id: InsiderListId) -> InsiderList | Rejected:
    """An open list the principal may change; to others there is none."""
    found = state.table(InsiderList).get(list_id)
    if found is None or not may_speak_for(state, header, found.issuer_id):
        return Rejected(code=RejectCode.INSIDERS_UNKNOWN)
    return found


def _refuse_people(state: ExchangeState, users: tuple[UserId, ...], members: tuple[MemberId, ...]) -> Rejected | None:
    if len(set(users)) < len(users) or len(set(members)) < len(members):
        return Rejected(code=RejectCode.INSIDERS_INVALID, detail="somebody is named twice")
    if any(user_id not in state.users for user_id in users):
        return Rejected(code=RejectCode.USER_UNKNOWN)
    if any(member_id not in state.members for member_id in members):
        return Rejected(code=RejectCode.MEMBER_UNKNOWN)
    return None


def _listed(state: ExchangeState, insiders: InsiderList, reason: str = "") -> list[Event]:
    state.put(insiders)
    return [InsidersListed(insiders=insiders, reason=reason)]
