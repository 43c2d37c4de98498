"""Merkle trees: every small tree whole, checked by the offline verifier, and by the RFC's definition written out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from hashlib import sha256

import pytest

from custody.proofs import (
    EMPTY_ROOT,
    FIRST_ASSET,
    LAST_ASSET,
    TILE_LEAVES,
    GrowingTree,
    consistency,
    holding_leaf,
    inclusion,
    is_consistent,
    resumed,
    root,
    root_of_inclusion,
    with_bounds,
)
from tests.verifier import SOURCE, module

SIZES = 1_000
EVERY_INDEX_TO = 100


def hashed(place: int) -> bytes:
    return sha256(b"\x00" + place.to_bytes(4, "big")).digest()


def plain_root(leaves: list[bytes]) -> bytes:
    """MTH(D[n]) as RFC 6962 2.1 defines it, and as slow."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return sha256(b"\x01" + plain_root(leaves[:middle]) + plain_root(leaves[middle:])).digest()


class Kept:
    """Tiles in a dict, as a table keeps them."""

    def __init__(self) -> None:
        self.tree = GrowingTree()
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.read: set[tuple[int, int]] = set()

    def grow(self, count: int) -> Kept:
        for place in range(self.tree.size, count):
            self.put(self.tree.append(hashed(place)))
        self.put(self.tree.unfinished())
        return self

    def put(self, tiles: list[tuple[int, int, bytes]]) -> None:
        self.tiles |= {(level, place): hashes for level, place, hashes in tiles}

    def __call__(self, level: int, place: int) -> bytes:
        self.read.add((level, place))
        return self.tiles.get((level, place), b"")


@pytest.fixture(scope="module")
def kept() -> Kept:
    return Kept().grow(SIZES)


def proved(leaf: bytes, index: int, size: int, path: list[bytes], top: bytes) -> bool:
    """The offline verifier's word; ours must be the same."""
    try:
        module().check_leaf(leaf, index, size, [step.hex() for step in path], top.hex(), "a leaf")
    except ValueError:
        found = False
    else:
        found = True
    assert (root_of_inclusion(leaf, index, size, path) == top) is found
    return found


def grown(first: int, second: int, first_root: bytes, second_root: bytes, path: list[bytes]) -> bool:
    """The offline verifier's word; ours must be the same."""
    heads = ({"size": first, "root": first_root.hex()}, {"size": second, "root": second_root.hex()})
    try:
        module().check_consistency(*heads, [step.hex() for step in path])
    except ValueError:
        found = False
    else:
        found = True
    assert is_consistent(first, second, first_root, second_root, path) is found
    return found


def test_the_root_of_every_size_is_the_one_the_rfc_defines(kept: Kept) -> None:
    leaves = [hashed(place) for place in range(SIZES)]
    assert root(kept, 0) == EMPTY_ROOT == plain_root([])
    growing = GrowingTree()
    assert growing.root() == EMPTY_ROOT
    for size in range(1, SIZES + 1):
        growing.append(leaves[size - 1])
        assert root(kept, size) == growing.root() == plain_root(leaves[:size])


