"""`exchange serve` in a process of its own, to be killed: the command itself, after imports that were made once.

For each line it reads, a JSON object (`Served`), it forks a process that runs the command line with these arguments;
see `server.fork_for_each_line`. All that differs from `python -m exchange serve` is where the metrics, which the
sequencer tells its stages, are overheard: a byte that outlives the process keeps the last one.

    python -m tests.node.served
"""

from __future__ import annotations

import mmap
import os
import sys
from pathlib import Path

import msgspec

from api.metrics import Metrics
from exchange import __main__ as command_line
from exchange import bootstrap as _bootstrap  # noqa: F401 - `serve` imports it when it runs; here it is done once
from tests.node.server import STAGES, fork_for_each_line


class Served(msgspec.Struct):
    """What a server is started with: the command line, its settings, and a file of one byte for its stage."""

    arguments: list[str]
    settings: dict[str, str]
    stage: str


def overhear(file: Path) -> None:
    """Leave a mark of each stage where a kill does not wipe it away."""
    with file.open("r+b") as opened:
        mark = mmap.mmap(opened.fileno(), 1)
    counted = Metrics.stage

    def heard(self: Metrics, stage: str) -> None:
        mark[0] = STAGES.index(stage)
        counted(self, stage)

    Metrics.stage = heard  # type: ignore[method-assign]


def child(line: str) -> None:
    """Be the server that a line asks for."""
    served = msgspec.json.decode(line, type=Served)
    overhear(Path(served.stage))
    os.environ.update(served.settings)
    sys.argv = ["exchange", *served.arguments]
    command_line.main()


if __name__ == "__main__":
    fork_for_each_line(child)
