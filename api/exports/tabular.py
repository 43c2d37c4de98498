"""A statement as a table: CSV for everybody, Parquet for programs. Each row says by `entry` what it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from api.exports.gathered import Counter, Line, Statement
from exchange.core.ids import KINDS, to_wire

NUMBERS = ("scale", "sequence", "at_ns", "units", "balance_after")
COLUMNS = (
    *("account_id", "asset_id", "kind", "code", "currency", "scale", "entry", "sequence", "at_ns", "at"),
    *("units", "balance_after", "event", "case", "what", "counter", "simulated"),
)
ROWS_A_CHUNK = 500
FORMULA = ("=", "+", "-", "@", "\t", "\r")
NS = 1_000_000_000


class NoParquet(Exception):  # noqa: N818 - it says what is missing here
    """The library for Parquet is not installed."""


def rows(told: Statement) -> Iterator[dict[str, Any]]:
    """Opening, movements, closing and what is held, asset by asset; units are the asset's smallest."""
    for section in told.sections:
        about = {
            "account_id": told.account_id,
            "asset_id": to_wire(KINDS["AssetId"], section.asset_id),
            "kind": section.kind,
            "code": section.code,
            "currency": section.currency,
            "scale": section.scale,
            "simulated": told.simulated,
        }
        yield {**about, **_plain("opening", section.opening_units)}
        for line in section.lines:
            yield {**about, **_movement(line)}
        yield {**about, **_plain("closing", section.closing_units)}
        if section.held_units is not None:
            yield {**about, **_plain("held", section.held_units)}


def amount(units: int, scale: int) -> str:
    """Units with their decimals, exactly.

    >>> amount(-1205, 2), amount(7, 0), amount(5, 2)
    ('-12.05', '7', '0.05')
    """
    if not scale:
        return str(units)
    whole, rest = divmod(abs(units), 10**scale)
    return f"{'-' if units < 0 else ''}{whole}.{rest:0{scale}d}"


def counter_text(counters: tuple[Counter, ...]) -> str:
    """What stood against a movement, in words a person reads."""
    return "; ".join(f"{one.code} {amount(one.units, one.scale)}" for one in counters)


def moment(at_ns: int) -> str:
    """A time after ISO 8601, to the microsecond, in UTC."""
    seconds, rest = divmod(at_ns, NS)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1_000).isoformat()


def csv_chunks(told: Statement) -> Iterator[bytes]:
    """The table as CSV (RFC 4180, UTF-8), in portions."""
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for place, row in enumerate(rows(told), 1):
        writer.writerow({name: _cell(row.get(name)) for name in COLUMNS})
        if place % ROWS_A_CHUNK == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def parquet(told: Statement) -> bytes:
    """The table as Parquet: integers stay integers, what a row does not have is null.

    Raises: NoParquet where pyarrow is not installed.
    """
    try:
        import pyarrow as arrow
        import pyarrow.parquet as file
    except ImportError:
        raise NoParquet from None
    about = {
        "statement": told.identifier,
        "from": told.first.isoformat(),
        "until": told.last.isoformat(),
        "as_of_sequence": str(told.as_of_sequence),
        "simulated": str(told.simulated).lower(),
    }
    kinds = {**dict.fromkeys(COLUMNS, arrow.string()), **dict.fromkeys(NUMBERS, arrow.int64())}
    kinds["simulated"] = arrow.bool_()
    schema = arrow.schema(list(kinds.items()), metadata=about)
    table = arrow.Table.from_pylist(list(rows(told)), schema=schema)
    sink = io.BytesIO()
    file.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _plain(entry: str, units: int) -> dict[str, Any]:
    return {"entry": entry, "balance_after" if entry != "held" else "units": units}


def _movement(line: Line) -> dict[str, Any]:
    return {
        "entry": "movement",
        "sequence": line.sequence,
        "at_ns": line.at_ns,
        "at": moment(line.at_ns),
        "units": line.units,
        "balance_after": line.balance_after,
        "event": line.event,
        "case": line.case,
        "what": line.what,
        "counter": counter_text(line.counters),
    }


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value
