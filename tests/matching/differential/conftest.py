"""Where nothing was compiled there is nothing to compare; tests/matching/test_books.py says where something must be."""

from __future__ import annotations

from matching.books import COMPILED

collect_ignore_glob = ["test_*.py"] if COMPILED is None else []
