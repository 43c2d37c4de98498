"""A patent that lapses, is invalidated, suspended or restored: what stops, and what stays."""

from __future__ import annotations

from typing import Any

import pytest

from exchange.assets.kinds import PatentStatus
from exchange.assets.messages import ChangePatentStatus, ImportPatents, PatentStub
from exchange.core.ids import PatentId
from exchange.core.messages import Event, Rejected
from matching.deals import DealState
from matching.listing import ListingState
from matching.listing_messages import Listing
from tests.listings.stage import entries, patent_row
from tests.pledges.stage import Vault


def change(vault: Vault, status: PatentStatus, **changed: Any) -> ChangePatentStatus:
    """The command that enters a decision of today about the patent at hand."""
    terms: dict[str, Any] = {
        "patent_id": patent_of(vault).patent_id,
        "status": status,
        "effective_date": vault.today(),
        "reference": "CNIPA decision 1",
        "document_sha256": vault.file("ops", "decision"),
    }
    return ChangePatentStatus(**(terms | changed))


def patent_of(vault: Vault) -> PatentStub:
    """The patent of the right at hand."""
    return vault.venue.state.table(PatentStub)[vault.right_of(vault.right_id).patent_id]


def entered(vault: Vault, status: PatentStatus, **changed: Any) -> list[Event]:
    """A decision entered by two operators."""
    events = vault.venue.by_two(change(vault, status, **changed))
    assert not isinstance(events[0], Rejected), events
    return events


def refused(vault: Vault, status: PatentStatus, **changed: Any) -> str:
    """The code a decision is refused with, after both signatures; empty if it is not."""
    first = vault.venue.by_two(change(vault, status, **changed))[0]
    return first.code.value if isinstance(first, Rejected) else ""


AFTER = (
    (PatentStatus.LAPSED_FEE, "patent.not_listable"),
    (PatentStatus.REVOKED, "patent.not_listable"),
    (PatentStatus.EXPIRED, "right.expired"),
    (PatentStatus.SUSPENDED, "patent.not_listable"),
    (PatentStatus.IN_FORCE, ""),
)


@pytest.mark.parametrize(("status", "code"), AFTER)
def test_what_no_longer_lives_is_not_sold(status: PatentStatus, code: str) -> None:
    vault = Vault.cn()
    entered(vault, status)
    assert vault.venue.refusal(vault.proposal(), "lab") == code
    vault.venue.close()


@pytest.mark.parametrize("steps", [(), ("accept",), ("accept", "seller signs", "buyer signs")])
def test_what_is_not_yet_effective_is_unwound(steps: tuple[str, ...]) -> None:
    vault = Vault.cn()
    before = vault.money("li")
    vault.offered()
    vault.steps(*steps)
    entered(vault, PatentStatus.REVOKED)
    assert vault.deal().state is DealState.STOPPED
    assert (vault.money("li"), vault.escrow(), vault.held()) == (before, 0, 0)
    assert vault.owner() == "lab"
    vault.venue.close()


def test_what_was_settled_stays_though_the_patent_never_was() -> None:
    vault = Vault.cn()
    vault.offered()
    vault.steps("accept", "seller signs", "buyer signs", "confirm")
    paid = vault.money("lab")
    entered(vault, PatentStatus.REVOKED)
    assert (vault.owner(), vault.money("lab")) == ("li", paid)
    vault.venue.close()


def test_a_listing_ends_with_the_patent_and_its_auction_is_called_off() -> None:
    vault = Vault.cn()
    vault.announced("english", A=800)
    vault.enter("li", "wu")
    vault.right_id = vault.assets["A"]
    entered(vault, PatentStatus.LAPSED_FEE)
    assert vault.sale().state == "cancelled"
    assert vault.deposit("li") == 0
    assert vault.listings["A"] not in vault.venue.state.table(Listing)
    vault.venue.close()


