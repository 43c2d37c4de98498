"""The house's plan, held: each import contract fails when it is broken, and the pure packages stay pure."""

from __future__ import annotations

import ast
import doctest
import importlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("exchange", "matching", "custody", "securitization", "api")
PURE = (
    "exchange/core",
    "exchange/rulebook",
    "exchange/assets",
    "exchange/engine",
    "matching",
    "custody",
    "securitization",
)
ANALYTICS = "securitization/analytics"

THIRD_PARTY = {
    "exchange/core": {"msgspec"},
    "exchange/assets": {"msgspec", "pycountry", "stdnum"},
    ANALYTICS: {"msgspec", "numba", "numpy", "pandas", "scipy"},
}
"""What a pure package may import beside the standard library and the project; msgspec alone if not listed."""

DOORS = {"open", "print", "input", "exec", "eval", "compile", "__import__", "breakpoint"}
"""Built-in functions that reach out of a pure package."""

ASTRAY = [
    ("exchange/core", "matching"),
    ("matching", "custody"),
    ("custody", "securitization"),
    ("exchange/rulebook", "exchange.assets"),
    ("exchange/assets", "exchange.rulebook"),
    ("exchange/engine", "exchange.node"),
    ("exchange/node", "exchange.store"),
    ("exchange/node", "api"),
    ("exchange/store", "api"),
    ("exchange/store", "nats"),
    ("api", "exchange.engine"),
    ("api/rest", "exchange.store.save"),
    ("api/rest", "exchange.store"),
    ("exchange/engine", "time"),
    ("matching", "random"),
    ("custody", "logging"),
    ("securitization", "sqlalchemy"),
    ("exchange/core", "pandas"),
]
"""Who imports whom against the plan. Each is planted, and each must be named."""

WELCOME = [
    ("exchange/engine", "matching"),
    ("exchange/store", "exchange.engine"),
    ("exchange/node", "exchange.engine"),
    ("api/rest", "exchange.store.queries"),
    ("api", "exchange.node"),
]


def dotted(folder: str) -> str:
    return folder.replace("/", ".")


def planted(folder: str, target: str) -> str:
    """The name of the module that imports `target` from `folder`."""
    return f"planted_{target.replace('.', '_')}"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What lint-imports says about a copy of the house with all those imports planted."""
    house = tmp_path_factory.mktemp("house")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, house / package, ignore=lambda _, names: [n for n in names if n == "ui"])
    shutil.copy(ROOT / "pyproject.toml", house)
    for folder, target in ASTRAY + WELCOME:
        (house / folder / f"{planted(folder, target)}.py").write_text(f"import {target}\n")
    for name in ("bootstrap", "__main__"):
        (house / "exchange" / f"{name}.py").write_text("import exchange.store.save\n")
    lint_imports = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint_imports, "--no-cache"], cwd=house, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    # A line names one import, `importer -> imported (l.1)`, or a list of importers; wrapping is undone.
    return " ".join(done.stdout.split())


@pytest.mark.parametrize(("folder", "target"), ASTRAY)
def test_an_import_against_the_plan_is_named(report: str, folder: str, target: str) -> None:
    assert f"{dotted(folder)}.{planted(folder, target)} -> {target} " in report


@pytest.mark.parametrize(("folder", "target"), WELCOME)
def test_an_import_along_the_plan_is_not(report: str, folder: str, target: str) -> None:
    assert f"{dotted(folder)}.{planted(folder, target)} ->" not in report


def test_bootstrap_and_the_command_line_may_open_the_store(report: str) -> None:
    assert "exchange.bootstrap -> " not in report
    assert "exchange.__main__ -> " not in report


def pure_modules() -> Iterator[tuple[str, Path]]:
    """Every module of the pure packages, with the folder that decides what it may import."""
    for folder in PURE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            analytics = path.is_relative_to(ROOT / ANALYTICS)
            yield (ANALYTICS if analytics else folder), path


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports name their package in full"
            yield node.module or ""


def test_pure_packages_import_only_what_they_are_allowed() -> None:
    own = {*PACKAGES, *sys.stdlib_module_names}
    strays = [
        f"{path.relative_to(ROOT)} imports {name}"
        for folder, path in pure_modules()
        for name in imported(ast.parse(path.read_text()))
        if name.partition(".")[0] not in own | THIRD_PARTY.get(folder, {"msgspec"})
    ]
    assert strays == []


def test_pure_packages_open_no_doors() -> None:
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno} calls {node.func.id}"
        for folder, path in pure_modules()
        if folder != ANALYTICS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in DOORS
    ]
    assert calls == []


def test_pure_packages_hold_no_floats() -> None:
    floats = [
        f"{path.relative_to(ROOT)}:{node.lineno} holds {node.value}"
        for folder, path in pure_modules()
        if folder != ANALYTICS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]
    assert floats == []


def test_the_examples_in_docstrings_are_true() -> None:
    tried = 0
    for _, path in pure_modules():
        if ">>> " in path.read_text():
            name = dotted(str(path.relative_to(ROOT).with_suffix(""))).removesuffix(".__init__")
            result = doctest.testmod(importlib.import_module(name))
            assert result.failed == 0, name
            tried += result.attempted
    assert tried > 0
