"""The law as data: versioned, dated texts with their sources, and the pure checks that ask them.

Read: texts (how a published text is read, written canonically and hashed, and what must be confirmed), profile (what a
market's rules say), overlays (what disposal law asks of which seller), checks (may this be done, and which rule says
no), disposal (publicity, net income, reward floors, pilot funding), fees (the one fee function), calendars (which days
are trading days), shipped (the texts that come with the code).

Nothing here claims legal compliance. The texts encode the cited rules; every row names its source and its mark:
S statute text read, X an excerpt or secondary article, M general knowledge or a figure of this project's own.
"""
