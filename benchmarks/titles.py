"""The packaged conveyances read and chained, and their titles found: papers a second, beside a naive examiner.

The naive one asks the whole pile again for each property (every paper's lines are searched for it) and then reads it by
the same rules, as somebody would who wrote the loop down from the law; both must give the same answers.
"""

from __future__ import annotations

from time import perf_counter

from api.conveyances import read_lists, slices
from benchmarks.rows import BenchmarkFailed, Report, row
from custody.chain import Chain, chain_of, properties_of
from custody.conveyances import Paper, step_of
from exchange.data import open_sample

TODAY = "2026-03-01"
MOST_S = 10.0
ROUNDS, QUICK_ROUNDS = 10, 2
NAIVE_PROPERTIES = 200
"""Of so many properties, evenly spread, the naive time is taken and carried over to all."""


def run(*, quick: bool) -> Report:
    """Read and chain the whole list some times, the best counts; then the naive way in the same process."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    best_read = best_chain = float("inf")
    papers: list[Paper] = []
    chains: dict[str, Chain] = {}
    for _ in range(rounds):
        begun = perf_counter()
        recorded, faults = read_lists(open_sample("assignments.csv"), open_sample("assigned_properties.csv"), TODAY)
        read = perf_counter()
        papers = [one.paper for one in recorded]
        found = properties_of(papers)
        chains = {key: chain_of(steps, count, identified=known) for key, (steps, count, known) in found.items()}
        done = perf_counter()
        best_read, best_chain = min(best_read, read - begun), min(best_chain, done - read)
        if faults:
            raise BenchmarkFailed(f"{len(faults)} rows of the packaged lists were refused")
    naive_s = _naive(papers, chains)
    whole_s = best_read + best_chain
    if whole_s > MOST_S:
        raise BenchmarkFailed(f"{len(papers):,} papers took {whole_s:.1f} s, {MOST_S:.0f} s are promised")
    rows = [
        row("papers chained", len(papers) / best_chain, "papers/s", baseline=len(papers) / naive_s),
        row("properties answered", len(chains) / best_chain, "properties/s", baseline=len(chains) / naive_s),
        row("papers read and chained", len(papers) / whole_s, "papers/s", target=len(papers) / MOST_S),
    ]
    commands = sum(1 for _ in slices(papers))
    notes = [
        f"{len(papers):,} papers, {len(chains):,} properties: read in {best_read * 1e3:.0f} ms, chained in "
        f"{best_chain * 1e3:.0f} ms, {commands} commands to import",
        f"baseline: the whole pile searched for each property ({naive_s:.1f} s for all, from {NAIVE_PROPERTIES})",
    ]
    return Report(rows, notes)


def _naive(papers: list[Paper], chains: dict[str, Chain]) -> float:
    """The seconds of the naive way for all properties, from a part of them; its answers must be the same.

    Raises: BenchmarkFailed.
    """
    keys = list(chains)[:: max(1, len(chains) // NAIVE_PROPERTIES)]
    begun = perf_counter()
    for key in keys:
        mine = [(paper, one) for paper in papers for one in paper.properties if one.property_id == key]
        reels = {paper.reel_frame for paper, _ in mine}
        named = {name for paper, _ in mine for name in paper.names}
        steps = [step_of(paper, one) for paper, one in mine]
        steps += [
            step_of(paper, None)
            for paper in papers
            if paper.reel_frame not in reels and (paper.reel_frame in named or reels & set(paper.names))
        ]
        inventors = max(one.inventors for _, one in mine)
        if chain_of(steps, inventors, identified="#" not in key).reasons != chains[key].reasons:
            raise BenchmarkFailed(f"the naive examiner says otherwise of {key}")
    return (perf_counter() - begun) / len(keys) * len(chains)
