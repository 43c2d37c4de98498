"""A product whose register is elsewhere: handed over, mirrored from files by two people, and never traded here."""

from __future__ import annotations

import copy
import functools
import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from custody.pledges import RequestPledge
from exchange.core.ids import AccountId, AssetId, MirrorFileId
from exchange.core.messages import Command, Rejected
from exchange.core.units import Minor
from exchange.engine.state import ExchangeState
from matching.deals import ProposeDeal
from matching.listing_messages import ListingMethod, ProposeListing
from securitization.issue_messages import IssueState, NoteLock
from securitization.mirror import (
    MAX_HAND_OVER,
    ChangeKind,
    CompleteMirrorFile,
    ConfirmMirrorFile,
    DiscardMirrorFile,
    HandOverRegister,
    ImportMirrorLines,
    MirrorFile,
    MirrorFileConfirmed,
    MirrorFileDiscarded,
    MirrorFileOpened,
    MirrorHandedOver,
    MirrorLine,
    MirrorLinesImported,
    MirrorRegister,
    MirrorState,
    OpenMirrorFile,
    changes,
)
from tests.issuing.stage import DOCUMENT, Stage

EXTERNAL = {"register_of_record": "external", "centralised_methods": []}
"""As cn_private_product has it: holdings are another register's, and nothing is traded centrally."""


@functools.cache
def established(register_of_record: str, *, handed_over: bool) -> Stage:
    """The one stage that every test begins from with a copy of its own."""
    if handed_over:
        at = Mirrored(register_of_record)
        at.hand_over()
        return at.stage
    stage = Stage(**(EXTERNAL | {"register_of_record": register_of_record}))
    stage.offered()
    stage.bids_in("i0 300 @ 1000\ni1 350 @ 1000\ni2 250 @ 1000")
    stage.close()
    stage.venue.finish_runs()
    assert stage.issue().state is IssueState.ESTABLISHED
    stage.venue.member("csdc")
    stage.file("ops")
    return stage


def named(name: str) -> str:
    """The hash under which an outside holder stands in these files."""
    return hashlib.sha256(name.encode()).hexdigest()


class Mirrored:
    """An issue of 900 senior notes (i0 300, i1 350, i2 250) and 100 kept junior ones, its register elsewhere."""

    def __init__(self, register_of_record: str = "external", *, handed_over: bool = False) -> None:
        self.stage = copy.copy(established(register_of_record, handed_over=handed_over))
        self.venue = self.stage.venue = self.stage.venue.copy()

    @property
    def state(self) -> ExchangeState:
        """The state at hand."""
        return self.venue.state

    def note(self, place: int = 0) -> AssetId:
        """The notes of a class."""
        return self.stage.issue().classes[place].asset_id

    def hand_over(self, place: int = 0) -> MirrorRegister:
        """Give the register away."""
        events = self.venue.by_two(self.handing_over(place))
        return next(event for event in events if isinstance(event, MirrorHandedOver)).register

    def handing_over(self, place: int = 0, **changed: Any) -> HandOverRegister:
        """The command that gives it away."""
        terms: dict[str, Any] = {
            "asset_id": self.note(place),
            "registrar_account_id": self.venue.accounts["csdc"],
            "document_sha256": DOCUMENT,
        }
        return HandOverRegister(**(terms | changed))

    def opening(self, **changed: Any) -> OpenMirrorFile:
        """The command that begins a file of two holders."""
        terms: dict[str, Any] = {
            "asset_id": self.note(),
            "source": "CSDC",
            "as_of": "2026-03-07",
            "file_sha256": DOCUMENT,
            "total_units": 900,
            "holders": 2,
        }
        return OpenMirrorFile(**(terms | changed))

    def lines(self, **units: int) -> tuple[MirrorLine, ...]:
        """Lines by holder; a member here stands with its account."""
        made = [
            MirrorLine(holder_sha256=named(name), units=count, account_id=self.venue.accounts.get(name))
            for name, count in units.items()
        ]
        return tuple(sorted(made, key=lambda line: line.holder_sha256))

    def open(self, **changed: Any) -> MirrorFile:
        """Begin a file."""
        return self.venue.make(self.opening(**changed), MirrorFileOpened).file

    def complete(self, as_of: str = "2026-03-07", by: str = "ops", **units: int) -> MirrorFile:
        """A whole file, up to its completion."""
        file = self.open(as_of=as_of, holders=len(units), total_units=sum(units.values()))
        for part, line in enumerate(self.lines(**units), 1):
            command = ImportMirrorLines(mirror_file_id=file.mirror_file_id, part=part, lines=(line,))
            self.venue.make(command, MirrorLinesImported)
        assert self.venue.refusal(CompleteMirrorFile(mirror_file_id=file.mirror_file_id), by) == ""
        return self.state.table(MirrorFile)[file.mirror_file_id]

    def confirm(self, file: MirrorFile, by: str = "ops2") -> MirrorFileConfirmed:
        """The second person's word."""
        return self.venue.make(ConfirmMirrorFile(mirror_file_id=file.mirror_file_id), MirrorFileConfirmed, by)


