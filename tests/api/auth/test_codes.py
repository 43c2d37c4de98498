"""The codes of the edge and the engine never share a name, and each says how it is answered."""

from __future__ import annotations

import re

import pytest

from api.auth.codes import EdgeCode, EdgeRefused
from exchange.core.rejections import RejectCode


@pytest.mark.parametrize("code", list(EdgeCode))
def test_every_code_has_a_form_a_status_and_a_sentence(code: EdgeCode) -> None:
    assert re.fullmatch(r"(auth|token|signature)\.[a-z0-9_]+", code)
    assert code.status in {401, 409, 422, 429, 503}
    assert code.sentence.endswith(".") and code.sentence[0].isupper()
    assert {str(code): code for code in EdgeCode}[code.value] is code


def test_no_code_is_also_one_of_the_engine() -> None:
    assert not {code.value for code in EdgeCode} & {code.value for code in RejectCode}


def test_a_refusal_says_its_code_and_sentence() -> None:
    refused = EdgeRefused(EdgeCode.AUTH_BUSY, retry_after_s=2)
    assert str(refused) == "auth.busy: Too many logins are waiting; try again shortly."
    assert (refused.detail, refused.retry_after_s) == (EdgeCode.AUTH_BUSY.sentence, 2)
    assert EdgeRefused(EdgeCode.TOKEN_CLAIMS, "exp must be whole").detail == "exp must be whole"
