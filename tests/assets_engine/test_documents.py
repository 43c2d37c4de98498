"""Documents: on file once for each member, named by their hash, never kept whole in memory."""

from __future__ import annotations

import msgspec
import pytest

from exchange.core.documents import DocumentFiled, DocumentStub, FileDocument
from exchange.core.wire_json import decode_json
from tests.support import Venue

SHA256 = "ab" * 32


def filing(**changed: object) -> FileDocument:
    """A command that files a document."""
    terms = {"sha256": SHA256, "size_bytes": 4_096, "media_type": "application/pdf", "title": "Share deed"}
    return FileDocument(**(terms | changed))  # type: ignore[arg-type]


def venue() -> Venue:
    """A venue with two members."""
    made = Venue.sandbox()
    made.member("wu")
    made.member("li")
    return made


def test_a_document_is_filed_with_what_names_it() -> None:
    stage = venue()
    document = stage.make(filing(subject="X1-12"), DocumentFiled, "wu").document
    assert (document.sha256, document.size_bytes, document.title) == (SHA256, 4_096, "Share deed")
    assert (document.member_id, document.filed_by) == (stage.members["wu"], stage.users["wu"])
    stage.close()


def test_memory_knows_the_hash_and_not_the_title() -> None:
    stage = venue()
    stage.do(filing(), "wu")
    [stub] = stage.state.table(DocumentStub).values()
    assert stub.__struct_fields__ == ("document_id", "sha256", "member_id")


def test_a_member_files_a_document_once_and_another_member_may_file_the_same() -> None:
    stage = venue()
    stage.do(filing(), "wu")
    assert stage.refusal(filing(title="Another title"), "wu") == "document.exists"
    stage.restart()
    assert stage.refusal(filing(), "wu") == "document.exists"
    stage.make(filing(), DocumentFiled, "li")
    stage.close()


@pytest.mark.parametrize(
    "changed",
    [
        {"sha256": "AB" * 32},
        {"sha256": "ab" * 31},
        {"size_bytes": 0},
        {"media_type": "pdf"},
        {"media_type": "text/html; x"},
        {"title": ""},
    ],
)
def test_a_document_whose_description_is_not_one_is_refused_at_the_edge(changed: dict[str, object]) -> None:
    body = {"sha256": SHA256, "size_bytes": 1, "media_type": "text/plain", "title": "T"} | changed
    with pytest.raises(msgspec.ValidationError):
        decode_json(FileDocument, msgspec.json.encode(body))
