"""The page on scenarios and measures: its code runs, and it names what exists."""

from __future__ import annotations

import re
from pathlib import Path

from exchange.core.rejections import RejectCode
from securitization.analytics import assets, assumptions, plots

PAGE = (Path(__file__).parents[2] / "docs" / "explanations" / "scenarios-and-measures.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_code_on_the_page_runs_from_top_to_bottom() -> None:
    assert len(BLOCKS) == PAGE.count("```python") == 9
    names: dict[str, object] = {}
    for number, block in enumerate(BLOCKS, 1):
        exec(compile(block, f"block {number} of the page", "exec"), names)  # noqa: S102 - our own page


def test_the_page_names_codes_assets_and_pictures_that_exist() -> None:
    codes = set(re.findall(r"`((?:projection|measure)\.\w+)`", PAGE))
    assert codes < {code.value for code in RejectCode}
    for name in ("Loan", "Lease", "Receivable", "LevelPay", "EvenPrincipal", "Balloon", "Scheduled", "SteppedPay"):
        assert f"`{name}`" in PAGE
        assert hasattr(assets, name)
    for name in ("Psa", "Abs", "Sda", "Smm", "Mdr", "Vector"):
        assert hasattr(assumptions, name)
    for name in re.findall(r"`plots\.(\w+)`", PAGE):
        assert callable(getattr(plots, name))
