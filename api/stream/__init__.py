"""The stream: one WebSocket for order entry with durable answers, for each account's own events, and for the market.

Read in this order:

    codes.py       why the stream refuses or closes, as stable codes
    requests.py    what a client may send; text identifiers → commands; _orders.pyx reads the plain ones, compiled
    answers.py     what it is told, and how an envelope and a frame are written; _acks.pyx writes most, compiled
    private.py     one event → what one account may see of it
    projections.py numbers.py   which halves run, compiled or readable; how far each private channel has come
    rights.py accounts.py   who may see which account; the private channels
    books.py       depth and trades of one instrument: numbered, conflated, resumable
    market.py      the public channels of instruments, on a tick of 25 ms
    statistics.py days.py   an instrument's trading day as a channel; its past, read from the tables
    lots.py        the public channels of lots in a sale, at once
    news.py        the public channel of announcements, at once
    link.py        one connection's bytes, never waited for
    uvicorn_link.py   the same past ASGI, for the server we run
    frames.py      a client's frames → messages; _frames.pyx is its compiled twin
    session.py     one connection: login and orders
    subscriptions.py   the channels it follows
    history.py     a private channel from any number on, out of the journal
    hub.py         all sessions, and the feed of committed batches that they follow
    door.py routes.py   the way in, and its place in the application

Nothing is told before it is committed: acknowledgements are answers of the sequencer, and everything else is drawn
from the batches it publishes. The protocol for clients is docs/reference/stream.md.
"""
