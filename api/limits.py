"""Budgets of requests: a bucket for each user once known, and for each address before that; bounded in number."""

from __future__ import annotations

import time
from collections import OrderedDict

from api.auth.attempts import network_of
from api.problems import RequestCode, RequestRefused

MAX_BUCKETS = 16_384


class Limits:
    """Token buckets that refill by the clock; the least recently used is forgotten when there are too many."""

    def __init__(self, per_second: int) -> None:
        self.per_second = per_second
        self.burst = 2.0 * per_second
        self._buckets: OrderedDict[int | str, tuple[float, float]] = OrderedDict()

    def charge_user(self, user_id: int) -> None:
        """Take one from a user's budget.

        Refused: request.rate_limited.
        """
        self._charge(user_id)

    def charge_address(self, address: str) -> None:
        """Take one from the budget of an address whose user is not known.

        Refused: request.rate_limited.
        """
        self._charge(network_of(address))

    def _charge(self, whose: int | str) -> None:
        now = time.monotonic()
        left, since = self._buckets.get(whose, (self.burst, now))
        left = min(self.burst, left + (now - since) * self.per_second)
        if left < 1.0:
            raise RequestRefused(RequestCode.RATE_LIMITED, retry_after_s=1)
        self._buckets[whose] = (left - 1.0, now)
        self._buckets.move_to_end(whose)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
