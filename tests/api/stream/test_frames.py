"""A client's frames become messages: every rule of RFC 6455 5, the readable reader and the compiled one alike."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from api.stream import frames

MOST = 300
"""The largest message of these tests."""
KEY = bytes((0x37, 0xFA, 0x21, 0x3D))
KINDS = ["api.stream.frames"]
if importlib.util.find_spec("api.stream._frames"):
    KINDS.append("api.stream._frames")


class Reader(Protocol):
    """What both readers are."""

    controls: bytes
    failure: tuple[int, str] | None
    has_news: bool

    @property
    def is_binary(self) -> bool:
        """Whether a binary message came."""
        ...

    def feed(self, chunk: bytes) -> list[bytes]:
        """The texts of a chunk."""
        ...


def reader_of(module: str, most: int = MOST) -> Reader:
    """A reader: the readable one, or the one that the build made of it."""
    made: Reader = importlib.import_module(module).FrameReader(most)
    return made


both = pytest.mark.parametrize("module", KINDS)


@dataclass
class Read:
    """What a whole conversation was read as."""

    texts: list[bytes] = field(default_factory=list[bytes])
    controls: bytes = b""
    binary: bool = False
    code: int = 0


def read(reader: Reader, chunks: Iterable[bytes]) -> Read:
    """Feed the chunks, one after the other, and gather what came of them."""
    found = Read()
    for chunk in chunks:
        found.texts += reader.feed(chunk)
    failure = reader.failure
    found.controls, found.binary = reader.controls, reader.is_binary
    found.code = failure[0] if failure else 0
    assert reader.has_news == bool(found.controls or found.binary or failure)
    return found


def sent(payload: bytes, opcode: int = frames.TEXT, *, fin: bool = True, key: bytes = KEY, **odd: int) -> bytes:
    """A client's frame, written by hand; `reserved`, `unmasked` and `form` (the bytes of the length) make it odd."""
    first = (0x80 if fin else 0) | odd.get("reserved", 0) | opcode
    size = len(payload)
    form = odd.get("form", 0 if size < 126 else 2 if size < 65_536 else 8)
    short = {0: size, 2: 126, 8: 127}[form]
    head = bytes((first, short if odd.get("unmasked") else 0x80 | short)) + (
        size.to_bytes(form, "big") if form else b""
    )
    if odd.get("unmasked"):
        return head + payload
    return head + key + bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))


