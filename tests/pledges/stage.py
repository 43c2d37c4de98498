"""A vault in which rights and shares are pledged, preserved and sold for their pledgees, in the default market.

vault = Vault.cn()                            lab owns a patent; bank and fund lend, li and wu buy
vault.pledged("bank", 300)                    a registered pledge that secures CNY 300,000
vault.code(vault.request("fund", 200), "lab")
"""

from __future__ import annotations

import functools
from typing import Any

from custody.pledges import (
    ConsentAct,
    ConsentPledge,
    Declaration,
    Encumbrance,
    EnforcementMethod,
    EnforcePledge,
    PledgeRegistered,
    PledgeRequested,
    RegisterPledge,
    ReleasePledge,
    RequestPledge,
)
from custody.preservations import LiftPreservation, OrderPreservation, PreservationOrdered
from custody.rights import TitleCheck
from exchange.core.documents import FileDocument
from exchange.core.ids import AssetId, EncumbranceId, to_wire
from exchange.core.instruments import Phase, Side
from exchange.core.messages import Command, Event, Rejected
from exchange.core.units import Minor, TimeNs, Units
from matching.deals import SignDeal
from matching.listing_messages import AdmitListing, Listing, ListingAdmitted
from matching.messages import ChangePhase, OrderAccepted, PlaceOrder
from matching.sale_messages import AnnounceSale, LotTerms, SaleAnnounced
from tests.sales.stage import DAY_NS, NOTICE_DAYS, THOUSAND, Hall

LENDERS = ("bank", "fund")


