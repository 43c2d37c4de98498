"""`exchange deal pool`: write a pool of the register into a pool's file, beside a template's assumptions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.deal_files import refuse, text_of
from exchange.cli.proofs import DatabaseUrl, DataDir, one_line_errors, where
from exchange.core.ids import KINDS, PoolId, from_wire, to_wire

if TYPE_CHECKING:
    from exchange.store.queries.reader import Snapshot
    from securitization.pool_records import Pool, PoolAsset


def register(group: typer.Typer) -> None:
    """Add this module's command to the group."""
    group.command(name="pool", short_help="Write a sealed pool of the register into a pool's file.")(pool)


def pool(
    pool_id: Annotated[str, typer.Argument(metavar="POOL", help="The pool: PL1-184.")],
    like: Annotated[
        Path, typer.Option("--like", help="A pool's file whose assumptions are taken.", exists=True, dir_okay=False)
    ],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write a sealed or sold pool into a pool's file: its assets, and the template's assumptions and figures.

    Example: exchange deal pool PL1-184 --like template.json --data-dir ./var > pool.json
    """
    from securitization.analytics.pool_export import exported
    from securitization.analytics.pool_file import PoolFile, canonical_pool, read_pool

    template = read_pool(text_of(like))
    if not isinstance(template, PoolFile):
        refuse(template, like.name)
    try:
        wanted = PoolId(from_wire(KINDS["PoolId"], pool_id))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="POOL") from None
    with one_line_errors():
        found, assets = _read(where(data_dir, database_url)[0], wanted)
    named = [(to_wire(KINDS["PoolAssetId"], asset.pool_asset_id), asset) for asset in assets]
    written = exported(template, named, found.cut_off_date)
    if not isinstance(written, PoolFile):
        refuse(written)
    typer.echo(canonical_pool(written), nl=False)


def _read(url: str, pool_id: PoolId) -> tuple[Pool, list[PoolAsset]]:
    """A sealed pool and its assets, at one sequence.

    Raises: NodeFault store.missing, pool.unknown, pool.state.
    """
    from sqlalchemy import make_url

    from exchange.node.ports import NodeFault
    from exchange.store.queries.reader import ReadFault, Reads
    from exchange.store.snapshot import database_path

    if make_url(url).get_backend_name() == "sqlite" and not database_path(url).is_file():
        raise NodeFault("store.missing", f"there is no database at {database_path(url)}")
    reads = Reads(url, readers=1, seconds=60)
    try:
        return reads.run(lambda snapshot: _found(snapshot, pool_id))
    except ReadFault as fault:
        raise NodeFault(fault.code, str(fault)) from None
    finally:
        reads.close()


def _found(snapshot: Snapshot, pool_id: PoolId) -> tuple[Pool, list[PoolAsset]]:
    from exchange.core.rejections import RejectCode
    from exchange.node.ports import NodeFault
    from exchange.store.queries import records
    from securitization.pool_records import Pool, PoolAsset, PoolState

    found = records.one(snapshot, Pool, (pool_id,))
    if not isinstance(found, Pool):
        raise NodeFault(RejectCode.POOL_UNKNOWN.value, to_wire(KINDS["PoolId"], pool_id))
    if found.state not in (PoolState.SEALED, PoolState.SOLD):
        raise NodeFault(RejectCode.POOL_STATE.value, found.state.value)
    assets = [records.one(snapshot, PoolAsset, (pool_asset_id,)) for pool_asset_id in found.assets]
    return found, [asset for asset in assets if isinstance(asset, PoolAsset)]
