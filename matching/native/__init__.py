"""The compiled book: the specification of matching/order_book.py once more, in C++, for speed.

Read: storage.hpp (memory that only grows), bitmap.hpp and ladder.hpp (prices in order), index.hpp (orders by number),
book.hpp (the book), compiled.pyx (what Python sees). The plain book decides what is right; a differential test plays
the same tapes on both.
"""
