"""Lists of patents over HTTP: what the report says, what is refused, and that no person enters the journal."""

from __future__ import annotations

import asyncio
import csv
import io
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from api.persons import PersonRecord, Persons
from exchange.story.patents import sample_bytes
from tests.api.rest.exchange import Exchange, World, opened
from tests.assets.helpers import GOOD, shared_file

UPLOAD = "/v1/patents/upload"
CSV = {"content-type": "text/csv; charset=utf-8"}
KEY = GOOD["publication_number"]
INVENTOR = "QUORLINSKAYA BEATRIZ"
MINE = GOOD | {"inventors": INVENTOR}
OTHER = GOOD | {"publication_number": "CN107000002B", "application_number": "CN201710601863.8", "title": "Pump"}
LACKING = OTHER | {"inventors": "", "publication_number": "CN107000003B", "application_number": "", "title": "Valve"}


def table(*rows: dict[str, str]) -> bytes:
    """Rows as a CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(GOOD), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


async def upload(exchange: Exchange, name: str, body: bytes) -> dict[str, Any]:
    """The report of a list that is taken."""
    answer = await (await exchange.by(name)).post(UPLOAD, content=body, headers=CSV)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def counts(report: dict[str, Any]) -> dict[str, int]:
    """The counts of a report that are not nought."""
    names = ("rows", "accepted", "incomplete", "rejected", "new", "changed", "same", "refused")
    return {name: report[name] for name in names if report[name]}


def refusals(report: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Line, column and code of every row reported."""
    return [(row["line"], row["column"], row["code"]) for row in report["reports"]]


def persons(exchange: Exchange) -> Persons:
    """The side store."""
    return Persons(exchange.services.edge.store)


async def patents(exchange: Exchange, name: str) -> list[dict[str, Any]]:
    """The patents a member sees."""
    found: list[dict[str, Any]] = (await (await exchange.by(name)).get("/v1/patents?limit=50")).json()["items"]
    return found


def journal_bytes(folder: Path) -> bytes:
    """Everything the node ever wrote, as it lies on the disk."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("exchange.sqlite*")))


def edge_bytes(folder: Path) -> bytes:
    """Everything the edge ever wrote, as it lies on the disk."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("edge.sqlite*")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the running exchange keeps its data."""
    return tmp_path / "var"


async def test_a_real_list_comes_in_whole_and_a_second_time_as_the_same(exchange: Exchange) -> None:
    raw = sample_bytes()
    rows = sum(1 for _ in csv.reader(io.StringIO(raw.decode()))) - 1

    first = await upload(exchange, "ops", raw)
    again = await upload(exchange, "ops", raw)
    part = await upload(exchange, "ops", raw[: raw.rindex(b"\n", 0, 40_000) + 1])

    assert first["rows"] == rows == first["accepted"] + first["incomplete"] + first["rejected"]
    taken = first["accepted"] + first["incomplete"]
    assert (first["new"], first["changed"], first["same"], first["refused"]) == (taken, 0, 0, 0)
    assert (again["new"], again["changed"], again["same"], again["refused"]) == (0, 0, taken, 0)
    assert (part["new"], part["changed"], part["refused"]) == (0, 0, 0)
    assert part["same"] == part["rows"] - part["rejected"] > 0
    assert first["sha256"] == again["sha256"] != part["sha256"]


async def test_no_natural_person_of_a_real_list_is_in_the_journal_or_its_tables(
    exchange: Exchange, folder: Path
) -> None:
    await upload(exchange, "ops", shared_file("patents/cn_institution_patents.csv"))
    with exchange.services.edge.store.read() as connection:
        keys = list(connection.scalars(select(PersonRecord.key)))
    kept = [persons(exchange).read(key) for key in keys]
    names = {name for fields in kept if fields is not None for name in (*fields.inventors, *fields.applicants)}
    written = journal_bytes(folder)
    for company in (b"SHANDONG QUANJIAN", b"NANJING LIUYAN"):  # in which DONG QUAN and JING LIU can be read
        written = written.replace(company, b"")

    assert len(names) > 500
    assert b"UNIV TIANJIN" in written
    assert [name for name in names if len(name) > 5 and name.encode() in written] == []


