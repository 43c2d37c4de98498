"""Reports: exact to the unit, cut at the end of their day, the same to the byte, and without names for the public."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import random  # noqa: TID251 - seeded
import shutil
import sqlite3
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import structlog
from sqlalchemy import create_engine, insert, select
from typer.testing import CliRunner

from exchange.__main__ import app, main
from exchange.cli import reports
from exchange.cli.report_pages import as_csv, as_html, as_json, decimal
from exchange.cli.report_tables import exact_sums, market_report, ratio, turnover_report
from exchange.core.calendar import local_date
from exchange.core.ids import ORDINALS, to_wire
from exchange.core.units import NS_PER_DAY, NS_PER_SECOND, TimeNs
from exchange.store.migrate import upgrade
from exchange.store.schema.all import metadata
from exchange.store.snapshot import snapshot
from tests.node import template
from tests.node.clients import Clients
from tests.node.running import running
from tests.support import START_NS

NAMES = ("wu", "ren", "li", "zhao")


class Noon:
    """A clock that begins at noon of a day after the template's, and goes on a quarter of a second a look."""

    def __init__(self) -> None:
        self._now_ns = START_NS + 7 * NS_PER_DAY + NS_PER_DAY // 2

    def now_ns(self) -> TimeNs:
        """Nanoseconds since 1970."""
        self._now_ns += NS_PER_SECOND // 4
        return TimeNs(self._now_ns)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of trading, told by a real node."""
    path = tmp_path_factory.mktemp("reports") / "exchange.sqlite"
    stage = template.write(path)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))

    async def trade() -> None:
        clients = Clients(stage, random.Random(11))
        async with running(path, stage, clock=Noon()) as node:
            for _ in range(700):
                asked = clients.ask()
                clients.hears(asked, await node.bus.submit(asked.command, asked.principal, key=asked.key))

    asyncio.run(trade())
    structlog.reset_defaults()
    return path


def rows(path: Path, query: str) -> list[Any]:
    """What a query finds."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def day_of(path: Path) -> date:
    """The day of the first trade."""
    return local_date(rows(path, "SELECT min(at_ns) FROM trades")[0][0], "UTC")


def url(path: Path) -> str:
    """The database's URL."""
    return f"sqlite:///{path}"


def lines(text: str) -> list[dict[str, str]]:
    """A CSV's lines."""
    return list(csv.DictReader(io.StringIO(text)))


def test_the_summary_is_what_the_trades_add_up_to(database: Path) -> None:
    day = day_of(database)
    with snapshot(url(database)) as tables:
        told = {
            line["instrument_id"]: line
            for line in lines(as_csv(market_report(tables, day, None, public=False), "summary"))
        }
    by_hand: dict[str, list[tuple[int, int]]] = {}
    for instrument_id, price, lots, at_ns in rows(
        database, "SELECT instrument_id, price_ticks, quantity_lots, at_ns FROM trades ORDER BY trade_id"
    ):
        if local_date(at_ns, "UTC") == day:
            by_hand.setdefault(to_wire("I", instrument_id), []).append((price, lots))
    assert sum(len(trades) for trades in by_hand.values()) > 20
    for instrument_id, trades in by_hand.items():
        prices, lots = [price for price, _ in trades], sum(count for _, count in trades)
        turnover = sum(price * count for price, count in trades)
        expected = {
            "open_ticks": prices[0], "high_ticks": max(prices), "low_ticks": min(prices), "close_ticks": prices[-1],
            "trade_count": len(trades), "volume_lots": lots, "turnover_minor": turnover,
            "vwap_minor": round(Fraction(turnover, lots)),
        }  # fmt: skip
        assert {name: told[instrument_id][name] for name in expected} == {
            key: str(value) for key, value in expected.items()
        }


def test_members_turnover_fees_and_orders_are_theirs_to_the_unit(database: Path) -> None:
    with snapshot(url(database)) as tables:
        members = lines(
            as_csv(turnover_report(tables, day_of(database), day_of(database), None, public=False), "members")
        )
    fees = rows(database, "SELECT sum(buyer_fee_minor + seller_fee_minor), count(*) FROM trades")[0]
    orders = rows(database, "SELECT count(*) FROM orders")[0][0]
    assert sum(int(line["fees_minor"]) for line in members) == fees[0]
    assert sum(int(line["fill_count"]) for line in members) == 2 * fees[1]
    assert sum(int(line["order_count"]) for line in members) == orders
    assert sum(int(line["bought_minor"]) for line in members) == sum(int(line["sold_minor"]) for line in members) > 0
    turnover = [int(line["turnover_minor"]) for line in members]
    assert turnover == sorted(turnover, reverse=True)
    for line in members:
        assert line["orders_per_fill"] == ratio(int(line["order_count"]), int(line["fill_count"]))


def test_days_and_currencies_add_up_to_the_same(database: Path) -> None:
    day = day_of(database)
    with snapshot(url(database)) as tables:
        report = turnover_report(tables, day, day, None, public=True)
    days, currencies = lines(as_csv(report, "days")), lines(as_csv(report, "currencies"))
    assert {line["date"] for line in days} == {day.isoformat()}
    assert sum(int(line["turnover_minor"]) for line in days) == int(currencies[0]["turnover_minor"]) > 0
    assert sum(int(line["trade_count"]) for line in days) == rows(database, "SELECT count(*) FROM trades")[0][0]