@pytest.fixture(scope="module")
def before() -> Mirrored:
    """Established, not handed over; tests that change it take `mirrored`."""
    return Mirrored()


@pytest.fixture
def mirrored() -> Mirrored:
    """Established and the senior notes handed over."""
    return Mirrored(handed_over=True)


# --- Handing over -----------------------------------------------------------------------------------------------------


def test_the_registrar_holds_every_note_from_the_hand_over_on() -> None:
    at = Mirrored()
    register = at.hand_over()
    assert [at.stage.notes(name) for name in ("i0", "i1", "i2", "csdc")] == [0, 0, 0, 900]
    assert register.units == 900
    assert at.venue.refusal(at.handing_over()) == ""  # asked again, it waits for its second signature
    (refused,) = at.venue.by_two(at.handing_over(registrar_account_id=at.venue.accounts["i0"]))
    assert isinstance(refused, Rejected) and refused.code.value == "mirror.state"
    at.venue.close()


def test_what_the_originator_keeps_stays_held_with_the_registrar() -> None:
    at = Mirrored()
    junior, registrar = at.note(1), at.venue.accounts["csdc"]
    at.hand_over(1)
    assert at.state.ledger.units(registrar, junior) == at.state.ledger.held(registrar, junior) == 100
    assert at.state.ledger.units(at.venue.accounts["licensor0"], junior) == 0
    assert at.state.table(NoteLock)[junior].account_id == registrar
    at.venue.restart()
    at.venue.close()


def test_the_registers_of_two_classes_are_handed_over_apart() -> None:
    at = Mirrored()
    at.hand_over()
    assert at.stage.notes("licensor0", 1) == 100
    assert list(at.state.table(MirrorRegister)) == [at.note()]


HAND_OVERS: list[Any] = [
    ("no such asset", {"asset_id": AssetId(1)}, "asset.unknown"),
    ("no such account", {"registrar_account_id": AccountId(1)}, "account.unknown"),
    ("a document nobody filed", {"document_sha256": "0" * 64}, "document.unknown"),
]


@pytest.mark.parametrize(("changed", "code"), [pytest.param(*row[1:], id=row[0]) for row in HAND_OVERS])
def test_a_hand_over_that_fits_nothing_is_refused(before: Mirrored, changed: dict[str, Any], code: str) -> None:
    (refused,) = before.venue.by_two(before.handing_over(**changed))
    assert isinstance(refused, Rejected) and refused.code.value == code


def test_money_and_rights_have_no_register_to_hand_over(before: Mirrored) -> None:
    for asset_id in (before.venue.money, before.venue.asset("PATENTS")):
        (refused,) = before.venue.by_two(before.handing_over(asset_id=asset_id))
        assert isinstance(refused, Rejected) and refused.code.value == "asset.unknown"


