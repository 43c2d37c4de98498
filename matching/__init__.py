"""The market: orders, their queue, their trades, and what the public sees of them. Imports core only.

Read: messages and listing_messages (what can be asked, what is told), session and listing (when), book (who trades with
whom, over level and ladder), depth (the public picture, drawn from committed events; `_depth` is the same compiled),
tape (trades counted into candles), deals (a right by agreement).
"""