class Vault(Hall):
    """A hall with lenders, one right at hand and the pledges on it."""

    @classmethod
    def cn(cls) -> Vault:
        """The right of lab at hand; nothing lies on it."""
        return _vault().again()

    def again(self) -> Vault:
        """Another vault with the same past."""
        vault = Vault(self.venue.copy())
        vault.cn_market, vault.serial, vault.seller = self.cn_market, self.serial, self.seller
        vault.right_id, vault.keys = self.right_id, self.keys
        return vault

    # --- Pledges ------------------------------------------------------------------------------------------------------

    def request(self, lender: str, thousands: int, **changed: Any) -> RequestPledge:
        """The command by which the right at hand secures a debt of so many thousand CNY to a lender."""
        self.filed_by(lender, self.contract())
        terms: dict[str, Any] = {
            "account_id": self.venue.accounts[self.seller],
            "pledgee_account_id": self.venue.accounts[lender],
            "asset_id": self.right_id,
            "money_asset_id": self.bank().money_asset_id,
            "secured_minor": Minor(thousands * THOUSAND),
            "debt_from": "2026-03-01",
            "debt_until": "2027-03-01",
            "contract_sha256": self.contract(),
            "annuity_receipt_sha256": self.file(self.seller, "annuity receipt"),
            "twin_filing": Declaration.NONE,
            "invalidation": Declaration.NONE,
        }
        return RequestPledge(**(terms | changed))

    def contract(self) -> str:
        """The hash of the pledge contract, which pledgor and pledgee both file."""
        return self.file(self.seller, "pledge")

    def filed_by(self, who: str, sha256: str) -> str:
        """Have somebody put a document of this hash on file, once."""
        command = FileDocument(sha256=sha256, size_bytes=6, media_type="application/pdf", title="pledge")
        assert self.venue.refusal(command, who) in ("", "document.exists")
        return sha256

    def requested(self, lender: str, thousands: int, **changed: Any) -> EncumbranceId:
        """A request whose check list passed."""
        made = self.venue.make(self.request(lender, thousands, **changed), PledgeRequested, self.seller)
        return made.encumbrance.encumbrance_id

    def registering(self, encumbrance_id: EncumbranceId) -> RegisterPledge:
        """The command that enters the office's registration of today."""
        return RegisterPledge(
            encumbrance_id=encumbrance_id, office_reference="CNIPA Y2026-1", registered_on=self.today()
        )

    def pledged(self, lender: str, thousands: int, **changed: Any) -> EncumbranceId:
        """A registered pledge."""
        asked = self.requested(lender, thousands, **changed)
        return self.venue.make(self.registering(asked), PledgeRegistered).encumbrance.encumbrance_id

    def consent(self, encumbrance_id: EncumbranceId, lender: str, act: ConsentAct, **changed: Any) -> ConsentPledge:
        """The command by which a lender lets something be done."""
        return ConsentPledge(
            **(
                {"encumbrance_id": encumbrance_id, "act": act, "document_sha256": self.file(lender, "consent")}
                | changed
            )
        )

    def consents(self, encumbrance_id: EncumbranceId, lender: str, act: ConsentAct, **changed: Any) -> None:
        """A lender's consent on record."""
        assert not self.venue.refusal(self.consent(encumbrance_id, lender, act, **changed), lender)

    def second(self, first: EncumbranceId, by: str, lender: str, thousands: int, **changed: Any) -> EncumbranceId:
        """A later pledge of the same thing, let in by the earlier lender."""
        self.consents(first, by, ConsentAct.PLEDGE)
        return self.pledged(lender, thousands, **changed)

    def release(self, encumbrance_id: EncumbranceId, lender: str) -> str:
        """The lender gives up; the code it is refused with."""
        return self.venue.refusal(ReleasePledge(encumbrance_id=encumbrance_id), lender)

    def enforcement(self, encumbrance_id: EncumbranceId, lender: str, thousands: int, **changed: Any) -> EnforcePledge:
        """The command by which a lender has the right sold."""
        terms: dict[str, Any] = {
            "encumbrance_id": encumbrance_id,
            "market_id": self.cn_market,
            "method": EnforcementMethod.ENGLISH,
            "name": "Membrane patent, pledged",
            "asking_price_minor": Minor(800 * THOUSAND),
            "claimed_minor": Minor(thousands * THOUSAND),
            "disclosure_sha256": self.file("ops", "disclosure"),
            "evidence": (self.file(lender, "notice of default"),),
        }
        return EnforcePledge(**(terms | changed))

    def enforced(self, encumbrance_id: EncumbranceId, lender: str, thousands: int) -> None:
        """An enforcement whose listing an operator admitted, announced as an English auction of the lot A."""
        assert not self.venue.refusal(self.enforcement(encumbrance_id, lender, thousands), lender)
        listing_id = self.burden(encumbrance_id).listing_id
        self.venue.make(AdmitListing(listing_id=listing_id), ListingAdmitted)
        self.auctioned(encumbrance_id, lender)

    def auction_of(self, encumbrance_id: EncumbranceId) -> AnnounceSale:
        """The command that announces the auction of an enforced right, at the listing price."""
        listing = self.listing(self.burden(encumbrance_id).listing_id)
        begin = self.venue.clock_ns + NOTICE_DAYS * DAY_NS
        return AnnounceSale(
            lots=(LotTerms(listing_id=listing.listing_id, start_minor=Minor(listing.asking_price_minor)),),
            confidentiality_sha256=self.file("ops", "confidentiality"),
            contract_sha256=self.file("ops", "contract"),
            data_room=(self.file("ops", "claim charts"),),
            conditions=("a business licence",),
            deposit_minor=Minor(listing.asking_price_minor // 10),
            payment_days=5,
            starts_at_ns=TimeNs(begin),
            ends_at_ns=TimeNs(begin + DAY_NS),
            increment_minor=Minor(50 * THOUSAND),
            soft_close_seconds=300,
        )

    def auctioned(self, encumbrance_id: EncumbranceId, lender: str) -> None:
        """Announce, as the lender."""
        event = self.venue.make(self.auction_of(encumbrance_id), SaleAnnounced, lender)
        self.sale_id = event.sale.sale_id
        self.lots = {"A": event.sale.lot_ids[0]}
        self.assets = {"A": self.right_id}
        self.entered = {}

    def entry_papers(self, who: str) -> None:
        """Have a bidder admitted to a sale whose papers the venue filed."""
        self.registered(who)
        papers = {"bind": {"confidentiality_sha256": self.file("ops", "confidentiality")}}
        for step in ("qualify", "bind", "deposit"):
            command, by = self.entry(step, who, **papers.get(step, {}))
            assert not self.venue.refusal(command, by), f"{who} {step}"

    def signs(self, who: str, side: Side) -> str:
        """Sign the contract about the lot A for one side; the code it is refused with."""
        deal = self.deal_of("A")
        return self.venue.refusal(SignDeal(deal_id=deal.deal_id, side=side, contract_sha256=deal.contract_sha256), who)

    # --- Preservation -------------------------------------------------------------------------------------------------

    def order(self, **changed: Any) -> OrderPreservation:
        """The command that enters a court's order about the right at hand."""
        terms: dict[str, Any] = {
            "asset_id": self.right_id,
            "court": "Shenzhen Intermediate People's Court",
            "reference": "(2026) Yue 03 No. 7",
            "document_sha256": self.file("ops", "court order"),
        }
        return OrderPreservation(**(terms | changed))

    def preserved(self, **changed: Any) -> EncumbranceId:
        """An order in force, entered by two operators."""
        events = self.venue.by_two(self.order(**changed))
        told = [event for event in events if isinstance(event, PreservationOrdered)]
        assert told, events
        return told[0].encumbrance.encumbrance_id

    def lift(self, encumbrance_id: EncumbranceId) -> list[Event]:
        """The court's release, entered by two operators."""
        command = LiftPreservation(
            encumbrance_id=encumbrance_id, reference="(2026) Yue 03 No. 8", document_sha256=self.file("ops", "release")
        )
        return self.venue.by_two(command)

    # --- Shares -------------------------------------------------------------------------------------------------------

    def book_of_shares(self, by: str = "thu", **fields: Any) -> AssetId:
        """Shares of an outcome that trade in the sandbox's book; all of them are their owner's."""
        shares = self.floating(by, **fields)
        admitted = self.admitted(by, self.book(by, shares))
        instrument = admitted.instrument
        assert instrument is not None
        self.venue.instruments["INS"] = instrument.instrument_id
        self.venue.do(ChangePhase(instrument_id=instrument.instrument_id, phase=Phase.CONTINUOUS))
        return shares

    def offer(self, by: str, lots: int, price: int = 10) -> PlaceOrder:
        """The command that offers lots of shares."""
        self.keys += 1
        return PlaceOrder(
            client_order_id=f"k{self.keys}",  # type: ignore[arg-type]
            account_id=self.venue.accounts[by],
            instrument_id=self.venue.instruments["INS"],
            side=Side.SELL,
            price_ticks=price,  # type: ignore[arg-type]
            quantity_lots=lots,  # type: ignore[arg-type]
        )

    def offers(self, by: str, lots: int) -> None:
        """Shares on offer."""
        self.venue.make(self.offer(by, lots), OrderAccepted, by)

    def last_listing(self) -> Listing:
        """The last listing of the book."""
        instrument = self.venue.state.instruments[self.venue.instruments["INS"]]
        return self.listing(instrument.listing_id)

    # --- Looking ------------------------------------------------------------------------------------------------------

    def burden(self, encumbrance_id: EncumbranceId) -> Encumbrance:
        """An encumbrance as it last was."""
        found = self.venue.state.table(Encumbrance).get(encumbrance_id)
        if found is not None:
            return found
        for entry in reversed(self.venue.journal):
            for event in reversed(entry.events):
                every = (getattr(event, "encumbrance", None), *getattr(event, "encumbrances", ()))
                for each in every:
                    if isinstance(each, Encumbrance) and each.encumbrance_id == encumbrance_id:
                        return each
        raise AssertionError(f"no {to_wire('EN', encumbrance_id)}")

    def why(self, command: Command, by: str) -> tuple[str, str]:
        """The code a command is refused with, and what stood in the way."""
        rejected = self.venue.do(command, by)[0]
        return (rejected.code.value, rejected.detail) if isinstance(rejected, Rejected) else ("", "")

    def held_of(self, who: str, asset_id: AssetId) -> int:
        """What somebody has promised of an asset."""
        return self.venue.state.ledger.held(self.venue.accounts[who], asset_id)

    def units_of(self, who: str, asset_id: AssetId) -> Units:
        """What somebody has of an asset."""
        return Units(self.venue.state.ledger.units(self.venue.accounts[who], asset_id))


@functools.cache
def _vault() -> Vault:
    hall = Hall.cn()
    vault = Vault(hall.venue)
    vault.cn_market, vault.serial, vault.seller = hall.cn_market, hall.serial, "lab"
    for name in LENDERS:
        vault.trader(name)
    vault.right_id = vault.right("lab", title=TitleCheck.CLEAR)
    return vault
