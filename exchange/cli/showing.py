"""`exchange show`: read any resource of the exchange, as a table or one record."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from urllib.parse import quote

import typer

from api.client import Client
from exchange.cli.faults import asking
from exchange.cli.readable import as_lines, as_table, meant

if TYPE_CHECKING:
    from api.rest.resources import Resource

PAGE = 500
MOST = 100_000

User = Annotated[str, typer.Option(help="Login name of who asks.")]
Password = Annotated[str, typer.Option(envvar="EXCHANGE_PASSWORD", help="Asked for if not given.")]
Url = Annotated[str, typer.Option(help="The running exchange.")]


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(short_help="Read any resource as a table.")(show)


def show(
    resource: Annotated[str, typer.Argument(help="What to read: lots. With --list, a part of names.")] = "",
    record: Annotated[
        list[str] | None, typer.Argument(metavar="ID…", help="One record; some have a key of two parts.")
    ] = None,
    filters: Annotated[
        list[str] | None, typer.Option("--filter", metavar="FIELD=VALUE", help="Those alone; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="At most so many records.")] = 20,
    chosen: Annotated[str, typer.Option("--fields", help="The columns, with commas between.")] = "",
    user: User = "operator",
    password: Password = "",
    url: Url = "http://127.0.0.1:8000",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the resources, with what each is filtered by.")] = False,
) -> None:
    """Read records as their reader may see them; what is public is read without a password.

    Each page is of one moment; many pages may be of several. Whoever may not see a record is told there is none.

    Example: exchange show patents --filter country=CN --limit 50
    """
    if listed:
        typer.echo("\n".join(_listed(resource)))
        return
    if not resource:
        raise typer.BadParameter("expected a RESOURCE; --list shows all")
    found = _resource_of(resource)
    path = _path(found, record or [])
    query = _filters(found, filters or [])
    if record and query:
        raise typer.BadParameter("--filter: one record is named already")
    login = None if found.public and not password else (user, asked_password(password))
    with asking(url):
        answer = asyncio.run(_read(url, login, path, query, None if record else limit))
    typer.echo(json.dumps(answer, ensure_ascii=False) if as_json else "\n".join(_told(found, answer, chosen)))


async def _read(
    url: str, login: tuple[str, str] | None, path: str, query: dict[str, str], limit: int | None
) -> dict[str, Any]:
    """One record, or pages until there are enough or no more.

    Raises: Problem, OSError.
    """
    async with Client(url) as client:
        if login is not None:
            await client.login(*login)
        try:
            if limit is None:
                one: dict[str, Any] = await client.get(path)
                return one
            items: list[Any] = []
            cursor: str | None = None
            while True:
                page = await client.get(path, **query, limit=min(PAGE, limit - len(items)), cursor=cursor)
                items += page["items"]
                cursor = page["next_cursor"]
                if cursor is None or len(items) >= limit:
                    return {"as_of_sequence": page["as_of_sequence"], "items": items, "more": cursor is not None}
        finally:
            if login is not None:
                await client.logout()


def asked_password(given: str) -> str:
    """The password, asked for if it was not given.

    Raises: typer.Abort where nobody answers.
    """
    return given or str(typer.prompt("Password", hide_input=True))


def refuse(text: str) -> NoReturn:
    """End with one line for whoever asked.

    Raises: typer.Exit with code 1.
    """
    typer.echo(f"exchange: {text}", err=True)
    raise typer.Exit(1)


def _resources() -> dict[str, Resource]:
    from api.rest.resources import RESOURCES

    return {resource.path.removeprefix("/v1/"): resource for resource in RESOURCES}


def _resource_of(name: str) -> Resource:
    known = _resources()
    if name not in known:
        refuse(f"resource.unknown: {meant(name, known)}")
    return known[name]


def _path(resource: Resource, record: list[str]) -> str:
    """Where the list or the record is read."""
    from exchange.store.queries.records import key_fields

    key = key_fields(resource.record)
    if record and (len(record) != len(key) or not all(record)):
        raise typer.BadParameter(f"a record of {resource.path.removeprefix('/v1/')} is named by {' '.join(key)}")
    return "/".join((resource.path, *(quote(part, safe="") for part in record)))


def _filters(resource: Resource, written: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in written:
        name, equals, value = one.partition("=")
        if not equals:
            raise typer.BadParameter(f"--filter {one[:100]!r}: expected FIELD=VALUE")
        if name not in resource.filters:
            refuse(f"request.parameter: {name[:100]!r}: filters are {', '.join(resource.filters) or 'none here'}")
        if name in found:
            raise typer.BadParameter(f"--filter {name}: given twice")
        found[name] = value
    return found


def _told(resource: Resource, answer: dict[str, Any], chosen: str) -> list[str]:
    from exchange.store.queries.records import key_fields

    if "item" in answer:
        item = answer["item"]
        only = _columns(chosen, [item])
        return as_lines({name: item.get(name) for name in only} if only else item)
    items = answer["items"]
    as_of = f"as of row {answer['as_of_sequence']}"
    if not items:
        return [f"none, {as_of}"]
    first = (*key_fields(resource.record), *resource.filters)
    more = ", and there are more: --limit" if answer["more"] else ""
    return [*as_table(items, first, _columns(chosen, items)), f"{len(items)} of them{more}, {as_of}"]


def _columns(chosen: str, items: list[dict[str, Any]]) -> list[str]:
    """The columns asked for.

    Raises: typer.Exit for one that no record has.
    """
    only = [name.strip() for name in chosen.split(",") if name.strip()]
    known = dict.fromkeys(name for item in items for name in item)
    for name in only:
        if name not in known:
            refuse(f"request.parameter: --fields {name[:100]!r}: there are {', '.join(known)}")
    return only


def _listed(part: str) -> list[str]:
    found = {name: one for name, one in sorted(_resources().items()) if part in name}
    if not found:
        refuse(f"resource.unknown: no name has {part[:100]!r} in it")
    width = max(map(len, found))
    lines: list[str] = []
    for name, one in found.items():
        sentence = (one.record.__doc__ or "").partition("\n")[0]
        lines.append(f"{name:<{width}}  {sentence}" + (f" Filters: {', '.join(one.filters)}." if one.filters else ""))
    return lines
