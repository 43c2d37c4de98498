"""`exchange import-patents`: send a list of patents to a running exchange, and say what became of each row."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from api.client import Client, Problem
from api.problems import title_of
from exchange.cli.faults import asking

UPLOAD = "/v1/patents/upload"
SHOWN = 20
"""Faults that the table shows; the JSON report has more."""
PATIENCE_S = 3_600.0
"""Two hundred thousand rows take minutes, and another's list may be read first."""


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(name="import-patents", short_help="Import a CSV of patents into a running exchange.")(import_patents)


def import_patents(
    file: Annotated[Path, typer.Argument(help="A CSV file, UTF-8, with a header.", exists=True, dir_okay=False)],
    user: Annotated[str, typer.Option(help="Login name of an institution's user, or of an operator.")] = "operator",
    password: Annotated[
        str, typer.Option(envvar="EXCHANGE_PASSWORD", prompt=True, hide_input=True, help="Asked for if not given.")
    ] = "",
    url: Annotated[str, typer.Option(help="The running exchange.")] = "http://127.0.0.1:8000",
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole report as one JSON object.")] = False,
) -> None:
    """Import a CSV of patents, and report every row that was rejected or lacks something, by line and column.

    The header needs at least publication_number and title; country, kind, applicants, inventors, application_number,
    filing_date, publication_date, grant_date, earliest_priority_date and ipc make a record complete. NASA's portfolio
    list is read too. The same file may be sent again: what is known is counted as same.

    Ends with 0 when the list was read, however many rows were rejected; with 1 when it was not.

    Example: exchange import-patents patents.csv --user operator
    """
    with asking(url), _bar(file.name, shown=not as_json):
        report = asyncio.run(_upload(url, user, password, file.read_bytes()))
    if as_json:
        typer.echo(msgspec.json.encode(report))
    unread = next((row for row in report["reports"] if row["code"].startswith("file.")), None)
    if unread is not None and report["rows"] == report["rejected"]:
        place = f"line {unread['line']}" + (f", column {unread['column']}" if unread["column"] else "")
        typer.echo(f"exchange: {file.name} is no list of patents: {place}: {unread['code']}", err=True)
        raise typer.Exit(1)
    if not as_json:
        typer.echo("\n".join(lines(report)))


async def _upload(url: str, user: str, password: str, body: bytes) -> dict[str, Any]:
    """Log in, send the file, log out; the report.

    Raises: Problem, OSError.
    """
    async with Client(url) as client:
        await client.login(user, password)
        client.http.timeout_s = PATIENCE_S
        answer = await client.request("POST", UPLOAD, body, {"content-type": "text/csv"})
        report: dict[str, Any] = answer.json()
        if answer.status >= 400:
            raise Problem(answer.status, report)
        await client.logout()
        return report


def lines(report: dict[str, Any]) -> list[str]:
    """The report as a person reads it: counts, then the first rows with a fault."""
    found = [
        f"{report['rows']} rows: {report['accepted']} accepted, {report['incomplete']} incomplete, "
        f"{report['rejected']} rejected",
        f"{report['new']} new, {report['changed']} changed, {report['same']} same, {report['refused']} refused",
    ]
    shown = report["reports"][:SHOWN]
    if not shown:
        return found
    rows = [("line", "column", "code", "reason")]
    rows += [
        (str(row["line"]), row["column"], row["code"], row["detail"] or title_of(row["code"]).partition(": ")[2])
        for row in shown
    ]
    wide = [max(len(row[place]) for row in rows) for place in range(3)]
    found.append("")
    found += [f"{line:>{wide[0]}}  {column:<{wide[1]}}  {code:<{wide[2]}}  {why}" for line, column, code, why in rows]
    more = len(report["reports"]) + report["not_listed"] - len(shown)
    if more:
        found += ["", f"and {more} more; --json lists the first thousand"]
    return found


@contextlib.contextmanager
def _bar(name: str, *, shown: bool) -> Iterator[None]:
    """A bar that moves while the exchange reads, on standard error, where somebody looks."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not shown or not console.is_terminal) as bar:
        bar.add_task(name, total=None)
        yield
