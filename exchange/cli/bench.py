"""`exchange bench`: the benchmarks' front door, for who has the whole checkout."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(bench)


def bench(
    name: Annotated[str | None, typer.Argument(help="A benchmark; without one, they are listed.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Smaller and shorter: only a look.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure something, beside its baseline and its target.

    Example: exchange bench gateway --quick
    """
    if importlib.util.find_spec("benchmarks") is None:
        typer.echo("exchange: the benchmarks are not installed here: run it in a checkout", err=True)
        raise typer.Exit(1)
    door = importlib.import_module("benchmarks.__main__")
    if name is None:
        typer.echo(door.listing())
        return
    raise typer.Exit(door.run(name, quick=quick, as_json=as_json))
