"""Four eyes as data: which commands of a member wait for a second person, above what value, and for how long."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.messages import Part
from exchange.core.parties import UserRight
from exchange.core.units import MAX_INTEGER


class Guarded(StrEnum):
    """The commands that commit a member to a value in one market, by their names on the wire."""

    PROPOSE_DEAL = "deal.propose"
    ACCEPT_DEAL = "deal.accept"
    SIGN_DEAL = "deal.sign"
    PLACE_QUOTE = "quote.place"
    ACCEPT_QUOTE = "quote.accept"
    SUBSCRIBE_PRODUCT = "product.subscribe"


LifeHours = Annotated[int, msgspec.Meta(ge=1, le=8_784)]
AboveMinor = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]


class FourEyesRule(Part, frozen=True, kw_only=True):
    """One command's threshold. A value of exactly `above_minor` needs nobody else.

    `right` is what the second person must be able to do for the same member; what nobody signed ends after
    `life_hours`.
    """

    command: Guarded
    above_minor: AboveMinor
    right: UserRight
    life_hours: LifeHours


FourEyes = Annotated[tuple[FourEyesRule, ...], msgspec.Meta(min_length=1, max_length=len(Guarded))]


def problem_of(rules: tuple[FourEyesRule, ...]) -> str:
    """Why these cannot be a profile's rules; empty if they can."""
    commands = [rule.command for rule in rules]
    if len(dict.fromkeys(commands)) < len(commands):
        return "a command stands twice"
    if any(rule.right is UserRight.VIEW for rule in rules):
        return "who may only look signs nothing"
    return ""
