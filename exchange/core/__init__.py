"""Vocabulary: messages, identifiers, units, rejections. Imports the standard library and msgspec only.

Read: messages (what travels), ids (how things are named), units (how they are counted and rounded), rejections (why
something was refused), parties (who may do what), instruments (what is traded), calendar (dates as plain values).
"""
