"""What holds of every stretch: it names the same alerts again, whoever is behind the names, and only for its orders."""

from __future__ import annotations

import functools
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.ids import AccountId, OrderId, make_id
from exchange.core.instruments import Side
from exchange.core.units import TimeNs
from matching.surveillance.alerts import Alert, AlertKind
from matching.surveillance.facts import Entered, Fact, LastTraded, Reduced, Traded, TurnKind, Withdrawn
from matching.surveillance.parameters import VERSIONS, Parameters, read_parameters, shipped
from matching.surveillance.relations import Relations
from matching.surveillance.watch import Watch, surveil
from tests.matching.surveillance.flow import Day
from tests.matching.surveillance.stories import INSTRUMENT, Story
from tests.matching.surveillance.test_stories import STORIES

GUILTY = [title for title, (_, expected) in STORIES.items() if expected]


def found(facts: list[Fact], relations: Relations, parameters: Parameters | None = None) -> list[Alert]:
    """What these facts raise."""
    return list(surveil(facts, INSTRUMENT, parameters or shipped(), relations))


def renamed(fact: Fact, names: dict[AccountId, AccountId]) -> Fact:
    """The same fact of other accounts."""
    match fact:
        case Entered():
            return msgspec.structs.replace(fact, account_id=names[fact.account_id])
        case Traded():
            parts = {
                name: msgspec.structs.replace(part, account_id=names[part.account_id])
                for name, part in (("buyer", fact.buyer), ("seller", fact.seller))
            }
            return msgspec.structs.replace(fact, **parts)
        case _:
            return fact


def names_order(fact: Fact, order_id: OrderId) -> bool:
    """Whether a fact is about an order."""
    match fact:
        case Traded():
            return order_id in {fact.buyer.order_id, fact.seller.order_id}
        case Entered() | Reduced() | Withdrawn():
            return fact.order_id == order_id
        case _:
            return False


@functools.cache
def planted(seed: int) -> tuple[Day, dict[AlertKind, set[OrderId]]]:
    """10,000 ordinary orders with one of each pattern between them; the orders each pattern is made of."""
    day = Day(seed)
    first, second = AccountId(make_id(20_000)), AccountId(make_id(30_000))
    three = [AccountId(make_id(20_001 + number)) for number in range(3)]
    made: dict[AlertKind, set[OrderId]] = {}
    day.trade(2_000)
    made[AlertKind.WASH_RELATED] = cross(day, first, second, 77)
    day.trade(2_000)
    ring: set[OrderId] = set()
    for number in range(3):
        ring |= cross(day, three[number], three[(number + 1) % 3], 93, price=day.worth)
        day.pass_time(60)
    made[AlertKind.WASH_CIRCULAR] = ring
    day.trade(2_000)
    made[AlertKind.LAYERING] = layers(day, three[0], three[1])
    day.trade(2_000)
    made[AlertKind.RAMPING] = push(day, three[0], 6, 100)
    day.turn(TurnKind.AUCTION)
    day.trade(2_000)
    day.pass_time(600)
    made[AlertKind.MARKING_THE_CLOSE] = push(day, three[2], 2, 30)
    day.turn(TurnKind.CLOSE)
    return day, made


@functools.cache
def raised(seed: int) -> list[Alert]:
    """What the planted day raises."""
    day, _ = planted(seed)
    return found(day.facts, day.relations)


def cross(day: Day, seller: AccountId, buyer: AccountId, lots: int, price: int | None = None) -> set[OrderId]:
    """Two orders that come together where nobody is between them."""
    clear(day, price or day.worth)
    offer = day.place(seller, Side.SELL, lots, price or day.worth)
    day.pass_time(2)
    return {offer, day.place(buyer, Side.BUY, lots, price or day.worth)}


def layers(day: Day, layerer: AccountId, victim: AccountId) -> set[OrderId]:
    """Four bids below an offer, taken away when it is sold."""
    clear(day, day.worth)
    real = day.place(layerer, Side.SELL, 20, day.worth)
    shown = [day.place(layerer, Side.BUY, 60, day.worth - 2 - number) for number in range(4)]
    day.pass_time(5)
    day.place(victim, Side.BUY, 20, day.worth)
    day.pass_time(5)
    for order_id in shown:
        day.withdraw(order_id)
    return {real, *shown}


def push(day: Day, pusher: AccountId, times: int, lots: int) -> set[OrderId]:
    """Purchases through a thinned book: each lifts the price by a hundredth, or by three where there are but two."""
    clear(day, day.worth)
    pushed: set[OrderId] = set()
    others = [account for account in day.people if account != pusher]
    for number in range(times):
        price = day.worth * (100 + (number + 1) * (1 if times > 2 else 3)) // 100
        day.place(others[number], Side.SELL, lots * 20, price)
        day.pass_time(20)
        pushed.add(day.place(pusher, Side.BUY, lots * 20, price))
    return pushed