def test_units_that_somebody_holds_for_another_reason_keep_the_hand_over_back() -> None:
    at = Mirrored()

    def hold(state: ExchangeState, header: Any) -> list[Any]:
        return [state.ledger.move(header.sequence, [], [(at.venue.accounts["i1"], at.note(), 1)])]

    at.venue.checking = False
    at.venue.seed(hold)
    (refused,) = at.venue.by_two(at.handing_over())
    assert isinstance(refused, Rejected) and refused.code.value == "mirror.units_held"


def test_a_registrar_who_bid_keeps_its_own_and_gets_the_rest() -> None:
    at = Mirrored()
    at.venue.by_two(at.handing_over(registrar_account_id=at.venue.accounts["i1"]))
    assert [at.stage.notes(name) for name in ("i0", "i1", "i2")] == [0, 900, 0]
    at.venue.close()


def test_a_frozen_registrar_takes_nothing_and_a_frozen_issue_moves_nowhere() -> None:
    from custody.corrections_messages import FreezeAccount, FreezeAsset

    at = Mirrored()
    for command, code in (
        (FreezeAccount(account_id=at.venue.accounts["csdc"], frozen=True, reason="t"), "account.frozen"),
        (FreezeAsset(asset_id=at.note(), frozen=True, reason="t"), "asset.frozen"),
    ):
        assert at.venue.refusal(command) == ""
        (refused,) = at.venue.by_two(at.handing_over())
        assert isinstance(refused, Rejected) and refused.code.value == code
        assert (
            at.venue.refusal(FreezeAccount(account_id=at.venue.accounts["csdc"], frozen=False, reason="t")) == ""
            or code == "asset.frozen"
        )


def test_an_issue_of_a_market_with_its_own_register_is_not_handed_over() -> None:
    at = Mirrored("own")
    (refused,) = at.venue.by_two(at.handing_over())
    assert isinstance(refused, Rejected) and refused.code.value == "mirror.own_register"
    assert refused.rule is not None and (refused.rule.field, refused.rule.profile) == ("register_of_record", "sandbox")


# --- Not traded here --------------------------------------------------------------------------------------------------


def ways(at: Mirrored) -> dict[str, tuple[Command, str]]:
    """Each way in which a holder could try to pass on or burden its notes."""
    accounts = at.venue.accounts
    return {
        "an order book": (
            ProposeListing(
                account_id=accounts["i0"],
                market_id=at.venue.market_id,
                asset_id=at.note(),
                method=ListingMethod.ORDER_BOOK,
                name="notes",
                disclosure_sha256=DOCUMENT,
                lot_units=Minor(1),
                tick_minor=Minor(1),
                band_low_ticks=Minor(1),
                band_high_ticks=Minor(9),
            ),
            "i0",
        ),
        "an agreement": (
            ProposeDeal(
                seller_account_id=accounts["i0"],
                buyer_account_id=accounts["i1"],
                market_id=at.venue.market_id,
                asset_id=at.note(),
                price_minor=Minor(1_000),
                contract_sha256=DOCUMENT,
            ),
            "i0",
        ),
        "a pledge": (
            RequestPledge(
                account_id=accounts["i0"],
                pledgee_account_id=accounts["i1"],
                asset_id=at.note(),
                money_asset_id=at.venue.money,
                secured_minor=Minor(1_000),
                debt_from="2026-03-01",
                debt_until="2026-12-01",
                contract_sha256=DOCUMENT,
            ),
            "i0",
        ),
    }


@pytest.mark.parametrize("way", ["an order book", "an agreement", "a pledge"])
@pytest.mark.parametrize("handed_over", [False, True])
def test_such_notes_take_no_order_agreement_or_pledge_here(way: str, *, handed_over: bool) -> None:
    at = Mirrored(handed_over=handed_over)
    command, by = ways(at)[way]
    (refused,) = at.venue.do(command, by)
    assert isinstance(refused, Rejected)
    assert refused.code.value == "rule.method_not_allowed"
    rule = refused.rule
    assert rule is not None
    assert (rule.profile, rule.version, rule.field, rule.provision) == ("sandbox", 1, "register_of_record", "SANDBOX")


