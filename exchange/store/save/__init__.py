"""Events → changed rows. Sees events and never the state: every row follows from the events alone.

Read: changes (what a batch changes, merged by row), hot (orders, trades, balances), records (everything else).
"""
