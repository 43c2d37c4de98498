"""Chapter of three dates: contracted, effective, known; a wrong day is corrected, and both answers can be asked for."""

from __future__ import annotations

from typing import Any

from exchange.core.calendar import local_date
from exchange.core.units import NS_PER_DAY
from exchange.story.stage import Stage, StoryBroken, one

WAITED_DAYS = 10
WRONG_DAYS_AGO = 8
RIGHT_DAYS_AGO = 3


async def correct_a_date(stage: Stage) -> None:
    """The office's notice names a wrong day of recordal; its gazette names the right one, two operators enter it."""
    sold = stage.facts["contracted"]
    await stage.days_pass(WAITED_DAYS)
    now_ns = stage.clock.now_ns()
    wrong, right = (_day(now_ns, days) for days in (WRONG_DAYS_AGO, RIGHT_DAYS_AGO))
    reference = f"SIM-RECORDAL-{sold['seller']['patent']['number']}"
    told = await stage.ask(
        "operator",
        "recordal.confirm",
        deal_id=sold["deal_id"],
        office_reference=reference,
        effective_date=wrong,
    )
    entered = one(told, "title.entered")["entry"]
    await stage.days_pass(1)
    gazette = await stage.file("operator", "Gazette", f"Simulated gazette: {reference} of {right}")
    told = await stage.ask_two(
        "operator",
        "operator2",
        "title.correct_date",
        entry_id=entered["entry_id"],
        effective_date=right,
        office_reference=reference,
        evidence_sha256=gazette,
        reason="simulated: the notice named the day of the request",
    )
    corrected = one(told, "title.date_corrected")["entry"]
    answers = [await _owner_on(stage, sold["asset_id"], wrong, line["known_at_ns"]) for line in (entered, corrected)]
    expected = [sold["buyer"]["member_id"], sold["seller"]["member_id"]]
    if answers != expected:
        raise StoryBroken(f"who owned the patent on {wrong}: {answers}, expected {expected}")
    before, after = (_side(sold, member_id) for member_id in answers)
    stage.tell(
        "dates",
        {
            "entry_id": corrected["entry_id"],
            "corrects": corrected["corrects"] == entered["entry_id"],
            "wrong": wrong,
            "right": right,
            "answered_before": before,
            "answered_after": after,
        },
        f"{sold['deal_id']} is recorded: by the office's notice on {wrong}, by its gazette on {right}. Two operators "
        f"correct the day with a new line of the register, {corrected['entry_id']}; the old line stays.",
        f"Who owned the patent on {wrong}? As the exchange knew it before the correction: the {before}. As it knows "
        f"it now: the {after}, under contract to the buyer.",
    )


async def _owner_on(stage: Stage, asset_id: str, day: str, known_at_ns: int) -> str:
    """The one owner of a right at the end of a day, as it was known at a moment."""
    place = f"/v1/assets/{asset_id}/holders"
    found: dict[str, Any] = await stage.clients["regulator"].get(place, effective_on=day, known_at_ns=known_at_ns)
    [holder] = found["item"]["holders"]
    owner: str = holder["member_id"]
    return owner


def _side(sold: dict[str, Any], member_id: str) -> str:
    return "buyer" if member_id == sold["buyer"]["member_id"] else "seller"


def _day(now_ns: int, days_ago: int) -> str:
    return local_date(now_ns - days_ago * NS_PER_DAY, "Asia/Shanghai").isoformat()
