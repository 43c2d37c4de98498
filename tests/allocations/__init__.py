"""Block allocation: a day's trades of one account, shared among others of the same member."""
