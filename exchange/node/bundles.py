"""A bundle: files in one zip with a manifest of their SHA-256s that is signed, for whoever must check them offline.

The manifest is the entry `manifest.json`. A file whose name ends in `.proof.json` is a proof by itself, and the offline
verifier checks each of them too. The same files make the same bytes: the zip carries no times.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

MANIFEST = "manifest.json"
FORMAT = 1
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can carry: a bundle's own is in its manifest."""

Statement = Mapping[str, Any]
Signer = Callable[[Statement], Statement]
"""Gives a manifest back with its signature."""


def bundle(
    files: Mapping[str, bytes], *, about: str, made_at_ns: int, key: str, keys: Sequence[Statement], sign: Signer
) -> bytes:
    """The zip: every file, and the manifest that names each with its hash.

    Raises: ValueError for a name that is empty, absolute, climbs out of its folder, or is the manifest's.
    """
    for name in files:
        parts = name.split("/")
        if name == MANIFEST or "\\" in name or ":" in name or not all(part not in ("", ".", "..") for part in parts):
            raise ValueError(f"{name!r} cannot be a bundle's file")
    manifest = sign(
        {
            "format": FORMAT,
            "about": about,
            "made_at_ns": made_at_ns,
            "files": {name: hashlib.sha256(body).hexdigest() for name, body in sorted(files.items())},
            "key": key,
            "keys": list(keys),
        }
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in (
            (MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode()),
            *sorted(files.items()),
        ):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, body)
    return packed.getvalue()
