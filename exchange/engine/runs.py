"""Long work in bounded steps: a plan frozen by hash, then chunk after chunk until it is done.

Each chunk is a command of its own, in the slow lane; a kill between chunks loses nothing, because the run and its
position are in the state and the node goes on with it after every start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from exchange.core.ids import RunId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import ContinueRun, Run, RunContinued, RunKind, RunStarted
from exchange.core.rejections import RejectCode
from exchange.engine.state import ExchangeState

CHUNK = 240
"""Plan entries a chunk does, few enough for a command's 1,024 events; a plan whose steps take 2, 3 or 4 entries is not
cut inside a step."""


class Progress(NamedTuple):
    """What a chunk did, and how far the run has come: most runs count the entries of their plan, others the work."""

    events: list[Event]
    position: int
    total: int


Chunk = Callable[[ExchangeState, Header, Run, list[int]], Progress]
"""Does some of a run's plan: (state, header, run, plan) → progress. May not refuse; the run is over at its total."""


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
    while make_id(header.sequence, ordinal) in state.runs:  # another of this command
        ordinal += 1
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
    events, position, total = chunks[run.kind](state, header, run, plan)
    state.put(msgspec.structs.replace(run, position=position, total=total))
    return [*events, RunContinued(run_id=run.run_id, position=position, total=total)]


def whole_chunks(work: Callable[[ExchangeState, Header, Run, list[int]], list[Event]]) -> Chunk:
    """A chunk that always does the next CHUNK entries of its plan, by what does some entries."""

    def chunk(state: ExchangeState, header: Header, run: Run, plan: list[int]) -> Progress:
        position = min(run.total, run.position + CHUNK)
        return Progress(work(state, header, run, plan[run.position : position]), position, run.total)

    return chunk
