"""REST under /v1. Every POST that changes the exchange is a command; every GET reads the tables at one sequence.

commands.py   which command is posted where, one line each
door.py       the way in for all of them: authenticate, decode, submit, answer (bare ASGI, because it is hot)
bodies.py     bytes → command, with a stable code for every way in which they can be wrong
access.py     who asks; reading.py: snapshots, pages and cursors
resources.py  everything that is read by its identifier or listed, one line each
markets.py statistics.py accounts.py orders.py journal.py alerts.py documents.py data_room.py node.py session.py
              what needs more than a line
openapi.py    the document, from the messages themselves
"""
