"""Keep the story's database as this version's golden one: tests/golden/<version>.sqlite.zst.

    python scripts/golden.py STORY_FOLDER

Run `exchange story --once --data-dir STORY_FOLDER` first, with no exchange serving there.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import zstandard

LEVEL = 19


def main() -> None:
    """Compact the database into one file and compress it."""
    source = Path(sys.argv[1]) / "exchange.sqlite"
    target = Path(__file__).parent.parent / "tests" / "golden" / f"{version('ip-exchange')}.sqlite.zst"
    with tempfile.TemporaryDirectory() as folder:
        compact = Path(folder) / "compact.sqlite"
        connection = sqlite3.connect(source)
        connection.execute("VACUUM INTO ?", (str(compact),))
        connection.close()
        target.write_bytes(zstandard.ZstdCompressor(level=LEVEL).compress(compact.read_bytes()))
    print(f"{target.name}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
