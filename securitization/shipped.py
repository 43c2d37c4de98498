"""The example deals that come with the code, each with periods to run it over.

They are constant data of the installed package, read through `importlib.resources`; only the shell calls it.
"""

from __future__ import annotations

from importlib.resources import files

EXAMPLES = ("nanshan_5", "patent_licences_3y", "royalty_three_strikes", "two_classes")
POOLS = ("nanshan_5", "patent_licences_3y")
"""Those whose pool comes along, to be projected."""


def example_deal_text(name: str) -> str:
    """The canonical text of an example deal."""
    return _read(f"{name}.json")


def example_periods_text(name: str) -> str:
    """The periods file of an example deal."""
    return _read(f"{name}.periods.csv")


def example_pool_text(name: str) -> str:
    """The canonical text of an example deal's pool."""
    return _read(f"{name}.pool.json")


def _read(name: str) -> str:
    """Read one file.

    Raises: FileNotFoundError if no such example is shipped.
    """
    return (files("securitization") / "examples" / name).read_text(encoding="utf-8")
