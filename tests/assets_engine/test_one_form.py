"""Whatever institutions try: a right is in one form, and the shares outstanding are what lies immobilised for them."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from custody.accounts import AccountKind
from custody.outcomes import (
    IssueShares,
    Outcome,
    PriorClaimKind,
    PriorClaimWaived,
    RegisterOutcome,
    ShareDeedFiled,
    WaivePriorClaim,
)
from custody.rights import DeclaredShare, RegisterRight, Right, RightForm, TitleCheck
from exchange.assets.messages import PatentStub
from exchange.core.ids import AssetId, OutcomeId, PatentId
from exchange.core.instruments import AssetKind
from exchange.core.messages import Command, Rejected
from exchange.engine.issuance import outstanding_units
from exchange.engine.rights import holder_of_all
from matching.listing import ListingState
from matching.listing_messages import AdmitListing, DelistListing, Listing, ListingMethod
from tests.listings.stage import House

OWNERS = st.sampled_from(["thu", "pku"])
PLACES = st.integers(min_value=0, max_value=7)
BUNDLES = st.sampled_from([(0, 1), (0, 1, 2), (1,), (), (2, 3)])
ASTRAY = st.integers(min_value=0, max_value=5).map(lambda draw: draw == 5)
"""Whether somebody asks for what is not theirs to ask: about one time in six."""


def pick(things: list[int], place: int) -> int:
    """One of the things there are, or one there is not."""
    return things[place % len(things)] if things else 7


class OneForm(RuleBasedStateMachine):
    """Two institutions bring in patents, outcomes and rights, issue shares, and list: in any order, right or wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.patents: list[int] = []
        self.outcomes: list[int] = []
        self.floated: dict[int, tuple[int, ...]] = {}

    @initialize()
    def found(self) -> None:
        """A venue with the default profile's market beside the sandbox, and some patents."""
        self.house = House.cn()
        self.venue = self.house.venue
        for by in ("thu", "thu", "thu", "pku"):
            self.brings_a_patent(by)

    def owner_of(self, member_id: int, astray: bool) -> str:
        """The user of a member, or the other one."""
        return "thu" if (member_id == self.venue.members["thu"]) != astray else "pku"

    def asks(self, by: str, command: Command) -> bool:
        """Whether a command was taken."""
        return not isinstance(self.venue.do(command, by)[0], Rejected)

    @precondition(lambda self: len(self.patents) < 6)
    @rule(by=OWNERS)
    def brings_a_patent(self, by: str) -> None:
        """A new patent of one of them."""
        self.patents.append(self.house.patent(by))

    @precondition(lambda self: len(self.outcomes) < 6)
    @rule(by=OWNERS, places=BUNDLES, astray=ASTRAY, deed=st.booleans())
    def registers_an_outcome(self, by: str, places: tuple[int, ...], astray: bool, deed: bool) -> None:
        """An outcome of some patents; astray, they may be another's, bound already, or named twice."""
        stubs = self.venue.state.table(PatentStub)
        free = [
            known
            for known in self.patents
            if astray or (stubs[known].owner_id == self.venue.members[by] and not stubs[known].outcome_id)
        ]
        patents = tuple(PatentId(free[place % len(free)]) for place in places) if free else ()
        patents = patents if astray else tuple(dict.fromkeys(patents))
        if self.asks(by, RegisterOutcome(title="Membrane", readiness_level=3, patent_ids=patents)):
            outcome_id = OutcomeId(max(self.venue.state.table(Outcome)))
            self.outcomes.append(outcome_id)
            if deed:
                self.venue.make(self.house.deed_of(by, outcome_id), ShareDeedFiled, by)
                paper = self.house.file(by, "waiver")
                waive = WaivePriorClaim(outcome_id=outcome_id, kind=PriorClaimKind.FINISHER, waiver_sha256=paper)
                self.venue.make(waive, PriorClaimWaived, by)

    @rule(place=PLACES, astray=ASTRAY, whole_outcome=st.booleans(), parts=st.integers(1, 9))
    def brings_a_right_into_custody(self, place: int, astray: bool, whole_outcome: bool, parts: int) -> None:
        """The right in a patent or an outcome, in as many units as a share of one part needs."""
        state = self.venue.state
        subject: dict[str, int] = {}
        if whole_outcome and self.outcomes:
            subject["outcome_id"] = pick(self.outcomes, place)
            by = self.owner_of(state.table(Outcome)[subject["outcome_id"]].member_id, astray)
        else:
            subject["patent_id"] = pick(self.patents, place)
            by = self.owner_of(state.table(PatentStub)[subject["patent_id"]].owner_id, astray)
        shares = (DeclaredShare(numerator=1, denominator=parts),)
        self.asks(by, RegisterRight(account_id=self.venue.accounts[by], shares=shares, **subject))  # type: ignore[arg-type]

    @rule(place=PLACES, title=st.sampled_from([TitleCheck.CLEAR, TitleCheck.CLEAR, TitleCheck.DEFECT]))
    def examines(self, place: int, title: TitleCheck) -> None:
        """A right's title is found clear, or not."""
        rights = sorted(self.venue.state.table(Right))
        if rights:
            self.house.examine(AssetId(pick(rights, place)), title)

    @precondition(lambda self: self.outcomes)
    @rule(place=PLACES, astray=ASTRAY, prepared=st.booleans(), parts=st.integers(1, 9))
    def issues_shares(self, place: int, astray: bool, prepared: bool, parts: int) -> None:
        """Shares of an outcome; prepared, what of it is not in custody is brought there first."""
        outcome_id = OutcomeId(pick(self.outcomes, place))
        if prepared:
            self.completes(outcome_id)
        by = self.owner_of(self.venue.state.table(Outcome)[outcome_id].member_id, astray)
        shares = (DeclaredShare(numerator=1, denominator=parts),)
        account = self.venue.accounts[by]
        if self.asks(by, IssueShares(outcome_id=outcome_id, account_id=account, shares=shares)):
            assert outcome_id not in self.floated, "an outcome floats once"
            rights = [right for right in self.venue.state.table(Right).values() if self.covers(outcome_id, right)]
            self.floated[outcome_id] = tuple(right.asset_id for right in rights)

    def completes(self, outcome_id: OutcomeId) -> None:
        """Bring the rights of an outcome into custody: its patents' where it has some, else its own."""
        outcome = self.venue.state.table(Outcome)[outcome_id]
        by = self.owner_of(outcome.member_id, False)
        account = self.venue.accounts[by]
        for patent_id in outcome.patent_ids:
            self.asks(by, RegisterRight(account_id=account, patent_id=patent_id))
        if not outcome.patent_ids:
            self.asks(by, RegisterRight(account_id=account, outcome_id=outcome_id))

    def covers(self, outcome_id: OutcomeId, right: Right) -> bool:
        """Whether a right is the outcome's, or one of its patents'."""
        patents = self.venue.state.table(Outcome)[outcome_id].patent_ids
        return right.outcome_id == outcome_id or (bool(right.patent_id) and right.patent_id in patents)

    @rule(place=PLACES, astray=ASTRAY, in_book=st.booleans())
    def lists(self, place: int, astray: bool, in_book: bool) -> None:
        """Shares in the sandbox's book, or a whole right in the default market, proposed and admitted."""
        state = self.venue.state
        kind = AssetKind.SHARE if in_book else AssetKind.RIGHT
        assets = sorted(asset.asset_id for asset in state.assets.values() if asset.kind is kind)
        if not assets:
            return
        asset_id = AssetId(pick(list(assets), place))
        build = self.house.book if in_book else self.house.whole
        seller = self.house.outcome_of(asset_id).member_id if in_book else holder_of_all(state, asset_id)
        by = self.owner_of(seller or 0, astray)
        if not in_book and not astray:
            self.house.examine(asset_id, TitleCheck.CLEAR)
        if self.asks(by, build(by, asset_id)):
            listing = state.find(Listing, asset_id)
            assert listing is not None
            self.asks("ops", AdmitListing(listing_id=listing.listing_id))

    @rule(by=st.sampled_from(["thu", "pku", "ops"]), place=PLACES)
    def delists(self, by: str, place: int) -> None:
        """A listing ends."""
        listings = sorted(self.venue.state.table(Listing))
        if listings:
            listing = self.venue.state.table(Listing)[pick(listings, place)]
            self.asks(by, DelistListing(listing_id=listing.listing_id, reason="enough"))

    @rule(place=PLACES, units=st.integers(1, 500_000))
    def shares_change_hands(self, place: int, units: int) -> None:
        """Some shares go to the other institution, as a trade would move them."""
        shares = sorted(self.venue.state.table(Outcome)[OutcomeId(known)].share_asset_id for known in self.floated)
        if not shares:
            return
        asset_id = AssetId(pick(list(shares), place))
        thu, pku = self.venue.accounts["thu"], self.venue.accounts["pku"]
        ledger = self.venue.state.ledger
        giver, taker = (thu, pku) if ledger.available(thu, asset_id) >= units else (pku, thu)
        if ledger.available(giver, asset_id) >= units:
            legs = [(giver, asset_id, -units), (taker, asset_id, units)]
            self.venue.seed(lambda state, header: [state.ledger.move(header.sequence, legs)])

    @rule()
    def the_venue_restarts(self) -> None:
        """Nothing of this lives in memory alone."""
        self.venue.restart()

    @invariant()
    def units_outstanding_are_the_immobilised_fraction(self) -> None:
        """Of an outcome that floats, everything is immobilised and every share is out; of another, nothing."""
        state = self.venue.state
        for outcome in state.table(Outcome).values():
            immobilised = [
                Fraction(state.ledger.units(outcome.immobilised_id, right_id), state.assets[right_id].total_units)
                for right_id in map(AssetId, self.floated.get(outcome.outcome_id, ()))
            ]
            if outcome.outcome_id not in self.floated:
                assert (outcome.form, outcome.share_asset_id) == (RightForm.WHOLE, 0)
                continue
            shares = outcome.share_asset_id
            outstanding = Fraction(outstanding_units(state, shares), state.assets[shares].total_units)
            assert outcome.form is RightForm.SHARES
            assert immobilised and all(fraction == outstanding == 1 for fraction in immobilised)
            assert sum(units for _, units in state.ledger.holders(shares)) == state.assets[shares].total_units

    @invariant()
    def a_right_is_in_one_form_and_a_patent_in_one_right(self) -> None:
        """What floats is immobilised whole, what does not lies with owners; no patent is covered twice."""
        state = self.venue.state
        floating = {right_id for rights in self.floated.values() for right_id in rights}
        covered: list[int] = []
        for right in state.table(Right).values():
            owners = [state.accounts[account_id].kind for account_id, _ in state.ledger.holders(right.asset_id)]
            expected = AccountKind.IMMOBILISED if right.asset_id in floating else AccountKind.CLIENT
            assert owners == [expected]
            assert (right.form is RightForm.SHARES) == (right.asset_id in floating)
            outcome = state.table(Outcome).get(right.outcome_id)
            covered.extend(outcome.patent_ids if outcome is not None else [right.patent_id])
        assert len(covered) == len(set(covered))

    @invariant()
    def what_is_listed_whole_is_whole_and_what_is_in_a_book_floats(self) -> None:
        """A listing and the form of what it lists agree, and nothing is listed twice."""
        state = self.venue.state
        listed = [listing.asset_id for listing in state.table(Listing).values()]
        assert len(listed) == len(set(listed))
        for listing in state.table(Listing).values():
            in_book = listing.method is ListingMethod.ORDER_BOOK
            assert in_book == (state.assets[listing.asset_id].kind is AssetKind.SHARE)
            if not in_book and listing.state is ListingState.ADMITTED:
                assert state.table(Right)[listing.asset_id].form is RightForm.WHOLE

    def teardown(self) -> None:
        """Everything that can be proved about the venue."""
        if hasattr(self, "venue"):
            self.venue.close()


OneForm.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None, derandomize=True)
TestOneForm = OneForm.TestCase
