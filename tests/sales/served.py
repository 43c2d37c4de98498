"""A public sale on a running exchange: prepared in the past of the machine's clock, so that it is open now.

The test market's calendar never ends, so these tests need no year of their own.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from custody.rights import TitleCheck
from exchange.core.ids import AssetId
from exchange.core.units import TimeNs
from exchange.node.clock import SystemClock
from exchange.store.migrate import head
from tests.sales.stage import DAY_NS, NOTICE_DAYS, THOUSAND, Hall
from tests.support import Venue

CASH = 10_000


class Sandbox(Hall):
    """A hall in the test market, where what is sold is know-how and its second signature moves it."""

    def right(self, by: str, *, title: TitleCheck = TitleCheck.CLEAR, **changed: Any) -> AssetId:
        """The whole right in an outcome."""
        return super().right(by, title=title, **({"patent_id": None, "outcome_id": self.outcome(by)} | changed))

    def again(self) -> Sandbox:
        """Another hall with the same past."""
        hall = super().again()
        hall.__class__ = Sandbox
        return hall  # type: ignore[return-value]


def open_sale(method: str, reserves: dict[str, int] | None = None, /, stage: str = "open", **more: Any) -> Sandbox:
    """A sale that began a day ago and is open for another day; li and wu are admitted, ren is not.

    `stage`: `announced` for one that begins in a day, `revealing` for one whose commitments ended an hour ago.
    """
    hall = Sandbox(Venue.sandbox())
    hall.venue.checking = False
    hall.cn_market = hall.venue.market_id
    hall.institution("lab")
    hall.institution("pku")
    for name in ("li", "wu", "ren"):
        hall.trader(name)
        hall.venue.deposit(name, CASH * THOUSAND)
    now_ns = SystemClock().now_ns()
    begins_in = {"announced": 1, "open": -1, "revealing": -2}[stage] * DAY_NS
    hall.venue.clock_ns = now_ns + begins_in - NOTICE_DAYS * DAY_NS
    ends_ns = now_ns + (2 * DAY_NS if stage == "announced" else DAY_NS)
    times: dict[str, Any] = {"ends_at_ns": TimeNs(ends_ns)}
    if method == "dutch":
        times = {"step_seconds": 86_400}
    if method == "sealed":
        ends_ns = now_ns - DAY_NS // 24 if stage == "revealing" else ends_ns
        times = {"ends_at_ns": TimeNs(ends_ns), "reveal_until_ns": TimeNs(now_ns + 2 * DAY_NS)}
    hall.announced(method, reserves, **(times | more))
    hall.enter("li", "wu")
    if stage != "announced":
        hall.happens("begin")
    if stage == "revealing":
        hall.happens("li commits A 900")
        hall.happens("end")
    return hall


def write_database(venue: Venue, path: Path) -> None:
    """A venue's journal and tables as the file a node starts from."""
    with contextlib.closing(sqlite3.connect(path)) as file:
        venue.scratch.connection.backup(file)
        file.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        file.execute("INSERT INTO alembic_version VALUES (?)", (head(),))
        file.execute("INSERT INTO epochs VALUES (1, 1, 0, 1)")
        file.execute("PRAGMA journal_mode = WAL")
        file.commit()
