"""The story from its first command to its proof: the chapters in order, a bar that shows how far it is, the counts."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from exchange.bootstrap import Settings
from exchange.core.units import NS_PER_DAY
from exchange.store.proofs import Report, verify
from exchange.store.snapshot import snapshot
from exchange.story import burdens, deals, founding, income, patents, pilot, product, reforming, titles, trading
from exchange.story.stage import DAYS_BACK, Stage, StoryBroken, staged

MARKER = "SIMULATED"
"""A file that says the folder holds a story's data, which the next telling may throw away."""

Chapter = tuple[str, Callable[[Stage], Awaitable[None]], int]
"""What the bar shows, what happens, and its share of the whole."""

CHAPTERS: tuple[Chapter, ...] = (
    ("Two operators and a regulator", founding.found_the_venue, 30),
    ("The law is published and put in force", founding.publish_the_law, 20),
    ("Banks and markets open", founding.open_banks_and_markets, 5),
    ("Real applicants become institutions", patents.admit_institutions, 10),
    ("Real patents come in", patents.import_patents, 30),
    ("Recorded papers come in, a burdened patent stays out", titles.read_the_register, 20),
    ("Twenty outcomes are shared and listed", patents.list_outcomes, 120),
    ("Investors are admitted", trading.admit_investors, 100),
)
AFTER_TRADING: tuple[Chapter, ...] = (
    ("A whole patent changes hands, another does not", deals.sell_two_patents, 20),
    ("Inventors get their share", pilot.assign_to_inventors, 40),
    ("A product pays its holders", product.pool_and_pay, 40),
    ("A reform programme starts, two teams get theirs", reforming.reform, 20),
    ("A patent is pledged, preserved, licensed", burdens.burden, 20),
    ("An income is shared out", income.distribute, 20),
)
TRADING_SHARE = 400
PROOF_SHARE = 150


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
    total = sum(share for *_, share in (*CHAPTERS, *AFTER_TRADING)) + TRADING_SHARE + PROOF_SHARE
    columns = (TextColumn("{task.description:<54}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    async with staged(settings) as stage:
        with Progress(*columns, disable=quiet) as bar:
            task = bar.add_task("The exchange is founded", total=total)
            for label, happen, share in CHAPTERS:
                bar.update(task, description=label)
                await happen(stage)
                bar.advance(task, share)
            bar.update(task, description="Books open by call, investors bid, trades settle")
            step = TRADING_SHARE / (trading.ORDERS + trading.INVESTORS)
            await trading.trade_on_the_book(stage, lambda count: bar.advance(task, count * step))
            await stage.days_pass(5)
            for label, happen, share in AFTER_TRADING:
                bar.update(task, description=label)
                await happen(stage)
                bar.advance(task, share)
            stage.clock.leap(DAYS_BACK * NS_PER_DAY)
            stage.bus.arrived.set()
            bar.update(task, description="The journal is proved")
            report = await asyncio.to_thread(partial(_prove, settings.store_url))
            bar.update(task, completed=total, description="The story is told and proved")
        if not report.clean:
            raise StoryBroken(report.summary())
        await afterwards(stage, counts(stage, report))


def counts(stage: Stage, report: Report) -> dict[str, Any]:
    """What the story came to, as one object."""
    return {
        "simulated": True,
        "patents": stage.facts["patents"],
        "institutions": len(stage.facts["institutions"]),
        "titles": stage.facts["titles"],
        "outcomes_listed": len(stage.facts["instruments"]),
        "investors": len(stage.facts["investors"]),
        "openings": {
            "instruments": len(stage.facts["openings"]),
            "lots": sum(fixed["quantity_lots"] for fixed in stage.facts["openings"]),
        },
        "orders": stage.facts["orders"],
        "deals": stage.facts["deals"],
        "pilot": stage.facts["pilot"],
        "product": stage.facts["product"],
        **{name: stage.facts[name] for name in ("reform", "burdens", "licences", "income")},
        "commands_over_http": stage.commands,
        "refusals": dict(sorted(stage.refusals.items())),
        "days": DAYS_BACK,
        "verify": report.as_json(),
    }


def _prove(url: str) -> Report:
    with snapshot(url) as tables:
        return verify(tables, replay=True)
