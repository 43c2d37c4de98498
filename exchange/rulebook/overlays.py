"""Disposal overlays: what the law of a place asks of a class of seller before and after it disposes of an outcome.

The profile says how a market trades; the overlay says what this seller must do besides: publicity, the ways it may
choose, and the floors of the reward it owes to inventors and transfer staff. A place without its own overlay for a
class of seller falls back to the national one.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from exchange.core.messages import Citation, Part
from exchange.core.parties import SellerClass
from exchange.core.rejections import RejectCode
from exchange.core.units import Code, IsoDate, PositiveCount, RatePpm
from exchange.rulebook.profile import Days, Methods
from exchange.rulebook.texts import Row, SourcedRow, TextError, is_date, read_text, write_text

NATIONAL = "national"
Years = Annotated[int, msgspec.Meta(ge=0, le=100)]


class OverlayFields(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The rows of an overlay.

    Units: floors in parts per million: of net income (`reward_floor_ppm`, `transfer_staff_floor_ppm`), of the shares of
    a 作价投资 (`share_floor_ppm`), of a year's operating profit (`profit_floor_ppm`, for the years stated).
    `reward_floor_binding` false: the floor applies only where the seller neither ruled nor agreed otherwise.
    `withholding_ppm` is withheld from the gross amount of a payee from abroad; sets before version 2 have no such row.
    """

    methods: Row[Methods]
    agreement_publicity_days: Row[Days]
    agreement_publicity_on_market: Row[bool]
    related_buyer_marked: Row[bool]
    open_sale_notice_trading_days: Row[Days]
    reward_floor_binding: Row[bool]
    reward_floor_ppm: Row[RatePpm]
    share_floor_ppm: Row[RatePpm]
    profit_floor_ppm: Row[RatePpm]
    profit_floor_minimum_years: Row[Years]
    profit_floor_maximum_years: Row[Years]
    transfer_staff_floor_ppm: Row[RatePpm]
    withholding_ppm: Row[RatePpm] | None = None


class Overlay(Part, frozen=True, kw_only=True):
    """What one place asks of one class of seller."""

    jurisdiction: Code
    seller_class: SellerClass
    fields: OverlayFields


class Overlays(Part, frozen=True, kw_only=True, tag_field="text", tag="disposal_overlays"):
    """One version of all overlays, as published."""

    name: Code
    version: PositiveCount
    effective_from: IsoDate
    overlays: tuple[Overlay, ...]

    def named_rows(self) -> tuple[tuple[str, SourcedRow], ...]:
        """Every row, named `jurisdiction/seller_class/field`."""
        return tuple(
            (f"{overlay.jurisdiction}/{overlay.seller_class}/{name}", getattr(overlay.fields, name))
            for overlay in self.overlays
            for name in OverlayFields.__struct_fields__
            if getattr(overlay.fields, name) is not None
        )


def parse_overlays(text: str) -> Overlays | TextError:
    """Read and check the text of an overlay set; the national overlay of every class of seller must be there.

    Refused: profile.invalid, with the place in the text.
    """
    overlays = read_text(text, Overlays, RejectCode.PROFILE_INVALID)
    if isinstance(overlays, TextError):
        return overlays
    problem = _contradiction(overlays)
    if problem is None:
        return overlays
    path, reason = problem
    return TextError(code=RejectCode.PROFILE_INVALID, path=path, reason=reason)


def canonical_overlays(overlays: Overlays) -> str:
    """The one text of this overlay set."""
    return write_text(overlays)


def overlay_for(overlays: Overlays, jurisdiction: str, seller_class: SellerClass) -> Overlay:
    """The overlay of a place for a class of seller, or the national one where the place has none of its own."""
    by_key = {(overlay.jurisdiction, overlay.seller_class): overlay for overlay in overlays.overlays}
    return by_key.get((jurisdiction, seller_class)) or by_key[NATIONAL, seller_class]


def cite_overlay(overlays: Overlays, overlay: Overlay, field: str) -> Citation:
    """The citation of one row of an overlay."""
    row: Row[object] = getattr(overlay.fields, field)
    return Citation(
        profile=overlays.name,
        version=overlays.version,
        field=f"{overlay.jurisdiction}/{overlay.seller_class}/{field}",
        provision=row.provision,
    )


def _contradiction(overlays: Overlays) -> tuple[str, str] | None:
    if not is_date(overlays.effective_from):
        return "$.effective_from", "no such date"
    keys = [(overlay.jurisdiction, overlay.seller_class) for overlay in overlays.overlays]
    for place, key in enumerate(keys):
        if key in keys[:place]:
            return f"$.overlays[{place}]", "this jurisdiction and seller class stand twice"
    for place, overlay in enumerate(overlays.overlays):
        fields = overlay.fields
        if fields.profit_floor_minimum_years.value > fields.profit_floor_maximum_years.value:
            return f"$.overlays[{place}].fields.profit_floor_minimum_years.value", "more than the maximum"
    for seller_class in SellerClass:
        if (NATIONAL, seller_class) not in keys:
            return "$.overlays", f"no national overlay for {seller_class}"
    return None
