"""A market lives under one profile version that is in force, in its currency, by its calendar."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from custody.funding_messages import BankOpened, OpenBank
from exchange.core.authorisations import AuthorisationRecorded, RecordAuthorisation, WithdrawAuthorisation
from exchange.core.documents import FileDocument
from exchange.core.ids import AssetId, AuthorisationId
from exchange.core.messages import Rejected
from exchange.core.rule_messages import PublishedKind, PublishText
from exchange.rulebook import shipped
from matching.listing_messages import MarketOpened
from matching.messages import Market
from tests.listings.stage import House, open_cn
from tests.support import publish


def house_with_profile(name: str, *, version: int = 1, active: bool = True, **fields: Any) -> House:
    """The default venue with one more published profile, some of its values replaced."""
    house = House.cn()
    text = json.loads(shipped.profile_text(name))
    text["version"] = version
    for field, value in fields.items():
        text["fields"][field]["value"] = value
    if active:
        publish(house.venue, PublishedKind.PROFILE, json.dumps(text))
    else:
        house.venue.do(PublishText(kind=PublishedKind.PROFILE, text=json.dumps(text)))
    return house


LEAVE = "1ea" + "0" * 61


def money(house: House) -> AssetId:
    """The money of the default profile's market."""
    return house.venue.state.table(Market)[house.cn_market].money_asset_id


def test_a_market_keeps_what_it_was_opened_with() -> None:
    house = House.cn()
    market = house.venue.state.table(Market)[house.cn_market]
    assert (market.profile, market.profile_version, market.currency) == ("cn_ip_venue", 1, "CNY")
    assert (market.calendar, market.calendar_version, market.fee_schedule) == ("cn", 1, "cn_ip_venue")
    house.venue.close()


@pytest.mark.parametrize(
    ("changed", "code", "provision"),
    [
        ({"name": "Shenzhen IP venue", "profile": "nobody's"}, "market.exists", False),
        ({"profile": "nobody's", "currency": "USD"}, "profile.unknown", False),
        ({"profile_version": 2}, "profile.unknown", False),
        ({"currency": "USD"}, "currency.mismatch", True),
        ({"money_asset_id": AssetId(1), "calendar": "always"}, "asset.unknown", False),
        ({"calendar": "always"}, "calendar.invalid", True),
        ({"calendar_version": 2}, "calendar.unknown", False),
        ({"fee_schedule": "nobody's"}, "fee.schedule_unknown", False),
        ({"fee_schedule": "sandbox"}, "currency.mismatch", False),
    ],
)
def test_a_market_is_refused_for(changed: dict[str, Any], code: str, provision: bool) -> None:
    house = House.cn()
    refused, cited = house.refused(open_cn(money(house), **({"name": "Another"} | changed)), "ops")
    assert (refused, bool(cited)) == (code, provision)


def test_the_money_must_be_in_the_markets_currency() -> None:
    house = House.cn()
    assert house.refused(open_cn(house.venue.money, name="Another"), "ops") == ("currency.mismatch", "")
    right = house.right("thu")
    assert house.refused(open_cn(right, name="Another"), "ops") == ("asset.unknown", "")


def test_a_profile_must_be_active_and_its_day_must_have_come() -> None:
    house = house_with_profile("cn_ip_venue", version=2, active=False)
    assert house.refused(open_cn(money(house), name="Second", profile_version=2), "ops")[0] == "profile.not_active"


def test_a_profile_that_a_later_version_replaced_opens_no_market_and_keeps_its_own() -> None:
    house = house_with_profile("cn_ip_venue", version=2)
    assert house.refused(open_cn(money(house), name="Second"), "ops")[0] == "profile.not_active"
    house.venue.make(open_cn(money(house), name="Second", profile_version=2), MarketOpened)
    assert house.venue.state.table(Market)[house.cn_market].profile_version == 1
    house.venue.close()


LICENSED = ("cn_private_product", "licensed_securities", "offshore_professional")


