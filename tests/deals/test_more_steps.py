"""Steps of agreements and licences that the other tables leave out: how a case begins, and what else ends it."""

from __future__ import annotations

from typing import Any

import pytest

from custody.outcomes import DeclaredClaim, PriorClaimKind
from custody.rights import RegisterRight, RightRegistered, TitleCheck
from exchange.core.ids import DealId, LicenceId
from exchange.core.instruments import Side
from exchange.core.messages import Rejected
from exchange.core.units import Minor
from matching.deals import SignDeal
from matching.licence_messages import LicenceProposed
from matching.listing_messages import ListingMethod
from matching.preemption import ExercisePriorClaim, NotifiedClaim, WaiveInRound
from matching.quote_messages import QuotesRequested
from tests.claims.stage import Owners
from tests.claims.test_sales import _hall
from tests.deals.promises import ALL
from tests.deals.stage import WRONG, Desk
from tests.licences.offers import OfferDesk
from tests.licences.stage import LicenceDesk
from tests.quotes.stage import QuoteDesk
from tests.state_tables import StateTable, answered, every_row


def newest(flow: str, desk: Any) -> str:
    """The state of the newest case of a workflow; none: there is none yet."""
    states = {key: state for (name, key), state in desk.venue.steps.states.items() if name == flow}
    return states[max(states)] if states else "none"


def each(flow: str, desk: Any) -> str:
    """In which states the cases of a workflow are, in the order of the alphabet."""
    return " ".join(sorted({state for (name, _), state in desk.venue.steps.states.items() if name == flow})) or "none"


def last_deal(desk: Any) -> Any:
    """The number of the newest agreement; 0: there is none."""
    return max((key for name, key in desk.venue.steps.states if name == "agreement"), default=0)


def of_the_world(desk: Any, step: str) -> str | None:
    """A step that nobody at the desk takes; nothing if it is another's."""
    match step.split():
        case ["court", "orders"]:
            return str(desk.court_orders(desk.right_id))
        case ["the", "patent", "falls"]:
            return str(desk.patent_falls(desk.right_id))
        case ["wait", days]:
            desk.step(f"wait {days}")
            return ""
        case ["pku", "objects"] | ["ops", "upholds"] | ["ops", "dismisses"]:
            desk.deal_id = last_deal(desk)
            word = {"objects": "object", "upholds": "uphold", "dismisses": "dismiss"}[step.split()[1]]
            return str(desk.step(word))
        case _:
            return None


# --- Listed at a price, and asked for quotes --------------------------------------------------------------------------


def taken(desk: Any, step: str) -> str:
    """A step of an offer or a request for quotes, and of its agreement."""
    told = of_the_world(desk, step)
    if told is not None:
        return told
    if step == "lab asks":
        events = desk.venue.do(desk.asking(), desk.seller)
        if isinstance(events[0], QuotesRequested):
            desk.request_id = events[0].request.request_id
        return answered(events)
    who, *words = step.split()
    if isinstance(desk, QuoteDesk) and words[0] == "signs" and not last_deal(desk):
        desk.deal_id = DealId(0)
        return str(
            desk.venue.refusal(SignDeal(deal_id=desk.deal_id, side=Side.SELL, contract_sha256=WRONG), desk.seller)
        )
    return str(desk.takes(desk.seller if who == "lab" else who, words))


