"""The lock files: everything pinned with hashes, complete, agreeing with each other, naming no host and no folder."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = {
    "requirements.txt": ["build"],
    "requirements-web.txt": ["build", "web"],
    "requirements-dev.txt": ["build", "web", "dev"],
}
"""Lock file → the extras of pyproject.toml that it holds beside the dependencies."""

PYTHONS = ("3.11", "3.12", "3.13")
HOST_OR_FOLDER = re.compile(r"://|--(extra-)?index-url|--find-links|file:|@ |(^|\s)/\w")


def pins(lock: str) -> list[tuple[Requirement, list[str]]]:
    """Each pinned requirement of a lock file with its hashes."""
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    found = []
    for line in text.splitlines():
        if line and not line.lstrip().startswith("#"):
            requirement, *hashes = line.split("--hash=")
            found.append((Requirement(requirement.strip()), [value.strip() for value in hashes]))
    return found


def installed(lock: str, python: str) -> dict[str, str]:
    """Name → version of what this lock installs on Linux with this Python."""
    here = {"python_version": python, "python_full_version": f"{python}.1", "sys_platform": "linux"}
    return {
        canonicalize_name(requirement.name): str(requirement.specifier).removeprefix("==")
        for requirement, _ in pins(lock)
        if requirement.marker is None or requirement.marker.evaluate({**here})
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_with_hashes(lock: str) -> None:
    for requirement, hashes in pins(lock):
        assert re.fullmatch(r"==[\w.+!]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), requirement


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("python", PYTHONS)
def test_a_lock_holds_everything_that_the_project_asks_for(lock: str, python: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(line for extra in LOCKS[lock] for line in extras[extra])]
    locked = installed(lock, python)
    for requirement in map(Requirement, wanted):
        if requirement.marker is None or requirement.marker.evaluate():
            version = locked.get(canonicalize_name(requirement.name))
            assert version is not None, f"{requirement} is not in {lock}: make lock"
            assert requirement.specifier.contains(version, prereleases=True), f"{requirement} is locked at {version}"


@pytest.mark.parametrize("python", PYTHONS)
def test_what_runs_is_what_was_tested(python: str) -> None:
    run, web, dev = (installed(lock, python).items() for lock in LOCKS)
    assert run <= web <= dev
    assert len(run) < len(web) < len(dev)


def lock_files() -> list[str]:
    known = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [name for name in known if Path(name).name in {*LOCKS, "package-lock.json", ".npmrc"}]


def test_no_lock_names_a_host_or_a_folder() -> None:
    names = lock_files()
    assert set(LOCKS) <= set(names)
    for name in names:
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
            # `funding` of a package-lock.json is its author's page, nothing that an installation asks
            if name.endswith("package-lock.json") and '"url":' in line:
                continue
            assert not HOST_OR_FOLDER.search(line.partition("#")[0]), f"{name}:{number}: {line.strip()}"


def test_npm_locks_pin_with_hashes_and_leave_the_registry_to_the_machine() -> None:
    for name in lock_files():
        if name.endswith("package-lock.json"):
            packages = json.loads((ROOT / name).read_text())["packages"]
            for path, package in packages.items():
                assert "resolved" not in package, f"{name}: {path}"
                assert not path or "integrity" in package or package.get("link"), f"{name}: {path}"
