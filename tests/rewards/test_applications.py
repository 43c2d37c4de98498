"""From a registered contract to the money and back: the whole way, the refusals, the last cent of a budget."""

from __future__ import annotations

import msgspec
import pytest

from exchange.core.ids import ProductId, RewardEventId, SchemeCallId
from exchange.core.messages import Command
from exchange.core.reward_terms import EvidenceKind, Fact, Fixed, RewardEventKind, RoleAmount, SchemeRole
from exchange.core.rule_messages import ActivateText, PublishedKind, PublishText
from exchange.core.units import Minor
from securitization.application_messages import ApplicationState as S
from securitization.application_messages import RepayApplication
from securitization.scheme_messages import EventParty, SchemeState
from tests.rewards.stage import Office, code_of, text_of
from tests.support import publish


def _with(command: Command, **changes: object) -> Command:
    return msgspec.structs.replace(command, **changes)


def test_a_contract_is_rewarded_out_of_the_held_budget_and_every_figure_says_why() -> None:
    office = Office().active()
    office.venue.holds("sponsor", cash=1_000)
    application = office.submitted("wu", 250)  # 80 % of 250 is 200
    assert (application.asked_minor, application.awarded_minor, office.left()) == (200, 200, 800)
    rate = next(line for line in application.figures if line.rule == "rate")
    assert (rate.inputs, rate.result) == ((("of", 250), ("rate_ppm", 800_000)), 200)
    assert (application.programme, application.version) == ("shenzhen_contract_2019", 1)
    office.take("wu", "accept", "publicise", "wait", "approve", "pay")
    assert office.now("wu").state is S.PAID
    office.venue.has("sponsor", cash=800)
    office.venue.has("wu", cash=200)
    office.venue.holds("sponsor", cash=800)
    office.done(office.venue.do(office.ending()))
    office.venue.holds("sponsor", cash=0)
    assert office.scheme().state is SchemeState.ENDED
    office.venue.close()


def test_nobody_claims_without_an_event_or_in_a_role_they_did_not_have() -> None:
    office = Office().active()
    venue = office.venue
    event_id = office.event("wu", "CN-1")
    cases = (
        ("no such event", office.begin("wu", RewardEventId(7)), "wu", "application.no_event"),
        ("an issue is not a contract", office.begin("wu", event_id, product_id=ProductId(3)), "wu",
         "application.no_event"),
        ("another firm's contract", office.begin("li", event_id), "li", "application.not_entitled"),
        ("a role nobody rewards", office.begin("wu", event_id, role=SchemeRole.AGENCY), "wu",
         "application.not_entitled"),
        ("another's account", office.begin("wu", event_id), "li", "account.not_yours"),
        ("no such call", office.begin("wu", event_id, call_id=SchemeCallId(3)), "wu", "scheme_call.unknown"),
    )  # fmt: skip
    for name, command, by, code in cases:
        assert venue.refusal(command, by) == code, name
    venue.close()


def test_a_role_in_the_event_that_the_programme_does_not_reward_earns_nothing() -> None:
    office = Office().active()
    wu = office.venue.members["wu"]
    roles = (SchemeRole.SELLER, SchemeRole.AGENCY)
    event_id = office.event("wu", "CN-1", parties=tuple(EventParty(role=role, member_id=wu) for role in roles))
    claims = [office.begin("wu", event_id, role=role) for role in roles]
    assert [office.venue.refusal(claim, "wu") for claim in claims] == ["", "application.not_entitled"]
    office.venue.close()


def test_a_cap_by_the_year_begins_anew_with_the_next() -> None:
    """At most 250 an applicant and year: 200 and 50 of it are in, and the next year has 250 again."""
    caps = [{"scope": "applicant_year", "limit": {"rule": "fixed", "amount_minor": 250}}]
    office = Office(caps=caps).active(1_000, called=500)
    assert [office.submitted("wu").asked_minor for _ in range(2)] == [200, 50]
    assert office.submitted("li").asked_minor == 200
    office.call(500, year=2027)
    assert office.submitted("wu").asked_minor == 200
    office.venue.close()


