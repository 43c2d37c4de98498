"""Pools at random beside a model that knows only names and sums: who has which receivable, and who has which money."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from exchange.assets.kinds import PatentStatus
from exchange.core.ids import PoolAssetId
from exchange.core.units import Minor
from securitization.pool_records import PoolAssetState, PoolKind
from tests.pools.stage import ISSUER, Yard
from tests.pools.stage import rule as pool_rule

DEBTORS = ("wu", "mei", "OUT-1", "OUT-2")
LIMIT_PERCENT = 60


@dataclass
class Owed:
    """What the model knows of one receivable."""

    debtor: str
    owed: int
    holder: str
    place: str
    falls: bool


class PoolMachine(RuleBasedStateMachine):
    """A revolving pool in which no debtor owes more than 60 %, and no fallen right is bought."""

    def __init__(self) -> None:
        super().__init__()
        self.yard = Yard.cn()
        limits = (pool_rule("debtor_to", value=LIMIT_PERCENT * 10_000), pool_rule("right_in_force"))
        self.yard.opened(*limits, kind=PoolKind.REVOLVING, revolving_until="2026-12-01")
        self.yard.venue.checking = False
        self.stage = "draft"
        self.assets: dict[PoolAssetId, Owed] = {}
        self.fallen = False
        self.cash = {who: int(self.yard.units_of(who, self.yard.cny)) for who in ("lab", ISSUER)}

    def within(self, changes: dict[PoolAssetId, bool]) -> bool:
        """Whether the pool, so changed, keeps both rules."""
        inside = [each for key, each in self.assets.items() if changes.get(key, each.place in ("pooled", "sold"))]
        total = sum(each.owed for each in inside)
        largest = max((sum(e.owed for e in inside if e.debtor == name) for name in DEBTORS), default=0)
        return largest * 100 <= LIMIT_PERCENT * total and not any(self.down(each) for each in inside)

    def down(self, owed: Owed) -> bool:
        return owed.falls and self.fallen

    def some(self, data: st.DataObject, place: str) -> PoolAssetId | None:
        found = [key for key, each in self.assets.items() if each.place == place]
        return data.draw(st.sampled_from(found)) if found else None

    @precondition(lambda self: self.stage != "sealed" and len(self.assets) < 8)
    @rule(debtor=st.sampled_from(DEBTORS), owed=st.integers(1, 9), falls=st.booleans())
    def registers(self, debtor: str, owed: int, falls: bool) -> None:
        right = self.yard.other_right if falls else self.yard.right_id
        key = self.yard.fee(debtor, owed, right_asset_id=right)
        self.assets[key] = Owed(debtor, owed * 100_000, "lab", "offered", falls)

    @rule(data=st.data(), less=st.booleans())
    def adds(self, data: st.DataObject, less: bool) -> None:
        key = self.some(data, "offered")
        if key is None:
            return
        each = self.assets[key]
        price = each.owed - less if self.stage == "sold" else 0
        code = self.yard.does("add", key, price_minor=Minor(price))
        if self.stage == "sealed":
            assert code == "pool.state"
        elif self.stage == "draft":
            assert code == ("pool.rules_failed" if self.down(each) else "")
        elif less:
            assert code == "pool.price"
        else:
            assert code == ("" if self.within({key: True}) else "pool.rules_failed")
        if not code:
            self.enters(key, price)

    def enters(self, key: PoolAssetId, price: int) -> None:
        each = self.assets[key]
        each.place = "sold" if self.stage == "sold" else "pooled"
        if self.stage == "sold":
            each.holder = ISSUER
            self.cash["lab"] += price
            self.cash[ISSUER] -= price

    @rule(data=st.data())
    def removes(self, data: st.DataObject) -> None:
        key = self.some(data, "pooled")
        if key is not None:
            code = self.yard.does("remove", key)
            assert code == ("" if self.stage == "draft" else "pool.state")
            if not code:
                self.assets[key].place = "offered"

    @rule(data=st.data())
    def swaps(self, data: st.DataObject) -> None:
        old = self.some(data, "sold" if self.stage == "sold" else "pooled")
        new = self.some(data, "offered")
        if old is None or new is None:
            return
        code = self.yard.does("substitute", old, by_pool_asset_id=new)
        if self.stage == "sealed":
            assert code == "pool.state"
        elif self.assets[new].owed < self.assets[old].owed:
            assert code == "pool_asset.substitute"
        elif self.stage == "draft":
            assert code == ("pool.rules_failed" if self.down(self.assets[new]) else "")
        else:
            assert code == ("" if self.within({old: False, new: True}) else "pool.rules_failed")
        if not code:
            self.assets[old].place, self.assets[old].holder = "offered", "lab"
            self.enters(new, 0)

    @rule(data=st.data())
    def withdraws(self, data: st.DataObject) -> None:
        key = self.some(data, "offered")
        if key is not None:
            assert not self.yard.does("withdraw", key)
            del self.assets[key]

    @precondition(lambda self: self.stage == "draft")
    @rule()
    def seals(self) -> None:
        code = self.yard.does("seal")
        if not any(each.place == "pooled" for each in self.assets.values()):
            assert code == "pool.invalid"
        else:
            assert code == ("" if self.within({}) else "pool.rules_failed")
        self.stage = "draft" if code else "sealed"

    @precondition(lambda self: self.stage == "sealed")
    @rule(more=st.integers(-1, 3))
    def sells(self, more: int) -> None:
        inside = [each for each in self.assets.values() if each.place == "pooled"]
        price = sum(each.owed for each in inside) + more
        code = self.yard.does("sell", price_minor=Minor(price))
        expected = "pool.price" if more < 0 else ""
        assert code == (expected if self.within({}) else "pool.rules_failed")
        if not code:
            self.stage = "sold"
            for each in inside:
                each.place, each.holder = "sold", ISSUER
            self.cash["lab"] += price
            self.cash[ISSUER] -= price

    @rule()
    def falls(self) -> None:
        self.fallen = not self.fallen
        status = PatentStatus.LAPSED_FEE if self.fallen else PatentStatus.IN_FORCE
        self.yard.falls(self.yard.other_right, status)

    @invariant()
    def everybody_has_what_the_model_says(self) -> None:
        yard = self.yard
        for who, cash in self.cash.items():
            assert yard.units_of(who, yard.cny) == cash
        for key, each in self.assets.items():
            kept = yard.asset(key)
            assert kept.state is PoolAssetState(each.place)
            for who in ("lab", ISSUER):
                expected = each.owed if who == each.holder else 0
                assert (yard.units_of(who, kept.asset_id), yard.held_of(who, kept.asset_id)) == (expected, expected)
            assert bool(kept.tripped) == (self.down(each) and each.place != "offered")
        inside = [key for key, each in self.assets.items() if each.place in ("pooled", "sold")]
        assert sorted(yard.pool().assets) == sorted(inside)
        assert yard.pool().tripped == sum(self.down(self.assets[key]) for key in inside)

    def teardown(self) -> None:
        self.yard.venue.close()


TestPools = PoolMachine.TestCase
TestPools.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
