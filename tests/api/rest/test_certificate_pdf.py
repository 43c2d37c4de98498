"""Certificates as PDF: what the JSON says, letter by letter and hash by hash, whatever is written and however much."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random  # noqa: TID251 - seeded
import re
import sqlite3
import struct
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import reportlab
from reportlab import rl_config

from api.exports import lettering
from api.exports.lettering import letters
from api.proofs.certificates import MOST_HOLDERS, Facts, facts
from api.proofs.paper import LONGEST, pdf
from api.proofs.printed import page
from api.rest.titles import recorded_title
from custody.outcomes import IssueShares, SharesIssued
from custody.rights import RegisterRight, RightRegistered, TitleCheck
from exchange.bootstrap import Settings, StartRefused, build_services
from exchange.core.ids import AssetId, to_wire
from exchange.store.queries.reader import Reads
from tests.api.rest.exchange import Exchange
from tests.api.rest.test_proofs import certificate, checkpoint
from tests.pilots.stage import Case

VERA = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
"""A font that has Ł and –, and no Chinese."""
Json = dict[str, Any]


def words(raw: bytes) -> list[str]:
    """The text of each page, without what only breaks lines."""
    sheets = pypdfium2.PdfDocument(raw)
    return [re.sub(r"[\s\ufffe]+", "", sheet.get_textpage().get_text_range()) for sheet in sheets]


def says(raw: bytes, text: str) -> bool:
    return re.sub(r"\s+", "", text) in "".join(words(raw))


def written(raw: bytes) -> str:
    """Every letter as it is in the file, also those this machine has no font to show: pdfium passes some of them by."""
    fonts = dict(re.findall(rb"/(F\d+) (\d+) 0 R", raw))
    asian = {
        name
        for name, number in fonts.items()
        if b"STSong" in re.search(rb"\n%b 0 obj(.*?)endobj" % number, raw, re.DOTALL)[1]  # type: ignore[index]
    }
    told, font = "", b""
    for name, text in re.findall(rb"/(F\d+) [\d.]+ Tf|\(((?:[^()\\]|\\.)*)\) Tj", raw, re.DOTALL):
        font = name or font
        plain = re.sub(rb"\\([0-7]{3}|.)", _unescaped, text, flags=re.DOTALL)
        told += plain.decode("utf-16-be" if font in asian else "cp1252")
    return re.sub(r"\s+", "", told)


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes((int(code, 8),)) if len(code) == 3 else {b"n": b"\n", b"r": b"\r", b"t": b"\t"}.get(code, code)


@pytest.fixture
async def made(exchange: Exchange) -> Json:
    """Wu's certificate after a sale."""
    await exchange.place("wu", "sell", 10, 100, "rests")
    await exchange.place("li", "buy", 4, 100, "takes")
    await checkpoint(exchange)
    found: Json = (await certificate(exchange, "wu")).json()
    return found


