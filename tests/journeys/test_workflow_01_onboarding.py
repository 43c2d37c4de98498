"""Workflow 1: a member comes in, its users and keys, whom it lets act for it, and how it is stopped."""

from __future__ import annotations

from custody.corrections_messages import FreezeAccount
from exchange.core.ids import KeyId, UserId
from exchange.core.membership import (
    FreezeMember,
    GroupMember,
    KeyRegistered,
    MemberRegistered,
    RegisterKey,
    RegisterMember,
    RegisterUser,
    RevokeKey,
    SuspendUser,
    UserRegistered,
)
from exchange.core.messages import Command
from exchange.core.parties import Role, UserRight
from exchange.core.units import TimeNs
from tests.deals.stage import Desk
from tests.engine.test_members import HOUR, KEY, LEI
from tests.journeys.script import walk

WRONG_LEI = LEI[:-1] + "3"


def test_a_foreign_counterparty_is_admitted_trades_by_its_key_and_is_stopped() -> None:
    desk = Desk.cn()
    venue = desk.venue
    keys: list[KeyId] = []

    def registers(by: str = "ops", **changed: object) -> str:
        fields = {"name": "zeiss", "role": Role.COUNTERPARTY, "country": "DE", "identifier": LEI}
        events = venue.do(RegisterMember(**(fields | changed)), by)  # type: ignore[arg-type]
        if isinstance(events[0], MemberRegistered):
            venue.members["zeiss"] = events[0].member.member_id
            venue.accounts["zeiss"] = events[1].account.account_id  # type: ignore[attr-defined]
            return ""
        return events[0].code.value  # type: ignore[attr-defined]

    def user(name: str, *, member: str = "zeiss", roles: tuple[Role, ...] = ()) -> str:
        command = RegisterUser(
            member_id=venue.members[member], user_name=f"{name}.user", roles=roles, rights=tuple(UserRight)
        )
        events = venue.do(command)
        if isinstance(events[0], UserRegistered):
            venue.users[name] = events[0].user.user_id
            return ""
        return events[0].code.value  # type: ignore[attr-defined]

    def key() -> str:
        from_ns, until_ns = TimeNs(venue.clock_ns), TimeNs(venue.clock_ns + HOUR)
        command = RegisterKey(
            user_id=venue.users["zeiss"], public_key_hex=KEY, valid_from_ns=from_ns, valid_until_ns=until_ns
        )
        events = venue.do(command)
        keys.extend(event.key.key_id for event in events if isinstance(event, KeyRegistered))
        return "" if isinstance(events[0], KeyRegistered) else events[0].code.value  # type: ignore[attr-defined]

    def says(command: Command, by: str = "ops") -> str:
        return venue.refusal(command, by)

    walk(
        desk,
        """
        # Who it is: by sound digits, once, and by an operator.
        it registers itself                    -> role.not_allowed
        ops registers a wrong LEI              -> member.identifier_invalid
        ops registers it as a regulator's node -> role.not_allowed
        ops registers it
        ops registers it                       -> member.exists
        ops registers another of its LEI       -> member.exists

        # Its people, and the key it signs with.
        it gets a user
        it gets a user of that name again      -> member.exists
        it gets an operator among its users    -> role.not_allowed
        ops registers its key
        ops registers its key                  -> key.invalid
        the exchange restarts
        ops takes its key back
        ops registers its key                  -> key.invalid       # a key is one counterparty's for ever

        # Stopped, by a court's word or an operator's, and let go again.
        the user is suspended
        it offers a right                      -> user.suspended
        the user is let in again
        the member is frozen
        it offers a right                      -> member.frozen
        the member is released
        its account is frozen
        ops groups it with another
        ops freezes the venue itself           -> member.unknown
        """,
        {
            "it registers itself": lambda: registers("li"),
            "ops registers a wrong LEI": lambda: registers(identifier=WRONG_LEI),
            "ops registers it as a regulator's node": lambda: registers(role=Role.NODE),
            "ops registers it": registers,
            "ops registers another of its LEI": lambda: registers(name="abbe"),
            "it gets a user": lambda: user("zeiss"),
            "it gets a user of that name again": lambda: user("zeiss"),
            "it gets an operator among its users": lambda: user("spy", roles=(Role.OPERATOR,)),
            "ops registers its key": key,
            "ops takes its key back": lambda: says(RevokeKey(key_id=keys[0])),
            "the user is suspended": lambda: says(SuspendUser(user_id=venue.users["zeiss"], suspended=True)),
            "the user is let in again": lambda: says(SuspendUser(user_id=venue.users["zeiss"], suspended=False)),
            "it offers a right": lambda: says(desk.proposal(seller_account_id=venue.accounts["zeiss"]), "zeiss"),
            "the member is frozen": lambda: says(FreezeMember(member_id=venue.members["zeiss"], frozen=True)),
            "the member is released": lambda: says(FreezeMember(member_id=venue.members["zeiss"], frozen=False)),
            "its account is frozen": lambda: says(FreezeAccount(account_id=venue.accounts["zeiss"], frozen=True)),
            "ops groups it with another": lambda: says(GroupMember(member_id=venue.members["zeiss"], group_id=7)),
            "ops freezes the venue itself": lambda: says(
                FreezeMember(member_id=venue.state.users[venue.users["ops"]].member_id, frozen=True)
            ),
        },
    )
    assert venue.state.users[UserId(venue.users["zeiss"])].roles == (Role.COUNTERPARTY,)
    venue.close()