async def test_an_institution_brings_its_own_list_and_owns_what_it_brought(exchange: Exchange) -> None:
    report = await upload(exchange, "uni", table(MINE, OTHER))
    mine = await patents(exchange, "uni")

    assert counts(report) == {"rows": 2, "accepted": 2, "new": 2}
    assert report["reports"] == []
    assert {patent["number"] for patent in mine} == {KEY, OTHER["publication_number"]}
    assert {patent["owner_id"] for patent in mine} == {exchange["member.uni"]}


async def test_a_report_names_line_column_and_code_of_every_damaged_row_and_the_rest_comes_in(
    exchange: Exchange,
) -> None:
    spread = OTHER | {"title": "A title\nover two lines"}
    body = table(
        MINE,
        GOOD | {"publication_number": "XX107000001B"},
        spread,
        MINE,
        GOOD | {"publication_number": "CN107000004B", "filing_date": "2017-02-30"},
        LACKING,
    )

    report = await upload(exchange, "uni", body + b"CN1,two\n" + b"\xff" * 9 + b"," * 11 + b"\n")

    assert counts(report) == {"rows": 8, "accepted": 2, "incomplete": 1, "rejected": 5, "new": 3}
    assert refusals(report) == [
        (3, "publication_number", "patent.country_unknown"),
        (6, "publication_number", "patent.duplicate_in_file"),
        (7, "filing_date", "patent.date_invalid"),
        (8, "inventors", "patent.field_missing"),
        (8, "application_number", "patent.field_missing"),
        (9, "kind", "row.ragged"),
        (10, "publication_number", "row.encoding_invalid"),
    ]
    assert report["reports"][3]["verdict"] == "incomplete"
    assert "shares" in report["reports"][3]["detail"]
    assert report["faults"]["patent.date_invalid"] == 1
    assert INVENTOR not in str(report)


NO_LISTS = [
    (b"", "file.empty"),
    (b"\n\n\n", "file.empty"),
    (b"name,address\nwu,here\n", "file.column_missing"),
    (b"publication_number,country\nCN1A,CN\n", "file.column_missing"),
    (b"title,title,publication_number\n", "file.header_duplicate"),
    (b'"publication_number,title\n', "file.header_invalid"),
    (b",".join(b"c%d" % place for place in range(65)) + b"\n", "file.too_many_columns"),
    (table(MINE).decode().encode("utf-16"), "file.encoding_unsupported"),
    (b"PK\x03\x04\x14\x00\x06\x00\x08\x00", "file.header_invalid"),
]
DAMAGES = [
    (b'CN107000009B,CN,B,"never closed,U,I,,,,,,\n', "row.quote_unclosed"),
    (b'CN107000009B,CN,B,a"b,U,I,,,,,,\n', "row.quote_malformed"),
    (b"CN107000009B,CN,B,a\x00b,U,I,,,,,,\n", "row.nul_byte"),
    (b"CN107000009B,CN,B,a\x1bb,U,I,,,,,,\n", "row.control_character"),
    (b"CN107000009B,CN,B," + b"x" * 140_000 + b",U,I,,,,,,\n", "row.too_long"),
    (b"CN107000009B,CN,B," + b"x" * 40_000 + b",U,I,,,,,,\n", "row.field_too_long"),
]


async def test_a_file_that_is_no_list_is_one_rejected_row_with_its_code(exchange: Exchange) -> None:
    before = exchange.sequence
    for body, code in NO_LISTS:
        report = await upload(exchange, "uni", body)
        assert counts(report) == {"rows": 1, "rejected": 1}
        assert [row["code"] for row in report["reports"]] == [code]
    assert exchange.sequence == before


async def test_a_damaged_row_takes_none_of_its_neighbours_with_it(exchange: Exchange) -> None:
    head, first, second = table(MINE, OTHER).splitlines(keepends=True)
    brought = "new"
    for damage, code in DAMAGES:
        report = await upload(exchange, "uni", head + first + damage + second)
        assert counts(report) == {"rows": 3, "accepted": 2, "rejected": 1, brought: 2}
        assert [(row["line"], row["code"]) for row in report["reports"]] == [(3, code)]
        brought = "same"


