"""The two loops of a simulation, compiled where numba is installed (the extra `fast`); the answers are the same bits.

Both add in the order in which NumPy's `bincount` adds, and no operation is contracted or reordered.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = find_spec("numba") is not None
"""Whether numba is installed."""

_compiled: dict[str, Any] = {}


def compiled(name: str) -> Callable[..., Any]:
    """A loop of this module, compiled at its first use."""
    if name not in _compiled:
        from numba import njit

        _compiled[name] = njit(cache=False, fastmath=False, error_model="numpy")(LOOPS[name])
    return _compiled[name]  # type: ignore[no-any-return]


def _default_months(common: Any, own: Any, idiosyncratic: Any, scale: Any, ranks: Any) -> Any:
    """As `copula.default_months`; `scale` has no element where there is none."""
    scenarios, names = own.shape
    months = ranks.shape[1]
    found = np.full((scenarios, names), months, dtype=np.int64)
    for scenario in range(scenarios):
        for name in range(names):
            hidden = own[scenario, name] * idiosyncratic[name]
            hidden += common[scenario, name]
            if scale.size:
                hidden /= scale[scenario]
            if hidden <= ranks[name, months - 1]:
                low, high = 0, months - 1
                while low < high:
                    middle = (low + high) // 2
                    if ranks[name, middle] < hidden:
                        low = middle + 1
                    else:
                        high = middle
                found[scenario, name] = low
    return found


def _removed(scenarios: Any, assets: Any, months: Any, ends: Any, rows: Any, count: Any) -> Any:
    """As `credit_flows.removed`: what defaulted assets would have paid, (row kind, scenario, month)."""
    kinds, _, length = rows.shape
    total = np.zeros((kinds, count, length))
    for hit in range(len(assets)):
        end = ends[assets[hit]]
        for kind in range(kinds):
            to, of = total[kind, scenarios[hit]], rows[kind, assets[hit]]
            for month in range(months[hit], end):
                to[month] += of[month]
    return total


LOOPS = {"default_months": _default_months, "removed": _removed}
"""The loops as plain Python, by name."""
