"""The clocks: the machine's own, and one that stories and tests set."""

from __future__ import annotations

import time
from dataclasses import dataclass

from exchange.core.units import TimeNs


class SystemClock:
    """The machine's clock."""

    def now_ns(self) -> TimeNs:
        """Nanoseconds since 1970-01-01T00:00Z."""
        return TimeNs(time.time_ns())  # noqa: TID251 - this is the Clock port


@dataclass(slots=True)
class StoryClock:
    """A clock that stands where it is put; it starts in the past and ends at the present, never ahead of it."""

    at_ns: int

    def now_ns(self) -> TimeNs:
        """Where the clock was put."""
        return TimeNs(self.at_ns)

    def advance(self, nanoseconds: int) -> None:
        """Move on, never beyond the machine's clock."""
        self.at_ns = min(self.at_ns + nanoseconds, SystemClock().now_ns())
