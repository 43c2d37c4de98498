"""`exchange do`: send any command of the exchange, and read what became of it."""

from __future__ import annotations

import asyncio
import inspect
import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from api.client import Client
from exchange.cli.faults import asking
from exchange.cli.readable import as_lines, meant, near, shown
from exchange.cli.showing import Password, Url, User, asked_password, refuse

if TYPE_CHECKING:
    from api.rest.commands import Post

OWN_HELP = {"help_option_names": list[str]()}
"""`--help` is ours: with a command's name it tells of that command."""


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(name="do", short_help="Send any command, and read what became of it.", context_settings=OWN_HELP)(do)


def do(
    ctx: typer.Context,
    command: Annotated[str, typer.Argument(help="Its name: order.place. With --list, a part of names.")] = "",
    values: Annotated[
        list[str] | None, typer.Argument(metavar="FIELD=VALUE…", help="Its fields; lists and records as JSON.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="The whole body as JSON; - is standard input.")] = None,
    key: Annotated[str, typer.Option(help="Idempotency key: the same again is answered, not done, twice.")] = "",
    user: User = "operator",
    password: Password = "",
    url: Url = "http://127.0.0.1:8000",
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the commands.")] = False,
    helped: Annotated[bool, typer.Option("--help", help="Show a command's fields, or this.")] = False,
) -> None:
    """Send a command and wait until it is durable; ends with 1 and its code if it is refused.

    A field that is a list may be given several times. Whoever sends it needs the roles that the command asks for.

    Example: exchange do member.register name="Wu Capital" role=investor country=CN
    """
    if listed:
        typer.echo("\n".join(_listed(command)))
        return
    if not command:
        typer.echo(ctx.get_help())
        raise typer.Exit(0 if helped else 2)
    post = _post_of(command)
    if helped:
        typer.echo("\n".join(_told(post)))
        return
    if file is not None and values:
        raise typer.BadParameter("expected --file or fields, not both")
    raw = _read(file, post) if file is not None else _body(post, values or [])
    secret = asked_password(password)
    with asking(url):
        answer = asyncio.run(_send(url, (user, secret), post.path, raw, key or secrets.token_urlsafe(16)))
    typer.echo(json.dumps(answer, ensure_ascii=False) if as_json else "\n".join(_answered(answer)))


async def _send(url: str, login: tuple[str, str], path: str, raw: bytes, key: str) -> dict[str, Any]:
    """Log in, send, log out.

    Raises: Problem, OSError.
    """
    async with Client(url) as client:
        await client.login(*login)
        answer: dict[str, Any] = await client.post(path, msgspec.Raw(raw), key) or {}
        await client.logout()
        return answer


def _post_of(name: str) -> Post:
    """Where a command is posted.

    Raises: typer.Exit with the names it may have been.
    """
    from api.rest.commands import POSTS
    from exchange.node.lanes import routed

    posts = {post.command.__struct_config__.tag: post for post in POSTS}
    if name not in posts:
        if name in {kind.__struct_config__.tag for kind in routed()}:
            refuse(f"command.not_sent: {name} is the exchange's own, or has a door of its own")
        refuse(f"command.unknown: {meant(name, map(str, posts))}")
    return posts[name]


def _body(post: Post, values: list[str]) -> bytes:
    """The body out of fields as they were written.

    Raises: typer.Exit for a field the command has not.
    """
    from exchange.cli.schema_fields import fields_of, value_of

    known = {field.name: field for field in fields_of(post.command)}
    body: dict[str, Any] = {}
    for written in values:
        name, equals, text = written.partition("=")
        if not equals:
            raise typer.BadParameter(f"{written[:100]!r}: expected FIELD=VALUE")
        if name not in known:
            found = near(name, known) or list(known)
            refuse(f"request.unknown_field: {name[:100]!r}; fields like it: {', '.join(found)}")
        value = value_of(known[name], text)
        if name in body and isinstance(value, list) and isinstance(body[name], list):
            body[name] += value
        elif name in body:
            raise typer.BadParameter(f"{name}: given twice, and it is no list")
        else:
            body[name] = value
    try:
        return json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise typer.BadParameter("a field is not UTF-8") from None


def _read(file: Path, post: Post) -> bytes:
    """A file's bytes, as they are: whether they are a command is for the exchange to say.

    Raises: OSError; typer.Exit if it is longer than any body may be.
    """
    from api.rest.commands import LARGE

    limit = max(post.max_bytes, LARGE)
    if str(file) == "-":
        raw = sys.stdin.buffer.read(limit + 1)
    else:
        with file.open("rb") as opened:
            raw = opened.read(limit + 1)
    if len(raw) > limit:
        refuse(f"request.too_large: at most {limit} bytes")
    return raw.strip() or b"null"


def _answered(answer: dict[str, Any]) -> list[str]:
    """What became of a command: its place in the journal, then each event the sender may see."""
    events = answer.get("events", [])
    if "sequence" not in answer:
        return as_lines(answer) or ["done"]
    again = ", answered again: it was done before" if answer["repeated"] else ""
    lines = [f"row {answer['sequence']} of the journal, {shown('at_ns', answer['at_ns'])}{again}"]
    if events and events[0].get("type") == "approval.requested":
        lines.append("It waits for a second person: exchange do approval.grant")
    for event in events:
        lines += ["", shown("type", event.get("type", "event"))]
        lines += as_lines({name: value for name, value in event.items() if name != "type"}, "  ")
    return lines


def _listed(part: str) -> list[str]:
    """Every command whose name has this part, with its sentence."""
    from api.rest.commands import POSTS

    told = {str(post.command.__struct_config__.tag): _sentence(post) for post in POSTS}
    found = {name: text for name, text in sorted(told.items()) if part in name}
    if not found:
        refuse(f"command.unknown: no name has {part[:100]!r} in it")
    width = max(map(len, found))
    return [f"{name:<{width}}  {text}" for name, text in found.items()]


def _sentence(post: Post) -> str:
    return (inspect.getdoc(post.command) or "").partition("\n")[0]


def _told(post: Post) -> list[str]:
    """A command's text, who may send it, and its fields with their units."""
    from exchange.cli.schema_fields import all_fields
    from exchange.node.lanes import needs_four_eyes, roles_of

    name = str(post.command.__struct_config__.tag)
    roles = ", ".join(sorted(role.value for role in roles_of(post.command)))
    lines = [f"{name}: {inspect.getdoc(post.command) or ''}".rstrip(), "", f"Posted to {post.path} by: {roles}."]
    if needs_four_eyes(post.command):
        lines.append("It waits for a second person.")
    found = [(f"{'  ' * field.depth}{field.name}", field.told()) for field in all_fields(post.command)]
    width = max((len(label) for label, _ in found), default=0)
    lines += [
        "",
        "Fields:" if found else "It has no fields.",
        *(f"  {label:<{width}}  {text}" for label, text in found),
    ]
    needed = [field for field in all_fields(post.command) if field.required and not field.depth]
    lines += ["", f"Example: exchange do {' '.join([name, *(f'{field.name}=…' for field in needed)])}"]
    return lines
