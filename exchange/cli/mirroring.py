"""`exchange mirror-register`: bring a file of an outside register into a running exchange."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, NoReturn

import msgspec
import typer

from api.client import Client
from api.mirroring import mirror, read_register
from api.reconciling import Unread
from exchange.cli.faults import asking

SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(name="mirror-register", short_help="Import an outside register's file.")(command)


def command(
    file: Annotated[Path, typer.Argument(help="CSV: holder,units[,account_id].", exists=True, dir_okay=False)],
    asset: Annotated[str, typer.Option(help="The asset whose register it is: S1-…")],
    date: Annotated[str, typer.Option(help="The day at whose end it stood so, YYYY-MM-DD.")],
    source: Annotated[str, typer.Option(help="Whose register it is.")],
    key_file: Annotated[
        Path, typer.Option(help="The venue's secret under which holders are hashed.", exists=True, dir_okay=False)
    ],
    url: Annotated[str, typer.Option(help="The running exchange.")] = "http://127.0.0.1:8000",
    user: Annotated[str, typer.Option(help="Login name of an operator.")] = "operator",
    password: Annotated[
        str, typer.Option(envvar="EXCHANGE_PASSWORD", prompt=True, hide_input=True, help="Asked for if not given.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object with every change.")] = False,
) -> None:
    """Import a register file in parts and complete it; another operator confirms it, and then it counts.

    A holder who is no member here leaves no name: its name is hashed with the key, which never leaves this machine. Use
    one key for every file of an asset, or nothing can be compared.

    Ends with 0 when the file is complete, with 1 when it is no register file or was refused.

    Example: exchange mirror-register csdc.csv --asset S1-204 --date 2026-03-02 --source CSDC --key-file holders.key
    """
    body = file.read_bytes()
    try:
        lines = read_register(body, key_file.read_bytes().strip())
    except Unread as unread:
        _fail(f"{file.name} is no register file: {unread}")
    with asking(url):
        found = asyncio.run(
            _mirror(url, user, password, body, lines, {"asset_id": asset, "as_of": date, "source": source})
        )
    typer.echo(msgspec.json.encode(found).decode() if json else "\n".join(report(found)))


def report(found: dict[str, Any]) -> list[str]:
    """What a person reads: the file, what it changes, what is to be done."""
    file, before, changed = found["file"], found["before"], found["changes"]
    against = f"against version {before['version']} as of {before['as_of']}" if before else "the first one"
    told = [
        f"{file['source']} as of {file['as_of']}: {file['holders']:,} holders, {file['total_units']:,} units, "
        f"version {file['version']}, {against}"
    ]
    told += [f"  {'change':<8} {'holder':<16} {'before':>18} {'after':>18}"] if changed else ["  nothing changes"]
    told += [
        f"  {one['kind']:<8} {one['holder_sha256'][:16]:<16} {one['before']:>18,} {one['after']:>18,}"
        for one in changed[:SHOWN]
    ]
    if len(changed) > SHOWN:
        told.append(f"  … and {len(changed) - SHOWN:,} more: --json shows every one")
    told.append(f"{file['mirror_file_id']} is {file['state']}; it counts when another operator confirms it")
    return told


async def _mirror(
    url: str, user: str, password: str, body: bytes, lines: list[dict[str, Any]], opening: dict[str, Any]
) -> dict[str, Any]:
    async with Client(url) as client:
        await client.login(user, password)
        found = await mirror(client, body, lines, opening)
        await client.logout()
        return found


def _fail(text: str) -> NoReturn:
    typer.echo(f"exchange: {text}", err=True)
    raise typer.Exit(1)
