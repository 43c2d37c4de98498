"""Four eyes by value: what of a member's own commands waits for a second person of the same member."""
