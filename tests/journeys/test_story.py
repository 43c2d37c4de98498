"""The story as anybody runs it: one process, sockets, real patents; its promised figures, and the proof at its end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from exchange.cli.story import table
from exchange.story.chapters import PARTS


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
    traded = told["product"]["traded"]
    assert (traded["notes"], traded["price_minor"], traded["code"][:4]) == (80, 804_000, "IPXN")


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


# --- The chapters of the register -------------------------------------------------------------------------------------


def test_a_block_is_shared_among_two_funds_to_the_last_cent(told: dict[str, Any]) -> None:
    block = told["block"]
    assert block["lots"] == {"alpha": 20, "beta": 10}
    assert sum(notional for notional, _ in block["parts_minor"].values()) == block["notional_minor"] > 0
    assert sum(fee for _, fee in block["parts_minor"].values()) == block["fees_minor"]
    alpha, beta = (block["parts_minor"][name][0] for name in ("alpha", "beta"))
    assert abs(alpha - 2 * beta) <= 2, "twice the lots at the same average price, to the cent"
    assert told["refusals"]["allocation.totals_changed"] == 1


def test_a_company_leaves_the_maker_half_and_a_member_steps_in_before_an_outsider(told: dict[str, Any]) -> None:
    company = told["company"]
    assert (company["state"], company["capital_minor"], company["members"]) == ("founded", 1_000_000_000, 3)
    assert company["floor"] == "199999999 units, at least 200000000"
    assert (company["notices"], company["transfer"], company["stepped_in_units"]) == (3, "entered", 300_000_000)
    assert told["refusals"]["company.share_floor"] == 1


def test_one_line_of_another_register_suspends_an_issue_until_two_operators_resolve_it(told: dict[str, Any]) -> None:
    compared = told["reconciliation"]
    assert compared["lines"] == 3
    difference = compared["difference"]
    assert (difference["kind"], difference["ours"], difference["theirs"]) == ("holder_units", 300_000_000, 299_999_000)
    assert (compared["suspended"], compared["status"]) == (True, "resolved")
    assert told["refusals"]["asset.frozen"] == 1


def test_the_first_taker_has_a_listed_right_and_the_second_is_too_late(told: dict[str, Any]) -> None:
    listed = told["listed_price"]
    assert (listed["price_minor"], listed["deposit_minor"], listed["state"]) == (180_000_000, 18_000_000, "completed")
    assert told["refusals"]["listing.state"] == 1


def test_a_pack_is_sealed_only_with_all_five_heads(told: dict[str, Any]) -> None:
    pack = told["pack"]
    assert pack["case_id"] == told["listed_price"]["deal_id"]
    assert pack["lacking"] == "no_gain: no statement on conflicts of interest is on file"
    assert (pack["frozen"], pack["state"], pack["documents"], len(pack["pack_sha256"])) == ("frozen", "sealed", 5, 64)
    assert told["refusals"]["pack.incomplete"] == 1


def test_of_two_co_owners_one_takes_the_half_before_a_stranger_and_one_waives(told: dict[str, Any]) -> None:
    refusal = told["first_refusal"]
    assert (refusal["noticed"], refusal["displaced"], refusal["state"]) == (2, True, "completed")
    assert refusal["taker_took_units"] * 2 == refusal["of_units"] > 0
    assert refusal["price_minor"] == 120_000_000
    assert told["refusals"]["consent.missing"] == 1


def test_above_the_threshold_an_offer_waits_for_another_person_than_its_maker(told: dict[str, Any]) -> None:
    signed = told["two_signatures"]
    assert (signed["above_minor"], signed["price_minor"]) == (500_000_000, 620_000_000)
    assert signed["approval_id"].startswith("H1-")
    assert told["refusals"]["approval.same_person"] == 2, "here, and where an income is shared out"


def test_a_corrected_date_leaves_the_earlier_answer_as_it_was(told: dict[str, Any]) -> None:
    dates = told["dates"]
    assert dates["corrects"]
    assert (date.fromisoformat(dates["right"]) - date.fromisoformat(dates["wrong"])).days == 5
    assert (dates["answered_before"], dates["answered_after"]) == ("buyer", "seller")


# --- The chapters of the loans and their notes ------------------------------------------------------------------------


def test_twelve_pledged_loans_become_notes_against_all_their_money(told: dict[str, Any]) -> None:
    pool, issued = told["pool"], told["notes_issued"]
    assert (pool["loans"], pool["balance_minor"]) == (12, 206_000_000_00)
    assert (issued["raised_minor"], issued["senior_notes"], issued["rate_ppm"]) == (206_000_000_00, 1_957_000, 38_000)
    for code in ("pool.rules_failed", "profile.not_active", "rule.suitability"):
        assert told["refusals"][code] == 1, code


def test_a_fund_sells_notes_to_another_and_the_first_quarter_pays_by_the_days(told: dict[str, Any]) -> None:
    sold, paid = told["notes_sold_on"], told["notes_paid"]
    assert (sold["notes"], sold["price_minor"], sold["state"]) == (50_000, 5_005_000_00, "completed")
    a_year = told["notes_issued"]["senior_notes"] * 10_000 * 38_000 // 1_000_000
    days = {paid["paid_minor"]["senior"] * 365 // a_year, -(-paid["paid_minor"]["senior"] * 365 // a_year)}
    assert days & {89, 90, 91, 92}, "a quarter's interest, by its days"
    assert 0 < sum(paid["paid_minor"].values()) < paid["collected_minor"]
    assert paid["report"] >= 9


def test_who_issued_served_and_borrowed_is_rewarded_once_by_two_programmes(told: dict[str, Any]) -> None:
    assert told["rewards"]["paid_minor"] == {
        "issuer": 206_000_00,
        "intermediary": 50_000_00,
        "enterprise": 20_000_00,
        "borrower": 280_000_00,
    }
    assert told["refusals"]["scheme.no_amount"] == 1
    assert told["refusals"]["reward.double_claim"] == 5, "two of the sample programme, three of the city's"


def test_certificate_and_pack_hold_offline_and_a_forged_one_does_not(told: dict[str, Any]) -> None:
    certificate = told["certificate"]
    assert certificate["proved"].startswith("proved: ")
    assert certificate["pack_proved"].startswith("proved: ")
    assert f"'due-diligence pack, {told['pack']['case_id']}, sealed' as signed" in certificate["pack_proved"]
    assert certificate["forged"].startswith("NOT PROVED: not as signed: certificate.proof.json")


def test_a_witness_keeps_growing_heads_and_says_when_history_is_another(told: dict[str, Any]) -> None:
    began, witness = told["witness_begins"], told["witness"]
    assert (began["heads"], witness["heads"]) == (1, 2)
    assert began["rows"] < witness["rows"] <= told["verify"]["journal_rows"]
    assert witness["caught"].startswith("history was rewritten: rows 1 to ")


def test_every_chapter_says_what_happened_and_the_table_has_a_row_for_each_figure(told: dict[str, Any]) -> None:
    assert [part["heading"] for part in told["told"]] == [part.heading for part in PARTS]
    for part, expected in zip(told["told"], PARTS, strict=True):
        assert list(part["chapters"]) == [chapter.label for chapter in expected.chapters]
        assert all(part["chapters"].values()), part
    rows = dict(table(told))
    assert rows["agreements"] == f"{told['deals']['recorded']} recorded, {told['deals']['refused']} refused"
    assert all(len(line) < 90 for line in rows.values())
