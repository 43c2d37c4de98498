"""The market: orders, their queue, their trades, and what the public sees of them. Imports core only.

Read: messages and listing_messages (what can be asked, what is told), session, session_messages and listing (when),
depth and visible (the public picture, drawn from committed events; `_depth` is the same compiled), tape (trades counted
into candles), correction_messages (busts), allocation_messages (blocks), limit_messages and notice_messages (limits,
insiders, announcements), deals, consideration and obligations (a right by agreement), lots (arithmetic of auctions),
sale_messages (a public sale: terms, bidders, deposits), lot_messages (its bids), tenders, tender_messages,
quote_messages, surveillance (a package: what of all this somebody should look at).

The book, of every order type, phase and auction: book_messages (the contract), order_book (the plain book, its parts in
book_parts, book_checks, book_places, book_trading, book_following, book_uncrossing, over queues, ladder, stops, pegs,
taking and auction), books (which one an instrument gets; `_book` is the same compiled, over native/), book_records (its
bytes), lobster (real order flow to replay on it).
"""
