"""The command line's server as a process: it founds itself once, speaks HTTP over a socket, and stops in order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from api.client_http import Http, Response

CHEAP = {
    "EXCHANGE_PASSWORD_TIME_COST": "1",
    "EXCHANGE_PASSWORD_MEMORY_KIB": "8",
    "EXCHANGE_PASSWORD_PARALLELISM": "1",
    "PYTHONUNBUFFERED": "1",
}
PASSWORD = "correct horse battery"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass
class Server:
    """A serving process."""

    process: subprocess.Popen[str]
    port: int
    told: list[str]

    @property
    def http(self) -> Http:
        """A client of it."""
        return Http(f"http://127.0.0.1:{self.port}", timeout_s=10)

    def stop(self) -> tuple[int, list[dict[str, object]]]:
        """Ask it to stop; its exit status and log."""
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=15)
        return self.process.returncode, [json.loads(line) for line in errors.splitlines()]


@contextlib.contextmanager
def serving(folder: Path, **environment: str) -> Iterator[Server]:
    """Serve a folder on a free port, and end the process however the test ends."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "exchange", "serve", "--port", str(port), "--data-dir", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **CHEAP, **environment},
    )
    try:
        assert process.stdout is not None
        told: list[str] = []
        while not told or not told[-1].startswith("Serving on"):
            line = process.stdout.readline()
            assert line, "the server ended before it served"
            told.append(line.rstrip())
        yield Server(process, port, told)
    finally:
        if process.returncode is None:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the tests that leave it as it is."""
    with serving(tmp_path_factory.mktemp("server") / "var", EXCHANGE_OPERATOR_PASSWORD=PASSWORD) as found:
        yield found


def exchange(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "exchange", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **CHEAP, **environment},
        timeout=60,
        check=False,
    )


def free_port() -> int:
    """A port of ours that nobody uses now."""
    for port in range(22_000, 22_400):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("no free port")


async def login(http: Http, password: str, name: str = "operator") -> Response:
    """Log in, as the first operator if nobody is named."""
    body = urlencode({"grant_type": "password", "username": name, "password": password}).encode()
    return await http.request("POST", "/v1/oauth/token", body, FORM)


async def test_it_founds_itself_once_and_prints_the_password_once(tmp_path: Path) -> None:
    with serving(tmp_path / "var") as first:
        found = re.search(r"password '([^']+)'", "\n".join(first.told))
        assert found is not None
        password = found.group(1)
        assert (await login(first.http, password)).status == 200
        status, log = first.stop()
    assert status == 0
    assert [line["event"] for line in log][-1] == "server.stopped"
    assert password not in json.dumps(log)

    with serving(tmp_path / "var") as second:
        assert "password" not in "\n".join(second.told)
        assert (await login(second.http, password)).status == 200
        assert second.stop()[0] == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "var" / "exchange.sqlite")) as file:
        assert file.execute("SELECT count(*) FROM members").fetchone() == (1,)


async def test_over_a_socket_answers_are_kept_alive_and_damage_is_refused(server: Server) -> None:
    http = server.http
    grant = (await login(http, PASSWORD)).json()
    headers = {"authorization": f"Bearer {grant['access_token']}", "content-type": "application/json"}
    made = await http.request("POST", "/v1/members", b'{"name":"Socket","role":"investor","country":"CN"}', headers)
    large = await http.request("POST", "/v1/members", b" " * 70_000, headers)
    after = await http.request("GET", "/v1/members?role=investor", b"", headers)
    await http.close()

    assert (made.status, made.json()["events"][0]["type"]) == (201, "member.registered")
    assert (large.status, large.json()["code"]) == (413, "request.too_large")
    assert "Socket" in [member["name"] for member in after.json()["items"]]
    assert "server" not in made.headers


async def test_a_member_is_created_from_the_command_line(server: Server) -> None:
    arguments = ("create-member", "Wu Capital", "--standing", "invited", "--url", f"http://127.0.0.1:{server.port}")
    made = exchange(*arguments, EXCHANGE_OPERATOR_PASSWORD=PASSWORD)
    again = exchange(*arguments, EXCHANGE_OPERATOR_PASSWORD=PASSWORD)
    found = dict(line.split(maxsplit=1) for line in made.stdout.splitlines())
    password = found["password"].split()[0]
    http = server.http
    logged_in = await login(http, password, "wu.capital")
    await http.close()

    assert made.returncode == 0 and set(found) == {"member", "account", "user", "login", "password"}
    assert logged_in.status == 200
    told = "exchange: member.exists: 'wu.capital' is a user here; choose another --user\n"
    assert (again.returncode, again.stderr) == (1, told)


async def test_an_idle_exchange_writes_nothing(server: Server) -> None:
    http = server.http
    before = (await http.request("GET", "/v1/time")).json()["as_of_sequence"]
    await asyncio.sleep(0.5)
    assert (await http.request("GET", "/v1/time")).json()["as_of_sequence"] == before
    await http.close()


def test_a_second_server_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path / "var", EXCHANGE_OPERATOR_PASSWORD=PASSWORD):
        other = exchange("serve", "--port", str(free_port()), "--data-dir", str(tmp_path / "var"))
    assert (other.returncode, other.stderr) == (1, "exchange: store.locked: another node holds this database\n")


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({"EXCHANGE_PORT": "many"}, "EXCHANGE_PORT"),
        ({"EXCHANGE_DATABASE_URL": "mysql://localhost/x"}, "no store for 'mysql'"),
        ({"EXCHANGE_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/x"}, "does not answer"),
        ({"EXCHANGE_HOST": "192.0.2.1"}, "cannot listen on 192.0.2.1"),
    ],
)
def test_wrong_settings_end_with_one_line(tmp_path: Path, environment: dict[str, str], text: str) -> None:
    found = exchange("serve", "--data-dir", str(tmp_path / "var"), **{"EXCHANGE_PORT": "0", **environment})

    assert found.returncode == 1
    assert len(found.stderr.splitlines()) == 1, found.stderr
    assert found.stderr.startswith("exchange: ") and text in found.stderr
