"""The explanation of the profiles says what the shipped texts say."""

from __future__ import annotations

from pathlib import Path

from exchange.rulebook import shipped
from exchange.rulebook.profile import CENTRALISED, Method
from tests.rulebook.shipped import profile

PAGE = Path(__file__).parents[2] / "docs" / "explanations" / "rule-profiles.md"
NEGOTIATED = (Method.AGREEMENT, Method.RFQ)
OPEN = tuple(method for method in Method if method not in (*CENTRALISED, *NEGOTIATED))


def written(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value)


def test_the_table_of_the_explanation_is_the_shipped_profiles() -> None:
    lines = [line.strip("| ").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if "|" in line]
    columns = [[line[place].strip("*") for line in lines[2:16]] for place in range(1, 6)]
    for name, column in zip(shipped.PROFILES, columns, strict=True):
        fields = profile(name).fields
        allowed = (*fields.methods.value, *fields.centralised_methods.value)
        groups = [[method in allowed for method in group] for group in (OPEN, NEGOTIATED, CENTRALISED)]
        assert all(len(set(group)) == 1 for group in groups)
        assert column == [
            *(written(group[0]) for group in groups),
            written(fields.anonymity_before_deal.value),
            written(fields.unit_form.value),
            written(fields.holder_cap.value),
            written(fields.opposite_side_gap_trading_days.value),
            written(fields.suitability.value),
            written(fields.publicity.value),
            written(fields.settlement.value),
            written(fields.register_of_record.value),
            written(fields.licence_required.value),
            written(fields.currencies.value),
            written(fields.value_cap_minor.value),
        ]
