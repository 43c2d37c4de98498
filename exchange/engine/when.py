"""Could another register have made a transfer effective on that day?"""

from __future__ import annotations

from datetime import date

from exchange.core.calendar import local_date
from exchange.core.messages import Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.engine.state import VENUE_TIME_ZONE


def refuse_day(header: Header, contracted_at_ns: int, text: str) -> Rejected | None:
    """Whether a day is none, lies before the contract, or in the future.

    Refused: recordal.invalid.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return Rejected(code=RejectCode.RECORDAL_INVALID, detail=f"no such date: {text}")
    contracted = local_date(contracted_at_ns, VENUE_TIME_ZONE)
    today = local_date(header.at_ns, VENUE_TIME_ZONE)
    if contracted <= day <= today:
        return None
    return Rejected(code=RejectCode.RECORDAL_INVALID, detail=f"{text} is not between {contracted} and {today}")
