"""`exchange deal investor-report` and `exchange deal why`: what holders of a served deal are told, and their parts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from exchange.cli.deal_files import fail, refuse, text_of
from exchange.cli.proofs import DatabaseUrl, DataDir, one_line_errors, where
from exchange.core.ids import KINDS, from_wire
from securitization.servicing_records import DutyState

if TYPE_CHECKING:
    from api.disclosure.outlook import Projection
    from exchange.core.messages import Event
    from exchange.store.queries.reader import Snapshot
    from securitization.disclosure import Report
    from securitization.servicing_records import Duty, Servicing

FORMATS = ("json", "csv", "html", "pdf")
SECONDS = 300.0
"""How long the reading may take: an operator waits longer than a browser."""

T = TypeVar("T")


def register(group: typer.Typer) -> None:
    """Add this module's commands to the group."""
    group.command("investor-report", short_help="Report one payment, or a year, of a served deal to its holders.")(
        report
    )
    group.command(short_help="Why an account got its part of a payment.")(why)


def report(
    servicing: Annotated[str, typer.Argument(metavar="SERVICING", help="The servicing: SV1-184.")],
    period: Annotated[int, typer.Option(help="The period whose payment is told, from 1.", min=0, max=480)] = 0,
    year: Annotated[int, typer.Option(help="Or the year of the payment dates.", min=0, max=2_200)] = 0,
    format_: Annotated[str, typer.Option("--format", help="json, csv, html or pdf.")] = "json",
    projection: Annotated[
        Path | None, typer.Option(help="A periods file as projected, CSV.", exists=True, dir_okay=False)
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only hold every figure against the journal.")] = False,
    output: Annotated[Path | None, typer.Option(help="A file; otherwise standard output.")] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Report what holders are told, by the chapters of SSE guideline no. 5; every figure with its source.

    It reads one moment of the database and may run beside a serving exchange. With --check it says how many figures the
    journal bears out, and whether this is the report that the issuer published; it ends with 1 if a figure is not borne
    out, or another report was published.

    Example: exchange deal investor-report SV1-184 --period 3 --format html --output period-3.html
    """
    if bool(period) == bool(year):
        fail("either --period or --year")
    if format_ not in FORMATS:
        fail(f"--format: expected one of {', '.join(FORMATS)}")
    servicing_id = _identifier("ServicingId", servicing, "SERVICING")

    def made(snapshot: Snapshot) -> tuple[Report, list[str], Duty | None]:
        from api.disclosure.checking import differences
        from api.disclosure.report import report_of
        from exchange.store.queries import journal
        from exchange.store.queries.deal_payments import published

        found = _served(snapshot, servicing_id, servicing)
        told = report_of(snapshot, found, period=period, year=year, projection=_projected(found, projection))

        def events(sequence: int) -> list[Event] | None:
            entry = journal.entry(snapshot, sequence)
            return None if entry is None else entry.events

        duty = published(snapshot, found, period) if period else None
        return told, differences(told, events) if check else [], duty

    found, wrong, duty = _asked(data_dir, database_url, made)
    if check:
        from securitization.disclosure import figures, report_hash

        for line in wrong:
            typer.echo(line, err=True)
        typer.echo(f"{len(figures(found))} figures, {len(wrong)} not as the journal says")
        another = duty is not None and projection is None and duty.report_sha256 != report_hash(found)
        if duty is not None and projection is None:
            late = " late" if duty.state is DutyState.DONE_LATE else ""
            typer.echo(f"published{late}: {'ANOTHER REPORT, ' if another else 'this report, '}{duty.report_sha256}")
        raise typer.Exit(1 if wrong or another else 0)
    body = _written(found, format_)
    if output is not None:
        output.write_bytes(body)
    else:
        sys.stdout.buffer.write(body)


def why(
    payment: Annotated[str, typer.Argument(metavar="PAYMENT", help="The payment: PM1-184.")],
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account that was paid: A1-12.")],
    language: Annotated[str, typer.Option(help="zh or en.")] = "en",
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Tell why an account got what it got of a payment: its part of each class, and the waterfall's reasons.

    Example: exchange deal why PM1-214 A1-77 --language zh
    """
    from exchange.core.ids import AccountId, DealPaymentId
    from exchange.store.queries.deal_payments import explanation

    if language not in ("en", "zh"):
        fail("--language: expected en or zh")
    payment_id = DealPaymentId(_identifier("DealPaymentId", payment, "PAYMENT"))
    account_id = AccountId(_identifier("AccountId", account, "ACCOUNT"))
    told = _asked(data_dir, database_url, lambda snapshot: explanation(snapshot, payment_id, account_id))
    if told is None:
        fail(f"{account} got nothing of {payment}")
    for part in told["parts"]:
        arithmetic = f"{part['pot_minor']} x {part['notes']} / {part['record_units']}"
        waits = ", which waits" if part["waits"] else ""
        head = f"{part['class']}, period {told['period']}: {part['amount_minor']}{waits} = {arithmetic}"
        typer.echo(f"{head}, by largest remainder (row {part['source']['sequence']} of the journal)")
        for one in part["payments"]:
            typer.echo(f"  {one['path']} {one['kind']} {one['amount_minor']}")
            for line in one[f"why_{language}"].splitlines():
                typer.echo(f"    {line}")


def _identifier(kind: str, text: str, name: str) -> int:
    try:
        return from_wire(KINDS[kind], text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=name) from None


def _asked(data_dir: Path | None, database_url: str | None, work: Callable[[Snapshot], T]) -> T:
    """Ask the database, at one sequence.

    Raises: typer.Exit with code 1.
    """
    from sqlalchemy import make_url

    from api.disclosure.facts import NoReport
    from exchange.node.ports import NodeFault
    from exchange.store.queries.reader import ReadFault, Reads
    from exchange.store.snapshot import database_path

    with one_line_errors():
        url = where(data_dir, database_url)[0]
        if make_url(url).get_backend_name() == "sqlite" and not database_path(url).is_file():
            raise NodeFault("store.missing", f"there is no database at {database_path(url)}")
        reads = Reads(url, readers=1, seconds=SECONDS)
        try:
            return reads.run(work)
        except ReadFault as fault:
            raise NodeFault(fault.code, str(fault)) from None
        except NoReport as refused:
            raise NodeFault(refused.code, str(refused)) from None
        finally:
            reads.close()


def _served(snapshot: Snapshot, servicing_id: int, name: str) -> Servicing:
    from exchange.core.rejections import RejectCode
    from exchange.node.ports import NodeFault
    from exchange.store.queries import records
    from securitization.servicing_records import Servicing

    found = records.one(snapshot, Servicing, (servicing_id,))
    if not isinstance(found, Servicing):
        raise NodeFault(RejectCode.SERVICING_UNKNOWN.value, name)
    return found


def _projected(servicing: Servicing, file: Path | None) -> Projection | None:
    from api.disclosure.outlook import read_projection
    from securitization.deal import Deal, read_deal
    from securitization.deal_problems import Problem

    deal = read_deal(servicing.deal_text)
    if file is None or not isinstance(deal, Deal):
        return None
    found = read_projection(deal, text_of(file))
    if isinstance(found, Problem):
        refuse(found, f"{file.name} ")
    return found


def _written(report_: Report, format_: str) -> bytes:
    from api.disclosure.flat import flat
    from api.disclosure.page import page
    from api.disclosure.printed import pdf
    from securitization.disclosure import report_text

    match format_:
        case "csv":
            return flat(report_).encode()
        case "html":
            return page(report_).encode()
        case "pdf":
            return pdf(report_)
        case _:
            return report_text(report_).encode()
