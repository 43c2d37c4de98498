"""One suite for every implementation of the book."""
