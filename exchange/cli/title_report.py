"""What recorded papers say of each property, as a title examiner reads it: a summary, an abstract of one, or JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from custody.burdens import Interest, InterestState
from custody.chain import Chain, chain_of, properties_of
from custody.chain_walk import Link, LinkState
from custody.conveyance_rows import Recorded
from custody.conveyances import ConveyedProperty
from custody.rights import TitleCheck
from custody.title import SENTENCES, TitleCode

WIDTH = 110
ANSWERS = (TitleCheck.CLEAR, TitleCheck.UNKNOWN, TitleCheck.DEFECT)
SHOWN = 15
"""Properties with a defect that the summary names; the rest are in the JSON."""


class Titles:
    """The chains of every property of some papers, and what the office shows of each paper."""

    def __init__(self, recorded: list[Recorded], effective_on: str = "") -> None:
        self.recorded = {one.paper.reel_frame: one for one in recorded}
        self.effective_on = effective_on
        self.numbers: dict[str, ConveyedProperty] = {}
        self.names: dict[str, str] = {}
        self.inventors: dict[str, tuple[str, ...]] = {}
        for one in recorded:
            for conveyed in one.paper.properties:
                self.numbers[conveyed.property_id] = conveyed
                self.names[conveyed.property_id] = one.titles[conveyed.property_id]
                if len(one.inventors[conveyed.property_id]) >= len(self.inventors.get(conveyed.property_id, ())):
                    self.inventors[conveyed.property_id] = one.inventors[conveyed.property_id]
        found = properties_of(one.paper for one in recorded)
        self.chains: dict[str, Chain] = {
            key: chain_of(steps, inventors, identified=identified, effective_on=effective_on)
            for key, (steps, inventors, identified) in found.items()
        }

    @property
    def lines(self) -> int:
        """How many properties the papers list, each as often as it is listed."""
        return sum(len(one.paper.properties) for one in self.recorded.values())

    def find(self, number: str) -> str | None:
        """The property with that application, patent or publication number."""
        if number in self.chains:
            return number
        for key, conveyed in self.numbers.items():
            if number and number in (conveyed.patent_number, conveyed.publication_number):
                return key
        return None


# --- For people -------------------------------------------------------------------------------------------------------


def summary(titles: Titles, refused: int) -> list[str]:
    """Counts of papers and answers, what stands against titles with an example each, and the defects to look at."""
    chains = titles.chains
    answers = Counter(chain.title for chain in chains.values())
    kinds = Counter(one.paper.kind.value for one in titles.recorded.values())
    found: list[str] = [
        f"{len(titles.recorded):,} papers; rows refused: {refused:,}; {titles.lines:,} properties listed, "
        f"{len(chains):,} different",
        "",
        *_wrapped(
            "papers: " + ", ".join(f"{kind.replace('_', ' ')} {count:,}" for kind, count in kinds.most_common()), 8
        ),
        "titles: " + ", ".join(f"{answer.value} {answers[answer]:,}" for answer in ANSWERS),
        f"        {sum(chain.encumbered for chain in chains.values()):,} encumbered or possibly so",
        "",
        "what stands against a title (defect) or is wanted (unknown)",
    ]
    for code in TitleCode:
        holders = sorted(
            (key for key, chain in chains.items() if any(reason.code is code for reason in chain.reasons)),
            key=lambda key: not titles.numbers[key].patent_number,
        )
        if holders:
            found.append(f"  {len(holders):>5,}  {SENTENCES[code]:<74} e.g. {label(titles, holders[0])}")
    bad = [key for key, chain in chains.items() if chain.title is TitleCheck.DEFECT]
    bad.sort(key=lambda key: not titles.numbers[key].patent_number)
    if bad:
        found += ["", f"defects, the first {min(SHOWN, len(bad))} of {len(bad):,} (--property NUMBER shows one whole)"]
        found += [f"  {label(titles, key):<17}  {_cut(chains[key].reasons[0].text, WIDTH - 21)}" for key in bad[:SHOWN]]
    return found


def abstract(titles: Titles, key: str) -> list[str]:
    """One property's abstract of title: the answer and its reasons, the chain, the burdens."""
    chain, conveyed = titles.chains[key], titles.numbers[key]
    numbers = [
        f"{words} {number}"
        for words, number in (
            ("patent", conveyed.patent_number),
            ("application", conveyed.application_number),
            ("publication", conveyed.publication_number),
        )
        if number
    ]
    found = [f"Abstract of title: {', '.join(numbers) or key}", _cut(titles.names[key], WIDTH)]
    if titles.effective_on:
        found.append(f"as of {titles.effective_on}: papers executed later are left out")
    gravest = SENTENCES[chain.reasons[0].code] if chain.reasons else "nothing on file stands against it"
    found += ["", f"Answer: {chain.title.value}, {gravest}"]
    for reason in chain.reasons:
        found += _wrapped(f"  - {reason.text}", 4)
    found += ["", *_wrapped(f"Owner of record: {'; '.join(chain.owners) or 'nobody by these papers'}", 17)]
    inventors = [f"{place} {name}" for place, name in enumerate(titles.inventors[key], 1)]
    found += [*_wrapped(f"Inventors: {'; '.join(inventors) or 'not on record'}", 11), "", "Chain of title"]
    found.append(
        f"  {'executed':<10}  {'recorded':<10}  {'reel/frame':<11}  {'kind':<17}  {'stands as':<12}  from -> to"
    )
    for link in chain.links:
        found += _link(titles, link)
    if chain.interests:
        found += ["", "Security interests"]
        for interest in chain.interests:
            found += _wrapped(f"  {interest.reel_frame}  {_interest(interest)}", 15)
    if chain.unmatched_releases:
        found += ["", f"Releases of interests not on file: {', '.join(chain.unmatched_releases)}"]
    return found


