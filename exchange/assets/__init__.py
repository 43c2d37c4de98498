"""Intellectual property before it trades. Pure: no I/O, no clock, no chance.

Read in this order:

    codes.py              why a row, an identifier or a file was refused: stable codes, each with its place
    kinds.py              offices (WIPO ST.3) and kind codes (ST.16): what right a document speaks of, at what stage
    identifiers.py        publication numbers, one normal form each
    applications.py       application numbers, with the Chinese check digit
    party_identifiers.py  ORCID, ROR, LEI, unified social credit code, our own instrument code
    expiry.py             the nominal end of a right's term, and its status on a day
    names.py              alias keys of applicants; persons' names leave as salted commitments
    entries.py            PatentEntry, what it lacks and what that blocks, its hash
    checks.py             an entry that comes back: is it canonical, is it news
    csvrows.py            bytes → rows with exact line numbers, in bounded memory
    rowreader.py          values of one row, every fault collected
    layouts.py            the two lists that are known
    intake.py             rows → accepted, incomplete or rejected
"""
