"""Statements as files: every unit that moved is there once, with its reason, and the sums agree to the unit."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pypdfium2
import pytest
import xmlschema
from typer.testing import CliRunner

from api.exports import gathered, printed, semt, tabular
from api.exports.gathered import Asked, Line, Statement, gather
from exchange.__main__ import app
from exchange.cli import statements
from exchange.core.calendar import start_of_day_ns
from exchange.core.ids import KINDS, AccountId, AssetId, from_wire
from exchange.core.rejections import InvariantBroken
from exchange.core.units import NS_PER_SECOND, Sequence, TimeNs, Units
from exchange.store.queries.accounts import StatementLine
from exchange.store.queries.reader import Reads
from tests.api.rest.exchange import Exchange
from tests.deals.stage import Desk

Rows = list[dict[str, str]]
ALL = "from=2020-01-01&until=2029-12-31"


async def traded(exchange: Exchange) -> None:
    """Wu sells 30 units to Li in three trades, and 5 more are offered."""
    for price in (100, 101, 102):
        await exchange.place("wu", "sell", 10, price, f"s{price}")
    await exchange.place("li", "buy", 30, 102, "b")
    await exchange.place("wu", "sell", 5, 500, "rest")


async def fetched(exchange: Exchange, name: str, form: str, query: str = ALL, by: str = "") -> bytes:
    """A member's statement as a file."""
    client = await exchange.by(by or name)
    answer = await client.get(f"/v1/accounts/{exchange[f'account.{name}']}/statement?format={form}&{query}")
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    return answer.content


def table(raw: bytes) -> Rows:
    return list(csv.DictReader(io.StringIO(raw.decode(), newline="")))


def of(rows: Rows, asset: str, entry: str) -> Rows:
    return [row for row in rows if row["asset_id"] == asset and row["entry"] == entry]


def postings(exchange: Exchange, name: str, folder: Path) -> list[tuple[int, int, int]]:
    """(asset, sequence, units) of an account, as the table has them: an answer that shares nothing with ours."""
    account = from_wire(KINDS["AccountId"], exchange[f"account.{name}"])
    with closing(sqlite3.connect(folder / "exchange.sqlite")) as file:
        query = "SELECT asset_id, posting_id / 1024, units FROM postings WHERE account_id = ? ORDER BY posting_id"
        return [(row[0], row[1], row[2]) for row in file.execute(query, (account,))]


async def test_a_csv_has_each_posting_once_and_its_sums_agree(exchange: Exchange, tmp_path: Path) -> None:
    await traded(exchange)
    rows = table(await fetched(exchange, "wu", "csv"))
    expected = postings(exchange, "wu", tmp_path / "var")
    told = [
        (from_wire(KINDS["AssetId"], row["asset_id"]), int(row["sequence"]), int(row["units"]))
        for row in rows
        if row["entry"] == "movement"
    ]
    assert sorted(told) == sorted(expected)
    for asset in {row["asset_id"] for row in rows}:
        (opening,), (close,) = of(rows, asset, "opening"), of(rows, asset, "closing")
        moved = sum(int(row["units"]) for row in of(rows, asset, "movement"))
        assert int(opening["balance_after"]) + moved == int(close["balance_after"])
    balances = (await (await exchange.by("wu")).get(f"/v1/accounts/{exchange['account.wu']}/balances")).json()["items"]
    for balance in balances:
        (close,), (held,) = of(rows, balance["asset_id"], "closing"), of(rows, balance["asset_id"], "held")
        assert (int(close["balance_after"]), int(held["units"])) == (balance["units"], balance["held_units"])
    assert of(rows, exchange["asset"], "held")[0]["units"] == "5"


async def test_a_person_understands_each_line(exchange: Exchange) -> None:
    await traded(exchange)
    rows = table(await fetched(exchange, "li", "csv"))
    last = of(rows, exchange["asset"], "movement")[-1]
    assert (last["event"], last["units"]) == ("trade.made", "10")
    assert last["case"].startswith("T1-")
    assert last["counter"] == "XTS@SIM -10.20"  # the last ten at 102, and no fee in this market
    assert last["what"] == "Two orders met, and the right moved against cash in one transfer (DvP, CPMI model 1)."
    cash = of(rows, exchange["money"], "movement")[-1]
    assert cash["counter"] == "INS.SHARE 10"
    paid_in = of(rows, exchange["money"], "movement")[0]
    assert paid_in["case"].startswith("V1-")


