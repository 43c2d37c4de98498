"""Every step in every state of a claim, a product of claims, a subscription and a reward, as tables.

Three licensors' fees of 10,501 are behind 100 notes of 100; `claim` is the first licensor's.
"""

from __future__ import annotations

from typing import Any

import pytest

from exchange.core.ids import ClaimId, ProgrammeId, RewardId
from exchange.core.node_messages import ContinueRun
from securitization.messages import (
    Claim,
    ClaimReward,
    CloseProduct,
    OfferProduct,
    PayClaim,
    PayProduct,
    PayReward,
    ProductCreated,
    ProgrammeOpened,
    RewardRole,
)
from tests.products.test_products import Desk, programme
from tests.state_tables import StateTable, answered, every_row


def newest(flow: str, desk: Any) -> Any:
    """The number of the newest case of a workflow; 9, which is nobody's, if there is none."""
    return max((key for name, key in desk.venue.steps.states if name == flow), default=9)


def takes(desk: Desk, step: str) -> str:
    """Take a step; the code it is refused with, or nothing."""
    venue = desk.venue
    match step.split():
        case ["registers", place]:
            return venue.refusal(desk.claim(int(place)), f"licensor{place}")
        case ["create"]:
            claims = tuple(ClaimId(claim_id) for claim_id in sorted(venue.state.table(Claim))[:3])
            events = venue.do(desk.create(claims or (ClaimId(9),)), "licensor0")
            for event in events:
                if isinstance(event, ProductCreated):
                    desk.product_id = event.product.product_id
            return answered(events)
        case ["offer"]:
            return venue.refused_by_two(OfferProduct(product_id=desk.product_id))
        case ["subscribes", who, notes]:
            return venue.refusal(desk.subscribe(who, int(notes)), who)
        case ["close"]:
            return venue.refusal(CloseProduct(product_id=desk.product_id))
        case ["licensee", "pays"]:
            return venue.refusal(PayClaim(claim_id=first_claim(desk)), "licensee0")
        case ["all", "pay"]:
            desk.collected()
            return ""
        case ["pay"]:
            return venue.refused_by_two(PayProduct(product_id=desk.product_id))
        case ["next", "chunk"]:
            run = next(iter(venue.state.runs.values()), None)
            go_on = ContinueRun(run_id=run.run_id if run else 1, from_position=run.position if run else 0)  # type: ignore[arg-type]
            return venue.refusal(go_on, "node")
        case _:
            return of_rewards(desk, step)


def of_rewards(desk: Desk, step: str) -> str:
    """A step of a programme of rewards, of a budget of 220."""
    match step:
        case "programme":
            desk.venue.make(programme(desk), ProgrammeOpened, "sponsor")
            return ""
        case "issuer claims" | "arranger claims":
            who, role = ("licensor0", RewardRole.ISSUER) if step[0] == "i" else ("arranger", RewardRole.INTERMEDIARY)
            opened = [
                event.programme.programme_id
                for entry in desk.venue.journal
                for event in entry.events
                if isinstance(event, ProgrammeOpened)
            ]
            asked = ClaimReward(
                programme_id=opened[0] if opened else ProgrammeId(9),
                product_id=desk.product_id,
                role=role,
                account_id=desk.venue.accounts[who],
            )
            return desk.venue.refusal(asked, who)
        case _:
            return desk.venue.refused_by_two(PayReward(reward_id=RewardId(newest("reward", desk))))


def first_claim(desk: Any) -> ClaimId:
    """The first claim on record; 9, which is nobody's, if there is none."""
    return ClaimId(min((key for name, key in desk.venue.steps.states if name == "claim"), default=9))


def of_the_claim(desk: Any) -> str:
    """How the first claim stands."""
    return str(desk.venue.steps.states["claim", first_claim(desk)])


def of_the_product(desk: Any) -> str:
    """How the product stands."""
    return str(desk.venue.steps.states["product", desk.product_id])


def of_the_subscription(desk: Any) -> str:
    """How the first subscription stands."""
    states = {key: state for (flow, key), state in desk.venue.steps.states.items() if flow == "subscription"}
    return states[min(states)] if states else "none"


