"""A certificate as PDF, to read, to print and to file: what the page in HTML says, with every number of the proof.

The PDF proves nothing by itself, and says so: it names the certificate in JSON by the SHA-256 of what was signed, and
tells how that one is checked without the exchange.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, LongTable, Paragraph, SimpleDocTemplate, TableStyle

from api.exports.lettering import BOLD, GREY, LATIN, LENT, LINE, RED, Letters, letters, line
from api.proofs.printed import event_of, grouped, moment, patent_of
from api.proofs.statements import hash_of
from custody.proofs import holding_leaf

SIMULATED = "SIMULATED 模拟: the parties of this certificate do not exist, and it proves nothing about real rights."
NOTHING_LIES = "Nothing is on this exchange's register. That says nothing of claims that were never entered here."
CHECK = (
    "This paper is for reading. What proves it is the certificate in JSON, which the exchange gives with ?form=json, "
    "or with all that is needed as ?form=bundle. Offline: python verifier.py certificate.proof.json KEY, with the "
    "first public key of the exchange from where you trust it, and the verifier from /v1/proofs/verifier. It checks "
    "the amount and each entry against the signed head, without the exchange. Everybody reads the signed heads at "
    "/v1/proofs/heads.",
    "离线核验：运行 python verifier.py certificate.proof.json KEY；KEY 为您从可信来源取得的本交易所首个公钥。",
)
WIDE = A4[0] - 36 * mm - 12
MARGIN = 18 * mm
LEFT = MARGIN + 6  # where the text begins: a frame keeps six points inside
LONGEST = 2_000
"""Letters of one text that are printed; what is cut off says so, and the JSON has it all."""

TEXT = ParagraphStyle("text", fontName=LATIN, fontSize=9, leading=12.5, spaceAfter=2)
SMALL = ParagraphStyle("small", parent=TEXT, fontSize=7.8, leading=10.4)
HEAD = ParagraphStyle("head", parent=SMALL, fontName=BOLD)
TITLE = ParagraphStyle("title", parent=TEXT, fontName=BOLD, fontSize=17, leading=23)
AMOUNT = ParagraphStyle("amount", parent=TEXT, fontSize=12, leading=17, spaceBefore=8, spaceAfter=8)
HEADING = ParagraphStyle(
    "heading", parent=TEXT, fontName=BOLD, fontSize=10.5, leading=15, spaceBefore=10, spaceAfter=3, keepWithNext=1
)
WARNING = ParagraphStyle("warning", parent=LINE, textColor=RED)
LINES = [
    ("LINEBELOW", (0, 0), (-1, -1), 0.4, GREY),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 6),
    ("TOPPADDING", (0, 0), (-1, -1), 1.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
]

Json = dict[str, Any]
Row = Sequence[str]


def pdf(certificate: Json, font: Path | None = None) -> bytes:
    """The certificate as pages to read; the same certificate and font give the same bytes.

    Raises: OSError if the named font is none.
    """
    _, pages = _set(certificate, font, 0)
    return _set(certificate, font, pages)[0]


def _set(certificate: Json, font: Path | None, pages: int) -> tuple[bytes, int]:
    """The pages, each with its number of how many, and how many there are; building takes parts apart, and so again."""
    sheet = _Sheet(letters(font))
    _standing(sheet, certificate)
    _holders(sheet, certificate)
    _burdens(sheet, certificate)
    _chain(sheet, certificate)
    _entries(sheet, certificate)
    _documents(sheet, certificate)
    _proof(sheet, certificate)
    name = f"{certificate['asset_id']}, {certificate['holder']['account_id']}, row {certificate['head']['size']}"
    return sheet.printed(f"Certificate of title {name}", pages, bool(certificate["simulated"]))


class _Sheet:
    """What is printed, part by part, in one set of letters."""

    def __init__(self, type_case: Letters) -> None:
        self.set = type_case.set
        self._type_case = type_case
        self._parts: list[Flowable] = []

    def text(self, text: str, style: ParagraphStyle = TEXT) -> None:
        """A paragraph."""
        self._parts.append(Paragraph(self.set(_shortened(text)), style))

    def table(self, heads: Row, rows: Sequence[Row], widths: Sequence[float]) -> None:
        """A table that goes on over the pages, with its heads on each; widths are parts of the page's."""
        body = [[Paragraph(self.set(head), HEAD) for head in heads]] if heads else []
        body += [[Paragraph(self.set(_shortened(cell)), SMALL) for cell in row] for row in rows]
        columns = [WIDE * width / sum(widths) for width in widths]
        table = LongTable(body, colWidths=columns, repeatRows=1 if heads else 0, splitInRow=1, hAlign="LEFT")
        table.setStyle(TableStyle(LINES))
        self._parts.append(table)

    def printed(self, title: str, pages: int, simulated: bool) -> tuple[bytes, int]:
        """The pages, and how many there are."""
        warned, lent = self.set(SIMULATED) if simulated else "", self.set(LENT) if self._type_case.lent else ""

        def frame(canvas: Any, page: Any) -> None:
            if simulated:
                line(canvas, warned, LEFT, A4[1] - 11 * mm, WIDE, WARNING)
            if self._type_case.lent:
                line(canvas, lent, LEFT, 7 * mm, WIDE)
            line(canvas, self.set(f"{title}, page {page.page} of {pages}"), LEFT, 11 * mm, WIDE)

        packed = io.BytesIO()
        document = SimpleDocTemplate(
            packed,
            pagesize=A4,
            leftMargin=MARGIN,
            rightMargin=MARGIN,
            topMargin=17 * mm,
            bottomMargin=18 * mm,
            title=title,
            invariant=1,
        )
        document.build(self._parts, onFirstPage=frame, onLaterPages=frame)
        return packed.getvalue(), int(document.page)


