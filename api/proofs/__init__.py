"""Proofs that need no trust in the exchange: trees over journal and holdings, signed heads, certificates.

statements.py   what is signed, as canonical JSON: heads and keys
keys.py         the key that signs heads, in a file of its own, and its rotation
tables.py       tiles, heads, keys and holdings at checkpoints, in the edge store
shelf.py        reading and writing these tables
keeper.py       the task that reads committed rows, grows the tree and signs heads
proving.py      one proof, whole in itself; witness.py: what follows from the heads somebody kept
certificates.py what a holder is given; printed.py: the same as a page; paper.py: as PDF
verifier.py     checks all of it offline; one file, the standard library and `cryptography`, nothing of ours
"""
