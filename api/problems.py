"""Refusals as RFC 9457 problems: one form for the engine's, the edge's and the node's, each with its stable code.

    {"type": "urn:ip-exchange:problem:order.unknown", "title": …, "status": 404, "code": "order.unknown",
     "detail": …, "rule": {…}, "sequence": 184}

`sequence` is there when the refusal was journaled: a command that reached the engine. Status classes say what to do:
4xx change the request, 503 send it again with the same key.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from api.auth.codes import EdgeCode, EdgeRefused
from exchange.core.messages import Rejected
from exchange.core.rejections import RejectCode
from exchange.core.wire_json import show
from exchange.node.ports import NodeFault, Outcome

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:ip-exchange:problem:"


class RequestCode(StrEnum):
    """A request that never became a command or a question: its code, HTTP status and sentence. Never reused."""

    status: int
    sentence: str

    def __new__(cls, code: str, status: int, sentence: str) -> RequestCode:
        """One member: its text is the code, the other two ride along."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.status = status
        member.sentence = sentence
        return member

    MALFORMED = "request.malformed", 400, "The body is not one JSON value in UTF-8."
    DUPLICATE_FIELD = "request.duplicate_field", 400, "A field comes twice."
    UNKNOWN_FIELD = "request.unknown_field", 422, "The body has a field that this command does not know."
    MISSING_FIELD = "request.missing_field", 422, "The body lacks a field that this command needs."
    OUT_OF_RANGE = "request.out_of_range", 422, "A value is outside its limits."
    INVALID = "request.invalid", 422, "A value is of the wrong type or form."
    MEDIA_TYPE = "request.media_type", 415, "This wants another Content-Type."
    TOO_LARGE = "request.too_large", 413, "The body is larger than this takes."
    BODY_LATE = "request.body_late", 408, "The body did not arrive in time."
    PARAMETER = "request.parameter", 422, "A query parameter is unknown or wrong."
    CURSOR = "request.cursor", 400, "The cursor was not made here, or for another question."
    KEY_INVALID = "request.idempotency_key", 400, "Idempotency-Key is 1 to 128 printable ASCII characters."
    NOT_FOUND = "request.not_found", 404, "There is nothing at this address."
    METHOD = "request.method", 405, "This address takes other methods."
    RATE_LIMITED = "request.rate_limited", 429, "Too many requests; wait as Retry-After says."
    RESOURCE_UNKNOWN = "resource.unknown", 404, "There is no such thing, or it is not yours to see."
    DIGEST = "request.digest", 422, "The bytes are not those that were named."
    NOT_UPLOADED = "document.not_uploaded", 409, "The document's bytes are not here, or not all of them."
    STATEMENT_TOO_LONG = "statement.too_long", 422, "More movements than one statement holds; ask for fewer days."
    FORMAT_UNAVAILABLE = "statement.format_unavailable", 501, "This exchange runs without the library for that format."
    REPORT_NOT_PAID = "report.not_paid", 409, "That payment is not over yet; it is reported once its holders are paid."
    REPORT_NO_PAYMENT = "report.no_payment", 404, "The deal has no payment in that period or year."
    NODE_NOT_READY = "node.not_ready", 503, "No node is running; try again shortly."
    EDGE_BUSY = "edge.busy", 503, "Too many requests are in progress; try again shortly."
    EDGE_FAILED = "edge.failed", 500, "The edge failed; the request id finds it in the log."
    READ_BEHIND = "read.behind", 503, "The sequence asked for was not reached in time."
    READ_TOO_LONG = "read.too_long", 503, "The question took longer than a snapshot may last; ask for less."
    READ_UNAVAILABLE = "read.unavailable", 503, "The tables cannot be read now; try again shortly."
    NODE_SLOW = "node.slow", 503, "The outcome is not known yet; ask again with the same Idempotency-Key."


class RequestRefused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """The edge answers no, before anything was decided."""

    def __init__(self, code: RequestCode | RejectCode, detail: str = "", *, retry_after_s: int = 0) -> None:
        super().__init__(f"{code.value}: {detail}")
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s


