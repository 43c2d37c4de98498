"""Files by the SHA-256 of their contents, in a folder: written whole under another name, synced, then named."""

from __future__ import annotations

import asyncio
import os
import secrets
from pathlib import Path


class FolderBlobs:
    """A folder of files, two levels deep."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def put(self, sha256: str, body: bytes) -> None:
        """Keep a file; putting it again does nothing."""
        await asyncio.to_thread(self._put, sha256, body)

    async def get(self, sha256: str) -> bytes | None:
        """A file's bytes, if it is kept."""
        return await asyncio.to_thread(self._get, sha256)

    async def size(self, sha256: str) -> int | None:
        """A file's length, if it is kept."""
        return await asyncio.to_thread(self._size, sha256)

    def _size(self, sha256: str) -> int | None:
        try:
            return self._path(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def _put(self, sha256: str, body: bytes) -> None:
        path = self._path(sha256)
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
        try:
            with part.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
            _sync_folder(path.parent)
        finally:
            part.unlink(missing_ok=True)

    def _get(self, sha256: str) -> bytes | None:
        try:
            return self._path(sha256).read_bytes()
        except FileNotFoundError:
            return None

    def _path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
