"""Reads a list of 100,000 rows in a process of its own and tells in JSON what came of them and how memory grew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from exchange.assets.intake import Tally, read_patents
from tests.assets.helpers import AS_OF, COLUMNS, salt_for

ROWS = 100_000
CHUNK_BYTES = 1 << 20


def large_file() -> Iterator[bytes]:
    """100,000 rows in chunks of about a mebibyte."""
    buffer = bytearray(",".join(COLUMNS).encode() + b"\n")
    for place in range(ROWS):
        buffer += (
            f"CN1{place:08d}A,CN,A,A device number {place} for the transport of heat,UNIV TIANJIN; HARBIN INST "
            f'TECHNOLOGY,"WANG WEI; LI NA {place}",CN20171{place:07d},2017-07-21,2019-03-05,,,F28D15/02; H05K7/20\n'
        ).encode()
        if len(buffer) >= CHUNK_BYTES:
            yield bytes(buffer)
            buffer.clear()
    yield bytes(buffer)


def high_water_bytes() -> int:
    """The most memory this process has ever held."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("this system does not tell a process its high-water mark")


if __name__ == "__main__":
    before = high_water_bytes()
    tally = Tally()
    for outcome in read_patents(large_file(), as_of=AS_OF, salt_for=salt_for):
        tally.add(outcome)
    print(json.dumps({"rows": tally.rows, "grown_bytes": high_water_bytes() - before}))
