"""Every other way in which an encumbered right could move, or a sale could go wrong: each is shut."""

from __future__ import annotations

from custody.corrections_messages import ReverseTransfer, TransferUnits, UnitsTransferred
from custody.outcomes import IssueShares
from custody.rights import RegisterRight, RightRegistered
from exchange.core.ids import to_wire
from exchange.core.messages import Rejected
from exchange.core.units import Minor, TimeNs, Units
from matching.listing_messages import AdmitListing, ListingAdmitted, ListingMethod
from matching.quote_messages import QuoteRequest, QuotesRequested, RequestQuotes
from matching.sale_messages import AnnounceSale, LotTerms
from tests.pledges.stage import Vault
from tests.sales.stage import DAY_NS


def test_not_even_two_operators_move_a_right_that_is_pledged() -> None:
    vault = Vault.cn()
    by_hand = TransferUnits(
        asset_id=vault.right_id,
        from_account_id=vault.venue.accounts["lab"],
        to_account_id=vault.venue.accounts["li"],
        units=Units(1_000_000),
        reason="a succession",
    )
    [moved] = [event for event in vault.venue.by_two(by_hand) if isinstance(event, UnitsTransferred)]
    entry = to_wire("EN", vault.preserved())
    back = ReverseTransfer(transfer_id=moved.transfer.transfer_id, reason="an error")
    for command in (by_hand, back):
        refused = vault.venue.by_two(command)[0]
        assert isinstance(refused, Rejected)
        assert refused.code == "right.encumbered"
        assert entry in refused.detail
    vault.venue.close()


def test_a_pledged_outcome_does_not_float_as_shares() -> None:
    vault = Vault.cn()
    outcome_id = vault.outcome("thu")
    account_id = vault.venue.accounts["thu"]
    register = RegisterRight(account_id=account_id, outcome_id=outcome_id)
    vault.right_id = vault.venue.make(register, RightRegistered, "thu").right.asset_id
    vault.seller = "thu"
    entry = to_wire("EN", vault.pledged("bank", 300))
    code, detail = vault.why(IssueShares(outcome_id=outcome_id, account_id=account_id), "thu")
    assert code == "right.encumbered"
    assert entry in detail
    vault.venue.close()


def test_open_quotes_end_with_a_courts_order() -> None:
    vault = Vault.cn()
    listed = vault.whole("lab", vault.right_id, method=ListingMethod.RFQ)
    listing = vault.admitted("lab", listed).listing
    asked = RequestQuotes(
        listing_id=listing.listing_id,
        contract_sha256=vault.file("lab", "contract"),
        closes_at_ns=TimeNs(vault.venue.clock_ns + DAY_NS),
        payment_days=5,
    )
    vault.venue.make(asked, QuotesRequested, "lab")
    order = vault.preserved()
    assert vault.venue.state.find(QuoteRequest, vault.right_id) is None
    code, detail = vault.why(asked, "lab")
    assert code == "right.encumbered"
    assert to_wire("EN", order) in detail
    vault.venue.close()


def test_a_pledgee_cannot_sell_another_right_of_the_owner_beside_the_pledged_one() -> None:
    vault = Vault.cn()
    pledge = vault.pledged("bank", 300)
    assert not vault.venue.refusal(vault.enforcement(pledge, "bank", 300), "bank")
    enforced = vault.burden(pledge).listing_id
    vault.venue.make(AdmitListing(listing_id=enforced), ListingAdmitted)
    own = vault.listed("B", ListingMethod.ENGLISH, 800)
    start = Minor(80_000_000)
    one = vault.auction_of(pledge)
    both = {name: getattr(one, name) for name in one.__struct_fields__}
    both |= {"lots": tuple(LotTerms(listing_id=each, start_minor=start) for each in (enforced, own))}
    both |= {"deposit_minor": Minor(16_000_000)}
    assert vault.venue.refusal(AnnounceSale(**both), "bank") == "sale.terms_invalid"
    assert vault.venue.refusal(one, "lab") == "account.not_yours"
    alone = both | {"lots": (LotTerms(listing_id=own, start_minor=start),), "deposit_minor": Minor(8_000_000)}
    assert vault.venue.refusal(AnnounceSale(**alone), "bank") == "account.not_yours"
    assert vault.venue.refusal(one, "bank") == ""
    vault.venue.close()


def test_an_encumbrance_outlives_a_restart_with_its_ranks_and_holds() -> None:
    vault = Vault.cn()
    shares = vault.book_of_shares()
    vault.seller = "thu"
    none = {"annuity_receipt_sha256": None, "twin_filing": None, "invalidation": None}
    first = vault.pledged("bank", 300, asset_id=shares, units=Units(600_000), **none)
    vault.venue.restart()
    assert vault.burden(first).held_units == 600_000
    assert vault.why(vault.offer("thu", 4_001), "thu")[0] == "right.encumbered"
    assert vault.release(first, "bank") == ""
    vault.venue.restart()
    assert vault.why(vault.offer("thu", 10_000), "thu")[0] == ""
    vault.venue.close()
