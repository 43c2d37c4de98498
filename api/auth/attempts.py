"""What a guesser runs into: a budget of failures for each login name and each address, then a doubling wait.

An attempt is charged before its password is checked and given back when it was right, so a thousand guesses at once
spend the budget like a thousand in a row. Login names and addresses fall into a fixed number of buckets by a keyed
hash: memory is bounded, no flood of names can push somebody's count out, and an unknown name is counted exactly as a
known one. Sharing a bucket by accident would need hundreds of argon2 runs a second, more than the pool allows.

The wait is capped, because whoever knows a name can make its owner wait: minutes, never a lock-out for good.
Counts live in the process: a restart forgets them.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import threading
from dataclasses import dataclass

from api.auth.clock import SECOND_NS, Clock
from api.auth.codes import EdgeCode, EdgeRefused

BUCKETS = 65_536
MAX_SHIFT = 40


@dataclass(frozen=True, slots=True)
class Budget:
    """The failure at which waiting begins, the longest wait, and the quiet time after which all is forgotten."""

    free: int
    longest_wait_s: int
    forget_after_s: int = 900


PER_LOGIN = Budget(free=5, longest_wait_s=300)
PER_ADDRESS = Budget(free=20, longest_wait_s=900)


@dataclass(slots=True)
class _Count:
    failures: int = 0
    last_ns: int = 0
    blocked_until_ns: int = 0


class Attempts:
    """Counts failed logins by name and by address."""

    def __init__(self, clock: Clock, *, per_login: Budget = PER_LOGIN, per_address: Budget = PER_ADDRESS) -> None:
        self._clock = clock
        self._budgets = {"login": per_login, "address": per_address}
        self._salt = secrets.token_bytes(16)
        self._counts: dict[tuple[str, int], _Count] = {}
        self._lock = threading.Lock()

    def charge(self, login: str, address: str) -> None:
        """Count one attempt as failed until `give_back` says otherwise.

        Refused: auth.too_many_attempts, with the seconds to wait; nothing is counted then.
        """
        now_ns = self._clock.now_ns()
        keys = self._keys(login, address)
        with self._lock:
            counts = [self._current(key, now_ns) for key in keys]
            wait_ns = max(count.blocked_until_ns for count in counts) - now_ns
            if wait_ns > 0:
                raise EdgeRefused(EdgeCode.AUTH_TOO_MANY_ATTEMPTS, retry_after_s=-(-wait_ns // SECOND_NS))
            for (kind, _), count in zip(keys, counts, strict=True):
                count.failures += 1
                count.last_ns = now_ns
                over = count.failures - self._budgets[kind].free
                if over >= 0:
                    wait_s = min(1 << min(over, MAX_SHIFT), self._budgets[kind].longest_wait_s)
                    count.blocked_until_ns = now_ns + wait_s * SECOND_NS

    def give_back(self, login: str, address: str) -> None:
        """The attempt was right: the name starts afresh, the address gets this one back.

        Not more than this one, or a guesser would log in to an account of its own between two guesses.
        """
        by_login, by_address = self._keys(login, address)
        with self._lock:
            self._counts.pop(by_login, None)
            count = self._counts.get(by_address)
            if count is not None:
                count.failures = max(0, count.failures - 1)
                if count.failures < self._budgets["address"].free:
                    count.blocked_until_ns = 0

    def _keys(self, login: str, address: str) -> tuple[tuple[str, int], tuple[str, int]]:
        return ("login", self._bucket(login)), ("address", self._bucket(network_of(address)))

    def _bucket(self, subject: str) -> int:
        digest = hashlib.blake2b(subject.encode("utf-8", "surrogatepass"), key=self._salt, digest_size=8).digest()
        return int.from_bytes(digest) % BUCKETS

    def _current(self, key: tuple[str, int], now_ns: int) -> _Count:
        count = self._counts.setdefault(key, _Count())
        if now_ns - max(count.last_ns, count.blocked_until_ns) > self._budgets[key[0]].forget_after_s * SECOND_NS:
            count.failures = 0
        return count


def network_of(address: str) -> str:
    """Whom an address stands for: itself in IPv4, its /64 in IPv6, where one house has 2^64 of them.

    >>> network_of("2001:db8::1"), network_of("::ffff:192.0.2.7"), network_of("192.0.2.7")
    ('2001:db8::/64', '192.0.2.7', '192.0.2.7')
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address  # a socket path, a test client: counted under its own name
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
