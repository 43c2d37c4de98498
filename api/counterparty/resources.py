"""What a counterparty may ask: four commands whose bodies are the messages themselves, and what it reads.

Nothing here names a natural person: an account is shown without its beneficiary, and users are not shown at all
(DOMAIN 2.9, 个人信息保护法 art. 38: personal data does not freely go abroad).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from api.problems import RequestRefused
from api.rest.commands import Post
from api.rest.orders import ACCOUNT, INSTRUMENT, ORDER, STATUS, accounts_asked
from api.rest.reading import MIN_SEQUENCE, PAGED, Param, Question
from custody.accounts import Account, Asset
from custody.outcomes import Outcome
from custody.rights import Right
from exchange.core.ids import AccountId
from exchange.core.instruments import AssetKind, TechnologyClass
from exchange.core.membership import Member
from exchange.core.rejections import RejectCode
from exchange.core.wire_json import show
from exchange.rulebook.checks import check_export
from exchange.store.queries import accounts, market, records
from exchange.store.queries.reader import Snapshot
from matching import messages
from matching.messages import Instrument

PREFIX = "/v1/counterparty"
PERSONAL = frozenset({"beneficiary"})
"""Fields of what is shown here that may name a natural person; they are left out."""

Work = Callable[[Snapshot], dict[str, Any] | None]

POSTS: tuple[Post, ...] = (
    Post("/orders", messages.PlaceOrder, made=True),
    Post("/orders/cancel", messages.CancelOrder),
    Post("/orders/replace", messages.ReplaceOrder),
    Post("/orders/cancel-all", messages.CancelAllOrders),
)


@dataclass(frozen=True, slots=True)
class Get:
    """One thing to read. `path` may have one place in braces, filled by the parameter of that name."""

    path: str
    params: tuple[Param, ...]
    work: Callable[[Question], Work]

    def match(self, path: str) -> list[tuple[str, str]] | None:
        """What the path's place is filled with, if the path is this one."""
        mine, theirs = self.path.split("/"), path.split("/")
        if len(mine) != len(theirs):
            return None
        filled: list[tuple[str, str]] = []
        for own, other in zip(mine, theirs, strict=True):
            if own.startswith("{"):
                filled.append((own[1:-1], other))
            elif own != other:
                return None
        return filled


def read_instrument(asked: Question) -> Work:
    """An instrument, the class of its technology, and whether the reader's member may order it."""

    def work(snapshot: Snapshot) -> dict[str, Any] | None:
        instrument = records.one(snapshot, Instrument, (asked.get("instrument_id"),))
        if not isinstance(instrument, Instrument):
            return None
        return {"item": show(instrument), "export": _export(asked, snapshot, instrument)}

    return work


def read_export(asked: Question) -> Work:
    """The export gate's answer alone: what the engine would say to an order of the reader's member."""

    def work(snapshot: Snapshot) -> dict[str, Any] | None:
        instrument = records.one(snapshot, Instrument, (asked.get("instrument_id"),))
        return {"item": _export(asked, snapshot, instrument)} if isinstance(instrument, Instrument) else None

    return work


def read_order(asked: Question) -> Work:
    """One of the reader's own orders."""
    own = asked.accounts

    def work(snapshot: Snapshot) -> dict[str, Any] | None:
        found = market.order(snapshot, asked.get("order_id"), own)
        return None if found is None else {"item": show(found)}

    return work


def list_orders(asked: Question) -> Work:
    """The reader's own orders, newest first. A page may be short and still go on."""
    own, position = accounts_asked(asked), asked.position()
    instrument_id, status = asked.get("instrument_id"), asked.get("status")

    def work(snapshot: Snapshot) -> dict[str, Any]:
        if status == "open":
            found = market.open_orders(snapshot, asked.limit, position, own, instrument_id)
        else:
            found = market.orders(snapshot, asked.limit, position, own, instrument_id, status)
        return asked.page([show(order) for order in found.records], found.next_before)

    return work


def list_trades(asked: Question) -> Work:
    """The reader's own trades, newest first, each with the reader's side alone."""
    own, position = accounts_asked(asked), asked.position()

    def work(snapshot: Snapshot) -> dict[str, Any]:
        found = market.trades(snapshot, asked.limit, position, own, asked.get("instrument_id"))
        return asked.page([show(trade) for trade in found.records], found.next_before)

    return work


def list_accounts(asked: Question) -> Work:
    """The accounts the reader may view."""
    shown = [show_account(asked.services.directory.accounts[AccountId(own)]) for own in asked.accounts or ()]
    return lambda _: {"items": shown}


def read_account(asked: Question) -> Work:
    """One account, with all it has and has promised.

    Refused: account.not_yours.
    """
    account_id = AccountId(asked.get("account_id"))
    if not asked.services.directory.may_view(asked.principal, account_id):
        raise RequestRefused(RejectCode.ACCOUNT_NOT_YOURS)
    shown = show_account(asked.services.directory.accounts[account_id])

    def work(snapshot: Snapshot) -> dict[str, Any]:
        held = [show(holding) for holding in accounts.holdings(snapshot, account_id)]
        return {"item": {**shown, "holdings": held}}

    return work


GETS: tuple[Get, ...] = (
    Get("/instruments/{instrument_id}", (INSTRUMENT, MIN_SEQUENCE), read_instrument),
    Get("/instruments/{instrument_id}/export", (INSTRUMENT, MIN_SEQUENCE), read_export),
    Get("/orders", (ACCOUNT, INSTRUMENT, STATUS, *PAGED), list_orders),
    Get("/orders/{order_id}", (ORDER, MIN_SEQUENCE), read_order),
    Get("/trades", (ACCOUNT, INSTRUMENT, *PAGED), list_trades),
    Get("/accounts", (MIN_SEQUENCE,), list_accounts),
    Get("/accounts/{account_id}", (ACCOUNT, MIN_SEQUENCE), read_account),
)


def show_account(account: Account) -> dict[str, Any]:
    """An account without what may name a natural person."""
    return {name: value for name, value in show(account).items() if name not in PERSONAL}


def _export(asked: Question, snapshot: Snapshot, instrument: Instrument) -> dict[str, Any]:
    """The class of an instrument's technology, whose it is, and whether the reader's member may order it."""
    asset = records.one(snapshot, Asset, (instrument.asset_id,))
    technology, home = TechnologyClass.FREE, ""
    if isinstance(asset, Asset) and asset.kind in (AssetKind.SHARE, AssetKind.RIGHT):
        right = records.one(snapshot, Right, (asset.asset_id,))
        outcome = records.one(snapshot, Outcome, (asset.subject_id,))
        if isinstance(outcome, Outcome):
            owner = records.one(snapshot, Member, (outcome.member_id,))
            technology, home = outcome.technology_class, owner.country if isinstance(owner, Member) else ""
        if isinstance(right, Right):
            technology = right.technology_class
    country = asked.services.directory.members[asked.principal.member_id].country
    refusal = check_export(technology, home, country) if home else None
    return {
        "technology_class": technology.value,
        "from_country": home,
        "to_country": country,
        "cleared": refusal is None,
        "code": refusal.code.value if refusal else "",
        "rule": show(refusal.rule) if refusal else None,
    }
