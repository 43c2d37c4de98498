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
    """A clock that runs beside the machine's, some time behind it; a story leaps ahead until it is at the present."""

    behind_ns: int

    def now_ns(self) -> TimeNs:
        """The machine's time less what the story is behind."""
        return TimeNs(SystemClock().now_ns() - self.behind_ns)

    def leap(self, nanoseconds: int) -> None:
        """Leap ahead, never beyond the present."""
        self.behind_ns = max(0, self.behind_ns - nanoseconds)
