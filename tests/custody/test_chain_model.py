"""Chains beside the examiner of tests/models: any pile of papers, in any order, is read alike by both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from custody import burdens, chain_walk
from custody.chain import Chain, chain_of
from custody.conveyances import ConveyanceKind, Step
from custody.party_names import Likeness, likeness
from tests.models.title_model import Examiner, Finding, Slip

NAMES = ("ALPHA WORKS INC", "ALPHA WORKS LLC", "BRAVO BANK NA", "CHARLIE TRUST CO", "CHARLIE TRUSTS CO")
CLOSE = {
    frozenset((one, other))
    for one in NAMES
    for other in NAMES
    if one < other and likeness(one, other) is not Likeness.OTHER
}
REELS = tuple(f"00000{number}/0001" for number in range(1, 8))
DAYS = ("", "2020-01-01", "2020-01-02", "2020-01-03")
KINDS = [kind for kind in ConveyanceKind if kind is not ConveyanceKind.CORRECTION]
LIKELY = [
    *[ConveyanceKind.ASSIGNMENT] * 5,
    *[ConveyanceKind.SECURITY_INTEREST, ConveyanceKind.RELEASE] * 3,
    *KINDS,
]
STATES = {"open": "open", "possibly_open": "doubt", "released": "released", "merged": "merged"}
INVENTORS = 2


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    """A pile of papers on one property, no two of one reel."""
    found: list[Step] = []
    for reel in REELS[: draw(st.integers(0, len(REELS)))]:
        parties = st.sampled_from([*NAMES, "inventor 1", "inventor 2", "inventor 1"])
        givers = draw(st.lists(parties, max_size=2, unique=True))
        takers = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True))
        if not givers or draw(st.integers(0, 9)) == 0:
            givers.append(f"giver 1 of {reel}")
        found.append(
            Step(
                reel_frame=reel,
                kind=draw(st.sampled_from(LIKELY)),
                correction=draw(st.integers(0, 7)) == 0,
                executed_on=draw(st.sampled_from(DAYS)),
                recorded_on=draw(st.sampled_from(["", "", *DAYS])),
                givers=tuple(sorted(givers, key=lambda key: ({"i": 1, "g": 2}.get(key[0], 0), key))),
                takers=tuple(sorted(takers)),
                names=tuple(draw(st.lists(st.sampled_from(REELS), max_size=2, unique=True))),
                cut=draw(st.booleans()),
                listed=draw(st.integers(0, 7)) != 0,
            )
        )
    return found


def slip_of(step: Step) -> Slip:
    """The same paper as the examiner notes it."""
    return Slip(
        reel=step.reel_frame,
        kind=step.kind.value,
        executed=step.executed_on,
        recorded=step.recorded_on,
        givers=frozenset(step.givers),
        takers=frozenset(step.takers),
        names=step.names,
        corrects=step.correction,
        cut=step.cut,
        listed=step.listed,
    )


def examined(pile: list[Step], until: str = "") -> Finding:
    """What the examiner says of a pile."""
    return Examiner(CLOSE).examine([slip_of(step) for step in pile], INVENTORS, until)


def disagree(chain: Chain, finding: Finding) -> str:
    """In what the two differ; nothing if they agree."""
    reasons = sorted(reason.code.value.removeprefix("title.") for reason in chain.reasons)
    interests = {interest.reel_frame: STATES[interest.state.value] for interest in chain.interests}
    if reasons != list(finding.reasons):
        return f"{reasons} is not {list(finding.reasons)}"
    if frozenset(chain.owners) != finding.owners:
        return f"{chain.owners} is not {sorted(finding.owners)}"
    if interests != finding.interests:
        return f"{interests} is not {finding.interests}"
    return "" if chain.title.value == finding.answer else f"{chain.title} is not {finding.answer}"


@st.composite
def loans(draw: st.DrawFn) -> list[Step]:
    """Interests of one bank and what ends them, dense enough for twins, transfers and releases that come too early."""
    found: list[Step] = []
    for reel in REELS[: draw(st.integers(2, 4))]:
        kind = draw(
            st.sampled_from(
                [ConveyanceKind.SECURITY_INTEREST, ConveyanceKind.RELEASE, ConveyanceKind.SECURITY_TRANSFER]
            )
        )
        parties = ("ALPHA WORKS INC",), ("BRAVO BANK NA",)
        givers, takers = parties if kind is ConveyanceKind.SECURITY_INTEREST else parties[::-1]
        found.append(
            Step(
                reel_frame=reel,
                kind=kind,
                correction=False,
                executed_on=draw(st.sampled_from(DAYS[1:3])),
                recorded_on="",
                givers=givers,
                takers=takers,
                names=tuple(draw(st.lists(st.sampled_from(REELS[:4]), max_size=1))),
                cut=False,
            )
        )
    return found


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps() | loans(), st.sampled_from(DAYS))
def test_every_pile_is_read_as_the_examiner_reads_it(pile: list[Step], until: str) -> None:
    chain = chain_of(pile, INVENTORS, effective_on=until)
    assert disagree(chain, examined(pile, until)) == ""


@settings(max_examples=150, deadline=None)
@given(steps().flatmap(lambda pile: st.tuples(st.just(pile), st.permutations(pile))))
def test_the_order_in_which_papers_come_into_the_list_plays_no_part(piles: tuple[list[Step], list[Step]]) -> None:
    pile, shuffled = piles
    assert chain_of(shuffled, INVENTORS) == chain_of(pile, INVENTORS)


@settings(max_examples=100, deadline=None)
@given(st.permutations(REELS[:4]), st.permutations(range(4)))
def test_papers_of_one_day_link_whatever_their_reels(reels: list[str], order: list[int]) -> None:
    parties = (("inventor 1", "inventor 2"), *((name,) for name in ("A CORP", "B CORP", "C CORP", "D CORP")))
    links = [
        Step(
            reel_frame=reels[place],
            kind=ConveyanceKind.ASSIGNMENT,
            correction=False,
            executed_on="2020-01-01",
            recorded_on="",
            givers=parties[place],
            takers=parties[place + 1],
            names=(),
            cut=False,
        )
        for place in order
    ]
    chain = chain_of(links, INVENTORS)
    assert (chain.title.value, chain.owners) == ("clear", ("D CORP",))


@settings(max_examples=150, deadline=None)
@given(steps())
def test_a_chain_tells_each_of_its_papers_once(pile: list[Step]) -> None:
    told = Counter(link.step.reel_frame for link in chain_of(pile, INVENTORS).links)
    assert told == Counter(step.reel_frame for step in pile)


# --- Planted mistakes: each is found by the comparison above ----------------------------------------------------------


def _stranger_is_no_gap(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(chain_walk.Walk, "_stranger", lambda self, step: self._move(step, []))


def _second_conveyance_is_no_conflict(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(chain_walk.Walk, "_again", lambda self, step, again: (chain_walk.LinkState.CONFIRMS, ""))


def _papers_of_a_day_go_by_reel(patch: pytest.MonkeyPatch) -> None:
    def by_reel(self: chain_walk.Walk, day: str, pending: list[Step]) -> None:
        for step in pending:
            self.links.append(chain_walk.Link(step, day, *self._take(step)))

    patch.setattr(chain_walk.Walk, "take_day", by_reel)


def _anybody_may_release(patch: pytest.MonkeyPatch) -> None:
    def release(found: dict[str, burdens.Interest], day: str, step: Step) -> bool:
        named = [found[reel] for reel in step.names if reel in found]
        for interest in named:
            interest.release(step.reel_frame)
        return bool(named) or not step.listed

    patch.setattr(burdens, "_release_named", release)


def _a_release_may_come_first(patch: pytest.MonkeyPatch) -> None:
    real = burdens._release_unnamed
    patch.setattr(burdens, "_release_unnamed", lambda found, day, step: real(found, "9999-12-31", step))


def _twins_are_not_seen(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(burdens, "_pair_twins", lambda interests: None)


def _close_names_are_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(chain_walk, "likeness", lambda one, other: Likeness.OTHER)


@pytest.mark.parametrize(
    ("plant", "piles"),
    [
        (_stranger_is_no_gap, steps()),
        (_second_conveyance_is_no_conflict, steps()),
        (_papers_of_a_day_go_by_reel, steps()),
        (_close_names_are_one, steps()),
        (_anybody_may_release, steps()),
        (_a_release_may_come_first, loans()),
        (_twins_are_not_seen, loans()),
    ],
)
def test_a_planted_mistake_is_found(
    plant: Callable[[pytest.MonkeyPatch], None],
    piles: st.SearchStrategy[list[Step]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch)

    def wrong(pile: list[Step]) -> bool:
        return disagree(chain_of(pile, INVENTORS), examined(pile)) != ""

    search = settings(max_examples=3_000, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
    try:
        find(piles, wrong, settings=search)
    except NoSuchExample:
        pytest.fail("the mistake was not found")
