"""Who reads a report over HTTP, in which forms; and the same by the command line."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
import sqlite3
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from custody.accounts import VENUE
from exchange.cli import deals
from exchange.core.ids import KINDS, to_wire
from exchange.core.membership import RegisterUser, UserRegistered
from exchange.core.parties import Role, UserRight
from exchange.store.migrate import head
from securitization.servicing_messages import ServicingOpened
from securitization.servicing_records import DealPayment, PaymentPage
from tests.api.rest.exchange import Exchange, World, opened
from tests.api.rest.test_proofs import checkpoint, first_key, packed
from tests.disclosure.served import projected_text, tables
from tests.rechain import close_gaps, rechain
from tests.servicing.stage import Stage, text
from tests.servicing.test_life import serve_period
from tests.verifier import run_alone

PAID_ON = "2026-03-12"
READERS = """
who          report of payment 1   report of payment 2   why
ops          200                   409 report.not_paid   an operator reads everything
regulator    200                   409 report.not_paid   so does a regulator
licensor0    200                   409 report.not_paid   a party: whose claims they were
servicer     200                   409 report.not_paid   a party
trustee      200                   409 report.not_paid   a party
guarantor    200                   409 report.not_paid   it stands behind the deal
wu           200                   409 report.not_paid   it holds notes
ren          200                   409 report.not_paid   it sold its notes, and was paid on them
zhao         404 resource.unknown  404 resource.unknown  none of its business
"""


def deal_command(*arguments: str) -> Result:
    """Run `exchange deal`."""
    app = typer.Typer()
    deals.register(app)
    app.callback()(lambda: None)
    return CliRunner().invoke(app, ["deal", *arguments])


def _early() -> str:
    """The deal with its first payment so early that a journal of it is behind every clock."""
    deal = json.loads(text())
    first, second, *rest = deal["periods"]
    first |= {"start": "2026-01-15", "end": PAID_ON, "record_date": "2026-03-11", "payment_date": PAID_ON}
    return json.dumps(deal | {"periods": [first, second | {"start": PAID_ON}, *rest]})


@pytest.fixture(scope="module")
def stage() -> Stage:
    made = Stage.ready(_early())
    found = next(event for event in made.venue.by_two(made.opening()) if isinstance(event, ServicingOpened))
    made.servicing_id = found.servicing.servicing_id
    serve_period(made)
    venue = made.venue
    venue.checking = False
    venue.member("zhao")
    regulator = venue.make(
        RegisterUser(member_id=VENUE, user_name="regulator", roles=(Role.REGULATOR,), rights=(UserRight.VIEW,)),
        UserRegistered,
    )
    venue.users["regulator"] = regulator.user.user_id
    ren, wu = venue.accounts["ren"], venue.accounts["wu"]

    def sell(state, header):  # type: ignore[no-untyped-def]
        legs = [
            (account, note, sign * units)
            for note, units in ((made.notes["senior"], 29), (made.notes["junior"], 7))
            for account, sign in ((ren, -1), (wu, 1))
        ]
        return [state.ledger.move(header.sequence, legs)]

    venue.seed(sell)
    return made


@pytest.fixture(scope="module")
def world(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> World:
    path = tmp_path_factory.mktemp("served") / "served.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as file:
        stage.venue.scratch.connection.backup(file)
        file.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        file.execute("INSERT INTO alembic_version VALUES (?)", (head(),))
        file.execute("INSERT INTO epochs VALUES (1, 1, 0, 1)")
        close_gaps(file)
        rechain(file)
        file.execute("PRAGMA journal_mode = WAL")
        file.commit()
    ids = {f"account.{name}": to_wire(KINDS["AccountId"], number) for name, number in stage.venue.accounts.items()}
    ids["servicing"] = to_wire(KINDS["ServicingId"], stage.servicing_id)
    return World(ids, dict(stage.venue.users), path)


@pytest.fixture
async def exchange(world: World, tmp_path: Path) -> AsyncIterator[Exchange]:
    async with opened(world, tmp_path) as made:
        yield made


async def test_who_reads_which_report(exchange: Exchange) -> None:
    for line in READERS.strip().splitlines()[1:]:
        who, *answers = [part for part in line.split("  ") if part][:3]
        client = await exchange.by(who)
        for period, wanted in zip((1, 2), answers, strict=True):
            answer = await client.get(f"/v1/servicings/{exchange['servicing']}/reports/{period}")
            found = str(answer.status_code) + ("" if answer.status_code == 200 else f" {answer.json()['code']}")
            assert found == wanted.strip(), (who, period)
    assert (await exchange.client.get(f"/v1/servicings/{exchange['servicing']}/reports/1")).status_code == 401


async def test_every_form_is_the_same_report(exchange: Exchange) -> None:
    wu = await exchange.by("wu")
    path = f"/v1/servicings/{exchange['servicing']}/reports/1"
    answers = {form: await wu.get(path, params={"form": form}) for form in ("json", "csv", "html", "pdf")}
    kinds = {form: answer.headers["content-type"].partition(";")[0] for form, answer in answers.items()}
    assert kinds == {"json": "application/json", "csv": "text/csv", "html": "text/html", "pdf": "application/pdf"}
    sha256 = hashlib.sha256(answers["json"].content).hexdigest()
    assert {answer.headers["x-report-sha256"] for answer in answers.values()} == {sha256}
    assert sha256 in answers["html"].text
    year = await wu.get(f"/v1/servicings/{exchange['servicing']}/reports/year/2026")
    assert (year.status_code, year.json()["kind"]) == (200, "year")


async def test_a_bundle_proves_what_a_reader_was_told(exchange: Exchange) -> None:
    await checkpoint(exchange)
    key, path = await first_key(exchange), f"/v1/servicings/{exchange['servicing']}/reports/1"
    proved: dict[str, int] = {}
    for who in ("wu", "trustee", "ops"):
        answer = await (await exchange.by(who)).get(path, params={"form": "bundle"})
        assert answer.status_code == 200, answer.text
        done = run_alone(answer.content, key)
        assert done.returncode == 0, done.stderr
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        proved[who] = sum(name.startswith("rows/") for name in files)
        assert hashlib.sha256(files["report.json"]).hexdigest() == answer.headers["x-report-sha256"]
        if who == "wu":
            others = [f'"{exchange[f"account.{name}"]}"'.encode() for name in ("ren", "li")]
            assert not any(other in body for body in files.values() for other in others)
        changed = run_alone(packed({**files, "report.json": files["report.json"] + b" "}), key)
        assert changed.returncode == 1 and "report.json" in changed.stderr
    assert 0 < proved["wu"] < proved["trustee"] <= proved["ops"]


async def test_bad_questions_have_a_code(exchange: Exchange) -> None:
    ops = await exchange.by("ops")
    servicing = exchange["servicing"]
    for path, status, code in (
        (f"{servicing}/reports/0", 404, "report.no_payment"),
        (f"{servicing}/reports/5", 404, "report.no_payment"),
        (f"{servicing}/reports/481", 422, "request.parameter"),
        (f"{servicing}/reports/first", 422, "request.parameter"),
        (f"{servicing}/reports/year/1999", 404, "report.no_payment"),
        (f"{servicing}/reports/1?form=docx", 422, "request.parameter"),
        ("SV1-1/reports/1", 404, "resource.unknown"),
        ("D1-1/reports/1", 422, "request.parameter"),
    ):
        answer = await ops.get(f"/v1/servicings/{path}")
        assert (answer.status_code, answer.json()["code"]) == (status, code), path


def test_the_command_line_reports_checks_and_tells_why(world: World, stage: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir()
    url = f"sqlite:///{shutil.copy(world.database, folder / 'exchange.sqlite')}"
    servicing = world.ids["servicing"]
    checked = deal_command("investor-report", servicing, "--period", "1", "--check", "--database-url", url)
    assert (checked.exit_code, checked.output.split(", ")[1]) == (0, "0 not as the journal says\n"), checked.output
    projected = tmp_path / "periods.csv"
    projected.write_text(projected_text())
    out = tmp_path / "report.json"
    asked = ["investor-report", servicing, "--period", "1", "--projection", str(projected), "--output", str(out)]
    assert deal_command(*asked, "--database-url", url).exit_code == 0
    assert any(table["code"] == "ahead" for one in json.loads(out.read_text())["chapters"] for table in one["tables"])
    early = deal_command("investor-report", servicing, "--period", "2", "--database-url", url)
    assert early.exit_code == 1 and "report.not_paid" in early.output
    assert deal_command("investor-report", servicing, "--database-url", url).exit_code == 1
    with tables(stage) as snapshot:
        from exchange.store.queries import records

        payment = records.page(snapshot, DealPayment, 1).records[0]
        pages = records.page(snapshot, PaymentPage, 9).records
    assert isinstance(payment, DealPayment)
    number, account = (
        to_wire(KINDS["DealPaymentId"], payment.payment_id),
        to_wire(KINDS["AccountId"], stage.venue.accounts["ren"]),
    )
    why = deal_command("why", number, account, "--database-url", url)
    assert why.exit_code == 0, why.output
    for page in pages:
        assert isinstance(page, PaymentPage)
        line = next(one for one in page.lines if one.account_id == stage.venue.accounts["ren"])
        assert f": {line.amount_minor} = " in why.output
        assert f"(row {page.page_id // 1024} of the journal)" in why.output
    zh = deal_command("why", number, account, "--language", "zh", "--database-url", url)
    assert zh.exit_code == 0 and zh.output != why.output
    none = deal_command("why", number, "A1-1", "--database-url", url)
    assert none.exit_code == 1


async def test_who_has_the_published_report_can_see_that_it_is_the_one(exchange: Exchange) -> None:
    wu, path = await exchange.by("wu"), f"/v1/servicings/{exchange['servicing']}/reports/1"
    before = await wu.get(path)
    assert "x-report-published" not in before.headers
    asked = {"servicing_id": exchange["servicing"], "period": 1, "report_sha256": before.headers["x-report-sha256"]}
    told = await (await exchange.by("issuer")).post("/v1/duties/publish-report", json=asked)
    assert told.status_code == 200, told.text
    after = await wu.get(path)
    assert after.headers["x-report-published"] == after.headers["x-report-sha256"] == before.headers["x-report-sha256"]
    assert after.content == before.content
