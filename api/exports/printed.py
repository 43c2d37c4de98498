"""A statement as PDF. Chinese is set in a font that the reader brings, so that none of 10 MB is carried along.

A reader without any Chinese font leaves those characters blank; they can still be copied and searched.
"""

from __future__ import annotations

import io
import re
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from api.exports.gathered import Line, Section, Statement
from api.exports.tabular import amount, counter_text, moment

LATIN, CHINESE = "Helvetica", "STSong-Light"
"""The second is of Adobe's Asian set, which the format names and a reader supplies."""
NOT_LATIN = re.compile("[^\\x00-\\xff]+")
SIMULATED = "SIMULATED 模拟: these parties do not exist, and this proves nothing about real rights."
WIDTHS = [16 * mm, 36 * mm, 34 * mm, 36 * mm, 24 * mm, 76 * mm, 48 * mm]
RED, GREY = colors.HexColor("#b3261e"), colors.HexColor("#d9dee6")


def pdf(told: Statement) -> bytes:
    """The statement as pages to read; the same statement gives the same bytes."""
    if CHINESE not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
    text = ParagraphStyle("text", fontName=LATIN, fontSize=9, leading=12)
    small = ParagraphStyle("small", parent=text, fontSize=7.5, leading=9.5)
    title = ParagraphStyle("title", parent=text, fontSize=15, leading=20)
    heading = ParagraphStyle("heading", parent=text, fontSize=11, leading=15, spaceBefore=8, spaceAfter=3)
    warning = ParagraphStyle("warning", parent=text, textColor=RED)
    whose = f"{told.name}, {told.member_id}" if told.name else told.member_id
    story: list[Any] = [
        Paragraph(_set("Statement of holdings and movements 账户对账单"), title),
        Paragraph(_set(f"Account {told.account_id} of {whose}"), text),
        Paragraph(f"{told.first} to {told.last} (Asia/Shanghai), as of row {told.as_of_sequence} of the journal", text),
    ]
    for section in told.sections:
        story.append(Paragraph(_set(f"{section.code}, {section.kind}"), heading))
        story.append(_table(section, small))
        if section.held_units is not None:
            held = amount(section.held_units, section.scale)
            story.append(Paragraph(_set(f"Of the last balance {held} are promised or blocked 冻结."), small))
    if not told.sections:
        story += [Spacer(1, 5 * mm), Paragraph("Nothing was held and nothing moved.", text)]
    packed = io.BytesIO()
    document = SimpleDocTemplate(
        packed,
        pagesize=landscape(A4),
        leftMargin=12 * mm,
        rightMargin=12 * mm,
        topMargin=16 * mm,
        bottomMargin=14 * mm,
        title=f"Statement {told.identifier}",
        invariant=1,
    )

    def frame(canvas: Any, page: Any) -> None:
        canvas.setFont(LATIN, 8)
        if told.simulated:
            canvas.setFillColor(RED)
            notice = Paragraph(_set(SIMULATED), warning)
            notice.wrapOn(canvas, 200 * mm, 10 * mm)
            notice.drawOn(canvas, 12 * mm, landscape(A4)[1] - 12 * mm)
        canvas.setFillColor(colors.black)
        canvas.drawString(12 * mm, 8 * mm, f"{told.identifier}, page {page.page}")

    document.build(story, onFirstPage=frame, onLaterPages=frame)
    return packed.getvalue()


def _table(section: Section, small: ParagraphStyle) -> LongTable:
    scale = section.scale
    body: list[list[Any]] = [["Row", "At", "Movement", "Balance", "Case", "What", "Against"]]
    body.append(["", Paragraph(_set("opening 期初"), small), "", amount(section.opening_units, scale), "", "", ""])
    body.extend(_row(line, scale, small) for line in section.lines)
    body.append(["", Paragraph(_set("closing 期末"), small), "", amount(section.closing_units, scale), "", "", ""])
    table = LongTable(body, colWidths=WIDTHS, repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), LATIN, 7.5),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, GREY),
                ("ALIGN", (2, 0), (3, -1), "RIGHT"),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
            ]
        )
    )
    return table


def _row(line: Line, scale: int, small: ParagraphStyle) -> list[Any]:
    return [
        str(line.sequence),
        moment(line.at_ns)[:19].replace("T", " ") + " UTC",
        amount(line.units, scale),
        amount(line.balance_after, scale),
        line.case,
        Paragraph(_set(line.what or line.event), small),
        Paragraph(_set(counter_text(line.counters)), small),
    ]


def _set(text: str) -> str:
    """A text's markup, with the font each part of it wants."""
    return NOT_LATIN.sub(lambda found: f'<font name="{CHINESE}">{found[0]}</font>', escape(text))
