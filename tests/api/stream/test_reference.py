"""The conversation of docs/reference/stream.md, held with a running exchange."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from api.auth.codes import EdgeCode
from api.stream.codes import StreamCode
from tests.api.stream.server import Exchange

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "stream.md").read_text(encoding="utf-8")
TALK = re.compile(r"^(Client|Server):\n\n```json\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
VARYING = {"epoch", "sequence", "at_ns", "connection_id"}
IDENTIFIER = re.compile(r"^[A-Z]+1-\d+(-\d+)?$")


class Names:
    """Which identifier of the page stands for which of the running exchange; each stands for one."""

    def __init__(self, known: dict[str, str]) -> None:
        self.known = known

    def outward(self, value: Any) -> Any:
        """What the page says, in the exchange's identifiers."""
        if isinstance(value, dict):
            return {name: self.outward(inner) for name, inner in value.items()}
        if isinstance(value, str):
            kind, colon, name = value.partition(":")
            return f"{kind}:{self.known[name]}" if colon and name in self.known else self.known.get(value, value)
        return value

    def same(self, name: str, told: Any, written: Any) -> bool:
        """Whether what the exchange told is what the page says."""
        match written:
            case dict():
                return (
                    isinstance(told, dict)
                    and list(told) == list(written)
                    and all(self.same(inner, told[inner], written[inner]) for inner in written)
                )
            case list():
                return (
                    isinstance(told, list)
                    and len(told) == len(written)
                    and all(self.same(name, one, other) for one, other in zip(told, written, strict=True))
                )
            case str() if IDENTIFIER.match(written):
                return bool(self.known.setdefault(written, told) == told)
            case str():
                return bool(told == self.outward(written))
            case _ if name in VARYING:
                return type(told) is type(written)
            case _:
                return bool(told == written)


async def test_the_conversation_of_the_page(exchange: Exchange) -> None:
    other = await exchange.connect("li")
    await other.ask(id=1, **exchange.order("li", "sell", 4, 100, "offer"))
    client = await exchange.connect()
    names = Names({"A1-12": exchange.account("wu"), "I1-70": exchange.instrument()})
    talk = TALK.findall(PAGE)
    assert len(talk) > 30
    for who, text in talk:
        written = msgspec.json.decode(text)
        if who == "Server":
            told = await client.next()
            assert names.same("", told, written), f"told:\n{told}\nwritten:\n{written}"
        else:
            if written["type"] == "login":
                written["ticket"] = await exchange.ticket("wu")
            await client.send(**names.outward(written))


async def test_the_pages_program_runs(exchange: Exchange) -> None:
    (source,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    program: dict[str, Any] = {}
    exec(compile(source, "stream.md", "exec"), program)  # noqa: S102 - the page is ours
    user_id = exchange.world.users["wu"]
    await exchange.services.edge.passwords.set(user_id, "wu.user", "a long enough pass phrase")
    url = f"http://127.0.0.1:{exchange.port}"
    answer = await program["buy"](
        url, "wu.user", "a long enough pass phrase", exchange.account("wu"), exchange.instrument()
    )
    assert answer == "open"


def test_every_code_of_the_stream_is_on_the_page() -> None:
    for code in StreamCode:
        assert code.value in PAGE or f"{code.value.split('.')[0]}.*" in PAGE, code
    for name in (EdgeCode.AUTH_TICKET_INVALID, EdgeCode.AUTH_SESSION_REVOKED, EdgeCode.AUTH_BUSY):
        assert name.value in PAGE
