"""Names: organisations get an alias key to match by, natural persons leave the record as salted commitments.

A natural person's name is personal data (个人信息保护法 4, 47): the journal carries a commitment, the name and its salt
lie in a side store that can forget them. An applicant counts as a natural person when the row also names it as an
inventor, or when the USPTO search service writes it as `Family; Given`; an applicant who is a person and no inventor
of the row cannot be told from a company by the record alone and stays visible, as it is in the office's register.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

MIN_SALT_BYTES = 16

_LEGAL_FORM_WORDS = """
AB AG AKTIENGESELLSCHAFT AS BV BVBA CO COMPANY CORP CORPORATION EV GMBH INC INCORPORATED KABUSHIKI KAISHA KG KK
LIMITED LLC LLP LP LTD NV OY OYJ PLC PTE PTY SA SARL SAS SE SPA SRL SRO
"""
_LEGAL_FORMS = frozenset(_LEGAL_FORM_WORDS.split())
_CHINESE_FORMS = re.compile(r"(?:股份有限公司|有限责任公司|有限公司|公司)$")
_DOTTED = re.compile(r"(?<=\b\w)\.(?=\w\b)")
_PUNCTUATION = re.compile(r"[^\w\s]|_")
_ORGANISATION = re.compile(
    r"\b(?:inc|incorporated|llc|llp|lp|ltd|limited|co|corp|corporation|company|gmbh|ag|ab|a/s|aktiengesellschaft|sas|"
    r"s\.a|s\.a\.s|s\.r\.o|e\.v|bvba|spa|s\.p\.a|s\.r\.l|kk|k\.k|kaisha|plc|b\.v|n\.v|bv|nv|oy|pte|pty|n\.a|university|universit\w+|"
    r"universidad\w*|college|school|institut\w*|academy|academi\w*|laborator\w*|labs?|research|foundation|hospital|"
    r"clinic|cent(?:er|re)|technolog\w+|systems?|industr\w+|group|holdings?|bank|trust|association|council|ministry|"
    r"government|secretary|department|agency|administration|united states|electronics?|motors?|international|"
    r"semiconductor|pharma\w*|therapeutics|energy|services?|solutions|software|networks?|devices?|engineers?|"
    r"partners?|partnership|ventures?|products?|enterprises?|america|cnrs|commissariat)\b|&",
    re.IGNORECASE,
)
_COUNTRY_BEHIND = re.compile(r"[A-Z]{2}")


def alias_key(name: str) -> str:
    """The key by which two spellings of one organisation are proposed as the same; a person confirms the alias.

    Case, width, accents, punctuation and legal forms at the end do not count; word order does.

    >>> alias_key("Amazon Technologies, Inc."), alias_key("RENAULT S.A.S")
    ('AMAZON TECHNOLOGIES', 'RENAULT')
    """
    wide = unicodedata.normalize("NFKD", name).upper()
    plain = "".join(letter for letter in wide if not unicodedata.combining(letter))
    words = _PUNCTUATION.sub(" ", _DOTTED.sub("", plain.replace("'", ""))).split()
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
    if len(words) > 1 and words[0] == "THE":
        del words[0]
    key = " ".join(words)
    return _CHINESE_FORMS.sub("", key) or key


def salted_commitment(text: str, salt: bytes) -> str:
    """Commit to a text: SHA-256 over a tag, the salt and the text. Without the salt nothing can be guessed back.

    Raises: ValueError if the salt is shorter than 16 bytes.
    """
    if len(salt) < MIN_SALT_BYTES:
        raise ValueError("a commitment to a personal field needs a salt of at least 16 bytes")
    return hashlib.sha256(b"personal-field/1\x00%d\x00%b%b" % (len(salt), salt, text.encode())).hexdigest()


def name_salt(row_salt: bytes, role: str, place: int) -> bytes:
    """The salt of one name of a row, so that opening one commitment opens no other.

    Raises: ValueError if the row's salt is shorter than 16 bytes.
    """
    if len(row_salt) < MIN_SALT_BYTES:
        raise ValueError("a row's salt needs at least 16 bytes")
    return hashlib.sha256(b"personal-salt/1\x00%b\x00%d\x00%b" % (role.encode(), place, row_salt)).digest()[:16]


def split_names(text: str) -> list[str]:
    """The names of a field, separated by semicolons, in their order, each once."""
    names = [" ".join(part.split()) for part in text.split(";")] if text else []
    return list(dict.fromkeys(name for name in names if name))


def pair_names(text: str) -> tuple[list[str], list[str]]:
    """Organisations and persons of a field of the USPTO search service, which writes a person as `Family; Given`.

    >>> pair_names("Kelsch; Christopher A.; Vanguard Products Group, Inc.")
    (['Vanguard Products Group, Inc.'], ['Kelsch; Christopher A.'])
    """
    parts = [" ".join(part.split()) for part in text.split(";") if part and not part.isspace()]
    organisations: list[str] = []
    persons: list[str] = []
    place = 0
    while place < len(parts):
        family, given = parts[place], parts[place + 1] if place + 1 < len(parts) else ""
        if given and not _ORGANISATION.search(family) and not _ORGANISATION.search(given):
            persons.append(f"{family}; {given}")
            place += 2
        else:
            organisations.append(family)
            place += 1
    return list(dict.fromkeys(organisations)), list(dict.fromkeys(persons))


def person_key(name: str) -> str:
    """A key under which `STEVEN J SOLDIN` and `Soldin, Steven J` are one: the words in order of the alphabet."""
    return " ".join(sorted(_PUNCTUATION.sub(" ", name.upper()).split()))


def without_persons(names: list[str], inventors: list[str]) -> tuple[list[str], list[str]]:
    """Part applicants into organisations and the natural persons among them: those who are inventors too."""
    if not inventors or not names:
        return names, []
    keys: dict[str, None] = {}
    for inventor in inventors:
        keys[person_key(inventor)] = None
        words = inventor.split()
        if len(words) > 2 and _COUNTRY_BEHIND.fullmatch(words[-1]):  # some lists put the country behind the name
            keys[person_key(" ".join(words[:-1]))] = None
    persons = [name for name in names if person_key(name) in keys]
    return [name for name in names if name not in persons] if persons else names, persons
