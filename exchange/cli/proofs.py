"""`exchange verify`, `backup` and `restore`: prove the journal and the tables, keep them, bring them back."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from exchange.node.ports import NodeFault

DataDir = Annotated[Path | None, typer.Option(help="Folder of all data (EXCHANGE_DATA_DIR, ./var).")]
DatabaseUrl = Annotated[str | None, typer.Option(help="sqlite:///FILE or postgresql://… (EXCHANGE_DATABASE_URL).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
AcceptHead = Annotated[bool, typer.Option("--accept-head", help="What came after this backup is lost; go on from it.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(short_help="Prove that the journal and the tables agree.")(verify)
    app.command(short_help="Copy everything to a folder while serving.")(backup)
    app.command(short_help="Bring a backup into an empty data folder.")(restore)


def verify(
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    replay: Annotated[bool, typer.Option("--replay", help="Also decide every command again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Prove that the journal is unbroken and gives every row of the tables; ends with 1 if anything differs.

    It checks the chain of hashes and the roots of all signed heads, folds the events into empty tables and compares.
    With --replay it also decides every command again and compares the events. It reads one moment of the database
    through a connection of its own, so it may run beside a serving exchange.

    Example: exchange verify --replay --data-dir ./var
    """
    from exchange.node.head_file import FILE_NAME, HeadFile
    from exchange.store import proofs
    from exchange.store.snapshot import snapshot

    with one_line_errors():
        url, folder = where(data_dir, database_url)
        # The head is read first: the journal may grow meanwhile, but never end before it.
        outside = HeadFile(folder / FILE_NAME).read()
        signed = signed_roots(data_dir, database_url)
        with snapshot(url) as tables, rows_bar(not as_json) as progress:
            report = proofs.verify(tables, replay=replay, outside=outside, progress=progress, signed=signed)
    if as_json:
        typer.echo(json.dumps(report.as_json()))
    else:
        for problem in report.problems.kept:
            typer.echo(problem.line(), err=True)
        typer.echo(report.summary())
    raise typer.Exit(0 if report.clean else 1)


def backup(
    target: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Copy everything to a folder, at one moment, while the exchange goes on serving.

    Example: exchange backup /srv/backup/monday --data-dir ./var
    """
    from exchange.node.clock import SystemClock
    from exchange.store import backup as keeping

    with one_line_errors(), files_bar("backup") as progress:
        url, folder = where(data_dir, database_url)
        manifest = keeping.backup(url, folder, target, SystemClock(), progress)
    typer.echo(f"{target}: {len(manifest.files)} files, journal 1..{manifest.sequence}, chain {manifest.chain[:16]}")


def restore(
    source: Annotated[Path, typer.Argument(help="A folder that `exchange backup` wrote.")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    accept_head: AcceptHead = False,
) -> None:
    """Bring a backup into an empty data folder, after checking its files and its chain; no node may be running there.

    Example: exchange restore /srv/backup/monday --data-dir ./restored
    """
    from exchange.store import backup as keeping

    with one_line_errors(), files_bar("restore") as progress:
        url, folder = where(data_dir, database_url)
        manifest = keeping.restore(source, url, folder, accept_head=accept_head, progress=progress)
    typer.echo(f"{folder}: journal 1..{manifest.sequence}, chain {manifest.chain[:16]}")


def where(data_dir: Path | None, database_url: str | None) -> tuple[str, Path]:
    """The database's URL and the data folder: as given, else as the serving exchange would find them."""
    from exchange.bootstrap import Settings, driver_url

    given = {"data_dir": data_dir, "database_url": database_url}
    known = {name: value for name, value in given.items() if value is not None}
    settings = Settings.model_validate({**Settings().model_dump(), **known})
    return driver_url(settings.store_url), settings.data_dir


def signed_roots(data_dir: Path | None, database_url: str | None) -> dict[int, bytes]:
    """The root of every signed head that stands, by its number of rows; none where no edge store is at hand."""
    from api.auth.edge_store import FILE_NAME, open_edge
    from api.proofs import shelf
    from exchange.bootstrap import Settings

    given = {"data_dir": data_dir, "database_url": database_url}
    known = {name: value for name, value in given.items() if value is not None}
    settings = Settings.model_validate({**Settings().model_dump(), **known})
    edge_url = settings.edge_url
    if edge_url.startswith("sqlite") and not (settings.edge_database_url or (settings.data_dir / FILE_NAME).is_file()):
        return {}
    store = open_edge(edge_url)
    try:
        with store.read() as connection:
            return shelf.signed_roots(connection)
    finally:
        store.close()


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Say the world's failures in one line, with their code."""
    try:
        yield
    except NodeFault as fault:
        typer.echo(f"exchange: {fault.code}: {fault.detail}", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"exchange: {error}", err=True)
        raise typer.Exit(1) from None


@contextlib.contextmanager
def rows_bar(shown: bool) -> Iterator[Callable[[int, int], None]]:
    """A progress bar over the journal's rows, on standard error, where somebody looks."""
    columns = (TextColumn("verify"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not shown or not console.is_terminal) as bar:
        task = bar.add_task("rows", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextlib.contextmanager
def files_bar(title: str) -> Iterator[Callable[[str], None]]:
    """The name of the file at hand, on standard error, where somebody looks."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None)
        yield lambda name: bar.update(task, description=f"{title} {name}")
