"""Surveillance: patterns told as stories, each with its innocent twin, and what must hold of any stretch."""
