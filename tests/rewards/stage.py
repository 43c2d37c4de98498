"""An office that pays rewards: programmes in force, a sponsor, firms, and every step of an application by one call."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

from exchange.core.calendar import local_date
from exchange.core.documents import FileDocument
from exchange.core.ids import ApplicationId, RewardEventId, SchemeCallId, SchemeId
from exchange.core.messages import Command, Event, Rejected
from exchange.core.parties import Role
from exchange.core.reward_terms import ClawbackTrigger, EvidenceKind, Fact, RewardEventKind, RoleAmount, SchemeRole
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import Minor
from exchange.engine.state import VENUE_TIME_ZONE
from exchange.rulebook import shipped
from securitization.application_messages import (
    AppealApplication,
    Application,
    ApplicationChanged,
    ClawBackApplication,
    ConfirmVoucher,
    CorrectApplication,
    DecideApplication,
    Evidence,
    ObjectToApplication,
    OpenApplication,
    PayApplication,
    PubliciseApplication,
    RepayApplication,
    ResolveApplication,
    ReviewApplication,
    ReviewVerdict,
    SubmitApplication,
    WithdrawApplication,
)
from securitization.scheme_messages import (
    ActivateScheme,
    AwardSchemeCall,
    EndScheme,
    EventParty,
    FactValue,
    OpenScheme,
    OpenSchemeCall,
    RecordRewardEvent,
    RewardEventRecorded,
    Scheme,
    SchemeCall,
    SchemeCallOpened,
    SchemeOpened,
)
from tests.support import Venue, publish

FIRMS = ("wu", "li", "ren")


def text_of(name: str, **changed: Any) -> str:
    """A shipped programme in the test's currency, some of its rows with other values."""
    text = json.loads(shipped.programme_text(name))
    text["currency"] = "XTS"
    for field, value in changed.items():
        text["fields"][field]["value"] = value
    return json.dumps(text, ensure_ascii=False)