def test_a_claim_comes_in_the_days_of_the_call_and_of_the_event() -> None:
    office = Office(window_days=20).active()
    venue = office.venue
    event_id = office.event("wu", "CN-1")
    venue.pass_time(days=20)
    assert venue.refusal(office.begin("wu", event_id), "wu") == ""  # the last day after the event
    venue.pass_time(days=1)
    assert venue.refusal(office.begin("wu", event_id), "wu") == "application.window"
    fresh = office.event("li", "CN-2")
    venue.pass_time(days=9)
    assert venue.refusal(office.begin("li", fresh), "li") == ""  # the last day of the call
    venue.pass_time(days=1)
    assert venue.refusal(office.begin("li", fresh), "li") == "scheme_call.state"
    venue.close()


def test_the_same_event_is_rewarded_once_across_programmes() -> None:
    office = Office().active(500)
    venue = office.venue
    event_id = office.event("wu", "CN-1")
    office.drafted("wu", event_id)
    office.done(venue.do(office.handing_in("wu"), "wu"))
    first, first_call = office.applications["wu"], office.call_id
    assert venue.refusal(office.begin("wu", event_id), "wu") == "reward.double_claim"
    # Another programme for the same event, and another scheme of the same programme: still twice.
    for name in ("shenzhen_contract_2019", "cn_note_contract"):
        if name != office.programme:
            publish_text(office, name)
        venue.deposit("sponsor", 200)
        office.programme = name
        office.active(200)
        assert venue.refusal(office.begin("wu", event_id), "wu") == "reward.double_claim", name
    # Who gives the first claim up may make the other.
    office.applications["wu"] = first
    office.take("wu", "withdraw")
    assert venue.refusal(office.begin("wu", event_id), "wu") == ""
    assert venue.refusal(office.begin("wu", event_id, call_id=first_call), "wu") == ""
    venue.close()


def publish_text(office: Office, name: str) -> None:
    """Put one more programme in force."""
    publish(office.venue, PublishedKind.REWARD_PROGRAMME, text_of(name))


def test_programmes_that_let_others_pay_too_do() -> None:
    office = Office(stacking="free").active(500)
    event_id = office.event("wu", "CN-1")
    office.drafted("wu", event_id)
    office.done(office.venue.do(office.handing_in("wu"), "wu"))
    assert office.venue.refusal(office.begin("wu", event_id), "wu") == "reward.double_claim"  # the same programme
    publish(office.venue, PublishedKind.REWARD_PROGRAMME, text_of("cn_note_contract", stacking="free"))
    office.programme = "cn_note_contract"
    office.active(200)
    assert office.venue.refusal(office.begin("wu", event_id), "wu") == ""
    office.venue.close()


def test_of_two_claims_for_the_last_cents_the_first_gets_its_own_the_second_the_rest_the_third_nothing() -> None:
    office = Office().active(300)
    assert office.submitted("wu", 250).awarded_minor == 200
    assert office.submitted("li", 250).awarded_minor == 100
    office.drafted("ren")
    assert office.venue.refusal(office.handing_in("ren"), "ren") == "reward.budget"
    office.take("wu", "withdraw")  # what was set aside is free again, to the cent
    assert office.left() == 200
    office.done(office.venue.do(office.handing_in("ren"), "ren"))
    assert office.now("ren").awarded_minor == 200
    office.venue.close()


