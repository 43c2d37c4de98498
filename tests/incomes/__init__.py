"""Income on record, and its distribution."""
