"""Whether memory and tables still say the same, asked of a running node: both at one sequence, compared in a thread.

Between two batches the node lays out its memory and a reader opens its snapshot; both stand still from then on, so the
long part, loading the tables and comparing, holds nobody up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from exchange.engine.digest import Section, section_differences, sections
from exchange.engine.state import ExchangeState
from exchange.node.ports import NodeFault
from exchange.node.sequencer import Sequencer


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """What a comparison found: nothing, or what differs, key by key."""

    sequence: int
    sections: int
    differences: tuple[str, ...]


Tables = AbstractContextManager[Callable[[], ExchangeState]]
"""A snapshot of the tables from its entry on; what it gives loads the state they describe."""


async def self_check(sequencer: Sequencer | None, tables: Callable[[], Tables]) -> SelfCheck:
    """Compare a running node's memory with the tables at one sequence.

    Raises: NodeFault node.restarting when no node runs.
    """
    if sequencer is None:
        raise NodeFault("node.restarting", "no node is running")
    with contextlib.ExitStack() as open_tables:
        snapshot = tables()
        running = sequencer

        def both_stand() -> tuple[ExchangeState, dict[str, Section], Callable[[], ExchangeState]]:
            head = ExchangeState(sequence=running.head.sequence, epoch=running.state.epoch, at_ns=running.state.at_ns)
            return head, sections(running.state), open_tables.enter_context(snapshot)

        head, memory, load = await running.at_rest(both_stand)

        def compare() -> tuple[str, ...]:
            loaded = load()
            loaded.sequence, loaded.epoch, loaded.at_ns = head.sequence, head.epoch, head.at_ns
            return tuple(section_differences(memory, sections(loaded)))

        return SelfCheck(head.sequence, len(memory), await asyncio.to_thread(compare))
