"""Every workflow is walked over a store that is struck at its every kind of step: nothing is lost, nothing done twice.

The stages of the workflows' own tests take the steps, so that what is asked is what lawyers read there; a real node
decides them on a disk that outlives it. See tests/node/struck.py for what is checked after each of its lives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from custody.corrections_messages import FreezeAccount, TransferUnits
from custody.distribution_messages import DistributionState
from custody.packs import EvidenceHead, PackState
from custody.pilot import PilotKind, PilotState
from custody.pledges import ConsentAct, EncumbranceState
from custody.reconciliation import ResolveDifference
from custody.register import CorrectTitleDate, TitleDateCorrected, TitleEntry, TitleStage
from exchange.core.calendar import local_date
from exchange.core.units import Units
from exchange.engine import distributions
from exchange.engine.state import VENUE_TIME_ZONE
from exchange.node import keeper as keeping
from matching.deals import DealState
from tests.claims.stage import Owners
from tests.deals.stage import Desk
from tests.equity.stage import Firm
from tests.incomes.stage import Stage
from tests.licences.offers import OfferDesk
from tests.licences.stage import LicenceDesk
from tests.node.disk import Fate
from tests.node.struck import StruckVenue
from tests.packs.test_packs import Leader
from tests.pilots.stage import REPORTS, TEAM, Case
from tests.pilots.test_reforms import Office as ReformOffice
from tests.pledges.stage import Vault
from tests.register.test_reconciliation import PAPER, closed, holders, opened
from tests.register.test_reconciliation import venue as with_holders
from tests.support import Venue

T = TypeVar("T")

SEEDS = range(2)
SMALL_PAGE = 1
"""Lines of a page, and of a chunk of the run that pays it: one, so that a small plan has many."""
HOLDERS = {"ada": 100_000, "bo": 200_000, "cy": 300_000, "dee": 400_000, "hana": 500_000, "gus": 600_000, "tao": 1}
STRIDE = 4
"""Each of four tests strikes every fourth step, so that together they strike them all."""


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes start again at once."""
    monkeypatch.setattr(keeping, "PAUSES_S", (0.0,))


def struck(
    stage: Stage | Case | Desk | Owners | Vault | LicenceDesk | OfferDesk, folder: Path, seed: int
) -> StruckVenue:
    """Let a node take the stage's next steps."""
    venue = StruckVenue.over(stage.venue, folder / "exchange.sqlite", seed)
    stage.venue = venue
    return venue


# --- Walks ------------------------------------------------------------------------------------------------------------


def pledges(folder: Path, seed: int) -> StruckVenue:
    """A pledge behind another, a court's order over both and its end, and a sale that pays both lenders."""
    vault = Vault.cn()
    venue = struck(vault, folder, seed)
    first = vault.pledged("bank", 300)
    second = vault.second(first, "bank", "fund", 200)
    order = vault.preserved()
    vault.lift(order)
    vault.consents(first, "bank", ConsentAct.SALE)
    vault.consents(second, "fund", ConsentAct.SALE)
    vault.offered()
    before = {who: vault.money(who) for who in ("bank", "fund")}
    vault.steps("accept", "seller signs", "buyer signs", "confirm")
    assert {who: vault.money(who) - before[who] for who in before} == {"bank": 30_000_000, "fund": 20_000_000}
    assert vault.burden(first).state is EncumbranceState.RELEASED
    assert vault.owner() == "li"
    return venue


def licences(folder: Path, seed: int) -> StruckVenue:
    """A sole licence, signed, paid and recorded, ended by both; then an open one, taken and withdrawn."""
    desk = LicenceDesk.cn()
    venue = struck(desk, folder, seed)
    for line in ("lab offers li sole CN 300", "li accepts", "li signs", "lab signs li", "ops records li"):
        told = desk.happens(line)
        assert "." not in told, f"{line}: {told}"
    for line in ("lab ends li", "li ends"):
        desk.happens(line)
    assert desk.escrow() == 0
    return venue


def open_licences(folder: Path, seed: int) -> StruckVenue:
    """An open licence, declared, published, taken, recorded and withdrawn; then its days run out."""
    desk = LicenceDesk.cn()
    venue = struck(desk, folder, seed)
    desk.plays("""
        lab opens 200          ->  declared 0 taken
        ops publishes          ->  open 0 taken
        wu  takes 200          ->  wu in_force, open 1 taken
        ops records wu         ->  wu in_force, open 1 taken
        lab closes             ->  wu in_force, withdrawn 1 taken
        wait 730 days          ->  wu expired, withdrawn 1 taken
    """)
    assert (desk.owner(), desk.escrow(), desk.held()) == ("lab", 0, 0)
    return venue


