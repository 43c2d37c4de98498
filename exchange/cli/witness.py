"""`exchange witness`: keep the signed heads of an exchange, and say so when its history is no longer what it was."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from api.client_http import Http
from api.proofs.witness import NotWitnessed, look, read_kept, write_kept
from exchange.cli.faults import asking


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(short_help="Keep signed heads, and catch a rewritten history.")(witness)


def witness(
    url: Annotated[str, typer.Argument(help="The exchange: http://127.0.0.1:8000.")],
    keep: Annotated[Path, typer.Option(help="The witness's own file; the first look makes it.")],
    every: Annotated[
        float, typer.Option(min=0, help="Look again after so many seconds, until something is wrong; 0: once.")
    ] = 0,
) -> None:
    """Ask an exchange for its newest signed head, and check that it only adds to every head that was kept.

    It needs no account, and ends with 1 and one sentence when rows were taken back, changed, or signed anew, even if
    whoever did it has the exchange's key. The first look trusts the exchange's keys as they are shown.

    Example: exchange witness http://127.0.0.1:8000 --keep heads.json --every 60
    """
    try:
        with asking(url):
            asyncio.run(watch(url, keep, every))
    except NotWitnessed as found:
        typer.echo(f"exchange: NOT WITNESSED: {found}", err=True)
        raise typer.Exit(1) from None


async def watch(url: str, keep: Path, every: float) -> None:
    """Look once, or until something is wrong.

    Raises: NotWitnessed, OSError.
    """
    http = Http(url)
    try:
        while True:
            kept = read_kept(keep)
            is_new = await look(http, kept)
            if is_new:
                write_kept(keep, kept)
            last = kept.last or {}
            said = "added to what was kept" if is_new else "as kept"
            typer.echo(f"head {last.get('number')} over rows 1..{last.get('size')}, {said}, {len(kept.heads)} in all")
            if not every:
                return
            await asyncio.sleep(every)
    finally:
        await http.close()
