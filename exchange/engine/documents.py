"""Documents on file, and whether what a command names is among them."""

from __future__ import annotations

from collections.abc import Iterable

from custody.accounts import VENUE
from exchange.core.documents import Document, DocumentFiled, DocumentStub, FileDocument
from exchange.core.ids import DocumentId, MemberId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.engine.state import ExchangeState


def file_document(state: ExchangeState, header: Header, command: FileDocument) -> list[Event]:
    """Put a file on record for the principal's member, once."""
    member_id = state.users[header.principal].member_id
    if state.find(DocumentStub, (member_id, command.sha256)) is not None:
        return [Rejected(code=RejectCode.DOCUMENT_EXISTS, detail=command.sha256)]

    state.change()
    document = Document(
        document_id=DocumentId(make_id(header.sequence)),
        sha256=command.sha256,
        member_id=member_id,
        size_bytes=command.size_bytes,
        media_type=command.media_type,
        title=command.title,
        subject=command.subject,
        filed_by=header.principal,
        filed_at_ns=header.at_ns,
    )
    state.put(DocumentStub(document_id=document.document_id, sha256=document.sha256, member_id=member_id))
    return [DocumentFiled(document=document)]


def refuse_documents(state: ExchangeState, member_id: MemberId, hashes: Iterable[str]) -> Rejected | None:
    """Whether each of these files was put on record by the member itself or by the venue.

    Refused: document.unknown, with the first hash that is not.
    """
    for sha256 in hashes:
        if all(state.find(DocumentStub, (filer, sha256)) is None for filer in (member_id, VENUE)):
            return Rejected(code=RejectCode.DOCUMENT_UNKNOWN, detail=sha256)
    return None
