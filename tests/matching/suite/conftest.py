"""The implementations that the suite runs on: add one, and every scenario and tape holds it to the contract."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from matching.book_messages import Book, BookRules
from matching.books import COMPILED
from matching.order_book import PlainBook

BookFactory = Callable[[BookRules], Book]
BOOKS: list[BookFactory] = [PlainBook] if COMPILED is None else [PlainBook, COMPILED]


@pytest.fixture(params=BOOKS, ids=lambda book: book.__name__)
def book_factory(request: pytest.FixtureRequest) -> BookFactory:
    """Makes an empty book under some rules."""
    factory: BookFactory = request.param
    return factory
