"""Markets, listings and what stands behind them, on the real engine."""