HELLO = sent(b"hello")
LONGEST = b"x" * MOST
SCENARIOS: list[tuple[str, bytes, Read]] = [
    ("the example of RFC 6455 5.7", bytes.fromhex("818537fa213d7f9f4d5158"), Read([b"Hello"])),
    ("two messages in one chunk", sent(b"one") + sent(b"two"), Read([b"one", b"two"])),
    ("an empty message", sent(b""), Read([b""])),
    ("a message of 125 bytes", sent(b"x" * 125), Read([b"x" * 125])),
    ("a message of 126 bytes", sent(b"x" * 126), Read([b"x" * 126])),
    ("a short message with a long length", sent(b"hi", form=2) + sent(b"ho", form=8), Read([b"hi", b"ho"])),
    ("the longest message", sent(LONGEST), Read([LONGEST])),
    ("one byte more", HELLO + sent(LONGEST + b"x") + HELLO, Read([b"hello"], code=1009)),
    ("a length that is larger than memory", HELLO + b"\x81\xff" + b"\xff" * 8 + KEY, Read([b"hello"], code=1009)),
    ("the head alone of a message that is too long", b"\x81\xfe\x01\x2d" + KEY, Read(code=1009)),
    ("a message in three pieces", sent(b"a", fin=False) + sent(b"b", 0, fin=False) + sent(b"c", 0), Read([b"abc"])),
    ("pieces as long as a message may be", sent(LONGEST[:-1], fin=False) + sent(b"x", 0), Read([LONGEST])),
    ("pieces that are one byte too long", sent(LONGEST, fin=False) + sent(b"x", 0), Read(code=1009)),
    ("empty pieces", sent(b"", fin=False) + sent(b"", 0, fin=False) * 9 + sent(b"", 0), Read([b""])),
    ("a ping between two pieces", sent(b"a", fin=False) + sent(b"!", frames.PING) + sent(b"b", 0),
     Read([b"ab"], sent(b"!", frames.PING))),
    ("pings and pongs", sent(b"", frames.PING) + HELLO + sent(b"p" * 125, frames.PONG),
     Read([b"hello"], sent(b"", frames.PING) + sent(b"p" * 125, frames.PONG))),
    ("what comes after a close", HELLO + sent(b"\x03\xe8", frames.CLOSE) + HELLO,
     Read([b"hello"], sent(b"\x03\xe8", frames.CLOSE))),
    ("a binary message", HELLO + sent(b"\xff", frames.BINARY) + HELLO, Read([b"hello"], binary=True)),
    ("a ping after a binary message", sent(b"", frames.BINARY) + sent(b"", frames.PING),
     Read(controls=sent(b"", frames.PING), binary=True)),
    ("a binary message that is too long", sent(LONGEST + b"x", frames.BINARY), Read(code=1009)),
    ("a binary message in pieces", sent(b"a", frames.BINARY, fin=False) + sent(b"b", 0), Read(binary=True)),
    ("the beginning of a binary message", sent(b"a", frames.BINARY, fin=False), Read()),
    ("Chinese text", sent("买入".encode()), Read(["买入".encode()])),
    ("Chinese text, cut within a sign", sent("买入".encode()[:4], fin=False) + sent("买入".encode()[4:], 0),
     Read(["买入".encode()])),
    ("text that is not UTF-8", HELLO + sent(b"\xff\xfe") + HELLO, Read([b"hello"], code=1007)),
    ("half a sign at the end", sent("买".encode()[:2]), Read(code=1007)),
    ("half of a surrogate pair", sent(b"\xed\xa0\x80"), Read(code=1007)),
    ("text that is not UTF-8 in its first piece", sent(b"\xff", fin=False) + sent(b"x" * 9, 0), Read(code=1007)),
    ("a frame that is not masked", HELLO + sent(b"hi", unmasked=1) + HELLO, Read([b"hello"], code=1002)),
    ("the first reserved bit", sent(b"hi", reserved=0x40), Read(code=1002)),
    ("the second reserved bit", sent(b"hi", reserved=0x20), Read(code=1002)),
    ("the third reserved bit", sent(b"hi", reserved=0x10), Read(code=1002)),
    ("a ping with a reserved bit", sent(b"", frames.PING, reserved=0x40), Read(code=1002)),
    ("a ping that is not masked", sent(b"", frames.PING, unmasked=1), Read(code=1002)),
    ("a ping in two pieces", sent(b"", frames.PING, fin=False), Read(code=1002)),
    ("a ping that is too long", sent(b"x" * 126, frames.PING), Read(code=1002)),
    ("a piece of nothing", HELLO + sent(b"hi", 0), Read([b"hello"], code=1002)),
    ("a piece after the last one", sent(b"a", fin=False) + sent(b"b", 0) + sent(b"c", 0), Read([b"ab"], code=1002)),
    ("a message within another", sent(b"a", fin=False) + HELLO, Read(code=1002)),
    ("a binary message within a text", sent(b"a", fin=False) + sent(b"b", frames.BINARY), Read(code=1002)),
    *[(f"opcode {opcode}", HELLO + sent(b"", opcode), Read([b"hello"], code=1002))
      for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)],
]  # fmt: skip


@both
@pytest.mark.parametrize("raw, expected", [scenario[1:] for scenario in SCENARIOS], ids=[each[0] for each in SCENARIOS])
def test_a_conversation_is_read_as_the_standard_says_however_it_is_cut(module: str, raw: bytes, expected: Read) -> None:
    assert read(reader_of(module), [raw]) == expected
    assert read(reader_of(module), (raw[place : place + 1] for place in range(len(raw)))) == expected
    for size in (2, 3, 7):
        assert read(reader_of(module), (raw[at : at + size] for at in range(0, len(raw), size))) == expected


@both
def test_a_failure_says_what_was_wrong(module: str) -> None:
    reader = reader_of(module)
    reader.feed(sent(b"hi", unmasked=1))
    assert reader.failure == (1002, frames.NOT_MASKED)
    assert reader.feed(HELLO) == [], "nothing is read after it"


