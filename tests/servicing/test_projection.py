"""What periods are expected to bring stands beside what they brought, with the difference of each figure."""

from __future__ import annotations

from typing import Any

import pytest

from exchange.core.units import Minor
from securitization.servicing_messages import ExpectedPeriod, ProjectionRecorded, RecordProjection
from securitization.servicing_records import CollectionTotals, ProjectedPeriod
from tests.issuing.stage import DOCUMENT
from tests.servicing.stage import NOTHING, Stage


def projection(stage: Stage, *periods: tuple[int, int, int], **changed: Any) -> RecordProjection:
    """The command that expects (period, interest, balance)."""
    terms: dict[str, Any] = {
        "servicing_id": stage.servicing_id,
        "document_sha256": DOCUMENT,
        "periods": tuple(
            ExpectedPeriod(period=number, interest_minor=Minor(interest), balance_minor=Minor(balance))
            for number, interest, balance in periods
        ),
    }
    return RecordProjection(**(terms | changed))


def standing(stage: Stage) -> dict[int, ProjectedPeriod]:
    """What stands, by period."""
    return {one.period: one for one in stage.venue.state.table(ProjectedPeriod).values()}


def test_each_complete_collection_is_compared_and_a_correction_again() -> None:
    stage = Stage.opened()
    stage.venue.make(projection(stage, (1, 23_000, 810_000), (2, 18_000, 510_000)), ProjectionRecorded, "servicer")
    assert stage.step("import") == ""  # 23,625 of interest, 250,000 of principal, 800,000 left
    found = standing(stage)[1]
    assert found.difference == CollectionTotals(interest_minor=625, principal_minor=250_000, balance_minor=-10_000)
    assert found.collection_id == stage.servicing().collection_id
    assert stage.venue.refusal(stage.collection(NOTHING, version=2), "servicer") == ""
    assert standing(stage)[1].difference == CollectionTotals(interest_minor=-23_000, balance_minor=240_000)
    assert standing(stage)[2].difference == CollectionTotals()
    stage.venue.restart()
    stage.venue.close()


def test_a_later_version_replaces_the_periods_it_names_and_a_paid_period_stays() -> None:
    stage = Stage.opened()
    stage.venue.do(projection(stage, (1, 1, 1), (2, 2, 2)), "servicer")
    stage.venue.do(projection(stage, (2, 3, 3), (3, 4, 4)), "trustee")
    assert [(number, one.version) for number, one in sorted(standing(stage).items())] == [(1, 1), (2, 2), (3, 1)]
    for name in ("import", "deposit", "prepare", "approve"):
        assert stage.step(name) == ""
    assert stage.venue.refusal(projection(stage, (1, 9, 9)), "servicer") == "projection.invalid"
    stage.to_payment_date()
    assert stage.step("pay") == ""
    stage.venue.finish_runs()
    assert sorted(standing(stage)) == [2, 3]
    stage.venue.close()


@pytest.mark.parametrize(
    ("periods", "changed", "by", "code"),
    [
        (((1, 1, 1), (4, 1, 1)), {}, "servicer", ""),
        (((1, 1, 1), (5, 1, 1)), {}, "servicer", "projection.invalid"),  # the deal has four
        (((2, 1, 1), (1, 1, 1)), {}, "servicer", "projection.invalid"),
        (((1, 1, 1), (1, 1, 1)), {}, "servicer", "projection.invalid"),
        (((1, 1, 1),), {"document_sha256": "0" * 64}, "servicer", "document.unknown"),
        (((1, 1, 1),), {"servicing_id": 1}, "servicer", "servicing.unknown"),
        (((1, 1, 1),), {}, "guarantor", "servicing.not_party"),
    ],
)
def test_what_is_no_projection(periods: Any, changed: dict[str, Any], by: str, code: str) -> None:
    stage = Stage.opened()
    assert stage.venue.refusal(projection(stage, *periods, **changed), by) == code
