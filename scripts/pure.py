"""Runs a module as if nothing had been compiled: python scripts/pure.py benchmarks engine --quick."""

import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("exchange", "matching", "custody", "securitization", "api", "benchmarks")


def forget_compiled() -> None:
    """Let every import of a compiled module fail, as it does where there is no compiler."""
    for package in PACKAGES:
        for source in (ROOT / package).rglob("*.pyx"):
            name = ".".join(source.relative_to(ROOT).with_suffix("").parts)
            sys.modules[name] = None  # type: ignore[assignment] # the import system's own mark for "not there"


if __name__ == "__main__":
    forget_compiled()
    sys.argv = sys.argv[1:]
    sys.path[0] = str(ROOT)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
