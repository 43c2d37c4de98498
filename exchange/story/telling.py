"""The whole story in order: chapters that say what happens, a bar, and the proof at the end."""

from __future__ import annotations

import asyncio
import re
import shutil
import textwrap
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from exchange.bootstrap import Settings
from exchange.core.units import NS_PER_DAY
from exchange.store.proofs import Report, verify
from exchange.store.snapshot import snapshot
from exchange.story.chapters import PARTS, Chapter
from exchange.story.stage import DAYS_BACK, Stage, StoryBroken, staged

MARKER = "SIMULATED"
"""A file that says the folder holds a story's data, which the next telling may throw away."""
PROOF_SHARE = 150
WIDTH = 110
AMOUNT = re.compile(r"\b(CNY|XTS) (?=\d)")
PRELUDE = (
    "The patents and the papers recorded about them are real; every member, price and payment is simulated. What the "
    "exchange refuses it answers with a code (rule.method_not_allowed), and nothing changes. A name such as D1-204 "
    "stands for a record: look it up under /v1, or in the journal."
)

Told = list[dict[str, Any]]
"""Each heading with its chapters, and what they said."""


def prepare_folder(folder: Path) -> None:
    """Make room for a story: a new folder, or one that holds an earlier story.

    Raises: StoryBroken if it holds anything else.
    """
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise StoryBroken(f"{folder} holds data that is not a story's; name another --data-dir")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text("Simulated data of `exchange story`; the next telling removes this folder.\n")


async def tell(
    settings: Settings, *, quiet: bool, afterwards: Callable[[Stage, dict[str, Any]], Awaitable[None]]
) -> None:
    """Tell the whole story on a new exchange, then do what comes afterwards while it still serves.

    Raises: StoryBroken, or what the exchange refuses unexpectedly.
    """
    prepare_folder(settings.data_dir)
    total = sum(chapter.share for part in PARTS for chapter in part.chapters) + PROOF_SHARE
    columns = (TextColumn("{task.description:<54}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    async with staged(settings) as stage:
        with Progress(*columns, disable=quiet) as bar:
            task = bar.add_task("The exchange is founded", total=total)
            _print(bar, "", *wrapped(PRELUDE))
            told: Told = []
            for part in PARTS:
                _print(bar, "", part.heading.upper())
                chapters = {chapter.label: await _play(stage, chapter, bar, task) for chapter in part.chapters}
                told.append({"heading": part.heading, "chapters": chapters})
            stage.clock.leap(DAYS_BACK * NS_PER_DAY)
            stage.bus.arrived.set()
            bar.update(task, description="The journal is proved")
            report = await asyncio.to_thread(partial(_prove, settings.store_url))
            bar.update(task, completed=total, description="The story is told and proved")
        if not report.clean:
            raise StoryBroken(report.summary())
        await afterwards(stage, counts(stage, report, told))


async def _play(stage: Stage, chapter: Chapter, bar: Progress, task: TaskID) -> list[str]:
    """Play one chapter, move the bar over its share, and print what it said."""
    bar.update(task, description=chapter.label)
    before = bar.tasks[task].completed
    stage.said = []
    stage.advance = lambda fraction: bar.advance(task, chapter.share * fraction)
    await chapter.happen(stage)
    bar.update(task, completed=before + chapter.share)
    for paragraph in stage.said:
        _print(bar, *wrapped(paragraph))
    return stage.said


def wrapped(paragraph: str) -> list[str]:
    """A paragraph in lines that fit a page; none ends at a no-break space, or between a currency and its amount."""
    kept = AMOUNT.sub("\\1\u00a0", paragraph)
    lines = textwrap.wrap(kept, WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
    return [line.replace("\u00a0", " ") for line in lines]


def _print(bar: Progress, *lines: str) -> None:
    """Print above the bar, as it stands; nothing where no bar is."""
    if not bar.disable:
        for line in lines:
            bar.console.print(line, markup=False, highlight=False, soft_wrap=True)


def counts(stage: Stage, report: Report, told: Told) -> dict[str, Any]:
    """What the story came to, as one object."""
    return {
        "simulated": True,
        **stage.figures,
        "commands_over_http": stage.commands,
        "refusals": dict(sorted(stage.refusals.items())),
        "days": DAYS_BACK,
        "verify": report.as_json(),
        "told": told,
    }


def _prove(url: str) -> Report:
    with snapshot(url) as tables:
        return verify(tables, replay=True)
