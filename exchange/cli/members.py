"""`exchange create-member`: admit a member with its first user, through a running exchange's own API."""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
import typer

from api.auth.passwords import login_name, new_password
from api.client import Problem
from api.client_http import Http, Response
from exchange.cli.faults import asking
from exchange.core.parties import MEMBER_ROLES, Role, Standing

VENUE = "M1-0"
MIN_LOGIN = 3
STAFF = frozenset({Role.OPERATOR, Role.REGULATOR})
ROLES = ", ".join(role.value for role in Role if role in MEMBER_ROLES | STAFF)
STANDINGS = ", ".join(Standing)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(name="create-member", short_help="Admit a member with its first user and account.")(create_member)


def create_member(
    name: Annotated[str, typer.Argument(help="The member's name; a regulator's or operator's own, for the venue.")],
    role: Annotated[Role, typer.Option(metavar="ROLE", help=f"What it may do here: {ROLES}.")] = Role.INVESTOR,
    country: Annotated[str, typer.Option(help="Where it is at home, in two letters.")] = "CN",
    user: Annotated[
        str, typer.Option("--user", "--user-name", help="Login name of its first user; made from the name if left out.")
    ] = "",
    standing: Annotated[
        list[Standing] | None,
        typer.Option(metavar="STANDING", help=f"What is on record of it: {STANDINGS}; may be repeated."),
    ] = None,
    password: Annotated[
        str, typer.Option(envvar="EXCHANGE_MEMBER_PASSWORD", help="The user's; made and printed if left out.")
    ] = "",
    operator: Annotated[str, typer.Option(help="Login name of the operator who asks.")] = "operator",
    operator_password: Annotated[
        str,
        typer.Option(envvar="EXCHANGE_OPERATOR_PASSWORD", prompt=True, hide_input=True, help="Asked for if not given."),
    ] = "",
    url: Annotated[str, typer.Option(help="The running exchange.")] = "http://127.0.0.1:8000",
) -> None:
    """Admit a member, open its account, and give its first user a login.

    Example: exchange create-member "Wu Capital" --role investor --country CN --standing invited
    """
    if role not in MEMBER_ROLES | STAFF:
        raise typer.BadParameter(f"{role.value} is nobody's role", param_hint="--role")
    login = user or login_of(name)
    made = password or secrets.token_urlsafe(15)
    work = create(url, (operator, operator_password), name, role, country, login, made, tuple(standing or ()))
    with asking(url):
        found = asyncio.run(work)
    for label, value in found.items():
        typer.echo(f"{label:<9} {value}")
    typer.echo(f"{'login':<9} {login}")
    if not password:
        typer.echo(f"{'password':<9} {made} (it is not shown again)")


async def create(
    url: str,
    operator: tuple[str, str],
    name: str,
    role: Role,
    country: str,
    login: str,
    password: str,
    standings: tuple[Standing, ...],
) -> dict[str, str]:
    """Log in, register member and user, set the password; answers what was made.

    What would stop the last step is asked before the first, so that no member is left without a user.
    Raises: Problem, EdgeRefused, OSError.
    """
    login = login_name(login)
    new_password(login, password)
    http = Http(url)
    try:
        form = urlencode({"grant_type": "password", "username": operator[0], "password": operator[1]}).encode()
        plain = {"content-type": "application/x-www-form-urlencoded"}
        grant = _taken(await http.request("POST", "/v1/oauth/token", form, plain)).json()
        post = _Poster(http, grant["access_token"])
        bearer = {"authorization": f"Bearer {grant['access_token']}"}
        query = urlencode({"user_name": login})
        if _taken(await http.request("GET", f"/v1/users?{query}", headers=bearer)).json()["items"]:
            raise Problem(409, {"code": "member.exists", "detail": f"{login!r} is a user here; choose another --user"})
        found: dict[str, str] = {}
        member_id = VENUE
        if role in MEMBER_ROLES:
            events = await post("/v1/members", {"name": name, "role": role, "country": country})
            member_id = found["member"] = events[0]["member"]["member_id"]
            found["account"] = events[1]["account"]["account_id"]
            if standings:
                await post("/v1/members/class", {"member_id": member_id, "standings": standings})
        asked: dict[str, Any] = {"member_id": member_id, "user_name": login}
        if role in STAFF:
            asked |= {"roles": [role], "rights": ["view"] if role is Role.REGULATOR else ["view", "approve"]}
        found["user"] = (await post("/v1/users", asked))[0]["user"]["user_id"]
        await post("/v1/users/password", {"user_id": found["user"], "password": password})
        return found
    finally:
        await http.close()


def login_of(name: str) -> str:
    """A login name out of a member's name.

    >>> login_of("Wu Capital (HK) Ltd.")
    'wu.capital.hk.ltd'
    >>> login_of("Wu")
    'wu.user'
    """
    login = re.sub(r"[^a-z0-9]+", ".", name.lower()).strip(".")[:64]
    return login if len(login) >= MIN_LOGIN else f"{login}.user".lstrip(".")


class _Poster:
    """Posts commands with a token."""

    def __init__(self, http: Http, token: str) -> None:
        self._http = http
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    async def __call__(self, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        """Post a command; its events."""
        headers = {**self._headers, "idempotency-key": secrets.token_urlsafe(16)}
        answer = _taken(await self._http.request("POST", path, msgspec.json.encode(body), headers))
        return list(answer.json()["events"]) if answer.body else []


def _taken(answer: Response) -> Response:
    if answer.status >= 400:
        raise Problem(answer.status, answer.json() or {})
    return answer
