"""A floor on which blocks of shares and notes are sold by agreement, several at a time, in XTS.

floor = Floor.shares()               `thu` has all 1,000,000 shares of an outcome; the others have money
floor.plays('''
    a: thu sells li 300000 for 900   ->  proposed
    li accepts a                     ->  signing
    li signs a                       ->  signing
    thu signs a                      ->  completed
''')
floor.has(thu=700_000, li=300_000)
"""

from __future__ import annotations

import functools
import json
from typing import Any

from custody.accounts import Bank
from custody.outcomes import IssueShares, ShareDeedFiled, SharesIssued
from custody.rights import RegisterRight, RightRegistered
from exchange.core.ids import AssetId, DealId, MarketId, OfferingId, PriorClaimId
from exchange.core.instruments import Side
from exchange.core.messages import Command, Rejected
from exchange.core.node_messages import AdvanceClock
from exchange.core.parties import Standing
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import Minor, Units
from exchange.engine.notes import counted_together
from exchange.rulebook import shipped
from matching.deals import AcceptDeal, Deal, DealState, ProposeDeal, SignDeal, WithdrawDeal
from matching.listing_messages import MarketOpened, OpenMarket
from matching.preemption import ExercisePriorClaim, NotifiedClaim, WaiveInRound
from securitization.offering_messages import Offering
from tests.issuing.stage import Stage
from tests.listings.stage import House
from tests.support import publish

PURSE = 10_000_000
TRADERS = ("li", "wu", "ren")


