"""`exchange import-conveyances` as a title examiner reads it, and as it ends when the lists are no lists."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from api.conveyances import read_lists
from exchange.cli.conveyances import register
from exchange.cli.title_report import WIDTH, Titles, abstract, summary
from exchange.data import open_sample
from tests.cli.test_commands import one_line, run, serving

__all__ = ["serving"]
APP = typer.Typer()
register(APP)
PAPERS, PROPERTIES = "assignments.csv", "assigned_properties.csv"


def told(*arguments: str, code: int = 0) -> Result:
    """What the command says in this process."""
    result = CliRunner().invoke(APP, list(arguments))
    assert result.exit_code == code, result.output
    return result


def copied(folder: Path) -> Path:
    """The packaged lists as somebody's files."""
    for name in (PAPERS, PROPERTIES):
        (folder / name).write_bytes(b"".join(open_sample(name)))
    return folder / PAPERS


def test_the_packaged_papers_are_summed_up_in_under_ten_seconds() -> None:
    begun = time.monotonic()  # a stopwatch of the test's own
    said = told().output
    assert time.monotonic() - begun < 10
    assert "1,414 papers; rows refused: 0; 2,157 properties listed, 1,606 different" in said
    assert "titles: clear 882, unknown 473, defect 251" in said


def test_one_property_is_shown_whole_under_any_of_its_numbers() -> None:
    said = told("--property", "11066912").output
    assert "Answer: defect, possibly still encumbered" in said
    assert "possibly still encumbered: 049342/0819" in said
    assert "Releases of interests not on file: 066091/0133" in said
    assert "BROUSSARD, JOEL N." in said
    for number in ("US 11,066,912", "15/581,625"):
        assert told("--property", number).output == said


def test_an_unidentified_property_is_shown_by_where_it_is_listed() -> None:
    assert "the paper names no number of the property" in told("--property", "034799/0100#1").output


def test_an_earlier_day_leaves_later_papers_out() -> None:
    said = told("--property", "11066912", "--as-of", "2019-01-06").output
    assert "Answer: clear, nothing on file stands against it" in said
    assert "049342/0819" not in said


def test_no_line_is_wider_than_a_terminal_page() -> None:
    recorded, _ = read_lists(open_sample(PAPERS), open_sample(PROPERTIES), "2026-03-01")
    titles = Titles(recorded)
    pages = [summary(titles, 0), *(abstract(titles, key) for key in titles.chains)]
    assert max(len(line) for page in pages for line in page) <= WIDTH


def test_the_json_has_every_property_with_its_chain() -> None:
    found: dict[str, Any] = json.loads(told("--json").output)
    assert (found["papers"], found["properties_listed"], len(found["properties"])) == (1_414, 2_157, 1_606)
    [one] = [entry for entry in found["properties"] if entry["patent_number"] == "11066912"]
    assert one["title"] == "defect"
    assert [reason["reel_frames"] for reason in one["reasons"]] == [["049342/0819"], ["066091/0133"]]
    assert len(one["chain"]) == 11


def test_a_file_of_ones_own_is_read_and_its_bad_rows_are_named(tmp_path: Path) -> None:
    file = copied(tmp_path)
    with file.open("ab") as more:
        more.write(b"no reel,,,TEXT,assignment,A,,B,,,,,,1,\n")
    said = told(str(file)).output
    assert "1,414 papers; rows refused: 1;" in said
    assert "refused: papers line 1416 reel_frame: conveyance.reel_frame_invalid no reel" in said


def test_what_is_no_list_ends_with_one_line(tmp_path: Path) -> None:
    alone = tmp_path / "alone.csv"
    alone.write_bytes(b"reel_frame\n")
    assert "name the list of properties with --properties" in told(str(alone), code=1).output
    (tmp_path / PROPERTIES).write_bytes(b"".join(open_sample(PROPERTIES)))
    assert "not a list of recorded papers: papers: line 1: file.column_missing" in told(str(alone), code=1).output
    assert "no paper concerns 999: that is not a clean title" in told("--property", "999", code=1).output
    assert "expected a day" in told("--as-of", "2019-02", code=1).output
    assert "expected a day" in told("--as-of", "2019-02-30", code=1).output


@pytest.mark.usefixtures("serving")
def test_papers_are_brought_into_a_running_exchange_once(serving: Any, tmp_path: Path) -> None:
    file = copied(tmp_path)
    first = run("import-conveyances", str(file), "--url", serving.url)
    assert first.returncode == 0, first.stderr
    assert f"{serving.url}: 1,414 new, 0 changed, 0 same, 0 refused" in first.stdout
    again = json.loads(run("import-conveyances", str(file), "--url", serving.url, "--json").stdout)
    assert (again["sent"]["new"], again["sent"]["same"]) == (0, 1_414)
    assert one_line(run("import-conveyances", "--url", serving.url, EXCHANGE_PASSWORD="wrong")).startswith("auth.")
