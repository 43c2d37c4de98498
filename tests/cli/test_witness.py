"""`exchange witness` against a served exchange: it keeps heads, and ends with one sentence when one does not follow."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.test_commands import Serving, run, serving

__all__ = ["serving"]  # the fixture


def test_a_witness_keeps_heads_and_ends_with_a_sentence_on_another_history(serving: Serving, tmp_path: Path) -> None:
    keep = tmp_path / "heads.json"
    first = run("witness", serving.url, "--keep", str(keep))
    assert first.returncode == 0, first.stderr
    assert "added to what was kept" in first.stdout
    again = run("witness", serving.url, "--keep", str(keep))
    assert again.returncode == 0, again.stderr

    # What this witness was once shown is not what the exchange shows now.
    kept = json.loads(keep.read_text())
    kept["heads"][-1]["root"] = "00" * 32
    keep.write_text(json.dumps(kept))
    caught = run("witness", serving.url, "--keep", str(keep))
    assert caught.returncode == 1
    assert caught.stderr.startswith("exchange: NOT WITNESSED: history was rewritten")
    assert len(caught.stderr.splitlines()) == 1
    assert json.loads(keep.read_text()) == kept

    kept["heads"][-1]["size"] += 1_000_000
    keep.write_text(json.dumps(kept))
    assert "rows were taken back" in run("witness", serving.url, "--keep", str(keep)).stderr
    keep.write_text("no heads")
    assert "not a witness's file" in run("witness", serving.url, "--keep", str(keep)).stderr


def test_a_witness_says_when_nobody_answers(tmp_path: Path) -> None:
    silent = run("witness", "http://127.0.0.1:9", "--keep", str(tmp_path / "heads.json"))
    assert silent.returncode == 1
    assert "no answer from" in silent.stderr
    assert not (tmp_path / "heads.json").exists()
