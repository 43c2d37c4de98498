"""What a report says: traced to the journal, equal to an independent run of the deal, the same for good."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.disclosure.checking import differences
from api.disclosure.facts import NoReport, posted
from api.disclosure.flat import flat
from api.disclosure.outlook import read_projection
from api.disclosure.page import page
from api.disclosure.printed import pdf
from exchange.core.ids import KINDS, to_wire
from exchange.store.queries import journal
from securitization.deal_problems import Problem
from securitization.disclosure import Projected, Report, report_hash, report_schema, report_text
from securitization.evaluate import run_deal
from securitization.explain import DealRun
from securitization.servicing import pots
from tests.disclosure.served import (
    every_cell,
    leaves,
    projected_text,
    report,
    row,
    served,
    tables,
    troubled,
    untraced,
    value,
)
from tests.servicing.stage import Stage, deal_and_periods
from tests.servicing.test_life import serve_period

SCHEMA = Path(__file__).parents[2] / "docs/reference/deal-report.schema.json"


def test_the_report_of_each_payment_says_what_the_deal_pays_when_it_is_run_alone() -> None:
    stage = served(4)
    deal, pool = deal_and_periods()
    whole = run_deal(deal, pool)
    assert isinstance(whole, DealRun)
    owed = {tranche.name: tranche.face_minor for tranche in deal.tranches}
    for expected, period in zip(whole.periods, pool, strict=True):
        told = report(stage, period=expected.number)
        for name, before in owed.items():
            assert value(told, "owed", name, 0) == before
            assert value(told, "owed", name, 5) == expected.figures[f"tranche.{name}.balance"]
            assert value(told, "holders", f"{expected.number}.{name}", 3) == pots(deal, expected)[name]
        assert value(told, "collections", "all") == period.collections_minor
        owed = {name: expected.figures[f"tranche.{name}.balance"] for name in owed}
        for account in deal.accounts:
            assert value(told, "accounts", account.name, 3) == expected.figures[f"account.{account.name}"]
        paid = sum(one.amount_minor for one in expected.payments if one.kind == "fee")
        assert value(told, "fees", "trustee", 0) == paid
        assert untraced(stage, told) == []
    stage.venue.close()


def test_every_number_has_a_source_and_no_row_of_the_journal_is_later_than_the_report() -> None:
    stage = served(2)
    serve_period(stage)
    for asked in ({"period": 1}, {"period": 2}, {"year": int(stage.deal.periods[1].payment_date[:4])}):
        told = report(stage, **asked)
        cells = every_cell(told)
        assert len(cells) > 90
        for place, cell in cells:
            assert cell.source is not None, place
            for leaf in leaves(cell.source):
                assert not isinstance(leaf, Projected), place
                assert leaf.sequence <= told.through_sequence, place
        assert untraced(stage, told) == []


def test_a_report_is_the_same_bytes_after_more_payments_and_a_restart() -> None:
    stage = served(1)
    before = {form: make(report(stage, period=1)) for form, make in (("json", report_text), ("pdf", pdf))}
    serve_period(stage, restarts=True)
    assert {"json": report_text(report(stage, period=1)), "pdf": pdf(report(stage, period=1))} == before


def test_what_went_wrong_stands_in_the_report() -> None:
    stage = troubled()
    told = report(stage, period=1)
    assert value(told, "collections", "repurchased") == 5_000
    assert value(told, "collections", "interest") == 1_000
    assert value(told, "collections", "all") == 6_000
    assert value(told, "collections", "default") == 250_000
    assert [one.key for one in _table(told, "versions")] == ["1.1", "1.2"]
    assert [row(told, "versions", key).cells[3].value for key in ("1.1", "1.2")] == ["superseded", "paid"]  # type: ignore[union-attr]
    assert [str(one.cells[3].value) for one in _table(told, "duties") if one.cells[3]].count("missed") == 1
    assert value(told, "counts", "late") == 1
    assert row(told, "supports", "line").cells[4].value == "1"  # type: ignore[union-attr]
    assert value(told, "owed", "senior", 7) > 0  # type: ignore[operator] # interest stays unpaid
    assert [one.label.en for one in _table(told, "repurchases")] == ["a-9"]
    assert untraced(stage, told) == []


def test_a_year_adds_up_its_payments() -> None:
    stage = served(4)
    by_year: dict[int, list[int]] = {}
    for number, period in enumerate(stage.deal.periods, start=1):
        by_year.setdefault(int(period.payment_date[:4]), []).append(number)
    assert max(map(len, by_year.values())) == 2
    for year, numbers in by_year.items():
        told = report(stage, year=year)
        single = [report(stage, period=number) for number in numbers]
        for table, key, column in (("collections", "all", 0), ("owed", "senior", 1), ("owed", "junior", 2)):
            assert value(told, table, key, column) == sum(int(value(one, table, key, column) or 0) for one in single)
        assert value(told, "owed", "senior", 0) == value(single[0], "owed", "senior", 0)
        assert value(told, "owed", "senior", 5) == value(single[-1], "owed", "senior", 5)
        assert untraced(stage, told) == []


def test_what_was_projected_stands_beside_what_came_and_is_run_to_the_end() -> None:
    stage = served(2)
    text = projected_text()
    projection = read_projection(stage.deal, text)
    assert not isinstance(projection, Problem)
    told = report(stage, period=2, projection=projection)
    assert (value(told, "compared", "2.cash", 0), value(told, "compared", "2.cash", 2)) == (288_000, 0)
    whole = run_deal(stage.deal, list(projection.periods))
    assert isinstance(whole, DealRun)
    for expected in whole.periods[2:]:
        for name, pot in pots(stage.deal, expected).items():
            parts = [value(told, "ahead", f"{expected.number}.{name}", column) for column in range(3)]
            assert sum(int(part or 0) for part in parts) == pot
    sources = [leaf for _, cell in every_cell(told) for leaf in leaves(cell.source) if isinstance(leaf, Projected)]
    assert {one.sha256 for one in sources} == {hashlib.sha256(text.encode()).hexdigest()}
    assert "No projection is on record." in page(report(stage, period=2))


REFUSED = """
asked          paid  answer
period=2       1     report.not_paid
period=5       1     report.no_payment
year=1999      1     report.no_payment
period=1       0     report.not_paid
"""


@pytest.mark.parametrize("line", REFUSED.strip().splitlines()[1:])
def test_what_is_refused(line: str) -> None:
    asked, paid, code = line.split()
    name, _, number = asked.partition("=")
    stage = served(int(paid))
    with pytest.raises(NoReport) as refused:
        report(stage, **{name: int(number)})
    assert refused.value.code == code


def test_a_payment_whose_holders_are_not_all_paid_is_not_reported() -> None:
    stage = Stage.opened()
    for name in ("import", "deposit", "prepare", "approve"):
        assert stage.step(name) == ""
    stage.to_payment_date()
    assert stage.step("pay") == ""
    with pytest.raises(NoReport) as refused:
        report(stage, period=1)
    assert refused.value.code == "report.not_paid"
    stage.venue.finish_runs()
    assert report(stage, period=1).through_sequence == stage.venue.state.sequence


def test_no_holder_is_named() -> None:
    stage = served(1)
    told = report(stage, period=1)
    text = report_text(told) + flat(told) + page(told)
    for name in ("wu", "ren", "li"):
        assert to_wire(KINDS["AccountId"], stage.venue.accounts[name]) not in text
        assert f"{to_wire(KINDS['MemberId'], stage.venue.members[name])})" not in text
    assert (value(told, "holders", "1.senior", 0), value(told, "holders", "1.senior", 1)) == (3, 90)


def test_the_json_is_strict_and_its_schema_is_the_published_one() -> None:
    told = report(served(1), period=1)
    text = report_text(told)
    assert msgspec.json.decode(text, type=Report, strict=True) == told
    assert hashlib.sha256(text.encode()).hexdigest() == report_hash(told)
    wrong = json.loads(text) | {"more": 1}
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(wrong), type=Report)
    assert json.loads(SCHEMA.read_text()) == report_schema()


def test_a_changed_figure_is_found_wherever_it_stands() -> None:
    stage = served(1)
    told = report(stage, period=1)
    with tables(stage) as snapshot:

        def events(sequence: int) -> list[object] | None:
            entry = journal.entry(snapshot, sequence)
            return None if entry is None else list(entry.events)

        assert differences(told, events) == []  # type: ignore[arg-type]
        values = json.loads(report_text(told))
        changed = 0
        for chapter in values["chapters"]:
            for table in chapter["tables"]:
                for line in table["rows"]:
                    for cell in line["cells"]:
                        if cell and isinstance(cell["value"], int):
                            cell["value"] += 1
                            changed += 1
        other = msgspec.json.decode(json.dumps(values), type=Report)
        assert len(differences(other, events)) == changed == len(every_cell(told))  # type: ignore[arg-type]


def test_the_page_the_table_and_the_pdf_hold_the_figures() -> None:
    told = report(served(2), period=2)
    shown = page(told)
    assert shown.count("<svg") == 3 and shown.count("<details>") == len(_table(told, "steps"))
    assert "6,748.24" in shown and f'title="row {told.through_sequence}' in shown
    lines = flat(told).splitlines()
    numbers = [line for line in lines if ",minor," in line or ",ppm," in line or ",count," in line]
    assert len(numbers) >= 90 and all("row " in line or line.endswith(",count()") for line in numbers)
    assert pdf(told).startswith(b"%PDF-") and len(pdf(told)) > 10_000


HOLDERS = ("wu", "ren", "li", "licensor0")
Amounts = st.integers(min_value=0, max_value=200_000)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(Amounts, Amounts, Amounts, Amounts), min_size=1, max_size=3))
def test_whatever_comes_in_the_figures_agree_and_are_traced(came: list[tuple[int, int, int, int]]) -> None:
    stage = Stage.opened()
    venue = stage.venue
    venue.checking = False
    left = 1_050_000
    for interest, repaid, recovered, fallen in came:
        principal = min(repaid, left)
        lost = min(fallen, left - principal)
        left -= principal + lost
        pool = msgspec.structs.replace(
            stage.periods[0],
            interest_minor=interest,
            principal_minor=principal,
            recoveries_minor=recovered,
            defaults_minor=lost,
            balance_minor=left,
        )
        number = stage.servicing().period
        assert venue.refusal(stage.collection(pool), "servicer") == ""
        if interest + principal + recovered:
            assert stage.step("deposit") == ""
        assert stage.step("prepare") == ""
        if stage.payment().missing_minor:
            assert stage.step("fund") == ""
        assert stage.step("approve") == ""
        stage.to_payment_date()
        before = sum(venue.cash(name) for name in HOLDERS)
        assert stage.step("pay") == ""
        venue.finish_runs()
        told = report(stage, period=number)
        got = sum(venue.cash(name) for name in HOLDERS) - before
        shared = [one.cells[3] for one in _table(told, "holders")]
        assert sum(int(one.value) for one in shared if one is not None) == got
        assert untraced(stage, told) == []
        if _over(stage):
            break


def _over(stage: Stage) -> bool:
    from securitization.servicing_records import Servicing

    return stage.servicing_id not in stage.venue.state.table(Servicing)


def _table(told: Report, code: str) -> list:  # type: ignore[type-arg]
    return [one for chapter in told.chapters for each in chapter.tables if each.code == code for one in each.rows]


def test_a_balance_as_it_was_then_is_found_by_its_own_postings() -> None:
    stage = served(1)
    account_id, then = stage.venue.accounts["wu"], stage.venue.cash("wu")
    through = report(stage, period=1).through_sequence
    serve_period(stage)
    serve_period(stage)
    assert stage.venue.cash("wu") > then
    with tables(stage) as snapshot:
        found = posted(snapshot, account_id, stage.venue.money, through)
        assert found is not None
        told, path = found
        assert (told.says(*path), told.sequence <= through) == (then, True)
        newest = posted(snapshot, account_id, stage.venue.money, stage.venue.state.sequence)
        assert newest is not None and newest[0].says(*newest[1]) == stage.venue.cash("wu")
        assert posted(snapshot, account_id, stage.venue.money, 0) is None
