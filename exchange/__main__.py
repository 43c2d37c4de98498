"""The command line: `exchange`, also `python -m exchange`. Errors are one line; each command shows an example.

Commands of their own modules (story, verify, backup, …) register themselves when their module is installed.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

app = typer.Typer(
    name="exchange",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

MODULES = (
    "exchange.cli.sending",
    "exchange.cli.showing",
    "exchange.cli.members",
    "exchange.cli.imports",
    "exchange.cli.conveyances",
    "exchange.cli.reconciling",
    "exchange.cli.mirroring",
    "exchange.cli.proofs",
    "exchange.cli.witness",
    "exchange.cli.surveillance",
    "exchange.cli.reports",
    "exchange.cli.statements",
    "exchange.cli.packs",
    "exchange.cli.certificates",
    "exchange.cli.deals",
    "exchange.cli.distributions",
    "exchange.cli.rewards",
    "exchange.cli.story",
    "exchange.cli.bench",
    "exchange.cli.replay",
)
"""Each has `register(app)`, which adds its commands."""


@app.callback()
def exchange() -> None:
    """An exchange for intellectual-property and research-outcome rights.

    To look round: exchange story --serve, a whole market of simulated parties over real patents.

    To begin: exchange serve, which prints the first operator's password; then create-member and import-patents.

    Every command explains itself: exchange COMMAND --help. Settings come from the environment, as EXCHANGE_<NAME>.
    """


@app.command(short_help="Serve the exchange; on an empty folder, found it first.")
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (EXCHANGE_HOST, 127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (EXCHANGE_PORT, 8000).")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of all data (EXCHANGE_DATA_DIR, ./var).")] = None,
    accept_head: Annotated[
        bool | None, typer.Option("--accept-head", help="Go on from an older backup; what came after it is lost.")
    ] = None,
) -> None:
    """Serve the exchange until Ctrl-C; on an empty folder, found it first and print the first operator's password.

    Example: exchange serve --port 8000 --data-dir ./var
    """
    import uvloop

    from exchange.bootstrap import Settings, StartRefused
    from exchange.bootstrap import serve as run
    from exchange.logs import configure_logs

    given: dict[str, Any] = {"host": host, "port": port, "data_dir": data_dir, "accept_head": accept_head}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    configure_logs(settings.log_level)
    try:
        uvloop.run(run(settings, tell=lambda text: print(text, flush=True)))
    except StartRefused as refusal:
        fail(str(refusal))


def fail(text: str) -> NoReturn:
    """End with one line for whoever started this.

    Raises: typer.Exit with code 1.
    """
    typer.echo(f"exchange: {text}", err=True)
    raise typer.Exit(1)


def main() -> None:
    """Run the command line."""
    for name in MODULES:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not name.startswith(error.name):
                raise
            continue
        module.register(app)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from exchange.cli.faults import described

        line = described(error)
        if not line:
            raise
        sys.exit(f"exchange: {line}")


if __name__ == "__main__":
    main()
