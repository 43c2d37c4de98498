"""The lines of a distribution's plan, each with its arithmetic: who, why, of what, at which rate, by which rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from sqlalchemy import select

from custody.distribution import Line, Pot
from custody.distribution_messages import Distribution, PlanPage
from exchange.core.ids import AccountId, DistributionId
from exchange.core.wire_json import show
from exchange.store.load.state import read_record
from exchange.store.queries import records
from exchange.store.queries.reader import Snapshot
from exchange.store.registry import TABLES

PAGES = TABLES[PlanPage].table
SEES_ALL: Callable[[AccountId], bool] = lambda _: True  # noqa: E731


class Lines(NamedTuple):
    """Some lines, and the place of the next one: (page, line), None at the end."""

    shown: list[dict[str, Any]]
    next_place: tuple[int, int] | None


def distribution_of(snapshot: Snapshot, distribution_id: DistributionId) -> Distribution | None:
    """One distribution, over or not."""
    found = records.one(snapshot, Distribution, (distribution_id,))
    return found if isinstance(found, Distribution) else None


def lines_of(
    snapshot: Snapshot,
    distribution: Distribution,
    limit: int,
    *,
    after: tuple[int, int] = (0, 0),
    sees: Callable[[AccountId], bool] = SEES_ALL,
) -> Lines:
    """The lines a reader may see, from a place on, in the plan's order; what is not the reader's is passed over."""
    pots = {pot.role: pot for pot in distribution.pots}
    query = (
        select(*(PAGES.columns[name] for name in PlanPage.__struct_fields__))
        .where(PAGES.columns["distribution_id"] == distribution.distribution_id)
        .where(PAGES.columns["n"] >= after[0])
        .order_by(PAGES.columns["page_id"])
    )
    shown: list[dict[str, Any]] = []
    for row in snapshot.stream(query):
        page = cast("PlanPage", read_record(TABLES[PlanPage], PlanPage, tuple(row)))
        begin = after[1] if page.n == after[0] else 0
        for place in range(begin, len(page.lines)):
            line = page.lines[place]
            if not sees(line.account_id):
                continue
            if len(shown) == limit:
                return Lines(shown, (page.n, place))
            shown.append(explained(line, pots[line.role], paid=bool(page.paid_sequence)))
    return Lines(shown, None)


def explained(line: Line, pot: Pot, *, paid: bool) -> dict[str, Any]:
    """A line with the pot it comes out of: everything needed to work it out again. `paid` says that its page was."""
    of_pot = show(pot)
    return {
        **show(line),
        "net_minor": line.gross_minor - line.withheld_minor,
        "pot_minor": pot.amount_minor,
        **{name: of_pot[name] for name in ("base_minor", "rate_ppm", "reason", "document_sha256", "rule")},
        "paid": paid,
    }
