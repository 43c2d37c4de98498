"""Chapter of the block: a manager buys once for several funds and shares it, each lot at the average of the day."""

from __future__ import annotations

from typing import Any

from exchange.story.founding import fund
from exchange.story.stage import Stage, StoryBroken, money, one
from exchange.story.trading import MIDDLE_TICKS

FUNDS = {"alpha": 20, "beta": 10}
"""Each fund and how many lots are its."""
LOTS = 30
HIGHEST_TICKS = MIDDLE_TICKS + 20
CASH_MINOR = 5_000_000


async def share_a_block(stage: Stage) -> None:
    """Thirty lots are bought in one account that allocates, and shared out among two funds to the last cent."""
    manager = await _manager(stage)
    instrument = stage.facts["instruments"][0]
    order = {"instrument_id": instrument["instrument_id"], "quantity_lots": LOTS, "price_ticks": HIGHEST_TICKS}
    await stage.ask(
        instrument["user"],
        "order.place",
        client_order_id="for-the-block",
        account_id=instrument["account_id"],
        side="sell",
        time_in_force="gtc",
        **order,
    )
    told = await stage.ask(
        "manager",
        "order.place",
        client_order_id="block",
        account_id=manager["block"],
        side="buy",
        time_in_force="fok",
        **order,
    )
    [total] = one(told, "allocation.totalled")["totals"]
    asked: dict[str, Any] = {
        "account_id": manager["block"],
        "instrument_id": instrument["instrument_id"],
        "side": "buy",
        "day": total["day"],
        "rows": [{"account_id": manager[name], "quantity_lots": lots} for name, lots in FUNDS.items()],
    }
    await stage.is_refused("manager", "allocation.make", "allocation.totals_changed", expected_lots=LOTS - 1, **asked)
    shared = one(await stage.ask("manager", "allocation.make", expected_lots=LOTS, **asked), "allocation.made")
    allocation = shared["allocation"]
    paid = {name: _row(allocation, manager[name]) for name in FUNDS}
    whole = total["notional_minor"] + total["fees_minor"]
    if sum(row["notional_minor"] + row["fee_minor"] for row in paid.values()) != whole:
        raise StoryBroken(f"the parts of a block are not the whole: {allocation}")
    parts = [
        f"{name} {row['quantity_lots']} lots for {money(row['notional_minor'] + row['fee_minor'], 'XTS')}"
        for name, row in paid.items()
    ]
    stage.tell(
        "block",
        {
            "allocation_id": allocation["allocation_id"],
            "lots": {name: row["quantity_lots"] for name, row in paid.items()},
            "notional_minor": total["notional_minor"],
            "fees_minor": total["fees_minor"],
            "parts_minor": {name: [row["notional_minor"], row["fee_minor"]] for name, row in paid.items()},
        },
        f"A manager buys {LOTS} lots of {instrument['code']} at once for two funds, for "
        f"{money(whole, 'XTS')} with fees, and shares them at the day's average ({allocation['allocation_id']}): "
        f"{', '.join(parts)}. "
        "The parts are the whole, to the cent.",
    )


async def _manager(stage: Stage) -> dict[str, Any]:
    """A fund manager with an account that allocates and one for each fund, each with test money."""
    name = "Simulated fund manager"
    told = await stage.ask("operator", "member.register", name=name, role="investor", country="CN", simulated=True)
    member_id = one(told, "member.registered")["member"]["member_id"]
    await stage.ask("operator", "member.class", member_id=member_id, standings=["invited", "method_statement"])
    await stage.cast("manager", member_id)
    accounts: dict[str, Any] = {}
    opened: dict[str, dict[str, Any]] = {"block": {"allocates": True}}
    opened |= {sub: {"beneficiary": f"Fund {sub}"} for sub in FUNDS}
    for sub, fields in opened.items():
        told = await stage.ask("manager", "account.open", member_id=member_id, sub_account=sub, **fields)
        accounts[sub] = one(told, "account.opened")["account"]["account_id"]
        await fund(stage, accounts[sub], name, "XTS", CASH_MINOR)
    return accounts


def _row(allocation: dict[str, Any], account_id: str) -> dict[str, Any]:
    """One account's line of an allocation."""
    row: dict[str, Any] = next(row for row in allocation["rows"] if row["account_id"] == account_id)
    return row
