"""Long work in bounded steps: a plan frozen by hash, then chunk after chunk until it is done.

Each chunk is a command of its own, in the slow lane; a kill between chunks loses nothing, because the run and its
position are in the state and the node goes on with it after every start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import msgspec

from exchange.core.ids import RunId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import ContinueRun, Run, RunContinued, RunKind, RunStarted
from exchange.core.rejections import RejectCode
from exchange.engine.state import ExchangeState

CHUNK = 240
"""Plan entries a chunk does, few enough for a command's 1,024 events; a plan whose steps take 2, 3 or 4 entries is not
cut inside a step."""

Chunk = Callable[[ExchangeState, Header, Run, list[int]], list[Event]]
"""Does some entries of a plan: (state, header, run, entries) → events. May not refuse."""


def start_run(
    state: ExchangeState,
    header: Header,
    kind: RunKind,
    plan: Sequence[int],
    *,
    argument: str = "",
    subject_id: int = 0,
    ordinal: int = 0,
) -> list[Event]:
    """Freeze a plan and keep it; an empty plan starts nothing. Call after the line."""
    if not plan:
        return []
    encoded = msgspec.msgpack.encode(list(plan))
    run = Run(
        run_id=RunId(make_id(header.sequence, ordinal)),
        kind=kind,
        argument=argument,
        subject_id=subject_id,
        plan=encoded,
        plan_hash=hashlib.sha256(encoded).digest(),
        total=len(plan),
    )
    state.put(run)
    return [RunStarted(run=run)]


def continue_run(
    chunks: dict[RunKind, Chunk], state: ExchangeState, header: Header, command: ContinueRun
) -> list[Event]:
    """Do the run's next chunk.

    Refused: run.unknown, run.stale (another chunk came first).
    """
    run = state.runs.get(command.run_id)
    if run is None:
        return [Rejected(code=RejectCode.RUN_UNKNOWN)]
    if run.position != command.from_position:
        return [Rejected(code=RejectCode.RUN_STALE, detail=f"position={run.position}")]

    state.change()
    plan = msgspec.msgpack.decode(run.plan, type=list[int])
    position = min(run.total, run.position + CHUNK)
    events = chunks[run.kind](state, header, run, plan[run.position : position])
    state.put(msgspec.structs.replace(run, position=position))
    return [*events, RunContinued(run_id=run.run_id, position=position, total=run.total)]
