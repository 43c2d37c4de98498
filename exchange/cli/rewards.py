"""`exchange reward`: the shipped reward programmes, and a check of one's own text before it is published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from exchange.rulebook.programmes import RewardProgramme

group = typer.Typer(no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="The programme's text, JSON.", exists=True, dir_okay=False)]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.add_typer(group, name="reward", short_help="List, show or check reward programmes.")


@group.callback()
def reward() -> None:
    """Work with reward programmes as texts; nothing is sent to an exchange.

    Example: exchange reward show cn_note_contract > mine.json && exchange reward check mine.json
    """


@group.command("list", short_help="The shipped programmes, a line each.")
def list_programmes() -> None:
    """List the shipped programmes: name, event, where the amount comes from, title.

    Example: exchange reward list
    """
    from exchange.rulebook import shipped
    from exchange.rulebook.programmes import RewardProgramme, parse_programme

    for name in shipped.PROGRAMMES:
        programme = parse_programme(shipped.programme_text(name))
        if isinstance(programme, RewardProgramme):
            typer.echo(_line(programme))


@group.command(short_help="A shipped programme's text.")
def show(name: Annotated[str, typer.Argument(help="Its name.")]) -> None:
    """Print the text of a shipped programme. Ends with 1 when there is none of that name.

    Example: exchange reward show nanshan_securitization_2025
    """
    from exchange.rulebook import shipped

    if name not in shipped.PROGRAMMES:
        typer.echo(f"no programme {name}: {', '.join(shipped.PROGRAMMES)}", err=True)
        raise typer.Exit(1)
    typer.echo(shipped.programme_text(name), nl=False)


@group.command(short_help="Check a programme's text; what is wrong, and which rows an operator must confirm.")
def check(file: File) -> None:
    """Check a programme's text. Ends with 1 when it cannot be published.

    Example: exchange reward check mine.json
    """
    from exchange.rulebook.programmes import canonical_programme, parse_programme
    from exchange.rulebook.texts import TextError, text_hash, unconfirmed_fields

    programme = parse_programme(file.read_text(encoding="utf-8"))
    if isinstance(programme, TextError):
        typer.echo(f"{programme.code} at {programme.path}: {programme.reason}")
        raise typer.Exit(1)
    typer.echo(f"{_line(programme)}, sha256 {text_hash(canonical_programme(programme))}")
    typer.echo(f"to be confirmed: {', '.join(unconfirmed_fields(programme)) or 'nothing'}")


def _line(programme: RewardProgramme) -> str:
    fields = programme.fields
    return f"{programme.name}@{programme.version}: {fields.event.value}, {fields.basis.value}, {programme.title_en}"
