"""The report of each payment is published by the issuer, in its days or late, and once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from custody.corrections_messages import FreezeAccount
from securitization.servicing_messages import PublishReport
from securitization.servicing_records import Duty, DutyKind, DutyState, ServicingState
from tests.servicing.stage import Stage
from tests.servicing.test_life import serve_period

SHA256 = "ab" * 32
DAYS = 10
"""After the payment date, by the calendar's default."""


def publishing(stage: Stage, period: int = 1) -> PublishReport:
    """The issuer's command."""
    return PublishReport(servicing_id=stage.servicing_id, period=period, report_sha256=SHA256)


def disclosure(stage: Stage) -> Duty:
    """The newest disclosure that was told."""
    for entry in reversed(stage.venue.journal):
        for event in reversed(entry.events):
            for told in (getattr(event, "duty", None), *getattr(event, "duties", ())):
                if isinstance(told, Duty) and told.kind is DutyKind.DISCLOSURE:
                    return told
    raise AssertionError("none was told")


def last_day(stage: Stage, period: int = 1) -> date:
    """The last day on which a report is in time."""
    return date.fromisoformat(stage.deal.periods[period - 1].payment_date) + timedelta(days=DAYS)


def test_a_report_is_due_once_everybody_is_paid_and_is_the_issuers_to_publish() -> None:
    stage = Stage.opened()
    venue = stage.venue
    assert venue.refusal(publishing(stage), "issuer") == "report.not_due"
    serve_period(stage)
    due = disclosure(stage)
    assert (due.period, due.account_id, due.state) == (1, venue.accounts["issuer"], DutyState.OPEN)
    for who in ("servicer", "trustee", "wu"):
        assert venue.refusal(publishing(stage), who) == "servicing.not_party"
    assert venue.refusal(publishing(stage, 2), "issuer") == "report.not_due"
    venue.restart()
    assert venue.refusal(publishing(stage), "issuer") == ""
    assert (disclosure(stage).state, disclosure(stage).report_sha256) == (DutyState.DONE, SHA256)
    assert venue.refusal(publishing(stage), "issuer") == "report.not_due", "once"
    venue.close()


@pytest.mark.parametrize(("days", "state"), [(0, DutyState.OPEN), (1, DutyState.LATE)])
def test_a_report_is_late_when_its_last_day_is_over(days: int, state: DutyState) -> None:
    stage = Stage.opened()
    serve_period(stage)
    stage.to_day(last_day(stage) + timedelta(days=days - 1))
    assert disclosure(stage).state is state
    assert stage.venue.refusal(publishing(stage), "issuer") == ""
    ended = {DutyState.OPEN: DutyState.DONE, DutyState.LATE: DutyState.DONE_LATE}
    assert disclosure(stage).state is ended[state]
    stage.venue.close()


def test_a_frozen_issuer_still_says_what_it_published() -> None:
    stage = Stage.opened()
    serve_period(stage)
    stage.venue.do(FreezeAccount(account_id=stage.venue.accounts["issuer"], frozen=True, reason="court"))
    assert stage.venue.refusal(publishing(stage), "issuer") == ""
    stage.venue.close()


def test_the_last_report_is_published_after_the_deal_is_over_and_late_if_it_must() -> None:
    stage = Stage.opened()
    periods = len(stage.deal.periods)
    for _ in range(periods):
        serve_period(stage)
    assert stage.servicing().state is ServicingState.REDEEMED
    stage.venue.restart()
    stage.to_day(last_day(stage, periods))
    assert disclosure(stage).state is DutyState.LATE
    for period in range(1, periods + 1):
        assert stage.venue.refusal(publishing(stage, period), "issuer") == ""
    stage.venue.restart()
    assert not stage.venue.state.table(Duty)
    stage.venue.close()


def test_who_serves_in_the_servicers_place_does_not_publish_in_the_issuers() -> None:
    stage = Stage.opened()
    serve_period(stage)
    stage.to_collection_day()
    assert stage.step("perfect") == ""
    kinds = {duty.kind: duty.account_id for duty in stage.venue.state.table(Duty).values()}
    assert kinds[DutyKind.DISCLOSURE] == stage.venue.accounts["issuer"]
    stage.venue.close()
