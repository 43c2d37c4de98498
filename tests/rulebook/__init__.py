"""The law as data: golden cases, the shipped texts, malformed texts, and the promises of fees and gaps."""
