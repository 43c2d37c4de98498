"""Trading rules: what their text may say, which orders they let through, and how a day of theirs runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exchange.core.instruments import OrderType, Phase, SelfTradePrevention, TimeInForce
from exchange.core.rejections import RejectCode
from exchange.rulebook import shipped
from exchange.rulebook.texts import TextError, unconfirmed_fields
from exchange.rulebook.trading import (
    FOLLOWS,
    OrderCondition,
    TradingFields,
    TradingRules,
    holds_calls,
    parse_trading_rules,
)
from exchange.rulebook.trading_checks import check_order
from matching.session import allowed
from tests.rulebook.shipped import profile, read, trading_rules

SANDBOX = shipped.trading_rules_text("sandbox")


def changed(**values: Any) -> str:
    """The sandbox's trading rules with other values."""
    document = json.loads(SANDBOX)
    for name, value in values.items():
        document["fields"][name]["value"] = value
    return json.dumps(document)


def day(*starts: str) -> list[dict[str, Any]]:
    """A timetable: `09:00:00 opening_call`, or `09:10:00 continuous +30` for an end drawn from 30 seconds."""
    found: list[dict[str, Any]] = []
    for start in starts:
        at, phase, *random = start.split()
        found.append({"at": at, "phase": phase, "random_seconds": int(random[0]) if random else 0})
    return found


WHOLE_DAY = day(
    "09:00:00 pre_open",
    "09:10:00 opening_call",
    "09:20:00 continuous +30",
    "17:00:00 closing_call",
    "17:05:00 post_close +30",
    "17:20:00 closed",
)
DAYS_THAT_RUN = [
    ("no timetable: phases by hand", []),
    ("continuous alone", day("09:00:00 continuous", "17:00:00 closed")),
    ("auctions alone, twice a day", day("09:00:00 opening_call", "10:00:00 closed",
                                        "14:00:00 opening_call", "15:00:00 closed")),
    ("a break at noon", day("09:00:00 opening_call", "09:30:00 continuous", "11:30:00 halted",
                            "13:00:00 continuous", "15:00:00 closed")),
    ("the last second of the day", day("09:00:00 continuous", "23:59:59 closed")),
]  # fmt: skip


@pytest.mark.parametrize(("why", "timetable"), DAYS_THAT_RUN, ids=[case[0] for case in DAYS_THAT_RUN])
def test_a_day_that_runs_is_taken(why: str, timetable: list[dict[str, Any]]) -> None:
    del why
    calls_only = ["day", "gtc", "gtd", "ioc", "fok"]
    document = parse_trading_rules(changed(timetable=timetable, times_in_force=calls_only))
    assert isinstance(document, TradingRules), document


BROKEN = [
    ("a call that nothing ends", changed(timetable=day("09:00:00 opening_call")),
     "$.fields.timetable.value", "the day ends in opening_call"),
    ("a day that stays open", changed(timetable=WHOLE_DAY[:3]), "$.fields.timetable.value", "ends in continuous"),
    ("out of order", changed(timetable=day("09:00:00 continuous", "08:00:00 closed")),
     "$.fields.timetable.value[1].at", "not after"),
    ("at the same moment", changed(timetable=day("09:00:00 continuous", "09:00:00 closed")),
     "$.fields.timetable.value[1].at", "not after"),
    ("within the random seconds", changed(timetable=[*WHOLE_DAY[:2], *day("09:20:00 continuous +30",
     "09:20:30 closed")]), "$.fields.timetable.value[3].at", "random seconds included"),
    ("continuous trading after a pre-open without a call", changed(timetable=day("09:00:00 pre_open",
     "09:10:00 continuous", "17:00:00 closed")), "$.fields.timetable.value[1].phase", "cannot follow pre_open"),
    ("a timetable that settles", changed(timetable=day("09:00:00 settling")),
     "$.fields.timetable.value[0].phase", "settling cannot follow closed"),
    ("a timetable that plans an interruption", changed(timetable=day("09:00:00 continuous",
     "10:00:00 volatility_call", "17:00:00 closed")), "$.fields.timetable.value[1].phase", "cannot follow"),
    ("a random end of continuous trading", changed(timetable=day("09:00:00 continuous", "17:00:00 closed +5")),
     "$.fields.timetable.value[1].random_seconds", "is no call"),
    ("a random end tomorrow", changed(timetable=day("23:00:00 opening_call", "23:59:50 closed +10")),
     "$.fields.timetable.value[1].random_seconds", "beyond the day"),
    ("a clock time that is none", changed(timetable=day("24:00:00 closed")), "$.fields.timetable.value[0].at", "match"),
    ("a type twice", changed(order_types=["limit", "limit"]), "$.fields.order_types.value", "twice"),
    ("no limit orders", changed(order_types=["market"]), "$.fields.order_types.value", "every book"),
    ("nothing that stays", changed(times_in_force=["ioc"]), "$.fields.times_in_force.value", "able to stay"),
    ("at-close without a closing call", changed(timetable=[*WHOLE_DAY[:3], *day("17:00:00 closed")]),
     "$.fields.times_in_force.value", "at_close without closing_call"),
    ("a cap on market orders nobody may send", changed(order_types=["limit", "stop_limit"], conditions=["market_cap"]),
     "$.fields.conditions.value", "market_cap without"),
    ("pairs without stops", changed(order_types=["limit"], conditions=["one_cancels_other"]),
     "$.fields.conditions.value", "without stops"),
    ("no way to be plain", changed(self_trade_preventions=["cancel_both"]),
     "$.fields.self_trade_preventions.value", "plain"),
    ("interruptions without a band", changed(static_band_ppm=None), "$.fields.volatility_seconds.value", "without"),
    ("a call and a halt", changed(breaker_seconds=60), "$.fields.breaker_seconds.value", "not both"),
    ("a random end of no call", changed(volatility_seconds=0), "$.fields.volatility_random_seconds.value", "no vol"),
    ("a window in which no reason holds", changed(bust_reasons=[]),
     "$.fields.bust_window_seconds.value", "without reasons"),
    ("reasons that never hold", changed(bust_window_seconds=0),
     "$.fields.bust_window_seconds.value", "without a window"),
    ("a reason twice", changed(bust_reasons=["whim", "whim"]), "$.fields.bust_reasons.value", "twice"),
    ("a window longer than a day", changed(bust_window_seconds=86_401),
     "$.fields.bust_window_seconds.value", "<= 86400"),
    ("a band of nothing", changed(static_band_ppm=0), "$.fields.static_band_ppm.value", ">= 1"),
    ("a band of more than everything", changed(static_band_ppm=1_000_001), "$.fields.static_band_ppm.value", "<="),
    ("no such date", SANDBOX.replace("2026-01-01", "2026-02-30"), "$.effective_from", "no such date"),
    ("an unknown row", SANDBOX.replace('"depth_levels"', '"depth"'), "$.fields.depth", "unknown field"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "text", "path", "reason"), BROKEN, ids=[case[0] for case in BROKEN])