@pytest.mark.parametrize(
    ("exhaustion", "awards"),
    [("pro_rata", (34, 33, 33)), ("ranked", (20, 0, 80))],
)
def test_a_budget_that_does_not_suffice_is_spent_to_the_cent(exhaustion: str, awards: tuple[int, ...]) -> None:
    office = Office(exhaustion=exhaustion, appeal_days=0).active(100)
    venue = office.venue
    for firm in ("wu", "li", "ren"):
        assert office.submitted(firm, 100).asked_minor == 80
    assert office.left() == 100  # nothing is set aside before the call is over
    points = {"wu": 5, "li": 4, "ren": 9} if exhaustion == "ranked" else {}
    for firm in ("wu", "li"):
        command, _ = office.steps(firm)["accept"]
        office.done(venue.do(_with(command, points=points.get(firm, 0))))
    venue.pass_time(days=31)
    office.file("ops", "later")
    assert code_of(venue.by_two(office.awarding(2))) == "scheme_call.state"  # ren is not reviewed
    command, _ = office.steps("ren")["accept"]
    office.done(venue.do(_with(command, points=points.get("ren", 0))))
    assert code_of(venue.by_two(office.awarding(2))) == "scheme_call.state"  # not the number they read
    office.done(venue.by_two(office.awarding(3)))
    assert tuple(office.now(firm).awarded_minor for firm in ("wu", "li", "ren")) == awards
    assert [office.now(firm).state for firm in ("wu", "li", "ren")] == [
        S.AWARDED if award else S.ENDED for award in awards
    ]
    assert office.left() == 0
    assert code_of(venue.by_two(office.awarding(3))) == "scheme_call.state"
    venue.close()


def test_the_evidence_must_be_whole_and_say_what_the_record_says() -> None:
    office = Office().active()
    office.drafted("wu", office.event("wu", "CN-1", 250))
    venue = office.venue
    unfiled = tuple(msgspec.structs.replace(each, document_sha256="0" * 64) for each in office.evidence("wu"))
    cases = (
        ("no tax receipt", {"evidence": office.evidence("wu", EvidenceKind.TAX_RECEIPT)}, "application.evidence"),
        ("another figure", {"evidence": office.evidence("wu", vat_due=251)}, "application.evidence"),
        ("an amount of one's own", {"asked_minor": Minor(9)}, "application.evidence"),
        ("papers nobody filed", {"evidence": unfiled}, "document.unknown"),
        ("the same figure", {"evidence": office.evidence("wu", vat_due=250)}, ""),
    )  # fmt: skip
    for name, changed, code in cases:
        assert venue.refusal(office.handing_in("wu", **changed), "wu") == code, name
    venue.close()


def test_a_figure_that_no_record_shows_stands_in_the_evidence() -> None:
    office = Office().active()
    told = office.done(office.venue.by_two(office.recording("wu", "CN-1", {Fact.VAT_DUE: 250})))
    event = told[-1].event  # type: ignore[attr-defined]
    office.drafted("wu", event.event_id)
    assert office.venue.refusal(office.handing_in("wu"), "wu") == "application.evidence"
    office.done(office.venue.do(office.handing_in("wu", evidence=office.evidence("wu", vat_paid=150)), "wu"))
    assert office.now("wu").asked_minor == 150  # 80 % of 250 is 200, but 150 was paid
    office.venue.close()


def test_a_cap_is_no_amount_an_authority_decides_it_with_its_document_or_gives_a_formula() -> None:
    office = Office("cn_note_contract").active()
    venue = office.venue
    office.drafted("wu")
    assert venue.refusal(office.handing_in("wu"), "wu") == "application.evidence"  # how much is asked for?
    office.done(venue.do(office.handing_in("wu", asked_minor=Minor(300)), "wu"))
    assert office.code("wu", "accept") == "application.decision"
    for amount, code in ((301, "application.decision"), (180, "")):
        command, _ = office.steps("wu")["accept"]
        decided = _with(command, decided_minor=Minor(amount), decision_sha256=office.file("ops", "decision"))
        assert venue.refusal(decided) == code
    assert (office.now("wu").awarded_minor, office.left()) == (180, 820)

    # With the authority's formula the amount follows from it.
    office.venue.deposit("sponsor", 500)
    office.active(500, RoleAmount(role=SchemeRole.SELLER, formula=Fixed(amount_minor=Minor(77))))
    office.drafted("li")
    office.done(venue.do(office.handing_in("li"), "li"))
    assert office.now("li").asked_minor == 77
    venue.close()


