"""Who owns what. Imports core only.

Read: messages (money, rights and transfers as commands and events), accounts (an owner's place), ledger (postings,
holds, balances), rights (what a right is and the form it is in), encumbrances, pledges and preservations (what lies on
one), register (who held it, as of when and as known when), reconciliation (statements of banks and other registers).

Pilots: pilot (what an institution gives its inventors), pilot_life (what follows), reform (who may), kept_share (the
rest, sold to them). Also packs (the evidence of a disposal).

Recorded papers: conveyances (papers as values), party_names and conveyance_text (by which rules they are read),
conveyance_rows (lists to papers), chain_walk and chain (one property's chain of title), burdens (interests and
releases), title (what a check answers, and why), conveyance_messages (how papers enter the exchange).
"""
