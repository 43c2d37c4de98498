"""The frames the server renders, what is served with them, and the words in both languages."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from api.stream.codes import StreamCode
from api.ui import routes
from api.ui.routes import DIST, Built, language_of, mount, read_built
from exchange.assets.codes import IntakeCode
from exchange.assets.entries import BLOCKED_BY, Purpose
from exchange.assets.kinds import PatentStatus
from exchange.core.instruments import Phase, Side, TechnologyClass, TimeInForce
from exchange.core.rejections import RejectCode
from matching.listing import ListingState
from matching.listing_messages import ListingMethod
from matching.lot_messages import BidState
from matching.sale_messages import BidderState, LotState

SOURCES = Path(routes.__file__).parent / "web" / "src"
BUDGET_BYTES = {"market": 30_000, "institution": 25_000, "lots": 26_500}


def asking(dist: Path = DIST) -> AsyncClient:
    """A client of the pages alone."""
    app = FastAPI()
    mount(app, None, dist)  # type: ignore[arg-type] # the pages use no service
    return AsyncClient(transport=ASGITransport(app=app), base_url="http://pages.example")


def words() -> dict[str, list[str]]:
    """Every word of the pages."""
    found: dict[str, list[str]] = {}
    for name in ("words", "refusals", "institution", "lots"):
        found.update(json.loads((SOURCES / f"{name}.json").read_text()))
    return found


def first_load(built: Built, page: str) -> list[Path]:
    """What a browser fetches before a page works."""
    addresses = [built.script("early"), *built.scripts_before(page, "zh"), built.script(page), *built.styles(page)]
    return [DIST / address.removeprefix("/ui/") for address in addresses]


@pytest.mark.parametrize("page", BUDGET_BYTES)
def test_a_page_is_small(page: str) -> None:
    sizes = {file.name: len(gzip.compress(file.read_bytes(), 9)) for file in first_load(read_built(DIST), page)}
    assert sum(sizes.values()) <= BUDGET_BYTES[page], sizes


@pytest.mark.parametrize("path", ["/", "/institution"])
async def test_a_frame_holds_no_script_or_style_of_its_own_and_names_no_other_host(path: str) -> None:
    client = asking()
    answer = await client.get(path)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert "require-trusted-types-for 'script'" in answer.headers["content-security-policy"]
    assert re.findall(r"<script(?![^>]*\bsrc=)", answer.text) == []
    assert re.findall(r"\son\w+=|\sstyle=|<style", answer.text) == []
    assert re.findall(r"(?:https?:)?//[a-z]", answer.text) == []
    for address in re.findall(r'(?:src|href)="(/ui/[^"]+)"', answer.text):
        assert (await client.get(address)).status_code == 200


def test_no_built_file_names_another_host_but_in_a_name_space_or_a_licence() -> None:
    text = "".join(
        file.read_text() for page in ("market", "institution") for file in first_load(read_built(DIST), page)
    )
    hosts = set(re.findall(r"https?://([a-z0-9.-]+)", text))
    assert hosts <= {"www.w3.org", "lit.dev"}, hosts


@pytest.mark.parametrize(
    ("path", "accepted", "language"),
    [
        ("/?lang=zh", "en", "zh-CN"),
        ("/", "zh-CN,zh;q=0.9", "zh-CN"),
        ("/", "fr;q=1,en;q=0.5,zh;q=0.4", "en"),
        ("/?lang=fr", "", "en"),
    ],
)
async def test_a_frame_is_in_the_language_asked_for_or_the_browsers(path: str, accepted: str, language: str) -> None:
    answer = await asking().get(path, headers={"accept-language": accepted})
    assert f'<html lang="{language}"' in answer.text


def test_a_header_that_makes_no_sense_does_no_harm() -> None:
    assert language_of("", "x;q=,;;q=9e999,zh") == "zh"


async def test_built_files_are_kept_for_good_and_frames_are_asked_for_again() -> None:
    client = asking()
    script = await client.get(read_built(DIST).script("market"))
    assert "immutable" in script.headers["cache-control"]
    assert (await client.get("/")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/ui/manifest.json", "/ui/words.json", "/ui/assets/../manifest.json", "/ui/%2e%2e/routes.py"]
)
async def test_only_built_files_are_served(path: str) -> None:
    assert (await asking().get(path)).status_code == 404


async def test_pages_that_are_not_built_say_how_to_build_them(tmp_path: Path) -> None:
    answer = await asking(tmp_path).get("/")
    assert (answer.status_code, answer.text) == (503, "The pages are not built yet. Run: make build\n")


def test_every_word_is_in_both_languages() -> None:
    for key, texts in words().items():
        english, chinese = texts
        assert english and chinese, key
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", chinese)), key
        assert not re.search("[\u4e00-\u9fff][,:;?!]", chinese), f"{key}: Chinese text takes full-width marks"


def test_every_word_a_script_or_a_template_asks_for_is_there() -> None:
    known = words()
    for file in (*SOURCES.glob("*.js"), *(SOURCES.parents[1] / "templates").glob("*.html")):
        for key in re.findall(r"""word\(\s*["'`]([a-z_.]+)["'`][,)]""", file.read_text()):
            assert key in known, f"{file.name}: {key}"


@pytest.mark.parametrize(
    ("prefix", "values"),
    [
        ("phase", Phase),
        ("side", Side),
        ("tif", TimeInForce),
        ("status", PatentStatus),
        ("purpose", Purpose),
        ("field", BLOCKED_BY),
        ("fault", IntakeCode),
        ("listing", ListingState),
        ("method", ListingMethod),
        ("state", LotState),
        ("bidstate", BidState),
        ("entry.state", BidderState),
        ("class", TechnologyClass),
    ],
)
def test_every_value_the_exchange_can_tell_has_its_word(prefix: str, values: Any) -> None:
    known = words()
    missing = [f"{prefix}.{value}" for value in values if f"{prefix}.{value}" not in known]
    exempt = {"fault.identifier.format", "fault.identifier.check_digit"}  # of parties and instruments, not of patents
    assert set(missing) <= exempt


def test_the_sentences_of_refusals_speak_of_codes_that_exist() -> None:
    codes = {code.value for code in RejectCode} | {code.value for code in StreamCode}
    page_own = ("network", "feed.", "auth.", "node.", "request.")
    for key in json.loads((SOURCES / "refusals.json").read_text()):
        code = key.removeprefix("code.")
        assert code in codes or code.startswith(page_own), code
