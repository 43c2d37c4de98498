"""A due-diligence pack as files: what was decided, the documents by hash, the rules, and the rows that prove it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

from api.proofs.printed import grouped, moment
from custody.packs import EvidenceHead, Pack, PackState
from exchange.core.ids import KINDS, from_wire, sequence_of, to_wire
from exchange.core.membership import Member
from exchange.core.rule_messages import Published, PublishedKind
from exchange.core.wire_json import show
from exchange.store.queries import journal, records
from exchange.store.queries.journal import Entry
from exchange.store.queries.proofs import documents
from exchange.store.queries.reader import Snapshot

FORMAT = 1
MOST_WALKED = 20_000
"""Rows of the disposing account's own channel, from its newest back to the disposal's first."""
TITLES = {
    EvidenceHead.DECISION: "Democratic decision 民主决策",
    EvidenceHead.PUBLICITY: "Publicity 公示",
    EvidenceHead.CARE: "Reasonable care 合理注意",
    EvidenceHead.SUPERVISION: "Supervision 监督",
    EvidenceHead.NO_GAIN: "No unlawful gain 未牟取非法利益",
}
RECORDS = (("deal", "deal_id", "DealId"), ("pilot", "pilot_id", "PilotId"))
README = """What is in this bundle

pack.json           the disposal as the register knows it, its documents by hash, and whether all five heads are met
cover.html          the same, to read and to print
rows/*.proof.json   each row of the journal in which the disposal took a step, proved against a signed head
rules/*.json        the rules' texts, in the versions that bound this disposal
verifier.py         checks all of it: python verifier.py BUNDLE.zip KEY

KEY is the first public key of the exchange. Take it from where you trust it, and not from this bundle.
A sealed pack's hash is SHA256 over the JSON [SHA256 of facts, [[head, sha256, note], ...]], without spaces, and it
stands in the bytes of the row that sealed it. Lay the documents themselves beside this bundle: their hashes are in it.
"""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A pack with all that its bundle is made of, at one sequence."""

    pack: Pack
    told: Json
    rules: dict[str, bytes]
    entries: tuple[Entry, ...]


class TooFar(Exception):  # noqa: N818 - it is what is wrong
    """The disposal lies too far back in a busy account."""


def gather(snapshot: Snapshot, pack: Pack) -> Found:
    """Read all that a pack's files are made of.

    Raises: TooFar.
    """
    facts: Json = json.loads(pack.facts)
    hashes = sorted({one.sha256 for one in pack.evidence})
    filed = documents(snapshot, hashes) if hashes else {}
    member = records.one(snapshot, Member, (pack.member_id,))
    shown = show(pack)
    told: Json = {
        "format": FORMAT,
        **{name: value for name, value in shown.items() if name not in ("facts", "evidence")},
        "complete": not pack.missing,
        "simulated": isinstance(member, Member) and member.simulated,
        "facts_text": pack.facts,
        "facts": facts,
        "evidence": [{**one, "title": (filed.get(one["sha256"]) or ("",))[0]} for one in shown["evidence"]],
    }
    return Found(pack, told, _rules(snapshot, facts), _entries(snapshot, pack))


def cover(told: Json) -> str:
    """The pack as one page to read, without scripts or anything from elsewhere."""
    heads = [
        {
            "title": title,
            "by_register": head.value in told["met_by_register"],
            "missing": next((text for text in told["missing"] if text.startswith(f"{head.value}:")), ""),
            "documents": [one for one in told["evidence"] if one["head"] == head.value],
        }
        for head, title in TITLES.items()
    ]
    return _template().render(told=told, heads=heads, facts=told["facts"])


def _rules(snapshot: Snapshot, facts: Json) -> dict[str, bytes]:
    """The texts that bound the disposal, in their versions."""
    rules: Json = facts["rules"]
    profile = records.one(
        snapshot, Published, (PublishedKind.PROFILE.value, rules["profile"], rules["profile_version"])
    )
    found = [profile] if isinstance(profile, Published) else []
    if rules.get("overlays_version"):
        filters = {"kind": PublishedKind.OVERLAYS.value, "version": rules["overlays_version"]}
        page = records.page(snapshot, Published, 10, filters=filters)
        found += [one for one in page.records if isinstance(one, Published)]
    return {f"rules/{one.kind.value}-{one.name}-{one.version}.json": one.text.encode() for one in found}


def _entries(snapshot: Snapshot, pack: Pack) -> tuple[Entry, ...]:
    """Each row in which the disposal or its pack took a step, up to the sealing, oldest first.

    Raises: TooFar.
    """
    first = sequence_of(_number(pack.case_id))
    found: list[Entry] = []
    sequence = journal.last_told(snapshot, pack.account_id)
    for _ in range(MOST_WALKED):
        if sequence < first:
            return tuple(reversed(found))
        entry = journal.entry(snapshot, sequence)
        if entry is None:
            return tuple(reversed(found))
        events = entry.events
        late = pack.state is PackState.SEALED and entry.at_ns > pack.sealed_at_ns
        if not late and any(_speaks_of(event, pack.case_id) for event in events):
            found.append(entry)
        sequence = journal.previous_told(events, pack.account_id)
    raise TooFar(f"more than {MOST_WALKED} rows of this account came after the disposal began")


def _speaks_of(event: Any, case_id: str) -> bool:
    if getattr(getattr(event, "pack", None), "case_id", "") == case_id:
        return True
    for name, key, kind in RECORDS:
        record = getattr(event, name, None)
        if record is not None and to_wire(KINDS[kind], getattr(record, key)) == case_id:
            return True
    return False


def _number(case_id: str) -> int:
    """The identifier inside a case's name."""
    return from_wire(case_id.partition("1-")[0], case_id)


@lru_cache(1)
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"moment": moment, "grouped": grouped}
    return environment.get_template("pack.html")
