"""Counts for Prometheus, kept as plain integers and turned into its text only when somebody asks.

The library's own counters take a lock at every step; here the hot path adds to a dict, and a collector reads it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from exchange.core.messages import Rejected
from exchange.core.wire import name_of
from exchange.node.ports import Batch

BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
SECONDS = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024)


class Histogram:
    """Counts by upper bound."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self.total += value
        for place, bound in enumerate(self.bounds):
            if value <= bound:
                self.counts[place] += 1
                return
        self.counts[-1] += 1

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative counts by bound, as Prometheus wants them."""
        found: list[tuple[str, float]] = []
        running = 0
        for bound, count in zip((*self.bounds, float("inf")), self.counts, strict=True):
            running += count
            found.append(("+Inf" if bound == float("inf") else str(bound), float(running)))
        return found


class Metrics(Collector):
    """Everything the exchange counts; also a subscriber of the feed, so that every door is counted alike."""

    def __init__(self) -> None:
        self.commands: Counter[tuple[str, str]] = Counter()
        self.requests: Counter[tuple[str, int]] = Counter()
        self.refusals: Counter[str] = Counter()
        self.batches = Histogram(BATCH_SIZES)
        self.commits = Histogram(SECONDS)
        self.gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(self)
        self._commit_began = 0.0

    def publish(self, batch: Batch) -> None:
        """Count a committed batch: each command by its name and what became of it."""
        self.batches.add(len(batch.rows))
        for row in batch.rows:
            first = row.events[0] if row.told is None and row.events else None
            outcome = first.code.value if isinstance(first, Rejected) else "done"
            self.commands[name_of(row.command), outcome] += 1

    def stage(self, stage: str) -> None:
        """Hear from the sequencer what it begins; a commit lasts from its own beginning to the next stage's."""
        if stage == "commit":
            self._commit_began = time.perf_counter()
        elif self._commit_began:
            self.commits.add(time.perf_counter() - self._commit_began)
            self._commit_began = 0.0

    def gauge(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """Show a value that is read when somebody asks."""
        self.gauges[name] = (help_text, read)

    def text(self) -> bytes:
        """The page Prometheus reads."""
        return generate_latest(self.registry)

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily]:
        """Everything, as Prometheus's own values."""
        commands = CounterMetricFamily(
            "exchange_commands", "Committed commands by name and outcome.", labels=("command", "outcome")
        )
        for labels, count in sorted(self.commands.items()):
            commands.add_metric(labels, count)
        yield commands
        requests = CounterMetricFamily(
            "exchange_http_requests", "HTTP answers by method and status.", labels=("method", "status")
        )
        for (method, status), count in sorted(self.requests.items()):
            requests.add_metric((method, str(status)), count)
        yield requests
        refusals = CounterMetricFamily("exchange_edge_refusals", "Refusals at the edge by code.", labels=("code",))
        for code, count in sorted(self.refusals.items()):
            refusals.add_metric((code,), count)
        yield refusals
        yield HistogramMetricFamily(
            "exchange_batch_commands",
            "Commands in a committed batch.",
            buckets=self.batches.buckets(),
            sum_value=self.batches.total,
        )
        yield HistogramMetricFamily(
            "exchange_commit_seconds",
            "How long a commit took.",
            buckets=self.commits.buckets(),
            sum_value=self.commits.total,
        )
        for name, (help_text, read) in sorted(self.gauges.items()):
            yield GaugeMetricFamily(name, help_text, value=read())
