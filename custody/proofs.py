"""Merkle trees after RFC 6962: a root over many leaves, and short proofs that a leaf is in it or that it only grew.

Hashes of whole subtrees are kept in tiles of 256, one file of tiles a level of eight, so that a proof over ten million
rows reads a few tiles and never the rows. A tree only grows; what a tile holds never changes, it only becomes fuller.
The journal's leaf is the hash of its row, which begins with 0x00 as the RFC's leaf does. A holding's leaf is salted:

    leaf of a holding = SHA256(0x00 ‖ "holding" ‖ salt in 16 ‖ account in 8 ‖ asset in 8 ‖ units in 8 ‖ held in 8)

Holdings are sorted by account and asset, and every account has a first leaf (asset 0) and a last one (the largest
asset there can be). So whoever has nothing of an asset is shown two neighbouring leaves, and both are their own.
Source: RFC 6962 section 2.1; C2SP tlog-tiles (tiles of height 8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

HASH_BYTES = 32
TILE_LEVELS = 8
TILE_LEAVES = 1 << TILE_LEVELS
TILE_BYTES = TILE_LEAVES * HASH_BYTES
EMPTY_ROOT = sha256(b"").digest()

SALT_BYTES = 16
FIRST_ASSET = 0
LAST_ASSET = 2**63 - 1

Tiles = Callable[[int, int], bytes]
"""The hashes of one tile, by level and index; it may hold more than the asked tree had."""


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees.

    Source: RFC 6962 section 2.1.
    """
    return sha256(b"\x01" + left + right).digest()


def holding_leaf(salt: bytes, account_id: int, asset_id: int, units: int, held_units: int) -> bytes:
    """The leaf of one holding: without the salt nobody learns from it whose or how much."""
    numbers = b"".join(number.to_bytes(8, "big", signed=True) for number in (account_id, asset_id, units, held_units))
    return sha256(b"\x00holding" + salt + numbers).digest()


# --- growing --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class GrowingTree:
    """A tree that leaves are added to; it holds only the tile at its right edge on each level."""

    size: int = 0
    edges: list[bytearray] = field(default_factory=lambda: [bytearray()])

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf; answers the tiles (level, index, hashes) that it made full."""
        full: list[tuple[int, int, bytes]] = []
        self.size += 1
        carried, level = leaf, 0
        while True:
            edge = self.edges[level]
            edge += carried
            if len(edge) < TILE_BYTES:
                return full
            hashes = bytes(edge)
            full.append((level, (self.size >> (TILE_LEVELS * (level + 1))) - 1, hashes))
            edge.clear()
            carried, level = folded(hashes), level + 1
            if level == len(self.edges):
                self.edges.append(bytearray())

    def root(self) -> bytes:
        """The root over all leaves so far, from the right edge alone."""
        peaks: list[bytes] = []
        for edge in reversed(self.edges):
            hashes, start, count = bytes(edge), 0, len(edge) // HASH_BYTES
            while start < count:
                width = 1 << ((count - start).bit_length() - 1)
                peaks.append(folded(hashes[start * HASH_BYTES : (start + width) * HASH_BYTES]))
                start += width
        if not peaks:
            return EMPTY_ROOT
        found = peaks.pop()
        while peaks:
            found = node_hash(peaks.pop(), found)
        return found

    def unfinished(self) -> list[tuple[int, int, bytes]]:
        """The tiles at the right edge, as far as they are filled."""
        return [
            (level, self.size >> (TILE_LEVELS * (level + 1)), bytes(edge))
            for level, edge in enumerate(self.edges)
            if edge
        ]


def resumed(tiles: Tiles, size: int) -> GrowingTree:
    """The growing tree of a size, from its kept tiles."""
    edges: list[bytearray] = []
    level = 0
    while True:
        count = size >> (TILE_LEVELS * level)
        within = count % TILE_LEAVES
        kept = tiles(level, count >> TILE_LEVELS)[: within * HASH_BYTES] if within else b""
        edges.append(bytearray(kept))
        level += 1
        if not count >> TILE_LEVELS:
            return GrowingTree(size, edges)


def folded(hashes: bytes) -> bytes:
    """The root over a power of two of hashes."""
    row = [hashes[place : place + HASH_BYTES] for place in range(0, len(hashes), HASH_BYTES)]
    while len(row) > 1:
        row = [sha256(b"\x01" + row[place] + row[place + 1]).digest() for place in range(0, len(row), 2)]
    return row[0]


# --- proving --------------------------------------------------------------------------------------------------------


def root(tiles: Tiles, size: int) -> bytes:
    """The root of the tree of the first `size` leaves."""
    return _span(tiles, 0, size) if size else EMPTY_ROOT


def inclusion(tiles: Tiles, index: int, size: int) -> list[bytes]:
    """The hashes that lead from leaf `index` (from 0) to the root of the first `size` leaves; index < size.

    Source: RFC 6962 section 2.1.1, PATH(m, D[n]).
    """
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            path.append(_span(tiles, middle, end))
            end = middle
        else:
            path.append(_span(tiles, start, middle))
            start = middle
    return path[::-1]


def consistency(tiles: Tiles, first: int, second: int) -> list[bytes]:
    """The hashes that show the first tree to be the beginning of the second; 0 < first <= second.

    Source: RFC 6962 section 2.1.2, PROOF(m, D[n]).
    """
    path: list[bytes] = []
    start, end, whole = 0, second, True
    while first < end:
        middle = start + split(end - start)
        if first <= middle:
            path.append(_span(tiles, middle, end))
            end = middle
        else:
            path.append(_span(tiles, start, middle))
            start, whole = middle, False
    if not whole:
        path.append(_span(tiles, start, end))
    return path[::-1]


def split(count: int) -> int:
    """The largest power of two smaller than `count`, which is at least 2.

    >>> [split(count) for count in (2, 3, 4, 5, 8, 9)]
    [1, 2, 2, 4, 4, 8]
    """
    return 1 << ((count - 1).bit_length() - 1)


def _span(tiles: Tiles, start: int, end: int) -> bytes:
    """The root over leaves start..end-1, a range as the RFC's splitting makes them."""
    count = end - start
    if count & (count - 1) == 0:
        return _whole(tiles, count.bit_length() - 1, start)
    middle = start + split(count)
    return node_hash(_span(tiles, start, middle), _span(tiles, middle, end))


