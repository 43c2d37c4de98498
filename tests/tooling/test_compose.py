"""compose.yaml and Dockerfile: valid by the Compose specification, closed to the outside, no secret in clear."""

from __future__ import annotations

import copy
import http.server
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "EXCHANGE_DATABASE_URL",
    "EXCHANGE_BUS_URL",
    "EXCHANGE_DATA_DIR",
    "EXCHANGE_HOST",
    "EXCHANGE_PORT",
}
DRAWN = re.compile(r"\$\{(\w+):\?[^}]+\}")
"""A value that has to come from .env, or Compose refuses to start."""


@pytest.fixture
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded


@pytest.fixture(scope="module")
def specification() -> jsonschema.Draft202012Validator:
    """The Compose specification's own schema, out of the package check-jsonschema."""
    text = files("check_jsonschema.builtin_schemas.vendor").joinpath("compose-spec.json").read_text()
    return jsonschema.Draft202012Validator(json.loads(text))


def test_the_file_follows_the_compose_specification(
    compose: dict[str, Any], specification: jsonschema.Draft202012Validator
) -> None:
    assert [error.message for error in specification.iter_errors(compose)] == []


@pytest.mark.parametrize(("key", "value"), [("imagee", "x"), ("ports", "8000"), ("healthcheck", {"tests": []})])
def test_the_specification_refuses_what_is_misspelled(
    compose: dict[str, Any], specification: jsonschema.Draft202012Validator, key: str, value: object
) -> None:
    broken = copy.deepcopy(compose)
    broken["services"]["exchange"][key] = value
    assert not specification.is_valid(broken)


def test_the_exchange_starts_after_healthy_servers_and_every_service_tells_its_health(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"exchange", "postgres", "nats"}
    assert {name: after["condition"] for name, after in services["exchange"]["depends_on"].items()} == {
        "postgres": "service_healthy",
        "nats": "service_healthy",
    }
    for name, service in services.items():
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["restart"] == "unless-stopped", name


def test_what_must_survive_lies_on_named_volumes(compose: dict[str, Any]) -> None:
    mounted = [volume.partition(":")[0] for service in compose["services"].values() for volume in service["volumes"]]
    assert sorted(mounted) == sorted(compose["volumes"])
    assert "exchange-data:/var/lib/exchange" in compose["services"]["exchange"]["volumes"]
    assert compose["services"]["exchange"]["environment"]["EXCHANGE_DATA_DIR"] == "/var/lib/exchange"


def test_nats_keeps_its_streams_on_disk(compose: dict[str, Any]) -> None:
    command = compose["services"]["nats"]["command"]
    assert "-js" in command
    assert command[command.index("-sd") + 1] == "/data"


def test_only_the_edge_is_published_and_only_locally(compose: dict[str, Any]) -> None:
    ports = {name: service.get("ports", []) for name, service in compose["services"].items()}
    assert ports == {"exchange": ["127.0.0.1:8000:8000"], "postgres": [], "nats": []}


def test_no_secret_stands_in_clear(compose: dict[str, Any]) -> None:
    environment = compose["services"]["exchange"]["environment"]
    assert set(environment) == SETTINGS
    assert DRAWN.search(environment["EXCHANGE_DATABASE_URL"])
    assert DRAWN.search(environment["EXCHANGE_BUS_URL"])
    assert DRAWN.fullmatch(compose["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"])
    command = compose["services"]["nats"]["command"]
    assert DRAWN.fullmatch(command[command.index("--pass") + 1])


def test_the_passwords_that_compose_asks_for_are_drawn_and_kept_private(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    subprocess.run(["scripts/compose-env.sh"], cwd=tmp_path, check=True, capture_output=True)
    drawn = dict(line.split("=") for line in (tmp_path / ".env").read_text().splitlines())
    assert set(drawn) == set(DRAWN.findall((ROOT / "compose.yaml").read_text()))
    assert all(re.fullmatch(r"[0-9a-f]{48}", password) for password in drawn.values())
    assert len(set(drawn.values())) == len(drawn)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0

    subprocess.run(["scripts/compose-env.sh"], cwd=tmp_path, check=True, capture_output=True)
    assert dict(line.split("=") for line in (tmp_path / ".env").read_text().splitlines()) == drawn


def test_passwords_are_never_committed_or_copied_into_an_image() -> None:
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
    assert ".env" in (ROOT / ".dockerignore").read_text().splitlines()


def test_the_image_is_set_up_by_make_and_run_without_rights() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert any("make build" in line for line in lines)
    assert lines.index("USER exchange") < lines.index('ENTRYPOINT [".venv/bin/exchange"]')
    assert set(re.findall(r"EXCHANGE_\w+", "\n".join(lines))) <= SETTINGS
    for copied in re.findall(r"^COPY (?!--from)(\S+)", "\n".join(lines), re.MULTILINE):
        assert (ROOT / copied).exists()


class Ready(http.server.BaseHTTPRequestHandler):
    """Answers 200 on /readyz while `ready`, else 503."""

    ready = True

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" and type(self).ready else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name for it
        """Say nothing."""


@pytest.fixture
def edge() -> Iterator[int]:
    """The port of something that answers as the exchange does when it is ready."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ready)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def healthy(port: int) -> bool:
    command = [sys.executable, str(ROOT / "scripts/healthy.py")]
    return subprocess.run(command, env={"EXCHANGE_PORT": str(port)}, capture_output=True, check=False).returncode == 0


def test_the_health_check_tells_ready_from_not_ready_and_from_absent(
    edge: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert healthy(edge)
    monkeypatch.setattr(Ready, "ready", False)
    assert not healthy(edge)
    assert not healthy(1)
