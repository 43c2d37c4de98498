"""Products and rewards on the real engine."""