def _whole(tiles: Tiles, level: int, start: int) -> bytes:
    """The root over 2**level leaves from `start`, which is a multiple of that: from one tile."""
    tile_level, inside = divmod(level, TILE_LEVELS)
    first = start >> (TILE_LEVELS * tile_level)
    place = first % TILE_LEAVES * HASH_BYTES
    hashes = tiles(tile_level, first >> TILE_LEVELS)[place : place + (HASH_BYTES << inside)]
    if len(hashes) != HASH_BYTES << inside:
        raise LookupError(f"no hashes for leaves {start}.. of level {level}")
    return folded(hashes)


# --- checking -------------------------------------------------------------------------------------------------------


def root_of_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a path leads to from a leaf; None if the path has not the length that index and size ask for.

    Source: RFC 9162 section 2.1.3.2.
    """
    if not 0 <= index < size:
        return None
    place, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return found if last == 0 else None


def is_consistent(first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the path shows the first tree to be the beginning of the second.

    Source: RFC 9162 section 2.1.4.2.
    """
    if first == second:
        return not path and first_root == second_root
    if not 0 < first < second or not path:
        return False
    steps = list(path)
    if first & (first - 1) == 0:
        steps.insert(0, first_root)
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, step)
        place, last = place >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


# --- holdings -------------------------------------------------------------------------------------------------------


Holding = tuple[int, int, int, int]
"""Account, asset, units, held units."""


def with_bounds(holdings: Iterable[Holding], accounts: Iterable[int]) -> Iterator[Holding]:
    """The holdings, sorted by account and asset, with each account's first and last leaf; both come in sorted."""
    waiting = iter(holdings)
    current = next(waiting, None)
    for account_id in accounts:
        yield account_id, FIRST_ASSET, 0, 0
        while current is not None and current[0] == account_id:
            yield current
            current = next(waiting, None)
        yield account_id, LAST_ASSET, 0, 0
    if current is not None:
        raise LookupError(f"account {current[0]} holds something and is not among the accounts")
