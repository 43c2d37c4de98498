"""A desk at which the right A is licensed; scenarios are played line by line.

    desk = LicenceDesk.cn()                              `lab` (private) or, with `seller="thu"`, a state university
    desk.plays('''
        lab offers li exclusive CN 300       ->  li proposed
        li  accepts                          ->  li signing
        li  signs                            ->  li signing
        lab signs li                         ->  li in_force
        lab opens 200                        ->  licence.conflict
    ''')

Prices are in thousands of CNY. A place is a country, some (`CN+US`), `world`, or the world but some (`world-US`); then
a field of use may follow, and a term in days from today (`F02K 30..90`), which is otherwise a year from today.
"""

from __future__ import annotations

import functools
from datetime import date, timedelta
from typing import Any

from exchange.core.calendar import local_date
from exchange.core.ids import LicenceId, OpenLicenceId
from exchange.core.instruments import Side
from exchange.core.messages import Command
from exchange.core.units import Minor
from exchange.engine.state import VENUE_TIME_ZONE
from matching.licence_messages import (
    AcceptLicence,
    DeclareOpenLicence,
    Licence,
    LicenceProposed,
    ObjectToLicence,
    OpenLicence,
    OpenLicenceDeclared,
    OpenLicenceTaken,
    ProposeLicence,
    PublishOpenLicence,
    RecordLicence,
    ResolveLicence,
    SignLicence,
    TakeOpenLicence,
    TerminateLicence,
    WithdrawLicence,
    WithdrawOpenLicence,
)
from matching.licences import LicenceKind, Scope, Territories
from tests.deals.stage import WRONG, Desk

THOUSAND = 100_000
YEAR = 365


def place(text: str) -> Territories:
    """`CN`, `CN+US`, `world`, `world-US`."""
    if text.startswith("world"):
        return Territories(countries=tuple(sorted(text.split("-")[1:])), everywhere_but=True)
    return Territories(countries=tuple(sorted(text.split("+"))))


