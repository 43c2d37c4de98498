"""The recorded papers of one property, as they were known at any moment."""

from __future__ import annotations

from typing import cast

from sqlalchemy import or_, select

from custody.conveyance_messages import Conveyance, RecordedTitle
from custody.conveyances import Paper
from exchange.store.load.state import read_record
from exchange.store.queries.reader import Snapshot
from exchange.store.registry import TABLES

MAX_REEL_FRAMES = 500
"""Papers of one property that an answer reads; the largest of the sample has eleven."""


def property_of(snapshot: Snapshot, number: str) -> RecordedTitle | None:
    """What is recorded of the property with that patent, publication or application number."""
    kept = TABLES[RecordedTitle]
    columns = kept.table.columns
    query = select(*(columns[name] for name in RecordedTitle.__struct_fields__)).where(
        or_(
            columns["property_id"] == number,
            columns["patent_number"] == number,
            columns["publication_number"] == number,
            columns["application_number"] == number,
        )
    )
    row = snapshot.first(query.order_by(columns["property_id"]))
    return cast("RecordedTitle", read_record(kept, RecordedTitle, tuple(row))) if row is not None else None


def papers_known(snapshot: Snapshot, reel_frames: tuple[str, ...], known_at_ns: int | None) -> list[Paper]:
    """Those papers as they were known at a moment, and the papers these name; None: as they are known now."""
    found = {paper.reel_frame: paper for paper in _versions(snapshot, reel_frames, known_at_ns)}
    named = {name: None for paper in found.values() for name in paper.names if name not in found}
    for paper in _versions(snapshot, tuple(named), known_at_ns):
        found[paper.reel_frame] = paper
    return [found[reel_frame] for reel_frame in sorted(found)]


def _versions(snapshot: Snapshot, reel_frames: tuple[str, ...], known_at_ns: int | None) -> list[Paper]:
    kept = TABLES[Conveyance]
    columns = kept.table.columns
    query = select(*(columns[name] for name in Conveyance.__struct_fields__)).where(
        columns["reel_frame"].in_(sorted(reel_frames)[:MAX_REEL_FRAMES])
    )
    if known_at_ns is None:
        query = query.where(columns["superseded_at_ns"] == 0)
    else:
        query = query.where(columns["known_at_ns"] <= known_at_ns).where(
            or_(columns["superseded_at_ns"] == 0, columns["superseded_at_ns"] > known_at_ns)
        )
    rows = snapshot.rows(query.order_by(columns["conveyance_id"]))
    return [cast("Conveyance", read_record(kept, Conveyance, tuple(row))).paper for row in rows]
