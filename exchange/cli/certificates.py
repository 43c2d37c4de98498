"""`exchange certificate`: take a holder's certificate of title from a running exchange."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlencode

import typer

from exchange.cli.faults import asking
from exchange.cli.packs import take


class Form(StrEnum):
    """What a certificate may be taken as."""

    PDF = "pdf"
    HTML = "html"
    JSON = "json"
    BUNDLE = "bundle"


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(short_help="Take a holder's certificate of title.")(certificate)


def certificate(
    asset: Annotated[str, typer.Argument(help="The right or share, as S1-392.")],
    account: Annotated[str, typer.Option(help="The account that holds it, as A1-12.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")],
    form: Annotated[
        Form, typer.Option("--form", help="pdf and html to read; json is what proves it; bundle: a zip of all.")
    ] = Form.PDF,
    user: Annotated[str, typer.Option(help="Login name of who may view the account, or of an operator.")] = "operator",
    password: Annotated[
        str, typer.Option(envvar="EXCHANGE_PASSWORD", prompt=True, hide_input=True, help="Asked for if not given.")
    ] = "",
    url: Annotated[str, typer.Option(help="The running exchange.")] = "http://127.0.0.1:8000",
) -> None:
    """Take the certificate of what an account holds, at the newest signed head with holdings.

    The PDF is for reading. JSON and bundle are checked offline: python verifier.py FILE KEY.

    Example: exchange certificate S1-392 --account A1-197-1 --out title.pdf --user tsinghua
    """
    path = f"/v1/certificates/{quote(asset, safe='')}?{urlencode({'account_id': account, 'form': form.value})}"
    with asking(url):
        taken = asyncio.run(take(url, user, password, path))
    out.write_bytes(taken)
    typer.echo(f"{out}: {len(taken):,} bytes")
