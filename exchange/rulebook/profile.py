"""Market-rule profiles: everything a market may and may not do, as one published, versioned, dated text.

A market names exactly one profile version for its whole life. Each field is a row with its value, source, provision
and mark; a refusal cites the row. DOMAIN.md 2.1 is where the shipped values come from.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.instruments import Settlement
from exchange.core.messages import Citation, Part
from exchange.core.rejections import RejectCode
from exchange.core.units import MAX_INTEGER, Code, Count, CurrencyCode, IsoDate, Name, PositiveCount, RatePpm
from exchange.rulebook.four_eyes import FourEyes, FourEyesRule, problem_of
from exchange.rulebook.texts import (
    Row,
    SourcedRow,
    TextError,
    is_date,
    missing_confirmations,
    read_text,
    text_hash,
    unconfirmed_fields,
    write_text,
)

__all__ = [
    "Method",
    "Profile",
    "ProfileError",
    "ProfileFields",
    "Publicity",
    "RegisterOfRecord",
    "Suitability",
    "UnitForm",
    "canonical_text",
    "cite",
    "four_eyes_of",
    "missing_confirmations",
    "parse_profile",
    "text_hash",
    "unconfirmed_fields",
]

ProfileError = TextError


class Method(StrEnum):
    """The ways in which a price may be found."""

    LISTING = "listing"
    AGREEMENT = "agreement"
    RFQ = "rfq"
    ENGLISH = "english"
    DUTCH = "dutch"
    SEALED = "sealed"
    TENDER = "tender"
    OPEN_LICENCE = "open_licence"
    ORDER_BOOK = "order_book"
    CALL_AUCTION = "call_auction"


CENTRALISED = (Method.ORDER_BOOK, Method.CALL_AUCTION)
"""What 国办发〔2012〕37号 calls centralised trading (集中交易): continuous and call auction, electronic matching."""


class UnitForm(StrEnum):
    """In what form a right may be offered."""

    WHOLE_OR_EXACT_FRACTION = "whole_or_exact_fraction"
    CERTIFICATES = "certificates"
    UNITS = "units"
    ANY = "any"


class Suitability(StrEnum):
    """Whom the market admits to a deal."""

    METHOD_STATEMENT = "method_statement"
    PROFESSIONAL = "professional"
    TWO_CLASSES = "two_classes"
    INVITED = "invited"


class Publicity(StrEnum):
    """What must be shown, and to whom, before a deal."""

    DISPOSAL_OVERLAY = "disposal_overlay"
    OFFERING_FILE = "offering_file"
    PROSPECTUS = "prospectus"
    MEMO = "memo"
    NONE = "none"


class RegisterOfRecord(StrEnum):
    """Which register decides who holds: our own, or another's that is only mirrored and takes no order here."""

    OWN = "own"
    EXTERNAL = "external"


Methods = tuple[Method, ...]
Settlements = Annotated[tuple[Settlement, ...], msgspec.Meta(min_length=1)]
Currencies = Annotated[tuple[CurrencyCode, ...], msgspec.Meta(min_length=1, max_length=50)]
Days = Annotated[int, msgspec.Meta(ge=0, le=36_500)]
Cap = Annotated[int, msgspec.Meta(gt=0, le=MAX_INTEGER)] | None


