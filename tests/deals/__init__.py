"""Agreements about whole rights."""