# --- Files ------------------------------------------------------------------------------------------------------------


def test_a_file_counts_when_a_second_person_confirms_it(mirrored: Mirrored) -> None:
    file = mirrored.complete(i0=300, outsider=600)
    assert file.state is MirrorState.COMPLETE and (file.version, file.parts) == (1, 2)
    told = mirrored.confirm(file)
    assert told.file.state is MirrorState.CONFIRMED and told.register.mirror_file_id == file.mirror_file_id
    assert mirrored.stage.notes("csdc") == 900  # a file moves nothing here
    mirrored.venue.close()


def test_a_later_day_replaces_and_an_earlier_one_corrects_without_counting_now(mirrored: Mirrored) -> None:
    mirrored.venue.pass_time(days=5)
    for as_of, counts in (("2026-03-09", ("2026-03-09", 1)), ("2026-03-08", ("2026-03-09", 1)),
                          ("2026-03-09", ("2026-03-09", 3)), ("2026-03-10", ("2026-03-10", 4))):  # fmt: skip
        register = mirrored.confirm(mirrored.complete(as_of, i0=300, outsider=600)).register
        assert (register.as_of, register.version) == counts
    mirrored.venue.restart()
    mirrored.venue.close()


TOTALS: list[Any] = [
    ("a unit too few", 899, {"i0": 300, "outsider": 599}),
    ("a unit too many", 901, {"i0": 300, "outsider": 601}),
]


@pytest.mark.parametrize(("total", "units"), [pytest.param(*row[1:], id=row[0]) for row in TOTALS])
def test_a_file_of_other_units_than_the_issue_is_not_completed(
    mirrored: Mirrored, total: int, units: dict[str, int]
) -> None:
    file = mirrored.open(total_units=total)
    command = ImportMirrorLines(mirror_file_id=file.mirror_file_id, part=1, lines=mirrored.lines(**units))
    mirrored.venue.make(command, MirrorLinesImported)
    (refused,) = mirrored.venue.do(CompleteMirrorFile(mirror_file_id=file.mirror_file_id))
    assert isinstance(refused, Rejected) and refused.code.value == "mirror.totals"
    assert refused.detail == f"{total} units in the file, 900 here"


def test_a_file_that_lacks_a_line_or_units_it_announced_is_not_completed(mirrored: Mirrored) -> None:
    file = mirrored.open()
    complete = CompleteMirrorFile(mirror_file_id=file.mirror_file_id)
    assert mirrored.venue.refusal(complete) == "mirror.totals"
    first, second = mirrored.lines(i0=300, outsider=600)
    mirrored.venue.make(
        ImportMirrorLines(mirror_file_id=file.mirror_file_id, part=1, lines=(first,)), MirrorLinesImported
    )
    assert mirrored.venue.refusal(complete) == "mirror.totals"
    mirrored.venue.make(
        ImportMirrorLines(mirror_file_id=file.mirror_file_id, part=2, lines=(second,)), MirrorLinesImported
    )
    assert mirrored.venue.refusal(complete) == ""


LINES: list[Any] = [
    ("a holder twice", lambda at: at.lines(i0=300) * 2, "mirror.lines_invalid", "holders rise, each once"),
    ("falling order", lambda at: at.lines(i0=300, i1=350)[::-1], "mirror.lines_invalid", "holders rise, each once"),
    ("a line too many", lambda at: at.lines(a=1, b=1, c=1), "mirror.lines_invalid", "the file has 2 lines"),
    ("a unit too many", lambda at: at.lines(a=900, b=1), "mirror.lines_invalid", "the file has 900 units"),
    (
        "an account that is nobody's",
        lambda at: (MirrorLine(holder_sha256=named("a"), units=1, account_id=AccountId(1_024)),),
        "mirror.lines_invalid",
        "A1-1 is nobody's account",
    ),
    (
        "an account of the venue",
        lambda at: (
            MirrorLine(holder_sha256=named("a"), units=1, account_id=at.state.assets[at.note()].home_account_id),
        ),
        "mirror.lines_invalid",
        "is nobody's account",
    ),
]


