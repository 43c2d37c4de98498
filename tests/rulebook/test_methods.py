"""Which market may find a price how: the whole table, to be read by somebody who knows the law and no Python."""

from __future__ import annotations

import pytest

from exchange.core.messages import Citation
from exchange.core.rejections import RejectCode
from exchange.rulebook import shipped
from exchange.rulebook.checks import check_method
from exchange.rulebook.profile import Method
from tests.rulebook.shipped import profile

TABLE = """
                cn_ip_venue      cn_private_product  licensed_securities  offshore_professional  sandbox
listing         yes              CN-SEC-37           yes                  yes                    yes
agreement       yes              yes                 yes                  yes                    yes
rfq             yes              yes                 yes                  yes                    yes
english         yes              CN-SEC-37           yes                  yes                    yes
dutch           yes              CN-SEC-37           yes                  yes                    yes
sealed          yes              CN-SEC-37           yes                  yes                    yes
tender          yes              CN-SEC-37           yes                  yes                    yes
open_licence    yes              CN-SEC-37           yes                  yes                    yes
order_book      CN-38/37         CN-38/37            yes                  yes                    yes
call_auction    CN-38/37         CN-38/37            yes                  yes                    yes
"""


def cells() -> list[tuple[str, str, str]]:
    head, *lines = TABLE.strip().splitlines()
    return [
        (name, method, answer)
        for method, *answers in map(str.split, lines)
        for name, answer in zip(head.split(), answers, strict=True)
    ]


@pytest.mark.parametrize(("name", "method", "answer"), cells())
def test_a_market_allows_a_method_or_names_the_provision_that_forbids_it(name: str, method: str, answer: str) -> None:
    refusal = check_method(profile(name), Method(method))
    if refusal is None:
        assert answer == "yes"
    else:
        assert refusal.code is RejectCode.RULE_METHOD_NOT_ALLOWED
        assert refusal.rule.provision == answer


def test_the_table_names_every_profile_and_every_method() -> None:
    assert [name for name, method, _ in cells() if method == "listing"] == list(shipped.PROFILES)
    assert [method for name, method, _ in cells() if name == "sandbox"] == [method.value for method in Method]


def test_the_default_profile_refuses_an_order_book_citing_profile_version_field_and_provision() -> None:
    assert shipped.DEFAULT_PROFILE == "cn_ip_venue"
    refusal = check_method(profile(shipped.DEFAULT_PROFILE), Method.ORDER_BOOK)
    assert refusal is not None
    assert refusal.detail == "cn_ip_venue@1 does not allow order_book"
    assert refusal.rule == Citation(profile="cn_ip_venue", version=1, field="centralised_methods", provision="CN-38/37")
    answer = refusal.rejected()
    assert (answer.code, answer.detail, answer.rule) == (refusal.code, refusal.detail, refusal.rule)
