"""The register's lines about each transfer of a right: this module is one of the agreement's followers.

Every transfer of a whole right by contract has a line when it is signed and title waits, and one when title passed or
the contract came to nothing. A case of another kind that moves a right calls `enter_title` itself.
"""

from __future__ import annotations

from datetime import date

import msgspec

from custody.register import (
    CorrectTitleDate,
    TitleDateCorrected,
    TitleEntered,
    TitleEntry,
    TitleStage,
)
from exchange.core.calendar import local_date, start_of_day_ns
from exchange.core.ids import AccountId, AssetId, MemberId, TitleEntryId, make_id, to_wire
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.units import TimeNs, Units
from exchange.engine.deal_cases import FOLLOWERS
from exchange.engine.documents import refuse_documents
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from matching.deals import Deal, DealState

UNWOUND = (
    DealState.WITHDRAWN,
    DealState.STOPPED,
    DealState.RECORDAL_REFUSED,
    DealState.DEFAULTED,
    DealState.LAPSED,
)


def enter_title(
    state: ExchangeState,
    header: Header,
    *,
    asset_id: AssetId,
    subject: str,
    stage: TitleStage,
    from_account_id: AccountId,
    to_account_id: AccountId,
    units: int,
    contracted_at_ns: int,
    effective_date: str = "",
    ordinal: int = 0,
) -> TitleEntered:
    """Write one line. Call after the line, with the transfer itself in the same command.

    `effective_date` is the office's day; empty: now, by this register. `ordinal` numbers the lines of one command.
    """
    entry = TitleEntry(
        entry_id=TitleEntryId(make_id(header.sequence, ordinal)),
        asset_id=asset_id,
        subject=subject,
        stage=stage,
        from_account_id=from_account_id,
        to_account_id=to_account_id,
        units=Units(units),
        contracted_at_ns=TimeNs(contracted_at_ns),
        effective_ns=_effective_ns(effective_date, contracted_at_ns) if effective_date else header.at_ns,
        known_at_ns=header.at_ns,
    )
    state.put(entry)
    return TitleEntered(entry=entry)


def correct_title_date(state: ExchangeState, header: Header, command: CorrectTitleDate) -> list[Event]:
    """Date a transfer anew, by a new line."""
    before = state.table(TitleEntry).get(command.entry_id)
    if before is None:
        return [Rejected(code=RejectCode.TITLE_ENTRY_UNKNOWN)]
    if (refusal := _refuse_date(header, before, command.effective_date)) is not None:
        return [refusal]
    if (refusal := refuse_documents(state, MemberId(0), (command.evidence_sha256,))) is not None:
        return [refusal]

    state.change()
    superseded = msgspec.structs.replace(before, superseded=True)
    entry = msgspec.structs.replace(
        before,
        entry_id=TitleEntryId(make_id(header.sequence)),
        effective_ns=_effective_ns(command.effective_date, before.contracted_at_ns),
        known_at_ns=header.at_ns,
        corrects=before.entry_id,
    )
    state.put(superseded)
    state.put(entry)
    return [
        TitleDateCorrected(
            entry=entry,
            before=superseded,
            decided_by=header.principal,
            office_reference=command.office_reference,
            evidence_sha256=command.evidence_sha256,
            reason=command.reason,
        )
    ]


def _refuse_date(header: Header, entry: TitleEntry, text: str) -> Rejected | None:
    """Whether a transfer cannot have taken effect on that day, or is known to have done so already.

    Refused: title.date_invalid.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return Rejected(code=RejectCode.TITLE_DATE_INVALID, detail=f"no such date: {text}")
    contracted = local_date(entry.contracted_at_ns, VENUE_TIME_ZONE)
    today = local_date(header.at_ns, VENUE_TIME_ZONE)
    if not contracted <= day <= today:
        return Rejected(code=RejectCode.TITLE_DATE_INVALID, detail=f"{text} is not between {contracted} and {today}")
    if day == local_date(entry.effective_ns, VENUE_TIME_ZONE):
        return Rejected(code=RejectCode.TITLE_DATE_INVALID, detail=f"{text} is the day on record")
    return None


def _effective_ns(day: str, contracted_at_ns: int) -> TimeNs:
    """The moment a transfer took effect on an office's day: its beginning, but never before the contract."""
    return TimeNs(max(start_of_day_ns(date.fromisoformat(day), VENUE_TIME_ZONE), contracted_at_ns))


def _follow_deal(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    """What the register says of an agreement's step: nothing before both have signed."""
    if not deal.contracted_at_ns:
        return []
    if deal.state is DealState.CONTRACTED:
        stage, day = TitleStage.CONTRACTED, ""
    elif deal.state is DealState.COMPLETED:
        stage, day = TitleStage.EFFECTIVE, deal.effective_date
    elif deal.state in UNWOUND:
        stage, day = TitleStage.UNWOUND, ""
    else:
        return []
    at_once = deal.contracted_at_ns == header.at_ns
    return [
        enter_title(
            state,
            header,
            asset_id=deal.asset_id,
            subject=to_wire("D", deal.deal_id),
            stage=stage,
            from_account_id=deal.seller_account_id,
            to_account_id=taker.account_id,
            units=taker.units,
            contracted_at_ns=deal.contracted_at_ns,
            effective_date="" if at_once else day,
            ordinal=ordinal,
        )
        for ordinal, taker in enumerate(deal.takers)
    ]


FOLLOWERS.append(_follow_deal)