class Office:
    """A venue with a sponsor of means and three firms; `name` is the programme at hand."""

    def __init__(self, name: str = "shenzhen_contract_2019", *, sponsor_cash: int = 1_000, **changed: Any) -> None:
        self.venue = Venue.sandbox(fee_ppm=0, fee_minimum=0)
        self.venue.member("sponsor", Role.INTERMEDIARY, cash=sponsor_cash)
        for firm in FIRMS:
            self.venue.member(firm)
        self.programme = name
        publish(self.venue, PublishedKind.REWARD_PROGRAMME, text_of(name, **changed))
        self.scheme_id, self.call_id = SchemeId(0), SchemeCallId(0)
        self.applications: dict[str, ApplicationId] = {}

    def file(self, by: str, title: str) -> str:
        """Put a document on record; its hash follows from who and what."""
        sha256 = hashlib.sha256(f"{by}:{title}".encode()).hexdigest()
        self.venue.do(
            FileDocument(sha256=sha256, size_bytes=10, media_type="text/plain", title=title, subject="reward"), by
        )
        return sha256

    def day(self, days: int = 0) -> str:
        """The venue's date in so many days."""
        return (local_date(self.venue.clock_ns, VENUE_TIME_ZONE) + timedelta(days=days)).isoformat()

    # --- Scheme and call ----------------------------------------------------------------------------------------------

    def opening(self, budget: int = 1_000, **changed: Any) -> OpenScheme:
        """The sponsor's command."""
        fields: dict[str, Any] = {
            "programme": self.programme,
            "sponsor_account_id": self.venue.accounts["sponsor"],
            "money_asset_id": self.venue.money,
            "budget_minor": Minor(budget),
        }
        return OpenScheme(**(fields | changed))

    def opened(self, budget: int = 1_000, **changed: Any) -> Office:
        """A scheme that is on record."""
        self.scheme_id = self.venue.make(self.opening(budget, **changed), SchemeOpened, "sponsor").scheme.scheme_id
        return self

    def activating(self, *amounts: RoleAmount) -> ActivateScheme:
        """The operators' command, with the authority's amounts and its decision."""
        decision = self.file("ops", "formula") if amounts else None
        return ActivateScheme(scheme_id=self.scheme_id, amounts=amounts, decision_sha256=decision)

    def active(self, budget: int = 1_000, *amounts: RoleAmount, by_order: bool = False, called: int = 0) -> Office:
        """An active scheme with one call over all of it, or `called`, for thirty days."""
        self.opened(budget, by_order=by_order)
        self.done(self.venue.by_two(self.activating(*amounts)))
        self.call(called or budget)
        return self

    def calling(self, budget: int, **changed: Any) -> OpenSchemeCall:
        """A call from today, for thirty days."""
        fields: dict[str, Any] = {
            "scheme_id": self.scheme_id,
            "year": 2026,
            "opens_on": self.day(),
            "closes_on": self.day(30),
            "budget_minor": Minor(budget),
        }
        return OpenSchemeCall(**(fields | changed))

    def call(self, budget: int, **changed: Any) -> SchemeCallId:
        """Open a call."""
        made = self.venue.make(self.calling(budget, **changed), SchemeCallOpened)
        self.call_id = made.call.call_id
        return self.call_id

    # --- Events and applications --------------------------------------------------------------------------------------

    def recording(self, firm: str, reference: str, facts: dict[Fact, int], **changed: Any) -> RecordRewardEvent:
        """A registered contract with this seller."""
        fields: dict[str, Any] = {
            "kind": RewardEventKind.CONTRACT_REGISTERED,
            "reference": reference,
            "happened_on": self.day(),
            "parties": (EventParty(role=SchemeRole.SELLER, member_id=self.venue.members[firm]),),
            "facts": tuple(FactValue(fact=fact, value=value) for fact, value in facts.items()),
            "document_sha256": self.file("ops", reference),
        }
        return RecordRewardEvent(**(fields | changed))

    def event(self, firm: str, reference: str, due: int = 250, paid: int = 10**9, **changed: Any) -> RewardEventId:
        """Record the event by two."""
        facts = {Fact.VAT_DUE: due, Fact.VAT_PAID: paid}
        told = self.done(self.venue.by_two(self.recording(firm, reference, facts, **changed)))
        return next(each.event.event_id for each in told if isinstance(each, RewardEventRecorded))

    def begin(self, firm: str, event_id: RewardEventId | None = None, **changed: Any) -> OpenApplication:
        """The command that begins a claim as seller."""
        fields: dict[str, Any] = {
            "call_id": self.call_id,
            "account_id": self.venue.accounts[firm],
            "role": SchemeRole.SELLER,
            "event_id": event_id,
        }
        return OpenApplication(**(fields | changed))

    def drafted(self, firm: str, event_id: RewardEventId | None = None, **changed: Any) -> ApplicationId:
        """A claim that is begun; its own event if none is named."""
        if event_id is None and not {"product_id", "issue_id"} & set(changed):
            event_id = self.event(firm, f"contract of {firm} {len(self.applications)}")
        made = self.venue.make(self.begin(firm, event_id, **changed), ApplicationChanged, firm)
        self.applications[firm] = made.application.application_id
        return self.applications[firm]

    def evidence(self, firm: str, *left_out: EvidenceKind, **figures: int) -> tuple[Evidence, ...]:
        """A document of every kind; `figures` stand in the first."""
        stated = tuple(FactValue(fact=Fact(name), value=value) for name, value in figures.items())
        return tuple(
            Evidence(kind=kind, document_sha256=self.file(firm, kind), figures=() if place else stated)
            for place, kind in enumerate(kind for kind in EvidenceKind if kind not in left_out)
        )

    def handing_in(self, firm: str, **changed: Any) -> SubmitApplication:
        """The command that hands a claim in."""
        fields: dict[str, Any] = {"application_id": self.applications[firm], "evidence": self.evidence(firm)}
        return SubmitApplication(**(fields | changed))

    def submitted(self, firm: str, due: int = 250, *, asked: int | None = None) -> Application:
        """A claim that is handed in, for a contract of its own."""
        event_id = self.event(firm, f"contract of {firm} for {due} at {self.venue.state.sequence}", due)
        self.drafted(firm, event_id)
        self.done(self.venue.do(self.handing_in(firm, asked_minor=asked), firm))
        return self.now(firm)

    def steps(self, firm: str, **changed: Any) -> dict[str, tuple[Command, str]]:
        """Every command about one application, and who sends it."""
        mine = {"application_id": self.applications[firm]}
        said = mine | {"reason": "reason"}
        paper = self.file("ops", f"paper {self.venue.state.sequence}")
        commands: dict[str, tuple[Command, str]] = {
            "submit": (self.handing_in(firm), firm),
            "correct": (CorrectApplication(evidence=self.evidence(firm), **mine), firm),
            "withdraw": (WithdrawApplication(**mine), firm),
            "accept": (ReviewApplication(verdict=ReviewVerdict.ACCEPT, **said), "ops"),
            "send_back": (ReviewApplication(verdict=ReviewVerdict.SEND_BACK, **said), "ops"),
            "refuse": (ReviewApplication(verdict=ReviewVerdict.REFUSE, **said), "ops"),
            "publicise": (PubliciseApplication(**mine), "ops"),
            "object": (ObjectToApplication(**said), "sponsor"),
            "appeal": (AppealApplication(**said), firm),
            "uphold": (ResolveApplication(upheld=True, **said), "ops2"),
            "dismiss": (ResolveApplication(upheld=False, **said), "ops2"),
            "approve": (DecideApplication(approved=True, **said), "two"),
            "decline": (DecideApplication(approved=False, **said), "two"),
            "pay": (PayApplication(**mine), "two"),
            "order": (PayApplication(order_reference=f"PO-{self.applications[firm]}", **mine), "two"),
            "voucher": (ConfirmVoucher(voucher_sha256=paper, **mine), "ops"),
            "clawback": (
                ClawBackApplication(trigger=ClawbackTrigger.FALSE_STATEMENT, document_sha256=paper, **mine),
                "two",
            ),
            "repay": (RepayApplication(amount_minor=Minor(1), **mine), firm),
        }
        return commands

    def take(self, firm: str, *names: str) -> Office:
        """Go these steps; `wait` lets the notice or the time to appeal pass."""
        for name in names:
            if name == "wait":
                self.venue.pass_time(days=40)
                self.file("ops", f"after {self.venue.state.sequence}")
            else:
                self.done(self.ask(firm, name))
        return self

    def ask(self, firm: str, name: str) -> list[Event]:
        """One step, by whom it belongs to."""
        command, by = self.steps(firm)[name]
        return self.venue.by_two(command) if by == "two" else self.venue.do(command, by)

    def code(self, firm: str, name: str) -> str:
        """The code a step is refused with; empty if it is not."""
        return code_of(self.ask(firm, name))

    def awarding(self, count: int) -> AwardSchemeCall:
        """Share the call's budget out."""
        return AwardSchemeCall(call_id=self.call_id, count=count)

    def ending(self) -> EndScheme:
        """End the scheme."""
        return EndScheme(scheme_id=self.scheme_id, reason="the year is over")

    # --- Looking ------------------------------------------------------------------------------------------------------

    def now(self, firm: str) -> Application:
        """A firm's application as it stands, also when it is over."""
        wanted = self.applications[firm]
        for entry in reversed(self.venue.journal):
            for event in reversed(entry.events):
                for found in (*getattr(event, "applications", ()), getattr(event, "application", None)):
                    if isinstance(found, Application) and found.application_id == wanted:
                        return found
        raise AssertionError(firm)

    def left(self) -> int:
        """What of the call's budget is promised to nobody."""
        return self.venue.state.table(SchemeCall)[self.call_id].left_minor

    def scheme(self) -> Scheme:
        """The scheme at hand."""
        return self.venue.state.table(Scheme)[self.scheme_id]

    @staticmethod
    def done(events: list[Event]) -> list[Event]:
        """Events of something that was not refused."""
        assert not code_of(events), events
        return events


def code_of(events: list[Event]) -> str:
    """The code of a refusal; empty if there is none."""
    return events[0].code.value if events and isinstance(events[0], Rejected) else ""