class ProfileFields(Part, frozen=True, kw_only=True):
    """The rows of a profile. A `None` value means the rule sets no limit.

    Units: `opposite_side_gap_trading_days` counts trading days of `calendar`; other days are calendar days.
    `value_cap_minor` bounds the notional of one order or deal; `deposit_ppm` is of the price.
    """

    methods: Row[Methods]
    centralised_methods: Row[Methods]
    anonymity_before_deal: Row[bool]
    unit_form: Row[UnitForm]
    minimum_lot_units: Row[PositiveCount]
    price_step_minor: Row[PositiveCount]
    holder_cap: Row[Cap]
    holder_look_through: Row[bool]
    opposite_side_gap_trading_days: Row[Days]
    lock_up_days: Row[Days]
    suitability: Row[Suitability]
    publicity: Row[Publicity]
    settlement: Row[Settlements]
    register_of_record: Row[RegisterOfRecord]
    licence_required: Row[bool]
    currencies: Row[Currencies]
    value_cap_minor: Row[Cap]
    deposit_ppm: Row[RatePpm]
    listing_days: Row[Days]
    auction_notice_days: Row[Days]
    anti_sniping_seconds: Row[Count]
    reserve_visible: Row[bool]
    first_refusal_days: Row[Days]
    recordal_long_stop_days: Row[Days]
    licence_recordal_months: Row[Days]
    pilot_fiscal_share_above_ppm: Row[RatePpm]
    pilot_notice_days: Row[Days]
    pilot_use_right_minimum_years: Row[Days]
    fee_schedule: Row[Code]
    calendar: Row[Code]
    four_eyes: Row[FourEyes] | msgspec.UnsetType = msgspec.UNSET
    """Rows since the first version may be left out: a text without them reads, and hashes, as it did."""


class Profile(Part, frozen=True, kw_only=True, tag_field="text", tag="market_profile"):
    """One version of one market's rules, as published. Never edited; a change is the next version."""

    name: Code
    version: PositiveCount
    effective_from: IsoDate
    title: Name
    fields: ProfileFields

    def named_rows(self) -> tuple[tuple[str, SourcedRow], ...]:
        """Every row with its field's name, in the text's order."""
        rows = ((name, getattr(self.fields, name)) for name in ProfileFields.__struct_fields__)
        return tuple((name, row) for name, row in rows if row is not msgspec.UNSET)


def parse_profile(text: str) -> Profile | TextError:
    """Read and check a profile's text.

    Refused: profile.invalid, with the place in the text.
    """
    profile = read_text(text, Profile, RejectCode.PROFILE_INVALID)
    if isinstance(profile, TextError):
        return profile
    problem = _contradiction(profile)
    if problem is None:
        return profile
    path, reason = problem
    return TextError(code=RejectCode.PROFILE_INVALID, path=path, reason=reason)


def canonical_text(profile: Profile) -> str:
    """The one text of this profile; `text_hash` of it names the version for good."""
    return write_text(profile)


def cite(profile: Profile, field: str) -> Citation:
    """The citation of one row, as every refusal and admission carries it."""
    row: Row[object] = getattr(profile.fields, field)
    return Citation(profile=profile.name, version=profile.version, field=field, provision=row.provision)


def four_eyes_of(profile: Profile) -> tuple[FourEyesRule, ...]:
    """Which of a member's commands wait for a second person; none if the profile does not say."""
    row = profile.fields.four_eyes
    return () if isinstance(row, msgspec.UnsetType) else row.value


def _contradiction(profile: Profile) -> tuple[str, str] | None:
    """What the types cannot say: dates that exist, lists without repeats, rules that do not contradict each other."""
    fields = profile.fields
    if not is_date(profile.effective_from):
        return "$.effective_from", "no such date"
    for name in ("methods", "centralised_methods", "settlement", "currencies"):
        values = getattr(fields, name).value
        if len(dict.fromkeys(values)) != len(values):
            return f"$.fields.{name}.value", "a value stands twice"
    if any(method in CENTRALISED for method in fields.methods.value):
        return "$.fields.methods.value", "order_book and call_auction belong to centralised_methods"
    if any(method not in CENTRALISED for method in fields.centralised_methods.value):
        return "$.fields.centralised_methods.value", "only order_book and call_auction are centralised"
    if fields.centralised_methods.value and Settlement.BOOK_ENTRY not in fields.settlement.value:
        return "$.fields.centralised_methods.value", "a book or a call needs book_entry settlement"
    if fields.centralised_methods.value and fields.register_of_record.value is RegisterOfRecord.EXTERNAL:
        return "$.fields.centralised_methods.value", "an external register takes no order here"
    if (problem := problem_of(four_eyes_of(profile))) != "":
        return "$.fields.four_eyes.value", problem
    return None
