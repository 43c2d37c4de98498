"""The first complete trip, told on real patents by nothing but the public client over sockets.

Read: stage (the exchange it plays on, and how the cast asks), then the chapters in their order: founding, patents,
trading, deals, pilot, product, proof; telling puts them together and counts.
"""
