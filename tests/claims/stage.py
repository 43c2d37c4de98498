"""A right that several own, or on which somebody has a prior claim, and a deal about it in which they may step in.

owners = Owners.golden()     `thu` has 1/2, `ada` 1/3, `bo` 1/6 of one right, by a pilot; `li` would buy the half
owners.plays('''
    thu  proposes half 900    ->  proposed
    li   accepts              ->  publicity
    wait 16                   ->  pre_emption, ada notified, bo notified
    ada  exercises            ->  pre_emption, ada exercised, bo notified
    bo   exercises            ->  signing, ada 2/6, bo 1/6
''')

Prices are in thousands of CNY.
"""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Any

from custody.consents import Consent, ConsentAct, ConsentGiven, GiveConsent, WithdrawConsent
from custody.outcomes import (
    DeclaredClaim,
    DeclarePriorClaim,
    Outcome,
    OutcomeRegistered,
    PriorClaimKind,
    RegisterOutcome,
)
from custody.pilot import TeamShare
from custody.rights import RegisterRight, RightRegistered, TitleCheck
from exchange.core.ids import ConsentId, DealId, OutcomeId, PriorClaimId
from exchange.core.messages import Command
from exchange.core.units import Minor, TimeNs, Units
from matching.deals import DealState
from matching.preemption import ClaimState, ExercisePriorClaim, NotifiedClaim, WaiveInRound
from tests.deals.stage import Desk
from tests.pilots.stage import Case, part

THOUSAND = 100_000
DAY_NS = 86_400 * 10**9
PURSE = 10_000
"""Thousands of CNY that everybody has."""
NAMES = ("thu", "lab", "li", "wu", "ada", "bo", "cy", "dee")


