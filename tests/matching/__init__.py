"""The market: text scenarios, a state machine against the naive book, planted bugs, the visible book."""
