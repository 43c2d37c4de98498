"""`exchange distribution`: read a distribution's plan as a lawyer would check it, line by line."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from exchange.cli.proofs import DatabaseUrl, DataDir, one_line_errors, where
from exchange.core.ids import KINDS, DistributionId, from_wire

HELP = "Read distributions of income.\n\nExample: exchange distribution show DN1-204"
distribution = typer.Typer(help=HELP, short_help="Read distributions of income.", no_args_is_help=True)
MOST_LINES = 1_000_000


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.add_typer(distribution, name="distribution")


@distribution.command("show", short_help="Show a distribution's plan.")
def show_distribution(
    name: Annotated[str, typer.Argument(metavar="DISTRIBUTION", help="Its identifier: DN1-204.")],
    most: Annotated[int, typer.Option("--lines", min=0, max=MOST_LINES, help="At most so many lines.")] = 50,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with everything.")] = False,
) -> None:
    """Show what is distributed, by which rules, and what each payee gets: the plan that is approved by its hash.

    Nothing is written, and it may run beside a serving exchange.

    Example: exchange distribution show DN1-204 --lines 100 --data-dir ./var
    """
    from exchange.core.wire_json import show
    from exchange.node.ports import NodeFault
    from exchange.store.queries.distributions import distribution_of, lines_of
    from exchange.store.queries.reader import ReadFault, Reads, Snapshot

    try:
        distribution_id = DistributionId(from_wire(KINDS["DistributionId"], name))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="DISTRIBUTION") from None

    def work(snapshot: Snapshot) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
        found = distribution_of(snapshot, distribution_id)
        return None if found is None else (show(found), lines_of(snapshot, found, most).shown)

    with one_line_errors():
        url, _ = where(data_dir, database_url)
        reads = Reads(url, readers=1, seconds=60)
        try:
            answer = reads.run(work)
        except ReadFault as fault:
            raise NodeFault(fault.code, str(fault)) from None
        finally:
            reads.close()
        if answer is None:
            raise NodeFault("distribution.unknown", name)
    if as_json:
        typer.echo(json.dumps({**answer[0], "plan": answer[1]}, ensure_ascii=False))
        return
    typer.echo("\n".join(sheet(*answer)))


def sheet(found: dict[str, Any], lines: list[dict[str, Any]]) -> list[str]:
    """The plan as text. Amounts are minor units, as the ledger keeps them."""
    text = [
        f"{found['distribution_id']} of {found['income_id']}: {found['state']}",
        f"plan {found['plan_sha256']}",
        "",
        f"income {found['gross_minor']:>46,}",
        *(f"less {one['kind']:<20} {one['amount_minor']:>27,}" for one in found["deducted"]),
        f"net {found['net_minor']:>49,}",
        "",
    ]
    for pot in found["pots"]:
        rule = f", {pot['rule']['provision']}" if pot["rule"] else ""
        rate = f"{pot['rate_ppm'] / 10_000:g} % of {pot['base_minor']:,}: " if pot["rate_ppm"] else ""
        text.append(f"{pot['role']:<13} {pot['amount_minor']:>39,}  {rate}{pot['reason']}{rule}")
    text += ["", f"{found['lines']:,} lines pay {found['planned_minor']:,}, {found['withholding_minor']:,} withheld"]
    for line in lines:
        part = f"{line['weight']}/{line['of']} of {line['role']} {line['pot_minor']:,}"
        withheld = (
            f"  less {line['withholding_ppm'] / 10_000:g} % {line['withheld_minor']:,}"
            if line["withheld_minor"]
            else ""
        )
        mark = "  paid" if line["paid"] else ""
        text.append(f"  {line['account_id']:<16} {line['gross_minor']:>20,}  {part}{withheld}{mark}")
    if len(lines) < found["lines"]:
        text.append(f"  and {found['lines'] - len(lines):,} more (--lines)")
    return text
