"""`exchange statement`: what an account had, what moved and why, what it has, as a file."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from exchange.cli.proofs import DatabaseUrl, DataDir, one_line_errors, where

FORMATS = ("csv", "parquet", "pdf", "xml")
SECONDS = 300.0
"""How long the reading may take: an operator waits longer than a browser."""

Output = Annotated[Path | None, typer.Option("--out", help="A file; otherwise standard output (CSV and XML only).")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(short_help="Write one account's statement of some days.")(statement)


def statement(
    account: Annotated[str, typer.Argument(help="The account, as A1-12.")],
    first: Annotated[str, typer.Option("--from", help="The first day, as 2026-03-01, in the venue's time zone.")],
    last: Annotated[str, typer.Option("--until", help="The last day, which is included.")],
    format_: Annotated[str, typer.Option("--format", help="csv, parquet, pdf or xml.")] = "csv",
    as_of: Annotated[int | None, typer.Option("--as-of", help="Leave out what came after this row.")] = None,
    out: Output = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write one account's opening balances, movements, closing balances, and what is held.

    It names no persons. It reads one moment of the database and may run beside a serving exchange; the days before
    today give the same bytes again with the same --as-of.

    Example: exchange statement A1-12 --from 2026-03-01 --until 2026-03-31 --format pdf --out march.pdf
    """
    from api.exports import printed, semt, tabular
    from api.exports.gathered import Asked, TooLong, gather
    from api.settings import EdgeSettings
    from exchange.core.ids import KINDS, AccountId, from_wire
    from exchange.store.queries.reader import Reads

    try:
        account_id = AccountId(from_wire(KINDS["AccountId"], account))
        wanted = Asked(account_id, date.fromisoformat(first), date.fromisoformat(last), as_of)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if wanted.last < wanted.first:
        raise typer.BadParameter("expected --from before --until")
    if format_ not in FORMATS:
        raise typer.BadParameter(f"--format: expected one of {', '.join(FORMATS)}")
    if out is None and format_ in {"parquet", "pdf"}:
        raise typer.BadParameter(f"{format_} needs --out")
    with one_line_errors():
        url, _ = where(data_dir, database_url)
        reads = Reads(url, readers=1, seconds=SECONDS)
        try:
            told = reads.run(lambda snapshot: gather(snapshot, wanted))
        except TooLong as error:
            raise typer.BadParameter(str(error)) from None
        finally:
            reads.close()
    if told is None:
        raise typer.BadParameter(f"there is no account {account}")
    try:
        made = {
            "csv": lambda: b"".join(tabular.csv_chunks(told)),
            "parquet": lambda: tabular.parquet(told),
            "pdf": lambda: printed.pdf(told, EdgeSettings().pdf_font),
            "xml": lambda: semt.xml(told),
        }[format_]()
    except tabular.NoParquet:
        raise typer.BadParameter("parquet needs the extra: pip install 'ip-exchange[parquet]'") from None
    if out is None:
        sys.stdout.buffer.write(made)
    else:
        out.write_bytes(made)
