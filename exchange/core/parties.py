"""Who may do what, and from where: roles, member kinds and the rights of a member's users."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a user may ask for. A user has one or more; the dispatch table names the roles of each command."""

    NODE = "node"
    OPERATOR = "operator"
    INSTITUTION = "institution"
    INVESTOR = "investor"
    INTERMEDIARY = "intermediary"
    COUNTERPARTY = "counterparty"
    REGULATOR = "regulator"


MEMBER_ROLES = frozenset({Role.INSTITUTION, Role.INVESTOR, Role.INTERMEDIARY, Role.COUNTERPARTY})
"""Roles that own accounts. Operators run the venue, regulators read; neither trades."""


class UserRight(StrEnum):
    """What a user may do with the accounts of the member it belongs to."""

    VIEW = "view"
    TRADE = "trade"
    APPROVE = "approve"
    WITHDRAW = "withdraw"


class MemberStatus(StrEnum):
    """A member trades only while active; a freeze stops orders, deals and withdrawals and leaves holdings in place."""

    ACTIVE = "active"
    FROZEN = "frozen"


class SellerClass(StrEnum):
    """Which disposal overlay applies to what this member sells (DOMAIN: seller_class)."""

    STATE_UNIVERSITY = "state_university"
    STATE_OWNED_ENTERPRISE = "state_owned_enterprise"
    PRIVATE = "private"
    FOREIGN = "foreign"
    INVENTOR = "inventor"


class Standing(StrEnum):
    """What is on record about a party: the statement for a method signed, its class, an invitation to a test."""

    METHOD_STATEMENT = "method_statement"
    ORDINARY = "ordinary"
    PROFESSIONAL = "professional"
    INVITED = "invited"
