"""What every step of a licence needs: its parties, its money, keeping it, and its end with what goes back."""

from __future__ import annotations

import msgspec

from custody.accounts import Bank
from custody.ledger import Leg
from exchange.core.calendar import local_date
from exchange.core.ids import AssetId
from exchange.core.instruments import Side
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import TimerKind
from exchange.core.parties import UserRight
from exchange.core.postings import Movement
from exchange.core.rejections import RejectCode
from exchange.core.units import Minor
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.engine.telling import move_and_tell
from matching.licence_messages import (
    Licence,
    LicenceEnded,
    LicenceState,
)
from matching.messages import Market

LICENCE_TIMERS = (
    TimerKind.LICENCE_PUBLICITY_ENDS,
    TimerKind.LICENCE_RECORDAL_DUE,
    TimerKind.LICENCE_EXPIRES,
)


def refuse_party(
    state: ExchangeState, header: Header, licence: Licence, side: Side, *, frozen_too: bool = False
) -> Rejected | None:
    """Whether the principal may not act for this side of the licence.

    Refused: licence.not_party, mandate.invalid, account.frozen, member.frozen.
    """
    takes = side is Side.BUY
    account_id = licence.licensee_account_id if takes else licence.licensor_account_id
    worth = 0 if frozen_too else cost_minor(licence) if takes else licence.price_minor
    refusal = refuse_account(state, header, account_id, UserRight.TRADE, value_minor=worth, frozen_too=frozen_too)
    if refusal is not None and refusal.code is RejectCode.ACCOUNT_NOT_YOURS:
        return Rejected(code=RejectCode.LICENCE_NOT_PARTY)
    return refusal


def put_licence(state: ExchangeState, licence: Licence, /, **changes: object) -> Licence:
    """Keep the licence under its new values. Call after the line."""
    changed = msgspec.structs.replace(licence, **changes)
    state.put(changed)
    return changed


def cost_minor(licence: Licence) -> int:
    """What the licensee pays at signing."""
    return licence.price_minor + licence.licensee_fee_minor


def today(header: Header) -> str:
    """The venue's date."""
    return local_date(header.at_ns, VENUE_TIME_ZONE).isoformat()


def bank_and_money(state: ExchangeState, licence: Licence) -> tuple[Bank, AssetId]:
    """Where the market's money lies."""
    money_id = state.table(Market)[licence.market_id].money_asset_id
    return state.table(Bank)[state.assets[money_id].bank_id], money_id


def tell(state: ExchangeState, header: Header, licence: Licence, legs: list[Leg] | None = None) -> Movement:
    """A transfer, or none, of which both parties are told."""
    return move_and_tell(state, header, (licence.licensor_account_id, licence.licensee_account_id), legs or ())


def end_licence(state: ExchangeState, header: Header, licence: Licence, to: LicenceState, reason: str) -> list[Event]:
    """The licence is over, or comes to nothing: what is in escrow goes back. Call after the line."""
    bank, money_id = bank_and_money(state, licence)
    legs: list[Leg] = []
    if licence.escrow_minor:
        legs = [
            (bank.escrow_id, money_id, -licence.escrow_minor),
            (licence.licensee_account_id, money_id, int(licence.escrow_minor)),
        ]
    movement = tell(state, header, licence, legs)
    ended = put_licence(state, licence, state=to, escrow_minor=Minor(0), ended_at_ns=header.at_ns, reason=reason)
    dropped = [event for kind in LICENCE_TIMERS for event in timers.drop_timers(state, kind, licence.licence_id)]
    return [LicenceEnded(licence=ended, movement=movement), *dropped]
