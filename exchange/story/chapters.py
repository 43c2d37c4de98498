"""The story's chapters in their order, under the headings they are told under. A new chapter is one more line here.

A chapter is a coroutine that plays it on the stage and ends with `stage.tell(name, figures, *sentences)`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from exchange.story import (
    blocks,
    burdens,
    company,
    comparing,
    dates,
    deals,
    founding,
    income,
    listed_price,
    loans,
    notes,
    patents,
    pilot,
    product,
    proofs,
    reforming,
    rewarding,
    stepping_in,
    titles,
    trading,
    two_signatures,
)
from exchange.story.stage import Stage


class Chapter(NamedTuple):
    """What the bar shows, what happens, and its share of the whole bar."""

    label: str
    happen: Callable[[Stage], Awaitable[None]]
    share: int


class Part(NamedTuple):
    """Some chapters under one heading."""

    heading: str
    chapters: tuple[Chapter, ...]


async def _pay_a_product(stage: Stage) -> None:
    """The product's chapter, put into words."""
    await product.pool_and_pay(stage)
    told = stage.facts["product"]
    stage.tell(
        "product",
        told,
        f"Three licence fees are pooled behind one class of notes ({told['product_id']}); {told['traded']['notes']} of "
        f"them change hands on the sandbox's book ({told['traded']['code']}); {told['holders_paid']} "
        "holders are paid, and a programme rewards the issuer and the arranger, once each (reward.double_claim).",
    )


PARTS: tuple[Part, ...] = (
    Part(
        "The venue",
        (
            Chapter("Two operators and a regulator", founding.found_the_venue, 30),
            Chapter("The law is published and put in force", founding.publish_the_law, 20),
            Chapter("Banks and markets open", founding.open_banks_and_markets, 5),
            Chapter("A witness begins to look", proofs.begin_to_witness, 5),
        ),
    ),
    Part(
        "Patents and their titles",
        (
            Chapter("Real applicants become institutions", patents.admit_institutions, 10),
            Chapter("Real patents come in", patents.import_patents, 30),
            Chapter("Recorded papers come in, a burdened patent stays out", titles.read_the_register, 20),
            Chapter("Twenty outcomes are shared and listed", patents.list_outcomes, 120),
        ),
    ),
    Part(
        "The book",
        (
            Chapter("Investors are admitted", trading.admit_investors, 100),
            Chapter("Books open by call, investors bid, trades settle", trading.trade_on_the_book, 400),
            Chapter("A block is bought and shared among funds", blocks.share_a_block, 5),
        ),
    ),
    Part(
        "Institutions and inventors",
        (
            Chapter("Inventors get their share", pilot.assign_to_inventors, 40),
            Chapter("A reform programme starts, two teams get theirs", reforming.reform, 20),
            Chapter("An income is shared out", income.distribute, 20),
            Chapter("A company is founded, its equity changes hands", company.found_and_transfer, 20),
            Chapter("A register's list differs, and is resolved", comparing.compare_with_a_register, 10),
        ),
    ),
    Part(
        "Whole rights change hands",
        (
            Chapter("A whole patent changes hands, another does not", deals.sell_two_patents, 20),
            Chapter("A right is sold at its listed price", listed_price.sell_at_a_listed_price, 10),
            Chapter("A co-owner steps in before a stranger", stepping_in.step_in, 10),
            Chapter("A large offer needs a second signature", two_signatures.sell_with_two_signatures, 10),
            Chapter("A wrong date is corrected", dates.correct_a_date, 5),
        ),
    ),
    Part(
        "Burdens and licences",
        (Chapter("A patent is pledged, preserved, licensed", burdens.burden, 20),),
    ),
    Part(
        "Products",
        (
            Chapter("A product pays its holders", _pay_a_product, 40),
            Chapter("Twelve loans on patents become a pool", loans.pool_loans, 40),
            Chapter("A private market opens, by leave", notes.open_the_private_market, 10),
            Chapter("The pool becomes notes", notes.issue_notes, 40),
            Chapter("Notes are sold on by agreement", notes.sell_on, 5),
            Chapter("The first quarter is paid", notes.pay_the_first_quarter, 20),
            Chapter("A city and a district reward", rewarding.reward, 20),
        ),
    ),
    Part(
        "Proofs",
        (Chapter("Certificates are checked offline", proofs.prove_offline, 20),),
    ),
)
