"""The pages in a real Chromium, against a real exchange on a loopback port."""
