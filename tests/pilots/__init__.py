"""Pilot assignments, from the proposal to the ledger entry."""