AGREED = {
    ".": "listing.state",
    "deal.": "deal.state",
    "deal gone": "deal.unknown",
    "listing gone": "listing.unknown",
    "held": "right.encumbered",
    "not theirs": "deal.not_party",
    "quote.": "quote.state",
    "no quote": "quote.unknown",
    "fallen": "patent.status_invalid",
    "shown": "deal.publicity_running",
}
SOLD = ("lab offers", "li takes", "li signs", "lab signs")
OFFER = StateTable(
    "listed price",
    """
                 | li takes     | lab signs | ops records | ops refuses | court orders | the patent falls
    open         | taken        | deal gone | deal gone   | deal gone   | closed       | closed
    taken        | .            | taken     | deal.       | deal.       | closed       | closed
    paid         | .            | taken     | deal.       | deal.       | closed       | closed
    contracted   | .            | deal.     | closed      | closed      | closed       | closed
    completed    | listing gone | deal gone | deal gone   | deal gone   | closed       | closed
    not recorded | .            | deal gone | deal gone   | deal gone   | closed       | closed
    not paid     | .            | deal gone | deal gone   | deal gone   | closed       | closed
    long stop    | .            | deal gone | deal gone   | deal gone   | closed       | closed
    """,
    {
        "open": ("lab offers",),
        "taken": ("lab offers", "li takes"),
        "paid": ("lab offers", "li takes", "li signs"),
        "contracted": SOLD,
        "completed": (*SOLD, "ops records"),
        "not recorded": (*SOLD, "ops refuses"),
        "not paid": ("lab offers", "li takes", "wait 10"),
        "long stop": (*SOLD, "wait 181"),
    },
    OfferDesk.cn,
    taken,
    AGREED,
    shown=lambda desk: newest("listed price", desk),
    also=("agreement",),
)
QUOTED = ("lab asks", "li quotes 900 20")
CHOSEN = (*QUOTED, "lab takes li")
REQUEST = StateTable(
    "request for quotes",
    """
               | lab asks     | lab takes li | lab signs | ops records | court orders | the patent falls | pku objects | ops upholds
    open       | quote.       | no quote     | deal gone | deal gone   | closed       | closed           | deal gone   | deal gone
    quoted     | quote.       | accepted     | deal gone | deal gone   | closed       | closed           | deal gone   | deal gone
    chosen     | quote.       | no quote     | accepted  | deal.       | closed       | closed           | deal.       | deal.
    contracted | quote.       | no quote     | deal.     | closed      | closed       | closed           | deal.       | deal.
    completed  | listing gone | no quote     | deal gone | deal gone   | closed       | closed           | deal gone   | deal gone
    not paid   | open         | no quote     | deal gone | deal gone   | closed       | closed           | deal gone   | deal gone
    closed     | open         | no quote     | deal gone | deal gone   | closed       | closed           | deal gone   | deal gone
    """,  # noqa: E501 - a table is read across
    {
        "open": ("lab asks",),
        "quoted": QUOTED,
        "chosen": CHOSEN,
        "contracted": (*CHOSEN, "li signs", "lab signs"),
        "completed": (*CHOSEN, "li signs", "lab signs", "ops records"),
        "not paid": (*CHOSEN, "wait 10"),
        "closed": (*QUOTED, "lab closes"),
    },
    QuoteDesk.cn,
    taken,
    AGREED,
    also=("quote", "agreement"),
)
SHOWN = StateTable(
    "request for quotes",
    """
              | lab asks | li signs  | li withdraws | pku objects | ops upholds | ops dismisses | court orders | the patent falls
    publicity | quote.   | shown     | deal.        | accepted    | deal.       | deal.         | closed       | closed
    objected  | quote.   | shown     | deal.        | deal.       | closed      | accepted      | closed       | closed
    stopped   | open     | deal gone | deal gone    | deal gone   | deal gone   | deal gone     | closed       | closed
    shown     | quote.   | accepted  | deal.        | deal.       | deal.       | deal.         | closed       | closed
    """,  # noqa: E501 - a table is read across
    {
        "publicity": CHOSEN,
        "objected": (*CHOSEN, "pku objects"),
        "stopped": (*CHOSEN, "pku objects", "ops upholds"),
        "shown": (*CHOSEN, "wait 16"),
    },
    lambda: QuoteDesk.cn("thu"),
    taken,
    AGREED,
    also=("quote", "agreement"),
)
"""A state university sells: the price is shown, and may be objected to."""

# --- Licences ---------------------------------------------------------------------------------------------------------


