"""The nodes of tests/node/server.py, which plan and pay a distribution one line at a time: few payees, many chunks."""

from __future__ import annotations

from exchange.engine import distributions
from tests.node.server import main

if __name__ == "__main__":
    distributions.MAX_LINES = 1
    main()
