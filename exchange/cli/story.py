"""`exchange story`: the first complete trip on real patents; with --serve the exchange it made goes on serving."""

from __future__ import annotations

import asyncio
import json
import signal
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
    """The figures as a table, what was refused, the proof; and where to look."""
    from exchange.story.proofs import WITNESS
    from exchange.story.telling import wrapped

    rows = table(counted)
    wide = max(len(name) for name, _ in rows)
    refused = ", ".join(f"{code}\u00a0{count}" for code, count in counted["refusals"].items())
    verified = counted["verify"]
    lines = ["", "IN FIGURES", *(f"  {name:<{wide}}  {figures}" for name, figures in rows), ""]
    lines += wrapped(f"Refused on the way, by code: {refused}")
    lines += [
        "",
        f"  The journal is proved (verify --replay): clean, {verified['journal_rows']:,} rows, "
        f"{verified['decided']:,} decided again.",
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
            f"  The data are in {data_dir}. To go on where the witness of the story left off:",
            f"  exchange witness {stage.base_url} --keep {stage.folder / WITNESS}",
            "",
            "  Stop with Ctrl-C.",
        ]
    typer.echo("\n".join(lines))


def table(counted: dict[str, Any]) -> list[tuple[str, str]]:
    """The story's figures, a row for each thing a newcomer may look for."""
    from exchange.story.stage import money

    orders, opened, titles, block = (counted[name] for name in ("orders", "openings", "titles", "block"))
    pilot, reform, income, company = (counted[name] for name in ("pilot", "reform", "income", "company"))
    listed, pack, refusal, signed = (
        counted[name] for name in ("listed_price", "pack", "first_refusal", "two_signatures")
    )
    pledge, order = counted["burdens"]["pledge"], counted["burdens"]["preservation"]
    compared, product, witness = (counted[name] for name in ("reconciliation", "product", "witness"))
    issued, sold, paid = (counted[name] for name in ("notes_issued", "notes_sold_on", "notes_paid"))
    rewards = counted["rewards"]["paid_minor"]
    return [
        ("patents", f"{counted['patents']['new']:,} real ones, {counted['institutions']} simulated institutions"),
        ("titles", f"{titles['clear']} clear, {titles['unknown']} unknown, {titles['defect']} defective"),
        ("books", f"{opened['instruments']} opened by call auction for {opened['lots']:,} lots"),
        ("orders", f"{orders['accepted']:,} from {orders['accounts']} accounts, {orders['traded']:,} traded"),
        ("block", f"{block['allocation_id']}: {sum(block['lots'].values())} lots shared by {len(block['lots'])} funds"),
        ("pilot", f"{pilot['pilot_id']}: {pilot['inventors']} inventors have their share"),
        ("programme", f"{reform['reform_id']}: {reform['co_owners']} co-owners of a patent"),
        ("income", f"{income['distribution_id']}: {money(income['contributors_minor'])} to finishers"),
        ("company", f"{company['company_id']}: {company['members']} members, {money(company['capital_minor'])}"),
        ("reconciliation", f"{compared['reconciliation_id']}: one of {compared['lines']} lines, {compared['status']}"),
        ("agreements", f"{counted['deals']['recorded']} recorded, {counted['deals']['refused']} refused"),
        ("listed price", f"{listed['deal_id']} {listed['state']}, its pack {pack['state']}"),
        ("first refusal", f"{refusal['deal_id']} {refusal['state']}, by a co-owner before a stranger"),
        ("two signatures", f"{signed['deal_id']}, its date corrected to {counted['dates']['right']}"),
        ("pledge", f"{pledge['encumbrance_id']}: {pledge['released']}"),
        ("court's order", f"{order['encumbrance_id']}: {order['ended']}"),
        ("licences", f"{counted['licences']['exclusive']['licence_id']} and {counted['licences']['open']['taken']}"),
        ("product", f"{product['product_id']}: {product['holders_paid']} holders paid"),
        ("pool", f"{counted['pool']['pool_id']}: {counted['pool']['loans']} loans on pledged patents"),
        ("notes", f"{issued['issue_id']}: {money(issued['raised_minor'])} raised, {issued['rate_ppm'] / 10_000:.2f} %"),
        ("notes sold on", f"{sold['deal_id']}: {sold['notes']:,} notes, {sold['state']}"),
        ("first payment", f"{paid['payment_id']}: {money(paid['paid_minor']['senior'])} to the senior notes"),
        ("rewards", f"{money(sum(rewards.values()))} to {len(rewards)} parties of the notes, by two programmes"),
        ("witness", f"{witness['heads']} signed heads, the newest over {witness['rows']:,} rows"),
    ]


async def _until_signalled() -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()
