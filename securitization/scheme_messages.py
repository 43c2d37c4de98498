"""Schemes and calls: a published programme with somebody's money behind it, and the times in which to claim.

draft → active → ended. A sponsor opens a scheme and funds it (or will pay by order, outside); two operators activate
it, with an authority's formula where the programme states none. A call has its year, its days, its part of the budget.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import AccountId, AssetId, MemberId, ProductId, RewardEventId, SchemeCallId, SchemeId, UserId
from exchange.core.messages import Command, Event, Part, Record
from exchange.core.postings import Movement
from exchange.core.reward_terms import Fact, RewardEventKind, RoleAmount, SchemeRole
from exchange.core.units import Code, Count, IsoDate, Minor, Name, PositiveCount, PositiveMinor, Sha256Hex, Text, TimeNs

MAX_PARTIES = 20
MAX_FACTS = 11


class SchemeState(StrEnum):
    """Where a scheme stands; only an active one opens calls and pays."""

    DRAFT = "draft"
    ACTIVE = "active"
    ENDED = "ended"


class CallState(StrEnum):
    """Whether a call's budget is still to be shared out."""

    OPEN = "open"
    AWARDED = "awarded"


class Scheme(Record, frozen=True, kw_only=True):
    """A programme at work: which version of which text, whose money, how much was called and paid.

    Units: `budget_minor` less `paid_minor` is held in the sponsor's account until the end, unless it pays `by_order`.
    `amounts` are the authority's own formula, by `decision_sha256`.
    """

    scheme_id: SchemeId
    programme: str
    version: int
    text_hash: str
    sponsor_account_id: AccountId
    sponsor_member_id: MemberId
    money_asset_id: AssetId
    by_order: bool
    budget_minor: Minor
    state: SchemeState
    called_minor: Minor = Minor(0)
    paid_minor: Minor = Minor(0)
    amounts: tuple[RoleAmount, ...] = ()
    decision_sha256: str = ""
    reason: str = ""


class SchemeCall(Record, frozen=True, kw_only=True):
    """A time in which to claim. Units: `left_minor` of `budget_minor` is promised to nobody."""

    call_id: SchemeCallId
    scheme_id: SchemeId
    year: int
    opens_on: str
    closes_on: str
    budget_minor: Minor
    left_minor: Minor
    state: CallState


class EventParty(Part, frozen=True, kw_only=True):
    """Who took part in an event as what."""

    role: SchemeRole
    member_id: MemberId


class FactValue(Part, frozen=True, kw_only=True):
    """One figure of an event. Units: minor, or a count."""

    fact: Fact
    value: Count


class RewardEvent(Record, frozen=True, kw_only=True):
    """Something that happened outside and opens claims: its parties and figures as its document shows them."""

    event_id: RewardEventId
    kind: RewardEventKind
    reference: str
    happened_on: str
    parties: tuple[EventParty, ...]
    facts: tuple[FactValue, ...]
    document_sha256: str
    recorded_by: UserId
    recorded_at_ns: TimeNs
    product_id: ProductId = ProductId(0)


class OpenScheme(Command, frozen=True, kw_only=True, tag="scheme.open"):
    """Put money behind a programme in force: held in one's own account, or (`by_order`) paid outside against vouchers.

    Refused: account.unknown, account.not_yours, scheme.programme_not_active, currency.mismatch,
    hold.insufficient_available.
    """

    programme: Code
    sponsor_account_id: AccountId
    money_asset_id: AssetId
    budget_minor: PositiveMinor
    by_order: bool = False


class SchemeOpened(Event, frozen=True, kw_only=True, tag="scheme.opened"):
    """The scheme is on record, its budget held."""

    scheme: Scheme
    movement: Movement


class ActivateScheme(Command, frozen=True, kw_only=True, tag="scheme.activate"):
    """Let a scheme open calls, with two operators: `amounts` are the authority's formula by its decision.

    A programme with its own formula takes none; one that states only a cap may have one; a template must.
    Refused: scheme.unknown, scheme.state, scheme.no_amount, scheme.terms_invalid, document.unknown.
    """

    scheme_id: SchemeId
    amounts: Annotated[tuple[RoleAmount, ...], msgspec.Meta(max_length=10)] = ()
    decision_sha256: Sha256Hex | None = None


class SchemeActivated(Event, frozen=True, kw_only=True, tag="scheme.activated"):
    """The scheme may open calls."""

    scheme: Scheme


class EndScheme(Command, frozen=True, kw_only=True, tag="scheme.end"):
    """End a scheme once nobody waits for a decision or for money; what was not paid is free again.

    Refused: scheme.unknown, scheme.state (ended, or an application runs).
    """

    scheme_id: SchemeId
    reason: Annotated[Text, msgspec.Meta(min_length=1)]


class SchemeEnded(Event, frozen=True, kw_only=True, tag="scheme.ended"):
    """The scheme pays nothing more."""

    scheme: Scheme
    movement: Movement


class OpenSchemeCall(Command, frozen=True, kw_only=True, tag="scheme_call.open"):
    """Call for applications, from the first day to the last, with a part of the scheme's budget.

    Refused: scheme.unknown, scheme.state, scheme.terms_invalid (days upside down or over, no such year), reward.budget.
    """

    scheme_id: SchemeId
    year: PositiveCount
    opens_on: IsoDate
    closes_on: IsoDate
    budget_minor: PositiveMinor


class SchemeCallOpened(Event, frozen=True, kw_only=True, tag="scheme_call.opened"):
    """Applications may be submitted in its days."""

    call: SchemeCall
    scheme: Scheme


class RecordRewardEvent(Command, frozen=True, kw_only=True, tag="reward_event.record"):
    """Put on record, with two operators, an event outside that opens claims, with its parties, figures and document.

    Refused: reward_event.invalid (a kind that the ledger shows itself, a reference or document on record, a value
    twice, a day to come), product.unknown, member.unknown, document.unknown.
    """

    kind: RewardEventKind
    reference: Name
    happened_on: IsoDate
    parties: Annotated[tuple[EventParty, ...], msgspec.Meta(min_length=1, max_length=MAX_PARTIES)]
    facts: Annotated[tuple[FactValue, ...], msgspec.Meta(max_length=MAX_FACTS)] = ()
    document_sha256: Sha256Hex
    product_id: ProductId | None = None


class RewardEventRecorded(Event, frozen=True, kw_only=True, tag="reward_event.recorded"):
    """Its parties may claim."""

    event: RewardEvent


class AwardSchemeCall(Command, frozen=True, kw_only=True, tag="scheme_call.award"):
    """Share a call's budget out, with two operators, after its last day: pro rata, or by points.

    Refused: scheme_call.unknown, scheme_call.state (first come is awarded at once, days run, awarded, or an application
    is not reviewed or may still be appealed).
    """

    call_id: SchemeCallId
    count: PositiveCount
    """How many applications the operators read as accepted; another number is refused."""
