"""A list of patents comes in while orders flow at a modest pace: rows a second, and what the orders feel of it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.processes import LOCALHOST, Load, Server, exchange, load
from benchmarks.rows import BenchmarkFailed, Report, row
from benchmarks.venue import FULL, QUICK, Venue, fresh_copy

ROWS = 100_000
QUICK_ROWS = 5_000
CHUNK_ROWS = 2_000
CONNECTIONS = 20
PAUSE_S = 0.04
"""Twenty connections that wait so long after each answer: some 450 orders a second."""
MAX_RATIO = 5.0
LONGEST_S = 900.0
COLUMNS = (
    "publication_number,country,kind,title,applicants,inventors,application_number,filing_date,publication_date,"
    "grant_date,earliest_priority_date,ipc\n"
)


def run(*, quick: bool) -> Report:
    """Idle first, then the same orders while the list is uploaded."""
    count, idle_s = (QUICK_ROWS, 3.0) if quick else (ROWS, 15.0)
    with fresh_copy(QUICK if quick else FULL) as venue, exchange(Path(venue.folder)) as server:
        idle = load(server, venue, Load(CONNECTIONS, 1, pause_s=PAUSE_S), 0, idle_s)
        during, report, seconds = _beside(server, venue, count)
        peak = server.ask(peak=True)["peak_mib"]
    if report["rows"] != count or report["new"] == 0:
        raise BenchmarkFailed(f"of {count:,} rows {report['rows']:,} were read and {report['new']:,} were new")
    rows = [
        row("intake", count / seconds, "rows/s"),
        row(
            "order p99 during intake",
            during["p99_ms"],
            "ms",
            baseline=idle["p99_ms"],
            target=MAX_RATIO,
            higher_is_better=False,
            of_ratio=True,
        ),
        row("order p50 during intake", during["p50_ms"], "ms", baseline=idle["p50_ms"], higher_is_better=False),
        row("peak memory", peak, "MiB"),
    ]
    notes = [
        f"{count:,} rows in {seconds:.1f} s: {report['new']:,} new, {report['accepted']:,} accepted, "
        f"{report['incomplete']:,} incomplete, {report['rejected']:,} rejected, {report['refused']:,} refused",
        f"orders: {idle['orders_per_s']:.0f}/s idle, {during['orders_per_s']:.0f}/s during the intake "
        f"({during['answers']:,} answers)",
    ]
    return Report(rows, notes)


def _beside(server: Server, venue: Venue, count: int) -> tuple[dict[str, Any], dict[str, Any], float]:
    """Orders while the list is uploaded, until it is in: the orders' figures, the upload's report, its seconds."""
    over = Path(venue.folder) / "uploaded"

    token = server.ask(token=venue.operator)["token"]
    plan = Load(CONNECTIONS, 1, pause_s=PAUSE_S, until=str(over))
    with ThreadPoolExecutor(1) as thread:
        uploading = thread.submit(_upload, server.port, token, b"".join(_file(count)), over)
        during = load(server, venue, plan, 1, LONGEST_S)
        report, seconds = uploading.result()
    return during, report, seconds


def _upload(port: int, token: str, body: bytes, over: Path) -> tuple[dict[str, Any], float]:
    """Upload a list; leave a mark when it is in, or refused.

    Raises: BenchmarkFailed.
    """
    connection = http.client.HTTPConnection(LOCALHOST, port, timeout=LONGEST_S)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
    begun = perf_counter()
    try:
        connection.request("POST", "/v1/patents/upload", body, headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        over.touch()
        connection.close()
    if answer.status != 200:
        raise BenchmarkFailed(f"the upload was answered {answer.status}: {text[:200]!r}")
    report: dict[str, Any] = json.loads(text)
    return report, perf_counter() - begun


def _file(count: int) -> Iterator[bytes]:
    """A list of so many applications, each with a number of its own."""
    yield COLUMNS.encode()
    for start in range(0, count, CHUNK_ROWS):
        yield "".join(_line(place) for place in range(start, min(start + CHUNK_ROWS, count))).encode()


def _line(place: int) -> str:
    return (
        f"CN1{place:08d}A,CN,A,A device number {place} for the transport of heat,UNIV TIANJIN; HARBIN INST TECHNOLOGY,"
        f'"WANG WEI; LI NA {place}",CN20171{place:07d},2017-07-21,2019-03-05,,,F28D15/02; H05K7/20\n'
    )
