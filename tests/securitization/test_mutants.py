"""What the static checks promise holds for deals nobody meant: sound ones changed at random places, if still sound."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from random import Random  # noqa: TID251 - seeded
from typing import Any

import msgspec
import pytest

from securitization.deal import Deal, canonical_deal
from securitization.deal_checks import check_deal
from securitization.evaluate import run_checked
from securitization.explain import run_items
from securitization.export_absbox import export_absbox
from securitization.export_python import export_python
from securitization.periods import write_periods
from securitization.render import tell_deal
from tests.securitization.agreement import compare
from tests.securitization.random_deals import Maker
from tests.securitization.random_pools import scenarios
from tests.securitization.test_exports import items
from tests.securitization.test_words import OTHERS, leaves


def mutant(seed: int) -> Deal | None:
    """A random deal with one to three values changed, taken away or swapped, if it can still be read."""
    chance = Random(seed)
    tree: Any = json.loads(canonical_deal(Maker(seed).deal))
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(list(leaves(tree)))
        place = tree
        for key in path[:-1]:
            place = place[key]
        if isinstance(place, list) and chance.random() < 0.3:
            del place[path[-1]]
        elif isinstance(place[path[-1]], str) and chance.random() < 0.5:
            place[path[-1]] = chance.choice(words(tree))
        else:
            place[path[-1]] = chance.choice([*OTHERS, 0, 1, 10**9])
    for steps in tree["waterfalls"].values():
        if isinstance(steps, list) and steps and chance.random() < 0.3:
            at = chance.randrange(len(steps))
            steps.insert(chance.randrange(len(steps)), steps.pop(at) if chance.random() < 0.5 else steps[at])
    with suppress(msgspec.ValidationError):
        return msgspec.convert(tree, Deal, strict=True)
    return None


def words(tree: Any) -> list[str]:
    """Names of the deal's own things."""
    return [one["name"] for some in ("tranches", "accounts", "fees", "supports") for one in tree[some]]


def holds(seed: int) -> bool:
    """Whether the mutant is sound; if so it must run, agree, leave no cash, and be told and exported."""
    deal = mutant(seed)
    if deal is None or check_deal(deal):
        return False
    pool = scenarios(deal, seed, 3)
    assert compare(deal, pool) == [], seed
    program: dict[str, Any] = {"__name__": "program"}
    exec(compile(export_python(deal), "program.py", "exec"), program)  # noqa: S102 - it is what is tested
    for periods in pool:
        run = run_checked(deal, periods)
        left = {name: value for name, value in run.periods[-1].figures.items() if name.startswith("account.") and value}
        assert left == {}, seed
        sink = io.StringIO()
        program["main"](io.StringIO(write_periods(deal, periods)), sink)
        assert items(sink.getvalue()) == run_items(run), seed
    assert tell_deal(deal, "zh")
    assert export_absbox(deal)
    return True


def test_a_changed_deal_is_refused_or_keeps_every_promise() -> None:
    sound = sum(holds(seed) for seed in range(600))
    assert 20 < sound < 600


@pytest.mark.soak
def test_many_changed_deals_are_refused_or_keep_every_promise() -> None:
    assert sum(holds(seed) for seed in range(600, 20_000)) > 800
