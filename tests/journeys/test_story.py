"""The story as anybody runs it: one process, sockets, real patents; its promised figures, and the proof at its end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def free_port() -> int:
    """A loopback port below the ephemeral range."""
    for port in range(21_000, 21_500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("no free port")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The counts of one telling."""
    folder: Path = tmp_path_factory.mktemp("story") / "data"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "exchange",
            "story",
            "--once",
            "--json",
            "--data-dir",
            str(folder),
            "--port",
            str(free_port()),
        ],
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, "EXCHANGE_PASSWORD_TIME_COST": "1", "EXCHANGE_PASSWORD_MEMORY_KIB": "64"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    counted: dict[str, Any] = json.loads(done.stdout)
    return counted


def test_at_least_a_thousand_real_patents_and_fifty_real_applicants(told: dict[str, Any]) -> None:
    assert told["patents"]["new"] >= 1_000
    assert told["institutions"] == 50
    assert told["outcomes_listed"] == 20


def test_orders_trade_change_and_fill_in_part_as_promised(told: dict[str, Any]) -> None:
    orders = told["orders"]
    assert orders["accepted"] >= 10_000
    assert orders["accounts"] >= 20
    assert orders["traded"] >= 0.30 * orders["accepted"]
    assert orders["cancelled_or_replaced"] >= 0.15 * orders["accepted"]
    assert orders["part_filled_at_two_prices"] >= 0.05 * orders["accepted"]


def test_every_book_opens_by_a_call_and_takes_icebergs_and_stops(told: dict[str, Any]) -> None:
    assert told["openings"]["instruments"] == told["outcomes_listed"]
    assert told["openings"]["lots"] >= 1_000
    assert told["orders"]["iceberg_slices"] >= 20
    assert told["orders"]["stops_triggered"] >= 1


def test_one_patent_is_recorded_one_refused_and_inventors_and_holders_get_theirs(told: dict[str, Any]) -> None:
    assert set(told["deals"]) == {"recorded", "refused"}
    assert told["pilot"]["completed"]
    assert told["pilot"]["inventors"] == 3
    assert told["product"]["holders_paid"] == 4
    assert set(told["product"]["rewards_minor"]) == {"issuer", "intermediary"}


def test_the_default_profile_refused_the_book_and_the_journal_is_proved(told: dict[str, Any]) -> None:
    assert told["refusals"]["rule.method_not_allowed"] == 1
    assert told["verify"]["clean"]
    assert told["verify"]["decided"] == told["verify"]["journal_rows"]


def test_every_recorded_paper_came_in_and_a_burdened_patent_was_returned_with_the_reel(told: dict[str, Any]) -> None:
    titles = told["titles"]
    assert {name: titles[name] for name in ("papers", "clear", "unknown", "defect")} == {
        "papers": 1_414,
        "clear": 882,
        "unknown": 372,
        "defect": 242,
    }
    assert told["refusals"]["right.encumbered"] == 2, "this patent's listing, and the sale of one a court preserved"
    assert "possibly still encumbered: 049342/0819" in titles["returned"]["reason"]


def test_a_team_co_owns_a_patent_and_has_a_use_right_under_a_programme(told: dict[str, Any]) -> None:
    reform = told["reform"]
    assert (reform["co_owners"], reform["use_rights"], reform["use_right_years"]) == (2, 1, 10)
    assert reform["reported"] == "pilot.reported"
    assert told["refusals"]["pilot.out_of_scope"] == 2


def test_a_pledge_and_a_court_s_order_lie_on_a_patent_and_are_lifted(told: dict[str, Any]) -> None:
    pledge, order = told["burdens"]["pledge"], told["burdens"]["preservation"]
    assert "annuity" in pledge["failed"]
    assert (pledge["registered"], pledge["released"], pledge["secured_minor"]) == (
        "registered",
        "released",
        300_000_000,
    )
    assert order["ended"] == "lifted"
    assert order["encumbrance_id"] in order["blocked"]
    assert told["refusals"]["pledge.checks_failed"] == 1


def test_a_conflicting_licence_is_refused_with_the_entry_and_an_open_one_is_taken(told: dict[str, Any]) -> None:
    exclusive, taken = told["licences"]["exclusive"], told["licences"]["open"]
    assert (exclusive["state"], exclusive["price_minor"]) == ("in_force", 40_000_000)
    assert exclusive["licence_id"] in exclusive["conflict"]
    assert taken["fee_minor"] == 5_000_000
    assert taken["taken"] != exclusive["licence_id"]


def test_an_income_of_a_million_pays_its_finishers_the_half_of_what_is_left(told: dict[str, Any]) -> None:
    income = told["income"]
    assert (income["net_minor"], income["contributors_minor"]) == (890_000_00, 445_000_00)
    assert income["received_minor"] == [222_500_00, 222_500_00]
    assert income["state"] == "done"
