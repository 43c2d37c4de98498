"""What is read of another register: as of a day and as known at a moment, by staff, holders and strangers; its CSV."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from api.mirroring import holder_sha256, mirror, read_register
from api.reconciling import Unread
from exchange.cli.mirroring import report
from exchange.core.ids import to_wire
from exchange.store.queries import mirrors
from exchange.store.queries.reader import Snapshot
from securitization.mirror import MAX_HOLDERS, DiscardMirrorFile, MirrorFileDiscarded
from tests.api.rest.exchange import Exchange, laid_down, opened
from tests.issuing.test_mirror import Mirrored, named

KEY = b"sixteen bytes or more"
FIRST = date(2026, 3, 7)


def tables(at: Mirrored) -> Snapshot:
    """The venue's own tables, as they are now."""
    connection = at.venue.scratch.connection
    return Snapshot(create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool).connect())


# --- As of a day, as known at a moment --------------------------------------------------------------------------------

files = st.lists(
    st.tuples(st.integers(0, 3), st.lists(st.integers(1, 300), min_size=1, max_size=4), st.booleans()), max_size=4
)


@settings(max_examples=12, deadline=None)
@given(files)
def test_every_day_and_moment_read_as_a_list_of_papers_would(told: list[tuple[int, list[int], bool]]) -> None:
    """Files come in any order of days; what was answered for a moment stays as it was."""
    at = Mirrored(handed_over=True)
    at.venue.checking = False
    at.venue.pass_time(days=4)
    papers: list[tuple[str, int, dict[str, int]]] = []  # (day, moment, who has what), as they were confirmed
    for offset, parts, counts in told:
        units = {f"h{place}": part for place, part in enumerate(parts)} | {"rest": 0}
        units["rest"] = 900 - sum(parts)
        if units["rest"] < 1:
            continue
        day = str(FIRST + timedelta(days=offset))
        file = at.complete(day, **units)
        if counts:
            confirmed = at.confirm(file).file
            papers.append((day, confirmed.confirmed_at_ns, units))
        else:
            at.venue.make(DiscardMirrorFile(mirror_file_id=file.mirror_file_id, reason="t"), MirrorFileDiscarded)
    snapshot = tables(at)
    moments = [0, *(moment + step for _, moment, _ in papers for step in (-1, 0))]
    for known_ns in moments:
        for offset in range(-1, 5):
            day = str(FIRST + timedelta(days=offset))
            known = [paper for paper in papers if paper[0] <= day and paper[1] <= known_ns]
            wanted = max(known, key=lambda paper: (paper[0], paper[1]))[2] if known else None
            file_then = mirrors.file_of(snapshot, at.note(), day, known_ns)
            lines = mirrors.lines_of(snapshot, file_then.mirror_file_id) if file_then is not None else None
            found = {line.holder_sha256: line.units for line in lines} if lines is not None else None
            assert found == ({named(name): count for name, count in wanted.items()} if wanted is not None else None)


def test_of_two_files_of_one_day_the_newer_counts() -> None:
    at = Mirrored(handed_over=True)
    for units in (600, 500):
        at.confirm(at.complete(i0=900 - units, outsider=units))
    found = mirrors.file_of(tables(at), at.note(), str(FIRST), at.venue.clock_ns)
    assert found is not None and found.version == 2


# --- Over HTTP --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    """A register handed over and one file of it confirmed: i0 has 300, somebody outside 600."""
    at = Mirrored(handed_over=True)
    at.confirm(at.complete(i0=300, outsider=600))
    world = laid_down(at.venue, tmp_path)
    world.ids["note"] = to_wire("S", at.note())
    async with opened(world, tmp_path / "var") as running:
        yield running


async def read(exchange: Exchange, who: str, path: str, **query: Any) -> Any:
    """One answer."""
    return await (await exchange.by(who)).get(path, params=query)


async def test_staff_read_every_holder_a_member_its_own_and_names_nobody(exchange: Exchange) -> None:
    path = f"/v1/assets/{exchange['note']}/holders"
    seen = {}
    for who in ("ops", "i0", "i1", "csdc"):
        item = (await read(exchange, who, path)).json()["item"]
        seen[who] = {line["holder_sha256"]: line["units"] for line in item["mirror"]["holders"]}
        assert (item["mirror"]["version"], item["mirror"]["as_of"], item["mirror"]["source"]) == (
            1,
            "2026-03-07",
            "CSDC",
        )
    everybody = {named("i0"): 300, named("outsider"): 600}
    assert seen == {"ops": everybody, "i0": {named("i0"): 300}, "i1": {}, "csdc": {}}
    before = (await read(exchange, "ops", path, effective_on="2026-03-06")).json()["item"]
    assert before["mirror"] is None
    assert (await read(exchange, "ops", path, known_at_ns=1)).json()["item"]["mirror"] is None


