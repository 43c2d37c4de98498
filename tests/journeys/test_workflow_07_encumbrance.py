"""Workflow 7: a pledge is asked for, registered, released or enforced; a court's order goes before everything."""

from __future__ import annotations

from custody.pledges import EncumbranceState, PledgeRequested
from exchange.core.ids import EncumbranceId
from exchange.core.instruments import Side
from exchange.core.messages import Rejected
from tests.journeys.script import Acts, walk
from tests.pledges.stage import Vault
from tests.sales.stage import THOUSAND


class Case:
    """The patent of lab, the pledges on it by their lenders, and a court's order."""

    def __init__(self) -> None:
        self.vault = Vault.cn()
        self.entries: dict[str, EncumbranceId] = {}

    def asks(self, lender: str, thousands: int, **changed: object) -> str:
        event = self.vault.venue.do(self.vault.request(lender, thousands, **changed), "lab")[0]
        if isinstance(event, Rejected):
            return event.code.value
        assert isinstance(event, PledgeRequested)
        self.entries[lender] = event.encumbrance.encumbrance_id
        return ""

    def orders(self) -> None:
        self.entries["court"] = self.vault.preserved()

    def lifts(self) -> None:
        self.vault.lift(self.entries["court"])

    def stands(self, lender: str) -> str:
        return self.vault.burden(self.entries[lender]).state.value

    def acts(self) -> Acts:
        vault, venue = self.vault, self.vault.venue
        return {
            "lab asks for a pledge to bank": lambda: self.asks("bank", 300),
            "lab asks for a pledge without the annuity receipt": lambda: self.asks(
                "bank", 300, annuity_receipt_sha256="0" * 64
            ),
            "the office registers it": lambda: venue.refusal(vault.registering(self.entries["bank"])),
            "bank registers it itself": lambda: venue.refusal(vault.registering(self.entries["bank"]), "bank"),
            "lab offers the patent": lambda: venue.refusal(vault.proposal(), "lab"),
            "lab asks for a second pledge to fund": lambda: self.asks("fund", 200),
            "fund releases the pledge of bank": lambda: vault.release(self.entries["bank"], "fund"),
            "bank releases its pledge": lambda: vault.release(self.entries["bank"], "bank"),
            "the court preserves the patent": self.orders,
            "the court lifts its order": self.lifts,
            "bank has it sold": lambda: venue.refusal(vault.enforcement(self.entries["bank"], "bank", 250), "bank"),
            "the pledge is": lambda: self.stands("bank"),
            "the order is": lambda: self.stands("court"),
        }


def test_a_pledge_from_its_request_to_its_release_and_a_court_over_it() -> None:
    case = Case()
    walk(
        case.vault,
        """
        # The check list, then the office: before its registration a pledge blocks nothing.
        lab asks for a pledge without the annuity receipt   -> pledge.checks_failed
        lab asks for a pledge to bank
        the pledge is                                       -> requested
        bank registers it itself                            -> role.not_allowed
        the office registers it
        the office registers it                             -> pledge.state
        the pledge is                                       -> registered

        # What is pledged is not disposed of, nor pledged again, without the lender.
        lab offers the patent                               -> right.encumbered
        lab asks for a second pledge to fund                -> pledge.checks_failed
        fund releases the pledge of bank                    -> pledge.not_party
        the exchange restarts

        # A court's order goes before everything: not even the lender has the patent sold meanwhile.
        the court preserves the patent
        the order is                                        -> ordered
        bank has it sold                                    -> right.encumbered
        the court lifts its order
        the order is                                        -> lifted

        bank releases its pledge
        bank releases its pledge                            -> encumbrance.unknown
        the pledge is                                       -> released
        lab offers the patent
        """,
        case.acts(),
    )
    case.vault.venue.close()


def test_an_enforced_pledge_is_sold_by_auction_and_paid_before_the_owner() -> None:
    vault = Vault.cn()
    pledge = vault.pledged("bank", 300)
    assert vault.venue.refusal(vault.enforcement(pledge, "fund", 250), "fund") == "pledge.not_party"
    assert vault.venue.refusal(vault.enforcement(pledge, "bank", 301), "bank") == "pledge.terms_invalid"
    vault.enforced(pledge, "bank", 250)
    for who in ("li", "wu"):
        vault.entry_papers(who)
    before = {who: vault.money(who) for who in ("bank", "lab")}
    vault.plays("""
        begin            ->  A open
        li bids A 800    ->  A li 800
        end              ->  A awarded li 800
    """)
    assert vault.signs("lab", Side.SELL) == "deal.not_party", "the pledgee sells"
    assert (vault.signs("li", Side.BUY), vault.signs("bank", Side.SELL)) == ("", "")
    vault.plays("ops records A -> A sold li 800")
    fee = vault.deal_of("A").seller_fee_minor
    assert vault.money("bank") - before["bank"] == 250 * THOUSAND
    assert vault.money("lab") - before["lab"] == 550 * THOUSAND - fee, "the rest is the owner's"
    assert vault.burden(pledge).state is EncumbranceState.ENFORCED
    assert vault.owner_of("A") == "li"
    vault.venue.close()
