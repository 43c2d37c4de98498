"""Orders over WebSockets to durable answers, beside a bare server that only decodes and acks, in the same rounds.

The exchange runs as it is served, on a database that already holds a long journal; the load is a process of its own.
Every round plays bare, then ours, at each number of orders on their way; a share is the median of the rounds' shares,
because the machine's speed moves between rounds.
With BENCHMARK_PROFILE=FILE in the environment the exchange profiles itself into FILE, which explains a miss.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks.processes import Load, Server, bare, exchange, load
from benchmarks.rows import Report, Row, median, row, spread
from benchmarks.venue import FULL, QUICK, Venue, fresh_copy

LOADS = {
    "1x1": Load(1, 1),
    "50x1": Load(50, 1),
    "50x16": Load(50, 16),
}
HOT = Load(50, 16, hot=1 / 3, hot_sellers=12)
"""Half of the new orders in one instrument, half of those from one account."""
MAX_CPU_RATIO = 3.5
MAX_IDLE_MS = 0.7
MIN_HOT = 0.9

Figures = dict[str, list[dict[str, Any]]]


def run(*, quick: bool) -> Report:
    """SQLite, durable at every answer."""
    with fresh_copy(QUICK if quick else FULL) as venue, exchange(Path(venue.folder)) as ours:
        return measured(ours, venue, {"50x1": 0.15, "50x16": 0.30}, MAX_IDLE_MS, quick=quick)


def measured(ours: Server, venue: Venue, shares: dict[str, float], idle_ms: float, *, quick: bool) -> Report:
    """The rows of a running exchange beside the bare server; `shares` are the floors."""
    rounds, seconds = (3, 1.5) if quick else (5, 4.0)
    figures: Figures = defaultdict(list)
    with bare(Path(venue.folder)) as limit:
        for place in range(rounds):
            for name, plan in LOADS.items():
                figures[f"bare {name}"].append(load(limit, venue, plan, place, seconds, log_in=False))
                figures[name].append(load(ours, venue, plan, place, seconds))
            figures["hot"].append(load(ours, venue, HOT, place, seconds))
    rows: list[Row] = []
    for name in LOADS:
        rows += _load_rows(name, figures, shares.get(name), idle_ms)
    hot = [each["orders_per_s"] for each in figures["hot"]]
    uniform = [each["orders_per_s"] for each in figures["50x16"]]
    rows.append(
        row(
            "hot seller, 50x16",
            median(hot),
            "orders/s",
            baseline=median(uniform),
            ratio=median(a / b for a, b in zip(hot, uniform, strict=True)),
            target=MIN_HOT,
            of_ratio=True,
        )
    )
    return Report(rows, _notes(figures, ours, rounds, seconds))


def _load_rows(name: str, figures: Figures, share: float | None, idle_ms: float) -> list[Row]:
    """Orders a second, processor time, latencies, at one number of orders on their way."""

    def middle(which: str, key: str) -> float:
        return median(each[key] for each in figures[which])

    def ratio(key: str) -> float:
        return median(a[key] / b[key] for a, b in zip(figures[name], figures[f"bare {name}"], strict=True))

    def compared(title: str, key: str, unit: str, **judged: Any) -> Row:
        return row(
            f"{title}, {name}",
            middle(name, key),
            unit,
            baseline=middle(f"bare {name}", key),
            ratio=ratio(key),
            **judged,
        )

    idle = name == "1x1"
    in_mass = name == "50x16"
    cpu: dict[str, Any] = {"target": MAX_CPU_RATIO, "of_ratio": True} if in_mass else {}
    p50: dict[str, Any] = {"target": idle_ms} if idle else {}
    return [
        compared("gateway", "orders_per_s", "orders/s", target=share, of_ratio=True),
        compared("gateway cpu", "server_cpu_us", "us/order", higher_is_better=False, **cpu),
        compared("gateway p50", "p50_ms", "ms", higher_is_better=False, **p50),
        compared("gateway p99", "p99_ms", "ms", higher_is_better=False),
    ]


def _notes(figures: Figures, ours: Server, rounds: int, seconds: float) -> list[str]:
    lines = [
        f"{rounds} rounds of {seconds:g} s, bare and ours in turn, on a journal of {ours.started['sequence']:,} rows "
        f"with {ours.started['open_orders']:,} open orders; ratios are medians of the rounds' ratios"
    ]
    for name in LOADS:
        pairs = list(zip(figures[name], figures[f"bare {name}"], strict=True))
        share = spread(a["orders_per_s"] / b["orders_per_s"] for a, b in pairs)
        ours_line = spread(a["orders_per_s"] for a, _ in pairs)
        bare_line = spread(b["orders_per_s"] for _, b in pairs)
        lines.append(f"{name}: share {share}, ours {ours_line}/s, bare {bare_line}/s")
    refused = sum(each["refused"] for each in figures["50x16"])
    answers = sum(each["answers"] for each in figures["50x16"])
    cores = median(each["client_cores"] for each in figures["50x16"])
    lines.append(f"50x16: {refused / answers:.1%} of the answers are refusals; the load used {cores:.2f} cores")
    return lines
