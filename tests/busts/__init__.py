"""Trades that were made by mistake: busted, corrected, made good."""