def licensed(desk: LicenceDesk, step: str) -> str:
    """A step of a licence, an open one, or of an agreement that sells the right."""
    told = of_the_world(desk, step) if step.split()[1] not in ("objects", "upholds", "dismisses") else None
    if told is not None:
        return told
    match step:
        case "li buys the right":
            events = desk.venue.do(desk.proposal(), desk.seller)
            desk.deal_id = last_deal(desk)
            return answered(events) or desk.step("accept")
        case "both sign it":
            return desk.step("seller signs") or desk.step("buyer signs")
        case "ops records it":
            return desk.step("confirm")
        case "lab promises royalties":
            command = desk.offer("li", "exclusive", "CN", 300 * 100_000, items=ALL)
            events = desk.venue.do(command, desk.seller)
            if isinstance(events[0], LicenceProposed):
                desk.licences["li"] = LicenceId(events[0].licence.licence_id)
            return answered(events)
        case "li buys it for later":
            events = desk.venue.do(desk.proposal(items=ALL), desk.seller)
            desk.deal_id = last_deal(desk)
            return answered(events) or desk.step("accept")
        case _:
            who, *words = step.split()
            return desk.takes(desk.seller if who == "lab" else who, words)


PROPOSED = ("lab offers li sole CN 300",)
ACCEPTED = (*PROPOSED, "li accepts")
LICENCE_CODES = {
    ".": "licence.state",
    "-": "licence.unknown",
    "conflict": "licence.conflict",
    "open.": "open_licence.state",
    "no open": "open_licence.unknown",
    "shown": "licence.publicity_running",
    "terms": "licence.terms_changed",
    "exists": "licence.exists",
    "no deal": "deal.unknown",
    "deal.": "deal.state",
}
LICENCE = StateTable(
    "licence",
    """
              | lab offers li sole CN 300 | li accepts | li signs | li withdraws | pku objects li | ops upholds li | ops dismisses li | lab ends li | court orders
    proposed  | proposed                  | publicity  | .        | withdrawn    | .              | .              | .                | .           | stopped
    publicity | proposed                  | .          | .        | withdrawn    | objected       | .              | .                | .           | stopped
    objected  | proposed                  | .          | .        | withdrawn    | .              | stopped        | publicity        | .           | stopped
    stopped   | proposed                  | -          | -        | -            | -              | -              | -                | -           | stopped
    signing   | proposed                  | .          | signing  | withdrawn    | .              | .              | .                | .           | stopped
    signed    | proposed                  | .          | .        | withdrawn    | .              | .              | .                | .           | stopped
    in force  | conflict                  | .          | .        | .            | .              | .              | .                | in_force    | in_force
    """,  # noqa: E501 - a table is read across
    {
        "proposed": PROPOSED,
        "publicity": ACCEPTED,
        "objected": (*ACCEPTED, "pku objects li"),
        "stopped": (*ACCEPTED, "pku objects li", "ops upholds li"),
        "signing": (*ACCEPTED, "wait 16"),
        "signed": (*ACCEPTED, "wait 16", "li signs"),
        "in force": (*ACCEPTED, "wait 16", "li signs", "lab signs li"),
    },
    lambda: LicenceDesk.cn("thu"),
    licensed,
    LICENCE_CODES,
)
OPEN_LICENCE = StateTable(
    "open licence",
    """
               | lab opens 200   | ops publishes | li takes 200 | lab closes | li buys the right | ops records it | court orders
    declared   | open.           | open          | open.        | withdrawn  | declared          | no deal        | ended
    open       | open.           | open.         | open         | withdrawn  | open              | no deal        | ended
    taken      | open.           | open.         | exists       | withdrawn  | open              | no deal        | ended
    being sold | deal.           | open.         | deal.        | withdrawn  | deal.             | ended          | ended
    sold       | right.not_owned | no open       | no open      | no open    | right.not_owned   | no deal        | ended
    closed     | declared        | no open       | no open      | no open    | withdrawn         | no deal        | withdrawn
    """,  # noqa: E501 - a table is read across
    {
        "declared": ("lab opens 200",),
        "open": ("lab opens 200", "ops publishes"),
        "taken": ("lab opens 200", "ops publishes", "li takes 200"),
        "being sold": ("lab opens 200", "ops publishes", "li buys the right", "both sign it"),
        "sold": ("lab opens 200", "ops publishes", "li buys the right", "both sign it", "ops records it"),
        "closed": ("lab opens 200", "ops publishes", "lab closes"),
    },
    LicenceDesk.cn,
    licensed,
    LICENCE_CODES,
    shown=lambda desk: newest("open licence", desk),
    also=("licence",),
)
OBLIGATION = StateTable(
    "obligation",
    """
                     | li signs | lab signs li  | both sign it | ops records it
    licence offered  | .        | .             | no deal      | no deal
    licence accepted | none     | none          | no deal      | no deal
    licence signed   | .        | expected owed | no deal      | no deal
    licence granted  | .        | .             | no deal      | no deal
    sale agreed      | -        | -             | none         | deal.
    sale signed      | -        | -             | deal.        | expected owed
    right passed     | -        | -             | no deal      | no deal
    """,
    {
        "licence offered": ("lab promises royalties",),
        "licence accepted": ("lab promises royalties", "li accepts"),
        "licence signed": ("lab promises royalties", "li accepts", "li signs"),
        "licence granted": ("lab promises royalties", "li accepts", "li signs", "lab signs li"),
        "sale agreed": ("li buys it for later",),
        "sale signed": ("li buys it for later", "both sign it"),
        "right passed": ("li buys it for later", "both sign it", "ops records it"),
    },
    LicenceDesk.cn,
    licensed,
    LICENCE_CODES,
    shown=lambda desk: each("obligation", desk),
)
"""What is promised for later is owed, or expected, from the grant or the recordal on."""

