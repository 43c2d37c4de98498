"""The arithmetic a lawyer can check with a pencil: floors by overlay, deductions, withholding, and whole payments."""

from __future__ import annotations

import pytest

from custody.accounts import AccountKind
from custody.distribution import OwnRule, PotRole
from custody.distribution_messages import DistributionState, IncomeKind
from exchange.core.units import Ppm
from tests.incomes.stage import NET, Stage

FLOORS = [
    # place, kind, contributors, staff
    ("national", IncomeKind.LICENCE, 445_000_00, 0),
    ("national", IncomeKind.TRANSFER, 445_000_00, 0),
    ("beijing", IncomeKind.LICENCE, 623_000_00, 0),
    ("hainan", IncomeKind.LICENCE, 445_000_00, 89_000_00),
    ("national", IncomeKind.SHARES, 445_000_00, 0),
    ("beijing", IncomeKind.SHARES, 623_000_00, 0),
]


@pytest.mark.parametrize(("place", "kind", "contributors", "staff"), FLOORS)
def test_the_floors_of_the_law_by_place(place: str, kind: IncomeKind, contributors: int, staff: int) -> None:
    stage = Stage.cn(kind=kind)
    staffed = {"staff": stage.payees(tao=(1, 1))} if staff else {}
    plan = stage.planned(jurisdiction=place, **staffed)
    assert plan.net_minor == NET
    assert (stage.pot(PotRole.CONTRIBUTORS), stage.pot(PotRole.STAFF)) == (contributors, staff)
    assert stage.pot(PotRole.OWNER) == NET - contributors - staff
    stage.venue.close()


@pytest.mark.parametrize(("year", "floor"), [(1, 50_000_00), (5, 50_000_00), (6, 0)])
def test_a_year_s_profit_is_shared_for_five_years(year: int, floor: int) -> None:
    stage = Stage.cn(kind=IncomeKind.PROFIT, profit_year=year)
    team = {} if floor else {"contributors": ()}
    stage.planned(deductions=(), **team)
    assert stage.pot(PotRole.CONTRIBUTORS) == floor
    stage.venue.close()


def test_the_team_s_third_of_a_cent_goes_to_the_first() -> None:
    stage = Stage.cn()
    stage.planned(jurisdiction="beijing")
    assert [line.gross_minor for line in stage.lines()] == [207_666_67, 207_666_67, 207_666_66]


def test_a_royalty_to_a_non_resident_is_withheld_of_at_a_tenth() -> None:
    stage = Stage.cn()
    stage.planned(deductions=(), contributors=stage.payees(hana=(1, 1)))
    [line] = stage.lines()
    assert (line.gross_minor, line.withholding_ppm, line.withheld_minor) == (500_000_00, 100_000, 50_000_00)
    rule = stage.distribution().withholding_rule
    assert rule is not None and rule.provision == "CN-EIT-37"


def test_the_whole_way_to_the_tax_office() -> None:
    stage = Stage.cn()
    before = stage.money("ada")
    stage.planned(contributors=stage.payees(ada=(1, 2), hana=(1, 2)))
    stage.takes("approve", "pay", "run")
    assert stage.money("ada") - before == 222_500_00
    assert stage.money("hana") == 200_250_00
    assert stage.kept_for(AccountKind.TAX_WITHHELD) == 22_250_00
    assert stage.money("thu") == 1_000_000_00 - 445_000_00
    assert stage.venue.state.ledger.held(stage.venue.accounts["thu"], stage.money_id()) == 0
    assert stage.distribution().state is DistributionState.PAID
    stage.takes("remit")
    assert stage.distribution().state is DistributionState.DONE
    assert (stage.kept_for(AccountKind.TAX_WITHHELD), stage.kept_for(AccountKind.ESCROW)) == (0, 0)
    stage.venue.close()


def test_an_own_rule_above_the_floor_is_followed_and_below_it_refused_with_the_statute() -> None:
    stage = Stage.cn()
    rule = stage.file("thu", "own rule")
    below = OwnRule(rate_ppm=Ppm(499_999), document_sha256=rule)
    assert stage.refused_by(stage.proposal(own_rule=below)) == ("distribution.below_floor", "CN-PCSTA-45")
    floor = OwnRule(rate_ppm=Ppm(500_000), document_sha256=rule)
    stage.planned(own_rule=floor)
    assert stage.pot(PotRole.CONTRIBUTORS) == 445_000_00
    stage.takes("withdraw")
    stage.planned(own_rule=OwnRule(rate_ppm=Ppm(800_000), document_sha256=rule))
    assert stage.pot(PotRole.CONTRIBUTORS) == 712_000_00
    stage.venue.close()


def test_a_pilot_s_agreement_decides_rate_and_split() -> None:
    stage = Stage.without_income()
    stage.opened()
    stage.steps("decide", "wait 16", "thu signs", "ada signs", "bo signs", "cy signs")
    stage.recorded()
    taken = stage.refused_by(stage.proposal())
    assert taken == ("distribution.payees_invalid", "")
    stage.planned(contributors=(), split_sha256=None)
    assert [line.gross_minor for line in stage.lines()] == [148_333_34, 148_333_33, 148_333_33]
    assert stage.distribution().pots[0].reason == "the pilot's agreement"
    stage.venue.close()
