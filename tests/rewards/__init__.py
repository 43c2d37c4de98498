"""Reward programmes: texts, figures, calls and applications."""