class Floor(House):
    """A house at which blocks of one asset are sold."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.asset_id = AssetId(0)
        self.market = MarketId(0)
        self.deals: dict[str, DealId] = {}

    @classmethod
    def shares(cls, *, waived: bool = True, consent: bool = True, **fields: Any) -> Floor:
        """Shares of thu's outcome in a market like the sandbox; `fields` of its profile differ."""
        return _shares(waived, consent, json.dumps(fields)).again()

    @classmethod
    def notes(cls, **fields: Any) -> Floor:
        """900 senior notes in a private product's market: li has 500, wu 400; licensor0 keeps the 100 junior ones.

        With `sandbox` they are issued in the sandbox; other `fields` are those of the market's profile that differ.
        """
        return _notes(json.dumps(fields)).again()

    def again(self) -> Floor:
        """Another floor with the same past."""
        other = Floor(self.venue.copy())
        other.serial, other.asset_id, other.market = self.serial, self.asset_id, self.market
        other.deals = dict(self.deals)
        return other

    # --- Playing ------------------------------------------------------------------------------------------------------

    def plays(self, text: str) -> None:
        """Play a scenario: each line is what happens, and after an arrow how the deal then stands, or a refusal."""
        for line in text.strip().splitlines():
            asked, _, expected = (part.strip() for part in line.partition("->"))
            told = self.happens(asked)
            assert told == " ".join(expected.split()), f"{asked} -> {told}, expected {expected}"

    def happens(self, line: str) -> str:
        """One line; answers the refusal, or the deal's state, or nothing where none is named."""
        words = line.split()
        match words:
            case ["wait", days]:
                self.venue.pass_time(days=int(days))
                self.tick()
                return ""
            case ["restart"]:
                self.venue.restart()
                return ""
            case [name, seller, "sells", buyer, units, "for", price]:
                return self.offers(name.rstrip(":"), seller, buyer, int(units), int(price))
            case [who, step, name]:
                return self.venue.refusal(self.command(who, step, name), who) or self.state(name)
        raise ValueError(line)

    def tick(self) -> None:
        """Let every timer that is due fire."""
        while self.venue.state.due and self.venue.state.due[0][0] <= self.venue.clock_ns:
            self.venue.do(AdvanceClock(), "node")

    def proposal(self, seller: str, buyer: str, units: int | None, price: int, **changed: Any) -> ProposeDeal:
        """The command that offers a block."""
        terms: dict[str, Any] = {
            "market_id": self.market,
            "asset_id": self.asset_id,
            "seller_account_id": self.venue.accounts[seller],
            "buyer_account_id": self.venue.accounts[buyer],
            "price_minor": Minor(price),
            "contract_sha256": self.file(seller, "contract"),
            "units": Units(units) if units is not None else None,
        }
        return ProposeDeal(**(terms | changed))

    def offers(self, name: str, seller: str, buyer: str, units: int, price: int, **changed: Any) -> str:
        """Offer a block under a name; the refusal, or its state."""
        events = self.venue.do(self.proposal(seller, buyer, units, price, **changed), seller)
        if isinstance(events[0], Rejected):
            return events[0].code.value
        self.deals[name] = events[0].deal.deal_id  # type: ignore[attr-defined]
        return self.state(name)

    def command(self, who: str, step: str, name: str) -> Command:
        """The command of one step of a deal."""
        deal = self.deal(name)
        side = Side.SELL if self.venue.accounts[who] == deal.seller_account_id else Side.BUY
        match step:
            case "accepts":
                return AcceptDeal(deal_id=deal.deal_id, terms_sha256=deal.terms_sha256)
            case "signs":
                return SignDeal(deal_id=deal.deal_id, side=side, contract_sha256=deal.contract_sha256)
            case "withdraws":
                return WithdrawDeal(deal_id=deal.deal_id)
            case "waives":
                return WaiveInRound(claim_id=self.claim_of(who, name))
            case "exercises":
                return ExercisePriorClaim(
                    claim_id=self.claim_of(who, name),
                    account_id=self.venue.accounts[who],
                    terms_sha256=deal.terms_sha256,
                    contract_sha256=deal.contract_sha256,
                )
        raise ValueError(step)

    def sold(self, name: str, seller: str, buyer: str, units: int, price: int) -> None:
        """A whole sale, from the offer to the transfer."""
        self.plays(f"""
            {name}: {seller} sells {buyer} {units} for {price} -> proposed
            {buyer} accepts {name}                            -> signing
            {buyer} signs {name}                              -> signing
            {seller} signs {name}                             -> completed
        """)

    # --- Looking ------------------------------------------------------------------------------------------------------

    def deal(self, name: str) -> Deal:
        """A deal as it last was."""
        deal_id = self.deals[name]
        found = self.venue.state.table(Deal).get(deal_id)
        if found is not None:
            return found
        for entry in reversed(self.venue.journal):
            for event in reversed(entry.events):
                deal = getattr(event, "deal", None)
                if isinstance(deal, Deal) and deal.deal_id == deal_id:
                    return deal
        raise AssertionError(name)

    def state(self, name: str) -> str:
        """How a deal stands, and who of its claimants has taken what."""
        deal = self.deal(name)
        parts = [f", {self.name_of(part.account_id)} {part.units}" for part in deal.parts]
        return f"{deal.state.value}{''.join(parts)}"

    def claim_of(self, who: str, name: str) -> PriorClaimId:
        """Somebody's claim on a deal."""
        for claim in self.venue.state.table(NotifiedClaim).values():
            if claim.deal_id == self.deals[name] and claim.member_id == self.venue.members[who]:
                return claim.claim_id
        return PriorClaimId(0)

    def name_of(self, account_id: int) -> str:
        """Whose account this is."""
        return next(name for name, account in self.venue.accounts.items() if account == account_id)

    def units(self, who: str) -> int:
        """What somebody has of the asset."""
        return self.venue.state.ledger.units(self.venue.accounts[who], self.asset_id)

    def held(self, who: str) -> int:
        """What of it is promised."""
        return self.venue.state.ledger.held(self.venue.accounts[who], self.asset_id)

    def has(self, **units: int) -> None:
        """Check who has how many units."""
        assert {who: self.units(who) for who in units} == units

    def escrow(self) -> int:
        """What lies in escrow at the bank."""
        bank = self.venue.state.table(Bank)[self.venue.bank_id]
        return self.venue.state.ledger.units(bank.escrow_id, self.venue.money)

    def fees_due(self) -> int:
        """What the venue has earned."""
        bank = self.venue.state.table(Bank)[self.venue.bank_id]
        return self.venue.state.ledger.units(bank.fees_due_id, self.venue.money)

    def rejected(self, command: Command, by: str) -> Rejected:
        """The refusal of a command."""
        [event] = self.venue.do(command, by)
        assert isinstance(event, Rejected), event
        return event


