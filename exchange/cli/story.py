"""`exchange story`: the first complete trip on real patents; with --serve the exchange it made goes on serving."""

from __future__ import annotations

import asyncio
import json
import signal
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from exchange.story.stage import Stage

FOLDER = Path("var/story")
SHOWN = ("operator", "investor1", "institution1", "regulator")


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(short_help="Play a whole simulated market on real patents.")(story)


def story(
    once: Annotated[bool, typer.Option("--once", help="Tell it and end (the default).")] = False,
    serve: Annotated[bool, typer.Option("--serve", help="Go on serving afterwards.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object of counts and nothing else.")] = False,
    port: Annotated[int | None, typer.Option(help="Port to serve on (EXCHANGE_PORT, 8000).")] = None,
    data_dir: Annotated[
        Path, typer.Option(help="Folder for the story's data; an earlier story there is removed.")
    ] = Path("var/story"),
) -> None:
    """Tell the whole story on real patents, every party of it simulated, and prove the journal at its end.

    With --serve it prints an address and logins afterwards, and goes on until Ctrl-C.

    Example: exchange story --serve
    """
    import uvloop

    from api.client import Problem, Refused
    from exchange.bootstrap import Settings, StartRefused
    from exchange.logs import configure_logs
    from exchange.story.stage import StoryBroken
    from exchange.story.telling import tell

    given: dict[str, Any] = {"data_dir": data_dir} | ({"port": port} if port is not None else {})
    settings = Settings.model_validate({**Settings().model_dump(), **given})
    configure_logs("error")

    async def afterwards(stage: Stage, counted: dict[str, Any]) -> None:
        if as_json:
            typer.echo(json.dumps(counted))
        else:
            _summary(stage, counted, settings.data_dir, serving=serve and not once)
        if serve and not once:
            await _until_signalled()

    try:
        uvloop.run(tell(settings, quiet=as_json, afterwards=afterwards))
    except (StoryBroken, StartRefused, Problem, Refused) as broken:
        typer.echo(f"exchange: {broken}", err=True)
        raise typer.Exit(1) from None


def _summary(stage: Stage, counted: dict[str, Any], data_dir: Path, *, serving: bool) -> None:
    """What happened, and where to look."""
    orders, patents, verified = counted["orders"], counted["patents"], counted["verify"]
    titles, returned = counted["titles"], counted["titles"]["returned"]
    lines = [
        "",
        f"  {patents['new']} real patents, {counted['institutions']} real applicants as simulated institutions, "
        f"{counted['outcomes_listed']} outcomes listed",
        f"  {titles['papers']} recorded papers: titles clear {titles['clear']}, unknown {titles['unknown']}, "
        f"defect {titles['defect']};",
        *textwrap.wrap(
            f"returned from listing: {returned['reason']}", 108, initial_indent=" " * 4, subsequent_indent=" " * 6
        ),
        f"  {orders['accepted']} orders from {orders['accounts']} accounts: {orders['traded']} traded, "
        f"{orders['cancelled_or_replaced']} cancelled or replaced,",
        f"    {orders['part_filled_at_two_prices']} filled in part at two prices or more",
        f"  opened by call auction: {counted['openings']['instruments']} books at one price each for "
        f"{counted['openings']['lots']} lots; then {orders['iceberg_slices']} slices of icebergs",
        f"    and {orders['stops_triggered']} stops set free",
        f"  whole patents by agreement: {counted['deals']['recorded']} recorded, {counted['deals']['refused']} refused",
        f"  pilot {counted['pilot']['pilot_id']}: {counted['pilot']['inventors']} inventors have their share",
        f"  product {counted['product']['product_id']}: {counted['product']['holders_paid']} holders paid, "
        "issuer and arranger rewarded",
        f"  programme {counted['reform']['reform_id']}: {counted['reform']['co_owners']} co-owners of a patent, "
        f"one use right; pledge {counted['burdens']['pledge']['encumbrance_id']} and a court's order came and went",
        f"  licences {counted['licences']['exclusive']['licence_id']} and {counted['licences']['open']['taken']}; "
        f"income: of net {counted['income']['net_minor']:,} "
        f"the finishers got {counted['income']['contributors_minor']:,}",
        f"  refused, by code: {', '.join(f'{code} {count}' for code, count in counted['refusals'].items())}",
        f"  verify --replay: clean, {verified['journal_rows']} journal rows, {verified['decided']} decided again",
        "",
    ]
    if serving:
        lines += [
            f"  Open {stage.base_url}/ for the market, {stage.base_url}/institution for an institution's patents,",
            f"  {stage.base_url}/openapi.json for the API. Everything here is simulated; the book trades in XTS,",
            "  a test currency. Log in as",
            "",
            *(f"    {name:<14} {stage.passwords[name]}" for name in SHOWN),
            "",
            f"  The data are in {data_dir}. Stop with Ctrl-C.",
        ]
    typer.echo("\n".join(lines))


async def _until_signalled() -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()
