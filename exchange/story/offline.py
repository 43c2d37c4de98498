"""What the exchange signed, checked without it: the verifier as anybody downloads it, run alone in an empty folder."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

TIMEOUT_S = 60
PACKAGES = ("exchange", "api", "custody", "matching", "securitization")
ALONE = f"""
import runpy, sys
sys.modules.update(dict.fromkeys({PACKAGES}))
runpy.run_path("verifier.py", run_name="__main__")
"""
"""Run the file with every package of the exchange out of reach: what stands as None cannot be imported."""


async def check(verifier: bytes, file: bytes, key: str) -> tuple[bool, str]:
    """Whether the verifier proves a file under a key, and what it says."""
    return await asyncio.to_thread(_run, verifier, file, key)


def _run(verifier: bytes, file: bytes, key: str) -> tuple[bool, str]:
    """Isolated (-I), so no setting of this process reaches it; and nothing of the exchange, installed or not."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "verifier.py").write_bytes(verifier)
        (place / "file").write_bytes(file)
        done = subprocess.run(  # noqa: S603 - this Python and the exchange's own verifier
            [sys.executable, "-I", "-c", ALONE, "file", key],
            capture_output=True,
            text=True,
            cwd=folder,
            env={},
            timeout=TIMEOUT_S,
            check=False,
        )
    return done.returncode == 0, (done.stdout or done.stderr).strip()


def forged(bundle: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """A bundle in which one file was changed, as somebody might who wants to own more.

    Raises: ValueError if there is nothing to change.
    """
    with zipfile.ZipFile(io.BytesIO(bundle)) as before:
        files = {entry: before.read(entry) for entry in before.namelist()}
    if old not in files.get(name, b""):
        raise ValueError(f"{name} does not say {old!r}")
    files[name] = files[name].replace(old, new)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as after:
        for entry, body in files.items():
            after.writestr(entry, body)
    return written.getvalue()
