"""An instrument gets the compiled book wherever one can be built, and the plain one everywhere else."""

from __future__ import annotations

import os
import shutil

from matching import books
from matching.book_messages import BookRules
from matching.order_book import PlainBook


def test_a_machine_with_a_compiler_has_the_compiled_book() -> None:
    built = shutil.which("g++") is not None and os.environ.get("EXCHANGE_COMPILE") != "0"
    assert (books.COMPILED is not None) == built


def test_an_instrument_gets_the_fastest_book_there_is() -> None:
    assert type(books.make_book(BookRules())) is (books.COMPILED or PlainBook)
