"""Every workflow of the exchange, by the record that carries its state."""

from __future__ import annotations

from custody.workflows import WORKFLOWS as CUSTODY
from exchange.core.membership import Member
from exchange.core.messages import Record
from exchange.core.node_messages import Approval
from exchange.core.workflows import Workflow
from matching.workflows import WORKFLOWS as MATCHING
from securitization.workflows import WORKFLOWS as SECURITIZATION

MEMBER = Workflow.of(
    "member",
    Member,
    """
    -       active  exchange.found, member.register
    active  frozen  member.freeze
    frozen  active  member.freeze
    """,
    "status",
)

APPROVALS = Workflow.of(
    "approval",
    Approval,
    """
    -     open     *
    open  granted  approval.grant
    open  denied   approval.deny
    open  expired  clock.advance
    """,
    "status",
)

WORKFLOWS = (MEMBER, APPROVALS, *MATCHING, *CUSTODY, *SECURITIZATION)

OF_RECORD: dict[type[Record], Workflow] = {workflow.record: workflow for workflow in WORKFLOWS}
"""The workflow whose state a kind of record carries."""