@pytest.mark.parametrize(("lines", "code", "detail"), [pytest.param(*row[1:], id=row[0]) for row in LINES])
def test_lines_that_do_not_go_on_are_refused(
    mirrored: Mirrored, lines: Callable[[Mirrored], tuple[MirrorLine, ...]], code: str, detail: str
) -> None:
    file = mirrored.open()
    command = ImportMirrorLines(mirror_file_id=file.mirror_file_id, part=1, lines=lines(mirrored))
    (refused,) = mirrored.venue.do(command)
    assert isinstance(refused, Rejected) and refused.code.value == code and refused.detail.endswith(detail)


def test_parts_come_in_their_order_and_go_on_where_the_last_one_ended(mirrored: Mirrored) -> None:
    file = mirrored.open()
    first, second = mirrored.lines(i0=300, outsider=600)

    def part(n: int, *lines: MirrorLine) -> str:
        return mirrored.venue.refusal(ImportMirrorLines(mirror_file_id=file.mirror_file_id, part=n, lines=lines))

    assert part(2, first) == "mirror.stale"
    assert part(1, first) == ""
    assert part(1, second) == "mirror.stale"  # sent again
    again = ImportMirrorLines(
        mirror_file_id=file.mirror_file_id, part=2, lines=(msgspec.structs.replace(first, units=1),)
    )
    (refused,) = mirrored.venue.do(again)  # a holder of an earlier part
    assert isinstance(refused, Rejected)
    assert (refused.code.value, refused.detail) == ("mirror.lines_invalid", "holders rise, each once")
    assert part(2, second) == ""


OPENINGS: list[Any] = [
    ("a day to come", {"as_of": "2026-03-08"}, "mirror.invalid"),
    ("a day before the hand-over", {"as_of": "2026-03-06"}, "mirror.invalid"),
    ("no such day", {"as_of": "2026-02-30"}, "mirror.invalid"),
    ("a file nobody filed", {"file_sha256": "0" * 64}, "document.unknown"),
    ("another asset", {"asset_id": AssetId(1)}, "mirror.unknown"),
]


@pytest.mark.parametrize(("changed", "code"), [pytest.param(*row[1:], id=row[0]) for row in OPENINGS])
def test_a_file_that_cannot_be_is_not_opened(mirrored: Mirrored, changed: dict[str, Any], code: str) -> None:
    assert mirrored.venue.refusal(mirrored.opening(**changed)) == code


def test_whoever_opened_a_file_does_not_confirm_it(mirrored: Mirrored) -> None:
    file = mirrored.complete(i0=300, outsider=600)
    confirm = ConfirmMirrorFile(mirror_file_id=file.mirror_file_id)
    assert mirrored.venue.refusal(confirm, "ops") == "mirror.same_person"
    assert mirrored.venue.refusal(confirm, "i0") == "role.not_allowed"
    assert mirrored.venue.refusal(confirm, "ops2") == ""
    assert mirrored.venue.refusal(confirm, "ops2") == "mirror.file_unknown"  # it is history now


def test_units_that_ceased_since_keep_a_complete_file_from_counting(mirrored: Mirrored) -> None:
    file = mirrored.complete(i0=300, outsider=600)
    home = mirrored.state.assets[mirrored.note()].home_account_id

    def burn(state: ExchangeState, header: Any) -> list[Any]:
        legs = [(mirrored.venue.accounts["csdc"], mirrored.note(), -1), (home, mirrored.note(), 1)]
        return [state.ledger.move(header.sequence, legs)]

    mirrored.venue.seed(burn)
    assert mirrored.venue.refusal(ConfirmMirrorFile(mirror_file_id=file.mirror_file_id), "ops2") == "mirror.totals"


