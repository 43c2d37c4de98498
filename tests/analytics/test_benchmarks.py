"""The benchmarks of pools and measures hold their figures against plain pandas, and say when these differ."""

from __future__ import annotations

import json

import pytest

from benchmarks import __main__ as door
from benchmarks.pools import apart, plainly, pool
from benchmarks.rows import BenchmarkFailed, Row
from benchmarks.scenarios import AGREE, agreed
from securitization.analytics.cashflows import bucketed, projected


@pytest.mark.parametrize("shared", [False, True])
def test_plain_pandas_finds_the_same_cash_flows_and_a_slip_is_seen(shared: bool) -> None:
    of = pool(40, 3, shared=shared)
    flows = projected(*bucketed(of.rows, of.rates), of.stresses)
    plain = [plainly(of, scenario) for scenario in range(2)]
    agreed("ours", apart(flows, plain))
    plain[1].loc[60, "recoveries"] += 2 * AGREE * flows.opening
    with pytest.raises(BenchmarkFailed):
        agreed("slipped", apart(flows, plain))


@pytest.mark.parametrize("name", ["scenarios", "analytics"])
def test_a_quick_look_has_rows_of_the_one_shape(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.run(name, quick=True, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["benchmark"] == name
    assert len(told["rows"]) >= 2
    assert all(set(each) == set(Row.__annotations__) for each in told["rows"])
