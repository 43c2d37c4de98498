"""The counterparties' door under /v1/counterparty: every request signed, every answer to a known sender signed too.

resources.py   what may be asked here: four commands, and what a counterparty reads, one line each
door.py        the way in: verify, claim the nonce, decide, sign the answer (bare ASGI: it needs the bytes as they came)
routes.py      its place in the application

Who signs, how, and what a signature covers is in api.auth (signatures.py, signed_door.py); `api.client` has the other
side. The technology-class guard is the engine's (exchange.engine.rules): no door has a rule of its own.
"""
