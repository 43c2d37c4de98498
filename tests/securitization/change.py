"""Changes a deal's JSON by path, as `fees[0].charge.amount_minor`; and reads what comes of it."""

from __future__ import annotations

import json
import re
from typing import Any

from securitization.deal import Deal, read_deal
from securitization.deal_checks import check_deal
from securitization.deal_problems import Problem
from securitization.periods import PoolPeriod, read_periods
from securitization.shipped import example_deal_text, example_periods_text

GONE = object()
"""As a value: take the field away."""


def example(name: str) -> Deal:
    """An example deal."""
    found = read_deal(example_deal_text(name))
    assert isinstance(found, Deal), found
    return found


def example_pool(name: str) -> list[PoolPeriod]:
    """The periods of an example deal."""
    found = read_periods(example(name), example_periods_text(name))
    assert isinstance(found, list), found
    return found


def changed(name: str, changes: dict[str, Any]) -> str:
    """An example's text with some fields changed; `list[+]` appends, `GONE` takes away."""
    tree = json.loads(example_deal_text(name))
    for path, value in changes.items():
        set_path(tree, path, value)
    return json.dumps(tree, ensure_ascii=False)


def set_path(tree: Any, path: str, value: Any) -> None:
    """Set one place of a tree."""
    keys = re.findall(r"\w+|\[\+\]", path)
    for key in keys[:-1]:
        tree = tree[int(key) if isinstance(tree, list) else key]
    last = keys[-1]
    if last == "[+]":
        tree.append(value)
    elif value is GONE:
        del tree[int(last) if isinstance(tree, list) else last]
    else:
        tree[int(last) if isinstance(tree, list) else last] = value


def problems(text: str) -> list[Problem]:
    """What is wrong with a deal's text."""
    found = read_deal(text)
    return check_deal(found) if isinstance(found, Deal) else [found]
