"""Who is asking: people by password and token, counterparties by signature.

Read in this order:

    codes.py          every refusal of this package, with its HTTP status and a sentence
    clock.py pool.py  the machine's clock; a thread pool that says no when it is full
    edge_tables.py edge_store.py   the `edge` database: credentials, refresh families, tickets, nonces, keys
    signing_keys.py   the exchange's own keys, rotated with an overlap
    tokens.py         access tokens (python-jose, ES256, five minutes)
    passwords.py attempts.py   argon2id, and what a guesser runs into
    sessions.py       login, refresh, logout, one-time stream tickets
    signatures.py nonces.py    signed requests (RFC 9421), each accepted once; signed answers
    signer.py         the other side: sign a request, check an answer

Nothing here decides what a user may do: users, roles, mandates and counterparties' public keys are engine state.
A token and a signature only say who is asking.
"""
