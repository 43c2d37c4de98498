"""Says which refusal a test expects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from api.auth.codes import EdgeCode, EdgeRefused


def refusal(work: Callable[..., Any], *arguments: Any) -> EdgeRefused:
    """Do what must be refused, and give the refusal."""
    with pytest.raises(EdgeRefused) as caught:
        work(*arguments)
    return caught.value


async def refusal_of(work: Awaitable[Any]) -> EdgeRefused:
    """Wait for what must be refused, and give the refusal."""
    with pytest.raises(EdgeRefused) as caught:
        await work
    return caught.value


def codes(answers: list[Any]) -> list[EdgeCode]:
    """The codes of the refusals among the answers of a gather; anything else that was raised is a failure."""
    raised = [answer for answer in answers if isinstance(answer, EdgeRefused)]
    assert len(raised) == sum(isinstance(answer, BaseException) for answer in answers), answers
    return [answer.code for answer in raised]
