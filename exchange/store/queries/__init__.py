"""What the edge may ask of the tables. Each function takes a Snapshot and answers frozen values; none writes.

reader.py    connections of its own, one snapshot a question
records.py   any record by its key, or a page of them
market.py    orders, trades and the book's depth
corrections.py  which trades were busted or have another price
candles.py   trades counted by stretches of time, found by key
accounts.py  balances, holdings, statements
journal.py   rows of the journal, and one account's own walk through it
surveillance.py   the journal as facts for the detectors of matching.surveillance
stream.py    what the stream starts and catches up from; feed.py: what the feed outside does
state.py     the whole state, for a comparison with a node's memory
"""
