"""What the world did to a command, in one line; whatever is not the world's doing is ours, and keeps its traceback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import msgspec
import typer
from pydantic import ValidationError

from api.auth.codes import EdgeRefused
from api.client import Problem
from exchange.node.ports import NodeFault


def described(error: BaseException) -> str:
    """The line for whoever started a command; empty for an error of ours.

    >>> described(FileNotFoundError(2, "No such file or directory", "/nowhere"))
    "[Errno 2] No such file or directory: '/nowhere'"
    """
    match error:
        case NodeFault():
            return f"{error.code}: {error.detail}"
        case ValidationError():
            first = error.errors()[0]
            return f"EXCHANGE_{'_'.join(str(part) for part in first['loc']).upper()}: {first['msg']}"
        case TimeoutError():
            return str(error) or "no answer in time"
        case OSError():
            return str(error)
        case _:
            return ""


@contextlib.contextmanager
def asking(url: str) -> Iterator[None]:
    """Ask a running exchange; its refusal, or its silence, ends the command with one line.

    Raises: typer.Exit with code 1.
    """
    try:
        yield
    except Problem as problem:
        said = problem.body.get("detail") or problem.body.get("title", "")
        line = f"{problem.code or problem.status}: {said}".rstrip(": ")
    except EdgeRefused as refused:
        line = f"{refused.code.value}: {refused.detail}"
    except (OSError, asyncio.IncompleteReadError) as error:
        line = f"no answer from {url}: {described(error) or 'the connection was closed'}"
    except (ValueError, msgspec.MsgspecError) as error:
        line = f"{url} is not an exchange: {str(error).splitlines()[0]}"
    else:
        return
    typer.echo(f"exchange: {line}", err=True)
    raise typer.Exit(1)