def test_the_holders_are_those_at_the_end_of_the_day_whatever_came_after(database: Path, tmp_path: Path) -> None:
    """The same day, told when the journal ended with it and when a day of trading had followed."""
    later = Path(shutil.copyfile(database, tmp_path / "later.sqlite"))
    last = rows(later, "SELECT max(sequence), max(at_ns) FROM journal")[0]
    with snapshot(url(later)) as tables:
        before = market_report(tables, day_of(database), None, public=False)
    connection = sqlite3.connect(later)
    next_ns = last[1] + 86_400 * 10**9
    columns = [row[1] for row in connection.execute("PRAGMA table_info(journal)")]
    picked = ", ".join({"sequence": "sequence + 1", "at_ns": str(next_ns)}.get(name, name) for name in columns)
    connection.execute(f"INSERT INTO journal SELECT {picked} FROM journal WHERE sequence = {last[0]}")
    asset, buyer, seller = connection.execute(
        "SELECT i.asset_id, t.buyer_account_id, t.seller_account_id FROM trades t"
        " JOIN instruments i USING (instrument_id) ORDER BY trade_id LIMIT 1"
    ).fetchone()
    for place, (account, units) in enumerate(((buyer, 7), (seller, -7))):
        posted = ((last[0] + 1) * ORDINALS + place, account, asset, units, 0, 0)
        connection.execute("INSERT INTO postings VALUES (?, ?, ?, ?, ?, ?)", posted)
        connection.execute(
            "UPDATE balances SET units = units + ? WHERE account_id = ? AND asset_id = ?", (units, account, asset)
        )
    connection.commit()
    connection.close()
    with snapshot(url(later)) as tables:
        after = market_report(tables, day_of(database), None, public=False)
        today = market_report(tables, local_date(next_ns, "UTC"), None, public=False)
    assert before.heading["is_final"] is False
    assert after.heading == {**before.heading, "is_final": True}
    for name, table in before.tables.items():
        assert as_csv(after, name) == as_csv(before, name), table
    assert as_csv(today, "holders") != as_csv(before, "holders")
    assert {line["previous_close_ticks"] for line in lines(as_csv(today, "summary"))} == {
        line["close_ticks"] for line in lines(as_csv(before, "summary"))
    }


def test_shares_of_the_largest_holders_sum_to_the_concentration(database: Path) -> None:
    with snapshot(url(database)) as tables:
        report = market_report(tables, day_of(database), None, public=False)
    holders = lines(as_csv(report, "holders"))
    for line in lines(as_csv(report, "summary")):
        mine = [holder for holder in holders if holder["instrument_id"] == line["instrument_id"]]
        assert int(line["top_1_ppm"]) == int(mine[0]["share_ppm"])
        assert int(line["top_10_ppm"]) == 1_000_000  # four members hold it all
        assert sum(int(holder["units"]) for holder in mine) == template.LOTS
        assert int(line["holder_count"]) == len(mine)


def test_the_public_is_told_nobodys_name_in_any_form(database: Path) -> None:
    day = day_of(database)
    with snapshot(url(database)) as tables:
        for report in (
            market_report(tables, day, None, public=True),
            turnover_report(tables, day, day, None, public=True),
        ):
            assert "members" not in report.tables
            for text in (as_json(report), as_html(report), *(as_csv(report, name) for name in report.tables)):
                assert not any(f'"{name}"' in text or f">{name}<" in text or f",{name}," in text for name in NAMES)
                assert "M1-" not in text
        assert "wu" in as_html(market_report(tables, day, None, public=False))


def test_a_report_is_the_same_to_the_byte(database: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copyfile(database, tmp_path / "copy.sqlite"))
    texts = []
    for path in (database, copy):
        with snapshot(url(path)) as tables:
            report = market_report(tables, day_of(database), None, public=False)
        texts.append((as_csv(report, "summary"), as_json(report), as_html(report)))
    assert texts[0] == texts[1]


def test_postgresql_tells_the_same_bytes(database: Path, postgres_url: str) -> None:
    upgrade(postgres_url)
    source, target = create_engine(url(database)), create_engine(postgres_url)
    with source.connect() as reading, target.begin() as writing:
        for table in metadata.sorted_tables:
            if found := [dict(row._mapping) for row in reading.execute(select(table))]:
                writing.execute(insert(table), found)
    day, texts = day_of(database), []
    for place in (url(database), postgres_url):
        with snapshot(place) as tables:
            made = (
                market_report(tables, day, None, public=False),
                turnover_report(tables, day, day, None, public=False),
            )
        texts.append([as_json(report) for report in made])
    source.dispose()
    target.dispose()
    assert texts[0] == texts[1]


