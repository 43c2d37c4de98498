"""The recorded papers of one property, as they were known at any moment."""

from __future__ import annotations

from typing import cast

from sqlalchemy import or_, select

from custody.conveyance_messages import Conveyance, RecordedTitle
from custody.conveyances import Paper
from custody.rights import TitleCheck
from exchange.store.load.state import read_record
from exchange.store.queries.reader import Snapshot
from exchange.store.registry import TABLES

GRAVEST = (TitleCheck.DEFECT, TitleCheck.UNKNOWN, TitleCheck.CLEAR)
MAX_TITLES = 20
"""Properties that claim one number and are looked at; more than one is a fault of the records."""


def property_of(snapshot: Snapshot, number: str) -> RecordedTitle | None:
    """What is recorded of the property with that patent, publication or application number; of several, the gravest."""
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
    rows = snapshot.rows(query.order_by(columns["property_id"]).limit(MAX_TITLES))
    found = [cast("RecordedTitle", read_record(kept, RecordedTitle, tuple(row))) for row in rows]
    return min(found, key=lambda title: GRAVEST.index(title.title), default=None)


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
        columns["reel_frame"].in_(sorted(reel_frames))
    )
    if known_at_ns is None:
        query = query.where(columns["superseded_at_ns"] == 0)
    else:
        query = query.where(columns["known_at_ns"] <= known_at_ns).where(
            or_(columns["superseded_at_ns"] == 0, columns["superseded_at_ns"] > known_at_ns)
        )
    rows = snapshot.rows(query.order_by(columns["conveyance_id"]))
    return [cast("Conveyance", read_record(kept, Conveyance, tuple(row))).paper for row in rows]
