"""Application numbers: one normal form an office, and the Chinese check digit.

A database often drops what the office writes: Lens leaves out the Chinese check digit (it is computed again here)
and the American series code (it cannot be). So the normal form says what is known: `CN201710601862.3`,
`US14/231597`, `US65784810A` (serial and year, no series), `EP03007626A`, `JP2008-089994`, `KR10-2019-0174782`,
`PCT/US2017/052835`, elsewhere the office, the number as written and its letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from exchange.assets.codes import IntakeCode, Unreadable, quoted
from exchange.assets.kinds import OFFICES, RightType


class ApplicationNumber(msgspec.Struct, frozen=True, gc=False):
    """One filed application: its office, its normal form, the kind of right it asks for where the number says so."""

    office: str
    text: str
    right: RightType | None = None
    granted: bool = False
    """Written with ZL in front: a Chinese patent number, granted."""


_CN = re.compile(r"(CN|ZL)? ?([0-9]{12}|[0-9]{8})(?:\.?([0-9X]))?(?: ?[AUSY])?")
_CN_RIGHTS = {
    "1": RightType.INVENTION,
    "2": RightType.UTILITY_MODEL,
    "3": RightType.DESIGN,
    "8": RightType.INVENTION,
    "9": RightType.UTILITY_MODEL,
}
_CN_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)


def china_check_digit(digits: str) -> str:
    """The check digit behind the dot of a Chinese application number of 8 or 12 digits.

    Source: CNIPA ZC 0006 (application number standard): digits weighted 2 to 9 in turn, modulo 11, ten written X.

    >>> china_check_digit("201710601862"), china_check_digit("95115608")
    ('3', 'X')
    """
    total = 0
    for digit, weight in zip(digits, _CN_WEIGHTS, strict=False):
        total += int(digit) * weight
    return "0123456789X"[total % 11]


def read_china_application(text: str) -> ApplicationNumber:
    """Read a Chinese application or ZL number; a check digit that is left out is computed, a wrong one is refused.

    Raises: Unreadable with patent.application_invalid or patent.check_digit.
    """
    match = _CN.fullmatch(text)
    if match is None:
        raise Unreadable(IntakeCode.APPLICATION_INVALID, f"{quoted(text)} is not a Chinese application number")
    prefix, digits, check = match.groups()
    year, kind = (digits[:4], digits[4]) if len(digits) == 12 else (digits[:2], digits[2])
    since_2003 = "2003" <= year <= "2099" if len(digits) == 12 else year >= "85" or year <= "03"
    right = _CN_RIGHTS.get(kind)
    if right is None or not since_2003:
        raise Unreadable(IntakeCode.APPLICATION_INVALID, f"{quoted(text)} has no year and class of right of China")
    expected = china_check_digit(digits)
    if check is not None and check != expected:
        raise Unreadable(IntakeCode.CHECK_DIGIT, f"{quoted(text)} should end in .{expected}")
    return ApplicationNumber("CN", f"CN{digits}.{expected}", right, prefix == "ZL")


_US_SERIES = re.compile(r"(?:US ?)?([0-9]{2}|D)/ ?([0-9]{6}|[0-9]{3},[0-9]{3}|[0-9]{1,2},[0-9]{3})")
_US_YEARLY = re.compile(r"US ?((?:19|20)[0-9]{2})([0-9]{2})([0-9]{6}) ?([A-Z])?")
_US_DOCDB = re.compile(r"US ?([0-9]{3,8}D?) ?([AFPS])")


def _united_states(text: str) -> ApplicationNumber | None:
    """Series code and serial. A serial grouped by a comma was written as a number: its leading zeros come back."""
    match = _US_SERIES.fullmatch(text)
    if match:
        series = "29" if match[1] == "D" else match[1]  # D/ is how the search service shows the series of designs
        serial = match[2].replace(",", "").zfill(6)
        if not int(serial):
            return None
        return ApplicationNumber("US", f"US{series}/{serial}", RightType.DESIGN if series == "29" else None)
    match = _US_YEARLY.fullmatch(text)
    if match:
        return ApplicationNumber("US", f"US{match[2]}/{match[3]}", RightType.DESIGN if match[2] == "29" else None)
    match = _US_DOCDB.fullmatch(text)
    return ApplicationNumber("US", f"US{match[1]}{match[2]}") if match else None


_EP = re.compile(r"(?:EP ?)?([0-9]{8})(?:\.[0-9])? ?A?")


def _european(text: str) -> ApplicationNumber | None:
    """Year of two digits and six; the check digit behind the dot is not kept."""
    match = _EP.fullmatch(text)
    return ApplicationNumber("EP", f"EP{match[1]}A", RightType.INVENTION) if match else None


_JP_YEAR = re.compile(r"JP ?((?:19|20)[0-9]{2})[- ]?([0-9]{6}) ?([AU])?")
_JP_SHORT = re.compile(r"JP ?([0-9]{3,8}) ?([AU])")


def _japan(text: str) -> ApplicationNumber | None:
    """Year and six digits; DOCDB writes older ones as serial and year, which stay as they are."""
    match = _JP_YEAR.fullmatch(text)
    if match:
        right = RightType.UTILITY_MODEL if match[3] == "U" else None
        return ApplicationNumber("JP", f"JP{match[1]}-{match[2]}" + ("U" if right else ""), right)
    match = _JP_SHORT.fullmatch(text)
    return ApplicationNumber("JP", f"JP{match[1]}{match[2]}") if match else None


_KR = re.compile(r"(?:KR ?)?(?:([123]0)-?)?((?:19|20)[0-9]{2})-?([0-9]{7}) ?([AUS])?")
_KR_CLASSES = {"A": "10", "U": "20", "S": "30"}
_KR_RIGHTS = {"10": RightType.INVENTION, "20": RightType.UTILITY_MODEL, "30": RightType.DESIGN}


def _korea(text: str) -> ApplicationNumber | None:
    """Class of right, year, seven digits."""
    match = _KR.fullmatch(text)
    if match is None or (match[1] is None and match[4] is None):
        return None
    group = match[1] or _KR_CLASSES[match[4]]
    if match[4] is not None and group != _KR_CLASSES[match[4]]:
        return None
    return ApplicationNumber("KR", f"KR{group}-{match[2]}-{match[3]}", _KR_RIGHTS[group])


_PCT = re.compile(r"PCT[/ ]?([A-Z]{2})([0-9]{4}|[0-9]{2})/([0-9]{5,7})")
_PCT_DOCDB = re.compile(r"([A-Z]{2}) ?(?:([0-9]{4})/?([0-9]{6,7})|([0-9]{2})([0-9]{5})) ?W")


def _international(text: str) -> ApplicationNumber | None:
    """PCT/ receiving office, year, six digits; the office is the one that received it, or IB."""
    match = _PCT.fullmatch(text)
    if match:
        office, year, serial = match.groups()
    else:
        match = _PCT_DOCDB.fullmatch(text)
        if match is None:
            return None
        office, year, serial = match[1], match[2] or match[4], match[3] or match[5]
    if office not in OFFICES or len(serial.lstrip("0")) > 6 or not int(serial):
        return None
    if len(year) == 2:
        year = ("19" if year >= "78" else "20") + year
    return ApplicationNumber("WO", f"PCT/{office}{year}/{int(serial):06d}", RightType.INVENTION)


_READERS: dict[str, Callable[[str], ApplicationNumber | None]] = {
    "US": _united_states,
    "EP": _european,
    "JP": _japan,
    "KR": _korea,
    "WO": _international,
}
_GENERAL = re.compile(r"([A-Z]{2}) ?([0-9A-Z]{0,3}[0-9]{3,15}) ?([A-Z]?)")


def read_application(office: str, text: str) -> ApplicationNumber:
    """Read an application number of the office whose publication names it.

    >>> read_application("US", "13/033,085").text, read_application("CN", "CN 201811448126 A").text
    ('US13/033085', 'CN201811448126.X')

    Raises: Unreadable with patent.application_invalid or patent.check_digit.
    """
    written = " ".join(text.upper().split())
    if office == "CN":
        return read_china_application(written)
    reader = _READERS.get(office)
    if reader is not None:
        number = reader(written)
        # A national publication may name the international application it came from.
        number = number or (_international(written) if office != "WO" else None)
    else:
        match = _GENERAL.fullmatch(written)
        same = match is not None and match[1] == office
        number = ApplicationNumber(office, "".join(match.groups())) if match and same else _international(written)
    if number is None:
        raise Unreadable(IntakeCode.APPLICATION_INVALID, f"{quoted(text)} is not an application number of {office}")
    return number
