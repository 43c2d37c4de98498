"""Offices and kind codes: what right a published document speaks of, and how far it had come.

Source: WIPO ST.3 (two-letter codes), WIPO ST.16 (kind codes), and each office's own list of the kinds it used.
"""

from __future__ import annotations

from enum import StrEnum

from exchange.assets.codes import IntakeCode, Unreadable


class RightType(StrEnum):
    """What is protected. It decides the term, and with it what may be built on the right."""

    INVENTION = "invention"
    UTILITY_MODEL = "utility_model"
    DESIGN = "design"
    PLANT = "plant"
    REISSUE = "reissue"
    OTHER = "other"


class Stage(StrEnum):
    """How far the document's right had come when it was published."""

    FILED = "filed"
    PUBLISHED = "published"
    GRANTED = "granted"


class PatentStatus(StrEnum):
    """A right's legal status. Intake knows the first three and `expired`; the others are told by later papers.

    Source: an own small list beside WIPO ST.27, whose full letters an operator loads.
    """

    FILED = "filed"
    PUBLISHED = "published"
    GRANTED = "granted"
    IN_FORCE = "in_force"
    LAPSED_FEE = "lapsed_fee"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    REVOKED = "revoked"
    CEASED = "ceased"
    TRANSFERRED = "transferred"
    LICENSED = "licensed"
    PLEDGED = "pledged"
    SUSPENDED = "suspended"


_STATES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
_OFFICES = "AP BX EA EM EP GC IB OA QZ WO XN XV XU"
_FORMER = "CS DD SU YU"
OFFICES: frozenset[str] = frozenset((_STATES + _OFFICES + " " + _FORMER).split())
"""Every code a document may begin with: states, intergovernmental offices, and states that are no more (ST.3 annex)."""

_Kinds = dict[str, tuple[RightType, Stage]]


def _kinds(**rows: str) -> _Kinds:
    """Write a table as `invention_published="A1 A2"`."""
    table: _Kinds = {}
    for name, codes in rows.items():
        right, _, stage = name.rpartition("_")
        for code in codes.split():
            table[code] = (RightType(right), Stage(stage))
    return table


_BY_OFFICE: dict[str, _Kinds] = {
    "CN": _kinds(
        invention_published="A A8 A9",
        invention_granted="B B8 B9 C C1 C2 C8 C9",
        utility_model_granted="U U8 U9 Y Y1 Y8 Y9",
        design_granted="S S1 S8 S9 D D1",
    ),
    "US": _kinds(
        invention_published="A1 A2 A9",
        invention_granted="A B B1 B2",  # A until 2000; a bare B is a grant whose list does not say B1 or B2
        plant_published="P1 P4 P9",
        plant_granted="P P2 P3",
        design_granted="S S1",
        reissue_granted="E E1",
        other_published="H H1 H2",
    ),
    "EP": _kinds(invention_published="A1 A2 A3 A4 A8 A9", invention_granted="B1 B2 B3 B8 B9"),
    "WO": _kinds(invention_published="A1 A2 A3 A4 A8 A9"),
    "JP": _kinds(
        invention_published="A A1 A5",
        invention_granted="B B1 B2 B4 B5 B6",
        utility_model_published="U U1",
        utility_model_granted="U3 U4 U5 U6 Y Y1 Y2",
        design_granted="S S1",
    ),
    "KR": _kinds(
        invention_published="A",
        invention_granted="B B1 B2",
        utility_model_published="U",
        utility_model_granted="Y Y1 Y2",
        design_granted="S S1",
    ),
}

_GENERAL: dict[str, tuple[RightType, Stage]] = {
    "A": (RightType.INVENTION, Stage.PUBLISHED),
    "B": (RightType.INVENTION, Stage.GRANTED),
    "C": (RightType.INVENTION, Stage.GRANTED),
    "D": (RightType.INVENTION, Stage.FILED),
    "E": (RightType.REISSUE, Stage.GRANTED),
    "F": (RightType.OTHER, Stage.PUBLISHED),
    "H": (RightType.OTHER, Stage.PUBLISHED),
    "L": (RightType.OTHER, Stage.FILED),
    "M": (RightType.OTHER, Stage.PUBLISHED),
    "P": (RightType.PLANT, Stage.PUBLISHED),
    "S": (RightType.DESIGN, Stage.GRANTED),
    "T": (RightType.INVENTION, Stage.PUBLISHED),
    "U": (RightType.UTILITY_MODEL, Stage.PUBLISHED),
    "Y": (RightType.UTILITY_MODEL, Stage.GRANTED),
    "Z": (RightType.UTILITY_MODEL, Stage.GRANTED),
}
"""Offices without a list of their own: the letter alone, read by ST.16's order of publication levels.

A level is not always a stage (a first publication may already be a grant), so these are the cautious reading.
"""


def read_kind(office: str, kind: str) -> tuple[RightType, Stage]:
    """What a kind code means at an office.

    Raises: Unreadable with patent.country_unknown or patent.kind_unknown.
    """
    table = _BY_OFFICE.get(office)
    if table is not None:
        meaning = table.get(kind)
    elif office not in OFFICES:
        raise Unreadable(IntakeCode.COUNTRY_UNKNOWN, f"{office!r} is not a WIPO ST.3 code")
    else:
        meaning = _GENERAL.get(kind[:1]) if len(kind) == 1 or (len(kind) == 2 and kind[1] in "0123456789") else None
    if meaning is None:
        raise Unreadable(IntakeCode.KIND_UNKNOWN, f"{kind!r} is not a kind of document of {office}")
    return meaning
