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


async def check(verifier: bytes, file: bytes, key: str) -> tuple[bool, str]:
    """Whether the verifier proves a file under a key, and what it says."""
    return await asyncio.to_thread(_run, verifier, file, key)


def _run(verifier: bytes, file: bytes, key: str) -> tuple[bool, str]:
    """Isolated (-I): nothing of the exchange can be imported, no setting of this process reaches it."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "verifier.py").write_bytes(verifier)
        (place / "file").write_bytes(file)
        done = subprocess.run(  # noqa: S603 - this Python and the exchange's own verifier
            [sys.executable, "-I", "verifier.py", "file", key],
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
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle)) as before, zipfile.ZipFile(written, "w") as after:
        for entry in before.namelist():
            body = before.read(entry)
            if entry == name:
                if old not in body:
                    raise ValueError(f"{name} does not say {old!r}")
                body = body.replace(old, new)
            after.writestr(entry, body)
    return written.getvalue()
