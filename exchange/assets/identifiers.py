"""Publication numbers: every office's spellings, read into one normal form that reads back as itself.

The normal form is office, number, kind without separators, as the offices exchange them (DOCDB): `CN101551481B`,
`US11803561B1`, `USD628609S`, `USRE43880E`, `EP0117881A1`, `WO2001056547A2`, `JPH01092560A`, `KR100669807B1`.
Source: WIPO ST.6 and ST.10/C, each office's concordance; values checked against published records.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from exchange.assets.codes import IntakeCode, Unreadable, quoted
from exchange.assets.kinds import RightType, Stage, read_kind


class PublicationNumber(msgspec.Struct, frozen=True, gc=False):
    """One published document: office (ST.3), number, kind (ST.16), and what that kind means there."""

    office: str
    number: str
    kind: str
    right: RightType
    stage: Stage

    @property
    def text(self) -> str:
        """The normal form.

        >>> read_publication("WO 2001/56547 A2").text
        'WO2001056547A2'
        """
        return f"{self.office}{self.number}{self.kind}"


_SEPARATORS = re.compile(r"[\s.,/\-]+")
_SHAPE = re.compile(r"([A-Z]{2})([0-9A-Z]{0,18}?[0-9])([A-Z][0-9]?)")
_CORRECTED = re.compile(r"(.+[A-Z][89])(?:19|20)[0-9]{6}")
"""A corrected document (kind 8 or 9) may carry its date behind the kind: EP1357170B920061018."""


def read_publication(text: str) -> PublicationNumber:
    """Read a publication number in any of the spellings its office and the databases use.

    >>> read_publication("US 11,803,561 B1").text, read_publication("USRE043880E").text
    ('US11803561B1', 'USRE43880E')

    Raises: Unreadable with patent.number_invalid, patent.country_unknown, patent.kind_unknown or patent.kind_mismatch.
    """
    compact = text if text.isalnum() and text.isupper() else _SEPARATORS.sub("", text).upper()
    shape = _SHAPE.fullmatch(compact)
    if shape is None:
        corrected = _CORRECTED.fullmatch(compact)
        shape = _SHAPE.fullmatch(corrected[1]) if corrected else None
    if shape is None:
        raise Unreadable(IntakeCode.NUMBER_INVALID, f"{quoted(text)} is not country, number and kind")
    office, number, kind = shape.groups()
    right, stage = read_kind(office, kind)
    normalise = _NORMALISE.get(office, _general)
    normal = normalise(number, kind, right)
    if normal is None:
        raise Unreadable(IntakeCode.NUMBER_INVALID, f"{quoted(text)} is not how {office} numbers its {kind} documents")
    return PublicationNumber(office, normal, kind, right, stage)


def _general(number: str, kind: str, right: RightType) -> str | None:
    """An office without rules of its own here: at most 15 letters and digits."""
    return number if len(number) <= 15 else None


_CN_CLASSES = {RightType.INVENTION: "1", RightType.UTILITY_MODEL: "2", RightType.DESIGN: "3"}


def _china(number: str, kind: str, right: RightType) -> str | None:
    """7 or 9 digits whose first is the class; 8 digits in the 1980s, year first and the class third.

    Raises: Unreadable with patent.kind_mismatch where the class digit says another right than the kind.
    """
    if not number.isdigit() or len(number) not in {7, 8, 9}:
        return None
    if len(number) == 8 and not "85" <= number[:2] <= "89":
        return None
    digit = number[2] if len(number) == 8 else number[0]
    if digit not in "123":
        return None
    if digit != _CN_CLASSES[right]:
        raise Unreadable(IntakeCode.KIND_MISMATCH, f"number {number} is of class {digit}, kind {kind} is a {right}")
    return number


_US_PREFIXED = {
    "S": re.compile(r"D0*([1-9][0-9]{0,6})"),
    "E": re.compile(r"RE0*([1-9][0-9]{0,5})"),
    "H": re.compile(r"H0*([1-9][0-9]{0,4})"),
}
_US_PREFIXES = {"S": "D", "E": "RE", "H": "H"}
_US_PLANT = re.compile(r"PP0*([1-9][0-9]{0,4})")
_US_PUBLICATION = re.compile(r"(20[0-9]{2})([0-9]{6,7})")
_US_GRANT = re.compile(r"0*([1-9][0-9]{0,7})")


def _united_states(number: str, kind: str, right: RightType) -> str | None:
    """Grants count up, designs, plants and reissues with their letters; applications are year and seven digits."""
    prefixed = _US_PREFIXED.get(kind[0])
    if prefixed is not None:
        match = prefixed.fullmatch(number)
        return _US_PREFIXES[kind[0]] + match[1] if match else None
    if kind in {"P", "P2", "P3"}:
        match = _US_PLANT.fullmatch(number)
        return "PP" + match[1] if match else None
    if kind in {"A1", "A2", "A9", "P1", "P4", "P9"}:
        match = _US_PUBLICATION.fullmatch(number)
        return match[1] + match[2].zfill(7) if match else None
    match = _US_GRANT.fullmatch(number)
    return match[1] if match else None


def _european(number: str, kind: str, right: RightType) -> str | None:
    """Seven digits, zeros in front."""
    return number.zfill(7) if number.isdigit() and len(number) <= 7 and int(number) else None


_WO_LONG = re.compile(r"((?:19|20)[0-9]{2})([0-9]{5,6})")
_WO_SHORT = re.compile(r"([0-9]{2})([0-9]{5,6})")


def _international(number: str, kind: str, right: RightType) -> str | None:
    """Year of four digits and six digits; until 2003 also a year of two and five or six."""
    match = _WO_LONG.fullmatch(number)
    if match:
        return match[1] + match[2].zfill(6)
    match = _WO_SHORT.fullmatch(number)
    if match and (match[1] >= "78" or match[1] <= "03"):
        return ("19" if match[1] >= "78" else "20") + match[1] + match[2].zfill(6)
    return None


_JP_ERA = re.compile(r"([HS])([0-9]{2})([0-9]{1,6})")
_JP_YEAR = re.compile(r"((?:19|20)[0-9]{2})([0-9]{6})")


def _japan(number: str, kind: str, right: RightType) -> str | None:
    """Year (of the emperor until 1999) and six digits; granted documents since 1996 seven digits."""
    match = _JP_ERA.fullmatch(number)
    if match:
        last = 64 if match[1] == "S" else 31
        return match[1] + match[2] + match[3].zfill(6) if 1 <= int(match[2]) <= last else None
    if _JP_YEAR.fullmatch(number):
        return number
    grant = kind[0] in "BSUY"
    return number.zfill(7) if grant and number.isdigit() and len(number) <= 7 and int(number) else None


_KR_GRANT = {RightType.INVENTION: "10", RightType.UTILITY_MODEL: "20", RightType.DESIGN: "30"}
_KR_YEAR = re.compile(r"(?:[123]0)?((?:19|20)[0-9]{2}[0-9]{7})")


def _korea(number: str, kind: str, right: RightType) -> str | None:
    """Publications are year and seven digits; grants the class (10, 20, 30) and seven digits."""
    match = _KR_YEAR.fullmatch(number)
    if match:
        if len(number) == 13 and number[:2] != _KR_GRANT[right]:
            raise Unreadable(IntakeCode.KIND_MISMATCH, f"class {number[:2]} is not that of a {right}")
        return match[1]
    if not number.isdigit() or len(number) != 9 or kind[0] not in "BSY":
        return None
    if number[:2] != _KR_GRANT[right]:
        raise Unreadable(IntakeCode.KIND_MISMATCH, f"class {number[:2]} is not that of a {right}")
    return number


_NORMALISE: dict[str, Callable[[str, str, RightType], str | None]] = {
    "CN": _china,
    "US": _united_states,
    "EP": _european,
    "WO": _international,
    "JP": _japan,
    "KR": _korea,
}