async def test_reports_beyond_a_thousand_rows_are_counted(exchange: Exchange) -> None:
    report = await upload(exchange, "uni", table(MINE) + b"CN1,two\n" * 1_003)

    assert (len(report["reports"]), report["not_listed"]) == (1_000, 3)
    assert report["faults"] == {"row.ragged": 1_003}
    assert report["new"] == 1


async def test_an_upload_is_refused_by_its_code_before_anything_is_read(exchange: Exchange) -> None:
    wu, uni = await exchange.by("wu"), await exchange.by("uni")
    before = exchange.sequence
    body = table(MINE)

    answers = {
        "auth.required": await exchange.client.post(UPLOAD, content=body, headers=CSV),
        "role.not_allowed": await wu.post(UPLOAD, content=body, headers=CSV),
        "request.media_type": await uni.post(UPLOAD, content=body, headers={"content-type": "application/json"}),
    }
    bare = await uni.post(UPLOAD, content=body)

    assert {code: answer.json()["code"] for code, answer in answers.items()} == {code: code for code in answers}
    assert [answer.status_code for answer in answers.values()] == [401, 403, 415]
    assert bare.json()["code"] == "request.media_type"
    assert (exchange.sequence, await patents(exchange, "uni")) == (before, [])


async def test_a_frozen_institution_is_told_so_and_its_names_are_not_kept(exchange: Exchange) -> None:
    ops = await exchange.by("ops")
    frozen = {"member_id": exchange["member.uni"], "frozen": True}
    assert (await ops.post("/v1/members/freeze", json=frozen)).status_code == 200

    answer = await (await exchange.by("uni")).post(UPLOAD, content=table(MINE), headers=CSV)

    assert (answer.status_code, answer.json()["code"]) == (403, "member.frozen")
    assert persons(exchange).read(KEY) is None


@pytest.fixture
async def small(world: World, folder: Path) -> AsyncIterator[Exchange]:
    """An exchange that takes a kilobyte, and waits a tenth of a second for it."""
    async with opened(world, folder, max_upload_bytes=1_024, upload_seconds=0.1) as found:
        yield found


async def test_a_file_over_the_limit_is_refused_whether_it_says_its_length_or_not(small: Exchange) -> None:
    uni = await small.by("uni")
    most = table(MINE)
    most += b"\n" * (1_024 - len(most))

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 400

    fits = await uni.post(UPLOAD, content=most, headers=CSV)
    stated = await uni.post(UPLOAD, content=most + b"\n", headers=CSV)
    unstated = await uni.post(UPLOAD, content=pieces(), headers=CSV)

    assert fits.json()["new"] == 1
    for answer in (stated, unstated):
        assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")


async def test_a_sender_who_stops_sending_is_refused_and_does_not_keep_others_out(small: Exchange) -> None:
    uni = await small.by("uni")

    async def stalled() -> AsyncIterator[bytes]:
        yield b"publication_number,title\n"
        await asyncio.sleep(5)

    async def late() -> httpx.Response:
        return await uni.post(UPLOAD, content=stalled(), headers=CSV)

    async with asyncio.timeout(3):
        answers = await asyncio.gather(*(late() for _ in range(3)), upload(small, "uni", table(MINE)))

    *refused, report = answers
    assert [answer.json()["code"] for answer in refused if isinstance(answer, httpx.Response)] == [
        "request.body_late"
    ] * 3
    assert isinstance(report, dict)
    assert report["new"] == 1


async def test_a_changed_row_is_told_as_changed_under_the_salt_it_had(exchange: Exchange) -> None:
    await upload(exchange, "uni", table(MINE, OTHER))
    salts = persons(exchange).salts([KEY, OTHER["publication_number"]])
    (before,) = (patent for patent in await patents(exchange, "uni") if patent["number"] == KEY)

    report = await upload(exchange, "uni", table(MINE | {"title": "Another title"}, OTHER))
    (after,) = (patent for patent in await patents(exchange, "uni") if patent["number"] == KEY)

    assert counts(report) == {"rows": 2, "accepted": 2, "changed": 1, "same": 1}
    assert len(set(salts.values())) == 2
    assert persons(exchange).salts(list(salts)) == salts
    assert after["title"] == "Another title"
    assert after["patent_id"] == before["patent_id"]
    assert after["inventor_commitments"] == before["inventor_commitments"]


