"""Why the edge refused: stable codes for who is asking, each with its HTTP status and its sentence.

These refusals happen before a command exists. They are not journaled and not pinned to an idempotency key; the
engine's refusals are `exchange.core.rejections.RejectCode`, and the two never share a name.
"""

from __future__ import annotations

from enum import StrEnum


class EdgeCode(StrEnum):
    """A refusal's stable code, its HTTP status and its sentence. Never renamed or reused."""

    status: int
    sentence: str

    def __new__(cls, code: str, status: int, sentence: str) -> EdgeCode:
        """One member: its text is the code, the other two ride along."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.status = status
        member.sentence = sentence
        return member

    # Passwords and sessions
    AUTH_REQUIRED = "auth.required", 401, "This needs an access token."
    AUTH_INVALID_CREDENTIALS = "auth.invalid_credentials", 401, "The login name and password do not belong together."
    AUTH_TOO_MANY_ATTEMPTS = "auth.too_many_attempts", 429, "Too many failed logins; wait before trying again."
    AUTH_BUSY = "auth.busy", 503, "Too many logins are waiting; try again shortly."
    AUTH_UNAVAILABLE = "auth.unavailable", 503, "The store of credentials does not answer; try again shortly."
    AUTH_LOGIN_TAKEN = "auth.login_taken", 409, "Another user has this login name."
    AUTH_LOGIN_RULE = "auth.login_rule", 422, "The login name breaks a rule."
    AUTH_PASSWORD_RULE = "auth.password_rule", 422, "The new password breaks a rule."
    AUTH_REFRESH_INVALID = "auth.refresh_invalid", 401, "This refresh token is not known."
    AUTH_REFRESH_EXPIRED = "auth.refresh_expired", 401, "The session has ended; log in again."
    AUTH_REFRESH_REUSED = "auth.refresh_reused", 401, "A refresh token was used twice, so its session was revoked."
    AUTH_SESSION_REVOKED = "auth.session_revoked", 401, "The session was revoked; log in again."
    AUTH_TICKET_INVALID = "auth.ticket_invalid", 401, "The stream ticket is not known, was used or has expired."
    AUTH_TOO_MANY_TICKETS = "auth.too_many_tickets", 429, "Too many stream tickets of this session wait to be used."

    # Access tokens
    TOKEN_MALFORMED = "token.malformed", 401, "The access token is not in the one accepted form."
    TOKEN_TOO_LARGE = "token.too_large", 401, "The access token is longer than 4 KiB."
    TOKEN_HEADER = "token.header", 401, "The token's header must hold alg, kid and typ, and nothing else."
    TOKEN_ALGORITHM = "token.algorithm", 401, "The token must be signed with ES256."
    TOKEN_TYPE = "token.type", 401, "The token must be an access token (typ at+jwt)."
    TOKEN_KEY_UNKNOWN = "token.key_unknown", 401, "The token names no signing key in force."
    TOKEN_SIGNATURE = "token.signature", 401, "The token's signature does not verify."
    TOKEN_CLAIMS = "token.claims", 401, "A claim is missing, unknown or of the wrong type."
    TOKEN_ISSUER = "token.issuer", 401, "The token was issued by somebody else."
    TOKEN_AUDIENCE = "token.audience", 401, "The token was issued for somebody else."
    TOKEN_NOT_YET_VALID = "token.not_yet_valid", 401, "The token comes from the future."
    TOKEN_EXPIRED = "token.expired", 401, "The access token has expired; refresh it."

    # Signed requests
    SIGNATURE_MISSING = "signature.missing", 401, "The request carries no Signature-Input and Signature."
    SIGNATURE_MALFORMED = "signature.malformed", 401, "The request is not in the one accepted signed form."
    SIGNATURE_COMPONENTS = "signature.components", 401, "The signature does not cover exactly what it must."
    SIGNATURE_PARAMETERS = "signature.parameters", 401, "A signature parameter is missing, unknown or doubled."
    SIGNATURE_TAG = "signature.tag", 401, "The signature was made for another purpose."
    SIGNATURE_ALGORITHM = "signature.algorithm", 401, "Only Ed25519 signatures are accepted now."
    SIGNATURE_AUTHORITY = "signature.authority", 401, "The request was signed for another exchange."
    SIGNATURE_CREATED_IN_FUTURE = "signature.created_in_future", 401, "The signature comes from the future."
    SIGNATURE_LIFETIME = "signature.lifetime", 401, "A signature lives at least 1 and at most 30 seconds."
    SIGNATURE_EXPIRED = "signature.expired", 401, "The signature has expired."
    SIGNATURE_KEY_UNKNOWN = "signature.key_unknown", 401, "The signature names no key in force."
    SIGNATURE_DIGEST = "signature.digest", 401, "The body is not the one that was signed."
    SIGNATURE_INVALID = "signature.invalid", 401, "The signature does not verify."
    SIGNATURE_REPLAYED = "signature.replayed", 401, "This nonce of this key was used before."
    SIGNATURE_BUSY = "signature.busy", 503, "Too many signed requests are waiting; try again shortly."


class EdgeRefused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """The edge answers no. The code is for machines, the detail for people; neither ever holds a secret."""

    def __init__(self, code: EdgeCode, detail: str = "", *, retry_after_s: int = 0) -> None:
        super().__init__(f"{code.value}: {detail or code.sentence}")
        self.code = code
        self.detail = detail or code.sentence
        self.retry_after_s = retry_after_s
        """When above zero, the answer carries `Retry-After` with it."""