def test_orders_for_the_shares_of_an_invalidated_patent_end_as_a_run() -> None:
    vault = Vault.cn()
    vault.seller = "thu"
    patent_id = vault.patent("thu")
    shares = vault.book_of_shares(patent_ids=(patent_id,))
    vault.offers("thu", 5)
    vault.offers("thu", 7)
    events = vault.venue.by_two(change_of(vault, patent_id, PatentStatus.REVOKED))
    assert not isinstance(events[0], Rejected), events
    vault.venue.finish_runs()
    assert not vault.venue.state.orders
    assert vault.held_of("thu", shares) == 0
    assert vault.venue.refusal(vault.offer("thu", 5), "thu") == "instrument.frozen"
    vault.venue.close()


def test_a_suspended_patents_book_stands_still_and_keeps_its_listing() -> None:
    vault = Vault.cn()
    patent_id = vault.patent("thu")
    vault.book_of_shares(patent_ids=(patent_id,))
    vault.offers("thu", 5)
    vault.venue.by_two(change_of(vault, patent_id, PatentStatus.SUSPENDED))
    assert not vault.venue.state.orders
    assert vault.last_listing().state is ListingState.ADMITTED
    assert vault.venue.refusal(vault.offer("thu", 5), "thu") == "instrument.frozen"
    vault.venue.close()


def test_no_list_imported_later_takes_a_decision_back() -> None:
    vault = Vault.cn()
    entered(vault, PatentStatus.LAPSED_FEE)
    row = patent_row(vault.serial, title="Membrane, retold")
    vault.venue.do(ImportPatents(entries=entries(row)), "lab")
    assert patent_of(vault).status is PatentStatus.LAPSED_FEE
    entered(vault, PatentStatus.IN_FORCE)
    assert vault.venue.refusal(vault.proposal(), "lab") == ""
    vault.venue.close()


REFUSALS: tuple[tuple[str, PatentStatus, PatentStatus | None, dict[str, Any], str], ...] = (
    ("no such patent", PatentStatus.REVOKED, None, {"patent_id": PatentId(5)}, "patent.unknown"),
    ("what only intake says", PatentStatus.PUBLISHED, None, {}, "patent.status_invalid"),
    ("what it is", PatentStatus.LAPSED_FEE, PatentStatus.LAPSED_FEE, {}, "patent.status_invalid"),
    ("after its end", PatentStatus.IN_FORCE, PatentStatus.REVOKED, {}, "patent.status_invalid"),
    ("after its term", PatentStatus.IN_FORCE, PatentStatus.EXPIRED, {}, "patent.status_invalid"),
    ("a restored one", PatentStatus.IN_FORCE, PatentStatus.LAPSED_FEE, {}, ""),
    ("a released one", PatentStatus.IN_FORCE, PatentStatus.SUSPENDED, {}, ""),
    ("invalidated after its lapse", PatentStatus.REVOKED, PatentStatus.LAPSED_FEE, {}, ""),
    ("tomorrow", PatentStatus.REVOKED, None, {"effective_date": "2026-03-03"}, "patent.status_invalid"),
    ("no day", PatentStatus.REVOKED, None, {"effective_date": "2026-02-30"}, "patent.status_invalid"),
    ("no paper", PatentStatus.REVOKED, None, {"document_sha256": "0" * 64}, "document.unknown"),
)


@pytest.mark.parametrize(
    ("status", "before", "changed", "code"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
def test_a_change_is_refused(
    status: PatentStatus, before: PatentStatus | None, changed: dict[str, Any], code: str
) -> None:
    vault = Vault.cn()
    if before is not None:
        entered(vault, before)
    assert refused(vault, status, **changed) == code
    vault.venue.close()


def change_of(vault: Vault, patent_id: PatentId, status: PatentStatus) -> ChangePatentStatus:
    """A decision about another patent than the one at hand."""
    return change(vault, status, patent_id=patent_id)
