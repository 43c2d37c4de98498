"""Which book an instrument gets: the compiled one where it was built, else the plain one. Both answer alike."""

from __future__ import annotations

from collections.abc import Callable

from matching.book_messages import Book, BookRules
from matching.order_book import PlainBook

BookMaker = Callable[[BookRules], Book]


def _compiled() -> BookMaker | None:
    try:
        from matching._book import CompiledBook
    except ImportError:  # a machine without a compiler, or EXCHANGE_COMPILE=0
        return None
    return CompiledBook


COMPILED: BookMaker | None = _compiled()
"""Makes a compiled book, if there is one on this machine."""


def make_book(rules: BookRules) -> Book:
    """A new, empty book under some rules."""
    return (COMPILED or PlainBook)(rules)