async def test_days_are_cut_at_midnight_of_the_venue_and_meet_without_a_gap(exchange: Exchange) -> None:
    await traded(exchange)
    whole = table(await fetched(exchange, "wu", "csv"))
    at = {int(row["at_ns"]) for row in whole if row["entry"] == "movement"}
    days = sorted({date.fromisoformat(tabular.moment(ns + 8 * 3_600 * NS_PER_SECOND)[:10]) for ns in at})
    assert len(days) >= 2  # the prepared past, and today
    parts: Rows = []
    closing_units = ""
    for before, day in zip((date(2020, 1, 1), *days), days, strict=False):
        first = before if before.year == 2020 else date.fromordinal(before.toordinal() + 1)
        rows = table(await fetched(exchange, "wu", "csv", f"from={first}&until={day}"))
        opening = of(rows, exchange["money"], "opening")
        assert not closing_units or opening[0]["balance_after"] == closing_units
        closing_units = of(rows, exchange["money"], "closing")[0]["balance_after"]
        parts += [row for row in rows if row["entry"] == "movement"]
    key = ("asset_id", "at_ns", "units", "balance_after")
    assert sorted([row[name] for name in key] for row in parts) == sorted(
        [row[name] for name in key] for row in whole if row["entry"] == "movement"
    )


async def test_a_statement_up_to_a_row_is_the_same_whenever_it_is_asked_for(exchange: Exchange) -> None:
    await traded(exchange)
    as_of = exchange.sequence
    query = f"{ALL}&as_of_sequence={as_of}"
    await exchange.place("li", "buy", 1, 500, "more")
    first = await fetched(exchange, "wu", "csv", query)
    assert max(int(row["sequence"]) for row in table(first) if row["sequence"]) < as_of  # the offer at `as_of` rests
    await exchange.place("li", "buy", 1, 500, "and-more")
    assert await fetched(exchange, "wu", "csv", query) == first
    assert not of(table(first), exchange["asset"], "held")
    assert of(table(await fetched(exchange, "wu", "csv")), exchange["asset"], "held")


async def test_every_format_tells_the_same(exchange: Exchange) -> None:
    await traded(exchange)
    rows = table(await fetched(exchange, "wu", "csv"))
    parquet = pyarrow.parquet.read_table(io.BytesIO(await fetched(exchange, "wu", "parquet"))).to_pylist()
    again = [{name: tabular._cell(row[name]) for name in tabular.COLUMNS} for row in parquet]
    assert [{name: str(value) for name, value in row.items()} for row in again] == rows

    schema = xmlschema.XMLSchema(semt.SCHEMA)
    raw = (await fetched(exchange, "wu", "xml")).decode()
    schema.validate(raw)
    found: Any = schema.to_dict(raw)
    told = {
        block["FinInstrmId"]["OthrId"]["Id"]: [
            (int(tx["AcctSvcrTxId"]), (1 if tx["SctiesMvmntTp"] == "RECE" else -1) * tx["PstngQty"]["Unit"])
            for tx in block.get("Tx", [])
        ]
        for block in found["SctiesTxPstngRpt"]["FinInstrmDtls"]
    }
    asset = exchange["asset"]
    assert told[asset] == [(int(row["sequence"]), int(row["units"])) for row in of(rows, asset, "movement")]
    (cash,) = found["BkToCstmrStmt"]
    signed = [entry["Amt"]["$"] * (100 if entry["CdtDbtInd"] == "CRDT" else -100) for entry in cash["Ntry"]]
    assert signed == [int(row["units"]) for row in of(rows, exchange["money"], "movement")]

    pages = pypdfium2.PdfDocument(await fetched(exchange, "wu", "pdf"))
    text = "\n".join(page.get_textpage().get_text_range() for page in pages)
    assert "账户对账单" in text
    for row in of(rows, asset, "movement"):
        assert row["case"] in text


