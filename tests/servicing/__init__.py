"""Servicing of issued deals."""
