"""Any sequence of licences, open ones and days, on the engine and with the registrar; compared after each, replayed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.deals.stage import CASH
from tests.licences.stage import LicenceDesk
from tests.models.licence_model import Page, Registrar

FIRST = date(2026, 3, 2)
WHO = st.sampled_from(["li", "wu"])
KINDS = st.sampled_from(["exclusive", "sole", "ordinary", "ordinary"])
WHERE = st.sampled_from(["CN", "US", "CN+US", "world", "world-US", "world-CN-US"])
TERMS = st.sampled_from([(0, 30), (0, 365), (30, 60), (29, 400)])
PRICES = st.sampled_from([1, 99_999, 20_000_000, 99_009_900, 99_009_901])
"""The fee's corners, and what with its fee is exactly the licensee's money, and one fen more."""


def months_end(day: int) -> int:
    """The day after the corresponding day three months on."""
    granted = FIRST + timedelta(days=day)
    year, month = divmod(granted.month + 2, 12)
    for last in (granted.day, 30, 29, 28):
        try:
            return (date(granted.year + year, month + 1, last) - FIRST).days + 1
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def someone(machine: LicenceMachine) -> bool:
    """Whether anybody has a licence at hand; what is refused without one is in the tables of the scenarios."""
    return bool(machine.newest)


class LicenceMachine(RuleBasedStateMachine):
    """A right beside its model; the planted bugs are sought without the venue's own checks, to be quick."""

    checking: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.desk = LicenceDesk.cn()
        self.desk.venue.checking = self.checking
        self.model = Registrar(money={"li": CASH, "wu": CASH, "lab": 0})
        self.newest: dict[str, Page] = {}

    def same(self, line: str, expected: str) -> None:
        who, *words = line.split()
        assert self.desk.takes(who, words) == expected, line
        for name in ("li", "wu"):
            if (page := self.model.of(name)) is not None:
                self.newest[name] = page

    @initialize(
        begun=st.sampled_from(["agreed", "paid", "granted", "granted", "granted", "open"]),
        who=WHO,
        kind=KINDS,
        where=WHERE,
        days=TERMS,
    )
    def begin(self, begun: str, who: str, kind: str, where: str, days: tuple[int, int]) -> None:
        """With a licence that waits for signatures or is in force, or an open one on the board."""
        match begun:
            case "open":
                self.declare(200)
                self.publish()
            case _:
                self.offer(who, kind, where, 20_000_000, days)
                steps = ["accept", "licensee", "licensor"]
                self.go_on(who, steps[: ["agreed", "paid", "granted"].index(begun) + 1])

    @rule(who=WHO, kind=KINDS, where=WHERE, price=PRICES, days=TERMS)
    def offer(self, who: str, kind: str, where: str, price: int, days: tuple[int, int]) -> None:
        """One licence at a time between the same two, or the model's names would not do."""
        if self.model.live(who) is not None:
            return
        expected = self.model.offer(who, kind, where, price, days)
        events = self.desk.venue.do(self.desk.offer(who, kind, where, price, "-", f"{days[0]}..{days[1]}"), "lab")
        assert getattr(events[0], "code", "") == expected
        if not expected:
            self.desk.licences[who] = events[0].licence.licence_id  # type: ignore[attr-defined]
            self.newest[who] = self.model.pages[-1]

    @precondition(someone)
    @rule(who=WHO)
    def step_back(self, who: str) -> None:
        """Before the second signature, or too late."""
        self.same(f"{who} withdraws", self.model.withdraw(who))

    @rule(who=WHO, steps=st.lists(st.sampled_from(["accept", "licensee", "licensor", "back"]), min_size=1, max_size=4))
    def go_on(self, who: str, steps: list[str]) -> None:
        """In season or out of it."""
        for step in steps:
            match step:
                case "accept":
                    self.same(f"{who} accepts", self.model.accept(who))
                case "back":
                    self.same(f"{who} withdraws", self.model.withdraw(who))
                case "licensee":
                    self.same(f"{who} signs", self.model.sign(who, licensee=True))
                case _:
                    self.same(f"lab signs {who}", self.model.sign(who, licensee=False))

    @precondition(someone)
    @rule(who=WHO)
    def grant(self, who: str) -> None:
        """The whole way, as far as it goes."""
        self.go_on(who, ["accept", "licensee", "licensor"])

    @precondition(someone)
    @rule(who=WHO, by_lab=st.booleans())
    def end(self, who: str, by_lab: bool) -> None:
        by = "lab" if by_lab else who
        self.same(f"{by} ends {who}", self.model.end(who, by))

    @precondition(someone)
    @rule(who=WHO)
    def record(self, who: str) -> None:
        self.same(f"ops records {who}", self.model.record(who))

    @rule(fee=st.sampled_from([200, 300]))
    def declare(self, fee: int) -> None:
        self.same(f"lab opens {fee}", self.model.declare(fee * 100_000))

    @precondition(lambda self: self.model.board is not None)
    @rule()
    def publish(self) -> None:
        self.same("ops publishes", self.model.publish())

    @precondition(lambda self: self.model.board is not None)
    @rule(who=WHO, fee=st.sampled_from([200, 200, 300]))
    def take(self, who: str, fee: int) -> None:
        if self.model.live(who) is None:
            self.same(f"{who} takes {fee}", self.model.take(who, fee * 100_000))

    @precondition(lambda self: self.model.board is not None)
    @rule(really=st.sampled_from([False, False, True]))
    def clear(self, really: bool) -> None:
        if really:
            self.same("lab closes", self.model.clear())

    @rule(days=st.sampled_from([1, 29, 30, 92, 93, 365]))
    def wait(self, days: int) -> None:
        """To the same hour some days later."""
        self.desk.step(f"wait {days}")
        ends = {page.due: months_end(page.due) for page in self.model.pages}
        self.model.passes(self.model.day + days, ends)

    @precondition(lambda self: any(page.state == "in_force" for page in self.model.pages))
    @rule(early=st.booleans(), recordal=st.booleans())
    def to_the_next_date(self, early: bool, recordal: bool) -> None:
        """To the day on which a licence ends, or its months do, or to the day before."""
        pages = [page for page in self.model.pages if page.state == "in_force"]
        days = [(months_end(page.due) if recordal else page.last) - self.model.day for page in pages]
        ahead = min((count for count in days if count > 0), default=1) - early
        if ahead > 0:
            self.wait(ahead)

    @rule()
    def restart(self) -> None:
        """Nothing is lost by it."""
        if self.checking:
            self.desk.venue.restart()

    @invariant()
    def everything_is_where_the_registrar_has_it(self) -> None:
        desk, model = self.desk, self.model
        assert {who: desk.money(who) for who in model.money} == model.money
        assert (desk.escrow(), desk.fees_due(), desk.owner()) == (model.drawer, model.venue, "lab")
        for who, page in self.newest.items():
            licence = desk.licence(who)
            assert (licence.state.value, licence.late, bool(licence.recorded_on)) == (
                page.state,
                page.late,
                page.recorded,
            )

    def teardown(self) -> None:
        """Everything that can be proved about the venue."""
        self.desk.venue.close()
