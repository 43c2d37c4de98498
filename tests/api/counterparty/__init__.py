"""Tests of the counterparties' door."""
