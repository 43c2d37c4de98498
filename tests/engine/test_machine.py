"""The engine keeps its promises and agrees with the clerk, whatever is asked in whatever order."""

from __future__ import annotations

from hypothesis import settings

from tests.engine.machine import ExchangeMachine

TestExchange = ExchangeMachine.TestCase
TestExchange.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
