"""What holds the workshop itself: set-up, lock files, import contracts, the servers that tests use, compose.yaml."""