def test_a_day_without_trades_is_reported_as_such(database: Path) -> None:
    with snapshot(url(database)) as tables:
        report = market_report(tables, date(2026, 3, 1), None, public=False)
        empty = turnover_report(tables, date(2026, 3, 1), date(2026, 3, 1), None, public=False)
    assert (report.heading["through_sequence"], report.heading["chain"], report.heading["is_final"]) == (0, "", True)
    assert [len(table) for table in (*report.tables.values(), *empty.tables.values())] == [0] * 7
    assert "None." in as_html(report)
    assert as_csv(empty, "days").startswith("date,")


def test_the_page_shows_a_candle_for_each_stretch_with_trades(database: Path) -> None:
    with snapshot(url(database)) as tables:
        report = market_report(tables, day_of(database), None, public=False)
    page = as_html(report)
    assert page.count("<svg") == report.tables["candles"]["instrument_id"].nunique() == 2
    assert page.count("<g class=") == len(report.tables["candles"])
    assert "http" not in page  # it needs nothing else


def test_sums_beyond_sixty_four_bits_stay_exact() -> None:
    large = 2**53 - 1
    frame = pd.DataFrame({"who": [1] * 3_000 + [2], "minor": [large] * 3_000 + [5]})
    assert exact_sums(frame, ["who"], ["minor"])["minor"].tolist() == [3_000 * large, 5]


@pytest.mark.parametrize(
    ("name", "written"), [("=1+1", "'=1+1"), ("+86", "'+86"), ("-x", "'-x"), ("@me", "'@me"), ("A-1", "A-1")]
)
def test_a_name_that_a_spreadsheet_would_run_is_marked_as_text(database: Path, name: str, written: str) -> None:
    with snapshot(url(database)) as tables:
        report = market_report(tables, day_of(database), None, public=False)
    report.tables["holders"]["name"] = name
    assert {line["name"] for line in lines(as_csv(report, "holders"))} == {written}


def test_markup_in_a_name_is_text_on_the_page(database: Path) -> None:
    with snapshot(url(database)) as tables:
        report = market_report(tables, day_of(database), None, public=False)
    report.tables["holders"]["name"] = "<script>alert(1)</script>"
    assert "<script" not in as_html(report)


def test_amounts_are_written_with_the_currencys_decimals() -> None:
    assert [decimal(amount, 2) for amount in (0, 5, 100, 123_456_789)] == ["0.00", "0.05", "1.00", "1,234,567.89"]
    assert decimal(1_234, 0) == "1,234"


# The command line ---------------------------------------------------------------------------------------------------


@pytest.fixture
def command() -> CliRunner:
    """A runner of commands, with ours registered."""
    if not any(group.name == "report" for group in app.registered_groups):
        reports.register(app)
    assert callable(main)
    return CliRunner()


def test_the_command_writes_one_table_everything_or_a_page(database: Path, tmp_path: Path, command: CliRunner) -> None:
    day = day_of(database).isoformat()
    given = ["--database-url", url(database)]
    shown = command.invoke(app, ["report", "market", "--date", day, "--instrument", "INS", *given])
    assert (shown.exit_code, [line["code"] for line in lines(shown.stdout)]) == (0, ["INS"])
    page = tmp_path / "page.html"
    written = command.invoke(
        app, ["report", "market", "--date", day, "--format", "html", "--output", str(page), *given]
    )
    assert (written.exit_code, written.stdout) == (0, "")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    whole = command.invoke(app, ["report", "turnover", "--from", day, "--to", day, "--format", "json", *given])
    assert set(json.loads(whole.stdout)) >= {"title", "from", "to", "through_sequence", "chain", "days", "members"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["market", "--date", "2026-02-30"], "--date: expected a date"),
        (["market", "--date", "2026-03-02", "--format", "pdf"], "--format: expected one of csv, json, html"),
        (["market", "--date", "2026-03-02", "--table", "days"], "--table: expected one of summary"),
        (["market", "--date", "2026-03-02", "--format", "json", "--table", "summary"], "--table: json and html hold"),
        (["market", "--date", "2026-03-02", "--instrument", "NONE"], "there is no instrument NONE"),
        (["market", "--date", "2026-03-02", "--public", "--table", "members"], "--table: expected one of summary"),
        (["turnover", "--from", "2026-03-02", "--to", "2026-03-01"], "--to: expected 1 to 366 days"),
        (["turnover", "--from", "2025-03-02", "--to", "2026-03-03"], "--to: expected 1 to 366 days"),
    ],
)
def test_what_makes_no_report_is_refused_in_one_line(
    database: Path, command: CliRunner, asked: list[str], said: str
) -> None:
    refused = command.invoke(app, ["report", *asked, "--database-url", url(database)])
    assert refused.exit_code == 1
    assert said in refused.stderr and refused.stderr.count("\n") == 1
    assert refused.stdout == ""


def test_a_database_that_is_not_there_is_one_line_too(tmp_path: Path, command: CliRunner) -> None:
    missing = ["--database-url", url(tmp_path / "none.sqlite")]
    refused = command.invoke(app, ["report", "market", "--date", "2026-03-02", *missing])
    assert (refused.exit_code, "store.missing" in refused.stderr) == (1, True)
