"""Builds of the compiled book for tests alone: one that can be told to make a mistake, one that watches its memory."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Protocol, cast

from matching.book_messages import Book, BookRules

ROOT = Path(__file__).parents[3]
NATIVE = ROOT / "matching" / "native"


class TestBuild(Protocol):
    """The module as it comes out of a build."""

    __test__ = False

    def CompiledBook(self, rules: BookRules) -> Book:  # a class, called as a function
        """An empty book."""

    def make_one_mistake(self, number: int) -> None:
        """Break every book of this module in one way."""


def build(folder: Path, *flags: str) -> TestBuild:
    """Compile matching/_book.pyx once more, with other flags, and import it under another name."""
    source = folder / "_book.cpp"
    module = folder / f"_book{sysconfig.get_config_var('EXT_SUFFIX')}"
    run([sys.executable, "-m", "cython", "--cplus", "-3", "-o", str(source), str(ROOT / "matching" / "_book.pyx")])
    include = [f"-I{NATIVE}", f"-I{sysconfig.get_paths()['include']}"]
    run(["g++", "-std=c++20", "-O1", "-fPIC", "-shared", *flags, *include, str(source), "-o", str(module)])
    spec = importlib.util.spec_from_file_location("test_build._book", module)
    assert spec is not None
    assert spec.loader is not None
    loaded: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return cast(TestBuild, loaded)


def run(command: list[str], *, seconds: float = 600) -> str:
    """Run a tool; what it printed.

    Raises: AssertionError with its output if it fails.
    """
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
