"""Tests of who is asking: tokens, passwords, sessions, signatures, nonces."""
