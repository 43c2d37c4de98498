"""A sealed pool as a pool's file: what owes no interest as it is, what owes interest at the rate its flows show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from exchange.cli import deals
from exchange.core.ids import to_wire
from exchange.core.units import Minor
from securitization.analytics.assets import Instalment, Loan, Receivable, Scheduled
from securitization.analytics.pool_export import exported, month_of
from securitization.analytics.pool_file import PoolFile, canonical_pool, read_pool
from securitization.deal_problems import Problem
from securitization.pool_records import DeclaredFlow, PoolAsset
from securitization.shipped import example_pool_text
from tests.pools.stage import Yard
from tests.sales.served import write_database


def command(*arguments: str) -> Result:
    """Run `exchange deal pool`."""
    app = typer.Typer()
    deals.register(app)
    app.callback()(lambda: None)
    return CliRunner().invoke(app, ["deal", "pool", *arguments])


def template() -> PoolFile:
    found = read_pool(example_pool_text("nanshan_5"))
    assert isinstance(found, PoolFile)
    return found


def sealed(*flows: tuple[str, int, int]) -> tuple[Yard, str, PoolAsset]:
    """A sealed pool of one asset with these flows."""
    yard = Yard.cn()
    yard.opened()
    declared = tuple(
        DeclaredFlow(due_date=day, principal_minor=Minor(owed), interest_minor=Minor(interest))
        for day, owed, interest in flows
    )
    asset = yard.pooled("wu", 0, flows=declared)
    assert not yard.does("seal")
    return yard, to_wire("PX", asset), yard.asset(asset)


def part(*flows: tuple[str, int, int]) -> Any:
    _, name, asset = sealed(*flows)
    found = exported(template(), [(name, asset)], "2026-03-02")
    return found.reason if isinstance(found, Problem) else found.parts[0]


def test_fees_without_interest_are_instalments_by_month() -> None:
    found = part(("2026-03-31", 100, 0), ("2026-06-02", 200, 0), ("2026-06-03", 300, 0))
    assert isinstance(found, Receivable)
    assert found.instalments == (
        Instalment(month=1, amount_minor=Minor(100)),
        Instalment(month=3, amount_minor=Minor(200)),
        Instalment(month=4, amount_minor=Minor(300)),
    )


def test_a_loan_keeps_its_plan_and_shows_its_rate() -> None:
    # 6 % a year, half a year at a time: 3 % of 1,000,000, then of 400,000.
    found = part(("2026-09-02", 600_000, 30_000), ("2027-03-02", 400_000, 12_000))
    assert isinstance(found, Loan)
    assert (found.rate_ppm, found.every_months, found.remaining_months) == (60_000, 6, 12)
    assert found.terms == Scheduled(principal_minor=(Minor(600_000), Minor(400_000)))


REFUSED = (
    ("a flow on the cut-off", (("2026-03-02", 1, 0),), "not after the cut-off"),
    ("two in a month", (("2026-03-05", 1, 0), ("2026-03-06", 1, 0)), "two flows in one month"),
    ("uneven dates", (("2026-04-02", 5_000, 50), ("2026-07-02", 5_000, 25)), "not every 1"),
    ("no one rate", (("2026-09-02", 600_000, 30_000), ("2027-03-02", 400_000, 12_003)), "is not the rate"),
)


@pytest.mark.parametrize(("flows", "said"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_would_be_guessed_is_refused(flows: tuple[tuple[str, int, int], ...], said: str) -> None:
    assert said in part(*flows)


def test_a_month_ends_on_its_day() -> None:
    from datetime import date

    start = date(2026, 1, 31)
    assert [month_of(start, date(2026, 2, day)) for day in (1, 28)] == [1, 1]
    assert [month_of(start, date(2026, 3, day)) for day in (1, 31)] == [2, 2]


def test_the_command_writes_what_the_register_holds(tmp_path: Path) -> None:
    yard, name, _ = sealed(("2027-03-01", 30_000_000, 0))
    write_database(yard.venue, tmp_path / "exchange.sqlite")
    like = tmp_path / "template.json"
    like.write_text(canonical_pool(template()), encoding="utf-8")
    url = f"sqlite:///{tmp_path / 'exchange.sqlite'}"
    pool = to_wire("PL", yard.pool_id)
    told = command(pool, "--like", str(like), "--database-url", url)
    assert told.exit_code == 0, told.output
    written = read_pool(told.stdout)
    assert isinstance(written, PoolFile)
    [only] = written.parts
    assert isinstance(only, Receivable) and (only.asset_id, only.debtor) == (
        name,
        yard.asset(yard.pool().assets[0]).debtor,
    )
    unknown = command("PL1-1", "--like", str(like), "--database-url", url)
    assert unknown.exit_code == 1 and "pool.unknown" in unknown.output