STEPS: dict[str, Callable[[Mirrored, MirrorFileId], Command]] = {
    "import": lambda at, file: ImportMirrorLines(mirror_file_id=file, part=1, lines=at.lines(i0=300, outsider=600)),
    "complete": lambda _, file: CompleteMirrorFile(mirror_file_id=file),
    "confirm": lambda _, file: ConfirmMirrorFile(mirror_file_id=file),
    "discard": lambda _, file: DiscardMirrorFile(mirror_file_id=file, reason="a wrong file"),
}
STATES: list[tuple[str, tuple[str, ...], dict[str, str]]] = [
    ("open", (), {"import": "", "complete": "mirror.totals", "confirm": "mirror.state", "discard": ""}),
    ("read", ("import",), {"import": "mirror.stale", "complete": "", "confirm": "mirror.state", "discard": ""}),
    (
        "complete",
        ("import", "complete"),
        {"import": "mirror.state", "complete": "mirror.state", "confirm": "", "discard": ""},
    ),
    ("confirmed", ("import", "complete", "confirm"), dict.fromkeys(STEPS, "mirror.file_unknown")),
    ("discarded", ("import", "discard"), dict.fromkeys(STEPS, "mirror.file_unknown")),
]


@pytest.mark.parametrize("step", list(STEPS))
@pytest.mark.parametrize(("path", "codes"), [pytest.param(*row[1:], id=row[0]) for row in STATES])
def test_every_step_in_every_state_of_a_file(step: str, path: tuple[str, ...], codes: dict[str, str]) -> None:
    at = _shared()
    file = at.open()
    for before in path:
        assert at.venue.refusal(STEPS[before](at, file.mirror_file_id), "ops2") == "", before
    assert at.venue.refusal(STEPS[step](at, file.mirror_file_id), "ops2") == codes[step]
    if file.mirror_file_id in at.state.table(MirrorFile):
        at.venue.make(DiscardMirrorFile(mirror_file_id=file.mirror_file_id, reason="t"), MirrorFileDiscarded)


_KEPT: list[Mirrored] = []


def _shared() -> Mirrored:
    """One venue for the table of states: every row leaves no file open."""
    if not _KEPT:
        _KEPT.append(Mirrored(handed_over=True))
    return _KEPT[0]


def test_one_file_is_under_way_at_a_time(mirrored: Mirrored) -> None:
    file = mirrored.open()
    assert mirrored.venue.refusal(mirrored.opening()) == "mirror.state"
    mirrored.venue.make(DiscardMirrorFile(mirror_file_id=file.mirror_file_id, reason="wrong"), MirrorFileDiscarded)
    again = mirrored.open()
    assert again.version == 2  # a version is never given twice


# --- What a file changes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before_units", "after_units", "found"),
    [
        ({}, {"a": 1}, {"a": (ChangeKind.ENTERED, 0, 1)}),
        ({"a": 1}, {}, {"a": (ChangeKind.LEFT, 1, 0)}),
        ({"a": 1}, {"a": 2}, {"a": (ChangeKind.UNITS, 1, 2)}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, {}),
        ({"a": 3, "b": 2}, {"a": 1, "c": 4}, {"a": (ChangeKind.UNITS, 3, 1), "b": (ChangeKind.LEFT, 2, 0),
                                              "c": (ChangeKind.ENTERED, 0, 4)}),
    ],
)  # fmt: skip
def test_what_a_later_file_changes(
    before_units: dict[str, int], after_units: dict[str, int], found: dict[str, tuple[ChangeKind, int, int]]
) -> None:
    def lines(units: dict[str, int]) -> list[MirrorLine]:
        return [MirrorLine(holder_sha256=named(name), units=count) for name, count in units.items()]

    told = changes(lines(before_units), lines(after_units))
    assert {one.holder_sha256: (one.kind, one.before, one.after) for one in told} == {
        named(name): change for name, change in found.items()
    }


def test_a_hand_over_is_bounded() -> None:
    assert 2 * MAX_HAND_OVER + 4 <= 1_024