class Owners(Desk):
    """A desk with one right, its owners, and one deal at hand."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.outcome_id = OutcomeId(0)

    @classmethod
    def golden(cls) -> Owners:
        """thu 1/2, ada 1/3, bo 1/6: ownership given by a pilot; both consent to a sale of the half."""
        return _golden().fresh()

    @classmethod
    def claimed(cls, *kinds: PriorClaimKind, seller: str = "lab", **named: tuple[str, ...]) -> Owners:
        """A right of lab alone, in an outcome: each kind of claim is open, with the holders named, by default cy."""
        owners = _people().fresh()
        owners.seller = seller
        claims = [
            DeclaredClaim(
                kind=kind,
                holder_ids=tuple(owners.venue.members[name] for name in named.get(kind.value, ("cy",))),
                document_sha256=owners.file(seller, f"contract of a {kind}"),
            )
            for kind in kinds
        ]
        if PriorClaimKind.FINISHER not in kinds:
            waiver = owners.file(seller, "waiver of the finisher")
            claims.append(DeclaredClaim(kind=PriorClaimKind.FINISHER, waiver_sha256=waiver))
        owners.bring(seller, claims=tuple(claims))
        return owners

    def fresh(self) -> Owners:
        """Another desk with the same past."""
        return self.over(Owners(self.venue.copy()))

    def over(self, other: Owners) -> Owners:
        """What else than its venue makes this desk, put on another."""
        for name in ("cn_market", "serial", "deal_id", "right_id", "seller", "buyer", "outcome_id"):
            setattr(other, name, getattr(self, name))
        return other

    def bring(self, by: str, **fields: Any) -> None:
        """Register an outcome with one patent, bring its right into custody and have it examined."""
        terms: dict[str, Any] = {"title": "Membrane", "readiness_level": 4, "patent_ids": (self.patent(by),)}
        made = self.venue.make(RegisterOutcome(**(terms | fields)), OutcomeRegistered, by)
        self.outcome_id = OutcomeId(made.outcome.outcome_id)
        account = self.venue.accounts[by]
        register = RegisterRight(account_id=account, outcome_id=self.outcome_id, shares=(part(1, 3), part(1, 6)))
        self.right_id = self.venue.make(register, RightRegistered, by).right.asset_id
        self.examine(self.right_id, TitleCheck.CLEAR)

    # --- Playing ------------------------------------------------------------------------------------------------------

    def plays(self, text: str) -> None:
        """Play a scenario: each line is what happens, and after an arrow how the deal then stands, or a refusal."""
        for line in text.strip().splitlines():
            asked, _, expected = (part.strip() for part in line.partition("->"))
            told = self.happens(asked)
            assert told == " ".join(expected.split()), f"{asked} -> {told}, expected {expected}"

    def happens(self, line: str) -> str:
        """One line of a scenario; answers the refusal, or how the deal stands."""
        match line.split():
            case ["wait", days]:
                self.step(f"wait {days}")
            case ["restart"]:
                self.venue.restart()
            case [who, *step]:
                if refused := self.takes(who, " ".join(step)):
                    return refused
        return self.shown()

    def takes(self, who: str, step: str) -> str:
        """Take a step; the code it is refused with, or nothing."""
        match step.split():
            case ["proposes", units, price]:
                return self.proposes(who, self.units(units), int(price) * THOUSAND)
            case ["accepts"]:
                return self.step("accept", by=who)
            case ["signs"]:
                return self.step("seller signs" if who == self.seller else "buyer signs", by=who)
            case ["withdraws"]:
                return self.step("withdraw", by=who)
            case ["records"]:
                return self.step("confirm", by=who)
            case ["refuses"]:
                return self.step("refuse", by=who)
            case ["objects"]:
                return self.step("object", by=who)
            case ["exercises"]:
                return self.venue.refusal(self.exercise(who), who)
            case ["waives"]:
                return self.venue.refusal(WaiveInRound(claim_id=self.claim_of(who)), who)
            case _:
                raise ValueError(f"{who} {step}")

    def proposes(self, who: str, units: int | None, price_minor: int) -> str:
        """Offer so many units of the right at hand to the buyer at hand; the code it is refused with, or nothing."""
        self.seller = who
        command = self.proposal(
            price_minor=Minor(price_minor), units=Units(units) if units else None, asset_id=self.right_id
        )
        events = self.venue.do(command, who)
        code = getattr(events[0], "code", None)
        if code is None:
            self.deal_id = DealId(events[0].deal.deal_id)  # type: ignore[attr-defined]
        return str(code.value) if code is not None else ""

    def exercise(self, who: str, **changed: Any) -> Command:
        """The command by which somebody steps in on the terms of the deal at hand."""
        deal = self.deal()
        fields: dict[str, Any] = {
            "claim_id": self.claim_of(who),
            "account_id": self.venue.accounts[who],
            "terms_sha256": deal.terms_sha256,
            "contract_sha256": deal.contract_sha256,
        }
        return ExercisePriorClaim(**(fields | changed))

    def claim_of(self, who: str) -> PriorClaimId:
        """Somebody's claim on the deal at hand; one that is over is nobody's any more."""
        for claim in self.venue.state.table(NotifiedClaim).values():
            if claim.deal_id == self.deal_id and claim.member_id == self.venue.members[who]:
                return claim.claim_id
        return PriorClaimId(0)

    def units(self, words: str) -> int | None:
        """Units by a word: `all`, `half`, a fraction of the whole as 1/6, or a number."""
        total = self.total()
        if words == "all":
            return None
        if "/" in words:
            return int(Fraction(words) * total)
        return total // 2 if words == "half" else int(words)

    # --- Consents and claims ------------------------------------------------------------------------------------------

    def consent(self, who: str, **changed: Any) -> ConsentId:
        """Somebody consents to a sale, to anybody, at any price, for a year."""
        return self.venue.make(self.consenting(who, **changed), ConsentGiven, who).consent.consent_id

    def consenting(self, who: str, **changed: Any) -> GiveConsent:
        """The command by which somebody consents."""
        fields: dict[str, Any] = {
            "asset_id": self.right_id,
            "member_id": self.venue.members[who],
            "act": ConsentAct.SALE,
            "until_ns": TimeNs(self.venue.clock_ns + 365 * DAY_NS),
            "document_sha256": self.file(who, "consent"),
        }
        return GiveConsent(**(fields | changed))

    def withdraw_consent(self, who: str) -> str:
        """Somebody takes its consent back."""
        mine = [one for one in self.venue.state.table(Consent).values() if one.member_id == self.venue.members[who]]
        return self.venue.refusal(WithdrawConsent(consent_id=mine[0].consent_id if mine else ConsentId(0)), who)

    def declares(self, kind: PriorClaimKind, *holders: str, by: str = "lab") -> str:
        """The owner names who has a claim; the code it is refused with, or nothing."""
        command = DeclarePriorClaim(
            outcome_id=self.outcome_id,
            kind=kind,
            holder_ids=tuple(self.venue.members[name] for name in holders),
            document_sha256=self.file(by, "who has it"),
        )
        return self.venue.refusal(command, by)

    # --- Looking ------------------------------------------------------------------------------------------------------

    def shown(self) -> str:
        """How the deal stands: its state, the claims that are open, or who takes what part of the whole."""
        deal = self.deal()
        told = [deal.state.value]
        told += [f"{self.name_of(part.account_id)} {self.fraction(part.units)}" for part in deal.parts]
        if deal.state is DealState.PRE_EMPTION:
            told += [f"{self.member_name(claim.member_id)} {claim.state.value}" for claim in self.claims()]
        return ", ".join(told)

    def claims(self) -> list[NotifiedClaim]:
        """Every claim of the deal at hand, as it last was told."""
        found: dict[int, NotifiedClaim] = {}
        for entry in self.venue.journal:
            for event in entry.events:
                told = (*getattr(event, "claims", ()), getattr(event, "claim", None))
                found |= {one.claim_id: one for one in told if isinstance(one, NotifiedClaim)}
        return [claim for claim in found.values() if claim.deal_id == self.deal_id]

    def ended(self) -> dict[str, ClaimState]:
        """What became of everybody's claim on the deal at hand."""
        return {self.member_name(claim.member_id): claim.state for claim in self.claims()}

    def fraction(self, units: int) -> str:
        """Units as a fraction of the whole in sixths, or as a number."""
        sixths = Fraction(6 * units, self.total())
        return f"{sixths}/6" if sixths.denominator == 1 else str(units)

    def outcome_now(self) -> Outcome:
        """The outcome at hand."""
        return self.venue.state.table(Outcome)[self.outcome_id]

    def total(self) -> int:
        """The units of the whole right."""
        return self.venue.state.assets[self.right_id].total_units

    def name_of(self, account_id: int) -> str:
        """Whose account this is."""
        return next(name for name, account in self.venue.accounts.items() if account == account_id)

    def member_name(self, member_id: int) -> str:
        """The name of a member."""
        return next(name for name, member in self.venue.members.items() if member == member_id)

    def shares(self) -> dict[str, str]:
        """Who owns how much of the right at hand."""
        found = self.venue.state.ledger.holders(self.right_id)
        return {self.name_of(account_id): self.fraction(units) for account_id, units in found}

    def all_held(self) -> int:
        """Money that anybody has promised."""
        money = self.bank().money_asset_id
        return sum(self.venue.state.ledger.held(account, money) for account in self.venue.accounts.values())


