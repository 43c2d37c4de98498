"""Every table, by importing every schema module."""

from __future__ import annotations

from exchange.store.schema import (
    allocations,
    assets,
    custody,
    deals,
    encumbrances,
    equity,
    incomes,
    issues,
    journal,
    licences,
    matching,
    members,
    mirrors,
    notices,
    pilots,
    pools,
    rewards,
    sales,
    securitization,
    servicing,
)
from exchange.store.schema.base import Base

metadata = Base.metadata
MODULES = (
    allocations,
    assets,
    custody,
    deals,
    encumbrances,
    equity,
    incomes,
    issues,
    journal,
    licences,
    matching,
    members,
    mirrors,
    notices,
    pilots,
    pools,
    rewards,
    sales,
    securitization,
    servicing,
)

STATE_TABLES = tuple(table for table in metadata.sorted_tables if table.name not in {"journal", "epochs", "suspects"})
"""The tables that follow from the journal's events alone; the proofs rebuild and compare these."""
