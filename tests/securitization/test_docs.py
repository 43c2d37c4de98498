"""What the documentation says of deals is so: its commands and its program run, its tables are the code's."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from securitization.deal import deal_schema
from securitization.deal_problems import SENTENCES
from tests.cli.test_deals import deal

DOCS = Path(__file__).parents[2] / "docs"


def blocks(language: str) -> list[str]:
    """The code blocks of the page in one language."""
    text = (DOCS / "explanations" / "deals-as-data.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_commands_of_the_page_print_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tried = 0
    parts = [part for block in blocks("console") for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    for part in parts:
        command, _, printed = part.partition("\n")
        words, _, file = command.partition(" > ")
        done = deal(*shlex.split(words)[2:])
        assert done.exit_code == 0, command
        if file:
            Path(file).write_text(done.stdout, encoding="utf-8")
        else:
            assert done.stdout == printed, command
        tried += 1
    assert tried == 7


def test_the_program_of_the_page_runs() -> None:
    [program] = blocks("python")
    exec(compile(program, "deals-as-data.md", "exec"), {})  # noqa: S102 - the page's own example


def test_the_reference_lists_every_code_and_the_schema() -> None:
    page = (DOCS / "reference" / "deal.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \| (.*) \|$", page, re.MULTILINE)

    assert listed == [(str(code), sentence) for code, sentence in SENTENCES.items()]
    kept = (DOCS / "reference" / "deal.schema.json").read_text(encoding="utf-8")
    assert json.loads(kept) == json.loads(json.dumps(deal_schema()))
