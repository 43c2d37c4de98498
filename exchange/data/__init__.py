"""Packaged sample data: real records of United States offices, opened by name as a stream of bytes.

The one package here that reads files; it stands beside the layers, and only `exchange.bootstrap`, the command line,
the story and tests ask it. Where each file comes from and what may be done with it: README.md beside this file.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from importlib import resources

SAMPLES = ("us_patents_uspto.csv", "nasa_patent_portfolio.csv", "assignments.csv", "assigned_properties.csv")
"""The names `open_sample` knows."""

CHUNK_BYTES = 65_536


def open_sample(name: str) -> Iterator[bytes]:
    """The bytes of a packaged file, unpacked, in chunks.

    Raises: KeyError if no sample has that name.
    """
    if name not in SAMPLES:
        raise KeyError(f"no sample {name!r}; there are {', '.join(SAMPLES)}")
    return _chunks(name)


def _chunks(name: str) -> Iterator[bytes]:
    packed = resources.files(__name__).joinpath(f"{name}.gz")
    with packed.open("rb") as file, gzip.open(file) as unpacked:
        while chunk := unpacked.read(CHUNK_BYTES):
            yield chunk
