"""Market surveillance: which stretches of trading a person should look at, and why.

The detectors are pure. They are shown what was committed for one instrument, in the journal's order, as plain values;
they remember a bounded past; what they name follows from that past alone, so the same stretch gives the same alerts
again. An alert accuses nobody: it says which pattern was met, by which thresholds, on which orders and trades.

Read: facts (what they are shown), alerts (what they say), parameters (the thresholds, dated, versioned, each with its
reason), relations (which accounts belong together), recent (the orders lately entered), then a file each for wash
(trading with oneself), layering (orders shown to be withdrawn), pressure (marking the close, ramping); watch puts them
together.
"""
