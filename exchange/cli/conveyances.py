"""`exchange import-conveyances`: read recorded papers, say what they come to, bring them into a running exchange."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer

from api.client import Client
from api.conveyances import Unread, read_lists, send
from exchange.cli.faults import asking
from exchange.cli.title_report import Titles, abstract, as_json, summary
from exchange.data import open_sample

PAPERS, PROPERTIES = "assignments.csv", "assigned_properties.csv"
SHOWN_FAULTS = 20


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(name="import-conveyances", short_help="Show each property's chain of title from papers.")(
        import_conveyances
    )


def import_conveyances(
    file: Annotated[
        Path | None,
        typer.Argument(help="CSV of recorded papers; without it, the packaged 1,414.", exists=True, dir_okay=False),
    ] = None,
    properties: Annotated[
        Path | None,
        typer.Option(help=f"CSV of the properties ({PROPERTIES} beside FILE).", exists=True, dir_okay=False),
    ] = None,
    number: Annotated[
        str, typer.Option("--property", help="Show one property whole, by patent, application or publication number.")
    ] = "",
    as_of: Annotated[str, typer.Option("--as-of", help="Leave out papers executed after this day, YYYY-MM-DD.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object with every property.")] = False,
    url: Annotated[str, typer.Option(help="A running exchange to bring the papers into.")] = "",
    user: Annotated[str, typer.Option(help="Login name of an operator there.")] = "operator",
    password: Annotated[str, typer.Option(envvar="EXCHANGE_PASSWORD", help="Asked for if not given.")] = "",
) -> None:
    """Read recorded papers, build each property's chain of title, and report clear, defect or unknown with its reasons.

    FILE needs reel_frame, execution_date, conveyance_text, assignors and assignees; the properties need reel_frame,
    application_number, patent_number, publication_number and inventors. With --url the papers are brought into
    that exchange as well, without the names of natural persons: there a listing is returned whose title they spoil.

    Ends with 0 when the lists were read, however many rows were refused; with 1 when they were not.

    Example: exchange import-conveyances --property 11066912
    """
    today = datetime.now(UTC).date().isoformat()  # noqa: TID251 - at the edge: no paper is of tomorrow
    if as_of and not _is_day(as_of):
        _fail(f"--as-of {as_of}: expected a day, YYYY-MM-DD")
    if file is not None and properties is None:
        properties = file.parent / PROPERTIES
        if not properties.is_file():
            _fail(f"no {properties}: name the list of properties with --properties")
    try:
        recorded, faults = read_lists(_bytes(file, PAPERS), _bytes(properties, PROPERTIES), today)
    except Unread as unread:
        _fail(f"not a list of recorded papers: {unread}")
    titles = Titles(recorded, as_of)
    keys = list(titles.chains)
    if number:
        found = titles.find(number) or titles.find(re.sub(r"[\s/,-]|^US", "", number.upper()))
        if found is None:
            _fail(f"no paper concerns {number}: that is not a clean title, it is none on file")
        keys = [found]
    sent = None
    if url:
        password = password or typer.prompt("Password", hide_input=True)
        with asking(url):
            sent = asyncio.run(_send(url, user, password, titles))
    if json:
        whole = {
            "papers": len(recorded),
            "properties_listed": titles.lines,
            "refused": msgspec.to_builtins(faults),
            "sent": sent,
            "properties": as_json(titles, keys),
        }
        typer.echo(msgspec.json.encode(whole))
        return
    lines = abstract(titles, keys[0]) if number else summary(titles, len(faults))
    for fault in faults[:SHOWN_FAULTS] if not number else ():
        lines.append(
            f"refused: {fault.list_name} line {fault.line} {fault.column}: {fault.code} {fault.detail}".rstrip()
        )
    if sent is not None:
        lines += ["", f"{url}: " + ", ".join(f"{count:,} {name}" for name, count in sent.items())]
    typer.echo("\n".join(lines))


async def _send(url: str, user: str, password: str, titles: Titles) -> dict[str, int]:
    async with Client(url) as client:
        await client.login(user, password)
        counted = await send(client, (one.paper for one in titles.recorded.values()))
        await client.logout()
        return counted


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _bytes(file: Path | None, sample: str) -> Iterable[bytes]:
    return [file.read_bytes()] if file is not None else open_sample(sample)


def _fail(text: str) -> NoReturn:
    typer.echo(f"exchange: {text}", err=True)
    raise typer.Exit(1)
