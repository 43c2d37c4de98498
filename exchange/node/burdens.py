"""What lies on a right, asked of the running engine between two batches.

The tables hold each workflow's own rows; only the engine knows them all as one list (engine.burdens.SOURCES). So a
burden of a new kind is in every certificate from its first day, without anybody writing a query for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from custody.encumbrances import Burden
from exchange.core.ids import AssetId
from exchange.engine.burdens import burdens_of
from exchange.node.ports import NodeFault
from exchange.node.sequencer import Sequencer


@dataclass(frozen=True, slots=True)
class Burdens:
    """What lies on an asset after a sequence."""

    sequence: int
    found: tuple[Burden, ...]


async def burdens_at_rest(sequencer: Sequencer | None, asset_id: AssetId) -> Burdens:
    """Everything that lies on an asset now, and the sequence this is true at.

    Raises: NodeFault node.restarting when no node runs.
    """
    if sequencer is None:
        raise NodeFault("node.restarting", "no node is running")
    running = sequencer

    def asked() -> Burdens:
        found = burdens_of(running.state, asset_id) if asset_id in running.state.assets else []
        return Burdens(running.head.sequence, tuple(found))

    return await running.at_rest(asked)
