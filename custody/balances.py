"""The two cells a ledger is made of, of which every order touches several.

They have compiled twins (`_balances.pyx`) with the same fields, whose integers the compiled desk reads without a call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exchange.core import compiled


@dataclass(slots=True)
class Balance:
    """What one account has of one asset. Units: `held_units` of `units` are promised."""

    units: int = 0
    held_units: int = 0
    last_sequence: int = 0


@dataclass(slots=True)
class Channel:
    """How far an account's private channel has come."""

    n: int = 0
    sequence: int = 0
    """The last command that told this account something."""
    previous_sequence: int = 0
    """The one before it: the events of one command share their previous_sequence."""


if not TYPE_CHECKING:
    Balance, Channel = compiled.twins("custody._balances", Balance, Channel)
