"""Who asks: from the bearer token to the principal, by the token's cache and the committed directory."""

from __future__ import annotations

from api.auth.codes import EdgeCode, EdgeRefused
from api.directory import Principal
from api.problems import RequestCode, RequestRefused
from api.services import Services
from exchange.core.rejections import RejectCode

MAX_KEY = 128


def authenticate(services: Services, authorization: bytes) -> Principal:
    """The principal an Authorization header stands for.

    Refused: auth.required, the codes of AccessTokens.verify, user.suspended.
    """
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"bearer" or not token:
        raise EdgeRefused(EdgeCode.AUTH_REQUIRED)
    claims = services.edge.tokens.verify(token.strip().decode("latin-1"))
    return services.directory.principal(claims.user_id, claims.session_id)


def require_staff(principal: Principal) -> None:
    """Refused: role.not_allowed, unless an operator or a regulator asks."""
    if not principal.staff:
        raise RequestRefused(RejectCode.ROLE_NOT_ALLOWED, "operator, regulator")


def require_operator(principal: Principal) -> None:
    """Refused: role.not_allowed, unless an operator asks."""
    if not principal.operator:
        raise RequestRefused(RejectCode.ROLE_NOT_ALLOWED, "operator")


def idempotency_key(raw: bytes | None) -> str:
    """The sender's key, or empty.

    Refused: request.idempotency_key. Source: draft-ietf-httpapi-idempotency-key-header; quotes are optional here.
    """
    if raw is None:
        return ""
    if len(raw) >= 2 and raw[:1] == raw[-1:] == b'"':
        raw = raw[1:-1]
    if not 1 <= len(raw) <= MAX_KEY or not all(0x21 <= byte <= 0x7E for byte in raw):
        raise RequestRefused(RequestCode.KEY_INVALID)
    return raw.decode("ascii")
