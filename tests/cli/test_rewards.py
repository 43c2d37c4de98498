"""`exchange reward` lists, shows and checks programmes."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from exchange.__main__ import MODULES
from exchange.cli import rewards
from exchange.rulebook import shipped


def ask(*words: str) -> tuple[int, str]:
    """Run the command; its exit code and what it printed."""
    assert "exchange.cli.rewards" in MODULES
    done = CliRunner().invoke(rewards.group, list(words))
    return done.exit_code, done.output


def test_every_shipped_programme_is_listed_and_checks(tmp_path: Path) -> None:
    code, listed = ask("list")
    assert code == 0
    assert [line.split("@")[0] for line in listed.splitlines()] == list(shipped.PROGRAMMES)
    for name in shipped.PROGRAMMES:
        code, text = ask("show", name)
        assert (code, text) == (0, shipped.programme_text(name))
    path = tmp_path / "mine.json"
    path.write_text(shipped.programme_text("cn_note_contract"), encoding="utf-8")
    code, told = ask("check", str(path))
    assert code == 0
    assert "cap_only" in told and "to be confirmed: event, roles" in told


def test_what_cannot_be_published_says_where(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(shipped.programme_text("cn_note_contract").replace("cap_only", "formula"), encoding="utf-8")
    code, told = ask("check", str(path))
    assert (code, told.split(":")[0]) == (1, "scheme.programme_invalid at $.fields.amounts.value")
    assert ask("show", "nothing")[0] == 1
