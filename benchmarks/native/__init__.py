"""Compiled measuring rods: the minimal C++ book that the real one is compared with."""
