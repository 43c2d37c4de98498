"""Prior claims inside a deal 优先购买: who may step in before the buyer, on the winning terms, once the price is found.

Each holder of a claim is told, and has the profile's days. Whoever exercises holds the whole cost at once; who waives,
or says nothing, has waived for this deal alone. At the end the claims that rank first take everything, several of them
pro rata: exact units and exact money by largest remainder. A deal at another price is another deal, and asks anew.
Source: 民法典 arts. 305-306 (co-owners), 847 (finisher), 859 (commissioner), 860 (co-developers).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from exchange.core.ids import AccountId, AssetId, DealId, MemberId, PriorClaimId, UserId
from exchange.core.messages import Command, Event, Record
from exchange.core.postings import Movement
from exchange.core.units import Minor, Sha256Hex, TimeNs, Units, share_out
from matching.deals import Deal, DealTerms


class ClaimKind(StrEnum):
    """Who may step in before a buyer, those who rank first named first.

    A co-owner's is a right in the thing and goes before claims out of a contract, as art. 726 has it for a tenant's;
    among the contracts, the co-developer shares in what is sold, the commissioner paid for it, the finisher made it.
    Source: 民法典 arts. 726, 306; 860; 859; 847. That the four rank so is this project's own reading.
    """

    CO_OWNER = "co_owner"
    CO_DEVELOPER = "co_developer"
    COMMISSIONER = "commissioner"
    FINISHER = "finisher"


RANKS = tuple(ClaimKind)


class ClaimState(StrEnum):
    """What became of one holder's claim on one deal. The last four are ends."""

    NOTIFIED = "notified"
    EXERCISED = "exercised"
    """Its holder has promised the whole cost, and waits for the others."""
    TAKEN = "taken"
    """Its holder takes a part of the deal, or all of it."""
    OUTRANKED = "outranked"
    """Exercised, but others rank before, or the deal came to nothing: what was held is free."""
    WAIVED = "waived"
    EXPIRED = "expired"
    """Silence is a waiver."""


class NotifiedClaim(Record, frozen=True, kw_only=True):
    """One holder's prior claim on one deal, from its notice to its end.

    Units: `weight` is what several of a kind share out by: the units a co-owner has, else one each. `held_minor` is
    promised now; `units` and `price_minor` are what its holder takes in the end.
    """

    claim_id: PriorClaimId
    deal_id: DealId
    asset_id: AssetId
    kind: ClaimKind
    member_id: MemberId
    account_id: AccountId
    seller_account_id: AccountId
    money_asset_id: AssetId
    weight: int
    until_ns: TimeNs
    state: ClaimState
    held_minor: Minor = Minor(0)
    answered_by: UserId = UserId(0)
    answered_at_ns: TimeNs = TimeNs(0)
    units: Units = Units(0)
    price_minor: Minor = Minor(0)

    @property
    def live(self) -> bool:
        """Whether the claim waits for its holder, or for the others'."""
        return self.state in (ClaimState.NOTIFIED, ClaimState.EXERCISED)


def split_claims(units: int, price_minor: int, weights: Sequence[int]) -> list[tuple[int, int]]:
    """What each of several exercisers takes and pays; who would get no unit, or would pay nothing, gets nothing.

    Units by largest remainder over exact fractions, then the price over those units; both sum to the whole.

    >>> split_claims(500_000, 90_000_000, [1_000_000, 500_000])
    [(333333, 59999940), (166667, 30000060)]
    """
    places = list(range(len(weights)))
    while True:
        taken = share_out(units, [weights[place] for place in places])
        paid = share_out(price_minor, taken)
        empty = [place for place, part, cost in zip(places, taken, paid, strict=True) if not (part and cost)]
        if not empty:
            parts = {place: (part, cost) for place, part, cost in zip(places, taken, paid, strict=True)}
            return [parts.get(place, (0, 0)) for place in range(len(weights))]
        smallest = min(empty, key=lambda place: (weights[place], -place))
        places.remove(smallest)


class PreemptionOpened(Event, frozen=True, kw_only=True, tag="pre_emption.opened"):
    """Every holder of a prior claim is told of the deal, and has until `deal.preemption_until_ns`."""

    deal: Deal
    terms: DealTerms
    claims: tuple[NotifiedClaim, ...]
    movement: Movement


class ExercisePriorClaim(Command, frozen=True, kw_only=True, tag="prior_claim.exercise"):
    """Step in before the buyer, on exactly these terms, and sign the contract: price and fee are held at once.

    It binds: there is no stepping back. With several of a kind, what is not needed in the end is freed.
    Refused: prior_claim.unknown (none, or answered), account.unknown, account.not_yours, mandate.invalid,
    account.frozen, member.frozen, prior_claim.not_holder, prior_claim.state, deal.terms_changed, whatever would refuse
    the deal with this buyer now, hold.insufficient_available.
    """

    claim_id: PriorClaimId
    account_id: AccountId
    terms_sha256: Sha256Hex
    contract_sha256: Sha256Hex


class PriorClaimExercised(Event, frozen=True, kw_only=True, tag="prior_claim.exercised"):
    """Its holder will take the deal, or its part of it, unless others rank before."""

    claim: NotifiedClaim
    movement: Movement


class WaiveInRound(Command, frozen=True, kw_only=True, tag="prior_claim.waive_round"):
    """Let this one deal go to its buyer, as the holder of a claim; a frozen one too.

    Refused: prior_claim.unknown (none, or answered), prior_claim.not_holder, prior_claim.state.
    """

    claim_id: PriorClaimId


class WaivedInRound(Event, frozen=True, kw_only=True, tag="prior_claim.round_waived"):
    """This holder lets the deal go to its buyer."""

    claim: NotifiedClaim
    movement: Movement


class PreemptionClosed(Event, frozen=True, kw_only=True, tag="pre_emption.closed"):
    """Everybody has answered, or time is up: the contract is the buyer's to sign, or is signed by those who took it.

    `claims` are those that were still open, as they ended; `terms` are given where others take the buyer's place.
    """

    deal: Deal
    terms: DealTerms | None
    claims: tuple[NotifiedClaim, ...]
    movement: Movement
