"""Databases of finished versions: every later one opens, migrates, verifies and trades on them."""
