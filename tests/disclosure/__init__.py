"""Investor reports: every figure at its source, every sum twice, the same bytes for good, and for whom."""