async def test_whoever_may_not_view_the_account_gets_nothing_and_others_get_no_name(exchange: Exchange) -> None:
    path = f"/v1/accounts/{exchange['account.wu']}/statement?format=xml&{ALL}"
    assert (await (await exchange.by("li")).get(path)).status_code == 404
    assert (await (await exchange.by("wu-blind")).get(path)).status_code == 404
    assert (await exchange.client.get(path)).status_code == 401
    assert b"<Nm>wu</Nm>" in await fetched(exchange, "wu", "xml")
    assert b"<Nm>" not in await fetched(exchange, "wu", "xml", by="regulator")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("format=csv", "from: expected a day"),
        ("format=csv&from=2026-03-01", "until: expected a day"),
        ("format=csv&from=2026-03-02&until=2026-03-01", "until: expected from"),
        ("format=csv&from=1970-01-01&until=1970-01-01", "until: expected from"),
        ("format=csv&from=2010-01-01&until=2026-01-01", "until: expected from"),
        (f"format=csv&{ALL}&limit=5", "limit, cursor"),
        (f"format=csv&{ALL}&as_of_sequence=99999999", "as_of_sequence"),
        (f"format=doc&{ALL}", "format: expected one of"),
        ("from=2026-03-01", "from: only with format"),
        ("", "asset_id: missing"),
    ],
)
async def test_a_wrong_question_is_told_what_is_wrong(exchange: Exchange, query: str, said: str) -> None:
    answer = await (await exchange.by("wu")).get(f"/v1/accounts/{exchange['account.wu']}/statement?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "request.parameter")
    assert said in answer.json()["detail"]


async def test_a_statement_is_bounded(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    await traded(exchange)
    rows = table(await fetched(exchange, "wu", "csv"))
    lines = sum(row["entry"] == "movement" for row in rows)
    monkeypatch.setattr(gathered, "MOST_LINES", lines)
    assert table(await fetched(exchange, "wu", "csv")) == rows
    monkeypatch.setattr(gathered, "MOST_LINES", lines - 1)
    path = f"/v1/accounts/{exchange['account.wu']}/statement?format=csv&{ALL}"
    answer = await (await exchange.by("wu")).get(path)
    assert (answer.status_code, answer.json()["code"]) == (422, "statement.too_long")
    monkeypatch.setattr(gathered, "MOST_LINES", lines)
    monkeypatch.setattr(gathered, "MOST_WALKED", 3)
    assert (await (await exchange.by("wu")).get(path)).json()["code"] == "statement.too_long"


async def test_without_the_library_parquet_is_refused_by_name(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    path = f"/v1/accounts/{exchange['account.wu']}/statement?format=parquet&{ALL}"
    answer = await (await exchange.by("wu")).get(path)
    assert (answer.status_code, answer.json()["code"]) == (501, "statement.format_unavailable")


@pytest.fixture
def told(exchange: Exchange, tmp_path: Path) -> Iterator[Statement]:
    """Wu's statement, as it is gathered."""
    reads = Reads(f"sqlite:///{tmp_path / 'var' / 'exchange.sqlite'}", readers=1)
    account = AccountId(from_wire(KINDS["AccountId"], exchange["account.wu"]))
    found = reads.run(lambda snapshot: gather(snapshot, Asked(account, date(2020, 1, 1), date(2029, 12, 31))))
    reads.close()
    assert found is not None
    yield found


async def test_files_of_simulated_parties_say_so_and_texts_cannot_break_them(told: Statement) -> None:
    assert told.simulated is False
    line = told.sections[0].lines[0]
    nasty = replace(line, what='=1+1,"<b>&\x01', case="")
    section = replace(told.sections[0], code="=HYPER<&>", lines=(nasty,))
    changed = replace(told, simulated=True, sections=(section,))
    rows = table(b"".join(tabular.csv_chunks(changed)))
    assert {row["simulated"] for row in rows} == {"true"}
    assert rows[0]["code"] == "'=HYPER<&>"
    assert rows[1]["what"] == "'" + nasty.what
    raw = semt.xml(changed).decode()
    xmlschema.XMLSchema(semt.SCHEMA).validate(raw)
    assert 'simulated="true"' in raw
    document = pypdfium2.PdfDocument(printed.pdf(replace(changed, sections=(section,) * 40)))
    assert len(document) > 1
    assert all("SIMULATED" in page.get_textpage().get_text_range() for page in document)
    assert printed.pdf(changed) == printed.pdf(changed)


def test_a_movement_at_midnight_belongs_to_the_day_that_begins(
    exchange: Exchange, told: Statement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = told.sections[0]
    line = section.lines[0]
    for days, moment_ns, lines, opening, closing_units in (
        ("that begins", (line.at_ns, line.at_ns + 1), 1, section.opening_units, line.balance_after),
        ("that ends", (line.at_ns - 1, line.at_ns), 0, section.opening_units, section.opening_units),
        ("after", (line.at_ns + 1, line.at_ns + 2), 0, line.balance_after, line.balance_after),
    ):
        bounds = iter(moment_ns)
        monkeypatch.setattr(gathered, "start_of_day_ns", lambda _day, _zone, bounds=bounds: next(bounds))
        reads = Reads(f"sqlite:///{tmp_path / 'var' / 'exchange.sqlite'}", readers=1)
        asked = Asked(AccountId(from_wire(KINDS["AccountId"], told.account_id)), told.first, told.last)
        found = reads.run(lambda snapshot, asked=asked: gather(snapshot, asked))
        reads.close()
        assert found is not None
        got = next((one for one in found.sections if one.asset_id == section.asset_id), None)
        shown = (len(got.lines), got.opening_units, got.closing_units) if got else (0, 0, 0)
        assert shown == (lines, opening, closing_units), days


def test_a_register_that_does_not_add_up_is_told_to_nobody(told: Statement) -> None:
    lines = [as_kept(line) for section in told.sections for line in section.lines][:1]
    total = lines[0].units
    gathered._reconcile(0, lines, total)
    for opening, closing_units in ((1, total), (0, total + 1)):
        with pytest.raises(InvariantBroken):
            gathered._reconcile(opening, lines, closing_units)


def as_kept(line: Line) -> StatementLine:
    """A line as the tables have it."""
    return StatementLine(
        sequence=Sequence(line.sequence),
        place=0,
        account_id=AccountId(1),
        asset_id=AssetId(1),
        units=Units(line.units),
        balance_after=Units(line.units),
        previous_sequence=Sequence(0),
        at_ns=TimeNs(line.at_ns),
    )


def test_what_a_deal_moved_names_the_deal() -> None:
    desk = Desk.cn()
    desk.offered()
    for step in ("accept", "seller signs", "buyer signs", "confirm"):
        assert desk.step(step) == ""
    deal = desk.deal()
    for entry in desk.venue.journal:
        for event in entry.events:
            if getattr(event, "deal", None) == deal:
                shown = gathered.show(event)
                assert gathered._case(shown["type"], shown) == shown["deal"]["deal_id"]


def test_the_command_line_writes_the_same_file(exchange: Exchange, tmp_path: Path, told: Statement) -> None:
    data = ["--data-dir", str(tmp_path / "var")]
    days = ["--from", "2020-01-01", "--until", "2029-12-31"]
    for form in statements.FORMATS:
        out = tmp_path / f"statement.{form}"
        asked = ["statement", exchange["account.wu"], *days, "--format", form, "--out", str(out), *data]
        done = CliRunner().invoke(cli(), asked)
        assert done.exit_code == 0, done.output
        assert out.stat().st_size > 100
    assert (tmp_path / "statement.csv").read_bytes() == b"".join(tabular.csv_chunks(told))
    for wrong in (["A1-999"], ["X"], [exchange["account.wu"], "--format", "pdf"]):
        assert CliRunner().invoke(cli(), ["statement", *wrong, *days, *data]).exit_code == 2


def cli() -> Any:
    """The command line with this command."""
    if not any(command.callback is statements.statement for command in app.registered_commands):
        statements.register(app)
    return app


def test_the_first_day_begins_at_midnight_in_the_venues_time_zone() -> None:
    assert start_of_day_ns(date(2026, 3, 1), gathered.TIME_ZONE) == 1_772_294_400 * NS_PER_SECOND
