"""The law enters as data: profiles, fee schedules and calendars are published whole, confirmed, and activated by two.

A published text is never edited; a change is a new version, active from its date. Cases that run keep theirs.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.messages import Command, Event, Record
from exchange.core.units import Code, Name, PositiveCount, TimeNs

MAX_PUBLISHED = 200_000
PublishedBody = Annotated[str, msgspec.Meta(min_length=2, max_length=MAX_PUBLISHED)]


class PublishedKind(StrEnum):
    """What a published text is."""

    PROFILE = "profile"
    FEE_SCHEDULE = "fee_schedule"
    CALENDAR = "calendar"
    OVERLAYS = "overlays"
    TRADING_RULES = "trading_rules"
    REWARD_PROGRAMME = "reward_programme"
    DEAL = "deal"
    """Published by `deal.publish`, since its version is not in its text."""


class Published(Record, frozen=True, kw_only=True):
    """One version of one published text, as its canonical text, and whether it is in force.

    `confirmed` are the (field, source) pairs an operator confirmed of rows whose source was only an excerpt [X] or
    general knowledge [M].
    """

    kind: PublishedKind
    name: str
    version: int
    effective_from: str
    text: str
    text_hash: str
    confirmed: tuple[tuple[str, str], ...] = ()
    active_since_ns: TimeNs = TimeNs(0)


class PublishText(Command, frozen=True, kw_only=True, tag="rules.publish"):
    """Publish a profile, fee schedule, calendar, overlay set or trading rules: a canonical text, checked.

    Refused: profile.invalid, fee.schedule_invalid, calendar.invalid, trading_rules.invalid, document.exists (another
    text of that version).
    """

    kind: PublishedKind
    text: PublishedBody


class TextPublished(Event, frozen=True, kw_only=True, tag="rules.published"):
    """The text stands as published and can be activated."""

    published: Published


class ConfirmField(Command, frozen=True, kw_only=True, tag="rules.confirm"):
    """Confirm one unchecked row of a published text, naming the source that was read.

    Refused: profile.unknown (or fee.schedule_unknown, calendar.unknown, trading_rules.unknown), profile.invalid.
    """

    kind: PublishedKind
    name: Code
    version: PositiveCount
    field: Name
    source: Name


class FieldConfirmed(Event, frozen=True, kw_only=True, tag="rules.confirmed"):
    """An operator vouches for the row."""

    published: Published


class ActivateText(Command, frozen=True, kw_only=True, tag="rules.activate"):
    """Put a published text in force from its date. Needs two operators.

    Refused: profile.unknown (or fee.schedule_unknown, calendar.unknown, trading_rules.unknown), profile.unconfirmed.
    """

    kind: PublishedKind
    name: Code
    version: PositiveCount


class TextActivated(Event, frozen=True, kw_only=True, tag="rules.activated"):
    """The text is in force from its `effective_from`."""

    published: Published
