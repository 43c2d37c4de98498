"""`exchange reconcile`: compare a bank's or another register's statement with a running exchange."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, NoReturn

import msgspec
import typer

from api.client import Client
from api.reconciling import Unread, read_statement, reconcile
from exchange.cli.faults import asking

SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(name="reconcile", short_help="Compare a statement with the ledger.")(command)


def command(
    file: Annotated[
        Path, typer.Argument(help="CSV: reference,amount or account_id,units.", exists=True, dir_okay=False)
    ],
    date: Annotated[str, typer.Option(help="The statement's day, YYYY-MM-DD.")],
    source: Annotated[str, typer.Option(help="Whose statement it is.")],
    bank: Annotated[str, typer.Option(help="The bank it is of: B1-…")] = "",
    asset: Annotated[str, typer.Option(help="Or the asset whose holders it lists: S1-…")] = "",
    client_minor: Annotated[int | None, typer.Option(help="Closing balance of the clients' account.")] = None,
    house_minor: Annotated[int | None, typer.Option(help="Closing balance of the house's account.")] = None,
    total_units: Annotated[int | None, typer.Option(help="Units issued, by that register.")] = None,
    url: Annotated[str, typer.Option(help="The running exchange.")] = "http://127.0.0.1:8000",
    user: Annotated[str, typer.Option(help="Login name of an operator.")] = "operator",
    password: Annotated[
        str, typer.Option(envvar="EXCHANGE_PASSWORD", prompt=True, hide_input=True, help="Asked for if not given.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object with every difference.")] = False,
) -> None:
    """Compare a statement line by line, and list what differs by kind; an issue that does not agree is suspended.

    Amounts are whole minor units, what a bank paid out negative. The file itself is put on record with its hash.

    Ends with 0 when all agrees, with 2 when something differs, with 1 when the file is no statement or was refused.

    Example: exchange reconcile register.csv --asset S1-204 --total-units 1000000 --date 2026-03-02 --source CSDC
    """
    if bool(bank) == bool(asset):
        _fail("name a bank with --bank, or an asset with --asset")
    body = file.read_bytes()
    try:
        lines = read_statement(body, "bank_id" if bank else "asset_id")
    except Unread as unread:
        _fail(f"{file.name} is no statement: {unread}")
    figures = {"closing_client_minor": client_minor, "closing_house_minor": house_minor, "total_units": total_units}
    opening: dict[str, Any] = {
        "source": source,
        "statement_date": date,
        **({"bank_id": bank} if bank else {"asset_id": asset}),
        **{name: value for name, value in figures.items() if value is not None},
    }
    with asking(url):
        found = asyncio.run(_compare(url, user, password, body, lines, opening))
    typer.echo(msgspec.json.encode(found).decode() if json else "\n".join(report(found)))
    if found["differences"]:
        raise typer.Exit(2)


def report(found: dict[str, Any]) -> list[str]:
    """What a person reads: how many lines, what differs by kind, what follows."""
    statement, differences = found["statement"], found["differences"]
    head = f"{statement['source']} {statement['statement_date']}: {statement['lines']:,} lines, "
    if not differences:
        return [head + "all agree"]
    kinds: dict[str, int] = {}
    for difference in differences:
        kinds[difference["kind"]] = kinds.get(difference["kind"], 0) + 1
    told = [head + f"{statement['differences']:,} differences", ""]
    told += [f"  {count:>6,}  {kind}" for kind, count in sorted(kinds.items())]
    told += ["", f"  {'kind':<20} {'of':<24} {'here':>18} {'there':>18}"]
    for difference in differences[:SHOWN]:
        of = difference["reference"] or (difference["account_id"] if difference["account_id"] != "A1-0" else "")
        told.append(f"  {difference['kind']:<20} {of:<24} {difference['ours']:>18,} {difference['theirs']:>18,}")
    if len(differences) > SHOWN:
        told.append(f"  … and {len(differences) - SHOWN:,} more: --json shows every one")
    if found["suspended"]:
        told += ["", f"{statement['asset_id']} is suspended until each difference is resolved or a statement agrees"]
    return told


async def _compare(
    url: str, user: str, password: str, body: bytes, lines: list[dict[str, Any]], opening: dict[str, Any]
) -> dict[str, Any]:
    async with Client(url) as client:
        await client.login(user, password)
        found = await reconcile(client, body, lines, opening)
        await client.logout()
        return found


def _fail(text: str) -> NoReturn:
    typer.echo(f"exchange: {text}", err=True)
    raise typer.Exit(1)