def test_no_authority_decides_more_than_was_set_aside() -> None:
    """Asked for 250 each, with 300 in the call: the second has 50 aside, and cannot be given 51."""
    office = Office("cn_note_contract").active(300)
    venue = office.venue
    for firm in ("wu", "li"):
        office.drafted(firm)
        office.done(venue.do(office.handing_in(firm, asked_minor=Minor(250)), firm))
    assert [office.now(firm).awarded_minor for firm in ("wu", "li")] == [250, 50]
    command, _ = office.steps("li")["accept"]
    for amount, code in ((51, "application.decision"), (50, "")):
        decided = _with(command, decided_minor=Minor(amount), decision_sha256=office.file("ops", "decision"))
        assert venue.refusal(decided) == code, amount
    assert office.left() == 0
    venue.close()


def test_a_programme_that_names_no_amount_is_not_activated_without_one() -> None:
    office = Office("cn_note_securitization").opened()
    venue = office.venue
    assert code_of(venue.by_two(office.activating())) == "scheme.no_amount"
    roles = (SchemeRole.ISSUER, SchemeRole.INTERMEDIARY, SchemeRole.ENTERPRISE)
    amounts = [RoleAmount(role=role, formula=Fixed(amount_minor=Minor(5))) for role in roles]
    assert code_of(venue.by_two(office.activating(*amounts[:2]))) == "scheme.terms_invalid"
    bare = _with(office.activating(*amounts), decision_sha256=None)
    assert code_of(venue.by_two(bare)) == "scheme.terms_invalid"
    office.done(venue.by_two(office.activating(*amounts)))
    assert office.scheme().state is SchemeState.ACTIVE
    assert code_of(venue.by_two(office.activating(*amounts))) == "scheme.state"
    venue.close()


def test_unchecked_rows_keep_a_programme_from_being_activated() -> None:
    office = Office()
    text = text_of("guangzhou_issue_2023")
    office.venue.do(PublishText(kind=PublishedKind.REWARD_PROGRAMME, text=text))
    asked = ActivateText(kind=PublishedKind.REWARD_PROGRAMME, name="guangzhou_issue_2023", version=1)
    assert code_of(office.venue.by_two(asked)) == "profile.unconfirmed"
    office.programme = "guangzhou_issue_2023"
    assert office.venue.refusal(office.opening(), "sponsor") == "scheme.programme_not_active"
    office.venue.close()


def test_an_objection_stops_the_clock_and_an_appeal_brings_the_claim_back_once() -> None:
    office = Office().active()
    venue = office.venue
    office.submitted("wu")
    office.take("wu", "accept", "publicise")
    command, _ = office.steps("wu")["object"]
    assert venue.refusal(command, "wu") == "application.decision"  # one's own
    office.take("wu", "object", "wait")
    assert office.now("wu").state is S.OBJECTED
    by_objector, _ = office.steps("wu")["dismiss"]
    assert venue.refusal(by_objector, "ops") == ""  # the sponsor objected, any operator resolves
    assert office.now("wu").state is S.NOTICE
    office.done(venue.do(office.steps("wu")["object"][0], "ops"))
    assert venue.refusal(office.steps("wu")["uphold"][0], "ops") == "approval.same_person"
    office.take("wu", "uphold")
    assert (office.now("wu").state, office.left()) == (S.REFUSED, 800)  # its money waits for the appeal
    office.take("wu", "appeal")
    assert venue.refusal(office.steps("wu")["uphold"][0], "ops2") == "approval.same_person"  # who refused it
    office.done(venue.do(office.steps("wu")["uphold"][0], "ops"))
    assert office.now("wu").state is S.AWARDED
    office.take("wu", "publicise", "wait", "decline")
    assert (office.now("wu").state, office.left()) == (S.ENDED, 1_000)  # no second appeal
    venue.close()


def test_nobody_appeals_and_the_money_is_free_again() -> None:
    office = Office().active()
    office.submitted("wu")
    office.take("wu", "refuse")
    assert office.left() == 800
    office.take("wu", "wait")
    assert (office.now("wu").state, office.left()) == (S.ENDED, 1_000)
    office.venue.close()


