"""Compiled twins: where they were built they stand in for the readable halves, which do the same.

Decided once, when a module with a twin is imported. `scripts/pure.py` runs a command as if none had been built.
"""

from __future__ import annotations

import importlib
from typing import Any


def twins(module: str, first: Any, second: Any) -> tuple[Any, Any]:
    """The two members of a compiled module that are named like these readable ones; without it, these themselves."""
    try:
        compiled = importlib.import_module(module)
    except ImportError:
        return first, second
    return getattr(compiled, first.__name__), getattr(compiled, second.__name__)
