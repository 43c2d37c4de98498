"""Every step in every state of a company's founding and of a transfer of its equity, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from custody.company import CompanyProposed
from exchange.core.ids import EquityOfferId
from exchange.core.membership import FreezeMember
from matching.equity import EquityNotice
from tests.equity.stage import Firm
from tests.state_tables import StateTable, every_row


def takes(firm: Firm, step: str) -> str:
    """Take a step of a founding or a transfer; the code it is refused with, or nothing."""
    match step.split():
        case ["wait", days]:
            firm.happens(f"wait {days}")
            return ""
        case ["first", "offer"]:
            firm.offer_id = EquityOfferId(min(key for flow, key in firm.venue.steps.states if flow == OFFER.flow))
            return ""
        case [who, "is", "frozen"]:
            return firm.venue.refusal(FreezeMember(member_id=firm.venue.members[who], frozen=True))
        case ["co", "proposes", *founders]:
            terms = {"founders": firm.founders()[1:]} if founders == ["cash"] else {}
            events = firm.venue.do(firm.founding(**terms), "co")
            if isinstance(events[0], CompanyProposed):
                firm.company_id = events[0].company.company_id
                return ""
            return str(events[0].code.value)  # type: ignore[attr-defined]
        case [who, *words]:
            return firm.takes(who, " ".join(words))
        case _:
            raise ValueError(step)


# --- The founding -----------------------------------------------------------------------------------------------------


def newest(flow: str, firm: Any) -> str:
    """The state of the newest case of a workflow; none: there is none yet."""
    states = {key: state for (name, key), state in firm.venue.steps.states.items() if name == flow}
    return states[max(states)] if states else "none"


SIGNED = ("co proposes", "wait 16", "thu signs", "li signs", "wu signs")
FOUNDING: dict[str, tuple[str, ...]] = {
    "shown": ("co proposes",),
    "founding": ("co proposes", "wait 16"),
    "thu signed": ("co proposes", "wait 16", "thu signs"),
    "two signed": ("co proposes", "wait 16", "thu signs", "wu signs"),
    "contributing": SIGNED,
    "founded": (*SIGNED, "ops records"),
    "cash": ("co proposes cash",),
    "wu signed cash": ("co proposes cash", "wu signs"),
    "founded in cash": ("co proposes cash", "wu signs", "li signs"),
    "abandoned": ("co proposes", "wait 16", "thu signs", "co abandons"),
    "refused": (*SIGNED, "ops turns-down"),
    "late founders": ("co proposes", "wait 16", "thu signs", "wait 400"),
    "late office": (*SIGNED, "wait 400"),
}
OF_A_COMPANY = {
    ".": "company.state",
    "-": "company.unknown",
    "founder": "company.not_founder",
    "early": "company.publicity_running",
}
CAME: dict[str, Any] = {}
COMPANY = StateTable(
    "founding of a company",
    """
                    | co proposes    | li signs     | thu signs | cy signs | li abandons | ops abandons | cy abandons | ops records | ops turns-down
    shown           | company.exists | early        | early     | founder  | abandoned   | abandoned    | founder     | .           | .
    founding        | company.exists | founding     | founding  | founder  | abandoned   | abandoned    | founder     | .           | .
    thu signed      | company.exists | founding     | .         | founder  | abandoned   | abandoned    | founder     | .           | .
    two signed      | company.exists | contributing | .         | founder  | abandoned   | abandoned    | founder     | .           | .
    contributing    | company.exists | .            | .         | founder  | .           | .            | founder     | founded     | contribution_refused
    founded         | company.exists | .            | .         | founder  | .           | .            | founder     | .           | .
    cash            | company.exists | founding     | founder   | founder  | abandoned   | abandoned    | founder     | .           | .
    wu signed cash  | company.exists | founded      | founder   | founder  | abandoned   | abandoned    | founder     | .           | .
    founded in cash | company.exists | .            | founder   | founder  | .           | .            | founder     | .           | .
    abandoned       | founding       | -            | -         | -        | -           | -            | -           | -           | -
    refused         | founding       | -            | -         | -        | -           | -            | -           | -           | -
    late founders   | founding       | -            | -         | -        | -           | -            | -           | -           | -
    late office     | founding       | -            | -         | -        | -           | -            | -           | -           | -
    """,  # noqa: E501 - a table is read across
    FOUNDING,
    Firm.people,
    takes,
    OF_A_COMPANY,
    shown=lambda firm: firm.company().state.value,
    also=("contribution of a founder",),
    came=CAME,
)
CONTRIBUTION = StateTable(
    "contribution of a founder",
    """
                    | li signs | co abandons | ops records | ops turns-down
    shown           | early    | none        | .           | .
    founding        | promised | none        | .           | .
    thu signed      | promised | returned    | .           | .
    two signed      | promised | returned    | .           | .
    contributing    | .        | .           | made        | returned
    founded         | .        | .           | .           | .
    cash            | promised | none        | .           | .
    wu signed cash  | made     | returned    | .           | .
    founded in cash | .        | .           | .           | .
    abandoned       | -        | -           | -           | -
    refused         | -        | -           | -           | -
    late founders   | -        | -           | -           | -
    late office     | -        | -           | -           | -
    """,
    FOUNDING,
    Firm.people,
    takes,
    OF_A_COMPANY,
    shown=lambda firm: newest("contribution of a founder", firm),
    also=("founding of a company",),
    came=CAME,
)

# --- Transfers --------------------------------------------------------------------------------------------------------


def of_ada(firm: Any) -> str:
    """How the notice to ada about the first offer stands; none: there is none."""
    for entry in reversed(firm.venue.journal):
        for event in reversed(entry.events):
            for one in (*getattr(event, "notices", ()), getattr(event, "notice", None)):
                mine = isinstance(one, EquityNotice) and one.member_id == firm.venue.members["ada"]
                if mine and one.offer_id == firm.offer_id:
                    return str(one.state.value)
    return "none"


NOTICE = ("li offers 300 for 500 to cy", "cy accepts")
SOLD_OUT = ("ada offers 200 for 100 to wu", "wu accepts", "co enters", "first offer")
TRANSFER: dict[str, tuple[str, ...]] = {
    "offered": ("li offers 300 for 500 to cy",),
    "to a member": ("li offers 300 for 500 to ada",),
    "notice": NOTICE,
    "ada stepped in": (*NOTICE, "ada exercises"),
    "ada waived": (*NOTICE, "ada waives"),
    "ada alone left": (*NOTICE, "thu waives", "wu waives"),
    "contracted": (*NOTICE, "wait 34"),
    "ada has it": (*NOTICE, "ada exercises", "wait 34"),
    "among members": ("li offers 300 for 500 to ada", "ada accepts"),
    "entered": (*NOTICE, "wait 34", "co enters"),
    "refused": (*NOTICE, "wait 34", "co refuses"),
    "long stop": (*NOTICE, "wait 34", "wait 400"),
    "withdrawn": ("li offers 300 for 500 to cy", "li withdraws"),
    "buyer frozen": (*NOTICE, "cy is frozen", "wait 34"),
    "ada sold out": (*NOTICE, "wu exercises", "ada exercises", *SOLD_OUT),
    "ada outranked": (*NOTICE, "wu exercises", "ada exercises", *SOLD_OUT, "thu waives"),
}
OF_A_TRANSFER = {
    ".": "equity.state",
    "-": "equity.unknown",
    "no notice": "equity.notice_unknown",
    "answered": "equity.notice_state",
    "not party": "equity.not_party",
    "held": "right.encumbered",
    "has none": "right.not_owned",
    "frozen": "member.frozen",
    "gap": "rule.opposite_side_gap",
}
MOVED: dict[str, Any] = {}
OFFER = StateTable(
    "transfer of equity",
    """
                   | li offers 300 for 500 to cy | cy accepts | dee accepts | li withdraws | cy withdraws | co enters | co refuses | wu exercises | wu waives
    offered        | offered                     | notice     | not party   | withdrawn    | withdrawn    | .         | .          | no notice    | no notice
    to a member    | offered                     | not party  | not party   | withdrawn    | not party    | .         | .          | no notice    | no notice
    notice         | held                        | .          | not party   | .            | .            | .         | .          | notice       | notice
    ada stepped in | held                        | .          | not party   | .            | .            | .         | .          | notice       | notice
    ada waived     | held                        | .          | not party   | .            | .            | .         | .          | notice       | notice
    ada alone left | held                        | .          | not party   | .            | .            | .         | .          | answered     | answered
    contracted     | held                        | .          | not party   | .            | .            | entered   | refused    | no notice    | no notice
    ada has it     | held                        | not party  | not party   | .            | not party    | entered   | refused    | no notice    | no notice
    among members  | held                        | not party  | not party   | .            | not party    | entered   | refused    | no notice    | no notice
    entered        | has none                    | -          | -           | -            | -            | -         | -          | no notice    | no notice
    refused        | offered                     | -          | -           | -            | -            | -         | -          | no notice    | no notice
    long stop      | offered                     | -          | -           | -            | -            | -         | -          | no notice    | no notice
    withdrawn      | offered                     | -          | -           | -            | -            | -         | -          | no notice    | no notice
    buyer frozen   | frozen                      | -          | -           | -            | -            | -         | -          | no notice    | no notice
    ada sold out   | held                        | .          | not party   | .            | .            | .         | .          | answered     | answered
    ada outranked  | held                        | not party  | not party   | .            | not party    | entered   | refused    | no notice    | no notice
    """,  # noqa: E501 - a table is read across
    TRANSFER,
    Firm.founded,
    takes,
    OF_A_TRANSFER,
    shown=lambda firm: firm.offer().state.value,
    also=("notice to a member of a company",),
    came=MOVED,
)
EQUITY_NOTICE = StateTable(
    "notice to a member of a company",
    """
                   | cy accepts | ada exercises | ada waives | ada objects | wu exercises | wu waives | thu waives
    offered        | notified   | no notice     | no notice  | no notice   | no notice    | no notice | no notice
    to a member    | not party  | no notice     | no notice  | no notice   | no notice    | no notice | no notice
    notice         | .          | exercised     | waived     | waived      | notified     | notified  | notified
    ada stepped in | .          | answered      | answered   | answered    | exercised    | exercised | exercised
    ada waived     | .          | answered      | answered   | answered    | waived       | waived    | waived
    ada alone left | .          | taken         | waived     | waived      | answered     | answered  | answered
    contracted     | .          | no notice     | no notice  | no notice   | no notice    | no notice | no notice
    ada has it     | not party  | no notice     | no notice  | no notice   | no notice    | no notice | no notice
    among members  | not party  | no notice     | no notice  | no notice   | no notice    | no notice | no notice
    entered        | -          | no notice     | no notice  | no notice   | no notice    | no notice | no notice
    refused        | -          | no notice     | no notice  | no notice   | no notice    | no notice | no notice
    long stop      | -          | no notice     | no notice  | no notice   | no notice    | no notice | no notice
    withdrawn      | -          | no notice     | no notice  | no notice   | no notice    | no notice | no notice
    buyer frozen   | -          | no notice     | no notice  | no notice   | no notice    | no notice | no notice
    ada sold out   | .          | answered      | answered   | answered    | answered     | answered  | outranked
    ada outranked  | not party  | no notice     | no notice  | no notice   | no notice    | no notice | no notice
    """,
    TRANSFER,
    Firm.founded,
    takes,
    OF_A_TRANSFER,
    shown=of_ada,
    also=("transfer of equity",),
    came=MOVED,
)
STRICT = StateTable(
    "transfer of equity",
    """
                   | ada waives | ada objects | ada exercises | thu waives | cy accepts | co enters
    ada alone left | contracted | dissented   | contracted    | answered   | .          | .
    ada stepped in | no notice  | no notice   | no notice     | no notice  | not party  | entered
    all objected   | no notice  | no notice   | no notice     | no notice  | -          | -
    """,
    {
        "ada alone left": (*NOTICE, "thu objects", "wu waives"),
        "ada stepped in": (*NOTICE, "thu objects", "ada exercises", "wu waives"),
        "all objected": (*NOTICE, "thu objects", "ada objects", "wu objects"),
    },
    lambda: Firm.founded(consent_majority_ppm=500_001),
    takes,
    OF_A_TRANSFER,
    shown=lambda firm: firm.offer().state.value,
    also=("notice to a member of a company",),
)
"""A charter that asks for the consent of more than half of the others' 700: thu has 200, ada 200 and wu 300."""
TABLES = (COMPANY, CONTRIBUTION, OFFER, EQUITY_NOTICE, STRICT)


@pytest.mark.parametrize(("table", "row"), every_row(*TABLES))
def test_every_step_in_every_state_is_taken_or_refused(table: StateTable, row: list[str]) -> None:
    table.check(row)
