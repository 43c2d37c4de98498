"""An institution's side of the venue: documents on file, patents brought in, rights in custody, outcomes, listings.

house = House.sandbox()
thu = house.institution("thu")
shares = house.floating("thu")                       an outcome with a deed, its shares issued
house.propose("thu", shares, ...)                    see `book` and `whole` for a proposal's terms
"""

from __future__ import annotations

import functools
import hashlib
from datetime import date
from typing import Any

from custody.funding_messages import BankOpened, OpenBank
from custody.messages import AccountOpened
from custody.outcomes import (
    DeclaredClaim,
    FileShareDeed,
    IssueShares,
    Outcome,
    OutcomeRegistered,
    PriorClaimKind,
    RegisterOutcome,
    ShareDeedFiled,
    SharesIssued,
)
from custody.preservations import OrderPreservation
from custody.rights import ExamineRight, RegisterRight, Right, RightExamined, RightRegistered, TitleCheck
from exchange.assets.entries import PatentEntry
from exchange.assets.intake import read_patents
from exchange.assets.kinds import PatentStatus
from exchange.assets.messages import ChangePatentStatus, ImportPatents, PatentsImported
from exchange.core.calendar import local_date
from exchange.core.documents import FileDocument
from exchange.core.ids import AssetId, ListingId, MarketId, OutcomeId, PatentId
from exchange.core.membership import ClassMember, MemberRegistered, RegisterMember
from exchange.core.messages import Command
from exchange.core.parties import Role, SellerClass, Standing, UserRight
from exchange.core.rejections import RejectCode
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import Minor, Ppm
from exchange.engine.rights import patents_of
from exchange.engine.state import VENUE_TIME_ZONE
from exchange.rulebook import shipped
from matching.listing_messages import (
    AdmitListing,
    Listing,
    ListingAdmitted,
    ListingMethod,
    ListingProposed,
    MarketOpened,
    OpenMarket,
    ProposeListing,
)
from tests.assets.helpers import row, salt_for, table
from tests.support import Venue, publish

TODAY = date(2026, 3, 2)
"""The day the test venue's clock starts on."""


def entries(*rows: dict[str, str], as_of: date = TODAY) -> tuple[PatentEntry, ...]:
    """What intake makes of these rows."""
    outcomes = list(read_patents([table(*rows)], as_of=as_of, salt_for=salt_for))
    made = tuple(outcome.entry for outcome in outcomes if outcome.entry is not None)
    assert len(made) == len(rows), [outcome.faults for outcome in outcomes if outcome.entry is None]
    return made


def patent_row(serial: int, **changed: str) -> dict[str, str]:
    """A good row with a number of its own."""
    return row(publication_number=f"CN107{serial:06d}B", application_number=f"CN20171{serial:07d}") | changed


def old_row(serial: int, filing_date: str) -> dict[str, str]:
    """A good row of a patent filed in 2005 or 2006."""
    return patent_row(
        serial,
        application_number=f"CN{filing_date[:4]}1{serial:07d}",
        filing_date=filing_date,
        publication_date="2008-01-01",
        grant_date="2008-01-01",
        earliest_priority_date="",
    )