async def test_files_are_the_staffs_and_the_register_its_registrars(exchange: Exchange) -> None:
    file = (await read(exchange, "ops", "/v1/mirror-files")).json()["items"][0]
    assert (file["state"], file["read_holders"], file["read_units"]) == ("confirmed", 2, 900)
    changes = f"/v1/mirror-files/{file['mirror_file_id']}/changes"
    item = (await read(exchange, "ops", changes)).json()["item"]
    assert item["before"] is None
    assert {(one["kind"], one["after"]) for one in item["changes"]} == {("entered", 300), ("entered", 600)}
    for path in ("/v1/mirror-files", "/v1/mirror-pages", changes):
        answer = await read(exchange, "i0", path)
        assert (answer.status_code, answer.json()["code"]) == (403, "role.not_allowed"), path
    mine = {who: len((await read(exchange, who, "/v1/mirrors")).json()["items"]) for who in ("ops", "csdc", "i0")}
    assert mine == {"ops": 1, "csdc": 1, "i0": 0}
    assert (await read(exchange, "ops", "/v1/mirror-files/MF1-1/changes")).status_code == 404


class Caller:
    """What the command line's client does, inside the process."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def request(self, method: str, path: str, body: bytes) -> Any:
        """Send a file."""
        answer = await self.client.request(method, path, content=body)
        return type("Answer", (), {"status": answer.status_code, "body": answer.content})

    async def get(self, path: str) -> Any:
        """Read."""
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, command: Any) -> Any:
        """Ask."""
        answer = await self.client.post(path, json=command)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()


async def test_a_csv_comes_in_and_tells_what_it_changes(exchange: Exchange) -> None:
    caller: Any = Caller(await exchange.by("ops"))
    day = (await read(exchange, "ops", "/v1/mirror-files")).json()["items"][0]["as_of"]
    csv = f"holder,units,account_id\nWu Ltd,250,{exchange['account.i0']}\n某某基金,650,\n".encode()
    opening = {"asset_id": exchange["note"], "as_of": day, "source": "CSDC"}
    found = await mirror(caller, csv, read_register(csv, KEY), opening)
    assert (found["file"]["state"], found["file"]["version"], found["before"]["version"]) == ("complete", 2, 1)
    assert sorted((one["kind"], one["before"], one["after"]) for one in found["changes"]) == [
        ("entered", 0, 250),
        ("entered", 0, 650),
        ("left", 300, 0),
        ("left", 600, 0),
    ]
    told = report(found)
    assert told[0] == f"CSDC as of {day}: 2 holders, 900 units, version 2, against version 1 as of {day}"
    assert told[-1].endswith("is complete; it counts when another operator confirms it")
    assert "Wu Ltd" not in "".join(told)


# --- The file ---------------------------------------------------------------------------------------------------------


def test_a_holder_is_the_same_in_every_file_of_one_key_and_nobody_in_anothers() -> None:
    assert holder_sha256(KEY, " Wu Ltd ") == holder_sha256(KEY, "Wu Ltd") != holder_sha256(KEY + b"!", "Wu Ltd")
    assert holder_sha256(KEY, "e\u0301") == holder_sha256(KEY, "\u00e9")  # one name, two spellings of its accent


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,units\nWu,1\n", "line 1: expected the columns holder and units"),
        ("holder,units\nWu,1.5\n", "line 2: not whole units, or no account"),
        ("holder,units,account_id\nWu,1,B1-7\n", "line 2: not whole units, or no account"),
        ("holder,units\nWu,1\nWu ,2\n", "line 3: twice"),
        ("holder,units\n,1\n", "line 2: empty"),
        ("holder,units\nWu,0\n", "line 2: no units"),
        ("holder,units\n", f"0 holders, from 1 to {MAX_HOLDERS} are read"),
    ],
)
def test_what_is_no_register_file_says_where(text: str, said: str) -> None:
    with pytest.raises(Unread, match=said):
        read_register(text.encode(), KEY)


def test_a_register_file_is_bounded_and_its_key_is_not_short() -> None:
    rows = "".join(f"h{place},1\n" for place in range(MAX_HOLDERS))
    assert len(read_register(f"holder,units\n{rows}".encode(), KEY)) == MAX_HOLDERS
    with pytest.raises(Unread, match=f"{MAX_HOLDERS + 1} holders"):
        read_register(f"holder,units\n{rows}one,1\n".encode(), KEY)
    with pytest.raises(Unread, match="the key has 15 bytes"):
        read_register(b"holder,units\nWu,1\n", b"x" * 15)
