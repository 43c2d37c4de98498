"""Projections, scenarios, prices and reports over many scenarios at once. Floats welcome, postings forbidden.

`vectors` runs a deal over all scenarios with 64-bit integers and agrees exactly with the plain evaluator.
"""
