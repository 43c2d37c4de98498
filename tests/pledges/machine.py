"""Any sequence of offers, purchases, pledges, orders, releases and lifts, on the engine and with the keeper."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from custody.pledges import ConsentAct, PledgeRegistered, PledgeRequested
from exchange.core.ids import EncumbranceId
from exchange.core.instruments import Side, TimeInForce
from exchange.core.units import Units
from tests.models.encumbrance_model import Keeper
from tests.pledges.stage import LENDERS, Vault

TOKEN_LOTS = 100
TOKEN_UNITS = 10_000
TOKENS = 100
COUNTS = st.one_of(st.sampled_from([1, 49, 50, 51, 99, 100, 101]), st.integers(1, 110))


class PledgeMachine(RuleBasedStateMachine):
    """The book of shares beside its model; the planted bugs are sought without the venue's own checks, to be quick."""

    checking: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.vault = Vault.cn()
        self.vault.seller = "thu"
        self.shares = self.vault.book_of_shares()
        self.vault.venue.deposit("wu", 10_000_000)
        self.vault.venue.checking = self.checking
        self.keeper = Keeper(TOKENS)
        self.entries: dict[int, EncumbranceId] = {}
        self.lenders: dict[int, str] = {}

    def terms(self, count: int, **more: Any) -> dict[str, Any]:
        """What a pledge of shares says, beside its sum."""
        none = dict.fromkeys(("annuity_receipt_sha256", "twin_filing", "invalidation"))
        return {"asset_id": self.shares, "units": Units(count * TOKEN_UNITS), **none, **more}

    def register(self, name: int, lender: str, count: int, **more: Any) -> None:
        """The engine registers what the keeper took."""
        vault = self.vault
        asked = vault.venue.make(vault.request(lender, 300, **self.terms(count, **more)), PledgeRequested, "thu")
        made = vault.venue.make(vault.registering(asked.encumbrance.encumbrance_id), PledgeRegistered)
        self.entries[name], self.lenders[name] = made.encumbrance.encumbrance_id, lender

    @rule(count=COUNTS)
    def offers(self, count: int) -> None:
        command = self.vault.offer("thu", count * TOKEN_LOTS)
        assert self.vault.venue.refusal(command, "thu") == self.keeper.offer(self.vault.keys, count)

    @rule(count=st.integers(1, 60))
    def is_bought(self, count: int) -> None:
        order = self.vault.offer("wu", count * TOKEN_LOTS)
        bid = msgspec.structs.replace(order, side=Side.BUY, time_in_force=TimeInForce.IOC)
        there = self.keeper.offered
        refused = self.vault.venue.refusal(bid, "wu")
        assert refused in ("", "order.no_liquidity"), refused
        assert self.keeper.sell(count) == min(count, there)

    @rule(count=COUNTS, lender=st.sampled_from(LENDERS))
    def is_pledged(self, count: int, lender: str) -> None:
        name = self.keeper.pledge(count)
        if name:
            self.register(name, lender, count)
        else:
            command = self.vault.request(lender, 300, **self.terms(count))
            assert self.vault.venue.refusal(command, "thu") == "pledge.checks_failed"

    @precondition(lambda self: any(not lien.court for lien in self.keeper.liens))
    @rule(data=st.data(), lender=st.sampled_from(LENDERS), let_in=st.booleans())
    def is_pledged_again(self, data: st.DataObject, lender: str, let_in: bool) -> None:
        earlier = data.draw(st.sampled_from([lien for lien in self.keeper.liens if not lien.court]))
        beside = [lien for lien in self.keeper.liens if lien.block == earlier.block]
        more = {"behind_id": self.entries[earlier.name]}
        vault = self.vault
        for lien in beside if let_in else ():
            entry = vault.burden(self.entries[lien.name])
            if all(consent.member_id != vault.venue.members[lender] for consent in entry.consents):
                who = vault.venue.members[lender]
                vault.consents(self.entries[lien.name], self.lenders[lien.name], ConsentAct.PLEDGE, member_id=who)
        member_id = vault.venue.members[lender]
        asked = [vault.burden(self.entries[lien.name]).consents for lien in beside]
        if len(beside) < 10 and all(any(each.member_id == member_id for each in given) for given in asked):
            self.register(self.keeper.again(earlier.name), lender, earlier.wants, **more)
        else:
            command = vault.request(lender, 300, **self.terms(earlier.wants, **more))
            assert vault.venue.refusal(command, "thu") == "pledge.checks_failed"

    @rule(count=COUNTS)
    def is_preserved(self, count: int) -> None:
        changed = {"asset_id": self.shares, "account_id": self.vault.venue.accounts["thu"]}
        standing = sum(lien.court for lien in self.keeper.liens)
        name = self.keeper.preserve(count) if standing < 50 else 0
        units = Units(count * TOKEN_UNITS)
        if name:
            self.entries[name] = self.vault.preserved(**changed, units=units)
        else:
            told = self.vault.venue.by_two(self.vault.order(**changed, units=units))
            assert "hold.insufficient_available" in str(told) or standing == 50

    @precondition(lambda self: self.keeper.liens)
    @rule(data=st.data())
    def ends(self, data: st.DataObject) -> None:
        lien = data.draw(st.sampled_from(self.keeper.liens))
        entry = self.entries[lien.name]
        if lien.court:
            self.vault.lift(entry)
        else:
            assert self.vault.release(entry, self.lenders[lien.name]) == ""
        self.keeper.end(lien.name)

    @rule()
    def restarts(self) -> None:
        if self.checking:
            self.vault.venue.restart()

    @invariant()
    def everything_is_where_the_keeper_has_it(self) -> None:
        vault, keeper = self.vault, self.keeper
        assert vault.units_of("thu", self.shares) == keeper.tokens * TOKEN_UNITS
        assert vault.units_of("wu", self.shares) == keeper.sold * TOKEN_UNITS
        assert vault.held_of("thu", self.shares) == (keeper.blocked + keeper.offered) * TOKEN_UNITS
        for lien in keeper.liens:
            entry = vault.burden(self.entries[lien.name])
            assert entry.held_units == keeper.held_by(lien.name) * TOKEN_UNITS
            assert entry.rank == keeper.rank(lien.name)

    def teardown(self) -> None:
        if self.checking:
            self.vault.venue.close()
