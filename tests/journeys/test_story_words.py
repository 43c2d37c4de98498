"""What the story is told with, without telling it: its words, its list of chapters, its check of what was signed."""

from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import Path

import pytest

from api.proofs import verifier
from exchange.rulebook.four_eyes import Guarded
from exchange.rulebook.profile import Profile, four_eyes_of, parse_profile
from exchange.story.chapters import PARTS
from exchange.story.offline import PACKAGES, check, forged
from exchange.story.patents import row_of
from exchange.story.stage import StoryBroken, money
from exchange.story.telling import MARKER, WIDTH, prepare_folder, wrapped
from exchange.story.two_signatures import ABOVE_MINOR, PRICE_MINOR, profile_with_a_threshold


@pytest.mark.parametrize(
    ("minor", "currency", "said"),
    [
        (0, "CNY", "CNY 0.00"),
        (5, "XTS", "XTS 0.05"),
        (100, "CNY", "CNY 1.00"),
        (123_456_789, "CNY", "CNY 1,234,567.89"),
    ],
)
def test_an_amount_is_written_with_its_hundredths(minor: int, currency: str, said: str) -> None:
    assert money(minor, currency) == said


def test_a_paragraph_fits_the_page_and_never_parts_a_currency_from_its_amount() -> None:
    for words in range(60):
        lines = wrapped("word " * words + f"of {money(350_000_000)} in all " + "and more " * 20)
        assert all(len(line) <= WIDTH for line in lines)
        assert any("CNY 3,500,000.00" in line for line in lines), words
        assert lines[0].startswith("  ")
        assert all(line.startswith("    ") for line in lines[1:])


def test_each_chapter_stands_once_and_its_label_fits_beside_the_bar() -> None:
    chapters = [chapter for part in PARTS for chapter in part.chapters]
    labels = [chapter.label for chapter in chapters]
    assert len(labels) == len(dict.fromkeys(labels))
    assert all(0 < len(label) <= 54 for label in labels)
    assert all(chapter.share > 0 for chapter in chapters)
    assert len({part.heading for part in PARTS}) == len(PARTS)


def test_a_folder_that_is_no_story_s_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "ledger.xls").write_text("not ours")
    with pytest.raises(StoryBroken, match="not a story's"):
        prepare_folder(tmp_path)
    assert (tmp_path / "ledger.xls").read_text() == "not ours"
    (tmp_path / MARKER).touch()
    prepare_folder(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [MARKER]


def test_the_threshold_lies_between_the_two_offers_the_story_makes() -> None:
    text, version = profile_with_a_threshold()
    profile = parse_profile(text)
    assert isinstance(profile, Profile)
    [rule] = four_eyes_of(profile)
    assert (profile.version, rule.command, rule.above_minor) == (version, Guarded.PROPOSE_DEAL, ABOVE_MINOR)
    assert PRICE_MINOR > ABOVE_MINOR


def test_one_patent_of_the_file_is_a_list_of_one() -> None:
    header, row = row_of("US12272920B1").decode().splitlines()
    assert header.startswith("publication_number,")
    assert "Beijing University of Technology" in row
    with pytest.raises(KeyError):
        row_of("US0")


def bundle_of(**files: bytes) -> bytes:
    """A zip with these files."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return written.getvalue()


def test_a_forgery_changes_one_file_and_nothing_else() -> None:
    bundle = bundle_of(certificate=b"held by A1-5", readme=b"A1-5")
    changed = zipfile.ZipFile(io.BytesIO(forged(bundle, "certificate", b"A1-5", b"A1-6")))
    assert changed.namelist() == ["certificate", "readme"]
    assert (changed.read("certificate"), changed.read("readme")) == (b"held by A1-6", b"A1-5")
    for name, old in (("certificate", b"A1-7"), ("other", b"A1-5")):
        with pytest.raises(ValueError, match="does not say"):
            forged(bundle, name, old, b"A1-6")


def test_what_is_no_proof_is_not_proved_by_the_verifier_run_alone() -> None:
    program = Path(verifier.__file__).read_bytes()
    proved, said = asyncio.run(check(program, bundle_of(manifest=b"{}"), "00" * 32))
    assert not proved
    assert said.startswith("NOT PROVED")


@pytest.mark.parametrize("package", PACKAGES)
def test_the_verifier_is_run_where_nothing_of_the_exchange_can_be_imported(package: str) -> None:
    proved, said = asyncio.run(check(f"import {package}".encode(), b"", "00"))
    assert not proved
    assert f"import of {package} halted" in said
