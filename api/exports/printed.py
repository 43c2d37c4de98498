"""A statement as PDF, in the letters of `lettering`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from api.exports.gathered import Line, Section, Statement
from api.exports.lettering import GREY, LATIN, LENT, LINE, RED, Letters, letters, line
from api.exports.tabular import amount, counter_text, moment

SIMULATED = "SIMULATED 模拟: these parties do not exist, and this proves nothing about real rights."
WARNING = ParagraphStyle("warning", parent=LINE, fontSize=9, textColor=RED)
WIDTHS = [16 * mm, 36 * mm, 34 * mm, 36 * mm, 24 * mm, 76 * mm, 48 * mm]


def pdf(told: Statement, font: Path | None = None) -> bytes:
    """The statement as pages to read; the same statement and font give the same bytes.

    Raises: OSError if the named font is none.
    """
    type_case = letters(font)
    text = ParagraphStyle("text", fontName=LATIN, fontSize=9, leading=12)
    small = ParagraphStyle("small", parent=text, fontSize=7.5, leading=9.5)
    title = ParagraphStyle("title", parent=text, fontSize=15, leading=20)
    heading = ParagraphStyle("heading", parent=text, fontSize=11, leading=15, spaceBefore=8, spaceAfter=3)
    whose = f"{told.name}, {told.member_id}" if told.name else told.member_id
    story: list[Any] = [
        Paragraph(type_case.set("Statement of holdings and movements 账户对账单"), title),
        Paragraph(type_case.set(f"Account {told.account_id} of {whose}"), text),
        Paragraph(f"{told.first} to {told.last} (Asia/Shanghai), as of row {told.as_of_sequence} of the journal", text),
    ]
    for section in told.sections:
        story.append(Paragraph(type_case.set(f"{section.code}, {section.kind}"), heading))
        story.append(_table(section, small, type_case))
        if section.held_units is not None:
            held = amount(section.held_units, section.scale)
            story.append(Paragraph(type_case.set(f"Of the last balance {held} are promised or blocked 冻结."), small))
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

    warned = type_case.set(SIMULATED)

    def frame(canvas: Any, page: Any) -> None:
        if told.simulated:
            line(canvas, warned, 12 * mm, landscape(A4)[1] - 12 * mm, 200 * mm, WARNING)
        line(canvas, f"{told.identifier}, page {page.page}", 12 * mm, 8 * mm, 80 * mm)
        if type_case.lent:
            line(canvas, type_case.set(LENT), 92 * mm, 8 * mm, 190 * mm)

    document.build(story, onFirstPage=frame, onLaterPages=frame)
    return packed.getvalue()


def _table(section: Section, small: ParagraphStyle, type_case: Letters) -> LongTable:
    scale = section.scale
    body: list[list[Any]] = [["Row", "At", "Movement", "Balance", "Case", "What", "Against"]]
    body.append(
        ["", Paragraph(type_case.set("opening 期初"), small), "", amount(section.opening_units, scale), "", "", ""]
    )
    body.extend(_row(one, scale, small, type_case) for one in section.lines)
    body.append(
        ["", Paragraph(type_case.set("closing 期末"), small), "", amount(section.closing_units, scale), "", "", ""]
    )
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


def _row(moved: Line, scale: int, small: ParagraphStyle, type_case: Letters) -> list[Any]:
    return [
        str(moved.sequence),
        moment(moved.at_ns)[:19].replace("T", " ") + " UTC",
        amount(moved.units, scale),
        amount(moved.balance_after, scale),
        moved.case,
        Paragraph(type_case.set(moved.what or moved.event), small),
        Paragraph(type_case.set(counter_text(moved.counters)), small),
    ]
