"""Identifiers of persons, organisations and instruments: each reader returns the normal form or says what is wrong.

Source: ISO 27729 and ISO 7064 (ORCID), ROR's identifier pattern, ISO 17442 (LEI), GB 32100-2015 (统一社会信用代码).
"""

from __future__ import annotations

import re

import msgspec
from stdnum import lei
from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.iso7064 import mod_11_2, mod_37_36

from exchange.assets.codes import IntakeCode, Unreadable, quoted

_ORCID = re.compile(r"(?:https?://orcid\.org/)?([0-9]{4})-?([0-9]{4})-?([0-9]{4})-?([0-9]{3}[0-9X])")
_ROR = re.compile(r"(?:(?:https?://)?ror\.org/)?(0[0-9a-hjkmnp-tv-z]{6}[0-9]{2})")
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


def _wrong_format(text: str, what: str) -> Unreadable:
    return Unreadable(IntakeCode.IDENTIFIER_FORMAT, f"{quoted(text)} is not {what}")


def _wrong_check(text: str) -> Unreadable:
    return Unreadable(IntakeCode.IDENTIFIER_CHECK_DIGIT, f"the check digits of {quoted(text)} do not agree")


def read_orcid(text: str) -> str:
    """Read a researcher's ORCID.

    >>> read_orcid("https://orcid.org/0000-0002-1694-233X")
    '0000-0002-1694-233X'

    Raises: Unreadable with identifier.format or identifier.check_digit.
    """
    match = _ORCID.fullmatch(text.strip())
    if match is None:
        raise _wrong_format(text, "an ORCID")
    if not mod_11_2.is_valid("".join(match.groups())):
        raise _wrong_check(text)
    return "-".join(match.groups())


def read_ror(text: str) -> str:
    """Read a research organisation's ROR.

    >>> read_ror("https://ror.org/03cve4549")
    '03cve4549'

    Raises: Unreadable with identifier.format or identifier.check_digit.
    """
    match = _ROR.fullmatch(text.strip().lower())
    if match is None:
        raise _wrong_format(text, "a ROR")
    value = 0
    for letter in match[1][:-2]:
        value = value * 32 + _CROCKFORD.index(letter)
    if 98 - value * 100 % 97 != int(match[1][-2:]):
        raise _wrong_check(text)
    return match[1]


def read_lei(text: str) -> str:
    """Read a legal entity identifier.

    >>> read_lei("529900T8BM49AURSDO55")
    '529900T8BM49AURSDO55'

    Raises: Unreadable with identifier.format or identifier.check_digit.
    """
    compact = lei.compact(text)
    if not re.fullmatch(r"[0-9A-Z]{18}[0-9]{2}", compact):
        raise _wrong_format(text, "an LEI")
    if not lei.is_valid(compact):
        raise _wrong_check(text)
    return compact


def read_uscc(text: str) -> str:
    """Read a unified social credit code.

    >>> read_uscc("91110000600037341L")
    '91110000600037341L'

    Raises: Unreadable with identifier.format or identifier.check_digit.
    """
    try:
        return str(uscc.validate(text))
    except InvalidChecksum:
        raise _wrong_check(text) from None
    except ValidationError:
        raise _wrong_format(text, "a unified social credit code") from None


class InstrumentCode(msgspec.Struct, frozen=True, gc=False):
    """Our own code of an instrument: a class letter and a serial. Not an ISIN, which only an issued security has."""

    instrument_class: str
    serial: int

    @property
    def text(self) -> str:
        """The code with its check character.

        >>> InstrumentCode("S", 184).text
        'IPXS0000184L'
        """
        body = f"IPX{self.instrument_class}{self.serial:07d}"
        return body + str(mod_37_36.calc_check_digit(body))


_INSTRUMENT = re.compile(r"IPX([A-Z])([0-9]{7})[0-9A-Z]")


def read_instrument_code(text: str) -> InstrumentCode:
    """Read `IPX`, a class letter, seven digits and a check character (ISO 7064 mod 37,36).

    Raises: Unreadable with identifier.format or identifier.check_digit.
    """
    match = _INSTRUMENT.fullmatch(text)
    if match is None or not int(match[2]):
        raise _wrong_format(text, "an instrument code")
    if not mod_37_36.is_valid(text):
        raise _wrong_check(text)
    return InstrumentCode(match[1], int(match[2]))
