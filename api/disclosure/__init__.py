"""What investors of a serviced deal are told, from the journal itself.

Read: facts (the events of each payment, found from the tables), cells (figures with their sources), parties, pool,
money, standing and outlook (the chapters), report (all of it, and the sums that must agree), checking (a report held
against the journal), flat (CSV), page (HTML with pictures), printed (PDF).
"""
