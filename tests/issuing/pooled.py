"""A yard whose sealed pool is issued: li buys it with the notes, which wu and ren take; lab or the bank originates.

plan = Plan.of_fees()          lab's licence fees of CNY 525,000, 315,000 and 210,000, sealed
plan = Plan.of_loans()         the bank's two loans, each secured by a pledge
plan.proposed()                the issue of 900 senior notes and 100 junior ones, which the originator keeps
plan.established()             all of it shown, offered, bid for and closed
"""

from __future__ import annotations

import functools
import json
from typing import Any

from exchange.core.ids import AssetId, IssueId, LicenceId, OfferingId, PoolAssetId
from exchange.core.messages import Rejected
from exchange.core.parties import Role, UserRight
from exchange.core.units import Minor, Ppm
from matching.licence_messages import LicenceProposed
from securitization.issue_messages import (
    ClassTerms,
    ClosingItem,
    ClosingKind,
    FeePayee,
    IssueModel,
    IssueParty,
    IssueProposed,
    IssueRole,
    ProposeIssue,
)
from securitization.offering_messages import BookBidPlaced, ClassOffer, CloseOffering, OpenOffering, Pricing
from securitization.pool_records import PoolAsset, PoolAssetKind
from securitization.pool_rules import DeclaredRule
from tests.issuing.stage import DOCUMENT, STAFF
from tests.issuing.stage import Stage as IssueStage
from tests.licences.stage import LicenceDesk
from tests.pools.stage import ANY, ISSUER, Yard
from tests.sales.stage import THOUSAND
from tests.servicing.stage import text as small_text

FACE = THOUSAND
BACKUP = "agent"
LEAST = 952_380
"""What originators take of a balance here, ppm: 1,000,000 for 1,050,000 owed, and not a ppm more."""
STAFF_HERE = {name: role for name, role in STAFF.items() if role is not IssueRole.ISSUER}


def deal_text(**changed: Any) -> str:
    """The deal of the servicing tests, a hundred times as large and in CNY."""
    deal = json.loads(small_text())
    deal |= {"currency": "CNY", "issue_minor": 1_000 * THOUSAND}
    deal["pool"] = {"initial_balance_minor": 1_050 * THOUSAND, "initial_valuation_minor": 1_500 * THOUSAND}
    for tranche, thousands in zip(deal["tranches"], (900, 100), strict=True):
        tranche["face_minor"] = thousands * THOUSAND
    deal["supports"][0]["limit_minor"] *= 100
    return json.dumps(deal | changed)


