"""Workflow 6: contract, escrow, the office, and the one transfer of money and title; and the ways it may fail."""

from __future__ import annotations

import pytest

from tests.deals.stage import CASH, FEE, PRICE, WRONG, Desk
from tests.journeys.script import Acts, walk


def acts(desk: Desk) -> Acts:
    """The lines of this journey."""
    return {
        "lab offers the patent to li": desk.offered,
        "li accepts the terms": lambda: desk.step("accept"),
        "li accepts other terms": lambda: desk.step("accept", terms_sha256=WRONG),
        "wu accepts for li": lambda: desk.step("accept", by="wu"),
        "lab signs": lambda: desk.step("seller signs"),
        "li signs": lambda: desk.step("buyer signs"),
        "li signs another text": lambda: desk.step("buyer signs", contract_sha256=WRONG),
        "lab withdraws": lambda: desk.step("withdraw"),
        "lab offers it to somebody else": lambda: desk.venue.refusal(desk.proposal(), "lab"),
        "the office records the transfer": lambda: desk.step("confirm"),
        "the office records it tomorrow": lambda: desk.step("confirm", effective_date="2036-01-01"),
        "lab says that it is recorded": lambda: desk.step("confirm", by="lab"),
        "the office refuses": lambda: desk.step("refuse"),
        "in escrow, with lab, with li": lambda: f"{desk.escrow()}, {desk.money('lab')}, {desk.money('li')}",
        "the owner is": desk.owner,
        "the contract is": lambda: desk.deal().state.value,
    }


def said(desk: Desk, text: str) -> None:
    """Walk with those lines that the text uses."""
    walk(desk, text, {line: act for line, act in acts(desk).items() if line in " ".join(text.split())})


SIGNED = """
    lab offers the patent to li
    li accepts the terms
    lab signs
    li signs                           # the price and the fee of CNY 8,000 lie in escrow from here on
    the contract is                    -> contracted
"""


def test_title_moves_with_the_office_s_record_and_money_with_it() -> None:
    desk = Desk.cn()
    said(
        desk,
        f"""
        lab offers the patent to li
        wu accepts for li              -> deal.not_party
        li accepts other terms         -> deal.terms_changed
        lab signs                      -> deal.state
        li accepts the terms
        li signs another text          -> deal.terms_changed
        li signs
        li signs                       -> deal.state
        in escrow, with lab, with li   -> {PRICE + FEE}, 0, {CASH - PRICE - FEE}
        lab signs
        the contract is                -> contracted
        lab withdraws                  -> deal.state
        lab offers it to somebody else -> deal.state
        the exchange restarts
        30 days pass
        the owner is                   -> lab
        lab says that it is recorded   -> role.not_allowed
        the office records it tomorrow -> recordal.invalid
        the office records the transfer
        the contract is                -> completed
        the owner is                   -> li
        in escrow, with lab, with li   -> 0, {PRICE - FEE}, {CASH - PRICE - FEE}
        the office refuses             -> deal.unknown
        """,
    )
    assert desk.fees_due() == 2 * FEE
    desk.venue.close()


@pytest.mark.parametrize(
    ("failure", "end"),
    [
        ("the office refuses", "recordal_refused"),
        ("180 days pass", "lapsed"),  # the long stop date: nobody waits for ever
    ],
)
def test_what_the_office_does_not_record_is_unwound_to_the_last_cent(failure: str, end: str) -> None:
    desk = Desk.cn()
    said(
        desk,
        f"""
        {SIGNED}
        {failure}
        the contract is                -> {end}
        the owner is                   -> lab
        in escrow, with lab, with li   -> 0, 0, {CASH}
        the office records the transfer -> deal.unknown
        lab offers it to somebody else
        """,
    )
    desk.venue.close()
