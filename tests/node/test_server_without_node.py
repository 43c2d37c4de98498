"""A server whose node gives up for good ends too, instead of answering 503 for ever."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from exchange.bootstrap import Settings, build_services, running


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_the_end_of_the_keeper_is_told(tmp_path: Path) -> None:
    services = build_services(Settings(data_dir=tmp_path, port=_free_port()))
    told = asyncio.Event()
    services.on_node_over.append(told.set)
    async with running(services):
        assert not told.is_set()
        services.keeper.close()
        await asyncio.wait_for(told.wait(), 5)