def listed_prices(folder: Path, seed: int) -> StruckVenue:
    """A right at its listed price: taken by one, refused to another, paid and recorded."""
    desk = OfferDesk.cn()
    venue = struck(desk, folder, seed)
    desk.plays("""
        lab offers             ->  open
        wu  takes              ->  taken wu
        li  takes              ->  listing.state
        wu  signs              ->  taken wu
        lab signs              ->  taken wu
        wait 30 days           ->  taken wu
        ops records            ->  closed wu
    """)
    assert (desk.owner(), desk.escrow(), desk.held()) == ("wu", 0, 0)
    return venue


def prior_claims(folder: Path, seed: int) -> StruckVenue:
    """Two co-owners step into a stranger's agreement; one more consents and takes its consent back."""
    owners = Owners.golden()
    venue = struck(owners, folder, seed)
    owners.withdraw_consent("bo")
    assert owners.happens("thu proposes half 900") == "consent.missing"
    owners.consent("bo")
    owners.plays("""
        thu  proposes half 900    ->  proposed
        li   accepts              ->  publicity
        wait 16                   ->  pre_emption, ada notified, bo notified
        ada  exercises            ->  pre_emption, ada exercised, bo notified
        bo   exercises            ->  signing, ada 2/6, bo 1/6
        thu  signs                ->  contracted, ada 2/6, bo 1/6
        ops  records              ->  completed, ada 2/6, bo 1/6
    """)
    assert owners.deal().state is DealState.COMPLETED
    assert owners.shares() == {"ada": "4/6", "bo": "2/6"}
    assert (owners.all_held(), owners.escrow()) == (0, 0)
    return venue


def pilots(folder: Path, seed: int) -> StruckVenue:
    """A patent's case to the office's record, and the sale of what the unit kept to its team."""
    case = Case.cn()
    case.patented()
    venue = struck(case, folder, seed)
    case.assigned("confirm", "offer", "wait 16", *(f"{name} buys" for name in TEAM), "confirm kept")
    assert [case.has_of(name) for name in TEAM] == [1_000_000] * 3
    return venue


def use_rights(folder: Path, seed: int) -> StruckVenue:
    """A use right of ten years: reported on, extended, revoked."""
    case = Case.cn()
    case.reports, case.kind = REPORTS, PilotKind.USE_RIGHT
    venue = struck(case, folder, seed)
    case.assigned("ada reports", "extend", "revoke")
    assert case.pilot().state is PilotState.REVOKED
    return venue


def equity(folder: Path, seed: int) -> StruckVenue:
    """A company founded on an outcome; two members step in by their contributions before an outsider."""
    firm = Firm.proposed()
    venue = struck(firm, folder, seed)
    firm.plays("""
        li   signs                      ->  founding
        thu  signs                      ->  founding
        wu   signs                      ->  contributing
        ops  records                    ->  founded
        li   offers 300 for 500 to cy   ->  offered
        cy   accepts                    ->  notice
        ada  exercises                  ->  notice
        wu   exercises                  ->  notice
        wait 31                         ->  contracted, wu 180, ada 120
        co   enters                     ->  entered, wu 180, ada 120
    """)
    assert firm.members() == {"thu": "200", "ada": "320", "wu": "480"}
    assert (firm.escrow(), firm.all_held()) == (0, 0)
    return venue


def packs(folder: Path, seed: int) -> StruckVenue:
    """A right sold with a paper under each head of its pack, which is sealed; then its day of recordal is corrected."""
    leader = Leader.of_deal()
    desk = leader.desk
    venue = struck(desk, folder, seed)
    assert not leader.adds(*EvidenceHead)
    desk.steps("accept", "wait 30", "seller signs", "buyer signs", "wait 9", "confirm")
    assert not leader.seals()
    assert leader.pack().state is PackState.SEALED
    entry = next(one for one in reversed(told(venue, TitleEntry)) if one.stage is TitleStage.EFFECTIVE)
    earlier = local_date(entry.effective_ns, VENUE_TIME_ZONE) - timedelta(days=5)
    correct = CorrectTitleDate(
        entry_id=entry.entry_id,
        effective_date=f"{earlier}",
        office_reference="CNIPA 2026-0001",
        reason="the gazette says so",
        evidence_sha256=desk.file("ops", "gazette"),
    )
    assert any(isinstance(event, TitleDateCorrected) for event in venue.by_two(correct))
    return venue


def told(venue: Venue, kind: type[T]) -> list[T]:
    """Every record of a kind that the journal's events carry, the newest last."""
    found: list[T] = []
    for event in (event for entry in venue.journal for event in entry.events):
        for name in event.__struct_fields__:
            value = getattr(event, name)
            found += [one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, kind)]
    return found


