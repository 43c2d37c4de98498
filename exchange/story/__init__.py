"""The first complete trip, told on real patents by nothing but the public client over sockets.

Read: stage (the exchange it plays on, and how the cast asks), then chapters (the list, under its headings) and the
chapters it names, in their order; telling plays them, prints what they say, and has the journal proved at the end.
"""