@pytest.fixture
def no_font(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any Chinese font."""
    monkeypatch.setattr(lettering, "_installed", lambda: None)
    monkeypatch.setattr(rl_config, "pageCompression", 0)


async def test_the_pdf_says_what_the_json_says(exchange: Exchange, made: Json) -> None:
    answer = await certificate(exchange, "wu", "pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert f"certificate-{exchange['asset']}" in answer.headers["content-disposition"]
    raw = answer.content
    assert raw.startswith(b"%PDF-")
    for text in (
        "Certificate of title 权利证书",
        f"wu holds {made['units']:,} of {made['right']['total_units']:,} units",
        f"of which {made['held_units']:,} are promised",
        f"journal rows 1 to {made['head']['size']}",
        made["right"]["code"],
        exchange["account.wu"],
        exchange["asset"],
        "trade.made",
        "python verifier.py certificate.proof.json KEY",
        "离线核验",
    ):
        assert says(raw, text), text
    for number in (
        made["head"]["root"],
        made["head"]["holdings_root"],
        made["head"]["signature"],
        made["keys"][0]["public_key"],
    ):
        assert says(raw, number)
    assert made["held_units"] == 6
    assert exchange["account.li"] not in "".join(words(raw))


def test_its_hashes_are_those_of_the_json_computed_anew(made: Json) -> None:
    raw = pdf(made)
    plain = {name: value for name, value in made.items() if name != "signature"}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert says(raw, hashlib.sha256(f"ip-exchange certificate v1\n{text}".encode()).hexdigest())
    assert says(raw, made["signature"])
    (leaf,) = made["holding"]["leaves"]
    numbers = struct.pack(">qqqq", leaf["account"], leaf["asset"], leaf["units"], leaf["held_units"])
    assert says(raw, hashlib.sha256(b"\x00holding" + bytes.fromhex(leaf["salt"]) + numbers).hexdigest())


async def test_the_bundle_holds_the_same_pdf_and_its_manifest_signs_it(exchange: Exchange, made: Json) -> None:
    raw = (await certificate(exchange, "wu", "bundle")).content
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        sheets, told = archive.read("certificate.pdf"), json.loads(archive.read("certificate.proof.json"))
        manifest = json.loads(archive.read("manifest.json"))
    assert sheets == pdf(told)
    assert manifest["files"]["certificate.pdf"] == hashlib.sha256(sheets).hexdigest()
    assert told["units"] == made["units"]


async def test_another_member_gets_no_pdf_and_nobody_a_form_that_is_none(exchange: Exchange, made: Json) -> None:
    path = f"/v1/certificates/{exchange['asset']}?account_id={exchange['account.wu']}&form="
    refused = await (await exchange.by("li")).get(path + "pdf")
    assert (refused.status_code, refused.json()["code"]) == (404, "resource.unknown")
    assert (await exchange.client.get(path + "pdf")).status_code == 401
    wrong = await (await exchange.by("wu")).get(path + "docx")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "request.parameter")
    assert made["units"]


def full(made: Json, **more: Any) -> Json:
    """A certificate with something in every part."""
    link = {"reel_frame": "1/2", "kind": "assignment", "executed_on": "2020-01-01", "from": ["甲 & Co"], "to": ["乙"]}
    burden = {"entry": "EN1-204", "kind": "pledge", "blocks": True, "summary": "质押 <b>first</b>"}
    holder = {"account_id": "A1-7", "member_id": "M1-7", "account_kind": "client", "units": 1_234_567}
    return {
        **made,
        "subject": {"kind": "patent", "country": "CN", "number": "107000005", "title": "一种 <测试> 方法"},
        "title": {"title": "clear", "reasons": [{"text": "no paper is missing"}], "chain": [link]},
        "burdens": {"as_of_sequence": 7, "items": [burden]},
        "holders": {"asset_id": "S1-9", "items": [holder], "more": 0},
        "documents": [{"sha256": "ab" * 32, "title": "Deed 契据", "media_type": "text/plain", "size_bytes": 1}],
        **more,
    }


@pytest.mark.usefixtures("no_font")
def test_every_part_is_printed_in_both_languages(made: Json) -> None:
    raw = pdf(full(made, simulated=True, earlier_sequence=3))
    for text in (
        "一种 <测试> 方法",
        "CN 107000005",
        "甲 & Co",
        "乙",
        "质押 <b>first</b>",
        "Deed 契据",
        "ab" * 32,
        "1,234,567",
        "go on at row 3",
        "权利人",
        "权利负担",
    ):
        assert text.replace(" ", "") in written(raw), text
    assert all("SIMULATED模拟" in sheet for sheet in words(raw))
    assert "SIMULATED" not in "".join(words(pdf(full(made, simulated=False))))
    for text in ("1,234,567", "权利人", "CN 107000005"):
        assert text in page(full(made))


def test_many_holders_go_on_over_numbered_pages_and_none_is_lost(made: Json) -> None:
    items = [
        {"account_id": f"A1-{place}-1", "member_id": f"M1-{place}", "account_kind": "client", "units": 10**15 - place}
        for place in range(1_000, 1_000 + MOST_HOLDERS)
    ]
    raw = pdf(full(made, holders={"asset_id": "S1-9", "items": items, "more": 17}))
    sheets = words(raw)
    assert len(sheets) > 10
    for place, sheet in enumerate(sheets, start=1):
        assert f"page{place}of{len(sheets)}" in sheet
    told = "".join(sheets)
    assert all(f"A1-{place}-1M1-{place}" in told for place in range(1_000, 1_000 + MOST_HOLDERS))
    assert "And17more" in told
    assert all("Account账户" in sheet for sheet in sheets[1:10])  # the heads are on each page


@pytest.mark.usefixtures("no_font")
@pytest.mark.parametrize(
    "name",
    [
        "x" * 1_900,
        "清华大学" * 450,
        "A very long name of a company " * 60,
        "<font name='no'>&amp;</b>" * 40,
        "\u200b\u202e\x00\n\t",
    ],
    ids=["one word", "Chinese", "Latin", "markup", "signs"],
)
def test_a_long_or_strange_name_wraps_and_is_whole(made: Json, name: str) -> None:
    holder = {**made["holder"], "name": name}
    burden = {"entry": "EN1-1", "kind": name[:40], "blocks": False, "summary": name}
    raw = pdf(full(made, holder=holder, burdens={"as_of_sequence": 7, "items": [burden] * 9}))
    found = Counter(written(raw))
    for letter, count in Counter(letter for letter in name if letter.isprintable() and letter != " ").items():
        assert found[letter] >= 10 * count, letter
    for sheet in pypdfium2.PdfDocument(raw):  # nothing is drawn beside the paper
        text = sheet.get_textpage()
        boxes = [text.get_charbox(place) for place in range(text.count_chars())]
        assert min(box[0] for box in boxes) >= 0
        assert max(box[2] for box in boxes) <= 596


def test_what_is_cut_says_so(made: Json) -> None:
    right = {**made["right"], "title_examined": "clear", "title_reasons": "y" * (LONGEST * 3)}
    assert says(pdf(full(made, right=right)), "cut here; the JSON has")


def test_any_text_gives_pages(made: Json) -> None:
    pick = random.Random(7)
    ranges = ((1, 0x2FF), (0x400, 0x4FF), (0x4E00, 0x9FA5), (0x600, 0x6FF), (0x1F600, 0x1F64F), (0x20000, 0x20100))
    for _ in range(15):
        text = "".join(chr(pick.randint(*pick.choice(ranges))) for _ in range(pick.randint(1, 900)))
        holder = {**made["holder"], "name": text, "beneficiary": text}
        assert pdf(full(made, holder=holder)).startswith(b"%PDF-")


def test_the_same_certificate_gives_the_same_bytes(made: Json) -> None:
    assert pdf(made) == pdf(made)
    assert pdf(made) != pdf({**made, "units": made["units"] + 1})


@pytest.mark.usefixtures("no_font")
def test_without_a_font_the_page_leans_on_the_readers_and_says_so(made: Json) -> None:
    raw = pdf(made)
    assert b"STSong-Light" in raw
    assert b"FontFile2" not in raw
    assert all("thereader'sownfontshowsthem" in sheet for sheet in words(raw))


def test_a_named_font_is_carried_in_part(made: Json) -> None:
    raw = pdf({**made, "holder": {**made["holder"], "name": "Łobez – and Co"}}, VERA)
    assert b"FontFile2" in raw
    assert len(raw) < 120_000
    assert says(raw, "Łobez – and Co holds")


@pytest.mark.usefixtures("no_font")
@pytest.mark.parametrize(
    ("text", "markup", "lent"),
    [
        ("Zoë & <Co>", "Zoë &amp; &lt;Co&gt;", False),
        ("大学", '<font name="STSong-Light">大学</font>', True),
        ("李\U00020bb7", '<font name="STSong-Light">李</font>[U+20BB7]', True),
        ("น", "[U+0E19]", False),
        ("a\x00b\nc", "a b c", False),
    ],
)
def test_a_letter_no_font_has_is_written_as_its_number(text: str, markup: str, lent: bool) -> None:
    type_case = letters()
    assert (type_case.set(text), type_case.lent) == (markup, lent)


@pytest.mark.parametrize("content", [None, b"", b"no font at all", b"\x00\x01\x00\x00" + b"\xff" * 100])
def test_a_font_that_is_none_stops_the_start_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "font.ttf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StartRefused, match="EXCHANGE_PDF_FONT") as refused:
        build_services(Settings(data_dir=tmp_path / "var", pdf_font=path))
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "var").exists()


def facts_of(case: Case, asset_id: AssetId, name: str, folder: Path) -> Facts:
    """What the tables of a case say for a certificate."""
    path = folder / "case.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as file:
        case.venue.scratch.connection.backup(file)
    reads = Reads(f"sqlite:///{path}", readers=1, seconds=30)
    try:
        found = reads.run(lambda snapshot: facts(snapshot, case.venue.accounts[name], asset_id, 10**9, recorded_title))
    finally:
        reads.close()
    assert found is not None
    return found


def test_a_share_of_an_outcome_names_the_right_it_is_a_part_of(tmp_path: Path) -> None:
    case = Case.cn()
    share = case.floated()
    found = facts_of(case, share, "thu", tmp_path)
    assert found.right_ids == (case.right_id,)
    assert found.about["subject"] == {"kind": "outcome", "title": "Membrane"}
    assert found.about["right"]["title_examined"] == "clear"
    assert found.about["documents"]
    (holder,) = found.about["holders"]["items"]
    assert (holder["account_kind"], holder["units"]) == ("immobilised", found.about["right"]["total_units"])


def test_a_share_of_a_patent_names_the_patent_its_papers_and_its_right(tmp_path: Path) -> None:
    """What lies on the patent lies on its shares: a certificate that looked at the shares alone would say nothing."""
    case = Case.cn()
    account_id = case.venue.accounts["thu"]
    patent_id = case.patent("thu")
    register = RegisterRight(account_id=account_id, patent_id=patent_id)
    right_id = case.venue.make(register, RightRegistered, "thu").right.asset_id
    case.examine(right_id, TitleCheck.CLEAR)
    issue = IssueShares(outcome_id=case.outcome("thu", patent_ids=(patent_id,)), account_id=account_id)
    share = case.venue.make(issue, SharesIssued, "thu").asset.asset_id
    found = facts_of(case, share, "thu", tmp_path)
    assert found.right_ids == (right_id,)
    assert found.about["subject"]["kind"] == "patent"
    assert found.about["title"]["title"] == "unknown"
    assert found.about["right"]["title_examined"] == "clear"
    assert found.about["documents"]
    assert found.about["holders"]["asset_id"] == to_wire("S", right_id)