# --- Prior claims -----------------------------------------------------------------------------------------------------


def claimed(owners: Owners, step: str) -> str:
    """A step of a sale in which others have a claim."""
    told = of_the_world(owners, step)
    if told is not None:
        return told
    match step:
        case "lab proposes":
            return owners.takes("lab", "proposes all 800")
        case _:
            who, *words = step.split()
            return owners.takes(who, " ".join(words))


def ranked() -> Owners:
    """A right of lab on which cy has the claim of a co-developer and ada, after it, that of a finisher."""
    kinds = (PriorClaimKind.FINISHER, PriorClaimKind.CO_DEVELOPER)
    return Owners.claimed(*kinds, finisher=("ada",), co_developer=("cy",))


NOTIFIED = ("lab proposes", "li accepts")
PRIOR = StateTable(
    "prior claim in an agreement",
    """
                     | li accepts        | ada exercises      | ada waives      | cy exercises       | cy waives       | li withdraws    | li signs        | court orders      | the patent falls
    proposed         | notified notified | no claim           | no claim        | no claim           | no claim        | none            | .               | none              | none
    notified         | .                 | notified exercised | notified waived | exercised notified | waived notified | .               | runs            | expired expired   | expired expired
    ada stepped in   | .                 | answered           | answered        | taken outranked    | waived taken    | .               | runs            | expired outranked | expired outranked
    cy stepped in    | .                 | taken outranked    | taken waived    | answered           | answered        | .               | runs            | outranked expired | outranked expired
    ada waived       | .                 | no claim           | no claim        | taken waived       | waived waived   | .               | runs            | expired waived    | expired waived
    ada alone waived | not party         | no claim           | no claim        | no claim           | no claim        | not party       | not party       | taken waived      | taken waived
    ada outranked    | not party         | no claim           | no claim        | no claim           | no claim        | not party       | not party       | taken outranked   | taken outranked
    both waived      | .                 | no claim           | no claim        | no claim           | no claim        | waived waived   | waived waived   | waived waived     | waived waived
    nobody answered  | .                 | no claim           | no claim        | no claim           | no claim        | expired expired | expired expired | expired expired   | expired expired
    """,  # noqa: E501 - a table is read across
    {
        "proposed": ("lab proposes",),
        "notified": NOTIFIED,
        "ada stepped in": (*NOTIFIED, "ada exercises"),
        "cy stepped in": (*NOTIFIED, "cy exercises"),
        "ada waived": (*NOTIFIED, "ada waives"),
        "ada alone waived": (*NOTIFIED, "cy exercises", "ada waives"),
        "ada outranked": (*NOTIFIED, "ada exercises", "cy exercises"),
        "both waived": (*NOTIFIED, "ada waives", "cy waives"),
        "nobody answered": (*NOTIFIED, "wait 20"),
    },
    ranked,
    claimed,
    {
        ".": "deal.state",
        "no claim": "prior_claim.unknown",
        "answered": "prior_claim.state",
        "runs": "deal.pre_emption_running",
        "not party": "deal.not_party",
    },
    shown=lambda owners: " ".join(state.value for state in owners.ended().values()) or "none",
    also=("agreement",),
)
"""The cells say cy's claim, then ada's."""


