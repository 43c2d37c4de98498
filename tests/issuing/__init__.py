"""Deals published, offered, allotted and established."""