def test_a_broken_text_is_refused_with_its_place_and_reason(why: str, text: str, path: str, reason: str) -> None:
    del why
    error = parse_trading_rules(text)
    assert isinstance(error, TextError)
    assert (error.code, error.path) == (RejectCode.TRADING_RULES_INVALID, path)
    assert reason in error.reason


def test_a_timetable_asks_for_no_passage_that_a_session_does_not_have() -> None:
    for before, followers in FOLLOWS.items():
        for after in followers:
            assert allowed(before, after), f"{before} to {after}"
    reached = {Phase.CLOSED, *(phase for followers in FOLLOWS.values() for phase in followers)}
    assert set(FOLLOWS) == reached, "what can be reached can be left"


def test_rules_are_shipped_for_each_profile_that_may_run_a_book_and_hold_what_it_allows() -> None:
    running = [name for name in shipped.PROFILES if profile(name).fields.centralised_methods.value]
    assert sorted(shipped.TRADING_RULES) == sorted(running)
    assert all(holds_calls(trading_rules(name)) for name in shipped.TRADING_RULES)
    for name in shipped.TRADING_RULES:
        unchecked = unconfirmed_fields(trading_rules(name))
        assert unchecked == TradingFields.__struct_fields__, "every figure is a venue's to confirm"


def test_a_band_without_a_timetable_still_holds_calls() -> None:
    assert holds_calls(read(parse_trading_rules(changed(timetable=[]))))
    alone = {"static_band_ppm": None, "volatility_seconds": 0, "volatility_random_seconds": 0}
    assert not holds_calls(read(parse_trading_rules(changed(timetable=[], **alone))))


LIMIT, STOP, DAY, IOC, AT_OPEN = OrderType.LIMIT, OrderType.STOP, TimeInForce.DAY, TimeInForce.IOC, TimeInForce.AT_OPEN
NEWEST, BOTH = SelfTradePrevention.CANCEL_NEWEST, SelfTradePrevention.CANCEL_BOTH
ICEBERG, HIDDEN = OrderCondition.ICEBERG, OrderCondition.HIDDEN
ASKED = [
    ("a plain order", LIMIT, DAY, (), NEWEST, None),
    ("a type that is not taken", STOP, AT_OPEN, (HIDDEN,), BOTH, "order_types"),
    ("a time that is not taken", LIMIT, AT_OPEN, (HIDDEN,), BOTH, "times_in_force"),
    ("a condition that is taken", LIMIT, IOC, (ICEBERG,), NEWEST, None),
    ("a second condition that is not", LIMIT, IOC, (ICEBERG, HIDDEN), BOTH, "conditions"),
    ("a self-trade prevention that is not taken", LIMIT, DAY, (ICEBERG,), BOTH, "self_trade_preventions"),
]


@pytest.mark.parametrize(("why", "kind", "time", "conditions", "prevention", "row"), ASKED, ids=[c[0] for c in ASKED])
def test_what_the_rules_do_not_take_is_refused_with_the_row_that_says_so(
    why: str,
    kind: OrderType,
    time: TimeInForce,
    conditions: tuple[OrderCondition, ...],
    prevention: SelfTradePrevention,
    row: str | None,
) -> None:
    del why
    text = changed(
        order_types=["limit", "market"],
        times_in_force=["day", "ioc"],
        conditions=["iceberg"],
        self_trade_preventions=["cancel_newest"],
    )
    refusal = check_order(read(parse_trading_rules(text)), kind, time, conditions, prevention)
    if row is None:
        assert refusal is None
    else:
        assert refusal is not None
        assert refusal.code is RejectCode.RULE_ORDER_NOT_ALLOWED
        assert (refusal.rule.profile, refusal.rule.version, refusal.rule.field) == ("sandbox", 1, row)
        assert refusal.rule.provision == "SANDBOX"