class Plan(IssueStage):
    """A sealed pool and its issue."""

    def __init__(self, yard: Yard, originator: str, model: IssueModel, assets: tuple[PoolAssetId, ...]) -> None:
        self.yard, self.venue, self.originator, self.model, self.assets = yard, yard.venue, originator, model, assets
        self.issue_id, self.offering_id = IssueId(0), OfferingId(0)
        self.bids = {}
        self.licence_id, self.desk = LicenceId(0), LicenceDesk(yard.venue)

    @classmethod
    def of_fees(cls, *rules: DeclaredRule, least_ppm: int = LEAST, **terms: Any) -> Plan:
        """Licence fees of lab: two on one right, one on another."""
        yard = manned()
        yard.opened(*(rules or (ANY,)), **({"final_date": "2029-03-02"} | terms))
        assets = tuple(
            yard.pooled(debtor, thousands, least_ppm=least_ppm, **more)
            for debtor, thousands, more in (
                ("mei", 525, {}),
                ("wu", 315, {}),
                ("OUTSIDE-1", 210, {"right_asset_id": yard.other_right}),
            )
        )
        assert yard.does("seal") == ""
        return cls(yard, "lab", IssueModel.RECEIVABLES, assets)

    @classmethod
    def of_loans(cls, *, one_right: bool = False) -> Plan:
        """Loans of the bank to lab on two rights, the first secured to the last fen; or both on one."""
        yard = manned()
        yard.opened(ANY, final_date="2029-03-02")
        assets: tuple[PoolAssetId, ...] = ()
        for owed, secured in ((630, 630), (420, 500)):
            if one_right and assets:
                earlier = yard.asset(assets[0]).encumbrance_id
                pledge = yard.second(earlier, "bank", "bank", secured)
            else:
                pledge = yard.pledged("bank", secured)
            terms: dict[str, Any] = {"kind": PoolAssetKind.PLEDGE_LOAN, "encumbrance_id": pledge, "least_ppm": LEAST}
            assets += (yard.pooled("lab", owed, "bank", **terms),)
            if not one_right:
                yard.right_id, yard.other_right = yard.other_right, yard.right_id
        assert yard.does("seal") == ""
        return cls(yard, "bank", IssueModel.PLEDGED_LOANS, assets)

    @classmethod
    def of_second_licence(cls) -> Plan:
        """The fee of a licence back: lab licensed its right exclusively to the bank, which lets lab use it."""
        yard = manned()
        yard.pay_in("bank", 400 * THOUSAND)
        yard.opened(ANY, final_date="2029-03-02")
        fee = yard.receivable("lab", 1_050, "bank", least_ppm=LEAST)
        assert yard.venue.refusal(fee, "bank") == "right.not_owned"  # before the first leg
        desk = LicenceDesk(yard.venue)
        desk.cn_market, desk.seller, desk.right_id = yard.cn_market, "lab", yard.right_id
        offer = desk.offer("bank", "exclusive", "CN", 300 * THOUSAND, sublicence=True)
        licence_id = yard.venue.make(offer, LicenceProposed, "lab").licence.licence_id
        desk.licences["bank"] = licence_id
        for line in ("bank accepts", "bank signs", "lab signs bank"):
            desk.happens(line)
        assert desk.shown() == "bank in_force"
        assets = (yard.pooled("lab", 1_050, "bank", least_ppm=LEAST),)
        assert yard.does("seal") == ""
        plan = cls(yard, "bank", IssueModel.SECOND_LICENCE, assets)
        plan.licence_id, plan.desk = licence_id, desk
        return plan

    def proposal(self, **changed: Any) -> ProposeIssue:
        """The issue of the pool: the senior class rated and offered, the junior one kept."""
        venue = self.venue
        who = STAFF_HERE | {
            ISSUER: IssueRole.ISSUER,
            self.originator: IssueRole.ORIGINATOR,
            BACKUP: IssueRole.BACKUP_SERVICER,
            "fund": IssueRole.HEDGE_PROVIDER,
        }
        terms: dict[str, Any] = {
            "name": "one",
            "market_id": self.yard.cn_market,
            "deal_name": "two_classes",
            "deal_version": 1,
            "model": self.model,
            "parties": tuple(
                IssueParty(
                    role=role, member_id=venue.state.accounts[venue.accounts[name]].member_id,
                    account_id=venue.accounts[name],
                )
                for name, role in who.items()
            ),
            "pool_id": self.yard.pool_id,
            "classes": (
                ClassTerms(name="senior", note_face_minor=Minor(FACE), rated=True),
                ClassTerms(name="junior", note_face_minor=Minor(FACE), retained_ppm=Ppm(1_000_000)),
            ),
            "payees": (
                FeePayee(name="trustee", role=IssueRole.TRUSTEE),
                FeePayee(name="line", role=IssueRole.GUARANTOR),
            ),
        }  # fmt: skip
        return ProposeIssue(**(terms | changed))

    def proposed(self, text: str = "", **changed: Any) -> Plan:
        """Publish and propose."""
        self.publish(text or deal_text())
        self.issue_id = self.venue.make(self.proposal(**changed), IssueProposed, "arranger").issue.issue_id
        return self

    def whose(self, item: ClosingItem) -> str:
        """Whose word an item is."""
        by = {
            ClosingKind.TRUE_SALE_OPINION: "lawyers",
            ClosingKind.RATING: "raters",
            ClosingKind.GUARANTEE: "guarantor",
            ClosingKind.FUND_ACCOUNT: "trustee",
            ClosingKind.LOAN_ORIGINATED: "servicer",
        }
        arrangers = (ClosingKind.PLEDGE_REGISTERED, ClosingKind.FIRST_LICENCE, ClosingKind.RETURN_LICENCE)
        return "arranger" if item.kind in arrangers else by.get(item.kind, self.originator)

    def satisfy(self, *kinds: ClosingKind) -> None:
        """Show every open item of these kinds, or of all."""
        for item in self.items():
            if item.state == "open" and (not kinds or item.kind in kinds):
                shown: dict[str, Any] = {"documents": (DOCUMENT,)}
                if item.kind is ClosingKind.FIRST_LICENCE:
                    shown = {"licence_id": self.licence_id, "documents": ()}
                if item.kind is ClosingKind.PLEDGE_REGISTERED:
                    pledge = self.pool_asset(item.pool_asset_id).encumbrance_id
                    shown = {"encumbrance_id": pledge, "documents": ()}
                command = self.show(item, **shown)
                assert self.venue.refusal(command, self.whose(item)) == "", item

    def pool_asset(self, asset: PoolAssetId) -> PoolAsset:
        """An asset of the pool."""
        return self.venue.state.table(PoolAsset)[asset]

    def offer(self, least: int = FACE) -> OpenOffering:
        """The command that offers the senior notes at a price from `least` to their face."""
        limits = {"least_minor": Minor(least), "most_minor": Minor(FACE)}
        return self.terms(
            Pricing.PRICE, classes=(ClassOffer(name="senior", lot_notes=10, **limits),),
            book_cap_minor=Minor(1_000 * THOUSAND), refund_rate_ppm=Ppm(0),
        )  # fmt: skip

    def offered(  # type: ignore[override] # a plan offers itself
        self, text: str = "", least: int = FACE, price: int = FACE, **changed: Any
    ) -> Plan:
        """Everything shown, and a book in which wu and ren bid for the senior notes."""
        self.proposed(text, **changed)
        self.satisfy()
        events = self.venue.by_two(self.offer(least))
        assert not isinstance(events[0], Rejected), events
        self.offering_id = self.issue().offering_id
        for who, notes in (("wu", 600), ("ren", 300)):
            self.venue.make(self.bid(who, notes, price), BookBidPlaced, who)
        return self

    def established(self, text: str = "", **changed: Any) -> Plan:
        """Allotted and sold."""
        self.offered(text, **changed)
        self.venue.pass_time(days=5, seconds=1)
        assert self.venue.refusal(CloseOffering(offering_id=self.offering_id)) == ""
        self.venue.finish_runs()
        return self

    def refused_close(self) -> str:
        """The code the close is refused with, once the period is over."""
        self.venue.pass_time(days=5, seconds=1)
        return self.venue.refusal(CloseOffering(offering_id=self.offering_id))

    def holds(self, who: str, asset_id: AssetId) -> tuple[int, int]:
        """What somebody has of an asset, and how much of it is held."""
        ledger, account_id = self.venue.state.ledger, self.venue.accounts[who]
        return ledger.units(account_id, asset_id), ledger.held(account_id, asset_id)


@functools.cache
def _staffed() -> Yard:
    yard = Yard.cn()
    venue = yard.venue
    for name in STAFF_HERE:
        if name not in venue.accounts:
            venue.member(name, Role.INTERMEDIARY)
    venue.user("trustee2", "trustee", (UserRight.VIEW, UserRight.APPROVE))
    venue.market_id, venue.money = yard.cn_market, yard.cny
    for name in (*STAFF_HERE, ISSUER, "lab", "bank", BACKUP):
        IssueStage.file(_OfVenue(venue), name)  # type: ignore[arg-type] # all that it asks for
    return yard


class _OfVenue:
    def __init__(self, venue: Any) -> None:
        self.venue = venue


def manned() -> Yard:
    """A yard with the parties of an issue."""
    return _staffed().again()