@both
def test_what_waits_is_no_longer_than_one_message_and_one_frame(module: str) -> None:
    reader = reader_of(module)
    assert reader.feed(sent(LONGEST[:-2], fin=False)) == []
    for _ in range(10_000):
        assert reader.feed(sent(b"", 0, fin=False)) == []
    reader.feed(sent(b"xxx", 0))
    assert reader.failure is not None and reader.failure[0] == 1009


def test_a_reader_without_room_for_anything_reads_empty_messages_only() -> None:
    for module in KINDS:
        assert read(reader_of(module, 0), [sent(b""), sent(b"x")]) == Read([b""], code=1009)


ODDITIES = st.sampled_from([{}] * 12 + [{"unmasked": 1}, {"reserved": 0x10}, {"reserved": 0x40}, {"form": 8}])


@st.composite
def one_frame(draw: st.DrawFn) -> bytes:
    """A client's frame, now and then an odd one."""
    opcode = draw(st.sampled_from([1, 1, 1, 1, 0, 0, 2, 8, 9, 10, 3, 15]))
    payload = draw(st.binary(max_size=140) | st.text(max_size=60).map(str.encode) | st.just(b"x" * (MOST - 100)))
    is_final, key = draw(st.integers(0, 3)) > 0, draw(st.binary(min_size=4, max_size=4))
    return sent(payload, opcode, fin=is_final, key=key, **draw(ODDITIES))


def cut(raw: bytes, places: Iterable[int]) -> list[bytes]:
    """The bytes in chunks, cut at these places."""
    ends = sorted({min(place, len(raw)) for place in places} | {0, len(raw)})
    return [raw[a:b] for a, b in itertools.pairwise(ends)]


@given(
    st.lists(one_frame(), max_size=12).map(b"".join) | st.binary(max_size=400),
    st.lists(st.integers(0, 1_000), max_size=20),
)
def test_both_readers_read_the_same_of_any_bytes_in_any_chunks(raw: bytes, places: list[int]) -> None:
    plain, compiled = reader_of(KINDS[0]), reader_of(KINDS[-1])
    for chunk in cut(raw, places):
        assert plain.feed(chunk) == compiled.feed(chunk)
        assert (plain.controls, plain.is_binary, plain.failure) == (
            compiled.controls,
            compiled.is_binary,
            compiled.failure,
        )
        assert plain.has_news == compiled.has_news
    whole = read(reader_of(KINDS[0]), [raw])
    assert (whole.controls, whole.binary) == (plain.controls, plain.is_binary), "chunks do not matter"


@given(st.lists(st.tuples(st.text(max_size=80), st.lists(st.integers(0, 200), max_size=4)), max_size=8), st.data())
def test_what_the_client_library_writes_is_read_back(
    messages: list[tuple[str, list[int]]], data: st.DataObject
) -> None:
    raw = b""
    for text, places in messages:
        pieces = cut(text.encode(), places) or [b""]
        for place, piece in enumerate(pieces):
            last = place == len(pieces) - 1
            raw += Frame(Opcode.CONT if place else Opcode.TEXT, piece, last).serialize(mask=True)
            raw += Frame(Opcode.PING, b"?").serialize(mask=True) * data.draw(st.integers(0, 1))
    chunks = cut(raw, data.draw(st.lists(st.integers(0, len(raw)), max_size=10)))
    for module in KINDS:
        assert read(reader_of(module), chunks).texts == [text.encode() for text, _ in messages]


@given(st.binary(max_size=70), st.binary(min_size=4, max_size=4))
def test_every_length_is_unmasked_to_its_last_byte(payload: bytes, key: bytes) -> None:
    payload = bytes(byte & 0x7F for byte in payload)
    for module in KINDS:
        assert reader_of(module).feed(sent(payload, key=key)) == [payload]


def test_the_names_of_what_is_wrong_are_all_in_use() -> None:
    named: set[Any] = {value for name, value in vars(frames).items() if name.isupper() and isinstance(value, str)}
    told: set[Any] = set()
    for _, raw, _ in SCENARIOS:
        reader = reader_of(KINDS[0])
        reader.feed(raw)
        told.add(reader.failure and reader.failure[1])
    assert named <= told
