"""The stream over a real server on a loopback port: protocol, numbers, resumption, slow and bad clients."""
