"""The command line, run as anybody runs it."""
