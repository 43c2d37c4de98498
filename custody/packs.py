"""The due-diligence pack 尽职免责: what shows that whoever decided on a disposal took care, head by head.

open → frozen (the right has passed, nothing about the decision changes any more) → sealed (complete, and hashed).
A leader who kept to the five heads does not answer for a price that changed later. So what the register knows of the
decision is frozen when the right passes, the documents come under it by their hashes, and one hash is over both.
Source: 北京条例 (2019) art. 19; 上海条例 art. 26; 浙江条例 art. 19; DOMAIN workflow 10.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import AccountId, MemberId, UserId
from exchange.core.messages import Command, Event, Record
from exchange.core.postings import Movement
from exchange.core.units import Sha256Hex, TimeNs

MOST_EVIDENCE = 64
Case = Annotated[str, msgspec.Meta(max_length=24, pattern=r"^[A-Z]{1,2}1-[0-9]+(-[0-9]+)?$")]
"""A disposal's own identifier, as clients read it: a deal's or a pilot's."""
Note = Annotated[str, msgspec.Meta(max_length=500)]


class EvidenceHead(StrEnum):
    """The five heads under which care is shown."""

    DECISION = "decision"
    """Democratic decision 民主决策: the minutes."""
    PUBLICITY = "publicity"
    """公示."""
    CARE = "care"
    """Reasonable care 合理注意: valuation or auction, price comparables."""
    SUPERVISION = "supervision"
    """监督."""
    NO_GAIN = "no_gain"
    """No unlawful gain 未牟取非法利益: statements on conflicts of interest."""


LACKING = {
    EvidenceHead.DECISION: "decision: no minutes of the collective decision are on file",
    EvidenceHead.PUBLICITY: "publicity: no publicity ran here, and no record of one elsewhere is on file",
    EvidenceHead.CARE: "care: the price was found by agreement, and no valuation or comparison is on file",
    EvidenceHead.SUPERVISION: "supervision: no note of the supervising office is on file",
    EvidenceHead.NO_GAIN: "no_gain: no statement on conflicts of interest is on file",
}


class PackState(StrEnum):
    """Where a pack stands. The last two are ends."""

    OPEN = "open"
    """The disposal runs."""
    FROZEN = "frozen"
    """The right has passed; documents may still be added."""
    SEALED = "sealed"
    VOID = "void"
    """The disposal came to nothing: there is nothing to answer for."""


class Evidence(Record, frozen=True, kw_only=True):
    """One document under one head."""

    head: EvidenceHead
    sha256: str
    note: str
    added_by: UserId
    added_at_ns: TimeNs


class Pack(Record, frozen=True, kw_only=True):
    """The evidence of one disposal. `facts` is what the register itself knows of it, as compact JSON.

    `met_by_register` are the heads those facts meet without a document; `missing` says in sentences what is not met.
    `pack_sha256` is over facts and evidence: see `pack_hash`.
    """

    case_id: str
    account_id: AccountId
    member_id: MemberId
    state: PackState
    facts: str
    facts_sha256: str
    met_by_register: tuple[EvidenceHead, ...]
    missing: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    opened_by: UserId
    opened_at_ns: TimeNs
    frozen_at_ns: TimeNs = TimeNs(0)
    sealed_by: UserId = UserId(0)
    sealed_at_ns: TimeNs = TimeNs(0)
    pack_sha256: str = ""


def lacking(met_by_register: Sequence[EvidenceHead], evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """A sentence for each head that neither the register nor a document meets, in the heads' order.

    >>> len(lacking((), ()))
    5
    >>> lacking((EvidenceHead.DECISION, EvidenceHead.PUBLICITY, EvidenceHead.CARE, EvidenceHead.NO_GAIN), ())
    ('supervision: no note of the supervising office is on file',)
    """
    met = {*met_by_register, *(document.head for document in evidence)}
    return tuple(LACKING[head] for head in EvidenceHead if head not in met)


def text_hash(text: str) -> str:
    """The SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def pack_hash(facts_sha256: str, evidence: Sequence[Evidence]) -> str:
    """The SHA-256 of `[facts_sha256, [[head, sha256, note], …]]` as compact JSON: anybody can compute it."""
    listed = [[document.head.value, document.sha256, document.note] for document in evidence]
    return hashlib.sha256(msgspec.json.encode([facts_sha256, listed])).hexdigest()


class AddEvidence(Command, frozen=True, kw_only=True, tag="evidence.add"):
    """Put a document under a head of a disposal's pack, as the party that disposes, or an operator for it.

    The first one opens the pack, which is possible as long as the disposal runs.
    Refused: pack.unknown (no such disposal runs, and it has no pack), pack.not_party, member.frozen, pack.state (it is
    sealed, or the disposal came to nothing), pack.duplicate, pack.full, document.unknown.
    """

    case_id: Case
    head: EvidenceHead
    sha256: Sha256Hex
    note: Note = ""


class EvidenceAdded(Event, frozen=True, kw_only=True, tag="evidence.added"):
    """The pack holds one document more; of a running disposal its facts are those of now."""

    pack: Pack
    movement: Movement


class PackFrozen(Event, frozen=True, kw_only=True, tag="pack.frozen"):
    """The disposal is over: what the register knows of it stands for good (or, `void`, came to nothing)."""

    pack: Pack
    movement: Movement


class SealPack(Command, frozen=True, kw_only=True, tag="pack.seal"):
    """Close a complete pack, as an approver of the party that disposes: one hash is over all of it from then on.

    Refused: pack.unknown, pack.not_party, member.frozen, pack.state (the disposal runs, or it is sealed or void),
    pack.incomplete (with a sentence for each head).
    """

    case_id: Case


class PackSealed(Event, frozen=True, kw_only=True, tag="pack.sealed"):
    """The pack is whole, and nothing in it changes any more."""

    pack: Pack
    movement: Movement