def won(hall: Any, step: str) -> str:
    """A step of an auction of a right on which mei has the finisher's claim; ren was not asked."""
    claims = [one.claim_id for one in hall.venue.state.table(NotifiedClaim).values()]
    match step:
        case "auction":
            hall.announced("english", A=800)
            hall.enter("li", "wu")
            for line in ("begin", "li bids A 800", "wu bids A 850", "end"):
                hall.happens(line)
            return ""
        case "court orders":
            return str(hall.court_orders(hall.assets["A"]))
        case "the patent falls":
            return str(hall.patent_falls(hall.assets["A"]))
        case "mei exercises":
            deal = hall.deal_of("A") if claims else None
            return str(
                hall.venue.refusal(
                    ExercisePriorClaim(
                        claim_id=claims[0] if claims else 1,  # type: ignore[arg-type]
                        account_id=hall.venue.accounts["mei"],
                        terms_sha256=deal.terms_sha256 if deal else "0" * 64,
                        contract_sha256=deal.contract_sha256 if deal else "0" * 64,
                    ),
                    "mei",
                )
            )
        case "mei waives":
            return str(hall.venue.refusal(WaiveInRound(claim_id=claims[0] if claims else 1), "mei"))  # type: ignore[arg-type]
        case _:
            who, *words = step.split()
            return str(hall.venue.refusal(*hall.step_of(who, words)))


AWARDED = ("auction", "mei waives", "wu withdraws A")
AUCTION = StateTable(
    "prior claim in an agreement",
    """
                        | mei exercises | mei waives | li takes A | li declines A | wu withdraws A | court orders | the patent falls
    notified            | taken         | waived     | not theirs | not theirs    | .              | expired      | expired
    waived              | no claim      | no claim   | not theirs | not theirs    | waived         | waived       | waived
    stepped in          | no claim      | no claim   | not theirs | not theirs    | not party      | taken        | taken
    next bidder         | no claim      | no claim   | notified   | waived        | no deal        | waived       | waived
    next bidder took it | taken         | waived     | bid.       | bid.          | not party      | expired      | expired
    """,  # noqa: E501 - a table is read across
    {
        "notified": ("auction",),
        "waived": ("auction", "mei waives"),
        "stepped in": ("auction", "mei exercises"),
        "next bidder": AWARDED,
        "next bidder took it": (*AWARDED, "li takes A"),
    },
    _hall,
    won,
    {
        ".": "deal.state",
        "no claim": "prior_claim.unknown",
        "bid.": "bid.state",
        "no bid": "bid.unknown",
        "no deal": "deal.unknown",
        "not party": "deal.not_party",
        "not theirs": "account.not_yours",
    },
    shown=lambda hall: newest("prior claim in an agreement", hall),
    also=("agreement",),
)


