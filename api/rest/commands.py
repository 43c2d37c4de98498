"""Which command is posted where: one line each. OpenAPI, routes and tests follow from this table."""

from __future__ import annotations

from dataclasses import dataclass

from exchange.core import membership, node_messages, rule_messages
from exchange.core.messages import Command
from matching import messages as market


@dataclass(frozen=True, slots=True)
class Post:
    """One command's place under /v1. `made` marks those that make something new: 201 rather than 200."""

    path: str
    command: type[Command]
    made: bool = False
    max_bytes: int = 0
    """A larger limit for its body than the edge's usual one."""

    @property
    def status(self) -> int:
        """The status of its success."""
        return 201 if self.made else 200


PUBLISHED_BYTES = 1_048_576

POSTS: tuple[Post, ...] = (
    # Orders
    Post("/v1/orders", market.PlaceOrder, made=True),
    Post("/v1/orders/cancel", market.CancelOrder),
    Post("/v1/orders/replace", market.ReplaceOrder),
    Post("/v1/orders/cancel-all", market.CancelAllOrders),
    Post("/v1/instruments/phase", market.ChangePhase),
    # Members
    Post("/v1/members", membership.RegisterMember, made=True),
    Post("/v1/members/freeze", membership.FreezeMember),
    Post("/v1/members/class", membership.ClassMember),
    Post("/v1/users", membership.RegisterUser, made=True),
    Post("/v1/users/suspend", membership.SuspendUser),
    Post("/v1/keys", membership.RegisterKey, made=True),
    Post("/v1/keys/revoke", membership.RevokeKey),
    Post("/v1/mandates", membership.GrantMandate, made=True),
    Post("/v1/mandates/revoke", membership.RevokeMandate),
    Post("/v1/accounts", membership.OpenAccount, made=True),
    # Four eyes
    Post("/v1/approvals/grant", node_messages.GrantApproval),
    Post("/v1/approvals/deny", node_messages.DenyApproval),
    # Rules
    Post("/v1/rules", rule_messages.PublishText, made=True, max_bytes=PUBLISHED_BYTES),
    Post("/v1/rules/confirm", rule_messages.ConfirmField),
    Post("/v1/rules/activate", rule_messages.ActivateText),
)
