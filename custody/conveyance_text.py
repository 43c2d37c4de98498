"""What the recorded text of a paper says: its kind, what a correction restates, and which papers it names.

A text is read by the rules below, in their order; what none of them reads is `other`, and decided by a person.
"""

from __future__ import annotations

import re

from custody.conveyances import ConveyanceKind

TEXT_RULES: tuple[tuple[str, ConveyanceKind], ...] = (
    (r"\bCORRECT(?:IVE|ION)\b", ConveyanceKind.CORRECTION),
    (r"\bRELEASE|\bTERMINATION\b|\bDISCHARGE\b|\bSATISFACTION\b|\bRECONVEYANCE\b", ConveyanceKind.RELEASE),
    (r"\bASSIGNMENT\b.*\bSECURITY\b", ConveyanceKind.SECURITY_TRANSFER),
    (r"\bSECURITY\b|\bLIEN\b|\bMORTGAGE\b|\bPLEDGE\b|\bCOLLATERAL\b", ConveyanceKind.SECURITY_INTEREST),
    (r"\bLICEN[CS]E\b|\bGOVERNMENT INTEREST\b", ConveyanceKind.LICENCE),
    (r"\bMERGER\b", ConveyanceKind.MERGER),
    (r"\bCHANGE OF NAME\b|\bNAME CHANGE\b", ConveyanceKind.NAME_CHANGE),
    (r"\bCONVERSION\b|\bENTITY CONVEYANCE\b", ConveyanceKind.CONVERSION),
    (r"\bASSIGNMENT\b|\bQUITCLAIM\b", ConveyanceKind.ASSIGNMENT),
)
"""A recorded text's kind is that of the first rule that finds its word in it."""
_RULES = tuple((re.compile(pattern), kind) for pattern, kind in TEXT_RULES)
_NAMED = re.compile(r"REEL\W{0,3}([0-9]{1,6})\W{0,3}\s*(?:AND\s+)?FRAME\W{0,3}([0-9]{1,4})\b")
_SLASHED = re.compile(r"(?:REEL\s*/\s*FRAME|R/F)\s*(?:NO\.?|NUMBER)?\W{0,3}([0-9]{1,6})\s*/\s*([0-9]{1,4})\b")
_CONFIRMS = re.compile(r"\bCONFIRMS\s+(?:THE\s+)*(?:ORIGINALLY\s+)?(?:EXECUTED\s+)?((?:\w+\s*){0,3})")
"""The few words behind it alone: a party's name further on may hold any word."""


def kind_of(text: str) -> ConveyanceKind:
    """What a recorded text says the paper does.

    >>> kind_of("RELEASE OF SECURITY INTEREST AT REEL/FRAME NO. 49107/0392"), kind_of("LIEN")
    (<ConveyanceKind.RELEASE: 'release'>, <ConveyanceKind.SECURITY_INTEREST: 'security_interest'>)
    """
    return next((kind for rule, kind in _RULES if rule.search(text)), ConveyanceKind.OTHER)


def confirmed_by(text: str) -> ConveyanceKind:
    """What a correction restates: the kind its words behind `CONFIRMS` name, an assignment where they name none.

    >>> confirmed_by("CORRECTIVE ASSIGNMENT ... ASSIGNOR(S) HEREBY CONFIRMS THE CHANGE OF NAME.")
    <ConveyanceKind.NAME_CHANGE: 'name_change'>
    """
    found = _CONFIRMS.search(text)
    kind = kind_of(found[1]) if found else ConveyanceKind.ASSIGNMENT
    return ConveyanceKind.ASSIGNMENT if kind in (ConveyanceKind.OTHER, ConveyanceKind.CORRECTION) else kind


def papers_named(text: str) -> tuple[str, ...]:
    """The reels and frames a text names, in full digits.

    >>> papers_named("RELEASE AT REEL/FRAME NO. 49107/0392"), papers_named("RECORDED AT REEL: 6077 FRAME: 100.")
    (('049107/0392',), ('006077/0100',))
    """
    found = [*_NAMED.findall(text), *_SLASHED.findall(text)]
    return tuple(dict.fromkeys(f"{int(reel):06d}/{int(frame):04d}" for reel, frame in found))[:20]