def indices(size: int) -> Iterator[int]:
    """Every index of a small tree; of a larger one its ends, its middle, and where its subtrees meet."""
    if size <= EVERY_INDEX_TO:
        yield from range(size)
        return
    corners = {0, 1, size // 2, size - 2, size - 1, TILE_LEAVES - 1, TILE_LEAVES, 1 << (size - 1).bit_length() - 1}
    yield from sorted(place for place in corners if place < size)


def test_a_leaf_is_proved_in_every_tree_and_no_other_leaf_or_place_is(kept: Kept) -> None:
    for size in range(1, SIZES + 1):
        top = root(kept, size)
        for index in indices(size):
            path = inclusion(kept, index, size)
            assert len(path) <= (size - 1).bit_length()
            assert proved(hashed(index), index, size, path, top)
            assert not proved(hashed(index + 1), index, size, path, top)
            assert size == 1 or not proved(hashed(index), (index + 1) % size, size, path, top)
            assert not path or not proved(hashed(index), index, size, path[:-1], top)
            assert not proved(hashed(index), index, size, [*path, top], top)
            assert not proved(hashed(index), size, size, path, top)


def some(size: int) -> set[int]:
    """Earlier sizes of a larger tree: the ends, where subtrees meet, and a few that move with the size."""
    corners = {1, 2, size // 3, size // 2, size - 1, size, 1 << (size - 1).bit_length() - 1, TILE_LEAVES}
    return {first for first in corners | {size * 37 % 991, size * 53 % 877} if 0 < first <= size}


def test_each_of_two_trees_of_one_history_proves_the_other(kept: Kept) -> None:
    for second in range(1, SIZES + 1):
        new = root(kept, second)
        firsts = range(1, second + 1) if second <= EVERY_INDEX_TO else some(second)
        for first in firsts:
            old, path = root(kept, first), consistency(kept, first, second)
            assert grown(first, second, old, new, path)
            assert not grown(first, second, hashed(0), new, path) or (first == 1 and old == hashed(0))
            assert not grown(first, second, old, hashed(second), path)
            assert not grown(first, second, old, new, [*path, new])
            assert first == second or not grown(second, first, new, old, path)


def test_a_history_with_one_other_leaf_is_consistent_with_none_after_it(kept: Kept) -> None:
    for changed in (0, 1, 63, 64, 98, 99):
        other = Kept()
        for place in range(200):
            other.put(other.tree.append(hashed(place + 5_000 * (place == changed))))
        other.put(other.tree.unfinished())
        for first in (changed + 1, 100):
            path = consistency(other, first, 200)
            assert not grown(first, 200, root(kept, first), root(other, 200), path)


def test_a_tree_goes_on_from_its_tiles_at_any_size() -> None:
    whole = Kept().grow(70_000)
    for size in (0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 69_999):
        again = Kept()
        again.tiles = {
            place: hashes for place, hashes in whole.tiles.items() if place[1] <= size >> (8 * (place[0] + 1))
        }
        again.tree = resumed(whole, size)
        for place in range(size, 70_000):
            again.put(again.tree.append(hashed(place)))
        again.put(again.tree.unfinished())
        assert root(again, 70_000) == root(whole, 70_000)


def test_a_proof_reads_a_few_tiles_however_long_the_journal_is() -> None:
    whole = Kept().grow(140_000)
    for index in (0, 70_000, 131_071, 139_999):
        whole.read.clear()
        assert root_of_inclusion(hashed(index), index, 140_000, inclusion(whole, index, 140_000)) == root(
            whole, 140_000
        )
        assert len(whole.read) <= 8


def test_every_account_has_a_first_and_a_last_leaf_so_that_neighbours_are_its_own() -> None:
    found = list(with_bounds([(1, 7, 5, 0), (3, 7, 9, 2)], [1, 2, 3]))
    assert found == [
        (1, FIRST_ASSET, 0, 0),
        (1, 7, 5, 0),
        (1, LAST_ASSET, 0, 0),
        (2, FIRST_ASSET, 0, 0),
        (2, LAST_ASSET, 0, 0),
        (3, FIRST_ASSET, 0, 0),
        (3, 7, 9, 2),
        (3, LAST_ASSET, 0, 0),
    ]
    assert found == sorted(found)
    with pytest.raises(LookupError):
        list(with_bounds([(4, 7, 1, 0)], [1, 2, 3]))


def test_a_holdings_leaf_differs_with_each_of_its_parts() -> None:
    salt = bytes(16)
    leaves = {
        holding_leaf(salt, 1, 2, 3, 0),
        holding_leaf(salt, 2, 2, 3, 0),
        holding_leaf(salt, 1, 3, 3, 0),
        holding_leaf(salt, 1, 2, -3, 0),
        holding_leaf(salt, 1, 2, 3, 1),
        holding_leaf(b"\x01" + bytes(15), 1, 2, 3, 0),
    }
    assert len(leaves) == 6


def test_the_verifier_is_short_and_imports_the_standard_library_and_cryptography_alone() -> None:
    text = SOURCE.read_text()
    assert len(text.splitlines()) <= 150
    imported = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert imported == {
        "json",
        "struct",
        "sys",
        "zipfile",
        "collections",
        "hashlib",
        "pathlib",
        "typing",
        "cryptography",
    }