def reconciliations(folder: Path, seed: int) -> StruckVenue:
    """A register's file that differs suspends an issue, until two operators have resolved each line."""
    venue = StruckVenue.over(with_holders(), folder / "exchange.sqlite", seed)
    venue.plays("wu sells 10 @ 100 -> rests")
    statement = opened(venue, total_units=1_000)
    differences = holders(venue, statement, ("wu", 600), ("li", 400))
    closed(venue, statement, 2)
    assert venue.state.assets[venue.asset("INS")].frozen
    assert not venue.state.orders
    for one in differences:
        venue.by_two(ResolveDifference(difference_id=one.difference_id, reason="an old file", evidence_sha256=PAPER))
    assert not venue.state.assets[venue.asset("INS")].frozen
    return venue


def reforms(folder: Path, seed: int) -> StruckVenue:
    """A programme's pilot, evaluated, promoted to all and ended."""
    office = ReformOffice(Case.cn())
    venue = struck(office.case, folder, seed)
    office.drafted()
    office.steps("start", "evaluate", "promote", "end")
    return venue


WALKS = (
    pledges, licences, open_licences, listed_prices, prior_claims, pilots, use_rights, equity, packs, reconciliations,
    reforms,
)  # fmt: skip


@pytest.mark.parametrize("walk", WALKS)
def test_a_workflow_comes_to_its_end_wherever_the_store_is_struck(
    walk: Callable[[Path, int], StruckVenue], tmp_path: Path
) -> None:
    found: Counter[str] = Counter()
    for seed in SEEDS:
        venue = walk(tmp_path, seed)
        venue.close()
        found += venue.struck
    print(f"{walk.__name__}, seeds {SEEDS}: {found.total()} crash points")
    assert found.total() >= 5 * len(SEEDS)


# --- A distribution, struck everywhere --------------------------------------------------------------------------------


def prepared(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """An income whose plan has eight pages of one line: a contributor, and seven holders, one of whom is frozen."""
    monkeypatch.setattr(distributions, "MAX_LINES", SMALL_PAGE)
    stage = Stage.cn()
    stage.floats()
    accounts = stage.venue.accounts
    for name, units in HOLDERS.items():
        stage.venue.by_two(
            TransferUnits(
                asset_id=stage.share_id,
                from_account_id=accounts["thu"],
                to_account_id=accounts[name],
                units=Units(units),
                reason="as traded",
            )
        )
    stage.venue.do(FreezeAccount(account_id=accounts["gus"], frozen=True))
    return stage


def everybody(stage: Stage) -> dict[str, int]:
    """What everybody has of the market's money."""
    return {name: stage.money(name) for name in ("thu", *HOLDERS)}


def proposed(stage: Stage) -> None:
    """Have the plan worked out, page by page."""
    assert not stage.take("propose", contributors=stage.payees(ada=(1, 1)))
    stage.venue.finish_runs()


def paid(stage: Stage) -> dict[str, int]:
    """Walk from the plan to the last cent, and tell what everybody has then."""
    proposed(stage)
    stage.takes("approve", "pay", "run")
    assert stage.take("release") == "account.frozen"
    stage.venue.do(FreezeAccount(account_id=stage.venue.accounts["gus"], frozen=False))
    stage.takes("release", "remit")
    assert stage.distribution().state is DistributionState.DONE
    return everybody(stage)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_distribution_is_paid_to_the_cent_wherever_it_is_struck(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = prepared(monkeypatch)
    expected = paid(undisturbed)
    stage = prepared(monkeypatch)
    venue = struck(stage, tmp_path, seed)
    assert paid(stage) == expected
    assert sum(line.gross_minor for line in stage.lines()) == sum(line.gross_minor for line in undisturbed.lines())
    venue.close()
    print(f"a distribution, seed {seed}: {venue.struck.total()} crash points")
    assert venue.struck.total() >= 10


@pytest.mark.parametrize(("dies", "after"), [(True, False), (True, True), (False, False), (False, True)])
def test_its_run_is_struck_at_each_step_of_each_chunk(
    dies: bool, after: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = prepared(monkeypatch)
    proposed(stage)
    stage.takes("approve", "pay")  # the run is begun and has paid nothing yet
    undisturbed = stage.twin()
    undisturbed.takes("run")
    expected = everybody(undisturbed)
    never = Fate(0, working=True, after=False, dies=False)
    points = 0
    for at in range(1 + 2 * dies + after, 1_000, STRIDE):
        each = stage.twin()
        venue = struck(each, tmp_path, 0)
        venue.plan = [Fate(at=at, working=True, after=after, dies=dies), never]
        each.takes("run")
        assert everybody(each) == expected, f"step {at}"
        assert not venue.state.runs
        if not venue.struck:
            break
        points += 1
        if points % 5 == 1:
            venue.close()
    print(f"{points} steps of the run struck, {'dying' if dies else 'failing'} {'after' if after else 'before'} each")
    assert points >= len(HOLDERS)
