"""What a pool may bring in and what its classes are worth. Floats welcome, postings forbidden; imports core only.

Read: assets (what is owed, as data), amortise (its schedule), assumptions (how fast it prepays and defaults), cashflows
(schedules times survival, rounded once a period), royalty and arrears (income without a balance; loans behind with
their payments), copula and credit_flows (defaults that come together), stress (a deal under scenarios), solve and
pricing (price, yield, spread, duration), measures (what a class may lose), report and plots (tables and pictures).

Draws come from recorded seeds; nothing here reads a clock, a file or a socket.
"""
