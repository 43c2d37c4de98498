"""Workflow 9: CNY 1,000,000 of licence income, from its record to the last cent of payees and tax office."""

from __future__ import annotations

from custody.accounts import AccountKind
from custody.corrections_messages import FreezeAccount
from tests.deals.stage import WRONG
from tests.incomes.stage import Stage
from tests.journeys.script import Acts, walk


def said(stage: Stage, text: str, **contributors: tuple[int, int]) -> None:
    """Walk with the lines of this journey that the text says; the contributors share as named."""
    venue = stage.venue

    def freezes(frozen: bool) -> str:
        return venue.refusal(FreezeAccount(account_id=venue.accounts["hana"], frozen=frozen))

    lines: Acts = {
        "thu has it distributed": lambda: stage.take("propose", contributors=stage.payees(**contributors)),
        "pku has it distributed": lambda: stage.take("propose", by="pku"),
        "thu deducts without a paper": lambda: stage.take("propose", split_sha256=WRONG),
        "the maker approves": lambda: stage.take("approve", by="thu"),
        "the dean approves": lambda: stage.take("approve"),
        "the dean approves another plan": lambda: stage.take("approve", plan_sha256=WRONG),
        "two operators pay": lambda: stage.take("pay"),
        "every part is paid": lambda: stage.take("run"),
        "the account of hana is frozen": lambda: freezes(True),
        "the account of hana is released": lambda: freezes(False),
        "what waits for hana is paid": lambda: stage.take("release"),
        "the tax is remitted": lambda: stage.take("remit"),
        "thu withdraws the income": lambda: stage.take("withdraw income"),
        "the distribution is": lambda: stage.distribution().state.value,
        "ada, hana have": lambda: f"{stage.money('ada')}, {stage.money('hana')}",
        "the tax account has": lambda: str(stage.kept_for(AccountKind.TAX_WITHHELD)),
    }
    whole = {" ".join(line.partition("->")[0].partition("#")[0].split()) for line in text.splitlines()}
    walk(stage, text, {line: act for line, act in lines.items() if line in whole})


def test_net_income_is_shared_by_the_law_s_half_withheld_of_and_paid_to_the_cent() -> None:
    stage = Stage.cn()
    before = stage.money("ada")
    said(
        stage,
        f"""
        # 1,000,000 less taxes 60,000, upkeep 20,000 and direct costs 30,000: net 890,000, half of it 445,000.
        pku has it distributed             -> income.not_party
        thu deducts without a paper        -> document.unknown
        thu has it distributed
        thu has it distributed             -> income.state
        thu withdraws the income           -> income.state
        two operators pay                  -> distribution.state
        the maker approves                 -> approval.same_person
        the dean approves another plan     -> distribution.plan_changed
        the dean approves
        the account of hana is frozen
        two operators pay
        the exchange restarts
        every part is paid

        # Ada is resident; hana lives abroad, a tenth is withheld of her part, and her account is frozen: it waits.
        ada, hana have                     -> {before + 222_500_00}, 0
        the tax account has                -> 0
        what waits for hana is paid        -> account.frozen
        the tax is remitted                -> distribution.state
        the account of hana is released
        what waits for hana is paid
        what waits for hana is paid        -> distribution.unclaimed_unknown
        ada, hana have                     -> {before + 222_500_00}, {200_250_00}
        the tax account has                -> {22_250_00}
        the distribution is                -> paid
        the tax is remitted
        the tax account has                -> 0
        the distribution is                -> done
        """,
        ada=(1, 2),
        hana=(1, 2),
    )
    stage.venue.close()
