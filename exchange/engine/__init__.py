"""The state machine: the only place where domains meet. Pure and deterministic; imported by node and store only.

Read: apply (the dispatch table and the road of one command), state (everything a decision may ask), orders (an order's
path through hold, book and settlement), settlement and fees, runs and timers, then a file for each workflow. A public
sale has several: sale_checks and sales (what may be sold), bidders (who takes part), lots (bids), sale_clock (time),
sale_awards (winners, and offers to the next), sale_contracts (what their agreements tell, and defaults), sale_ends;
sale_cases is what they share, sale_deals what the agreement asks of them.
"""
