"""Imports 100,000 patents through the engine in a process of its own, then a fifth of them again; tells it in JSON.

A thousandth of the second list has another title. Memory is what this process held at most.
"""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from exchange.assets.entries import PatentEntry
from exchange.assets.intake import read_patents
from exchange.assets.messages import MAX_ENTRIES, ImportPatents, PatentsImported, PatentStub
from exchange.core.ids import NO_CONNECTION
from exchange.core.messages import Header
from exchange.core.units import Epoch, Sequence, TimeNs
from exchange.engine.apply import apply
from tests.assets.helpers import salt_for
from tests.assets.large_list import ROWS, high_water_bytes, large_file
from tests.listings.stage import TODAY, House

AGAIN = ROWS // 5
EVERY_THOUSANDTH = re.compile(rb"A device number (\d*500) ")


def slices(chunks: Iterable[bytes]) -> Iterator[tuple[PatentEntry, ...]]:
    """What intake makes of a file, as many entries as a command takes at a time."""
    rows = read_patents(chunks, as_of=TODAY, salt_for=salt_for)
    entries = (row.entry for row in rows if row.entry is not None)
    while some := tuple(islice(entries, MAX_ENTRIES)):
        yield some


class Importer:
    """Sends slices to the engine, without a store behind it, and counts what they brought."""

    def __init__(self) -> None:
        house = House.sandbox()
        self.state = house.venue.state
        self.principal = house.venue.users["thu"]
        self.counts = {"new": 0, "changed": 0, "same": 0, "refused": 0}

    def take(self, entries: tuple[PatentEntry, ...]) -> None:
        """Decide one command."""
        header = Header(
            Sequence(self.state.sequence + 1),
            Epoch(1),
            TimeNs(self.state.at_ns + 1_000_000),
            self.principal,
            NO_CONNECTION,
        )
        [told] = apply(self.state, header, ImportPatents(entries=entries))
        assert isinstance(told, PatentsImported)
        self.counts["new"] += len(told.new)
        self.counts["changed"] += len(told.changed)
        self.counts["same"] += told.same
        self.counts["refused"] += len(told.refused)


def main() -> None:
    """First the whole list, then the beginning of a later one."""
    importer = Importer()
    gc.collect()
    before = high_water_bytes()
    for entries in slices(large_file()):
        importer.take(entries)
    grown = high_water_bytes() - before
    first = dict(importer.counts)
    later = (EVERY_THOUSANDTH.sub(rb"Another title of \1 ", chunk) for chunk in large_file())
    for entries in islice(slices(later), AGAIN // MAX_ENTRIES):
        importer.take(entries)
    second = {name: importer.counts[name] - first[name] for name in first}
    kept = len(importer.state.table(PatentStub))
    print(json.dumps({"first": first, "second": second, "kept": kept, "grown_bytes": grown}))


if __name__ == "__main__":
    main()
