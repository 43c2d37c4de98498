"""A client's frames, read in one pass over what the socket brought (RFC 6455 5).

Only whole text messages are made into anything: they are nearly all that ever comes. Control frames are checked and
left as they came, for the server's own protocol to answer; a binary message is noted, and its content thrown away.
This is the readable twin of `_frames.pyx`, which does the same work compiled; one test suite holds both to it, and to
the `websockets` library.
"""

from __future__ import annotations

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
PROTOCOL_ERROR, INVALID_DATA, TOO_BIG = 1002, 1007, 1009

RESERVED = "a reserved bit is set"
UNKNOWN = "unknown opcode"
NOT_MASKED = "a client's frame is masked"
SPLIT_CONTROL = "a control frame is in one piece"
LONG_CONTROL = "a control frame holds at most 125 bytes"
NOTHING_TO_CONTINUE = "there is no message to continue"
NOT_CONTINUED = "the message before was not finished"
NOT_UTF8 = "the text is not UTF-8"


class FrameReader:
    """Where one connection's reading stands. It keeps at most one unfinished message and one unfinished frame.

    Whoever feeds it looks at `has_news` after each chunk: it is set when there is something besides texts.
    """

    __slots__ = (
        "_is_over",
        "_is_text",
        "_message",
        "_needed",
        "_rest",
        "controls",
        "failure",
        "has_news",
        "is_binary",
        "max_message",
    )

    def __init__(self, max_message: int) -> None:
        self.max_message = max_message
        self.controls = b""
        """Control frames as they came, whole and well formed; whoever takes them clears this."""
        self.is_binary = False
        """A binary message came; no message after it is handed out."""
        self.failure: tuple[int, str] | None = None
        """The close code and reason of what the client did wrong. Nothing after it is read."""
        self.has_news = False
        self._rest = bytearray()
        self._needed = 0
        """How long `_rest` must be before it is worth another look, so that a byte at a time costs no more than all."""
        self._message: bytearray | None = None
        self._is_text = False
        self._is_over = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The text messages that are whole with this chunk, in UTF-8 and in order."""
        if self._is_over:
            return []
        data = chunk
        if self._rest:
            self._rest += chunk
            if len(self._rest) < self._needed:
                return []
            data = bytes(self._rest)
            self._rest.clear()
        texts: list[bytes] = []
        at = 0
        while not self._is_over:
            size = self._frame(data, at, texts)
            if size > len(data) - at:
                self._needed = size
                self._rest += data[at:]
                break
            at += size
        return texts

    def _frame(self, data: bytes, at: int, texts: list[bytes]) -> int:
        """Read the frame at `at` if all of it is there; the size of the frame, as far as it can be told."""
        left = len(data) - at
        if left < 2:
            return 2
        opcode, length = data[at] & 0x0F, data[at + 1] & 0x7F
        is_final = bool(data[at] & 0x80)
        wrong = self._what_is_wrong(data[at], data[at + 1])
        if wrong:
            return self._fail(PROTOCOL_ERROR, wrong)
        head = 6 + (2 if length == 126 else 8 if length == 127 else 0)  # flags and opcode, length, mask
        if left < head:
            return head
        if head > 6:
            length = int.from_bytes(data[at + 2 : at + head - 4], "big")
        if opcode < CLOSE and length + len(self._message or b"") > self.max_message:
            return self._fail(TOO_BIG, f"a message holds at most {self.max_message} bytes")
        size = head + length
        if left < size:
            return size
        if opcode >= CLOSE:
            self.controls += data[at : at + size]
            self.has_news = True
            self._is_over = opcode == CLOSE
            return size
        payload = _unmask(data[at + head : at + size], data[at + head - 4 : at + head])
        if opcode:
            self._is_text = opcode == TEXT
        if opcode and is_final:
            self._whole(payload, texts)
            return size
        if self._message is None:
            self._message = bytearray()
        self._message += payload
        if is_final:
            whole, self._message = bytes(self._message), None
            self._whole(whole, texts)
        return size

    def _what_is_wrong(self, first: int, second: int) -> str:
        """What the first two bytes of a frame already show, if anything; in order of precedence."""
        opcode = first & 0x0F
        if first & 0x70:
            return RESERVED
        if opcode not in (0, TEXT, BINARY, CLOSE, PING, PONG):
            return UNKNOWN
        if not second & 0x80:
            return NOT_MASKED
        if opcode >= CLOSE:
            if not first & 0x80:
                return SPLIT_CONTROL
            return LONG_CONTROL if second & 0x7F > 125 else ""
        if opcode == 0:
            return NOTHING_TO_CONTINUE if self._message is None else ""
        return NOT_CONTINUED if self._message is not None else ""

    def _whole(self, message: bytes, texts: list[bytes]) -> None:
        if self.is_binary:
            return
        if not self._is_text:
            self.is_binary = self.has_news = True
            return
        if not message.isascii():
            try:
                message.decode()
            except UnicodeDecodeError:
                self._fail(INVALID_DATA, NOT_UTF8)
                return
        texts.append(message)

    def _fail(self, code: int, reason: str) -> int:
        self.failure = (code, reason)
        self.has_news = self._is_over = True
        self._message = None
        return 0


def _unmask(payload: bytes, key: bytes) -> bytes:
    """Payload and repeated key, combined bit by bit (RFC 6455 5.3)."""
    size = len(payload)
    keys = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(keys, "big")).to_bytes(size, "big")
