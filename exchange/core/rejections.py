"""Why a command was refused: stable codes, each with its sentence; and the stop that guards our own promises."""

from __future__ import annotations

from enum import StrEnum


class RejectCode(StrEnum):
    """A refusal's stable code. The part before the dot is the noun it speaks of. Never renamed or reused."""

    # Who may do what
    ROLE_NOT_ALLOWED = "role.not_allowed"
    USER_UNKNOWN = "user.unknown"
    USER_SUSPENDED = "user.suspended"
    MEMBER_UNKNOWN = "member.unknown"
    MEMBER_FROZEN = "member.frozen"
    MEMBER_EXISTS = "member.exists"
    MEMBER_IDENTIFIER_INVALID = "member.identifier_invalid"
    MANDATE_UNKNOWN = "mandate.unknown"
    MANDATE_INVALID = "mandate.invalid"
    KEY_UNKNOWN = "key.unknown"
    KEY_INVALID = "key.invalid"
    ACCOUNT_UNKNOWN = "account.unknown"
    ACCOUNT_NOT_YOURS = "account.not_yours"
    ACCOUNT_FROZEN = "account.frozen"
    ACCOUNT_EXISTS = "account.exists"
    ASSET_UNKNOWN = "asset.unknown"
    ASSET_FROZEN = "asset.frozen"
    ASSET_EXISTS = "asset.exists"
    # Four eyes, runs, the node itself
    APPROVAL_UNKNOWN = "approval.unknown"
    APPROVAL_SAME_PERSON = "approval.same_person"
    APPROVAL_EXPIRED = "approval.expired"
    RUN_UNKNOWN = "run.unknown"
    RUN_STALE = "run.stale"
    IDEMPOTENCY_KEY_REUSED = "idempotency.key_reused"
    IDEMPOTENCY_IN_FLIGHT = "idempotency.in_flight"
    INTERNAL_REFUSED = "internal.refused"
    INTERNAL_QUARANTINED = "internal.quarantined"
    LIMIT_EXCEEDED = "limit.exceeded"
    # Money
    BANK_UNKNOWN = "bank.unknown"
    BANK_EXISTS = "bank.exists"
    RECEIPT_UNKNOWN = "receipt.unknown"
    RECEIPT_STATE = "receipt.state"
    RECEIPT_DUPLICATE = "receipt.duplicate"
    RECEIPT_PAYER_MISMATCH = "receipt.payer_mismatch"
    WITHDRAWAL_UNKNOWN = "withdrawal.unknown"
    WITHDRAWAL_STATE = "withdrawal.state"
    WITHDRAWAL_ACCOUNT_UNVERIFIED = "withdrawal.account_unverified"
    CURRENCY_MISMATCH = "currency.mismatch"
    HOLD_INSUFFICIENT_AVAILABLE = "hold.insufficient_available"
    LEDGER_TRANSFER_UNKNOWN = "ledger.transfer_unknown"
    LEDGER_ALREADY_REVERSED = "ledger.already_reversed"
    LEDGER_NOT_REVERSIBLE = "ledger.not_reversible"
    FEE_SCHEDULE_UNKNOWN = "fee.schedule_unknown"
    FEE_SCHEDULE_INVALID = "fee.schedule_invalid"
    # Rights and assets
    PATENT_UNKNOWN = "patent.unknown"
    PATENT_NOT_LISTABLE = "patent.not_listable"
    IMPORT_TOO_LARGE = "import.too_large"
    ALIAS_INVALID = "alias.invalid"
    ALIAS_EXISTS = "alias.exists"
    OUTCOME_UNKNOWN = "outcome.unknown"
    OUTCOME_STATE = "outcome.state"
    RIGHT_EXPIRED = "right.expired"
    RIGHT_IMMOBILISED = "right.immobilised"
    RIGHT_NOT_OWNED = "right.not_owned"
    RIGHT_TITLE_UNKNOWN = "right.title_unknown"
    RIGHT_ENCUMBERED = "right.encumbered"
    DEED_SIGNER_MISSING = "deed.signer_missing"
    SHARES_INVALID = "shares.invalid"
    DOCUMENT_UNKNOWN = "document.unknown"
    DOCUMENT_EXISTS = "document.exists"
    # Rules
    PROFILE_UNKNOWN = "profile.unknown"
    PROFILE_INVALID = "profile.invalid"
    PROFILE_NOT_ACTIVE = "profile.not_active"
    PROFILE_UNCONFIRMED = "profile.unconfirmed"
    CALENDAR_UNKNOWN = "calendar.unknown"
    CALENDAR_INVALID = "calendar.invalid"
    CALENDAR_NOT_COVERED = "calendar.not_covered"
    MARKET_UNKNOWN = "market.unknown"
    MARKET_EXISTS = "market.exists"
    RULE_METHOD_NOT_ALLOWED = "rule.method_not_allowed"
    RULE_HOLDER_CAP = "rule.holder_cap"
    RULE_VALUE_CAP = "rule.value_cap"
    RULE_OPPOSITE_SIDE_GAP = "rule.opposite_side_gap"
    RULE_SUITABILITY = "rule.suitability"
    EXPORT_NOT_CLEARED = "export.not_cleared"
    # Listings and orders
    LISTING_UNKNOWN = "listing.unknown"
    LISTING_STATE = "listing.state"
    LISTING_TERMS_INVALID = "listing.terms_invalid"
    LISTING_NO_SHARE_DEED = "listing.no_share_deed"
    LISTING_PRIOR_CLAIMS_OPEN = "listing.prior_claims_open"
    INSTRUMENT_UNKNOWN = "instrument.unknown"
    INSTRUMENT_FROZEN = "instrument.frozen"
    INSTRUMENT_PHASE = "instrument.phase"
    ORDER_UNKNOWN_INSTRUMENT = "order.unknown_instrument"
    ORDER_INSTRUMENT_HALTED = "order.instrument_halted"
    ORDER_INSTRUMENT_CLOSED = "order.instrument_closed"
    ORDER_UNKNOWN = "order.unknown"
    ORDER_PRICE_MISSING = "order.price_missing"
    ORDER_PRICE_NOT_ALLOWED = "order.price_not_allowed"
    ORDER_PRICE_BAND = "order.price_band"
    ORDER_LOT_STEP = "order.lot_step"
    ORDER_TOO_LARGE = "order.too_large"
    ORDER_NO_LIQUIDITY = "order.no_liquidity"
    ORDER_FOK_UNFILLED = "order.fok_unfilled"
    ORDER_SELF_TRADE = "order.self_trade"
    ORDER_TYPE_NOT_SUPPORTED = "order.type_not_supported"
    ORDER_TOO_MANY_FILLS = "order.too_many_fills"
    ORDER_REPLACE_NOTHING = "order.replace_nothing"
    # Deals
    DEAL_UNKNOWN = "deal.unknown"
    DEAL_STATE = "deal.state"
    DEAL_NOT_PARTY = "deal.not_party"
    DEAL_TERMS_CHANGED = "deal.terms_changed"
    DEAL_PUBLICITY_RUNNING = "deal.publicity_running"
    # Pilots
    PILOT_UNKNOWN = "pilot.unknown"
    PILOT_STATE = "pilot.state"
    PILOT_NOT_ELIGIBLE = "pilot.not_eligible"
    PILOT_NOTICE_RUNNING = "pilot.notice_running"
    PILOT_SHARES_INVALID = "pilot.shares_invalid"
    # Products
    CLAIM_UNKNOWN = "claim.unknown"
    CLAIM_NOT_ELIGIBLE = "claim.not_eligible"
    PRODUCT_UNKNOWN = "product.unknown"
    PRODUCT_STATE = "product.state"
    PRODUCT_INVALID = "product.invalid"
    SUBSCRIPTION_INVALID = "subscription.invalid"
    PROGRAMME_EXISTS = "programme.exists"
    REWARD_UNKNOWN = "reward.unknown"
    REWARD_STATE = "reward.state"
    REWARD_DOUBLE_CLAIM = "reward.double_claim"
    REWARD_BUDGET = "reward.budget"


class InvariantBroken(Exception):  # noqa: N818 - the house word for a promise of ours that failed
    """A promise of our own did not hold. The node stops.

    A halted exchange can be restarted; a wrong register cannot be unread.
    """


def ensure(condition: bool, promise: str) -> None:
    """Stop the node unless the promise holds.

    Raises: InvariantBroken with the promise's text.
    """
    if not condition:
        raise InvariantBroken(promise)
