"""What a witness concludes from the heads it kept and the one it is shown. It trusts its own file, and nobody else.

Whoever can rewrite the journal has the key as well, so signatures alone prove little: what cannot be made anew is what
others kept. A witness keeps every head it saw, and asks of each new one that it only adds to the last.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api.client_http import Http
from api.proofs.statements import is_signed
from custody.proofs import is_consistent

Json = dict[str, Any]


class NotWitnessed(Exception):  # noqa: N818 - it is what the witness says
    """What does not hold, in one sentence."""


@dataclass(slots=True)
class Kept:
    """The witness's own file: the exchange's keys and every head it was shown, in that order."""

    keys: list[Json] = field(default_factory=list[Json])
    heads: list[Json] = field(default_factory=list[Json])

    @property
    def last(self) -> Json | None:
        """The head it was shown last."""
        return self.heads[-1] if self.heads else None

    def needs_path(self, shown: Json) -> bool:
        """Whether growth must be proved: the head is over more rows than the last one."""
        last = self.last
        return last is not None and shown["head"]["size"] > last["size"]

    def take(self, shown: Json, path: list[str] | None) -> bool:
        """Keep a head if it follows from all that was seen; tells whether it is new.

        Raises: NotWitnessed, with the sentence that says what does not hold.
        """
        head, keys, last = shown["head"], shown["keys"], self.last
        self._check_keys(keys)
        if head["key"] not in [key["public_key"] for key in keys] or not is_signed("head", head, head["key"]):
            raise NotWitnessed(f"head {head['number']} is not signed by a key of the exchange")
        if last is not None:
            _check_growth(last, head, path)
        self.keys = keys
        if last == head:
            return False
        self.heads.append(head)
        return True

    def _check_keys(self, keys: list[Json]) -> None:
        if keys[: len(self.keys)] != self.keys:
            raise NotWitnessed("the exchange shows other keys than before")
        before = ""
        for key in keys:
            if not is_signed("key", key, before or key["public_key"]):
                raise NotWitnessed(f"key {key['number']} is not signed by the key before it")
            before = key["public_key"]
        if not keys:
            raise NotWitnessed("the exchange shows no keys")


def _check_growth(last: Json, head: Json, path: list[str] | None) -> None:
    if head["size"] < last["size"]:
        raise NotWitnessed(
            f"the exchange shows a journal of {head['size']} rows after one of {last['size']}: rows were taken back"
        )
    try:
        steps = [bytes.fromhex(step) for step in path or []]
        roots = bytes.fromhex(last["root"]), bytes.fromhex(head["root"])
    except (TypeError, ValueError):
        raise NotWitnessed("the exchange answers something that is no proof") from None
    if not is_consistent(last["size"], head["size"], *roots, steps):
        raise NotWitnessed(
            f"history was rewritten: rows 1 to {last['size']} are no longer those of head {last['number']}, "
            f"which the exchange had signed with the root {last['root']}"
        )


async def look(http: Http, kept: Kept) -> bool:
    """Ask for the newest head and, if it is over more rows, for the proof that it only adds.

    Raises: NotWitnessed, OSError.
    """
    shown = await _get(http, "/v1/proofs/head")
    path: list[str] | None = None
    try:
        if kept.last is not None and kept.needs_path(shown):
            sizes = f"first={kept.last['size']}&second={shown['head']['size']}"
            path = (await _get(http, f"/v1/proofs/consistency?{sizes}"))["path"]
        return kept.take(shown, path)
    except (KeyError, TypeError) as error:
        raise NotWitnessed(f"the exchange answers something that is no head: {error!r}") from error


async def _get(http: Http, path: str) -> Any:
    answer = await http.request("GET", path)
    if answer.status != 200:
        found = answer.json()
        raise NotWitnessed(f"the exchange answers {path} with {answer.status} {found.get('code', '')}".strip())
    return answer.json()


def read_kept(path: Path) -> Kept:
    """The witness's file; nothing yet if there is none.

    Raises: NotWitnessed if it is not such a file.
    """
    try:
        found = json.loads(path.read_bytes())
        return Kept(found["keys"], found["heads"])
    except FileNotFoundError:
        return Kept()
    except (ValueError, KeyError, TypeError) as error:
        raise NotWitnessed(f"{path} is not a witness's file") from error


def write_kept(path: Path, kept: Kept) -> None:
    """Replace the file: whatever happens, the old one or the new one is there, whole and synced."""
    beside = path.with_name(path.name + ".new")
    with beside.open("w") as file:
        json.dump({"keys": kept.keys, "heads": kept.heads}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
