"""`exchange reconcile` as an operator reads it, and as it ends when a file is no statement."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.reconciling import Unread, read_statement
from exchange.cli.reconciling import report
from tests.cli.test_commands import Serving, one_line, run, serving

__all__ = ["serving"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("reference,amount\nB-2,5\nB-1,-7\n", [{"reference": "B-1", "amount": -7}, {"reference": "B-2", "amount": 5}]),
        ("amount,reference,name\n5,B-1,somebody\n", [{"reference": "B-1", "amount": 5}]),
        ("reference,amount\n", []),
        ("reference,sum\nB-1,5\n", "line 1: expected the columns reference and amount"),
        ("reference,amount\nB-1,5.00\n", "line 2: not a reference and a whole number"),
        ("reference,amount\nB-1,5\nB-1,5\n", "line 3: twice"),
        ("reference,amount\n,5\n", "line 2: empty"),
    ],
)
def test_a_bank_statement_is_read_in_order_or_not_at_all(text: str, said: object) -> None:
    if isinstance(said, str):
        with pytest.raises(Unread, match=said):
            read_statement(text.encode(), "bank_id")
    else:
        assert read_statement(text.encode(), "bank_id") == said


def test_holders_are_read_in_the_order_of_their_accounts() -> None:
    text = "account_id,units\nA1-20,1\nA1-3-5,2\nA1-3,3\n"
    assert [line["account_id"] for line in read_statement(text.encode(), "asset_id")] == ["A1-3", "A1-3-5", "A1-20"]
    with pytest.raises(Unread, match="line 2"):
        read_statement(b"account_id,units\nB1-3,1\n", "asset_id")


def test_a_report_counts_by_kind_and_shows_each_difference() -> None:
    statement = {"source": "CSDC", "statement_date": "2026-03-02", "lines": 3, "differences": 2, "asset_id": "S1-9"}
    differences = [
        {"kind": "holder_units", "reference": "", "account_id": "A1-3", "ours": 700, "theirs": 699},
        {"kind": "total_units", "reference": "", "account_id": "A1-0", "ours": 1_000, "theirs": 999},
    ]
    told = report({"statement": statement, "differences": differences, "suspended": True})
    assert told[0] == "CSDC 2026-03-02: 3 lines, 2 differences"
    assert told[-1] == "S1-9 is suspended until each difference is resolved or a statement agrees"
    assert any("A1-3" in line and "700" in line and "699" in line for line in told)
    agreed = {"statement": statement | {"differences": 0}, "differences": [], "suspended": False}
    assert report(agreed) == ["CSDC 2026-03-02: 3 lines, all agree"]


def test_an_unknown_bank_is_one_line(serving: Serving, tmp_path: Path) -> None:
    file = tmp_path / "bank.csv"
    file.write_text("reference,amount\n")
    done = run(
        "reconcile",
        str(file),
        *("--bank", "B1-999", "--date", "2026-01-05", "--source", "bank"),
        *("--client-minor", "0", "--house-minor", "0", "--url", serving.url),
    )
    assert done.returncode == 1
    assert "bank.unknown" in one_line(done)
