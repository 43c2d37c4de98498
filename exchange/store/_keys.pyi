"""The compiled twin of keys.py; see _keys.pyx."""

from collections.abc import Iterable, Sequence

class CompiledFilter:
    """Places of keys, in the form of their index values; `find` may answer places that were never added."""

    def add(self, places: Iterable[int]) -> None:
        """Take note of keys that are, or are about to be, in the journal."""
    def find(self, hashes: Sequence[int]) -> list[int]:
        """Every place where a key with one of these hashes may be."""
