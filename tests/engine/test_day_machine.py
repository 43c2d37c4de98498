"""Phases, auctions, ranges and interruptions agree with the floor, whatever is asked in whatever order."""

from __future__ import annotations

from hypothesis import settings

from tests.engine.day_machine import DayMachine

TestDay = DayMachine.TestCase
TestDay.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
