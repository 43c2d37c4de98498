"""The offline verifier as whoever downloads it has it: a file run alone, away from the project."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

SOURCE = Path(__file__).parents[1] / "api" / "proofs" / "verifier.py"


@lru_cache(1)
def module() -> ModuleType:
    """The verifier's own functions, loaded from the file."""
    spec = importlib.util.spec_from_file_location("offline_verifier", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def refusal(document: Any, key: str) -> str:
    """What the verifier says against a document; empty if it is proved."""
    try:
        module().check(document, key)
    except (LookupError, TypeError, ValueError) as error:
        return str(error) or repr(error)
    return ""


def run_alone(content: bytes | dict[str, Any], key: str) -> subprocess.CompletedProcess[str]:
    """Run the file by itself in an empty folder, isolated: nothing of the project can be imported."""
    with tempfile.TemporaryDirectory() as folder:
        verifier, file = Path(folder) / "verifier.py", Path(folder) / "file"
        shutil.copyfile(SOURCE, verifier)
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        command = [sys.executable, "-I", str(verifier), str(file), key]
        return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=60, check=False)
