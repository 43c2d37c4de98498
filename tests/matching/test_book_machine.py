"""The book agrees with the paper book on every answer, after every sequence of calls hypothesis can think of."""

from __future__ import annotations

from hypothesis import settings

from tests.matching.machine import BookMachine

TestBookAgainstPaper = BookMachine.TestCase
TestBookAgainstPaper.settings = settings(max_examples=max(400, settings().max_examples), stateful_step_count=60)
