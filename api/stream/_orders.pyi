"""The compiled way in for plainly spelled orders, as a type checker sees it."""

from exchange.core.messages import Command

def plain_order(raw: bytes) -> tuple[str | int | None, Command, str, bytes] | None: ...
