"""A certificate as a page to read and to print. Text of every script is set by the reader's own fonts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

from exchange.core import wire

NS = 1_000_000_000
SHOWN = 240
"""Letters of an event's fields that are shown."""


def page(certificate: dict[str, Any]) -> str:
    """The certificate as one HTML file without scripts, pictures or anything from elsewhere."""
    return _template().render(told=certificate, told_keys=[key["public_key"] for key in certificate["keys"]])


def moment(at_ns: int) -> str:
    """A time for a person, in UTC."""
    return datetime.fromtimestamp(at_ns // NS, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def grouped(number: int) -> str:
    """A number with its thousands apart."""
    return f"{number:,}"


def patent_of(subject: dict[str, Any]) -> str:
    """A patent's country and number; the country is not said twice.

    >>> patent_of({"country": "US", "number": "US11803561B1"}), patent_of({"country": "CN", "number": "107000005"})
    ('US11803561B1', 'CN 107000005')
    """
    country, number = subject["country"], subject["number"]
    return str(number) if number.startswith(country) else f"{country} {number}"


def event_of(told: dict[str, Any], certificate: dict[str, Any]) -> str:
    """An event's name, its sentence, and what it did to this holding; else the beginning of what it says."""
    event = dict(told["event"])
    name = event.pop("type", "")
    kind = wire.events().get(name)
    sentence = (kind.__doc__ or "").partition("\n")[0].replace("`", "") if kind is not None else ""
    account_id, asset_id = certificate["holder"]["account_id"], certificate["asset_id"]
    moved = [
        f"{one['units']:+,} units, {one['balance_after']:,} after it."
        for one in event.get("postings") or ()
        if (one.get("account_id"), one.get("asset_id")) == (account_id, asset_id)
    ]
    fields = json.dumps(event, ensure_ascii=False, sort_keys=True, default=str)
    shown = " ".join(moved) or (fields if len(fields) <= SHOWN else fields[:SHOWN] + "…")
    return f"{name}: {sentence} {shown}"


@lru_cache(1)
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"moment": moment, "grouped": grouped, "event_of": event_of, "patent_of": patent_of}
    return environment.get_template("certificate.html")
