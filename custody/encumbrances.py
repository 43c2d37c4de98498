"""What lies on a right (权利负担): the one list that every disposal asks, and that a buyer signs for.

Some burdens block: while a pledge, a court's preservation or another sale stands, the right cannot be ordered, listed
or assigned. Others go with the right: an earlier licence survives its transfer, so a buyer takes the right with it.
Source: 民法典 art. 444; 专利法 art. 14; 技术合同解释 art. 24.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from exchange.core.messages import Record


class BurdenKind(StrEnum):
    """What kind of claim of another lies on a right."""

    EXAMINED = "examined"
    """An examiner found it encumbered; the entry is the examination's."""
    PLEDGE = "pledge"
    PRESERVATION = "preservation"
    LICENCE = "licence"
    USE_RIGHT = "use_right"


class Burden(Record, frozen=True, kw_only=True):
    """One claim of another on a right, with the register's entry it rests on, as clients read it (`EN1-204`).

    `blocks` says that nobody may dispose of the right while it stands; what does not block goes with the right.
    """

    entry: str
    kind: BurdenKind
    blocks: bool
    summary: str


def burdens_hash(burdens: Sequence[Burden]) -> str:
    """The SHA-256 of a list of burdens as compact JSON, in its order: what a buyer signs for. Empty: no burden.

    >>> burdens_hash([])
    ''
    """
    return hashlib.sha256(msgspec.json.encode(list(burdens))).hexdigest() if burdens else ""
