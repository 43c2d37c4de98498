"""A pack is complete with all five heads, frozen when the right passes, and sealed once."""

from __future__ import annotations

import functools
import hashlib
import json
from typing import Any

import pytest

from custody.packs import LACKING, MOST_EVIDENCE, AddEvidence, EvidenceHead, Pack, PackFrozen, PackState, SealPack
from exchange.core.ids import to_wire
from exchange.core.membership import FreezeMember
from exchange.core.parties import UserRight
from tests.deals.stage import PRICE, Desk
from tests.pilots.stage import Case
from tests.sales.stage import Hall

HEADS = tuple(EvidenceHead)
D, P, C, S, N = HEADS


class Leader:
    """Who answers for a disposal by `thu`, with the deal of a desk or the pilot of a case."""

    def __init__(self, desk: Desk, case_id: str) -> None:
        self.desk, self.case_id = desk, case_id

    @classmethod
    def of_deal(cls, **terms: Any) -> Leader:
        """A deal by agreement, just proposed: 15 days of publicity."""
        desk = _desk().again()
        desk.offered(**terms)
        return cls(desk, to_wire("D", desk.deal_id))

    def again(self) -> Leader:
        """Another with the same past."""
        return Leader(self.desk.again(), self.case_id)

    def adds(self, *heads: EvidenceHead, by: str = "thu", note: str = "") -> str:
        """Put a new document under each head; the code of the first refusal."""
        for head in heads:
            named = self.desk.file("thu", f"{head.value} {self.desk.venue.state.sequence}")
            command = AddEvidence(case_id=self.case_id, head=head, sha256=named, note=note)
            if refused := self.desk.venue.refusal(command, by):
                return refused
        return ""

    def seals(self, by: str = "thu") -> str:
        return self.desk.venue.refusal(SealPack(case_id=self.case_id), by)

    def pack(self) -> Pack:
        return self.desk.venue.state.table(Pack)[self.case_id]


@functools.cache
def _desk() -> Desk:
    desk = Desk.cn()
    desk.seller = "thu"
    desk.proposal()
    return desk


SOLD = ("accept", "wait 30", "seller signs", "buyer signs", "confirm")

# --- The five heads ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left_out", [None, *HEADS])
def test_a_pack_is_sealed_with_all_heads_and_says_which_one_is_missing(left_out: EvidenceHead | None) -> None:
    leader = Leader.of_deal()
    leader.adds(*(head for head in (D, C, S, N) if head is not left_out))
    if not leader.desk.venue.state.table(Pack).get(leader.case_id):
        leader.adds(P)
    leader.desk.steps(*SOLD)
    refused = leader.seals()
    if left_out in (None, P):  # publicity ran here: the register itself is the evidence
        assert refused == ""
        assert leader.pack().state is PackState.SEALED
    else:
        assert left_out is not None
        assert refused == "pack.incomplete"
        assert leader.pack().missing == (LACKING[left_out],)
        assert leader.desk.venue.journal[-1].events[0].detail == LACKING[left_out]  # type: ignore[attr-defined]
        leader.adds(left_out)
        assert leader.seals() == ""
    leader.desk.venue.close()


def test_without_publicity_here_a_record_of_one_elsewhere_is_asked_for() -> None:
    desk = Desk.cn()  # `lab` is private: no publicity
    desk.offered()
    leader = Leader(desk, to_wire("D", desk.deal_id))
    named = desk.file("lab", "minutes")
    for head in (D, C, S, N):
        assert desk.venue.refusal(AddEvidence(case_id=leader.case_id, head=head, sha256=named), "lab") == ""
    desk.steps("accept", "seller signs", "buyer signs", "confirm")
    assert leader.pack().missing == (LACKING[P],)
    assert leader.seals("lab") == "pack.incomplete"
    assert desk.venue.refusal(AddEvidence(case_id=leader.case_id, head=P, sha256=named), "lab") == ""
    assert leader.seals("lab") == ""
    desk.venue.close()


