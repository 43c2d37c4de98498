"""Applications in any order beside an office on paper that counts with Fractions: no cent twice, none too many."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from exchange.core.ids import RewardEventId
from exchange.core.messages import Event
from securitization.application_messages import Application
from securitization.application_messages import ApplicationState as S
from securitization.scheme_messages import SchemeCall
from tests.rewards.stage import FIRMS, Office, code_of

BUDGET, CALLED, EVENT_CAP, YEAR_CAP = 1_000, 700, 350, 500
CAPS = [
    {"scope": "event", "limit": {"rule": "fixed", "amount_minor": EVENT_CAP}},
    {"scope": "applicant_year", "limit": {"rule": "fixed", "amount_minor": YEAR_CAP}},
]
AFTER: dict[tuple[str, str], str] = {
    ("submitted", "accept"): "awarded",
    ("submitted", "send_back"): "correcting",
    ("submitted", "refuse"): "refused",
    ("correcting", "refuse"): "refused",
    ("awarded", "publicise"): "notice",
    ("notice", "object"): "objected",
    ("objected", "dismiss"): "notice",
    ("objected", "uphold"): "refused",
    ("refused", "appeal"): "appealed",
    ("appealed", "dismiss"): "over",
    ("cleared", "approve"): "approved",
    ("cleared", "decline"): "refused",
    ("approved", "pay"): "paid",
    ("paid", "clawback"): "clawed_back",
}
OPEN = ("submitted", "correcting", "awarded", "notice", "objected", "cleared", "refused", "appealed")
STEPS = sorted({step for _, step in AFTER})


class Paper:
    """One claim on the office's paper."""

    def __init__(self, firm: str, event_id: int, due: int) -> None:
        self.firm, self.event_id, self.due = firm, event_id, due
        self.state, self.aside, self.asked = "draft", Fraction(0), Fraction(0)
        self.accepted = self.appealed = False


