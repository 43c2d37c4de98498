"""Copies of the packaged papers with some taken out, added, dated otherwise or renamed, and what then comes of a title.

copied("without 061835/0778; add 090000/0001 release of 049342/0819 by U.S. BANK NATIONAL ASSOCIATION")
"""

from __future__ import annotations

import csv
import functools
import io
import re

from custody.chain import Chain, chain_of, properties_of
from custody.conveyance_rows import ConveyanceFault, Line, Recorded, read_papers
from exchange.data import open_sample

TODAY = "2026-03-01"
Row = dict[str, str]
_ADD = re.compile(
    r"add (?P<reel>\S+) (?P<text>release(?: of (?P<of>\S+))?|assignment|interest|merger)"
    r" by (?P<giver>.+?)(?: to (?P<taker>.+?))? on (?P<day>\S+)"
)


@functools.cache
def sample(name: str) -> tuple[Row, ...]:
    """A packaged list's rows."""
    text = b"".join(open_sample(name)).decode()
    return tuple(csv.DictReader(io.StringIO(text, newline="")))


def lines(rows: list[Row]) -> list[Line]:
    """Rows as the reader takes them."""
    return [Line(number, row) for number, row in enumerate(rows, 2)]


def read(papers: list[Row], properties: list[Row]) -> tuple[list[Recorded], list[ConveyanceFault]]:
    """Both lists, read."""
    return read_papers(lines(papers), lines(properties), today=TODAY)


@functools.cache
def titles() -> dict[str, Chain]:
    """Every property's chain by the packaged lists, as they are."""
    recorded, faults = read(list(sample("assignments.csv")), list(sample("assigned_properties.csv")))
    assert not faults
    found = properties_of(one.paper for one in recorded)
    return {key: chain_of(steps, count, identified=known) for key, (steps, count, known) in found.items()}


def chain(patent: str, change: str = "", *, backwards: bool = False) -> Chain:
    """One patent's chain in a copy of the lists that is changed so; only its own papers are read."""
    application = next(
        r["application_number"] for r in sample("assigned_properties.csv") if r["patent_number"] == patent
    )
    properties = [dict(r) for r in sample("assigned_properties.csv") if r["application_number"] == application]
    reels = {row["reel_frame"] for row in properties}
    papers = [{**r, "n_properties": "1"} for r in sample("assignments.csv") if r["reel_frame"] in reels]
    for words in filter(None, (part.strip() for part in change.split(";"))):
        papers, properties = _changed(papers, properties, words)
    if backwards:
        papers, properties = papers[::-1], properties[::-1]
    recorded, faults = read(papers, properties)
    assert not faults, faults
    steps, inventors, known = properties_of(one.paper for one in recorded)[application]
    return chain_of(steps, inventors, identified=known)


def _changed(papers: list[Row], properties: list[Row], words: str) -> tuple[list[Row], list[Row]]:
    verb, reel, *rest = words.split(maxsplit=2)
    if verb == "add":
        found = _ADD.fullmatch(words)
        assert found is not None, words
        return [*papers, _added(found)], [*properties, {**properties[0], "reel_frame": reel, "seq": "1"}]
    assert any(row["reel_frame"] == reel for row in papers), f"no {reel} among the papers"
    if verb == "without":
        return [r for r in papers if r["reel_frame"] != reel], [r for r in properties if r["reel_frame"] != reel]
    column = {"date": "execution_date", "giver": "assignors", "taker": "assignees"}[verb]
    value = rest[0].replace(" + ", "; ")
    return [{**row, column: value} if row["reel_frame"] == reel else row for row in papers], properties


def _added(found: re.Match[str]) -> Row:
    text = {
        "assignment": "ASSIGNMENT OF ASSIGNORS INTEREST (SEE DOCUMENT FOR DETAILS).",
        "interest": "SECURITY INTEREST (SEE DOCUMENT FOR DETAILS).",
        "merger": "MERGER (SEE DOCUMENT FOR DETAILS).",
        "release": "RELEASE BY SECURED PARTY (SEE DOCUMENT FOR DETAILS).",
    }.get(found["text"], f"RELEASE OF SECURITY INTEREST AT REEL/FRAME NO. {found['of']}")
    return {
        "reel_frame": found["reel"],
        "recorded_date": "",
        "execution_date": found["day"],
        "conveyance_text": text,
        "assignors": found["giver"],
        "assignees": found["taker"] or "U.S. WELL SERVICES, LLC",
        "n_properties": "1",
    }


def said(found: Chain) -> str:
    """An answer in a line: the title, then each reason with the papers it rests on."""
    reasons = [" ".join((reason.code.value.removeprefix("title."), *reason.reel_frames)) for reason in found.reasons]
    return f"{found.title.value}: {', '.join(reasons)}" if reasons else found.title.value