def label(titles: Titles, key: str) -> str:
    """How a property is called: by its patent number, else its application, else where it is listed."""
    return titles.numbers[key].patent_number or key


def _link(titles: Titles, link: Link) -> list[str]:
    one, step = titles.recorded[link.step.reel_frame], link.step
    parties = f"{_several(one.assignors)} -> {_several(one.assignees)}"
    head = (
        f"  {step.executed_on or '-':<10}  {step.recorded_on or '-':<10}  {step.reel_frame}  "
        f"{one.paper.kind.value.replace('_', ' '):<17}  {_standing(link):<12}  "
    )
    return _wrapped(head + parties + (f" [{link.note}]" if link.note else ""), 40)


def _standing(link: Link) -> str:
    return "" if link.state is LinkState.BURDEN else link.state.value.replace("_", " ")


def _interest(interest: Interest) -> str:
    words = {
        InterestState.OPEN: "open: no release on file",
        InterestState.POSSIBLY: f"possibly still open: {'; '.join(interest.doubts)}",
        InterestState.RELEASED: f"released by {', '.join(interest.by)}",
        InterestState.MERGED: "ended: the secured party is the owner",
    }[interest.state]
    return f"{' and '.join(interest.secured)}: {words}"


def _several(names: tuple[str, ...], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return "; ".join(names[:most]) + more


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _wrapped(text: str, indent: int) -> list[str]:
    """A line of at most WIDTH characters, and what follows of it set in."""
    found: list[str] = []
    while len(text) > WIDTH:
        cut = text.rfind(" ", indent + 10, WIDTH)
        cut = cut if cut > 0 else WIDTH
        found.append(text[:cut].rstrip())
        text = " " * indent + text[cut:].lstrip()
    return [*found, text]


# --- For programs -----------------------------------------------------------------------------------------------------


def as_json(titles: Titles, keys: Iterable[str]) -> list[dict[str, Any]]:
    """Every property whole: numbers, answer, reasons, chain and interests."""
    return [_property(titles, key) for key in keys]


def _property(titles: Titles, key: str) -> dict[str, Any]:
    chain, conveyed = titles.chains[key], titles.numbers[key]
    return {
        "property_id": key,
        "application_number": conveyed.application_number,
        "patent_number": conveyed.patent_number,
        "publication_number": conveyed.publication_number,
        "name": titles.names[key],
        "title": chain.title.value,
        "encumbered": chain.encumbered,
        "owners": list(chain.owners),
        "reasons": [
            {"code": reason.code.value, "reel_frames": list(reason.reel_frames), "text": reason.text}
            for reason in chain.reasons
        ],
        "chain": [
            {
                "reel_frame": link.step.reel_frame,
                "kind": titles.recorded[link.step.reel_frame].paper.kind.value,
                "executed_on": link.step.executed_on,
                "recorded_on": link.step.recorded_on,
                "state": link.state.value,
                "note": link.note,
                "assignors": list(titles.recorded[link.step.reel_frame].assignors),
                "assignees": list(titles.recorded[link.step.reel_frame].assignees),
                "text": titles.recorded[link.step.reel_frame].text,
            }
            for link in chain.links
        ],
        "interests": [
            {"reel_frame": one.reel_frame, "secured": list(one.secured), "state": one.state.value, "by": one.by}
            for one in chain.interests
        ],
        "unmatched_releases": list(chain.unmatched_releases),
    }
