"""Licences, open licences and listed prices, line by line and against independent models."""