class House:
    """A venue with shorthands for those who list."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.serial = 0
        self.cn_market = MarketId(0)

    @classmethod
    def sandbox(cls, **fields: Any) -> House:
        """A sandbox venue with an institution `thu` and a second one, `pku`."""
        house = cls(Venue.sandbox(**fields))
        house.institution("thu")
        house.institution("pku")
        return house

    @classmethod
    def cn(cls) -> House:
        """The same beside a market under the default profile, with the disposal overlays in force."""
        prepared = _cn()
        house = cls(prepared.venue.copy())
        house.cn_market = prepared.cn_market
        return house

    def institution(self, name: str, seller_class: SellerClass = SellerClass.STATE_UNIVERSITY) -> None:
        """Admit an institution with one user of its name."""
        register = RegisterMember(name=name, role=Role.INSTITUTION, country="CN", seller_class=seller_class)
        registered, opened = self.venue.do(register)
        assert isinstance(registered, MemberRegistered) and isinstance(opened, AccountOpened)
        self.venue.members[name] = registered.member.member_id
        self.venue.accounts[name] = opened.account.account_id
        self.venue.user(name, name, rights=tuple(UserRight))
        standings = (Standing.METHOD_STATEMENT, Standing.INVITED)
        self.venue.do(ClassMember(member_id=registered.member.member_id, standings=standings))

    # --- Paper --------------------------------------------------------------------------------------------------------

    def file(self, by: str, text: str = "paper") -> str:
        """Put a document on file, once; answers its hash."""
        sha256 = hashlib.sha256(f"{by}: {text}".encode()).hexdigest()
        command = FileDocument(sha256=sha256, size_bytes=len(text), media_type="application/pdf", title=text)
        assert self.venue.refusal(command, by) in ("", RejectCode.DOCUMENT_EXISTS)
        return sha256

    # --- Patents and rights -------------------------------------------------------------------------------------------

    def patent(self, by: str, **changed: str) -> PatentId:
        """Bring in one patent of an institution."""
        self.serial += 1
        command = ImportPatents(entries=entries(patent_row(self.serial, **changed)))
        imported = self.venue.make(command, PatentsImported, by)
        assert not imported.refused, imported.refused
        return imported.new[0].patent_id

    def right(self, by: str, *, title: TitleCheck = TitleCheck.CLEAR, **changed: Any) -> AssetId:
        """Bring the whole right in a new patent into custody, and have its title examined."""
        command = RegisterRight(account_id=self.venue.accounts[by], **({"patent_id": self.patent(by)} | changed))
        right_id = self.venue.make(command, RightRegistered, by).right.asset_id
        self.examine(right_id, title)
        return right_id

    def examine(self, right_id: AssetId, title: TitleCheck, *, encumbered: bool = False) -> None:
        """Record an examination."""
        evidence = (self.file("ops", "register extract"),)
        command = ExamineRight(asset_id=right_id, title=title, encumbered=encumbered, evidence=evidence)
        self.venue.make(command, RightExamined)

    # --- Outcomes and shares ------------------------------------------------------------------------------------------

    def outcome(self, by: str, *, waived: bool = True, **fields: Any) -> OutcomeId:
        """Put an outcome on record, by default know-how whose finisher has waived the first refusal."""
        waiver = self.file(by, "waiver of the finisher") if waived else None
        claims = (DeclaredClaim(kind=PriorClaimKind.FINISHER, waiver_sha256=waiver),)
        command = RegisterOutcome(**({"title": "Membrane", "readiness_level": 4, "claims": claims} | fields))
        return self.venue.make(command, OutcomeRegistered, by).outcome.outcome_id

    def deed_of(self, by: str, outcome_id: OutcomeId, /, **changed: Any) -> FileShareDeed:
        """The command that files a deed for an outcome, signed by its owner."""
        owner = self.venue.members[by]
        terms: dict[str, Any] = {
            "outcome_id": outcome_id,
            "version": 1,
            "document_sha256": self.file(by, "deed"),
            "registered_holder_id": owner,
            "signer_ids": (owner,),
            "transfer_consent": True,
            "preemption_waived": True,
            "majority_ppm": Ppm(666_667),
            "income_ratio_ppm": Ppm(500_000),
        }
        return FileShareDeed(**(terms | changed))

    def floating(self, by: str, *, deed: bool = True, waived: bool = True, **fields: Any) -> AssetId:
        """An outcome whose right is in custody and floats as shares; answers the shares' asset."""
        outcome_id = self.outcome(by, waived=waived, **fields)
        if deed:
            self.venue.make(self.deed_of(by, outcome_id), ShareDeedFiled, by)
        account = self.venue.accounts[by]
        self.venue.make(RegisterRight(account_id=account, outcome_id=outcome_id), RightRegistered, by)
        issued = self.venue.make(IssueShares(outcome_id=outcome_id, account_id=account), SharesIssued, by)
        return issued.asset.asset_id

    # --- Listings -----------------------------------------------------------------------------------------------------

    def book(self, by: str, asset_id: AssetId, **changed: Any) -> ProposeListing:
        """The command that proposes shares for a book."""
        terms: dict[str, Any] = {
            "market_id": self.venue.market_id,
            "method": ListingMethod.ORDER_BOOK,
            "account_id": self.venue.accounts[by],
            "asset_id": asset_id,
            "name": "Membrane shares",
            "disclosure_sha256": self.file(by, "disclosure"),
            "lot_units": Minor(100),
            "tick_minor": Minor(1),
            "band_low_ticks": Minor(1),
            "band_high_ticks": Minor(1_000),
        }
        return ProposeListing(**(terms | changed))

    def whole(self, by: str, right_id: AssetId, **changed: Any) -> ProposeListing:
        """The command that proposes a whole right for a sale by agreement in the default profile's market."""
        terms: dict[str, Any] = {
            "market_id": self.cn_market,
            "method": ListingMethod.AGREEMENT,
            "account_id": self.venue.accounts[by],
            "asset_id": right_id,
            "name": "Membrane patent",
            "disclosure_sha256": self.file(by, "disclosure"),
            "asking_price_minor": Minor(80_000_000),
        }
        return ProposeListing(**(terms | changed))

    def proposed(self, by: str, command: ProposeListing) -> ListingId:
        """Propose; answers the draft."""
        return self.venue.make(command, ListingProposed, by).listing.listing_id

    def admitted(self, by: str, command: ProposeListing) -> ListingAdmitted:
        """Propose and admit."""
        return self.venue.make(AdmitListing(listing_id=self.proposed(by, command)), ListingAdmitted)

    # --- What the world brings ----------------------------------------------------------------------------------------

    def court_orders(self, asset_id: AssetId) -> str:
        """A court preserves a right: entered by two operators; the code it is refused with, or nothing."""
        command = OrderPreservation(
            asset_id=asset_id,
            court="Shenzhen Intermediate People's Court",
            reference="(2026) Yue 03 No. 7",
            document_sha256=self.file("ops", "court order"),
        )
        return self.venue.refused_by_two(command)

    def patent_falls(self, asset_id: AssetId) -> str:
        """The patent of a right lapses today: entered by two operators; the code it is refused with, or nothing."""
        command = ChangePatentStatus(
            patent_id=patents_of(self.venue.state, self.right_of(asset_id))[0].patent_id,
            status=PatentStatus.LAPSED_FEE,
            effective_date=local_date(self.venue.clock_ns, VENUE_TIME_ZONE).isoformat(),
            reference="CNIPA decision 1",
            document_sha256=self.file("ops", "decision"),
        )
        return self.venue.refused_by_two(command)

    # --- Looking ------------------------------------------------------------------------------------------------------

    def listing(self, listing_id: ListingId) -> Listing:
        """A listing that is not over."""
        return self.venue.state.table(Listing)[listing_id]

    def right_of(self, asset_id: AssetId) -> Right:
        """A right in custody."""
        return self.venue.state.table(Right)[asset_id]

    def outcome_of(self, share_id: AssetId) -> Outcome:
        """The outcome shares are of."""
        return self.venue.state.table(Outcome)[self.venue.state.assets[share_id].subject_id]

    def refused(self, command: Command, by: str) -> tuple[str, str]:
        """The code a command is refused with, and the provision its rule cites."""
        [rejected] = self.venue.do(command, by)
        return str(rejected.code), rejected.rule.provision if rejected.rule else ""  # type: ignore[attr-defined]


@functools.cache
def _cn() -> House:
    house = House.sandbox()
    venue = house.venue
    publish(venue, PublishedKind.PROFILE, shipped.profile_text("cn_ip_venue"))
    publish(venue, PublishedKind.FEE_SCHEDULE, shipped.fee_schedule_text("cn_ip_venue"))
    publish(venue, PublishedKind.CALENDAR, shipped.calendar_text("cn"))
    publish(venue, PublishedKind.OVERLAYS, shipped.overlays_text())
    bank = venue.make(OpenBank(name="Bank of Tests", code="CNB", currency="CNY"), BankOpened)
    opened = venue.make(open_cn(bank.asset.asset_id), MarketOpened)
    house.cn_market = opened.market.market_id
    return house


def open_cn(money: AssetId, **changed: Any) -> OpenMarket:
    """The command that opens a market under the default profile."""
    terms: dict[str, Any] = {
        "name": "Shenzhen IP venue",
        "profile": "cn_ip_venue",
        "profile_version": 1,
        "currency": "CNY",
        "money_asset_id": money,
        "calendar": "cn",
        "calendar_version": 1,
        "fee_schedule": "cn_ip_venue",
    }
    return OpenMarket(**(terms | changed))