CREATED = ("registers 0", "registers 1", "registers 2", "create")
OFFERED = (*CREATED, "offer")
FULL = (*OFFERED, "subscribes investor0 60", "subscribes investor1 40")
ISSUED = (*FULL, "close")
PATHS: dict[str, tuple[str, ...]] = {
    "draft": CREATED,
    "offered": OFFERED,
    "part taken": (*OFFERED, "subscribes investor0 60"),
    "all taken": FULL,
    "failed": (*OFFERED, "subscribes investor0 60", "close"),
    "issued": ISSUED,
    "first paid": (*ISSUED, "licensee pays"),
    "collected": (*ISSUED, "all pay"),
    "paying": (*ISSUED, "all pay", "pay"),
    "paid": (*ISSUED, "all pay", "pay", "next chunk"),
}
CODES = {
    ".": "product.state",
    "-": "product.unknown",
    "used": "claim.not_eligible",
    "early": "product.invalid",
    "much": "subscription.invalid",
    "no run": "run.unknown",
    "no claim": "claim.unknown",
    "no reward": "reward.unknown",
    "reward.": "reward.state",
    "twice": "reward.double_claim",
    "exists": "programme.exists",
}
CAME: dict[str, Any] = {}
PRODUCT = StateTable(
    "product",
    """
               | create | offer   | subscribes investor1 40 | close  | licensee pays | pay    | next chunk
    draft      | used   | offered | .                       | .      | used          | .      | no run
    offered    | used   | .       | offered                 | failed | used          | .      | no run
    part taken | used   | .       | offered                 | failed | used          | .      | no run
    all taken  | used   | .       | much                    | issued | used          | .      | no run
    failed     | draft  | .       | .                       | .      | used          | .      | no run
    issued     | used   | .       | .                       | .      | issued        | early  | no run
    first paid | used   | .       | .                       | .      | used          | early  | no run
    collected  | used   | .       | .                       | .      | used          | paying | no run
    paying     | used   | .       | .                       | .      | used          | .      | paid
    paid       | used   | .       | .                       | .      | used          | .      | no run
    """,
    PATHS,
    Desk,
    takes,
    CODES,
    shown=of_the_product,
    also=("claim", "subscription"),
    came=CAME,
)
CLAIM = StateTable(
    "claim",
    """
               | registers 0 | create | close      | licensee pays | pay       | next chunk
    registered | used        | pooled | -          | used          | -         | no run
    draft      | used        | used   | .          | used          | .         | no run
    offered    | used        | used   | registered | used          | .         | no run
    part taken | used        | used   | registered | used          | .         | no run
    all taken  | used        | used   | sold       | used          | .         | no run
    failed     | used        | pooled | .          | used          | .         | no run
    issued     | used        | used   | .          | collected     | early     | no run
    first paid | used        | used   | .          | used          | early     | no run
    collected  | used        | used   | .          | used          | collected | no run
    paying     | used        | used   | .          | used          | .         | collected
    paid       | used        | used   | .          | used          | .         | no run
    """,
    {"registered": CREATED[:3], **PATHS},
    Desk,
    takes,
    CODES,
    shown=of_the_claim,
    also=("product", "subscription"),
    came=CAME,
)
SUBSCRIPTION = StateTable(
    "subscription",
    """
               | subscribes investor0 1 | subscribes investor1 40 | close
    draft      | .                      | .                       | .
    offered    | open                   | open                    | none
    part taken | much                   | open                    | released
    all taken  | much                   | much                    | filled
    failed     | .                      | .                       | .
    issued     | .                      | .                       | .
    first paid | .                      | .                       | .
    collected  | .                      | .                       | .
    paying     | .                      | .                       | .
    paid       | .                      | .                       | .
    """,
    PATHS,
    Desk,
    takes,
    CODES,
    shown=of_the_subscription,
    also=("product", "claim"),
    came=CAME,
)
REWARD = StateTable(
    "reward",
    """
                 | issuer claims | arranger claims | pay the reward
    claimed      | twice         | claimed         | paid
    paid         | twice         | claimed         | reward.
    both claimed | twice         | twice           | paid
    """,
    {
        "claimed": (*ISSUED, "programme", "issuer claims"),
        "paid": (*ISSUED, "programme", "issuer claims", "pay the reward"),
        "both claimed": (*ISSUED, "programme", "issuer claims", "arranger claims"),
    },
    Desk,
    takes,
    CODES,
)
TABLES = (PRODUCT, CLAIM, SUBSCRIPTION, REWARD)


@pytest.mark.parametrize(("table", "row"), every_row(*TABLES))
def test_every_step_in_every_state_is_taken_or_refused(table: StateTable, row: list[str]) -> None:
    table.check(row)
