"""A market whose profile asks for a second person above a value, and people of one member with different rights.

Every buyer and seller has beside its own user (every right) `NAME.trader` (view and trade), `NAME.checker` (view and
approve) and `NAME.cashier` (view and withdraw).
"""

from __future__ import annotations

import json
from typing import Any

from exchange.core.ids import ApprovalId
from exchange.core.messages import Command, Event, Rejected
from exchange.core.node_messages import ApprovalRequested, GrantApproval
from exchange.core.parties import UserRight
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import Minor
from exchange.rulebook import shipped
from exchange.rulebook.four_eyes import Guarded
from matching.listing_messages import ListingMethod, MarketOpened
from tests.deals.stage import PRICE, Desk
from tests.listings.stage import open_cn
from tests.quotes.stage import QuoteDesk
from tests.support import Venue, publish

LIFE_HOURS = 48
RIGHTS = {
    "trader": (UserRight.VIEW, UserRight.TRADE),
    "checker": (UserRight.VIEW, UserRight.APPROVE),
    "cashier": (UserRight.VIEW, UserRight.WITHDRAW),
}


def rules(above: int = PRICE, right: str = "approve", *commands: Guarded) -> list[dict[str, Any]]:
    """A row for each command."""
    return [
        {"command": command.value, "above_minor": above, "right": right, "life_hours": LIFE_HOURS}
        for command in commands or Guarded
    ]


def profile_text(value: object, name: str = "cn_ip_venue", version: int = 2) -> str:
    """A shipped profile's next version, with a row about four eyes."""
    text = json.loads(shipped.profile_text(name))
    text["version"] = version
    text["fields"]["four_eyes"] = {
        "value": value,
        "source": "The house's own rule.",
        "provision": "HOUSE-4E",
        "mark": "S",
    }
    return json.dumps(text, ensure_ascii=False)


def guard(desk: Desk, *commands: Guarded, right: str = "approve") -> None:
    """Open a guarded market beside the default one, and give everybody colleagues."""
    venue = desk.venue
    publish(venue, PublishedKind.PROFILE, profile_text(rules(PRICE, right, *commands)))
    opening = open_cn(desk.bank().money_asset_id, name="Guarded venue", profile_version=2)
    desk.cn_market = venue.make(opening, MarketOpened).market.market_id
    for member in ("lab", "li"):
        colleagues(venue, member)


def colleagues(venue: Venue, member: str) -> None:
    """Users of a member with fewer rights than its first."""
    for name, rights in RIGHTS.items():
        venue.user(f"{member}.{name}", member, rights=rights)


def deal_desk(*commands: Guarded, right: str = "approve") -> Desk:
    """A desk for agreements in a guarded market."""
    desk = Desk.cn()
    guard(desk, *commands, right=right)
    return desk


def quote_desk(*commands: Guarded) -> QuoteDesk:
    """A desk for quotes in a guarded market; everybody is asked."""
    base = deal_desk(*commands)
    desk = QuoteDesk(base.venue)
    desk.cn_market, desk.seller, desk.serial = base.cn_market, "lab", 500
    desk.right_id = desk.right("lab")
    listing = desk.whole("lab", desk.right_id, method=ListingMethod.RFQ, name="A", asking_price_minor=Minor(PRICE))
    desk.listing_id = desk.admitted("lab", listing).listing.listing_id
    desk.request()
    return desk


def asked(venue: Venue, command: Command, by: str) -> tuple[str, ApprovalId]:
    """What becomes of a command: `waits`, `done` or the code of a refusal; and the approval if it waits."""
    events = venue.do(command, by)
    requested = [event for event in events if isinstance(event, ApprovalRequested)]
    if requested:
        return "waits", requested[0].approval.approval_id
    return told(events), ApprovalId(0)


def granted(venue: Venue, approval_id: ApprovalId, by: str) -> str:
    """What becomes of a signature."""
    return told(venue.do(GrantApproval(approval_id=approval_id), by))


def told(events: list[Event]) -> str:
    """`done`, or the code of a refusal."""
    return events[0].code.value if isinstance(events[0], Rejected) else "done"
