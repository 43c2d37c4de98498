"""A certificate as a page to read and to print. Text of every script is set by the reader's own fonts.

A PDF would have to carry a font of 10 MB for Chinese, or lean on the reader's, as this page does without a library.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

NS = 1_000_000_000


def page(certificate: dict[str, Any]) -> str:
    """The certificate as one HTML file without scripts, pictures or anything from elsewhere."""
    return _template().render(told=certificate, told_keys=[key["public_key"] for key in certificate["keys"]])


def moment(at_ns: int) -> str:
    """A time for a person, in UTC."""
    return datetime.fromtimestamp(at_ns // NS, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def grouped(number: int) -> str:
    """A number with its thousands apart."""
    return f"{number:,}"


def event_of(told: dict[str, Any]) -> str:
    """An event's name and what it says, on one line."""
    event = dict(told["event"])
    name = event.pop("type", "")
    return f"{name} {json.dumps(event, ensure_ascii=False, sort_keys=True, default=str)[:400]}"


@lru_cache(1)
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"moment": moment, "grouped": grouped, "event_of": event_of}
    return environment.get_template("certificate.html")
