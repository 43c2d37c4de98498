"""The whole state as the tables describe it, for a comparison with a node's memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from exchange.engine.state import ExchangeState
from exchange.store.load.state import load_state
from exchange.store.queries.reader import Reads

LONGEST_SECONDS = 60.0
"""A whole state takes longer to load than a question may last."""


@contextmanager
def standing_tables(reads: Reads) -> Iterator[Callable[[], ExchangeState]]:
    """The tables as they are at the block's entry, and a function that loads the state from them."""
    with reads.snapshot(LONGEST_SECONDS) as snapshot:
        yield lambda: load_state(snapshot.stream)
