"""Each command against a real server process: what it prints, how it ends, and that a failure is one line."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.client import Client
from exchange.__main__ import MODULES, app
from exchange.story.patents import sample_bytes
from tests.assets.helpers import GOOD

PASSWORD = "correct horse battery"
ENVIRONMENT = {
    "EXCHANGE_OPERATOR_PASSWORD": PASSWORD,
    "EXCHANGE_PASSWORD": PASSWORD,
    "EXCHANGE_PASSWORD_TIME_COST": "1",
    "EXCHANGE_PASSWORD_MEMORY_KIB": "64",
    "COLUMNS": "100",
}
INVENTOR = "QUORLINSKAYA BEATRIZ"
HEADER = ",".join(GOOD)
ROW = ",".join((GOOD | {"inventors": INVENTOR}).values())


@dataclass(frozen=True)
class Serving:
    """A server process, and where it keeps its data."""

    url: str
    folder: Path


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "exchange", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **ENVIRONMENT, **environment},
        check=False,
    )


def free_port() -> int:
    """A loopback port below the ephemeral range, seldom another process's first choice."""
    start = 22_000 + os.getpid() % 8_000
    for port in range(start, start + 500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("no free port")


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A founded exchange, served by a process of its own."""
    folder, port = tmp_path_factory.mktemp("cli") / "var", free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "exchange", "serve", "--port", str(port), "--data-dir", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **ENVIRONMENT, "EXCHANGE_LOG_LEVEL": "error"},
    )
    try:
        assert process.stdout is not None
        assert "Serving on" in process.stdout.readline()
        yield Serving(f"http://127.0.0.1:{port}", folder)
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(scope="module")
def institution(serving: Serving) -> tuple[str, str]:
    """Login and password of an institution that `create-member` made."""
    done = run("create-member", "Tianjin University (simulated)", "--role", "institution", "--url", serving.url)
    assert done.returncode == 0, done.stderr
    told = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert set(told) == {"member", "account", "user", "login", "password"}
    return told["login"], told["password"].partition(" ")[0]


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """What a failed command said, which is one line."""
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert re.fullmatch(r"exchange: [^\n]+\n", done.stderr), done.stderr
    return done.stderr.removeprefix("exchange: ").rstrip()


def fetched(url: str, path: str) -> Any:
    """What the operator reads."""

    async def ask() -> Any:
        async with Client(url) as client:
            await client.login("operator", PASSWORD)
            return (await client.get(path))["items"]

    return asyncio.run(ask())


def as_operator(url: str, method: str, path: str) -> int:
    """One request of the operator's; its status."""

    async def ask() -> int:
        async with Client(url) as client:
            await client.login("operator", PASSWORD)
            return (await client.request(method, path)).status

    return asyncio.run(ask())


def imported(serving: Serving, file: Path, user: str = "operator", password: str = PASSWORD) -> dict[str, Any]:
    """The report of an import that ended well."""
    done = run("import-patents", str(file), "--url", serving.url, "--user", user, "--json", EXCHANGE_PASSWORD=password)
    assert (done.returncode, done.stderr) == (0, "")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_a_member_made_here_imports_its_list_and_reads_the_fault_of_each_row(
    serving: Serving, institution: tuple[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    lacking = ",".join((GOOD | {"publication_number": "CN107000009B", "inventors": ""}).values())
    file.write_text(f"{HEADER}\n{ROW}\n{ROW}\none,two\n{lacking}\n")

    done = run(
        *("import-patents", str(file), "--url", serving.url, "--user", institution[0]),
        EXCHANGE_PASSWORD=institution[1],
    )

    assert (done.returncode, done.stderr) == (0, "")
    counted, brought, blank, header, *faults = done.stdout.splitlines()
    assert counted == "4 rows: 1 accepted, 1 incomplete, 2 rejected"
    assert brought == "2 new, 0 changed, 0 same, 0 refused"
    assert blank == ""
    assert header.split() == ["line", "column", "code", "reason"]
    assert [line.split()[:3] for line in faults] == [
        ["3", "publication_number", "patent.duplicate_in_file"],
        ["4", "kind", "row.ragged"],
        ["5", "inventors", "patent.field_missing"],
    ]
    assert faults[0].endswith("CN107000001B is already on line 2")


def test_a_long_list_shows_its_first_faults_and_counts_the_rest(serving: Serving, tmp_path: Path) -> None:
    file = tmp_path / "ragged.csv"
    file.write_text(HEADER + "\n" + "one,two\n" * 25)

    done = run("import-patents", str(file), "--url", serving.url)

    assert done.returncode == 0
    assert len([line for line in done.stdout.splitlines() if "row.ragged" in line]) == 20
    assert done.stdout.splitlines()[-1] == "and 5 more; --json lists the first thousand"


def test_erased_persons_leave_a_journal_that_is_proved_and_come_back_as_a_change(
    serving: Serving, tmp_path: Path
) -> None:
    file, whole = tmp_path / "list.csv", tmp_path / "whole.csv"
    file.write_text(f"{HEADER}\n{ROW.replace(GOOD['publication_number'], 'CN107000005B')}\n")
    whole.write_bytes(sample_bytes())

    first, again = imported(serving, whole), imported(serving, whole)
    assert first["new"] == again["same"] == first["accepted"] + first["incomplete"] > 1_000
    assert imported(serving, file)["new"] == 1
    assert as_operator(serving.url, "DELETE", "/v1/persons/CN107000005B") == 204
    assert as_operator(serving.url, "DELETE", "/v1/persons/CN107000005B") == 404
    assert INVENTOR.encode() not in (serving.folder / "exchange.sqlite").read_bytes()

    after = run("verify", "--replay", "--data-dir", str(serving.folder), "--json")
    assert after.returncode == 0, after.stderr
    assert imported(serving, file)["changed"] == 1
    assert imported(serving, file)["same"] == 1
    last = run("verify", "--replay", "--data-dir", str(serving.folder))
    assert (last.returncode, last.stderr) == (0, "")


def test_a_failed_import_says_why_in_one_line(serving: Serving, tmp_path: Path) -> None:
    file, no_list = tmp_path / "list.csv", tmp_path / "letter.csv"
    file.write_text(f"{HEADER}\n{ROW}\n")
    no_list.write_text("Dear Sir,\nplease list my patent.\n")
    to = ("--url", serving.url)
    made = run("create-member", "Wu", "--user-name", "wu1", *to, EXCHANGE_MEMBER_PASSWORD=PASSWORD)
    assert made.returncode == 0, made.stderr
    assert "password" not in made.stdout

    assert one_line(run("import-patents", str(no_list), *to)) == (
        "letter.csv is no list of patents: line 1, column publication_number: file.column_missing"
    )
    assert one_line(run("import-patents", str(file), *to, EXCHANGE_PASSWORD="wrong")).startswith("auth.")
    assert one_line(run("import-patents", str(file), *to, "--user", "wu1")).startswith("role.not_allowed")
    assert one_line(run("import-patents", str(file), "--url", "http://127.0.0.1:1")).startswith("no answer from")
    assert one_line(run("import-patents", str(file), "--url", "http://127.0.0.1:x")).startswith("http://127.0.0.1:x is")


def test_a_member_whose_user_cannot_be_made_is_not_made_either(serving: Serving) -> None:
    def asked(*more: str, **environment: str) -> str:
        return one_line(run("create-member", "Li", "--url", serving.url, *more, **environment))

    first = run("create-member", "Li", "--url", serving.url)
    before = fetched(serving.url, "/v1/members")

    assert (first.returncode, "li.user" in first.stdout) == (0, True)
    assert asked() == "member.exists: 'li.user' is a user here; choose another --user"
    assert asked("--user", "li").startswith("auth.login_rule: a login name has 3 to")
    assert asked("--user", "li.zhu", EXCHANGE_MEMBER_PASSWORD="short").startswith("auth.password_rule: ")
    assert asked("--user", "li.zhu", EXCHANGE_OPERATOR_PASSWORD="wrong").startswith("auth.invalid_credentials")
    assert fetched(serving.url, "/v1/members") == before


def test_what_the_world_does_to_a_command_is_one_line(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("")

    assert one_line(run("verify", EXCHANGE_PORT="abc")).startswith("EXCHANGE_PORT: ")
    assert one_line(run("serve", "--port", "99999")).startswith("EXCHANGE_PORT: ")
    assert one_line(run("serve", "--data-dir", str(occupied / "x"))).endswith(f"{str(occupied / 'x')!r}")
    assert one_line(run("verify", "--data-dir", str(tmp_path / "none"))).startswith("store.missing")


def test_every_command_is_listed_in_a_whole_sentence_and_shows_an_example() -> None:
    listed = run("--help").stdout
    commands = re.findall(r"^  ([a-z][a-z-]+) +[A-Z][^.]+[^.]\.$", listed, re.MULTILINE)
    own = CliRunner()

    assert {"serve", "create-member", "import-patents", "verify", "backup", "restore", "story"} <= set(commands)
    assert len(commands) == len(listed.partition("Commands:\n")[2].splitlines())
    for name in MODULES:
        importlib.import_module(name).register(app)
    for command in commands:
        assert f"Example: exchange {command}" in own.invoke(app, [command, "--help"]).output


def test_a_pack_that_is_not_there_is_refused_in_one_line_and_leaves_no_file(serving: Serving, tmp_path: Path) -> None:
    out = tmp_path / "pack.zip"
    done = run("pack", "D1-1", "--out", str(out), "--url", serving.url)
    assert one_line(done).startswith("resource.unknown")
    assert not out.exists()


def test_a_statement_is_read_beside_a_serving_exchange(serving: Serving, institution: tuple[str, str]) -> None:
    assert institution
    accounts = fetched(serving.url, "/v1/accounts?kind=client")
    days = ("--from", "2026-01-01", "--until", "2026-12-31", "--data-dir", str(serving.folder))
    done = run("statement", accounts[0]["account_id"], *days)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("account_id,asset_id,")
    assert run("statement", "A1-99999", *days).returncode == 2