def leave(house: House, name: str, **changed: str) -> RecordAuthorisation:
    """An authority's leave for markets of a profile, on a filed document, for this year and the next."""
    house.venue.do(FileDocument(sha256=LEAVE, size_bytes=1, media_type="application/pdf", title="Leave"))
    terms = {"authority": "A regulator", "reference": "CN-1", "starts_on": "2026-01-01", "ends_on": "2027-12-31"}
    return RecordAuthorisation(profile=name, document_sha256=LEAVE, **(terms | changed))


def not_authorised(house: House, name: str) -> bool:
    """Whether a market of the profile is refused for want of an authority's leave."""
    [rejected] = house.venue.do(open_cn(money(house), name="Licensed", profile=name))
    if not isinstance(rejected, Rejected) or rejected.code != "profile.not_active":
        return False
    assert rejected.detail.startswith("licence:")
    assert rejected.rule is not None and rejected.rule.field == "licence_required"
    return True


@pytest.mark.parametrize("name", LICENSED)
def test_a_licensed_profile_opens_no_market_without_an_authoritys_leave(name: str) -> None:
    house = house_with_profile(name)
    assert not_authorised(house, name)
    house.venue.by_two(leave(house, "cn_ip_venue"))
    assert not_authorised(house, name), "another profile's leave"
    house.venue.by_two(leave(house, name, reference="CN-2", starts_on="2026-12-01"))
    house.venue.by_two(leave(house, name, reference="CN-3", ends_on="2026-02-01"))
    assert not_authorised(house, name), "not yet, and not any more"


def test_a_licensed_profile_opens_markets_while_its_authorisation_stands() -> None:
    house = house_with_profile("cn_private_product")
    terms = {"profile": "cn_private_product"}
    [*_, recorded] = house.venue.by_two(leave(house, "cn_private_product"))
    assert isinstance(recorded, AuthorisationRecorded)
    house.venue.make(open_cn(money(house), name="First", **terms), MarketOpened)
    taken = WithdrawAuthorisation(authorisation_id=recorded.authorisation.authorisation_id, reason="by its order")
    house.venue.by_two(taken)
    assert not_authorised(house, "cn_private_product")
    [*_, again] = house.venue.by_two(taken)
    assert isinstance(again, Rejected) and again.code == "authorisation.withdrawn"
    house.venue.by_two(leave(house, "cn_private_product", reference="CN-9"))
    house.venue.make(open_cn(money(house), name="Second", **terms), MarketOpened)
    house.venue.close()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"profile": "no_such_profile"}, "profile.unknown"),
        ({"starts_on": "2027-12-31", "ends_on": "2027-12-30"}, "authorisation.invalid"),
        ({"ends_on": "2027-02-30"}, "authorisation.invalid"),
        ({"reference": "CN-TAKEN"}, "authorisation.invalid"),
        ({"document_sha256": "0" * 64}, "document.unknown"),
    ],
)
def test_an_authorisation_is_refused_for(changed: dict[str, str], code: str) -> None:
    house = house_with_profile("cn_private_product")
    house.venue.by_two(leave(house, "cn_private_product", reference="CN-TAKEN"))
    asked = msgspec.structs.replace(leave(house, "cn_private_product", reference="CN-4"), **changed)
    [*_, rejected] = house.venue.by_two(asked)
    assert isinstance(rejected, Rejected) and rejected.code == code


def test_an_authorisation_nobody_knows_is_not_withdrawn() -> None:
    house = House.cn()
    [*_, rejected] = house.venue.by_two(WithdrawAuthorisation(authorisation_id=AuthorisationId(5), reason="none"))
    assert isinstance(rejected, Rejected) and rejected.code == "authorisation.unknown"


def test_a_book_with_a_gap_between_the_sides_is_not_a_market_we_can_keep() -> None:
    house = house_with_profile("sandbox", version=2, opposite_side_gap_trading_days=5)
    bank = house.venue.make(OpenBank(name="B", code="XB", currency="XTS"), BankOpened)
    terms = {"name": "Gap", "profile": "sandbox", "profile_version": 2, "currency": "XTS"}
    refused, cited = house.refused(open_cn(bank.asset.asset_id, **terms), "ops")
    assert refused == "profile.invalid"
    assert cited