@functools.cache
def _shares(waived: bool, consent: bool, changed: str) -> Floor:
    fields = {"value_cap_minor": None} | json.loads(changed)
    floor = Floor(House.sandbox(**fields).venue)
    for name in TRADERS:
        floor.venue.member(name, cash=PURSE)
    floor.venue.member("zeiss", cash=PURSE, country="DE")
    outcome_id = floor.outcome("thu", patent_ids=(floor.patent("thu"),))
    deed = floor.deed_of("thu", outcome_id, preemption_waived=waived, transfer_consent=consent)
    floor.venue.make(deed, ShareDeedFiled, "thu")
    account = floor.venue.accounts["thu"]
    floor.venue.make(RegisterRight(account_id=account, outcome_id=outcome_id), RightRegistered, "thu")
    issued = floor.venue.make(IssueShares(outcome_id=outcome_id, account_id=account), SharesIssued, "thu")
    floor.asset_id, floor.market = issued.asset.asset_id, floor.venue.market_id
    floor.venue.deposit("thu", PURSE)
    return floor


def private_market(floor: Floor, version: int = 2, **changed: Any) -> MarketId:
    """A market under the private products' profile as an operator of its own register would publish it, in XTS."""
    text = json.loads(shipped.profile_text("cn_private_product"))
    text["version"] = version
    own = {"register_of_record": "own", "licence_required": False, "currencies": ["XTS"], "calendar": "always"}
    for name, value in (own | changed).items():
        text["fields"][name]["value"] = value
    publish(floor.venue, PublishedKind.PROFILE, json.dumps(text, ensure_ascii=False))
    fees = json.loads(shipped.fee_schedule_text("sandbox")) | {"name": f"private{version}", "version": 1}
    for row in fees["rows"]:
        row["profile"] = "cn_private_product"
    publish(floor.venue, PublishedKind.FEE_SCHEDULE, json.dumps(fees))
    command = OpenMarket(
        name=f"private {version}",
        profile="cn_private_product",
        profile_version=version,
        currency="XTS",
        money_asset_id=floor.venue.money,
        calendar="always",
        calendar_version=1,
        fee_schedule=f"private{version}",
    )
    return floor.venue.make(command, MarketOpened).market.market_id


@functools.cache
def _notes(changed: str) -> Floor:
    fields = json.loads(changed)
    sandbox = fields.pop("sandbox", False)
    stage = Stage(investors=0, **(fields if sandbox else {}))
    floor = Floor(stage.venue)
    both = (Standing.PROFESSIONAL, Standing.INVITED)
    for name in TRADERS:
        floor.venue.member(name, cash=PURSE, standings=both)
    floor.venue.member("ordinary", cash=PURSE)
    floor.market = floor.venue.market_id if sandbox else private_market(floor, **fields)
    stage.propose(market_id=floor.market)
    stage.satisfy()
    stage.venue.by_two(stage.terms())
    stage.offering_id = OfferingId(max(floor.venue.state.table(Offering)))  # type: ignore[arg-type]
    stage.bids_in("""
        li 500 @ 1000
        wu 400 @ 1000
    """)
    stage.close()
    floor.venue.finish_runs()
    floor.asset_id = stage.issue().classes[0].asset_id
    assert floor.units("li") == 500, stage.issue().state
    return floor


def junior_of(floor: Floor) -> AssetId:
    """The class its originator keeps."""
    return counted_together(floor.venue.state, floor.asset_id)[1]


__all__ = ["PURSE", "DealState", "Floor", "junior_of", "private_market"]
