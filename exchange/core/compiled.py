"""Compiled twins: where they were built they stand in for the readable halves, which do the same.

Decided once, when a module with a twin is imported. `scripts/pure.py` runs a command as if none had been built.
"""

from __future__ import annotations

import importlib
from typing import Any


def twins(module: str, *readable: Any) -> tuple[Any, ...]:
    """The members of a compiled module that are named like these readable ones; without it, these themselves."""
    try:
        compiled = importlib.import_module(module)
    except ImportError:
        return readable
    return tuple(getattr(compiled, each.__name__) for each in readable)