def _standing(sheet: _Sheet, told: Json) -> None:
    right, holder, subject, head = told["right"], told["holder"], told["subject"], told["head"]
    sheet.text("Certificate of title 权利证书", TITLE)
    sheet.text(f"{right['code']}: {subject['title']}" if subject else right["code"])
    promised = f", of which {grouped(told['held_units'])} are promised or blocked" if told["held_units"] else ""
    amount = f"{grouped(told['units'])} of {grouped(right['total_units'])} units{promised}"
    sheet.text(f"{holder['name']} holds {amount}.", AMOUNT)
    of_holder = [f"{holder['account_id']} of {holder['member_id']}", holder["country"], holder["identifier"]]
    of_holder += [f"for {holder['beneficiary']}" if holder["beneficiary"] else "", "FROZEN" if holder["frozen"] else ""]
    of_right = [told["asset_id"], right["kind"], right["title_regime"]]
    if "settlement" in right:
        of_right += [f"settles by {right['settlement']}", f"in the form {right['form']}"]
    facts = [
        ("As of 截至", f"journal rows 1 to {head['size']}, {moment(head['at_ns'])}, signed head {head['number']}"),
        ("Made 制作时间", moment(told["made_at_ns"])),
        ("Account 账户", ", ".join(part for part in of_holder if part)),
        ("Right 权利", ", ".join(of_right)),
    ]
    if subject and "number" in subject:
        facts.append(("Patent 专利", patent_of(subject)))
    if "title_examined" in right:
        reasons = f": {right['title_reasons']}" if right["title_reasons"] else ""
        facts.append(("Title as examined 权属审查", f"{right['title_examined']}{reasons}"))
    sheet.table((), facts, (1, 4))


def _holders(sheet: _Sheet, told: Json) -> None:
    """Who holds the whole right; of shares and notes there is no such list, for that is not the holder's to know."""
    held = told["holders"]
    if held is None:
        return
    sheet.text(f"Holders of the right 权利人, after row {told['facts_as_of_sequence']}", HEADING)
    rows = [(one["account_id"], one["member_id"], one["account_kind"], grouped(one["units"])) for one in held["items"]]
    sheet.table(("Account 账户", "Member 会员", "Kind 类别", "Units 份额"), rows, (2, 2, 2, 3))
    if held["more"]:
        sheet.text(f"And {held['more']} more, each with no more than these: /v1/assets/{held['asset_id']}/holders.")


def _burdens(sheet: _Sheet, told: Json) -> None:
    burdens = told["burdens"]
    sheet.text(f"What lies on the right 权利负担, after row {burdens['as_of_sequence']}", HEADING)
    if not burdens["items"]:
        sheet.text(NOTHING_LIES)
        return
    rows = [
        (one["entry"], one["kind"], "yes" if one["blocks"] else "no, it goes with the right", one["summary"])
        for one in burdens["items"]
    ]
    sheet.table(("Entry", "Kind", "Keeps it from being disposed of", "What"), rows, (2, 2, 3, 6))


def _chain(sheet: _Sheet, told: Json) -> None:
    title = told["title"]
    if not title:
        return
    sheet.text(f"Chain of title by recorded papers 权属变更文书: {title['title']}", HEADING)
    for reason in title["reasons"]:
        sheet.text(reason["text"])
    rows = [
        (one["reel_frame"], one["kind"], one["executed_on"], "; ".join(one["from"]), "; ".join(one["to"]))
        for one in title["chain"]
    ]
    if rows:
        sheet.table(("Reel/frame", "Kind", "Executed", "From", "To"), rows, (2, 2.4, 2, 5, 5))


def _entries(sheet: _Sheet, told: Json) -> None:
    sheet.text("The register's entries for this holding 登记记录", HEADING)
    rows = [
        (str(entry["row"]["sequence"]), moment(entry["row"]["at_ns"]), event_of(event, told))
        for entry in told["entries"]
        for event in entry["row"]["events"]
    ]
    sheet.table(("Row", "At", "Event"), rows, (1, 2.6, 10)) if rows else sheet.text("None.")
    if told["earlier_sequence"]:
        sheet.text(f"Older entries are not carried here; they go on at row {told['earlier_sequence']}.")


def _documents(sheet: _Sheet, told: Json) -> None:
    sheet.text("Documents 文件", HEADING)
    rows = [(one["title"] or "(not on file here)", one["sha256"]) for one in told["documents"]]
    sheet.table(("Title", "SHA-256"), rows, (4, 6)) if rows else sheet.text("None.")


def _proof(sheet: _Sheet, told: Json) -> None:
    head = told["head"]
    sheet.text("Proof, and how to check it 证明与核验", HEADING)
    for words in CHECK:
        sheet.text(words)
    sheet.table((), [("SHA-256 of what is signed", hash_of("certificate", told)), *_numbers(told, head)], (2, 6))


def _numbers(told: Json, head: Json) -> list[Row]:
    leaves = [
        (
            f"Leaf {leaf['index']} of {head['holdings_size']} 持有叶",
            holding_leaf(
                bytes.fromhex(leaf["salt"]), leaf["account"], leaf["asset"], leaf["units"], leaf["held_units"]
            ).hex(),
        )
        for leaf in told["holding"]["leaves"]
    ]
    keys = [(f"Key {place} 公钥", key["public_key"]) for place, key in enumerate(told["keys"], start=1)]
    return [
        *leaves,
        ("Holdings' root 持有根", head["holdings_root"]),
        ("Journal's root 日志根", head["root"]),
        (f"Head {head['number']}, its signature", head["signature"]),
        *keys,
        ("Certificate's signature 签名", told["signature"]),
    ]


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} (cut here; the JSON has {len(text)} letters)"