def claimed_quotes() -> QuoteDesk:
    """A desk that asks quotes for a right of lab on which wu has the finisher's claim."""
    desk = QuoteDesk.cn()
    claims = (DeclaredClaim(kind=PriorClaimKind.FINISHER, holder_ids=(desk.venue.members["wu"],)),)
    outcome_id = desk.outcome("lab", claims=claims, patent_ids=(desk.patent("lab"),))
    command = RegisterRight(account_id=desk.venue.accounts["lab"], outcome_id=outcome_id)
    desk.right_id = desk.venue.make(command, RightRegistered, "lab").right.asset_id
    desk.examine(desk.right_id, TitleCheck.CLEAR)
    price = Minor(80_000_000)
    listing = desk.whole("lab", desk.right_id, method=ListingMethod.RFQ, asking_price_minor=price)
    desk.listing_id = desk.admitted("lab", listing).listing.listing_id
    return desk


QUOTE_CLAIM = StateTable(
    "prior claim in an agreement",
    """
                    | lab takes li | lab asks | court orders | the patent falls
    quoted          | notified     | quote.   | none         | none
    notified        | no quote     | quote.   | expired      | expired
    nobody answered | no quote     | quote.   | expired      | expired
    """,
    {"quoted": QUOTED, "notified": CHOSEN, "nobody answered": (*CHOSEN, "wait 20")},
    claimed_quotes,
    taken,
    AGREED,
    shown=lambda desk: newest("prior claim in an agreement", desk),
    also=("agreement",),
)


def agreed(desk: Desk, step: str) -> str:
    """A step of an agreement that lab proposes to li."""
    if step == "lab proposes":
        events = desk.venue.do(desk.proposal(), "lab")
        if not isinstance(events[0], Rejected):
            desk.deal_id = last_deal(desk)
        return answered(events)
    told = of_the_world(desk, step)
    return desk.step(step) if told is None else told


BOTH = ("lab proposes", "accept", "seller signs", "buyer signs")
DEAL = StateTable(
    "agreement",
    """
                       | lab proposes | accept  | buyer signs | confirm   | refuse           | court orders | the patent falls
    proposed           | .            | signing | .           | .         | .                | stopped      | stopped
    signing            | .            | .       | signing     | .         | .                | stopped      | stopped
    paid               | .            | .       | .           | .         | .                | stopped      | stopped
    contracted         | .            | .       | .           | completed | recordal_refused | stopped      | stopped
    completed          | owner        | -       | -           | -         | -                | completed    | completed
    stopped by a court | held         | -       | -           | -         | -                | stopped      | stopped
    fallen             | fell         | -       | -           | -         | -                | stopped      | fallen
    left               | proposed     | -       | -           | -         | -                | withdrawn    | withdrawn
    """,  # noqa: E501 - a table is read across
    {
        "proposed": ("lab proposes",),
        "signing": ("lab proposes", "accept"),
        "paid": ("lab proposes", "accept", "buyer signs"),
        "contracted": BOTH,
        "completed": (*BOTH, "confirm"),
        "stopped by a court": (*BOTH, "court orders"),
        "fallen": ("lab proposes", "the patent falls"),
        "left": ("lab proposes", "withdraw"),
    },
    Desk.cn,
    agreed,
    {
        ".": "deal.state",
        "-": "deal.unknown",
        "held": "right.encumbered",
        "owner": "right.not_owned",
        "fell": "patent.not_listable",
        "fallen": "patent.status_invalid",
    },
)
TABLES = (OFFER, REQUEST, SHOWN, LICENCE, OPEN_LICENCE, OBLIGATION, PRIOR, AUCTION, QUOTE_CLAIM, DEAL)


@pytest.mark.parametrize(("table", "row"), every_row(*TABLES))
def test_every_step_in_every_state_is_taken_or_refused(table: StateTable, row: list[str]) -> None:
    table.check(row)
