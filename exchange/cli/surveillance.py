"""`exchange surveil`: walk over a stretch of the journal and name what a surveillance officer should look at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from exchange.cli.proofs import DatabaseUrl, DataDir, one_line_errors, where
from exchange.core.ids import KINDS, AccountId, InstrumentId, from_wire
from exchange.core.units import MAX_INTEGER


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(short_help="Look for manipulation in a stretch of the journal.")(surveil)


def surveil(
    first: Annotated[
        int, typer.Option("--from", min=1, help="The first row; without it, the journal's beginning.")
    ] = 1,
    last: Annotated[
        int | None, typer.Option("--to", min=1, help="The last row; without it, the journal's end.")
    ] = None,
    instrument: Annotated[str, typer.Option(help="Only this instrument: I1-184.")] = "",
    related: Annotated[
        list[str] | None,
        typer.Option(metavar="ACCOUNTS", help="A group of accounts to take as one: A1-3,A1-9; may be repeated."),
    ] = None,
    parameters: Annotated[int | None, typer.Option(help="Which version of the thresholds; the newest.")] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object an alert, and at the end one of counts.")
    ] = False,
) -> None:
    """Name the patterns completed in a stretch of the journal: wash trades, layering, marked closes, ramps.

    The same stretch names the same alerts again; one alert alone is found with --from and --to at the row that
    completed it. Nothing is written, and it may run beside a serving exchange.

    Example: exchange surveil --from 1 --to 50000 --data-dir ./var
    """
    from exchange.core.wire_json import show
    from exchange.store.queries.surveillance import Patrol
    from matching.surveillance.alerts import counted
    from matching.surveillance.parameters import VERSIONS, shipped

    if parameters is not None and parameters not in VERSIONS:
        raise typer.BadParameter(f"expected one of {', '.join(map(str, VERSIONS))}", param_hint="--parameters")
    thresholds = shipped() if parameters is None else shipped(parameters)
    groups = [tuple(_account(name) for name in accounts.split(",")) for accounts in related or ()]
    patrol = Patrol(
        thresholds,
        first=first,
        last=MAX_INTEGER if last is None else last,
        instrument_id=_instrument(instrument) if instrument else None,
        declared=groups,
    )
    count = 0
    with one_line_errors():
        url, _ = where(data_dir, database_url)
        for alert in _walk(url, patrol, shown=not as_json):
            count += 1
            if as_json:
                typer.echo(json.dumps({**show(alert), "declared": related or []}, ensure_ascii=False))
            else:
                typer.echo(f"{alert.alert_id}\n  {alert.sentence}")
    counts: dict[str, Any] = {"alerts": count, "from": patrol.first, "to": patrol.last, "rows": patrol.rows}
    counts |= {"parameters": thresholds.label, "forgotten": patrol.forgotten}
    if as_json:
        typer.echo(json.dumps(counts))
        return
    typer.echo(
        f"{counted(count, 'alert')} in rows {patrol.first}..{patrol.last} by {thresholds.label}"
        + (f"; {patrol.forgotten} facts were forgotten for lack of room" if patrol.forgotten else "")
    )


def _walk(url: str, patrol: Any, *, shown: bool) -> Iterator[Any]:
    """The alerts of a whole walk, with a bar on standard error where somebody looks.

    Raises: NodeFault store.missing.
    """
    from sqlalchemy import make_url

    from exchange.node.ports import NodeFault
    from exchange.store.queries.reader import ReadFault, Reads
    from exchange.store.snapshot import database_path

    if make_url(url).get_backend_name() == "sqlite" and not database_path(url).is_file():
        raise NodeFault("store.missing", f"there is no database at {database_path(url)}")
    reads = Reads(url, readers=1, seconds=60)
    console = Console(stderr=True)
    columns = (TextColumn("surveil"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console, transient=True, disable=not shown or not console.is_terminal) as bar:
            task = bar.add_task("rows", total=None)
            while not patrol.done:
                yield from reads.run(patrol.step)
                bar.update(task, completed=max(0, patrol.position - patrol.first), total=patrol.last - patrol.first)
    except ReadFault as fault:
        raise NodeFault(fault.code, str(fault)) from None
    finally:
        reads.close()


def _account(text: str) -> AccountId:
    try:
        return AccountId(from_wire(KINDS["AccountId"], text.strip()))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--related") from None


def _instrument(text: str) -> InstrumentId:
    try:
        return InstrumentId(from_wire(KINDS["InstrumentId"], text))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--instrument") from None
