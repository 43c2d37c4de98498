"""Whole stories, told from outside."""