def test_a_price_found_in_a_public_auction_is_its_own_evidence() -> None:
    hall = Hall.cn()
    hall.announced("english", A=800)
    hall.enter("li", "wu")
    hall.plays("""
        begin          ->  A open
        li bids A 900  ->  A li 900
        end            ->  A awarded li 900
    """)
    deal = hall.deal_of("A")
    case_id = to_wire("D", deal.deal_id)
    named = hall.file(hall.seller, "minutes")
    assert hall.venue.refusal(AddEvidence(case_id=case_id, head=D, sha256=named), hall.seller) == ""
    pack = hall.venue.state.table(Pack)[case_id]
    assert pack.met_by_register == (P, C)
    assert pack.missing == (LACKING[S], LACKING[N])
    hall.plays("""
        li  signs A    ->  A awarded li 900
        lab signs A    ->  A contracted li 900
        ops records A  ->  A sold li 900
    """)
    pack = hall.venue.state.table(Pack)[case_id]
    assert (pack.state, pack.met_by_register) == (PackState.FROZEN, (P, C))
    assert json.loads(pack.facts)["sale"]["sale_id"] == to_wire("SL", hall.sale_id)
    hall.venue.close()


# --- Frozen -----------------------------------------------------------------------------------------------------------


def test_what_is_known_is_frozen_when_the_right_passes() -> None:
    leader = Leader.of_deal(related_party=True)
    leader.adds(D)
    assert json.loads(leader.pack().facts)["state"] == "proposed"
    leader.desk.steps(*SOLD[:-1])
    assert leader.pack().state is PackState.OPEN
    leader.desk.steps(SOLD[-1])
    told = leader.desk.last(PackFrozen).pack
    facts = json.loads(told.facts)
    assert told.state is PackState.FROZEN
    assert facts["price_minor"] == PRICE
    assert facts["related_party"] is True
    assert facts["state"] == "completed"
    assert [step["step"] for step in facts["steps"]] == ["proposed", "accepted", "seller_signed", "buyer_signed"]
    assert facts["publicity"]["days"] == 15
    assert told.facts_sha256 == hashlib.sha256(told.facts.encode()).hexdigest()
    leader.adds(C, S, N)
    leader.desk.venue.pass_time(days=400)
    assert leader.seals() == ""
    sealed = leader.pack()
    assert sealed.facts == told.facts
    listed = [[one.head.value, one.sha256, one.note] for one in sealed.evidence]
    text = json.dumps([sealed.facts_sha256, listed], separators=(",", ":"), ensure_ascii=False)
    assert sealed.pack_sha256 == hashlib.sha256(text.encode()).hexdigest()
    leader.desk.venue.close()


@pytest.mark.parametrize("steps", [("withdraw",), ("accept", "object", "uphold")])
def test_what_came_to_nothing_is_void(steps: tuple[str, ...]) -> None:
    leader = Leader.of_deal()
    leader.adds(D)
    leader.desk.steps(*steps)
    assert leader.pack().state is PackState.VOID
    assert (leader.adds(C), leader.seals()) == ("pack.state", "pack.state")
    leader.desk.venue.close()


# --- Pilots -----------------------------------------------------------------------------------------------------------


def test_a_pilots_decision_publicity_and_care_are_in_the_register() -> None:
    case = Case.cn()
    pilot = case.opened()
    leader = Leader(case, to_wire("J", pilot.pilot_id))
    assert leader.adds(S) == ""
    assert leader.pack().missing == tuple(LACKING[head] for head in (D, P, C, N))
    assert leader.seals() == "pack.state"
    case.steps("decide", "wait 16", "thu signs", "ada signs", "bo signs", "cy signs")
    assert leader.seals() == "pack.incomplete"
    assert leader.adds(N) == ""
    assert leader.seals() == ""
    facts = json.loads(leader.pack().facts)
    assert (facts["kind"], facts["state"], len(facts["team"])) == ("pilot", "completed", 3)
    assert leader.seals() == "pack.state"
    case.venue.close()


