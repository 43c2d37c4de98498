"""Tables → state: what a start reads, and nothing more. `load(save(events))` equals the state that made them."""
