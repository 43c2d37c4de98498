"""A vault beside which an issuer pools receivables: lab licenses rights, bank lends on pledges, li buys, val values.

yard = Yard.cn()                               two rights of lab; a pool's rules are the test's own
yard.opened(rule("debtor_to", value=500_000))  a draft pool of li's
yard.fee("wu", 300)                            lab's licence fee of CNY 300,000 that wu owes, offered to it
yard.does("add", asset)                        the code a step is refused with, or ""
"""

from __future__ import annotations

import functools
from typing import Any

from custody.rights import TitleCheck
from exchange.assets.kinds import PatentStatus
from exchange.assets.messages import ChangePatentStatus, PatentStub
from exchange.core.ids import AssetId, PoolAssetId, PoolId
from exchange.core.messages import Command, Event, Rejected
from exchange.core.parties import Role
from exchange.core.units import Minor, Units
from securitization.pool_messages import (
    AddPoolAsset,
    CheckPool,
    OpenPool,
    PoolAssetRegistered,
    PoolOpened,
    RecordValuation,
    RegisterPoolAsset,
    RemovePoolAsset,
    SealPool,
    SellPool,
    SubstitutePoolAsset,
    ValuationRecorded,
    WithdrawPool,
    WithdrawPoolAsset,
)
from securitization.pool_records import DeclaredFlow, Pool, PoolAsset, PoolAssetKind, PoolKind, ValuationMethod
from securitization.pool_rules import DeclaredRule, RuleKind
from tests.pledges.stage import Vault
from tests.sales.stage import THOUSAND

ISSUER = "li"
NO_ASSET = PoolAssetId(0)


def rule(kind: str, **fields: Any) -> DeclaredRule:
    """A rule under the name of its kind."""
    return DeclaredRule(**({"name": kind, "kind": RuleKind(kind)} | fields))


ANY = rule("balance_from", value=1)
"""A rule that everything keeps."""


