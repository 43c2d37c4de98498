"""What the commands on deals share: files read whole, refusals told in one line with code and place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from securitization.deal import Deal
    from securitization.deal_problems import Problem

LARGEST_FILE = 4_000_000

File = Annotated[Path, typer.Argument(help="A deal's file, JSON.", exists=True, dir_okay=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def text_of(file: Path) -> str:
    """A file's text, UTF-8 and not too long.

    Raises: typer.Exit.
    """
    try:
        with file.open("rb") as opened:
            found = opened.read(LARGEST_FILE + 1)
        if len(found) > LARGEST_FILE:
            fail(f"{file.name} is longer than {LARGEST_FILE} bytes")
        return found.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file.name} cannot be read: {error}")


def deal_of(file: Path) -> Deal | Problem:
    """A deal as read, not checked yet."""
    from securitization.deal import read_deal

    return read_deal(text_of(file))


def sound(file: Path) -> Deal:
    """A deal without a problem.

    Raises: typer.Exit with the first problem.
    """
    from securitization.deal import Deal
    from securitization.deal_checks import check_deal

    found = deal_of(file)
    if not isinstance(found, Deal):
        refuse(found)
    problems = check_deal(found)
    if problems:
        refuse(problems[0])
    return found


def refuse(problem: Problem, file: str = "") -> NoReturn:
    """End with a problem's code, place and reason; `file` says which of several the place is in.

    Raises: typer.Exit with code 1.
    """
    fail(f"{problem.code} at {file}{problem.path}: {problem.reason}")


def fail(text: str) -> NoReturn:
    """End with one line for whoever asked.

    Raises: typer.Exit with code 1.
    """
    typer.echo(f"exchange: {text}", err=True)
    raise typer.Exit(1)
