"""One front door: `python -m benchmarks --list`, `python -m benchmarks NAME [--quick] [--json]`."""

from __future__ import annotations

import argparse
import importlib
import sys

from benchmarks.rows import BenchmarkFailed, Report, machine

NAMES = {
    "book": ("benchmarks.book", "the order book alone: messages a second, beside a minimal one and peers; loading"),
    "auction": ("benchmarks.auction", "the auction of 100,000 orders, and its price after each change"),
    "replay": ("benchmarks.replay", "an hour of real orders through a book"),
    "engine": ("benchmarks.engine", "deciding, encoding, hashing and committing, without sockets"),
    "gateway": ("benchmarks.gateway", "WebSocket order to durable ack beside a bare server, SQLite"),
    "gateway-postgresql": ("benchmarks.gateway_postgresql", "the same on PostgreSQL"),
    "edge": ("benchmarks.edge", "the WebSocket alone, over a node that decides nothing, beside a bare server"),
    "scenarios": ("benchmarks.scenarios", "a pool of 1,000 loans under 1,000 scenarios and 10,000 drawn ones"),
    "analytics": ("benchmarks.analytics", "break-even default rates, yields and durations of a deal's classes"),
    "intake": ("benchmarks.intake", "100,000 patents come in while orders flow"),
    "distribution": ("benchmarks.distribution", "income paid to 100,000 holders of record while orders flow"),
    "payment-run": ("benchmarks.payment_run", "a deal's payment to 100,000 noteholders of record while orders flow"),
    "titles": ("benchmarks.titles", "recorded papers read and chained into titles, beside a naive examiner"),
    "startup": ("benchmarks.startup", "time and memory until a long journal's exchange is ready"),
    "proofs": ("benchmarks.proofs", "proofs made and checked a second; what hashing a batch costs"),
    "bytes": ("benchmarks.bytes_a_command", "bytes a command, all tables"),
}


def measure(name: str, *, quick: bool) -> Report:
    """Run one benchmark.

    Raises: BenchmarkFailed, in one line.
    """
    report = importlib.import_module(NAMES[name][0]).run(quick=quick)
    assert isinstance(report, Report)
    return report


def run(name: str, *, quick: bool = False, as_json: bool = False) -> int:
    """Run one benchmark and print it; 0 unless there is no figure. A missed target is a figure too."""
    if name not in NAMES:
        print(f"benchmarks: no benchmark {name!r}: use one of {', '.join(NAMES)}", file=sys.stderr)
        return 2
    line = machine()
    try:
        report = measure(name, quick=quick)
    except (BenchmarkFailed, OSError) as error:
        print(f"benchmarks: {name}: {error}", file=sys.stderr)
        return 1
    if as_json:
        print(report.as_json(name, line, quick=quick))
    else:
        report.print(name, line, quick=quick)
    return 0


def listing() -> str:
    """Every benchmark, a line each."""
    return "\n".join(f"{name:20}{purpose}" for name, (_, purpose) in NAMES.items())


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Fixed workloads, beside their targets.", epilog=listing(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("name", nargs="?", metavar="NAME", help="one of the list below")
    parser.add_argument("--list", action="store_true", help="list the benchmarks")
    parser.add_argument("--quick", action="store_true", help="smaller and shorter: only a look")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    given = parser.parse_args()
    if given.list or given.name is None:
        print(listing())
        return 0
    return run(given.name, quick=given.quick, as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
