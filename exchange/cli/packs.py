"""`exchange pack`: take a disposal's due-diligence pack from a running exchange."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from api.client import Client, Problem
from exchange.cli.faults import asking


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(short_help="Take a disposal's due-diligence pack.")(pack)


def pack(
    case: Annotated[str, typer.Argument(help="The disposal: a deal (D1-200) or a pilot (J1-300).")],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")],
    user: Annotated[str, typer.Option(help="Login name of who may view the account, or of an operator.")] = "operator",
    password: Annotated[
        str, typer.Option(envvar="EXCHANGE_PASSWORD", prompt=True, hide_input=True, help="Asked for if not given.")
    ] = "",
    url: Annotated[str, typer.Option(help="The running exchange.")] = "http://127.0.0.1:8000",
    form: Annotated[str, typer.Option(help="bundle (a zip with all proofs) or html (its page to read).")] = "bundle",
) -> None:
    """Take the pack of one disposal. The bundle is checked offline: python verifier.py FILE KEY.

    Example: exchange pack D1-200 --out D1-200.zip --user tsinghua
    """
    with asking(url):
        taken = asyncio.run(take(url, user, password, f"/v1/packs/{case}/bundle?form={form}"))
    out.write_bytes(taken)
    typer.echo(f"{out}: {len(taken):,} bytes")


async def take(url: str, user: str, password: str, path: str) -> bytes:
    """Log in, ask, log out.

    Raises: Problem, OSError.
    """
    async with Client(url) as client:
        await client.login(user, password)
        answer = await client.request("GET", path)
        if answer.status >= 400:
            raise Problem(answer.status, answer.json())
        await client.logout()
        return answer.body
