"""Names of parties on recorded papers: by which rules two spellings are one party.

An organisation's key keeps its legal form, since a company that changed it is named by a paper of its own; a person's
is the set of the name's words, since registers turn them round and drop middle names. Names that are close and not one
are said to be so: whoever examines the title decides, this module never does.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

_ROLE = re.compile(
    r"[,\s]+(?:AS|IN ITS CAPACITY AS|SOLELY AS)\s+(?:[A-Z]+\s+){0,4}(?:AGENT|TRUSTEE|ADMINISTRATOR)\b.*$"
)
_BRACKETS = re.compile(r"\([^()]*\)")
_FORMERLY = re.compile(r"[,\s]+(?:FORMERLY|F/K/A|FKA|NOW KNOWN AS|N/K/A|D/B/A|DBA)\b.*$")
_DOTTED = re.compile(r"(?<=\b\w)\.\s?(?=\w\b)")
_SLASHED = re.compile(r"\b([A-Z])/([A-Z])\b")
_PUNCTUATION = re.compile(r"[^\w\s]|_")
_FORMS = {
    "INCORPORATED": "INC",
    "CORPORATION": "CORP",
    "COMPANY": "CO",
    "LIMITED": "LTD",
    "AKTIENGESELLSCHAFT": "AG",
    "ASSOCIATION": "ASSN",
}
_PHRASES = (("LIMITED LIABILITY COMPANY", "LLC"), ("LIMITED PARTNERSHIP", "LP"), ("NATIONAL ASSOCIATION", "NA"))
_FORM_WORDS = "AB AG AS ASA BV CO CORP FSB GMBH INC KG KK LLC LLP LP LTD NA NV OY OYJ PLC PTE SA SARL SE SPA"
LEGAL_FORMS = frozenset(_FORM_WORDS.split())
_PERSON_TITLES = "MR MRS MS DR PROF JR SR II III IV"
_TITLES = frozenset(_PERSON_TITLES.split())
_ORGANISATION_WORDS = """
AGENCY ASSN ASSOCIATES BANK CENTER CENTRE COLLEGE COMMISSION COUNCIL DEPARTMENT ENTERPRISES FOUNDATION FUND GOVERNMENT
GROUP HOLDING HOLDINGS HOSPITAL INSTITUTE INTERNATIONAL LABORATORIES LABORATORY LABS MINISTRY PARTNERS PARTNERSHIP
RESEARCH SECRETARY SERVICES SOCIETY SOFTWARE SYSTEMS TECHNOLOGIES TECHNOLOGY TRUST UNIVERSITAET UNIVERSITE UNIVERSITY
VENTURES AIRLINES ELECTRIC MOTORS ENERGY NETWORKS POWER STATES
"""
ORGANISATION_WORDS = frozenset(_ORGANISATION_WORDS.split())
MIN_CLOSE_LETTERS = 8
"""Shorter names that differ by a letter are other names."""


class Likeness(StrEnum):
    """How two keys stand to each other."""

    SAME = "same"
    FORM = "legal_form"
    """They differ in the legal form alone: a conversion that is not on file, or another company."""
    SPELLING = "spelling"
    """They differ by one letter, or two neighbours changed places: a slip, or another party."""
    OTHER = "other"


def words_of(name: str) -> list[str]:
    """A name's words: upper case, without accents, punctuation and the dots of initials.

    >>> words_of("U.S. Well Services, LLC."), words_of("Tölts & Co A/S")
    (['US', 'WELL', 'SERVICES', 'LLC'], ['TOLTS', 'AND', 'CO', 'AS'])
    """
    wide = unicodedata.normalize("NFKD", name).upper().replace("Ø", "O").replace("’", "").replace("'", "")
    plain = "".join(letter for letter in wide if not unicodedata.combining(letter)).replace("&", " AND ")
    return _PUNCTUATION.sub(" ", _SLASHED.sub(r"\1\2", _DOTTED.sub("", plain))).split()


def organisation_key(name: str) -> str:
    """The key of an organisation: its words, what it acts as and was called left out, its legal form in short.

    >>> organisation_key("U.S. BANK NATIONAL ASSOCIATION, AS ADMINISTRATIVE AGENT"), organisation_key("Google, Inc.")
    ('US BANK NA', 'GOOGLE INC')
    """
    upper = _FORMERLY.sub("", _BRACKETS.sub(" ", _ROLE.sub("", name.upper())))
    text = " ".join(words_of(upper) or words_of(name))
    for phrase, short in _PHRASES:
        text = text.replace(phrase, short)
    words = [_FORMS.get(word, word) for word in text.split()]
    if len(words) > 1 and words[0] == "THE":
        del words[0]
    return " ".join(words)


def is_organisation(name: str) -> bool:
    """Whether a party is an organisation.

    The office writes a person `FAMILY, GIVEN`: what has no such comma, ends in a legal form, or has a word that only
    organisations have, is an organisation.

    >>> is_organisation("BORDEAUX, INC."), is_organisation("KURTZ, ROBERT"), is_organisation("OEHRING, JARED, MR")
    (True, False, False)
    """
    if has_organisation_word(name):
        return True
    family, comma, given = name.partition(",")
    few = len(organisation_key(name).split()) <= 8
    return not (comma and family and words_of(given) and few and not any(map(str.isdigit, name)))


def has_organisation_word(name: str) -> bool:
    """Whether a name has a legal form or a word that only organisations have.

    >>> has_organisation_word("BORDEAUX, INC."), has_organisation_word("Robert Kurtz")
    (True, False)
    """
    words = organisation_key(name).split()
    return any(word in LEGAL_FORMS for word in words[1:]) or any(word in ORGANISATION_WORDS for word in words)


def person_words(name: str) -> tuple[str, ...]:
    """The words of a person's name in the order of the alphabet, without titles.

    >>> person_words("Oehring, Jared, Mr"), person_words("Jared OEHRING")
    (('JARED', 'OEHRING'), ('JARED', 'OEHRING'))
    """
    return tuple(sorted(word for word in words_of(name) if word not in _TITLES))


def same_person(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two persons' words are one person's.

    Every word of the shorter name is in the longer or is the initial of a word there, and two words at least agree
    whole (one, where a name has but one).

    >>> same_person(("BROUSSARD", "JOEL"), ("BROUSSARD", "JOEL", "N")), same_person(("J", "KIM"), ("JOEL", "KIM"))
    (True, False)
    """
    short, long = sorted((one, other), key=len)
    left = list(long)
    initials: list[str] = []
    whole = 0
    for word in short:
        if word in left:
            left.remove(word)
            whole += len(word) > 1
        else:
            initials.append(word)
    if whole < min(2, len(short)) or not short:
        return False
    return all(_takes_initial(word, left) for word in initials)


