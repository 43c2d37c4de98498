"""Engines with one pair of eyes. The table or the property must notice every one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from exchange.core.messages import Command, Event, Header
from exchange.core.units import Minor
from exchange.engine import approvals, thresholds
from exchange.engine.state import ExchangeState
from matching.deals import ProposeDeal

Plant = Callable[[pytest.MonkeyPatch], None]


def one_too_many(patch: pytest.MonkeyPatch) -> None:
    """The threshold itself waits too."""
    rule_for = thresholds.rule_for

    def lower(rules: Any, name: str) -> Any:
        rule = rule_for(rules, name)
        return rule and msgspec.structs.replace(rule, above_minor=rule.above_minor - 1)

    patch.setattr(thresholds, "rule_for", lower)


def one_too_few(patch: pytest.MonkeyPatch) -> None:
    """One minor unit above the threshold goes through."""
    rule_for = thresholds.rule_for

    def higher(rules: Any, name: str) -> Any:
        rule = rule_for(rules, name)
        return rule and msgspec.structs.replace(rule, above_minor=rule.above_minor + 1)

    patch.setattr(thresholds, "rule_for", higher)


def anybody_signs(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks whose the second person is."""
    patch.setattr(approvals, "_refuse_signer", lambda *_: None)


def signed_by_oneself(patch: pytest.MonkeyPatch) -> None:
    """Who asked may sign."""
    grant = approvals.grant

    def alone(state: ExchangeState, header: Header, command: Any, decide: Any = None) -> list[Event]:
        approval = state.table(approvals.Approval).get(command.approval_id)
        if approval is not None and approval.maker_id == header.principal:
            other = [user for user in state.users.values() if user.user_name == "lab.checker.user"]
            header = msgspec.structs.replace(header, principal=other[0].user_id)
        return grant(state, header, command, decide)

    patch.setattr(approvals, "grant", alone)


def another_command_applied(patch: pytest.MonkeyPatch) -> None:
    """What is applied is not what was kept."""
    decode = approvals.decode_command

    def cheaper(raw: bytes) -> Command:
        command: Any = decode(raw)
        if not isinstance(command, ProposeDeal):
            return command  # type: ignore[no-any-return]
        return msgspec.structs.replace(command, price_minor=Minor(command.price_minor - 1))

    patch.setattr(approvals, "decode_command", cheaper)


def never_too_late(patch: pytest.MonkeyPatch) -> None:
    """A request lives a week, whatever the text says."""
    request = approvals.request

    def longer(*args: Any, **named: Any) -> list[Event]:
        return request(*args, **(named | {"life_ns": approvals.APPROVAL_LIFE_NS}))

    patch.setattr(approvals, "request", longer)


PLANTED = (one_too_many, one_too_few, anybody_signs, signed_by_oneself, another_command_applied, never_too_late)