class Rewards(RuleBasedStateMachine):
    """The engine, and what a clerk with a pencil makes of the same steps."""

    @initialize()
    def begin(self) -> None:
        """One first-come call, a cap for each event and one for each firm and year."""
        self.office = Office(caps=CAPS).active(BUDGET, called=CALLED)
        self.papers: dict[int, Paper] = {}
        self.events: list[tuple[str, RewardEventId, int]] = []
        self.paid = {firm: Fraction(0) for firm in FIRMS}

    @rule(firm=st.sampled_from(FIRMS), due=st.integers(1, 600))
    def a_contract_is_registered(self, firm: str, due: int) -> None:
        """Two operators put it on record."""
        event_id = self.office.event(firm, f"CN-{len(self.events)}", due)
        self.events.append((firm, event_id, due))

    @precondition(lambda self: self.events)
    @rule(data=st.data())
    def a_claim_is_handed_in(self, data: st.DataObject) -> None:
        """For an old event or a new one; the clerk says what it comes to, or why not."""
        office = self.office
        firm, event_id, due = data.draw(st.sampled_from(self.events))
        others = [each for each in self.papers.values() if each.state != "over"]
        twice = any(each.event_id == event_id for each in others)
        code = office.venue.refusal(office.begin(firm, event_id), firm)
        if twice:
            assert code == "reward.double_claim"
            return
        assert code == ""
        self._note(firm, event_id, due)
        asked = Fraction(due) * Fraction(4, 5)
        asked = Fraction(asked.numerator // asked.denominator)
        mine = sum((each.aside for each in others if each.firm == firm), Fraction(0))
        asked = min(asked, Fraction(EVENT_CAP), max(Fraction(YEAR_CAP) - mine, Fraction(0)))
        aside = min(asked, self._left())
        told = office.venue.do(office.handing_in(firm), firm)
        if not aside:
            assert code_of(told) == "reward.budget"
            self.papers.pop(office.applications[firm])
            office.take(firm, "withdraw")
            return
        paper = self.papers[office.applications[firm]]
        paper.state, paper.asked, paper.aside = "submitted", asked, aside
        found = _application(told)
        assert found.awarded_minor == aside

    @precondition(lambda self: self.papers)
    @rule(data=st.data(), step=st.sampled_from([*STEPS, "correct", "withdraw", "up"]))
    def a_step_is_taken(self, data: st.DataObject, step: str) -> None:
        """Allowed or refused as the clerk's table says."""
        number = data.draw(st.sampled_from(sorted(self.papers)))
        paper = self.papers[number]
        office = self.office
        office.applications[paper.firm] = number  # type: ignore[assignment]
        upheld_appeal = step == "up"
        name = "uphold" if upheld_appeal else step
        before = paper.state
        if before == "appealed" and name == "uphold":
            after = "awarded" if paper.accepted else "submitted"
        elif name == "withdraw":
            after = "over" if before in OPEN else ""
        elif name == "correct":
            after = "submitted" if before == "correcting" else ""
        else:
            after = AFTER.get((before, name), "")
        if name == "clawback" and after:
            available = office.venue.cash(paper.firm) - office.venue.held(paper.firm)
            assert available >= paper.aside
        told = office.ask(paper.firm, name)
        if not after:
            assert code_of(told) == ("application.unknown" if before == "over" else "application.state"), (before, name)
            return
        assert not code_of(told), (before, name, told)
        self._took(paper, name, after)

    def _took(self, paper: Paper, name: str, after: str) -> None:
        if name == "correct":
            others = (each for each in self.papers.values() if each is not paper and each.state != "over")
            mine = sum((each.aside for each in others if each.firm == paper.firm), Fraction(0))
            worth = Fraction(paper.due * 4 // 5)
            paper.asked = min(worth, Fraction(EVENT_CAP), max(Fraction(YEAR_CAP) - mine, Fraction(0)))
            paper.aside = min(paper.asked, self._left() + paper.aside)
        if name == "appeal":
            paper.appealed = True
        if name == "accept":
            paper.accepted = True
        if after == "refused" and paper.appealed:
            after = "over"
        if name == "pay":
            self.paid[paper.firm] += paper.aside
        if name == "clawback":
            self.paid[paper.firm] -= paper.aside
        paper.state = after
        if after == "over":
            paper.aside = Fraction(0)

    @precondition(lambda self: self.papers)
    @rule(restart=st.booleans())
    def time_goes_by(self, restart: bool) -> None:
        """Ten days: a notice is over, an appeal is not; now and then the node starts again."""
        self.office.venue.pass_time(days=0 if restart else 10)
        if restart:
            self.office.venue.restart()
            return
        # Whoever waits for the end of a notice has waited ten days; fifteen end an appeal.
        self.office.file("ops", f"day {self.office.venue.state.sequence}")
        now = self.office.venue.clock_ns
        table = self.office.venue.state.table(Application)
        for number, paper in self.papers.items():
            if paper.state == "notice":
                paper.state = "cleared"
            elif paper.state == "refused" and number not in table:
                paper.state, paper.aside = "over", Fraction(0)
            elif paper.state == "refused":
                assert table[number].appeal_until_ns > now

    @invariant()
    def the_clerk_and_the_ledger_agree(self) -> None:
        """Left, set aside and paid, firm by firm, to the cent."""
        if not hasattr(self, "papers"):
            return
        office = self.office
        call = office.venue.state.table(SchemeCall)[office.call_id]
        assert call.left_minor == self._left() >= 0
        for number, paper in self.papers.items():
            kept = office.venue.state.table(Application).get(number)
            assert (kept.state.value if kept is not None else "over") == paper.state
        for firm in FIRMS:
            assert office.venue.cash(firm) == self.paid[firm]
            earned = sum(
                (each.aside for each in self.papers.values() if each.firm == firm and each.state != "over"), Fraction(0)
            )
            assert earned <= YEAR_CAP
        assert sum(self.paid.values()) <= CALLED

    def teardown(self) -> None:
        """Tables and replay say the same."""
        if hasattr(self, "papers"):
            self.office.venue.close()

    def _left(self) -> Fraction:
        return CALLED - sum((each.aside for each in self.papers.values()), Fraction(0))

    def _note(self, firm: str, event_id: RewardEventId, due: int) -> None:
        for entry in reversed(self.office.venue.journal):
            found = _application(entry.events)
            self.office.applications[firm] = found.application_id
            self.papers[found.application_id] = Paper(firm, event_id, due)
            return


def _application(events: list[Event]) -> Application:
    found: Any = getattr(events[0], "application", None)
    assert isinstance(found, Application) and found.state in (S.DRAFT, S.SUBMITTED)
    return found


TestRewards = Rewards.TestCase
TestRewards.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
