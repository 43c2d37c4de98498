"""The register of a product that is kept elsewhere, as of two moments, and in what its versions differ."""

from __future__ import annotations

from typing import cast

from sqlalchemy import select

from exchange.core.ids import MirrorFileId
from exchange.store.load.state import read_record
from exchange.store.queries import records
from exchange.store.queries.reader import Snapshot
from exchange.store.registry import TABLES
from securitization.mirror import HolderChange, MirrorFile, MirrorLine, MirrorPage, MirrorState, changes

FILES, PAGES = TABLES[MirrorFile].table.columns, TABLES[MirrorPage].table.columns


def file_of(snapshot: Snapshot, asset_id: int, as_of: str, known_ns: int, besides: int = 0) -> MirrorFile | None:
    """The file that says who held an asset at the end of a day, as it was known at a moment; None: there was none.

    The file of the latest day up to that one, and of several of one day the newest version.
    """
    query = (
        select(*(FILES[name] for name in MirrorFile.__struct_fields__))
        .where(FILES["asset_id"] == asset_id, FILES["state"] == MirrorState.CONFIRMED.value)
        .where(FILES["as_of"] <= as_of, FILES["confirmed_at_ns"] <= known_ns, FILES["mirror_file_id"] != besides)
        .order_by(FILES["as_of"].desc(), FILES["version"].desc())
        .limit(1)
    )
    row = snapshot.first(query)
    return None if row is None else cast("MirrorFile", read_record(TABLES[MirrorFile], MirrorFile, tuple(row)))


def lines_of(snapshot: Snapshot, mirror_file_id: int) -> list[MirrorLine]:
    """The lines of a file, by holder."""
    query = (
        select(*(PAGES[name] for name in MirrorPage.__struct_fields__))
        .where(PAGES["mirror_file_id"] == mirror_file_id)
        .order_by(PAGES["page_id"])
    )
    pages = (read_record(TABLES[MirrorPage], MirrorPage, tuple(row)) for row in snapshot.rows(query))
    return [line for page in pages for line in cast("MirrorPage", page).lines]


def changes_of(
    snapshot: Snapshot, mirror_file_id: MirrorFileId | None
) -> tuple[MirrorFile, MirrorFile | None, list[HolderChange]] | None:
    """A file, the one that counted for its day before it, and in what the two differ; None: no such file."""
    file = records.one(snapshot, MirrorFile, (mirror_file_id,))
    if not isinstance(file, MirrorFile):
        return None
    known_ns = file.confirmed_at_ns or file.opened_at_ns
    before = file_of(snapshot, file.asset_id, file.as_of, known_ns, besides=file.mirror_file_id)
    old = lines_of(snapshot, before.mirror_file_id) if before is not None else []
    return file, before, changes(old, lines_of(snapshot, file.mirror_file_id))
