"""An authority's leave to run markets of a profile: a licensed profile opens none without one on record.

Source: DOMAIN.md 2.2, the profile's row `licence_required`.
"""

from __future__ import annotations

from exchange.core.ids import AuthorisationId
from exchange.core.messages import Command, Event, Record
from exchange.core.units import Code, IsoDate, Name, Sha256Hex, Text


class Authorisation(Record, frozen=True, kw_only=True):
    """What an authority lets this venue do: run markets of a profile, from a day to a day, both included."""

    authorisation_id: AuthorisationId
    profile: str
    authority: str
    reference: str
    document_sha256: str
    starts_on: str
    ends_on: str
    withdrawn: bool = False
    reason: str = ""

    def stands_on(self, day: str) -> bool:
        """Whether it stands on a day of the venue's calendar."""
        return not self.withdrawn and self.starts_on <= day <= self.ends_on


class RecordAuthorisation(Command, frozen=True, kw_only=True, tag="authorisation.record"):
    """Put an authority's leave on record. Needs two operators.

    Refused: profile.unknown (no version is published), authorisation.invalid (dates, the reference is on record),
    document.unknown.
    """

    profile: Code
    authority: Name
    reference: Code
    document_sha256: Sha256Hex
    starts_on: IsoDate
    ends_on: IsoDate


class AuthorisationRecorded(Event, frozen=True, kw_only=True, tag="authorisation.recorded"):
    """Markets of the profile may be opened while it stands."""

    authorisation: Authorisation


class WithdrawAuthorisation(Command, frozen=True, kw_only=True, tag="authorisation.withdraw"):
    """The authority took it back. Needs two operators.

    Refused: authorisation.unknown, authorisation.withdrawn.
    """

    authorisation_id: AuthorisationId
    reason: Text


class AuthorisationWithdrawn(Event, frozen=True, kw_only=True, tag="authorisation.withdrawn"):
    """From now on nothing new begins under the profile, unless another authorisation stands."""

    authorisation: Authorisation