class LicenceDesk(Desk):
    """A desk with one right, and at most one licence at hand for each licensee."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.licences: dict[str, LicenceId] = {}
        self.open_id = OpenLicenceId(0)

    @classmethod
    def cn(cls, seller: str = "lab") -> LicenceDesk:
        """The default profile's market, with a right in custody."""
        return _prepared(seller).again()

    def again(self) -> LicenceDesk:
        """Another desk with the same past."""
        desk = LicenceDesk(self.venue.copy())
        desk.cn_market, desk.serial, desk.seller = self.cn_market, self.serial, self.seller
        desk.right_id, desk.deal_id, desk.open_id = self.right_id, self.deal_id, self.open_id
        desk.licences = dict(self.licences)
        return desk

    # --- Playing ------------------------------------------------------------------------------------------------------

    def plays(self, text: str) -> None:
        """Play a scenario: each line is what happens, and after an arrow how things stand, or a refusal."""
        for line in text.strip().splitlines():
            asked, _, expected = (part.strip() for part in line.partition("->"))
            told = self.happens(asked)
            assert told == " ".join(expected.split()), f"{asked} -> {told}, expected {expected}"

    def happens(self, line: str) -> str:
        """One line of a scenario; answers the refusal, or how things stand."""
        match line.split():
            case ["wait", days, _]:
                self.step(f"wait {days}")
            case ["restart"]:
                self.venue.restart()
            case [who, *step]:
                if refused := self.takes(who, step):
                    return refused
        return self.shown()

    def takes(self, who: str, step: list[str]) -> str:
        """Take a step; the code it is refused with, or nothing."""
        events = self.venue.do(self.step_of(who, step), who)
        for event in events:
            match event:
                case LicenceProposed(licence=licence) | OpenLicenceTaken(licence=licence):
                    accounts = {account: name for name, account in self.venue.accounts.items()}
                    self.licences[accounts[licence.licensee_account_id]] = licence.licence_id
                case OpenLicenceDeclared(open_licence=declared):
                    self.open_id = declared.open_licence_id
                case _:
                    pass
        code = getattr(events[0], "code", None)
        return str(code.value) if code is not None else ""

    def step_of(self, who: str, step: list[str]) -> Command:
        """The command of a line's step; without a name it is about one's own licence."""
        whom = step[1] if len(step) > 1 else who
        licence_id = self.licences.get(whom, LicenceId(0))
        paper = self.file(self.seller, "licence")
        match step:
            case ["offers", _, kind, where, price, *rest]:
                return self.offer(whom, kind, where, int(price) * THOUSAND, *rest)
            case ["accepts"]:
                terms = self.licence(who).terms_sha256 if licence_id else WRONG
                return AcceptLicence(licence_id=licence_id, terms_sha256=terms)
            case ["signs", *_]:
                side = Side.SELL if who == self.seller else Side.BUY
                return SignLicence(licence_id=licence_id, side=side, contract_sha256=paper)
            case ["withdraws", *_]:
                return WithdrawLicence(licence_id=licence_id)
            case ["objects", _]:
                return ObjectToLicence(licence_id=licence_id, reason="the price is too low")
            case ["upholds" | "dismisses" as word, _]:
                return ResolveLicence(licence_id=licence_id, upheld=word == "upholds", reason="so it is")
            case ["records", _]:
                return RecordLicence(licence_id=licence_id, recorded_on=self.today(), office_reference="CNIPA X-1")
            case ["ends", *_]:
                decision = self.file("ops", "decision") if who == "ops" else None
                return TerminateLicence(licence_id=licence_id, reason="enough", decision_sha256=decision)
            case ["opens", price]:
                return self.declaration(int(price) * THOUSAND)
            case ["publishes"]:
                return PublishOpenLicence(open_licence_id=self.open_id, office_reference="CNIPA O-1")
            case ["takes", price]:
                return TakeOpenLicence(
                    open_licence_id=self.open_id,
                    account_id=self.venue.accounts[who],
                    fee_minor=Minor(int(price) * THOUSAND),
                    contract_sha256=paper,
                )
            case ["closes"]:
                return WithdrawOpenLicence(open_licence_id=self.open_id)
            case _:
                raise ValueError(f"{who} {step}")

    def offer(
        self, whom: str, kind: str, where: str, price_minor: int, use: str = "-", days: str = "0..365", **more: Any
    ) -> ProposeLicence:
        """The command that offers a licence."""
        terms: dict[str, Any] = {
            "market_id": self.cn_market,
            "asset_id": self.right_id,
            "licensor_account_id": self.venue.accounts[self.seller],
            "licensee_account_id": self.venue.accounts[whom],
            "kind": LicenceKind(kind),
            "scope": self.scope(where, use, days),
            "price_minor": Minor(price_minor),
            "contract_sha256": self.file(self.seller, "licence"),
        }
        return ProposeLicence(**(terms | more))

    def declaration(self, fee_minor: int, **more: Any) -> DeclareOpenLicence:
        """The command that declares an open licence for China, for two years."""
        terms: dict[str, Any] = {
            "market_id": self.cn_market,
            "asset_id": self.right_id,
            "account_id": self.venue.accounts[self.seller],
            "name": "Membrane patent",
            "scope": self.scope("CN", "-", "0..730"),
            "fee_minor": Minor(fee_minor),
            "contract_sha256": self.file(self.seller, "licence"),
        }
        return DeclareOpenLicence(**(terms | more))

    def scope(self, where: str, use: str = "-", days: str = "0..365") -> Scope:
        """What a licence covers, its days counted from today."""
        first, last = (date.fromisoformat(self.today()) + timedelta(days=int(count)) for count in days.split(".."))
        return Scope(
            territories=place(where),
            fields=() if use == "-" else tuple(sorted(use.split("+"))),
            starts_on=first.isoformat(),
            ends_on=last.isoformat(),
        )

    def today(self) -> str:
        """The venue's date."""
        return local_date(self.venue.clock_ns, VENUE_TIME_ZONE).isoformat()

    # --- Looking ------------------------------------------------------------------------------------------------------

    def licence(self, who: str) -> Licence:
        """Somebody's licence, as it last was."""
        licence_id = self.licences[who]
        found = self.venue.state.table(Licence).get(licence_id)
        if found is not None:
            return found
        for entry in reversed(self.venue.journal):
            for event in reversed(entry.events):
                licence = getattr(event, "licence", None)
                if isinstance(licence, Licence) and licence.licence_id == licence_id:
                    return licence
        raise AssertionError(f"no licence of {who}")

    def opened(self) -> OpenLicence:
        """The declaration at hand, as it last was."""
        found = self.venue.state.table(OpenLicence).get(self.open_id)
        if found is not None:
            return found
        for entry in reversed(self.venue.journal):
            for event in reversed(entry.events):
                declared = getattr(event, "open_licence", None)
                if isinstance(declared, OpenLicence) and declared.open_licence_id == self.open_id:
                    return declared
        raise AssertionError("no open licence at hand")

    def shown(self) -> str:
        """`li in_force, wu proposed, open 1 taken`."""
        told = [f"{who} {self.licence(who).state}" for who in self.licences]
        if self.open_id:
            declared = self.opened()
            told.append(f"{declared.state} {declared.taken} taken")
        return ", ".join(told)


@functools.cache
def _prepared(seller: str) -> LicenceDesk:
    desk = LicenceDesk(Desk.cn().venue)
    desk.cn_market, desk.seller, desk.serial = Desk.cn().cn_market, seller, 700
    desk.right_id = desk.right(seller)
    return desk
