"""What a sequencer knows of a command beside its contents: who made it, which lane it takes, whether it came before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from exchange.core.ids import NODE
from exchange.core.messages import Command, Event, Rejected
from exchange.core.node_messages import AdvanceClock, ContinueRun, StartNode
from exchange.core.rejections import RejectCode
from exchange.core.wire import decode_events, encode_command
from exchange.engine.apply import ROUTES
from exchange.node.codec import fingerprint
from exchange.node.ports import JournalRow, Known, NodeFault, Outcome, Submission

OWN = (StartNode, AdvanceClock, ContinueRun)
"""What a sequencer asks for by itself."""

Taken = tuple[Submission, JournalRow]
"""A command of a batch, and the row that proves what became of it."""


def own(command: Command) -> Submission:
    """A command of the sequencer's, whose answer nobody waits for."""
    return Submission(command=command, principal=NODE, answer=lambda _: None)


def mark_of(submission: Submission) -> bytes:
    """What makes a command the same one when it comes again: its sender and its bytes, but for the clock's chance."""
    is_clock = isinstance(submission.command, AdvanceClock)
    return fingerprint(submission.principal, encode_command(AdvanceClock()) if is_clock else submission.encoded)


def not_own(submissions: list[Submission]) -> list[Submission]:
    """Those that somebody sent: a sequencer makes its own commands anew."""
    return [submission for submission in submissions if not isinstance(submission.command, OWN)]


def engine_failed(events: Iterable[Event]) -> bool:
    """Whether the shell answered, because the engine could not."""
    codes = (RejectCode.INTERNAL_REFUSED, RejectCode.INTERNAL_QUARANTINED)
    return any(isinstance(event, Rejected) and event.code in codes for event in events)


def is_slow(submission: Submission) -> bool:
    """Whether it takes the slow lane."""
    return ROUTES[type(submission.command)].slow


def repeat(submission: Submission, earlier: Known) -> Outcome | NodeFault:
    """The answer to a key that was used before: the same events, or a refusal when the contents differ."""
    if earlier.command_bytes != submission.encoded:
        return NodeFault(RejectCode.IDEMPOTENCY_KEY_REUSED)
    return Outcome(
        sequence=earlier.sequence, at_ns=earlier.at_ns, events=decode_events(earlier.events_bytes), repeated=True
    )


def answer_with_twin(submission: Submission, twin: Taken) -> None:
    """Answer a repeat in the same batch together with the first, after the commit."""
    first, row = twin
    if row.command_bytes != submission.encoded:
        submission.answer(NodeFault(RejectCode.IDEMPOTENCY_KEY_REUSED))
        return
    answer_first = first.answer

    def answer_both(result: Outcome | NodeFault) -> None:
        answer_first(result)
        match result:
            case Outcome():
                submission.answer(Outcome(result.sequence, result.at_ns, result.events, repeated=True, row=row))
            case NodeFault():
                submission.answer(result)
            case _:
                assert_never(result)

    first.answer = answer_both
