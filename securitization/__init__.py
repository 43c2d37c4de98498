"""Assets into products: claims pooled, notes subscribed and paid, their makers rewarded. Imports core only.

Read: messages (what can be asked and what is told), pool (eligibility), waterfall (who is paid what), reward (what a
programme owes). Narrow today: licence-fee claims, one class, one payment; tranches, triggers, scenarios and real
programmes have their own issue and are refused until then.
"""
