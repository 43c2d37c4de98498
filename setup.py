"""The compiled halves of the hot road: every .pyx in our packages, built beside its source.

Each has a readable twin in plain Python that does the same work, so a machine without a compiler still runs the
exchange; EXCHANGE_COMPILE=0 builds none of them. Everything else about the package is in pyproject.toml.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup

PACKAGES = ("exchange", "matching", "custody", "securitization", "api", "benchmarks")
WINDOWS = sys.platform == "win32"


def extension(source: Path) -> Extension:
    """One module; what cannot be built is left out, and says so."""
    return Extension(
        ".".join(source.with_suffix("").parts),
        [str(source)],
        include_dirs=[".", "exchange/core/native", "matching/native", "benchmarks/native"],
        depends=sorted(str(header) for package in PACKAGES for header in Path(package).rglob("*.hpp")),
        language="c++",
        extra_compile_args=["/std:c++20", "/O2"] if WINDOWS else ["-std=c++20", "-O3", "-g0"],
        optional=True,
    )


def extensions() -> list[Extension]:
    """Every compiled module, or none where the compiler's front half is missing."""
    if os.environ.get("EXCHANGE_COMPILE") == "0":
        return []
    try:
        from Cython.Build import cythonize
    except ImportError:
        return []
    sources = sorted(source for package in PACKAGES for source in Path(package).rglob("*.pyx"))
    return cythonize(
        [extension(source) for source in sources],
        build_dir="build/cython",
        include_path=["."],
        compiler_directives={"language_level": "3", "embedsignature": True},
    )


setup(ext_modules=extensions())