def test_a_payment_order_counts_as_paid_when_its_voucher_is_on_file_and_a_voucher_serves_once() -> None:
    office = Office().active(by_order=True)
    venue = office.venue
    venue.holds("sponsor", cash=0)
    office.submitted("wu")
    office.take("wu", "accept", "publicise", "wait")
    assert office.code("wu", "approve") == ""
    assert office.code("wu", "pay") == "application.decision"  # an order has a reference
    office.take("wu", "order")
    voucher, _ = office.steps("wu")["voucher"]
    assert code_of(venue.do(_with(voucher, voucher_sha256="1" * 64))) == "document.unknown"
    office.done(venue.do(voucher))
    assert (office.now("wu").state, office.scheme().paid_minor) == (S.PAID, 200)
    venue.has("wu", cash=0)
    office.take("wu", "clawback")
    assert office.now("wu").state is S.RECOVERING
    again = _with(voucher, application_id=office.applications["wu"])
    assert code_of(venue.do(again)) == "application.decision"
    assert office.code("wu", "repay") == "application.decision"
    office.take("wu", "voucher")
    assert (office.now("wu").state, office.now("wu").repaid_minor) == (S.CLAWED_BACK, 200)
    venue.close()


def test_a_clawback_takes_what_is_free_and_the_rest_is_repaid_to_the_cent() -> None:
    office = Office().active()
    venue = office.venue
    office.submitted("wu")
    office.take("wu", "accept", "publicise", "wait", "approve", "pay")
    spend(office, 150)
    office.take("wu", "clawback")
    wu = office.now("wu")
    assert (wu.state, wu.clawback_minor, wu.repaid_minor) == (S.RECOVERING, 200, 50)
    venue.deposit("wu", 150)

    def repay(amount: int) -> RepayApplication:
        return RepayApplication(application_id=wu.application_id, amount_minor=Minor(amount))

    assert venue.refusal(repay(151), "wu") == "application.decision"
    assert venue.refusal(repay(149), "wu") == ""
    assert venue.refusal(repay(1), "wu") == ""
    assert office.now("wu").state is S.CLAWED_BACK
    venue.has("sponsor", cash=1_000)
    # It stays on record: the same contract is not rewarded again.
    assert venue.refusal(office.begin("wu", wu.event_id), "wu") in {"reward.double_claim", "scheme_call.state"}
    venue.close()


def spend(office: Office, amount: int) -> None:
    """Have wu put its money behind a scheme of its own."""
    command = office.opening(amount, sponsor_account_id=office.venue.accounts["wu"])
    office.done(office.venue.do(command, "wu"))


def test_events_are_on_record_once_and_schemes_within_their_means() -> None:
    office = Office()
    venue = office.venue
    assert venue.refusal(office.opening(1_001), "sponsor") == "hold.insufficient_available"
    assert venue.refusal(office.opening(1_000, money_asset_id=venue.money + 1), "sponsor") == "currency.mismatch"
    assert venue.refusal(office.opening(1_000), "wu") == "account.not_yours"
    office.active(1_000, called=600)
    assert venue.refusal(office.calling(401)) == "reward.budget"
    assert venue.refusal(office.calling(400, closes_on=office.day(-1))) == "scheme.terms_invalid"
    assert venue.refusal(office.calling(400, year=2201)) == "scheme.terms_invalid"
    assert venue.refusal(office.calling(400)) == ""
    facts = {Fact.VAT_DUE: 5}
    office.event("wu", "CN-1")
    cases = (
        ("an issue is the ledger's", {"kind": RewardEventKind.PRODUCT_ISSUED}, "reward_event.invalid"),
        ("tomorrow", {"happened_on": office.day(1)}, "reward_event.invalid"),
        ("no such issue", {"product_id": ProductId(4)}, "product.unknown"),
        ("no document", {"document_sha256": "2" * 64}, "document.unknown"),
        ("the same document", {"document_sha256": office.file("ops", "CN-1")}, "reward_event.invalid"),
    )
    for name, changed, code in cases:
        assert code_of(venue.by_two(office.recording("wu", f"CN {name}", facts, **changed))) == code, name
    assert code_of(venue.by_two(office.recording("wu", "CN-1", facts))) == "reward_event.invalid"
    office.submitted("wu")
    assert venue.refusal(office.ending()) == "scheme.state"  # an application runs
    venue.close()
