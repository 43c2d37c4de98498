"""Notes as things that change hands: whose they are, in which market, which classes are counted together.

A note is a claim on an issue or on a product; both are asked here, so whoever sells notes on, or lists them, does not
care which. Holders are counted over all classes of an issue, as they were when it was offered.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange.core.ids import AccountId, AssetId, MarketId, MemberId, to_wire
from exchange.core.instruments import AssetKind
from exchange.core.messages import Rejected
from exchange.core.rejections import RejectCode
from exchange.core.units import TimeNs
from exchange.engine.state import ExchangeState
from matching.listing_messages import Listing
from securitization.issue_messages import Issue, IssueRole, IssueState, NoteLock
from securitization.messages import Product, ProductStatus


@dataclass(frozen=True, slots=True)
class NoteIssue:
    """What a note is a claim on. `classes` are all its notes; their holders are counted together."""

    name: str
    market_id: MarketId
    issuer_id: MemberId
    classes: tuple[AssetId, ...]
    issued_at_ns: TimeNs
    outstanding: bool
    """Whether the notes are issued and not yet paid back."""


def note_issue(state: ExchangeState, asset_id: AssetId) -> NoteIssue | None:
    """The issue or product a note is a claim on; None: the asset is no note."""
    asset = state.assets.get(asset_id)
    if asset is None or asset.kind is not AssetKind.NOTE:
        return None
    issue = state.table(Issue).get(asset.subject_id)
    if issue is not None:
        issuer = issue.party(IssueRole.ISSUER)
        return NoteIssue(
            name=f"{to_wire('IS', issue.issue_id)} is {issue.state}",
            market_id=issue.market_id,
            issuer_id=issuer.member_id if issuer is not None else MemberId(0),
            classes=tuple(each.asset_id for each in issue.classes if each.asset_id),
            issued_at_ns=issue.established_at_ns,
            outstanding=issue.state is IssueState.ESTABLISHED,
        )
    product = state.table(Product).get(asset.subject_id)
    if product is None:
        return None
    return NoteIssue(
        name=f"{to_wire('PR', product.product_id)} is {product.status}",
        market_id=product.market_id,
        issuer_id=state.accounts[product.issuer_account_id].member_id,
        classes=(asset_id,),
        issued_at_ns=product.issued_at_ns,
        outstanding=product.status is ProductStatus.ISSUED,
    )


def counted_together(state: ExchangeState, asset_id: AssetId) -> tuple[AssetId, ...]:
    """The assets whose holders a cap counts as one: all classes of an issue, else the asset alone."""
    found = note_issue(state, asset_id)
    return found.classes if found is not None and found.classes else (asset_id,)


def holders_with(state: ExchangeState, asset_id: AssetId, account_id: AccountId) -> int:
    """How many owners there could be if this account and every open bid got what they want, over all classes."""
    classes = counted_together(state, asset_id)
    if len(classes) == 1:
        return state.ledger.holders_with(asset_id, account_id)
    owners = {owner: None for each in classes for owner in state.ledger.places.get(each, {})}
    owners[state.ledger.owners[account_id]] = None
    return len(owners)


def refuse_ending_notes(state: ExchangeState, asset_id: AssetId) -> Rejected | None:
    """Whether notes that are to end are held by an order, an agreement or an encumbrance, or still have a book.

    What their originator retained is locked until they end, and stands in nobody's way.

    Refused: payment.notes_held.
    """
    code = state.assets[asset_id].code
    if (listing := state.find(Listing, asset_id)) is not None:
        detail = f"{code} is listed as {to_wire('L', listing.listing_id)}: delist it first"
        return Rejected(code=RejectCode.PAYMENT_NOTES_HELD, detail=detail)
    lock = state.table(NoteLock).get(asset_id)
    retained = lock.units if lock is not None else 0
    if sum(balance.held_units for balance in state.ledger.balances.get(asset_id, {}).values()) != retained:
        return Rejected(code=RejectCode.PAYMENT_NOTES_HELD, detail=code)
    return None
