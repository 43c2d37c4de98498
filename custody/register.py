"""The register 权利登记簿: who holds a right as of any pair of moments, when it took effect and when it was known.

Three moments of a transfer are kept apart: when it was contracted, when it took effect (at an office, the day of its
recordal), and when this register learned of it, which is when the units moved. Where the second and the third differ,
or a contract waits between the first and the second, an entry says so; a date that turns out to be wrong is corrected
by a new entry, never edited. So for a fixed moment of knowledge the answer about any day never changes.

Source: 专利法 art. 10 (title on registration); Snodgrass, Developing Time-Oriented Database Applications in SQL (1999).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from exchange.core.ids import AccountId, AssetId, TitleEntryId, UserId
from exchange.core.messages import Command, Event, Record
from exchange.core.units import IsoDate, Name, Sha256Hex, Text, TimeNs, Units


class TitleStage(StrEnum):
    """What an entry says of a transfer."""

    CONTRACTED = "contracted"
    """Both signed; the units are promised and title waits."""
    EFFECTIVE = "effective"
    """Title passed: at an office's day, by the signed writing, or in this register."""
    UNWOUND = "unwound"
    """The contract came to nothing; title never passed."""


class TitleEntry(Record, frozen=True, kw_only=True):
    """One line of the register about one transfer of a right. Append-only.

    `subject` is the case, as clients read it (`D1-204`). `known_at_ns` is when this line was written; of an effective
    transfer the units moved then, unless it `corrects` an earlier line, whose transfer it dates anew (0: none).
    """

    entry_id: TitleEntryId
    asset_id: AssetId
    subject: str
    stage: TitleStage
    from_account_id: AccountId
    to_account_id: AccountId
    units: Units
    contracted_at_ns: TimeNs
    effective_ns: TimeNs
    known_at_ns: TimeNs
    corrects: TitleEntryId = TitleEntryId(0)
    superseded: bool = False

    @property
    def correctable(self) -> bool:
        """Whether its day may still be corrected: the newest line of a transfer that took effect."""
        return self.stage is TitleStage.EFFECTIVE and not self.superseded


class TitleEntered(Event, frozen=True, kw_only=True, tag="title.entered"):
    """The register has a new line."""

    entry: TitleEntry


class CorrectTitleDate(Command, frozen=True, kw_only=True, tag="title.correct_date"):
    """Put on record that a transfer took effect on another day than was known: a new line, and a second operator.

    `entry_id` is the newest line of that transfer.
    Refused: title.entry_unknown (or dated anew already), title.date_invalid (before the contract, after the transfer
    was known, or the day it has), document.unknown.
    """

    entry_id: TitleEntryId
    effective_date: IsoDate
    office_reference: Name
    evidence_sha256: Sha256Hex
    reason: Text


class TitleDateCorrected(Event, frozen=True, kw_only=True, tag="title.date_corrected"):
    """The transfer is dated anew by `entry`; the line before it stays, superseded."""

    entry: TitleEntry
    before: TitleEntry
    decided_by: UserId
    office_reference: str
    evidence_sha256: str
    reason: str


# --- As of two moments ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """Who holds an asset, and which contracts wait, as of one pair of moments. Units: by account, none of them zero."""

    holders: dict[AccountId, int]
    contracted: tuple[TitleEntry, ...]


def standing(
    booked: Mapping[AccountId, int], entries: Iterable[TitleEntry], effective_ns: int, known_ns: int
) -> Standing:
    """Who held an asset at `effective_ns`, as known at `known_ns`.

    `booked` is what the ledger had at the earlier of the two moments; `entries` are all lines about the asset, in their
    order. A transfer booked later but effective earlier is added, one booked earlier but effective later taken back.
    """
    known = [entry for entry in entries if entry.known_at_ns <= known_ns]
    moves = {entry.entry_id: entry for entry in known if entry.stage is TitleStage.EFFECTIVE and not entry.corrects}
    dates = {move_id: move.effective_ns for move_id, move in moves.items()}
    move_of = {move_id: move_id for move_id in moves}
    for entry in known:
        if entry.corrects:
            move_of[entry.entry_id] = move_of[entry.corrects]
            dates[move_of[entry.entry_id]] = entry.effective_ns
    holders = dict(booked)
    for move_id, move in moves.items():
        is_booked = move.known_at_ns <= min(effective_ns, known_ns)
        counts = dates[move_id] <= effective_ns
        turn = int(counts) - int(is_booked)
        if turn:
            holders[move.from_account_id] = holders.get(move.from_account_id, 0) - turn * move.units
            holders[move.to_account_id] = holders.get(move.to_account_id, 0) + turn * move.units
    return Standing(
        {account: units for account, units in sorted(holders.items()) if units}, _waiting(known, dates, effective_ns)
    )


def _waiting(
    known: list[TitleEntry], dates: Mapping[TitleEntryId, TimeNs], effective_ns: int
) -> tuple[TitleEntry, ...]:
    """The contracts that were signed by then and had neither taken effect nor been unwound."""
    over = {
        entry.subject for entry in known if entry.stage is TitleStage.UNWOUND and entry.effective_ns <= effective_ns
    }
    over |= {
        entry.subject
        for entry in known
        if entry.stage is TitleStage.EFFECTIVE and not entry.corrects and dates[entry.entry_id] <= effective_ns
    }
    return tuple(
        entry
        for entry in known
        if entry.stage is TitleStage.CONTRACTED and entry.contracted_at_ns <= effective_ns and entry.subject not in over
    )