def _takes_initial(word: str, left: list[str]) -> bool:
    for place, candidate in enumerate(left):
        if word[0] == candidate[0] and (len(word) == 1 or len(candidate) == 1):
            del left[place]
            return True
    return False


def likeness(one: str, other: str) -> Likeness:
    """How two organisations' keys stand to each other.

    >>> likeness("GOOGLE INC", "GOOGLE LLC"), likeness("LOGICBLOX ACQUISITIONCO", "LOGICBLOX ACQUISTIONCO")
    (<Likeness.FORM: 'legal_form'>, <Likeness.SPELLING: 'spelling'>)
    """
    if one == other:
        return Likeness.SAME
    plain, back = without_form(one), without_form(other)
    if plain == back:
        return Likeness.FORM
    if min(len(plain), len(back)) >= MIN_CLOSE_LETTERS and _one_slip(plain, back):
        return Likeness.SPELLING
    return Likeness.OTHER


def without_form(key: str) -> str:
    """A key without the legal forms at its end."""
    words = key.split()
    while len(words) > 1 and words[-1] in LEGAL_FORMS:
        words.pop()
    return " ".join(words)


def _one_slip(one: str, other: str) -> bool:
    """Whether one letter put in, left out or exchanged, or two neighbours turned round, makes one of the other."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    rest, back = one[start:], other[start:]
    if rest[1:] == back[1:] or rest[1:] == back or rest == back[1:]:
        return True
    return rest[:2] == back[1::-1] and rest[2:] == back[2:] and len(rest) > 1
