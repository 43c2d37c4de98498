"""A report as PDF: the page's tables and pictures on paper, each table with the rows of the journal it rests on.

Chinese is set in a font that the reader brings, as in a statement.
"""

from __future__ import annotations

import io
import re
from typing import Any
from xml.sax.saxutils import escape

from reportlab.graphics.shapes import Drawing, Rect, String
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import KeepTogether, LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from api.disclosure.names import moment
from api.disclosure.page import about, rests
from api.disclosure.pictures import WIDTH, Picture, pictures
from api.disclosure.wording import shown
from securitization.disclosure import Report, Table, Unit, report_hash

LATIN, CHINESE = "Helvetica", "STSong-Light"
NOT_LATIN = re.compile("[^\\x00-\\xff]+")
ACROSS = 273 * mm
"""What a page has room for from margin to margin."""
GREY = colors.HexColor("#d9dee6")


def pdf(report: Report) -> bytes:
    """The report as pages to read; the same report gives the same bytes."""
    if CHINESE not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
    text = ParagraphStyle("text", fontName=LATIN, fontSize=9, leading=12)
    styles = {
        "text": text,
        "small": ParagraphStyle("small", parent=text, fontSize=7, leading=9),
        "right": ParagraphStyle("right", parent=text, fontSize=7, leading=9, alignment=TA_RIGHT),
        "title": ParagraphStyle("title", parent=text, fontSize=15, leading=20),
        "chapter": ParagraphStyle(
            "chapter", parent=text, fontSize=12, leading=16, spaceBefore=12, spaceAfter=2, keepWithNext=1
        ),
        "table": ParagraphStyle(
            "table", parent=text, fontSize=9.5, leading=13, spaceBefore=6, spaceAfter=2, keepWithNext=1
        ),
    }
    en, zh = about(report)
    story: list[Any] = [
        Paragraph(_set(f"{report.title.en} {report.title.zh}"), styles["title"]),
        Paragraph(_set(f"{en} {zh}"), text),
        Paragraph(_set(f"{report.name} ({report.servicing}), amounts in {report.currency}"), text),
        Paragraph(f"Told up to row {report.through_sequence} of the journal, {moment(report.through_ns)} UTC", text),
        Paragraph(_set(f"By chapters of {report.guideline}; SHA-256 of the JSON {report_hash(report)}"), text),
        Spacer(1, 4 * mm),
        *(_drawn(one) for one in pictures(report)),
    ]
    for number, chapter in enumerate(report.chapters, start=1):
        story.append(Paragraph(_set(f"{number}. {chapter.title.en} {chapter.title.zh}"), styles["chapter"]))
        for table in chapter.tables:
            story += _table(report, table, styles)
    packed = io.BytesIO()
    document = SimpleDocTemplate(
        packed,
        pagesize=landscape(A4),
        leftMargin=12 * mm,
        rightMargin=12 * mm,
        topMargin=14 * mm,
        bottomMargin=14 * mm,
        title=f"{report.title.en}: {en}",
        invariant=1,
    )

    def frame(canvas: Any, page: Any) -> None:
        canvas.setFont(LATIN, 8)
        canvas.drawString(12 * mm, 8 * mm, f"{report.servicing}, {en}, page {page.page}")

    document.build(story, onFirstPage=frame, onLaterPages=frame)
    return packed.getvalue()


def _table(report: Report, table: Table, styles: dict[str, ParagraphStyle]) -> list[Any]:
    small = styles["small"]
    head: list[Any] = [Paragraph(_set(f"{table.title.en} {table.title.zh}"), styles["table"])]
    foot: list[Any] = []
    if table.note:
        foot.append(Paragraph(_set(f"{table.note.en} {table.note.zh}"), small))
    if rests(table):
        foot.append(Paragraph(f"Rows of the journal: {rests(table)}.", small))
    if not table.rows:
        return [KeepTogether([*head, *foot])]
    over = [styles["small" if _is_text(table, place) else "right"] for place in range(len(table.columns))]
    named = [_set(f"{one.en} {one.zh}") for one in table.columns]
    body: list[list[Any]] = [["", *(Paragraph(text, style) for text, style in zip(named, over, strict=True))]]
    style: list[Any] = [
        ("FONT", (0, 0), (-1, -1), LATIN, 7),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, GREY),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
    for number, row in enumerate(table.rows, start=1):
        label = row.label.en if row.label.en == row.label.zh else f"{row.label.en} {row.label.zh}"
        line: list[Any] = [Paragraph(_set(label), small)]
        for place, cell in enumerate(row.cells, start=1):
            text = shown(report, cell)
            is_text = cell is not None and cell.unit is Unit.TEXT
            line.append(Paragraph(_set(text), small) if is_text else text.replace("–", "-"))
            if not is_text:
                style.append(("ALIGN", (place, number), (place, number), "RIGHT"))
        body.append(line)
    first = 70 * mm
    widths = [first, *[min(60 * mm, (ACROSS - first) / len(table.columns))] * len(table.columns)]
    made = LongTable(body, colWidths=widths, repeatRows=1, hAlign="LEFT", style=TableStyle(style))
    return [KeepTogether([*head, made, *foot])] if len(body) < 12 else [*head, made, *foot]


def _is_text(table: Table, place: int) -> bool:
    return any(cell.unit is Unit.TEXT for row in table.rows if (cell := row.cells[place]) is not None)


def _drawn(picture: Picture) -> Drawing:
    """A picture's shapes turned over: paper counts from its foot."""
    drawing = Drawing(WIDTH, picture.height + 8)
    for box in picture.boxes:
        drawing.add(
            Rect(
                box.x,
                picture.height - box.y - box.height,
                box.width,
                box.height,
                fillColor=colors.HexColor(box.colour),
                strokeColor=None,
            )
        )
    for one in picture.words:
        x = one.x
        pieces = [(part, CHINESE if NOT_LATIN.fullmatch(part) else LATIN) for part in _parts(one.text)]
        widths = [pdfmetrics.stringWidth(part, font, one.size) for part, font in pieces]
        x -= sum(widths) if one.ends else 0
        for (part, font), width in zip(pieces, widths, strict=True):
            drawing.add(String(x, picture.height - one.y, part, fontName=font, fontSize=one.size))
            x += width
    return drawing


def _parts(text: str) -> list[str]:
    """A text cut where its script changes."""
    found: list[str] = []
    end = 0
    for match in NOT_LATIN.finditer(text):
        found += [text[end : match.start()], match[0]]
        end = match.end()
    return [part for part in [*found, text[end:]] if part]


def _set(text: str) -> str:
    """A text's markup, with the font each part of it wants."""
    return NOT_LATIN.sub(lambda found: f'<font name="{CHINESE}">{found[0]}</font>', escape(text))
