"""Assets into products: claims pooled, notes subscribed and paid, their makers rewarded. Imports core only.

Products of the exchange: messages (what can be asked and what is told), pool (eligibility), waterfall (who is paid what
of a sum), reward (what a programme owes). Narrow today: licence-fee claims, one class, one payment.

A deal as data. Its tree: deal, deal_terms, deal_formulas, deal_triggers, deal_steps. What is refused: deal_problems
(codes), deal_checks and its groups (names, terms, steps, flows, order). What it pays: periods (the pool's figures),
schedule, tranche, trigger (arithmetic), evaluate with running, accruals, stepping (the plain evaluator, which is the
specification), explain (results and reasons), analytics.vectors (over scenarios). Handed on: render (words),
export_python, export_absbox, shipped (examples).
"""
