"""`exchange report market` and `exchange report turnover`: what was traded, by whom, and who holds what."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from exchange.cli.proofs import DatabaseUrl, DataDir, one_line_errors, where

if TYPE_CHECKING:  # pandas takes a second to import: only a report waits for it
    from exchange.cli.report_tables import Report
    from exchange.store.snapshot import Snapshot

LONGEST_DAYS = 366

Instrument = Annotated[str | None, typer.Option(help="One instrument, by its code or identifier; otherwise all.")]
Format = Annotated[str, typer.Option("--format", help="csv (one table), json or html.")]
Table = Annotated[str | None, typer.Option(help="The table of a CSV; json and html hold all.")]
Public = Annotated[bool, typer.Option("--public", help="For everybody: no members, and holders without names.")]
Output = Annotated[Path | None, typer.Option(help="A file; otherwise standard output.")]

group = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.add_typer(group, name="report", short_help="Report a day's market, or the turnover of some days.")


@group.callback()
def report() -> None:
    """Report past days; the same journal gives the same bytes.

    Example: exchange report market --date 2026-03-02
    """


@group.command(short_help="One day: prices, turnover, members, holders.")
def market(
    day: Annotated[str, typer.Option("--date", help="The day, as 2026-03-02, in the time zone of each market.")],
    instrument: Instrument = None,
    format_: Format = "csv",
    table: Table = None,
    public: Public = False,
    output: Output = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Report one day of the market. It reads one moment of the database and may run beside a serving exchange.

    Tables: summary (the CSV's, unless --table says another), members, holders, candles.

    Example: exchange report market --date 2026-03-02 --format html --output monday.html
    """
    wanted = _date(day, "--date")

    def make(tables: Snapshot) -> Report:
        from exchange.cli.report_tables import market_report

        return market_report(tables, wanted, instrument, public=public)

    _report(make, format_, table, output, data_dir, database_url)


@group.command(short_help="A stretch of days: turnover by day and member, fees, orders for each fill.")
def turnover(
    first: Annotated[str, typer.Option("--from", help="The first day, as 2026-03-01.")],
    last: Annotated[str, typer.Option("--to", help=f"The last day; at most {LONGEST_DAYS} days in all.")],
    instrument: Instrument = None,
    format_: Format = "csv",
    table: Table = None,
    public: Public = False,
    output: Output = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Report what was traded from one day to another.

    Tables: days (the CSV's, unless --table says another), currencies, members.

    Example: exchange report turnover --from 2026-03-01 --to 2026-03-31 --table members
    """
    begin, end = _date(first, "--from"), _date(last, "--to")
    if not 0 <= (end - begin).days < LONGEST_DAYS:
        _refuse(f"--to: expected 1 to {LONGEST_DAYS} days from {begin.isoformat()} on")

    def make(tables: Snapshot) -> Report:
        from exchange.cli.report_tables import turnover_report

        return turnover_report(tables, begin, end, instrument, public=public)

    _report(make, format_, table, output, data_dir, database_url)


def _report(
    make: Callable[[Snapshot], Report],
    format_: str,
    table: str | None,
    output: Path | None,
    data_dir: Path | None,
    database_url: str | None,
) -> None:
    from exchange.cli.report_pages import FORMATS, as_csv, as_html, as_json
    from exchange.cli.report_reads import ReportRefused
    from exchange.store.snapshot import snapshot

    if format_ not in FORMATS:
        _refuse(f"--format: expected one of {', '.join(FORMATS)}")
    if table is not None and format_ != "csv":
        _refuse("--table: json and html hold every table")
    with one_line_errors():
        url, _ = where(data_dir, database_url)
        try:
            with snapshot(url) as tables:
                report = make(tables)
        except ReportRefused as refusal:
            _refuse(str(refusal))
        chosen = table or next(iter(report.tables))
        if chosen not in report.tables:
            _refuse(f"--table: expected one of {', '.join(report.tables)}")
        text = {"json": as_json, "html": as_html}.get(format_, lambda told: as_csv(told, chosen))(report)
        if output is None:
            sys.stdout.write(text)
        else:
            output.write_bytes(text.encode())


def _date(text: str, option: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text or not 1970 <= day.year < 2100:
        _refuse(f"{option}: expected a date like 2026-03-02")
    return day


def _refuse(text: str) -> NoReturn:
    """End with one line for whoever asked.

    Raises: typer.Exit with code 1.
    """
    typer.echo(f"exchange: {text}", err=True)
    raise typer.Exit(1)
