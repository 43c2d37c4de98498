"""Every kind of order through the engine: what follows, what is held, and that a restart changes nothing."""

from __future__ import annotations

import pytest

from matching import books
from matching.order_book import PlainBook
from tests.engine.days import staged
from tests.engine.order_type_scenarios import SCENARIOS
from tests.engine.order_types import Teller


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_scenario(name: str) -> None:
    teller = Teller(staged())
    teller.line("ops opens")
    teller.play(SCENARIOS[name])
    teller.venue.close()


def test_the_plain_book_serves_the_engine_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "COMPILED", PlainBook)
    for text in SCENARIOS.values():
        teller = Teller(staged())
        teller.line("ops opens")
        teller.play(text)
