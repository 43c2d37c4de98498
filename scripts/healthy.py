"""Asks the exchange on this machine whether it is ready; exits with 0 if so. For a container's health check."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request


def main() -> int:
    """Ask `/readyz`, and say in one line what is wrong if it is not ready."""
    port = int(os.environ.get("EXCHANGE_PORT", "8000"))
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError) as error:
        print(f"not ready: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
