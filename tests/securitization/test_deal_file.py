"""A deal's file: read strictly, written in one form, described by its schema; and the pool's periods beside it."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securitization.deal import MAX_TEXT, Deal, canonical_deal, deal_hash, deal_schema, read_deal
from securitization.deal_checks import check_deal
from securitization.deal_problems import Problem
from securitization.evaluate import run_deal
from securitization.explain import DealRun
from securitization.periods import columns, read_periods, write_periods
from securitization.shipped import EXAMPLES, example_deal_text, example_periods_text
from securitization.strict_json import MAX_NESTING
from tests.securitization.change import changed, example, example_pool
from tests.securitization.random_deals import Maker


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_canonical_fit_the_schema_and_run(name: str) -> None:
    text = example_deal_text(name)

    assert canonical_deal(example(name)) == text
    jsonschema.validate(json.loads(text), deal_schema())
    assert write_periods(example(name), example_pool(name)) == example_periods_text(name)
    assert isinstance(run_deal(example(name), example_pool(name)), DealRun)


def test_the_schema_is_one_and_knows_what_is_wrong() -> None:
    jsonschema.Draft202012Validator.check_schema(deal_schema())
    for changes in ({"colour": 1}, {"tranches[0].face_minor": "1"}, {"tranches[0].name": "Senior"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(json.loads(changed("two_classes", changes)), deal_schema())


def test_another_layout_is_the_same_deal() -> None:
    squeezed = json.dumps(json.loads(example_deal_text("two_classes")), sort_keys=True)
    deal = read_deal(squeezed)

    assert isinstance(deal, Deal)
    assert deal_hash(deal) == deal_hash(example("two_classes"))


def test_one_fen_more_is_another_deal() -> None:
    deal = read_deal(changed("two_classes", {"accounts[0].opening_minor": 1}))
    assert isinstance(deal, Deal)
    assert deal_hash(deal) != deal_hash(example("two_classes"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "deal.not_json"),
        ("{", "deal.not_json"),
        ("null", "deal.shape"),
        ("\ud800", "deal.not_json"),
        ("[" * (MAX_NESTING + 1), "deal.too_large"),
        (" " * (MAX_TEXT + 1), "deal.too_large"),
        (example_deal_text("two_classes").replace('"format": 1', '"format": 1, "format": 1'), "deal.not_json"),
        (example_deal_text("two_classes").replace('"format": 1', '"format": 2'), "deal.shape"),
    ],
)
def test_what_is_not_a_deal_is_refused(text: str, code: str) -> None:
    refused = read_deal(text)
    assert isinstance(refused, Problem)
    assert refused.code == code


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_file_is_refused_or_read_and_never_worse(data: st.DataObject) -> None:
    """Cut, doubled and changed pieces of a sound file: a problem, or a deal that the checks can look at."""
    text = example_deal_text(data.draw(st.sampled_from(EXAMPLES)))
    place = data.draw(st.integers(0, len(text) - 1))
    piece = data.draw(st.sampled_from(["", "0", "-1", '"', "}", "{", "[]", "null", "1e9", "senior", "9" * 400, "é"]))
    length = data.draw(st.integers(0, 30))
    found = read_deal(text[:place] + piece + text[place + length :])

    assert isinstance(found, Problem) or isinstance(check_deal(found), list)


@settings(max_examples=100)
@given(st.integers(0, 10_000), st.data())
def test_a_damaged_periods_file_is_refused_or_read(seed: int, data: st.DataObject) -> None:
    deal = Maker(seed % 50).deal
    text = ",".join(columns(deal)) + "\n" + "1,2,3\n" * len(deal.periods)
    place = data.draw(st.integers(0, len(text) - 1))
    piece = data.draw(st.sampled_from(["", '"', "\n", ",", "٣", "-", "9" * 30, "\x00"]))
    found = read_periods(deal, text[:place] + piece + text[place + 1 :])

    assert isinstance(found, list | Problem)


def periods(text: str) -> Problem | object:
    return read_periods(example("two_classes"), text)


def test_periods_are_refused_by_column_and_value() -> None:
    text = example_periods_text("two_classes")
    rows = text.splitlines()
    for changed_text, code, path in (
        ("", "periods.count", "periods"),
        ("\n".join(rows[:-1]), "periods.count", "periods"),
        (text.replace("balance_minor", "balance"), "periods.column", "line 1"),
        (text.replace("failed:line", "failed:lines"), "periods.column", "line 1"),
        (text.replace("\n3,", "\n4,"), "periods.value", "periods[3].period"),
        (text.replace("\n3,", "\nthree,"), "periods.value", "periods[3].period"),
        (text.replace(",0\n2,", ",2\n2,"), "periods.value", "periods[1].failed:line"),
        ("\n".join([*rows[:-1], rows[-1] + ",1"]), "periods.value", "periods[4].row"),
        ("\n".join([*rows[:-1], "4,-1,0,0,0,0,0,0,0"]), "periods.value", "periods[4].interest_minor"),
        ("\n".join([*rows[:-1], f"4,{2**53},0,0,0,0,0,0,0"]), "periods.value", "periods[4].interest_minor"),
        ("\n".join([*rows[:-1], f"4,{2**53 - 1},1,0,0,0,0,0,0"]), "periods.value", "periods[4].collections_minor"),
        ("\n".join([*rows[:-1], f"4,0,0,0,{2**53 - 1},0,0,0,0"]), "periods.value", "periods[4].defaults_minor"),
    ):
        refused = periods(changed_text)
        assert isinstance(refused, Problem), (code, path)
        assert (refused.code, refused.path) == (code, path)


def test_the_greatest_collection_the_wire_carries_is_read() -> None:
    rows = example_periods_text("two_classes").splitlines()
    assert isinstance(periods("\n".join([*rows[:-1], f"4,{2**53 - 1},0,0,0,0,0,0,0"])), list)


def test_columns_may_stand_in_any_order_with_a_mark_and_blank_lines() -> None:
    rows = [line.split(",") for line in example_periods_text("two_classes").splitlines()]
    turned = "\ufeff" + "\n\n".join(",".join(reversed(row)) for row in rows) + "\n"
    assert periods(turned) == example_pool("two_classes")
