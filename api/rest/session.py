"""Login, refresh, logout, stream tickets and passwords. None of this is journaled: it says who asks, not what."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from api.auth.codes import EdgeCode, EdgeRefused
from api.auth.signing_keys import Purpose
from api.auth.tokens import AccessClaims
from api.problems import RequestCode, RequestRefused
from api.rest.access import authenticate
from api.rest.answers import encode
from api.rest.bodies import decode_object, invalid, read_bytes, require_json
from api.services import Services
from exchange.core.ids import KINDS, UserId, from_wire, to_wire
from exchange.core.rejections import RejectCode
from exchange.core.wire_json import show

router = APIRouter(prefix="/v1", tags=["session"])
FORM = b"application/x-www-form-urlencoded"


class SetPassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give a user a password. An operator sets anybody's; a user sets its own and proves the present one."""

    user_id: str
    password: Annotated[str, msgspec.Meta(max_length=1_024)]
    present_password: Annotated[str, msgspec.Meta(max_length=1_024)] = ""


def services_of(request: Request) -> Services:
    """The application's services."""
    services: Services = request.app.state.services
    return services


def headers_of(request: Request) -> dict[bytes, bytes]:
    """A request's headers as they came."""
    return dict(request.scope["headers"])


def address_of(request: Request) -> str:
    """The client's address, for budgets."""
    return request.client.host if request.client else ""


@router.post("/oauth/token")
async def token(
    request: Request,
    grant_type: Annotated[str, Form(pattern="^(password|refresh_token)$")],
    username: Annotated[str, Form(max_length=256)] = "",
    password: Annotated[str, Form(max_length=1_024)] = "",
    refresh_token: Annotated[str, Form(max_length=256)] = "",
) -> Response:
    """Log in with a password, or go on with a refresh token (OAuth 2.0, RFC 6749 4.3 and 6)."""
    services = services_of(request)
    services.limits.charge_address(address_of(request))
    sessions = services.edge.sessions
    if grant_type == "refresh_token":
        grant = await sessions.refresh(refresh_token)
    else:
        grant = await sessions.login(username, password, address_of(request))
    try:
        services.directory.principal(services.edge.tokens.verify(grant.access_token).user_id)
    except (RequestRefused, EdgeRefused):
        await sessions.logout(services.edge.tokens.verify(grant.access_token).session_id)
        raise
    return Response(encode(grant), media_type="application/json", headers={"pragma": "no-cache"})


@router.post("/oauth/logout", status_code=204)
async def logout(request: Request) -> Response:
    """End this session: its refresh tokens, its tickets and its access tokens."""
    services = services_of(request)
    principal = authenticate(services, headers_of(request).get(b"authorization", b""))
    await services.edge.sessions.logout(principal.session_id)
    return Response(status_code=204)


@router.post("/stream/ticket", status_code=201)
async def stream_ticket(request: Request) -> Response:
    """A ticket for one stream, good once and for 30 seconds: the first message on the socket."""
    services = services_of(request)
    principal = authenticate(services, headers_of(request).get(b"authorization", b""))
    claims = AccessClaims(principal.user_id, principal.session_id, "", 0, "")
    return Response(encode(await services.edge.sessions.issue_ticket(claims)), 201, media_type="application/json")


@router.get("/me")
async def me(request: Request) -> Response:
    """Who I am here: user, member, accounts."""
    services = services_of(request)
    principal = authenticate(services, headers_of(request).get(b"authorization", b""))
    directory = services.directory
    return Response(
        encode(
            {
                "as_of_sequence": directory.sequence,
                "user": show(directory.users[principal.user_id]),
                "member": show(directory.members[principal.member_id]),
                "accounts": [
                    show(directory.accounts[account_id]) for account_id in directory.viewable_accounts(principal)
                ],
            }
        ),
        media_type="application/json",
    )


@router.get("/keys/exchange")
async def exchange_keys(request: Request) -> Response:
    """The exchange's own public keys with their times: whoever keeps a signed answer can check it for ever."""
    ring = services_of(request).edge.ring
    keys = [key for key in ring.public() if key["purpose"] in {purpose.value for purpose in Purpose}]
    return Response(encode({"keys": keys}), media_type="application/json")


@router.post("/users/password", status_code=204)
async def set_password(request: Request) -> Response:
    """Set a password, and end the sessions the old one opened."""
    services = services_of(request)
    headers = headers_of(request)
    principal = authenticate(services, headers.get(b"authorization", b""))
    require_json(headers)
    raw = await read_bytes(request.receive, headers, 4_096, services.settings.body_seconds)
    asked = decode_struct(SetPassword, raw)
    user_id = user_of(asked.user_id)
    user = services.directory.users.get(user_id)
    if user is None or not (principal.operator or user_id == principal.user_id):
        raise RequestRefused(RejectCode.USER_UNKNOWN)
    if user_id == principal.user_id:
        proved = await services.edge.passwords.check(user.user_name, asked.present_password, address_of(request))
        if proved != user_id:
            raise EdgeRefused(EdgeCode.AUTH_INVALID_CREDENTIALS)
    await services.edge.passwords.set(user_id, user.user_name, asked.password)
    await services.edge.sessions.revoke_user(user_id, "new password")
    return Response(status_code=204)


def user_of(text: str) -> UserId:
    """A user's identifier as clients write it.

    Refused: request.invalid.
    """
    try:
        return UserId(from_wire(KINDS["UserId"], text))
    except ValueError as error:
        raise RequestRefused(RequestCode.INVALID, f"{error} - at `$.user_id`") from None


def decode_struct(kind: type[SetPassword], raw: bytes) -> SetPassword:
    """A small body that is no command.

    Refused: as `command_of`.
    """
    try:
        return msgspec.convert(decode_object(raw), kind)
    except msgspec.ValidationError as error:
        raise invalid(error) from None


def subject(user_id: UserId) -> str:
    """A user's identifier as tokens carry it."""
    return to_wire(KINDS["UserId"], user_id)
