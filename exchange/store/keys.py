"""Which of the senders' keys may be in the journal: a filter in memory, so that a new key costs no query.

The index value of a key (exchange.node.codec.key_place) is its row's block of the journal with 34 bits of its hash. To
look a key up one must know the block, and that is what the filter tells: for each block a Bloom filter of 2^18 bits
with eight probes, those of 64 blocks beside each other as one word, so eight words name every block of a million rows
that may have the key. A key that is there is always found; of those that are not, one in 27 costs a look into the index
for each million rows. Memory: 2 bytes a row of the journal. The newest block's keys are kept as they are until the next
block begins, so a small journal needs no words at all.

    slot_i = (low 18 bits + i * (high 16 bits | 1)) mod 2^18
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from exchange.node.codec import KEY_BITS

SLOT_BITS = 18
PROBES = 8
BLOCKS = 64
"""Blocks in a group: the bits of a word."""

_SLOT_MASK = (1 << SLOT_BITS) - 1
_HASH_MASK = (1 << KEY_BITS) - 1


class KeyFilter(Protocol):
    """Places of keys, in the form of their index values; `find` may answer places that were never added."""

    def add(self, places: Iterable[int]) -> None:
        """Take note of keys that are, or are about to be, in the journal."""
        ...

    def find(self, hashes: Sequence[int]) -> list[int]:
        """Every place where a key with one of these hashes may be."""
        ...


class ReadableFilter:
    """The filter in plain Python."""

    def __init__(self) -> None:
        self._groups: dict[int, array[int]] = {}
        self._newest = -1
        self._newest_hashes: set[int] = set()

    def add(self, places: Iterable[int]) -> None:
        """Take note of keys that are, or are about to be, in the journal."""
        for place in places:
            block, kept = place >> KEY_BITS, place & _HASH_MASK
            if block > self._newest:
                for earlier in self._newest_hashes:
                    self._enter(self._newest, earlier)
                self._newest_hashes.clear()
                self._newest = block
            if block == self._newest:
                self._newest_hashes.add(kept)
            else:
                self._enter(block, kept)

    def _enter(self, block: int, kept: int) -> None:
        group, bit = divmod(block, BLOCKS)
        words = self._groups.get(group)
        if words is None:
            words = self._groups[group] = array("Q", bytes(8 << SLOT_BITS))
        for slot in _slots(kept):
            words[slot] |= 1 << bit

    def find(self, hashes: Sequence[int]) -> list[int]:
        """Every place where a key with one of these hashes may be."""
        found: list[int] = []
        for hashed in hashes:
            kept = hashed & _HASH_MASK
            slots = _slots(kept)
            if kept in self._newest_hashes:
                found.append(self._newest << KEY_BITS | kept)
            for group, words in self._groups.items():
                blocks = -1
                for slot in slots:
                    blocks &= words[slot]
                while blocks:
                    lowest = blocks & -blocks
                    found.append((group * BLOCKS + lowest.bit_length() - 1) << KEY_BITS | kept)
                    blocks ^= lowest
        return found


def _slots(kept: int) -> list[int]:
    step = kept >> SLOT_BITS | 1
    return [(kept + place * step) & _SLOT_MASK for place in range(PROBES)]


key_filter: Callable[[], KeyFilter]
"""Makes an empty filter; a compiled one, where it was built."""
try:
    from exchange.store import _keys

    key_filter = _keys.CompiledFilter
except ImportError:
    key_filter = ReadableFilter