@functools.cache
def _people() -> Owners:
    case = Case.cn()
    owners = Owners(case.venue)
    owners.cn_market, owners.serial, owners.seller = case.cn_market, case.serial, "lab"
    owners.trader("zeiss", country="DE")
    owners.trader("rich")
    for name in (*NAMES, "zeiss", "rich"):
        owners.pay_in(name, PURSE * THOUSAND - owners.money(name))
    return owners


@functools.cache
def _golden() -> Owners:
    people = _people().fresh()
    case = Case(people.venue)
    case.cn_market, case.serial, case.team = people.cn_market, people.serial, ("ada", "bo")
    case.custody(shares=(part(1, 3), part(1, 6)), patent_ids=(case.patent("thu"),))
    parts = {"ada": part(2, 3), "bo": part(1, 3)}
    case.opened(team=tuple(TeamShare(account_id=case.venue.accounts[who], share=parts[who]) for who in parts))
    assert not case.venue.refusal(*case.command("decide"))
    case.venue.pass_time(days=16)
    case.tick()
    terms = case.terms(team_share=part(1, 2))
    for who in ("thu", "ada", "bo"):
        assert not case.venue.refusal(*case.command(f"{who} signs", terms=terms)), who
    assert not case.venue.refusal(*case.command("confirm")), "the office records the co-owners"
    owners = people.over(Owners(case.venue))
    owners.serial, owners.right_id, owners.outcome_id = case.serial, case.right_id, case.outcome_id
    owners.seller = "thu"
    for name in ("ada", "bo"):
        owners.consent(name)
    return owners