def test_a_pilot_that_came_to_nothing_takes_no_more_documents() -> None:
    case = Case.cn()
    leader = Leader(case, to_wire("J", case.opened().pilot_id))
    leader.adds(S)
    case.steps("withdraw")
    assert (leader.adds(N), leader.seals()) == ("pack.state", "pack.state")
    assert len(leader.pack().evidence) == 1
    case.venue.close()


# --- Every state and command ------------------------------------------------------------------------------------------

TABLE = """
state  | add to D           | seal
none   | open               | pack.unknown
open   | open               | pack.state
frozen | frozen             | pack.incomplete
whole  | frozen             | sealed
sealed | pack.state         | pack.state
void   | pack.state         | pack.state
"""
LINES = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip("\n").splitlines()][1:]


@functools.cache
def _leader_in(state: str) -> Leader:
    leader = Leader.of_deal()
    if state == "none":
        return leader
    leader.adds(S)
    if state == "void":
        leader.desk.steps("withdraw")
    elif state != "open":
        leader.desk.steps(*SOLD)
    if state in {"whole", "sealed"}:
        leader.adds(D, C, N)
    if state == "sealed":
        leader.seals()
    return leader


@pytest.mark.parametrize(("state", "added", "sealed"), LINES)
def test_a_step_is_taken_or_refused_as_the_table_says(state: str, added: str, sealed: str) -> None:
    for expected, step in ((added, lambda leader: leader.adds(D)), (sealed, lambda leader: leader.seals())):
        leader = _leader_in(state).again()
        assert (step(leader) or leader.pack().state.value) == expected
        leader.desk.venue.close()


# --- Refusals ---------------------------------------------------------------------------------------------------------


def test_only_who_disposes_or_the_venue_adds_and_only_an_approver_seals() -> None:
    leader = Leader.of_deal()
    leader.desk.venue.user("clerk", "thu", rights=(UserRight.VIEW, UserRight.TRADE))
    leader.desk.venue.user("reader", "thu", rights=(UserRight.VIEW,))
    for stranger in ("li", "lab", "reader"):
        assert leader.adds(D, by=stranger) == "pack.not_party", stranger
    assert leader.adds(D, by="clerk") == ""
    assert leader.adds(S, by="ops") == ""
    leader.adds(C, N)
    leader.desk.steps(*SOLD)
    for stranger, code in (("li", "pack.not_party"), ("clerk", "pack.not_party"), ("ops", "role.not_allowed")):
        assert leader.seals(stranger) == code, stranger
    assert leader.seals() == ""
    leader.desk.venue.close()


def test_refusals_come_in_their_order() -> None:
    leader = Leader.of_deal()
    named, unknown = leader.desk.file("thu", "minutes"), "ab" * 32
    venue = leader.desk.venue

    def add(case_id: str, sha256: str, by: str = "thu") -> str:
        return venue.refusal(AddEvidence(case_id=case_id, head=D, sha256=sha256), by)

    assert add("D1-999999", named) == "pack.unknown"
    assert add("A1-1", named) == "pack.unknown"
    assert add("X1-1", unknown, "li") == "pack.unknown"
    assert add(leader.case_id, unknown, "li") == "pack.not_party"
    assert add(leader.case_id, unknown) == "document.unknown"
    assert add(leader.case_id, named) == ""
    assert add(leader.case_id, named) == "pack.duplicate"
    assert venue.refusal(AddEvidence(case_id=leader.case_id, head=S, sha256=named), "thu") == ""
    venue.do(FreezeMember(member_id=venue.members["thu"], frozen=True, reason="looked into"))
    assert add(leader.case_id, named) == "member.frozen"
    assert leader.seals() == "member.frozen"
    assert leader.seals("li") == "pack.not_party"
    venue.close()


def test_a_pack_holds_64_documents_and_not_one_more() -> None:
    leader = Leader.of_deal()
    leader.desk.venue.checking = False
    for _ in range(MOST_EVIDENCE):
        assert leader.adds(C) == ""
    assert leader.adds(C) == "pack.full"
    assert len(leader.pack().evidence) == 64
    leader.desk.venue.close()
