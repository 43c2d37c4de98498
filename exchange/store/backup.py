"""Backup of a data directory while its node runs, and restore into an empty one.

A backup is a folder: each SQLite file as it stood at one moment (SQLite's own backup, from a reading connection),
every other file copied, and, written last, a manifest with the SHA-256 of each and the journal's head. The exchange's
database is taken before the blobs, so every file the journal speaks of is there. On PostgreSQL the database travels as
a `pg_dump` of one exported snapshot; the data directory beside it as above.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from exchange.node.head_file import FILE_NAME as HEAD_FILE
from exchange.node.head_file import HeadFile
from exchange.node.ports import Clock, Head, NodeFault
from exchange.store import migrate, postgres_dump
from exchange.store.proofs import verify_chain
from exchange.store.snapshot import Snapshot, SqliteSnapshot, database_path, snapshot
from exchange.store.sqlite import connect, hold_lock

MANIFEST = "manifest.json"
FORMAT = 1
PAGES_A_STEP = 2_000
LAST_ROW = "SELECT sequence, epoch, at_ns, chain FROM journal ORDER BY sequence DESC LIMIT 1"
CHUNK_BYTES = 1 << 20
PASSING = (".lock", "-wal", "-shm", "-journal", ".new", ".sock", ".pid")
"""Endings of files that belong to a running process and not to the data."""

Progress = Callable[[str], None]
"""Told the name of each file as its turn comes."""


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a backup."""

    path: str
    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup holds, and where its journal stands."""

    format: int
    made_at_ns: int
    schema: str
    sequence: int
    epoch: int
    at_ns: int
    chain: str
    database: str
    files: tuple[Kept, ...]

    @property
    def head(self) -> Head:
        """The journal's head in this backup."""
        return Head(self.sequence, self.epoch, self.at_ns, bytes.fromhex(self.chain))


def backup(url: str, data_dir: Path, target: Path, clock: Clock, progress: Progress = lambda _: None) -> Manifest:
    """Copy the database at `url` and everything else in the data directory to a new folder.

    Raises: NodeFault backup.target_not_empty, store.missing, backup.no_pg_dump, backup.failed.
    """
    if target.exists() and any(target.iterdir()):
        raise NodeFault("backup.target_not_empty", f"{target} is not empty")
    target.mkdir(parents=True, exist_ok=True)
    is_postgres = postgres_dump.is_postgres(url)
    database = postgres_dump.FILE_NAME if is_postgres else database_path(url).name
    # The edge's store before the journal: it keeps signed heads, and none may name a row that the copy lacks.
    for path in _files_of(data_dir, besides=target):
        if path.name != database and _is_sqlite(path):
            name = path.relative_to(data_dir).as_posix()
            progress(name)
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            _copy_sqlite(path, target / name)
            shutil.copymode(path, target / name)
    if is_postgres:
        progress(database)
        head = postgres_dump.dump(url, target / database)
    else:
        progress(database)
        head = _copy_sqlite(database_path(url), target / database)
    for path in _files_of(data_dir, besides=target):
        name = path.relative_to(data_dir).as_posix()
        if name == database or _is_sqlite(path):
            continue
        progress(name)
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target / name)  # with its mode: a key stays its owner's
    kept = tuple(_kept(path, target) for path in sorted(target.rglob("*")) if path.is_file())
    manifest = Manifest(
        format=FORMAT,
        made_at_ns=clock.now_ns(),
        schema=migrate.head(),
        sequence=head.sequence,
        epoch=head.epoch,
        at_ns=head.at_ns,
        chain=head.chain.hex(),
        database=database,
        files=kept,
    )
    _write_synced(target, manifest)
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """A backup's manifest.

    Raises: NodeFault backup.no_manifest (not a backup, or one that was not finished), backup.format_unknown.
    """
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise NodeFault("backup.no_manifest", f"{folder} is not a finished backup") from error
    if manifest.format != FORMAT:
        raise NodeFault("backup.format_unknown", f"format {manifest.format}")
    return manifest


def check_files(folder: Path, manifest: Manifest) -> None:
    """Compare every file with the manifest.

    Raises: NodeFault backup.damaged, naming the file.
    """
    for kept in manifest.files:
        path = folder / kept.path
        if not path.resolve().is_relative_to(folder.resolve()):
            raise NodeFault("backup.damaged", f"{kept.path} points out of the folder")
        if not path.is_file() or _kept(path, folder) != kept:
            raise NodeFault("backup.damaged", f"{kept.path} is not what was backed up")