class Problem(msgspec.Struct, frozen=True):
    """A refusal on its way out."""

    status: int
    code: str
    title: str
    detail: str = ""
    retry_after_s: int = 0
    extra: Mapping[str, Any] = msgspec.field(default_factory=dict)

    def body(self) -> bytes:
        """The problem as JSON."""
        fields: dict[str, Any] = {
            "type": TYPE_PREFIX + self.code,
            "title": self.title,
            "status": self.status,
            "code": self.code,
        }
        if self.detail:
            fields["detail"] = self.detail
        return msgspec.json.encode({**fields, **self.extra})

    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers that belong to this refusal."""
        found = [(b"content-type", MEDIA_TYPE.encode())]
        if self.retry_after_s:
            found.append((b"retry-after", str(self.retry_after_s).encode()))
        if self.status == 401:
            found.append((b"www-authenticate", b'Bearer realm="ip-exchange"'))
        return found


_FORBIDDEN = {
    RejectCode.ROLE_NOT_ALLOWED,
    RejectCode.USER_UNKNOWN,
    RejectCode.USER_SUSPENDED,
    RejectCode.ACCOUNT_NOT_YOURS,
    RejectCode.MANDATE_INVALID,
    RejectCode.MEMBER_FROZEN,
    RejectCode.ACCOUNT_FROZEN,
    RejectCode.APPROVAL_SAME_PERSON,
    RejectCode.DEAL_NOT_PARTY,
    RejectCode.PRIOR_CLAIM_NOT_HOLDER,
    RejectCode.PACK_NOT_PARTY,
    RejectCode.COMPANY_NOT_FOUNDER,
    RejectCode.EQUITY_NOT_PARTY,
    RejectCode.EQUITY_NOT_NOTIFIED,
    RejectCode.OBLIGATION_NOT_PARTY,
    RejectCode.SALE_BARRED,
    RejectCode.SALE_CONFIDENTIALITY,
    RejectCode.TENDER_NOT_EVALUATOR,
    RejectCode.TENDER_CONFLICT,
    RejectCode.QUOTE_NOT_ASKED,
    RejectCode.EXPORT_NOT_CLEARED,
}
_CONFLICT_ENDINGS = (
    *(".exists", ".state", ".duplicate", ".phase", ".stale", "_state"),
    *("_closed", "_halted", "_running", "_reversed", ".uncrossing", ".killed"),
)
_NODE_FAULTS = {
    "node.busy": "Too many commands are waiting; nothing was taken.",
    "node.restarting": "The outcome is unknown; ask again with the same key.",
    "node.stopped": "The exchange is closing; nothing was taken.",
}


def status_of(code: str) -> int:
    """The HTTP status of an engine's refusal: 403 not yours, 404 unknown, 409 not in this state, else 422.

    >>> status_of("order.unknown"), status_of("order.instrument_halted"), status_of("order.price_band")
    (404, 409, 422)
    """
    if code in _FORBIDDEN:
        return 403
    if code == RejectCode.INTERNAL_REFUSED:
        return 500
    if code in {RejectCode.IDEMPOTENCY_IN_FLIGHT, RejectCode.INTERNAL_QUARANTINED}:
        return 409
    if code.endswith(("unknown", "unknown_instrument")):
        return 404
    return 409 if code.endswith(_CONFLICT_ENDINGS) else 422


def title_of(code: str) -> str:
    """A code in words, for people.

    >>> title_of("hold.insufficient_available")
    'Hold: insufficient available'
    """
    noun, _, rest = code.partition(".")
    return f"{noun.replace('_', ' ').capitalize()}: {rest.replace('_', ' ')}"


def of_rejected(rejected: Rejected, outcome: Outcome) -> Problem:
    """The engine's refusal: journaled, so it has a place and a time."""
    extra: dict[str, Any] = {"sequence": outcome.sequence, "at_ns": outcome.at_ns}
    if rejected.rule is not None:
        extra["rule"] = show(rejected.rule)
    code = rejected.code.value
    return Problem(status_of(code), code, title_of(code), rejected.detail, extra=extra)


def of_fault(fault: NodeFault) -> Problem:
    """The node's: either the key was used for something else, or the world failed and the same request may be sent."""
    if fault.code in {RejectCode.IDEMPOTENCY_KEY_REUSED, RejectCode.IDEMPOTENCY_IN_FLIGHT}:
        return Problem(status_of(fault.code), str(fault.code), title_of(fault.code), fault.detail)
    return Problem(503, fault.code, _NODE_FAULTS.get(fault.code, title_of(fault.code)), fault.detail, retry_after_s=1)


def of_request(code: RequestCode, detail: str = "", retry_after_s: int = 0) -> Problem:
    """A refusal of a request that never became a command."""
    return Problem(code.status, code.value, code.sentence, detail, retry_after_s)


def of_error(error: Exception) -> Problem:
    """Any refusal that was raised; whatever else was raised is ours, and says nothing of itself."""
    match error:
        case RequestRefused(code=RequestCode() as code):
            return of_request(code, error.detail, error.retry_after_s)
        case RequestRefused(code=code):
            return Problem(status_of(code.value), code.value, title_of(code.value), error.detail)
        case EdgeRefused(code=EdgeCode() as known):
            detail = "" if error.detail == known.sentence else error.detail
            return Problem(known.status, known.value, known.sentence, detail, error.retry_after_s)
        case NodeFault():
            return of_fault(error)
        case _:
            return of_request(RequestCode.EDGE_FAILED)
