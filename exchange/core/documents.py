"""Documents on file: the journal carries what names them (hash, size, kind, title), the bytes lie in the blob store.

A deed, a disclosure, a waiver or an examination names its document by SHA-256, and only one that is on file.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from exchange.core.ids import DocumentId, MemberId, UserId
from exchange.core.messages import Command, Event, Record
from exchange.core.units import Name, PositiveCount, Sha256Hex, TimeNs

MediaType = Annotated[
    str, msgspec.Meta(max_length=127, pattern=r"^[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*$")
]


class Document(Record, frozen=True, kw_only=True):
    """A file somebody put on record; `subject` says in the filer's words what it is about (an identifier, a matter)."""

    document_id: DocumentId
    sha256: str
    member_id: MemberId
    size_bytes: int
    media_type: str
    title: str
    subject: str
    filed_by: UserId
    filed_at_ns: TimeNs


class DocumentStub(Record, frozen=True, kw_only=True):
    """What memory keeps of a document: that this member has a file with this hash on record."""

    document_id: DocumentId
    sha256: str
    member_id: MemberId


class FileDocument(Command, frozen=True, kw_only=True, tag="document.file"):
    """Put a file on record for one's own member, whose bytes the edge has stored under their hash.

    Refused: document.exists.
    """

    sha256: Sha256Hex
    size_bytes: PositiveCount
    media_type: MediaType
    title: Name
    subject: Annotated[str, msgspec.Meta(max_length=200)] = ""


class DocumentFiled(Event, frozen=True, kw_only=True, tag="document.filed"):
    """The document can be named by its hash."""

    document: Document