def restore(
    folder: Path, url: str, data_dir: Path, *, accept_head: bool = False, progress: Progress = lambda _: None
) -> Manifest:
    """Bring a backup into an empty data directory, after its files and its chain were checked.

    A `head` that is still in the directory guards it, unless `accept_head` says that what came later is lost.
    Raises: NodeFault as check_files; restore.chain_broken, restore.not_empty, store.locked, journal.behind_head.
    """
    manifest = read_manifest(folder)
    progress("check")
    check_files(folder, manifest)
    is_postgres = postgres_dump.is_postgres(url)
    if is_postgres != (manifest.database == postgres_dump.FILE_NAME):
        raise NodeFault("restore.other_database", f"the backup holds {manifest.database}")
    data_dir.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as held:
        database = data_dir / manifest.database if is_postgres else database_path(url)
        if not is_postgres:
            held.enter_context(hold_lock(database))
            with contextlib.closing(_sealed(folder / manifest.database)) as connection:
                _check_chain(SqliteSnapshot(connection), manifest)
        _refuse_full(data_dir, database)
        head = HeadFile(data_dir / HEAD_FILE)
        outside = head.read()
        if outside is not None and outside.sequence > manifest.sequence and not accept_head:
            detail = f"the backup ends at {manifest.sequence}, the head outside it is {outside.sequence}"
            raise NodeFault("journal.behind_head", f"{detail}; restore with --accept-head to lose what came after")
        for kept in manifest.files:
            progress(kept.path)
            if is_postgres and kept.path == manifest.database:
                postgres_dump.load(url, folder / kept.path)
                with snapshot(url) as tables:
                    _check_chain(tables, manifest)
                continue
            place = database if kept.path == manifest.database else data_dir / kept.path
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / kept.path, place)
            _sync(place)
        head.write(manifest.head)
    return manifest


def _check_chain(tables: Snapshot, manifest: Manifest) -> None:
    head, problems = verify_chain(tables)
    if problems.count:
        raise NodeFault("restore.chain_broken", problems.kept[0].line())
    if head != manifest.head:
        raise NodeFault("restore.chain_broken", f"the journal ends at {head.sequence}, not at {manifest.sequence}")


def _sealed(path: Path) -> sqlite3.Connection:
    """A connection that leaves no trace in a backup's folder."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True, isolation_level=None)


def _refuse_full(data_dir: Path, database: Path) -> None:
    """A restore never overwrites: only a lock, and the head that guards against old backups, may be there."""
    there = [path.name for path in sorted(data_dir.iterdir()) if path.name != HEAD_FILE and not _passes(path)]
    if there or database.exists():
        raise NodeFault("restore.not_empty", f"{data_dir} already holds {there[0] if there else database.name}")


def _copy_sqlite(source: Path, target: Path) -> Head:
    """Copy a SQLite file as it stands at one moment, while others write it; answers the head of its journal."""
    if not source.is_file():
        raise NodeFault("store.missing", f"there is no database at {source}")
    with (
        contextlib.closing(connect(source, read_only=True)) as reader,
        contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy,
    ):
        # Held open, so that the copy does not begin again each time a node commits.
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
        reader.backup(copy, pages=PAGES_A_STEP)
        copy.execute("PRAGMA journal_mode = DELETE")
        if not copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'journal'").fetchone():
            return Head()
        row = copy.execute(LAST_ROW).fetchone()
    return Head(*row) if row else Head()


def _files_of(data_dir: Path, besides: Path) -> Iterator[Path]:
    """Every file that is data, in order; not the head, which the manifest carries, and not a backup inside."""
    for path in sorted(data_dir.rglob("*")):
        inside = path.resolve().is_relative_to(besides.resolve())
        if path.is_file() and not inside and not _passes(path) and path != data_dir / HEAD_FILE:
            yield path


def _passes(path: Path) -> bool:
    return path.name.endswith(PASSING)


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def _kept(path: Path, folder: Path) -> Kept:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return Kept(path.relative_to(folder).as_posix(), digest.hexdigest(), path.stat().st_size)


def _write_synced(target: Path, manifest: Manifest) -> None:
    """Sync every file, then write the manifest: a backup with a manifest is a whole one."""
    for kept in manifest.files:
        _sync(target / kept.path)
    beside = target / f"{MANIFEST}.new"
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))
    _sync(beside)
    beside.replace(target / MANIFEST)
    _sync(target)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
