"""The clock of tokens, tickets and signatures: the machine's, never the story's (DESIGN.md 8)."""

from __future__ import annotations

import time
from typing import Protocol

SECOND_NS = 1_000_000_000


class Clock(Protocol):
    """Tells the time. Passed in, so that a test can move it."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""
        ...


class MachineClock:
    """The system clock. Expiry is a promise to people outside, who live on this clock and not on the journal's."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""
        return time.time_ns()  # noqa: TID251 - tokens and signatures use the machine's clock (DESIGN.md 8)
