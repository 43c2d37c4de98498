"""The market: orders, their queue, their trades, and what the public sees of them. Imports core only.

Read: messages and listing_messages (what can be asked, what is told), session and listing (when), book (who trades with
whom, over level and ladder), depth (the public picture, drawn from committed events), deals (a right by agreement),
lots (the arithmetic of auctions), sale_messages (a public sale: terms, bidders, deposits), lot_messages (its bids).
"""