async def test_nobody_replaces_the_persons_of_a_patent_that_is_anothers(exchange: Exchange) -> None:
    ops = await exchange.by("ops")
    alias = {"name": GOOD["applicants"], "member_id": exchange["member.wu"]}
    await upload(exchange, "ops", table(MINE))
    assert (await ops.post("/v1/aliases", json=alias)).status_code == 201
    forged = MINE | {"inventors": "SOMEBODY ELSE"}

    report = await upload(exchange, "uni", table(forged, OTHER | {"inventors": "SOMEBODY ELSE"}))

    assert counts(report) == {"rows": 2, "accepted": 2, "refused": 2}
    assert refusals(report) == [(2, "", "right.not_owned"), (3, "", "right.not_owned")]
    kept = persons(exchange).read(KEY)
    assert kept is not None
    assert kept.inventors == (INVENTOR,)
    assert persons(exchange).read(OTHER["publication_number"]) is None


async def test_erased_persons_leave_no_trace_on_the_disk_and_come_back_only_as_new_commitments(
    exchange: Exchange, folder: Path
) -> None:
    ops = await exchange.by("ops")
    await upload(exchange, "uni", table(MINE, OTHER))
    old = persons(exchange).salts([KEY])[KEY]
    assert INVENTOR.encode() in edge_bytes(folder)
    assert INVENTOR.encode() not in journal_bytes(folder)

    erased = await ops.delete(f"/v1/persons/{KEY}")
    again = await ops.delete(f"/v1/persons/{KEY}")

    assert (erased.status_code, erased.content) == (204, b"")
    assert (again.status_code, again.json()["code"]) == (404, "resource.unknown")
    assert INVENTOR.encode() not in edge_bytes(folder)
    assert old not in edge_bytes(folder)
    assert len(await patents(exchange, "uni")) == 2

    report = await upload(exchange, "uni", table(MINE, OTHER))
    assert counts(report) == {"rows": 2, "accepted": 2, "changed": 1, "same": 1}
    assert persons(exchange).salts([KEY])[KEY] != old


async def test_only_an_operator_erases_and_an_application_is_erased_by_its_number(exchange: Exchange) -> None:
    applied = MINE | {
        "publication_number": "",
        "country": "US",
        "kind": "",
        "application_number": "14/231597",
        "publication_date": "",
        "grant_date": "",
    }
    await upload(exchange, "uni", table(applied))
    (patent,) = await patents(exchange, "uni")
    address = f"/v1/persons/{patent['number']}"

    refused = [await (await exchange.by(name)).delete(address) for name in ("uni", "wu", "regulator")]
    nobody = await exchange.client.delete(address)

    assert "/" in patent["number"]
    assert {answer.json()["code"] for answer in refused} == {"role.not_allowed"}
    assert nobody.json()["code"] == "auth.required"
    assert (await (await exchange.by("ops")).delete("/v1/persons/" + "x" * 65)).json()["code"] == "resource.unknown"
    assert (await (await exchange.by("ops")).delete(address)).status_code == 204
    assert persons(exchange).read(patent["number"]) is None


async def test_two_lists_at_once_are_both_taken_and_no_patent_twice(exchange: Exchange, folder: Path) -> None:
    bodies = [table(MINE, OTHER), table(OTHER, MINE), table(MINE), table(OTHER)]
    reports = await asyncio.gather(*(upload(exchange, "uni", body) for body in bodies))

    assert sum(report["new"] for report in reports) == 2
    with closing(sqlite3.connect(folder / "exchange.sqlite")) as file:
        assert file.execute("SELECT count(*), count(DISTINCT number) FROM patents").fetchone() == (2, 2)
