"""What a pool may bring in, what a deal makes of it, what its classes are worth. Floats welcome, postings forbidden.

Read: assets (what is owed, as data), amortise (its schedule), assumptions (how fast it prepays and defaults), cashflows
(schedules times survival, rounded once a period), arrears (loans that fall behind), royalty (income without a balance),
projection (a whole pool), draws, copula and credit_flows (defaults that come together), stress (a deal under
scenarios), solve and pricing (price, yield, spread, duration), measures (what a class may lose), report, svg and plots
(tables and pictures). `copula_fast` compiles two loops where numba is installed; `refused` says no.

`vectors` runs a deal over all scenarios with 64-bit integers and agrees exactly with the plain evaluator; `inputs` is
what it takes, `bounds` proves beforehand that nothing overflows.

Draws come from recorded seeds; nothing here reads a clock, a file or a socket.
"""
