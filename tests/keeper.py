"""Keeps a server for the tests, and ends it however the tests end.

Run as a process of its own between pytest and the server. It holds the reading end of a pipe whose other end is
pytest's: when that closes, because the tests are over, were interrupted or were killed, it stops the server by its
pid and removes the server's folder. So nothing is left behind, whatever happened.

    python keeper.py FOLDER USER COMMAND...     USER "" keeps the present one
"""

from __future__ import annotations

import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TypedDict

GRACE_S = 10
"""How long a server may take to stop when asked, before it is killed."""


class Identity(TypedDict, total=False):
    """The part of `subprocess.Popen`'s arguments that says as whom to run."""

    user: str
    group: int
    extra_groups: list[int]


def identity(user: str) -> Identity:
    """Run as this user, with none of our groups; "" keeps the present one."""
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}


def keep(folder: Path, user: str, command: list[str]) -> int:
    """Run the server until the pipe on standard input closes; return 0 if it was we who ended it."""
    with (folder / "log").open("ab") as log:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            **identity(user),
        )
    while server.poll() is None:
        readable, _, _ = select.select([sys.stdin], [], [], 0.2)
        if readable and not os.read(sys.stdin.fileno(), 1):
            server.send_signal(signal.SIGINT)  # PostgreSQL: drop the clients and stop; NATS: stop
            try:
                server.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            shutil.rmtree(folder, ignore_errors=True)
            return 0
    return server.returncode or 1


if __name__ == "__main__":
    sys.exit(keep(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
