"""The packaged samples are whole, deterministic, and hold no personal data beyond published names."""

from __future__ import annotations

import csv
import gzip
import io
import re
from pathlib import Path

import pytest

import exchange.data
from exchange.assets.intake import Tally, Verdict
from exchange.data import SAMPLES, open_sample
from tests.assets.helpers import intake, shared_file


def rows_of(name: str) -> list[dict[str, str]]:
    """A sample's rows."""
    text = b"".join(open_sample(name)).decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("us_patents_uspto.csv", 1_400),
        ("nasa_patent_portfolio.csv", 1_393),
        ("assignments.csv", 1_414),
        ("assigned_properties.csv", 2_157),
    ],
)
def test_every_sample_has_its_rows_and_no_contact_data(name: str, rows: int) -> None:
    table = rows_of(name)
    assert len(table) == rows
    contact = re.compile(r"[\w.]+@[\w-]+\.\w|\b\d{3}[-. ]\d{3}[-. ]\d{4}\b|\bP\.? ?O\.? ?box\b", re.IGNORECASE)
    assert [value for row in table for value in row.values() if contact.search(value)] == []


def test_correspondents_are_emptied_and_nothing_else_of_the_conveyances_is() -> None:
    packed = rows_of("assignments.csv")
    original = list(csv.DictReader(io.StringIO(shared_file("assignments/assignments.csv").decode(), newline="")))
    assert packed == [row | {"correspondent": ""} for row in original]


def test_the_packing_depends_on_nothing_but_the_contents() -> None:
    for name in SAMPLES:
        packed = (Path(exchange.data.__path__[0]) / f"{name}.gz").read_bytes()
        assert packed[4:8] == bytes(4)  # no time
        assert packed[3] == 0  # no file name
        assert gzip.decompress(packed) == b"".join(open_sample(name))


def test_the_packaged_patents_are_taken_in() -> None:
    tally = Tally()
    for name in ("us_patents_uspto.csv", "nasa_patent_portfolio.csv"):
        for outcome in intake(open_sample(name)):
            tally.add(outcome)
    assert tally.rows == {Verdict.ACCEPTED: 1_381, Verdict.INCOMPLETE: 1_398, Verdict.REJECTED: 14}


def test_a_sample_that_does_not_exist_is_named() -> None:
    with pytest.raises(KeyError, match="no sample"):
        open_sample("../README.md")
