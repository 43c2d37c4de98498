"""Natural persons' names apart from everything else: kept here, erasable here, and in the journal only as commitments.

A patent's inventors are people. The journal and the tables carry salted hashes of their names; the names and salts lie
in this table of the edge store. Erasing a row leaves the chain whole and the hashes closed for ever. (A backup made
before keeps the row; whoever erases here erases there.)
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import LargeBinary, PrimaryKeyConstraint, String, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from api.auth.edge_store import EdgeStore
from api.auth.edge_tables import EdgeBase
from exchange.assets.entries import PersonalFields

SALT_BYTES = 16

Named = tuple[PersonalFields, bytes]
"""The persons of a patent, and its salt."""

_encode = msgspec.msgpack.Encoder().encode


class PersonRecord(EdgeBase):
    """The persons one patent names, and the salt its commitments were made with."""

    __tablename__ = "person_record"
    __table_args__ = (PrimaryKeyConstraint("key", name="pk_person_record"),)

    key: Mapped[str] = mapped_column(String(64))
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    fields: Mapped[bytes] = mapped_column(LargeBinary)


class Persons:
    """The erasable side store. Its methods block: call them from a thread."""

    def __init__(self, store: EdgeStore) -> None:
        self.store = store

    def salts(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The stored salts of these patents; a patent imported again must be committed to with its old one."""
        with self.store.read() as connection:
            query = select(PersonRecord.key, PersonRecord.salt).where(PersonRecord.key.in_(keys))
            return {key: salt for key, salt in connection.execute(query)}  # noqa: C416 - rows are not plain pairs

    def fresh_salt(self) -> bytes:
        """A salt for a patent that has none."""
        return secrets.token_bytes(SALT_BYTES)

    def keep_new(self, records: Sequence[Named]) -> list[str]:
        """Keep the names and salts of patents that have none yet; answers the keys of these."""
        if not records:
            return []
        with self.store.transaction() as connection:
            query = select(PersonRecord.key).where(PersonRecord.key.in_([fields.key for fields, _ in records]))
            known = set(connection.scalars(query))
            rows = [_row(fields, salt) for fields, salt in records if fields.key not in known]
            if rows:
                connection.execute(insert(PersonRecord), rows)
        return [row["key"] for row in rows]

    def replace(self, records: Sequence[Named]) -> None:
        """Keep these names and salts, whatever was kept of the same patents."""
        if not records:
            return
        rows = [_row(fields, salt) for fields, salt in records]
        with self.store.transaction() as connection:
            connection.execute(delete(PersonRecord).where(PersonRecord.key.in_([row["key"] for row in rows])))
            connection.execute(insert(PersonRecord), rows)

    def read(self, key: str) -> PersonalFields | None:
        """The persons a patent names, if they were not erased."""
        with self.store.read() as connection:
            found = connection.execute(select(PersonRecord.fields).where(PersonRecord.key == key)).first()
        return msgspec.msgpack.decode(found[0], type=PersonalFields) if found else None

    def erase(self, keys: Sequence[str]) -> int:
        """Forget the persons these patents name; tells how many had any. The file holds no trace of them afterwards."""
        if not keys:
            return 0
        with self.store.transaction() as connection:
            erased = connection.execute(delete(PersonRecord).where(PersonRecord.key.in_(keys))).rowcount
        self.store.scrub()
        return erased


def _row(fields: PersonalFields, salt: bytes) -> dict[str, Any]:
    return {"key": fields.key, "salt": salt, "fields": _encode(fields)}