def clear(day: Day, price: int) -> None:
    """Let everybody who stands in the way leave."""
    for order in list(day.open.values()):
        if (order.side is Side.SELL and order.price <= price * 12 // 10) or order.price >= price:
            day.withdraw(order.order_id)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_patterns_planted_among_ten_thousand_ordinary_orders_are_all_found(seed: int) -> None:
    day, made = planted(seed)
    alerts = raised(seed)
    assert day.placed >= 10_000
    for kind, orders in made.items():
        assert [alert for alert in alerts if alert.kind is kind and orders <= set(alert.order_ids)], kind


@pytest.mark.parametrize("seed", range(4))
def test_ten_thousand_ordinary_orders_raise_hardly_an_alert(seed: int) -> None:
    # What is left over is one account that by chance withdraws several orders just after a small fill.
    day = Day(seed)
    day.trade(10_000)
    day.turn(TurnKind.CLOSE)
    false_alarms = Counter(alert.kind for alert in found(day.facts, day.relations))

    assert set(false_alarms) <= {AlertKind.LAYERING, AlertKind.WASH_RELATED}
    assert false_alarms.total() <= 5, false_alarms


def test_watching_is_bounded_and_says_when_it_forgot_for_lack_of_room() -> None:
    day = Day(5)
    day.trade(3_000)
    small = {"most_orders": 40, "most_trades": 30, "most_hops": 1, "most_suspicions": 1}
    document = msgspec.to_builtins(shipped())
    for name, most in small.items():
        document["memory"][name]["value"] = most
    watch = Watch(INSTRUMENT, read_parameters(msgspec.json.encode(document).decode()), day.relations)
    roomy = Watch(INSTRUMENT, shipped(), day.relations)
    for fact in day.facts:
        watch.see(fact)
        roomy.see(fact)

    assert watch.forgotten > 0
    assert roomy.forgotten == 0


@given(title=st.sampled_from(GUILTY), numbers=st.permutations(range(12)))
def test_who_is_behind_the_names_does_not_matter(title: str, numbers: list[int]) -> None:
    story = Story.told(STORIES[title][0])
    names = {
        account: AccountId(make_id(5_000 + number)) for account, number in zip(story.owners, numbers, strict=False)
    }
    others = Relations(
        {names[account]: owner for account, owner in story.owners.items()},
        [tuple(names[account] for account in group) for group in story.declared],
    )
    before = story.alerts()
    after = found([renamed(fact, names) for fact in story.facts], others)

    assert [
        msgspec.structs.replace(alert, accounts=tuple(names[account] for account in alert.accounts), sentence="")
        for alert in before
    ] == [msgspec.structs.replace(alert, sentence="") for alert in after]


@pytest.mark.parametrize("title", GUILTY)
def test_without_any_one_of_the_orders_it_names_the_alert_is_gone_or_another(title: str) -> None:
    story = Story.told(STORIES[title][0])
    for alert in story.alerts():
        assert alert.order_ids
        for order_id in alert.order_ids:
            without = [fact for fact in story.facts if not names_order(fact, order_id)]
            assert alert not in found(without, story.relations)


@settings(max_examples=60, deadline=None)
@given(seed=st.sampled_from([1, 2]), data=st.data())
def test_any_stretch_names_what_a_walk_over_everything_names_in_it(seed: int, data: st.DataObject) -> None:
    day, alerts = planted(seed)[0], raised(seed)
    # Half of the stretches begin and end at an alert, where a mistake would show.
    ends = st.one_of(st.integers(1, day.sequence), st.sampled_from([int(alert.to_sequence) for alert in alerts]))
    first, last = sorted((data.draw(ends), data.draw(ends)))
    at_ns = next(fact.at_ns for fact in day.facts if fact.sequence >= first)
    since_ns = at_ns - shipped().lookback_ns
    earlier = [fact for fact in day.facts if isinstance(fact, Traded) and fact.at_ns < since_ns]
    stretch: list[Fact] = [fact for fact in day.facts if fact.at_ns >= since_ns and fact.sequence <= last]
    if earlier:
        seen = earlier[-1]
        stretch.insert(
            0,
            LastTraded(
                sequence=seen.sequence,
                at_ns=TimeNs(seen.at_ns),
                trade_id=seen.trade_id,
                price_ticks=seen.price_ticks,
            ),
        )

    expected = [alert for alert in alerts if first <= alert.to_sequence <= last]
    assert [alert for alert in found(stretch, day.relations) if alert.to_sequence >= first] == expected
    assert len({alert.alert_id for alert in alerts}) == len(alerts)


def test_every_shipped_version_can_be_read_and_carries_its_reasons() -> None:
    for version in VERSIONS:
        parameters = shipped(version)
        assert parameters.version == version
        assert parameters.label == f"standard@{version}"


def test_a_threshold_without_a_reason_or_with_an_unknown_name_is_refused() -> None:
    document = msgspec.to_builtins(shipped())
    document["wash"]["entered_within_s"]["reason"] = ""
    with pytest.raises(msgspec.ValidationError, match="entered_within_s"):
        read_parameters(msgspec.json.encode(document).decode())
    document = msgspec.to_builtins(shipped())
    document["wash"]["colour"] = document["wash"]["entered_within_s"]
    with pytest.raises(msgspec.ValidationError, match="colour"):
        read_parameters(msgspec.json.encode(document).decode())


def test_the_document_shows_the_newest_thresholds_and_where_they_come_from() -> None:
    text = (Path(__file__).parents[3] / "docs" / "explanations" / "surveillance.md").read_text(encoding="utf-8")
    document = msgspec.to_builtins(shipped())
    rows = [
        f"| `{part}.{name}` | {threshold['value']} | {threshold['mark']} | {threshold['source']} |"
        for part in ("wash", "layering", "close", "ramp", "memory")
        for name, threshold in document[part].items()
    ]

    assert [row for row in rows if row not in text] == []
    assert f"`{shipped().label}`" in text
