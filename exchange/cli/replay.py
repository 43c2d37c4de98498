"""`exchange replay`: bring a file of real orders into a book, and compare the book with what the market showed."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from matching.book_messages import BookRules
from matching.books import make_book
from matching.lobster import Replay, Tally, read_levels, read_message

ALL_LEVELS = 50
"""The most levels that LOBSTER writes."""
PROGRESS_EVERY = 1_000


@dataclass
class Comparison:
    """How many rows of an order book file the book equalled, and the first that it did not (from 1)."""

    file: str
    levels: int
    rows: int = 0
    equal: int = 0
    first_different: int | None = None


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(short_help="Replay a LOBSTER message file and compare row by row.")(replay)


def replay(
    file: Annotated[Path, typer.Argument(help="A LOBSTER message file, .csv or .csv.gz.", exists=True, dir_okay=False)],
    books: Annotated[
        list[Path] | None,
        typer.Option("--book", help="Order book files to compare with; by default all that lie beside FILE."),
    ] = None,
    levels: Annotated[int, typer.Option(min=1, max=ALL_LEVELS, help="Levels to compare, if a file has as many.")] = 10,
    tick: Annotated[int, typer.Option(min=1, help="A tick in units of the file (dollars × 10,000).")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Drive a book with a file of real orders, and compare it with the market's own after every row.

    The book begins as the first row of the order book file that has most levels says, which is the state after the
    first message; then every message follows. Ends with 0 when the files were read, however many rows differ.

    Example: exchange replay AAPL_2012-06-21_message_50.csv.gz --levels 10
    """
    compared = books or _beside(file)
    if not compared:
        _fail(f"no order book file of {file.name} lies beside it: name one with --book")
    begun = time.perf_counter()
    try:
        run, comparisons = replay_files(file, compared, levels, tick, shown=not as_json)
    except (ValueError, OSError, EOFError) as error:
        _fail(f"{file.name} or an order book of it cannot be read: {error}")
    seconds = time.perf_counter() - begun
    if as_json:
        report = {**asdict(run.tally), "seconds": round(seconds, 3), "comparisons": comparisons}
        typer.echo(msgspec.json.encode(report))
    else:
        typer.echo("\n".join(_told(run.tally, comparisons, seconds)))


def replay_files(
    file: Path, compared: list[Path], levels: int, tick: int, *, shown: bool, limit: int | None = None
) -> tuple[Replay, list[Comparison]]:
    """Replay the messages, at most `limit` of them, and compare after each.

    Raises: ValueError, OSError, EOFError for files that are not as they should be.
    """
    run = Replay(make_book(BookRules()))
    with ExitStack() as stack:
        rows = [_lines(path, stack) for path in compared]
        firsts = [next(lines, "") for lines in rows]
        widest = max(firsts, key=lambda line: line.count(","))
        run.seed(read_levels(widest, tick, ALL_LEVELS))
        widths = [min((first.count(",") + 1) // 4, levels) for first in firsts]
        comparisons = [Comparison(path.name, width) for path, width in zip(compared, widths, strict=True)]
        messages = islice(_lines(file, stack), limit)
        next(messages, None)  # the seed is the state after the first message
        pending = list(zip(comparisons, rows, strict=True))
        for comparison, first in zip(comparisons, firsts, strict=True):
            _compare(run, comparison, first, tick)
        bar = stack.enter_context(_bar(shown=shown))
        task = bar.add_task(file.name, total=None)
        for number, line in enumerate(messages, start=1):
            run.apply(read_message(line, tick))
            for comparison, lines in pending:
                row = next(lines, None)
                if row is not None:
                    _compare(run, comparison, row, tick)
            if number % PROGRESS_EVERY == 0:
                bar.update(task, completed=number)
        bar.update(task, completed=run.tally.messages, total=run.tally.messages)
    run.book.validate()
    return run, comparisons


def _compare(run: Replay, comparison: Comparison, row: str, tick: int) -> None:
    """One row of an order book file against the book."""
    comparison.rows += 1
    if run.top(comparison.levels) == read_levels(row, tick, comparison.levels):
        comparison.equal += 1
    elif comparison.first_different is None:
        comparison.first_different = comparison.rows


def _lines(path: Path, stack: ExitStack) -> Iterator[str]:
    """The rows of a file, gzipped or not."""
    if path.suffix == ".gz":
        return iter(stack.enter_context(gzip.open(path, "rt", encoding="ascii")))
    return iter(stack.enter_context(path.open(encoding="ascii")))


def _beside(file: Path) -> list[Path]:
    """The order book files of the same sample: same name up to the word "message"."""
    prefix, found, _ = file.name.partition("message")
    return sorted(file.parent.glob(f"{prefix}orderbook*")) if found else []


def _bar(*, shown: bool) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=Console(stderr=True), disable=not shown)


def _told(tally: Tally, comparisons: list[Comparison], seconds: float) -> Iterator[str]:
    """The report, a line for each thing."""
    yield f"{tally.messages:,} messages in {seconds:.1f} s; {tally.trades:,} trades of {tally.lots_traded:,} lots"
    yield (
        f"{tally.out_of_turn:,} executions out of turn, {tally.unknown:,} changes to unknown orders, "
        f"{tally.stale:,} stale orders taken out"
    )
    for comparison in comparisons:
        first = comparison.first_different
        where = "" if first is None else f", the first difference in row {first:,}"
        share = 100 * comparison.equal / comparison.rows
        yield (
            f"{comparison.file}: {comparison.equal:,} of {comparison.rows:,} rows equal ({share:.2f} %) "
            f"on {comparison.levels} level{'s' * (comparison.levels > 1)}{where}"
        )


def _fail(text: str) -> NoReturn:
    """Raises: typer.Exit with code 1, after one line."""
    typer.echo(f"exchange: {text}", err=True)
    raise typer.Exit(1)