class Yard(Vault):
    """A vault with one pool at hand."""

    pool_id = PoolId(0)
    other_right = AssetId(0)

    @classmethod
    def cn(cls) -> Yard:
        """Nothing is pooled yet."""
        return _yard().again()

    def again(self) -> Yard:
        """Another yard with the same past."""
        yard = Yard(self.venue.copy())
        yard.cn_market, yard.serial, yard.seller = self.cn_market, self.serial, self.seller
        yard.right_id, yard.keys = self.right_id, self.keys
        yard.pool_id, yard.other_right = self.pool_id, self.other_right
        return yard

    # --- Commands -----------------------------------------------------------------------------------------------------

    @property
    def cny(self) -> AssetId:
        """The money of it all."""
        return self.bank().money_asset_id

    def opening(self, *rules: DeclaredRule, **changed: Any) -> OpenPool:
        """The command that opens a static pool from March 2026 to March 2027."""
        terms: dict[str, Any] = {
            "name": "Nanshan 5",
            "kind": PoolKind.STATIC,
            "issuer_account_id": self.venue.accounts[ISSUER],
            "money_asset_id": self.cny,
            "cut_off_date": "2026-03-02",
            "final_date": "2027-03-02",
            "rules": rules or (ANY,),
        }
        return OpenPool(**(terms | changed))

    def opened(self, *rules: DeclaredRule, **changed: Any) -> Pool:
        """A draft, which is the pool at hand."""
        pool = self.venue.make(self.opening(*rules, **changed), PoolOpened, ISSUER).pool
        self.pool_id = pool.pool_id
        return pool

    def receivable(self, debtor: str, thousands: int, by: str = "lab", **changed: Any) -> RegisterPoolAsset:
        """The command that offers what a debtor owes on the first of March 2027; a capital names one outside."""
        self.keys += 1
        inside = debtor in self.venue.accounts
        terms: dict[str, Any] = {
            "pool_id": self.pool_id,
            "kind": PoolAssetKind.LICENCE_FEE,
            "originator_account_id": self.venue.accounts[by],
            "debtor_account_id": self.venue.accounts[debtor] if inside else None,
            "debtor_code": None if inside else debtor,
            "right_asset_id": self.right_id,
            "flows": (DeclaredFlow(due_date="2027-03-01", principal_minor=Minor(thousands * THOUSAND)),),
            "industry": "C27",
            "region": "CN-GD",
            "contract_sha256": self.file(by, f"contract {self.keys}"),
        }
        return RegisterPoolAsset(**(terms | changed))

    def fee(self, debtor: str, thousands: int, by: str = "lab", **changed: Any) -> PoolAssetId:
        """An offered receivable."""
        command = self.receivable(debtor, thousands, by, **changed)
        return self.venue.make(command, PoolAssetRegistered, by).pool_asset.pool_asset_id

    def pooled(self, debtor: str, thousands: int, by: str = "lab", **changed: Any) -> PoolAssetId:
        """A receivable in the draft."""
        asset = self.fee(debtor, thousands, by, **changed)
        assert not self.does("add", asset)
        return asset

    def loan(self, thousands: int, secured: int) -> PoolAssetId:
        """The bank's loan to lab, secured by a pledge of the right at hand, in the draft."""
        pledge = self.pledged("bank", secured)
        return self.pooled("lab", thousands, "bank", kind=PoolAssetKind.PLEDGE_LOAN, encumbrance_id=pledge)

    def valued(self, thousands: int, right: AssetId | None = None, **changed: Any) -> None:
        """A valuation of the right at hand, of today."""
        self.venue.make(self.valuation(thousands, right, **changed), ValuationRecorded, "val")

    def valuation(self, thousands: int, right: AssetId | None = None, **changed: Any) -> RecordValuation:
        """The command that records a value."""
        terms: dict[str, Any] = {
            "right_asset_id": right or self.right_id,
            "money_asset_id": self.cny,
            "value_minor": Minor(thousands * THOUSAND),
            "valued_on": self.today(),
            "method": ValuationMethod.INCOME,
            "document_sha256": self.file("val", "valuation"),
        }
        return RecordValuation(**(terms | changed))

    def step(self, name: str, asset: PoolAssetId = NO_ASSET, **changed: Any) -> tuple[Command, str]:
        """One step of the pool at hand, or of an asset, and who takes it."""
        of_pool, of_asset = {"pool_id": self.pool_id}, {"pool_asset_id": asset}
        sale = {
            "seal_sha256": self.seal(),
            "price_minor": Minor(self.pool().balance_minor) if name == "sell" else 0,
            "agreement_sha256": self.file(ISSUER, "sale agreement") if name == "sell" else "",
        }
        steps: dict[str, tuple[type[Command], dict[str, Any], str]] = {
            "check": (CheckPool, of_pool, ISSUER),
            "seal": (SealPool, of_pool, ISSUER),
            "sell": (SellPool, of_pool | sale, ISSUER),
            "withdraw pool": (WithdrawPool, of_pool, ISSUER),
            "add": (AddPoolAsset, of_asset, ISSUER),
            "remove": (RemovePoolAsset, of_asset, ISSUER),
            "substitute": (SubstitutePoolAsset, of_asset, ISSUER),
            "withdraw": (WithdrawPoolAsset, of_asset, "lab"),
        }
        make, fields, by = steps[name]
        return make(**(fields | changed)), by

    def does(self, name: str, asset: PoolAssetId = NO_ASSET, **changed: Any) -> str:
        """Take a step; the code it is refused with, or nothing."""
        return self.venue.refusal(*self.step(name, asset, **changed))

    def failing(self, name: str, asset: PoolAssetId = NO_ASSET, **changed: Any) -> str:
        """Take a step that is refused; what stood in the way."""
        rejected = self.venue.do(*self.step(name, asset, **changed))[0]
        assert isinstance(rejected, Rejected), rejected
        return rejected.detail

    def falls(self, right: AssetId, status: PatentStatus) -> list[Event]:
        """An office's word about the patent of a right."""
        patent_id = self.right_of(right).patent_id
        command = ChangePatentStatus(
            patent_id=patent_id,
            status=status,
            effective_date=self.today(),
            reference="No. 7",
            document_sha256=self.file("ops", "decision of the office"),
        )
        return self.venue.by_two(command)

    # --- Looking ------------------------------------------------------------------------------------------------------

    def pool(self) -> Pool:
        """The pool at hand."""
        return self.venue.state.table(Pool).get(self.pool_id) or self._withdrawn()

    def _withdrawn(self) -> Pool:
        for entry in reversed(self.venue.journal):
            for event in entry.events:
                pool = getattr(event, "pool", None)
                if isinstance(pool, Pool) and pool.pool_id == self.pool_id:
                    return pool
        raise AssertionError("no pool at hand")

    def seal(self) -> str:
        """The seal of the pool at hand, or a hash that is none."""
        return self.pool().seal_sha256 or "0" * 64

    def asset(self, asset: PoolAssetId) -> PoolAsset:
        """An asset that has not ended."""
        return self.venue.state.table(PoolAsset)[asset]

    def checked(self) -> list[str]:
        """Test the pool; its failures as `subject rule found`."""
        assert not self.does("check")
        return [f"{each.subject} {each.rule} {each.found}" for each in self.pool().failures]

    def units_at(self, who: str, asset: PoolAssetId) -> Units:
        """What somebody holds of a receivable, in thousands of CNY."""
        return Units(self.units_of(who, self.asset(asset).asset_id) // THOUSAND)

    def cash_of(self, who: str) -> int:
        """Somebody's money, in thousands of CNY."""
        return int(self.units_of(who, self.cny)) // THOUSAND

    def expiry(self, right: AssetId) -> str:
        """When the patent of a right ends."""
        return self.venue.state.table(PatentStub)[self.right_of(right).patent_id].nominal_expiry


@functools.cache
def _yard() -> Yard:
    vault = Vault.cn()
    yard = Yard(vault.venue)
    yard.cn_market, yard.serial, yard.seller, yard.keys = vault.cn_market, vault.serial, "lab", 0
    yard.right_id = vault.right_id
    yard.other_right = yard.right("lab", title=TitleCheck.CLEAR)
    yard.venue.member("val", Role.INTERMEDIARY)
    yard.venue.member("agent", Role.INTERMEDIARY)
    return yard
