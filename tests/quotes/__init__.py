"""Requests for quotes: asked, quoted, taken, contracted, recorded."""
