"""Letters for pages in PDF: Latin in the format's own font, Chinese in a font of this machine, carried along in part.

Of a TrueType font that this machine has, a page carries the letters it uses, some 20 kB, and shows them everywhere.
Without one, Chinese is set in a font of Adobe's Asian set, which the format names and a reader supplies: a reader who
has none leaves those letters blank, though they can be copied and searched. The page then says so at its foot. A letter
that neither has is written as its number, so that no part of a name is lost without a word.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.platypus import Paragraph

LATIN, BOLD, READERS = "Helvetica", "Helvetica-Bold", "STSong-Light"
NOT_LATIN = re.compile("[^ -~\\xa0-\\xff]+")
LAST_OF_SET = 0xFFFF
"""The Asian set is asked for letters by two bytes."""
INSTALLED = (
    Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),
    Path("/usr/share/fonts/wqy-microhei/wqy-microhei.ttc"),
    Path("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf"),
    Path("/usr/share/fonts/truetype/arphic/uming.ttc"),
    Path("/usr/share/fonts/truetype/arphic-gbsn00lp/gbsn00lp.ttf"),
    Path("/Library/Fonts/Arial Unicode.ttf"),
    Path("C:/Windows/Fonts/simsun.ttc"),
)
"""Where systems keep Chinese fonts with TrueType outlines, which alone can be carried along."""
RED, GREY = colors.HexColor("#b3261e"), colors.HexColor("#d9dee6")
LENT = "Chinese letters are not in this file: the reader's own font shows them 中文由阅读器字体显示."
LINE = ParagraphStyle("line", fontName=LATIN, fontSize=8, leading=10)


@dataclass(slots=True)
class Letters:
    """Which font shows which letter, and whether any was left to the reader's."""

    carried: TTFont | None
    lent: bool = False

    def set(self, text: str) -> str:
        """A text's markup, with the font each part of it wants. Signs that cannot be printed become spaces."""
        return NOT_LATIN.sub(self._others, escape(text))

    def _others(self, found: re.Match[str]) -> str:
        parts: list[tuple[str, str]] = []
        for letter in found[0]:
            font, shown = self._of(letter)
            if parts and parts[-1][0] == font:
                parts[-1] = (font, parts[-1][1] + shown)
            else:
                parts.append((font, shown))
        return "".join(shown if font == LATIN else f'<font name="{font}">{shown}</font>' for font, shown in parts)

    def _of(self, letter: str) -> tuple[str, str]:
        """The font of one letter, and what is written for it."""
        if not letter.isprintable():
            return LATIN, " "
        if self.carried is not None and ord(letter) in self.carried.face.charToGlyph:
            return str(self.carried.fontName), letter
        if ord(letter) <= LAST_OF_SET and _is_of_the_set(letter):
            self.lent = True
            return READERS, letter
        return LATIN, f"[U+{ord(letter):04X}]"


def letters(font: Path | None = None) -> Letters:
    """Letters for one page or more, with this font, or the first one installed.

    Raises: OSError if the font that was named cannot be read or has no TrueType outlines.
    """
    if READERS not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(READERS))
    return Letters(_carried(font) if font is not None else _installed())


@functools.cache
def _carried(path: Path) -> TTFont:
    name = f"carried-{sha256(str(path).encode()).hexdigest()[:8]}"
    try:
        font = TTFont(name, str(path), subfontIndex=0)
    except (TTFError, OSError) as error:
        raise OSError(f"{path}: no TrueType font: {error}") from None
    pdfmetrics.registerFont(font)
    return font


@functools.cache
def _installed() -> TTFont | None:
    found = next((path for path in INSTALLED if path.is_file()), None)
    return None if found is None else _carried(found)


def _is_of_the_set(letter: str) -> bool:
    """Whether the Asian set has the letter: what GBK writes in two bytes."""
    try:
        return len(letter.encode("gbk")) == 2
    except UnicodeEncodeError:
        return False


def line(canvas: Any, markup: str, x: float, y: float, width: float, style: ParagraphStyle = LINE) -> None:
    """One line of markup at a place of the page."""
    placed = Paragraph(markup, style)
    _, height = placed.wrap(width, 100)
    placed.drawOn(canvas, x, y - height + style.leading)
