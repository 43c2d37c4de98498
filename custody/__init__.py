"""Who owns what. Imports core only.

Read: messages (money, rights and transfers as commands and events), accounts (an owner's place), ledger (postings,
holds, balances), rights (what a right is and the form it is in), pilot (what an institution gives its inventors).
"""
