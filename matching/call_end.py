"""When a call ends at random: drawn from a seed that was committed to before the call and is shown after it.

Before the call the exchange publishes `commitment(seed)`, the SHA-256 of 32 bytes nobody outside has seen. The call
then ends `drawn_ms` milliseconds after the moment at which it could end first, 0 to `random_seconds`, both included:

    drawn_ms = first 8 bytes of SHA-256(seed ‖ instrument_id ‖ first_end_ns), big-endian, modulo (1000 · seconds + 1)

with the identifier and the moment as 8 bytes each, big-endian. After the call the seed is published, and whoever kept
the commitment checks both. A seed ends one call only.

>>> seed = bytes(range(32))
>>> commitment(seed)
'630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd'
>>> drawn_ms(seed, 7, 1_700_000_000_000_000_000, 30) <= 30_000
True
"""

from __future__ import annotations

import hashlib

from exchange.core.units import TimeNs

SEED_BYTES = 32
NS_PER_MS = 1_000_000


def commitment(seed: bytes) -> str:
    """What is published before the call."""
    return hashlib.sha256(seed).hexdigest()


def drawn_ms(seed: bytes, instrument_id: int, first_end_ns: int, random_seconds: int) -> int:
    """Milliseconds by which a call goes on beyond the moment at which it could end first."""
    drawn = hashlib.sha256(seed + instrument_id.to_bytes(8, "big") + first_end_ns.to_bytes(8, "big")).digest()
    return int.from_bytes(drawn[:8], "big") % (1_000 * random_seconds + 1)


def call_end_ns(seed: bytes, instrument_id: int, first_end_ns: int, random_seconds: int) -> TimeNs:
    """When the call ends. Without a seed, or without a random part, at the first moment it can."""
    if not seed or not random_seconds:
        return TimeNs(first_end_ns)
    return TimeNs(first_end_ns + drawn_ms(seed, instrument_id, first_end_ns, random_seconds) * NS_PER_MS)


def seed_for(chance: bytes, instrument_id: int) -> bytes:
    """One instrument's seed out of the chance that a moment brought for all of them."""
    return hashlib.sha256(b"call seed" + chance + instrument_id.to_bytes(8, "big")).digest()
