"""The exchange as it is served, on a seeded database: `python -m benchmarks.server FOLDER PORT [DATABASE_URL]`.

It talks to whoever started it in JSON lines: says when it answers and how long each step took, then for each line
`{"tickets": [USER, ...]}` one-time tickets, for `{"token": USER}` an access token, for `{"peak": true}` its memory. It
ends when its input does. In the environment, BENCHMARK_PROFILE=FILE profiles it into FILE, and BENCHMARK_DAYS_AHEAD=N
sets its clock so many days ahead.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import os
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from api.services import Edge
from exchange.bootstrap import Settings, StartRefused, serving
from exchange.core.ids import UserId
from exchange.core.units import NS_PER_DAY, TimeNs
from exchange.logs import configure_logs
from exchange.node.clock import SystemClock


@dataclass(frozen=True, slots=True)
class Ahead:
    """A clock some days ahead of the machine's."""

    days: int

    def now_ns(self) -> TimeNs:
        """The machine's time and the days."""
        return TimeNs(SystemClock().now_ns() + self.days * NS_PER_DAY)


class Minting:
    """Sessions without passwords: what is measured begins after the login."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self.tokens: dict[int, str] = {}

    async def token(self, user: int) -> str:
        """An access token; a new one, as the last may have expired."""
        return (await self.edge.sessions.start(UserId(user))).access_token

    async def tickets(self, users: list[int]) -> list[str]:
        """A ticket for each user, in order."""
        made: list[str] = []
        sessions: dict[int, Any] = {}
        for user in users:
            claims, left = sessions.get(user, (None, 0))
            if not left:
                claims, left = self.edge.tokens.verify(await self.token(user)), 12
            made.append((await self.edge.sessions.issue_ticket(claims)).ticket)
            sessions[user] = (claims, left - 1)
        return made


async def serve(folder: Path, port: int, database_url: str) -> None:
    """Serve, and answer the parent's lines until there are no more."""
    settings = Settings(
        data_dir=folder,
        database_url=database_url,
        port=port,
        password_time_cost=1,
        password_memory_kib=8,
        password_parallelism=1,
        requests_per_second=100_000,
    )
    started = time.perf_counter()
    clock = Ahead(int(os.environ.get("BENCHMARK_DAYS_AHEAD", "0")))
    async with serving(settings, clock) as (services, _):
        sequencer = services.keeper.sequencer
        assert sequencer is not None
        tell(
            ready_s=time.perf_counter() - started,
            sequence=sequencer.head.sequence,
            open_orders=len(sequencer.state.orders),
            peak_mib=peak_mib(),
        )
        minting = Minting(services.edge)
        lines = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        async for line in lines:
            asked = json.loads(line)
            if "tickets" in asked:
                tell(tickets=await minting.tickets(asked["tickets"]))
            elif "token" in asked:
                tell(token=await minting.token(asked["token"]))
            else:
                tell(peak_mib=peak_mib(), sequence=services.sequence)


def tell(**answer: Any) -> None:
    """One line to the parent."""
    print(json.dumps(answer), flush=True)


def peak_mib() -> float:
    """The most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024


def main() -> None:
    """Serve with the settings of the command line."""
    configure_logs("error")
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    work = serve(folder, port, sys.argv[3] if len(sys.argv) > 3 else "")
    profile = os.environ.get("BENCHMARK_PROFILE", "")
    try:
        if profile:
            profiler = cProfile.Profile()
            profiler.runcall(uvloop.run, work)
            profiler.dump_stats(profile)
        else:
            uvloop.run(work)
    except StartRefused as refusal:
        sys.exit(str(refusal))


if __name__ == "__main__":
    main()
