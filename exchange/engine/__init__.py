"""The state machine: the only place where domains meet. Pure and deterministic; imported by node and store only.

Read: apply (the dispatch table and the road of one command), state (everything a decision may ask), orders with
order_terms and order_ends (an order's path), book_fold (what a book answers becomes holds, settlement and events) and
book_follow (what follows at a command's end), settlement and fees, phases and days (when a book does what), runs and
timers, node_life (start, clock, connections), busts with recent_trades (trades made by mistake), day_totals and
allocations (blocks shared out), thresholds (what waits for a second person), then a file for each workflow. A public
sale has several: sale_checks and sales (what may be sold), bidders (who takes part), lots (bids), sale_clock (time),
sale_awards (winners, and offers to the next), sale_contracts (what their agreements tell, and defaults), sale_ends;
sale_cases is what they share, sale_deals what the agreement asks of them. An agreement about units has three beside
the deal_… files: blocks (what is asked of them), notes (whose notes are), share_checks (what is behind shares).
"""
