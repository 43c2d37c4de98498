"""`exchange deal`: check a deal's file, run it over periods, tell it in words, hand it on as a program or to AbsBox.

`deal_stress` adds its commands under scenarios.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from exchange.cli import deal_pools, deal_reports, deal_stress
from exchange.cli.deal_files import AsJson, File, deal_of, fail, refuse, sound, text_of

if TYPE_CHECKING:
    from securitization.deal import Deal
    from securitization.explain import DealRun


class Tongue(StrEnum):
    """Languages a deal is told in."""

    ZH = "zh"
    EN = "en"


class Target(StrEnum):
    """What a deal is exported to."""

    PYTHON = "python"
    ABSBOX = "absbox"


Language = Annotated[Tongue, typer.Option("--language", help="zh or en.")]

group = typer.Typer(no_args_is_help=True)
deal_stress.register(group)
deal_pools.register(group)
deal_reports.register(group)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.add_typer(group, name="deal", short_help="Check, run, stress or show a securitization deal's file.")


@group.callback()
def deal() -> None:
    """Work with a deal as data, or report a served one; nothing is sent to an exchange.

    Example: exchange deal example nanshan_5 > deal.json && exchange deal check deal.json
    """


@group.command(short_help="Check a deal's file; each problem with its code and place.")
def check(file: File, as_json: AsJson = False) -> None:
    """Check a deal's file. Ends with 1 when there is a problem.

    Example: exchange deal check deal.json
    """
    from securitization.deal import Deal, deal_hash
    from securitization.deal_checks import check_deal
    from securitization.deal_problems import SENTENCES

    found = deal_of(file)
    problems = check_deal(found) if isinstance(found, Deal) else [found]
    if as_json:
        digest = deal_hash(found) if isinstance(found, Deal) else None
        told = [
            {"code": one.code, "path": one.path, "reason": one.reason, "meaning": SENTENCES[one.code]}
            for one in problems
        ]
        typer.echo(msgspec.json.encode({"sha256": digest, "problems": told}))
    elif isinstance(found, Deal) and not problems:
        typer.echo(f"{found.name}: no problem found, sha256 {deal_hash(found)}")
    else:
        for one in problems:
            typer.echo(f"{one.code} at {one.path}: {one.reason}")
    raise typer.Exit(1 if problems else 0)


@group.command(short_help="Run a deal over the pool's periods: every payment.")
def run(
    file: File,
    periods: Annotated[Path, typer.Option("--periods", help="The pool's periods, CSV.", exists=True, dir_okay=False)],
    as_json: AsJson = False,
    why: Annotated[str | None, typer.Option(help="Explain what one party gets in a period, as 4:senior.")] = None,
    language: Language = Tongue.EN,
) -> None:
    """Run a deal: period, item and amount in minor units, as the exported program prints them.

    Example: exchange deal run deal.json --periods periods.csv --why 4:senior --language zh
    """
    from securitization.deal_problems import Problem
    from securitization.evaluate import run_deal
    from securitization.periods import read_periods

    found = sound(file)
    pool = read_periods(found, text_of(periods))
    if isinstance(pool, Problem):
        refuse(pool)
    result = run_deal(found, pool)
    if isinstance(result, Problem):
        refuse(result)
    if why is not None:
        typer.echo(_explained(found, result, why, language), nl=False)
    elif as_json:
        typer.echo(msgspec.json.encode(msgspec.to_builtins(_named(result))))
    else:
        sys.stdout.write(_table(result))


@group.command(short_help="Tell a deal in words, Chinese or English.")
def show(file: File, language: Language = Tongue.EN) -> None:
    """Tell a deal in words.

    Example: exchange deal show deal.json --language zh
    """
    from securitization.render import tell_deal

    typer.echo(tell_deal(sound(file), language.value), nl=False)


@group.command(short_help="Export a deal as a Python program or AbsBox JSON.")
def export(file: File, to: Annotated[Target, typer.Option("--to", help="python or absbox.")]) -> None:
    """Print a deal as a plain Python program, or as AbsBox JSON.

    Example: exchange deal export deal.json --to python > deal.py && python deal.py periods.csv
    """
    from securitization.deal_problems import Problem
    from securitization.export_absbox import export_absbox
    from securitization.export_python import export_python

    found = sound(file)
    text = export_python(found) if to is Target.PYTHON else export_absbox(found)
    if isinstance(text, Problem):
        refuse(text)
    sys.stdout.write(text)


@group.command(short_help="Print an example deal, its periods or its pool.")
def example(
    name: Annotated[str, typer.Argument(help="nanshan_5, patent_licences_3y, royalty_three_strikes or two_classes.")],
    periods: Annotated[bool, typer.Option("--periods", help="Its periods instead.")] = False,
    pool: Annotated[bool, typer.Option("--pool", help="Its pool instead, where it has one.")] = False,
) -> None:
    """Print one of the example deals that come with the exchange.

    Example: exchange deal example nanshan_5 --pool > pool.json
    """
    from securitization.shipped import EXAMPLES, POOLS, example_deal_text, example_periods_text, example_pool_text

    if name not in EXAMPLES:
        fail(f"no example {name}: expected one of {', '.join(EXAMPLES)}")
    if pool and periods:
        fail("--periods or --pool, not both")
    if pool and name not in POOLS:
        fail(f"no pool for {name}: expected one of {', '.join(POOLS)}")
    found = example_pool_text if pool else example_periods_text if periods else example_deal_text
    sys.stdout.write(found(name))


@group.command(short_help="Print the JSON schema of a deal's file.")
def schema() -> None:
    """Print the JSON schema of a deal's file.

    Example: exchange deal schema > deal.schema.json
    """
    from securitization.deal import deal_schema

    typer.echo(msgspec.json.format(msgspec.json.encode(deal_schema()), indent=2))


def _table(result: DealRun) -> str:
    from securitization.explain import run_items

    lines = ["period,item,amount"]
    lines += [f"{number},{item},{amount}" for number, item, amount in run_items(result)]
    return "\n".join(lines) + "\n"


def _named(result: DealRun) -> object:
    from securitization.explain import named_run

    return named_run(result)


def _explained(deal: Deal, result: DealRun, why: str, language: Tongue) -> str:
    from securitization.render import tell_payment

    number, _, name = why.partition(":")
    if not number.isascii() or not number.isdigit() or not 1 <= int(number[:4]) <= len(result.periods):
        fail(f"--why: expected a period from 1 to {len(result.periods)} and a name, as 1:senior")
    period = result.periods[int(number) - 1]
    told = [tell_payment(deal, payment, language.value) for payment in period.payments if payment.to == name]
    if not told:
        known = sorted({payment.to for payment in period.payments})
        fail(f"--why: nothing is paid to {name!r} in period {number}; there is {', '.join(known)}")
    return "".join(told)
