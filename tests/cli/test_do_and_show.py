"""`exchange do` and `exchange show` against a real server: every command, every resource, and each way to be wrong."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from api.rest.commands import LARGE, POSTS
from api.rest.resources import RESOURCES
from api.rest.schemas import struct_twin
from custody.rights import RegisterRight
from exchange.__main__ import MODULES, app
from exchange.cli.readable import as_lines, as_table, near, plain, shown
from exchange.cli.schema_fields import all_fields, fields_of, value_of
from exchange.core.membership import ClassMember, RegisterMember
from exchange.node.lanes import needs_four_eyes
from exchange.store.queries.records import key_fields
from matching.messages import PlaceOrder
from tests.cli.test_commands import PASSWORD, Serving, one_line, run, serving

__all__ = ["serving"]  # the fixture

Ask = Callable[..., Result]


@pytest.fixture(scope="module", autouse=True)
def commands() -> None:
    """Every command's own module, once."""
    for name in MODULES:
        importlib.import_module(name).register(app)


@pytest.fixture
def ask(serving: Serving) -> Ask:
    """Run a command in this process, as the operator."""

    def asked(*arguments: str, password: str = PASSWORD, stdin: str | bytes = "") -> Result:
        environment = {"EXCHANGE_PASSWORD": password, "COLUMNS": "100"}
        return CliRunner().invoke(app, [*arguments, "--url", serving.url], env=environment, input=stdin)

    return asked


def member(ask: Ask, name: str) -> dict[str, Any]:
    done = ask("do", "member.register", f"name={name}", "role=investor", "country=CN", "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.output)["events"][0]["member"]
    return found


def refused(done: Result, code: str) -> str:
    """A refusal is one line with its code, on standard error, and ends with 1."""
    assert done.exit_code == 1, done.output
    assert done.stdout == ""
    assert re.fullmatch(rf"exchange: {re.escape(code)}: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


def newest(ask: Ask) -> int:
    """The last row of the journal."""
    sequence: int = json.loads(ask("show", "members", "--json").output)["as_of_sequence"]
    return sequence


# --- do --------------------------------------------------------------------------------------------------------------


def test_a_command_is_done_and_read_back_in_chinese(ask: Ask) -> None:
    done = ask("do", "member.register", "name=武汉资本 & Co", "role=investor", "country=CN")
    assert done.exit_code == 0, done.output
    assert re.match(r"row \d+ of the journal, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n\nmember.registered\n", done.output)
    made = re.search(r"member\.member_id +(M1-\d+)", done.output)
    assert made
    shown_one = ask("show", "members", made[1])
    assert shown_one.exit_code == 0, shown_one.output
    assert "武汉资本 & Co" in shown_one.output
    listed = json.loads(ask("show", "members", "--filter", "role=investor", "--json").output)["items"]
    assert made[1] in [one["member_id"] for one in listed]


def test_a_file_and_standard_input_are_sent_as_they_are(ask: Ask, tmp_path: Path) -> None:
    body = {"name": "Li 李", "role": "investor", "country": "CN"}
    file = tmp_path / "body.json"
    file.write_text(json.dumps(body, ensure_ascii=False))
    assert "Li 李" in ask("do", "member.register", "--file", str(file)).output
    assert "Li 李" in ask("do", "member.register", "--file", "-", stdin=json.dumps(body)).output


def test_the_same_key_is_answered_and_not_done_twice(ask: Ask) -> None:
    again = ("do", "member.register", "name=Once", "role=investor", "country=CN", "--key", "once-1")
    first, second = ask(*again), ask(*again)
    assert "answered again" not in first.output
    assert "answered again" in second.output
    assert first.output.split("\n\n", 1)[1] == second.output.split("\n\n", 1)[1]
    refused(ask(*again[:2], "name=Other", *again[3:]), "idempotency.key_reused")


def test_a_list_is_given_value_by_value_or_as_json(ask: Ask) -> None:
    made = member(ask, "Classed")["member_id"]
    done = ask("do", "member.class", f"member_id={made}", "standings=invited", "standings=professional")
    other = ask("do", "member.class", f"member_id={made}", 'standings=["invited"]')
    assert (done.exit_code, other.exit_code) == (0, 0), done.output + other.output
    assert '["invited", "professional"]' in done.output


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (("name=x", "role=king", "country=CN"), "request.invalid"),
        (("name=x", "country=CN"), "request.missing_field"),
        (("name=x", "role=investor", "country=CN", "colour=red"), "request.unknown_field"),
        (("name=", "role=investor", "country=CN"), "request.out_of_range"),
        (("name=" + "x" * 70_000, "role=investor", "country=CN"), "request.too_large"),
    ],
)
def test_a_wrong_field_is_refused_with_its_code_and_changes_nothing(
    ask: Ask, fields: tuple[str, ...], code: str
) -> None:
    before = newest(ask)
    refused(ask("do", "member.register", *fields), code)
    assert newest(ask) == before


@pytest.mark.parametrize("number", ["9007199254740992", "18446744073709551616", "-1", "9" * 900, "1.5", "1e3", "九"])
def test_a_number_beyond_every_limit_is_refused_and_not_bent(ask: Ask, number: str) -> None:
    before = newest(ask)
    done = ask("do", "member.group", "member_id=M1-0", f"group_id={number}")
    assert done.exit_code == 1
    assert re.match(r"exchange: request\.(out_of_range|invalid|malformed): ", done.stderr), done.stderr
    assert newest(ask) == before


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "request.invalid"),
        (b"not json", "request.malformed"),
        (b"\xff\xfe{", "request.malformed"),
        (b"[]", "request.invalid"),
        (b"[" * 5_000, "request.malformed"),
        (b'{"name": "a", "name": "b"}', "request.duplicate_field"),
        (b" " * (LARGE + 1), "request.too_large"),
    ],
    ids=["nothing", "words", "not UTF-8", "a list", "deep", "twice", "long"],
)
def test_a_file_of_garbage_is_refused_by_the_exchange(ask: Ask, tmp_path: Path, body: bytes, code: str) -> None:
    file = tmp_path / "body.json"
    file.write_bytes(body)
    refused(ask("do", "member.register", "--file", str(file)), code)


def test_an_unknown_command_names_those_that_are_like_it(ask: Ask) -> None:
    assert "order.place" in refused(ask("do", "order.plac"), "command.unknown")
    assert "pledge.release" in refused(ask("do", "pledge"), "command.unknown")
    assert "--list" in refused(ask("do", "\x1b[31mzzzzzz"), "command.unknown")
    refused(ask("do", "node.start"), "command.not_sent")
    assert "member_id" in refused(ask("do", "member.class", "member=M1-0"), "request.unknown_field")


@pytest.mark.parametrize(
    "arguments",
    [
        ("member.register", "name"),
        ("member.register", "name=a", "name=b"),
        ("member.register", "name=a", "--file", "-"),
        ("member.register", "--colour", "red"),
        (),
    ],
)
def test_what_cannot_be_understood_ends_with_2(ask: Ask, arguments: tuple[str, ...]) -> None:
    assert ask("do", *arguments).exit_code == 2


def test_a_wrong_password_a_closed_door_and_a_missing_file_are_one_line(ask: Ask, tmp_path: Path) -> None:
    before = newest(ask)
    done = ask("do", "member.register", "name=a", "role=investor", "country=CN", password="wrong password here")
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert one_line(run("do", "member.register", "--url", "http://127.0.0.1:9")).startswith("no answer from")
    missing = run("do", "member.register", "--file", str(tmp_path / "none.json"))
    assert one_line(missing).endswith("none.json'")
    assert one_line(run("show", "members", "--url", "http://127.0.0.1:9")).startswith("no answer from")
    assert newest(ask) == before


def test_every_command_is_listed_and_tells_its_fields(ask: Ask) -> None:
    listed = ask("do", "--list").output.splitlines()
    assert [line.split()[0] for line in listed] == sorted(str(post.command.__struct_config__.tag) for post in POSTS)
    assert all(len(line.split()) > 2 for line in listed)
    for post in POSTS:
        told = list(all_fields(post.command))
        assert [field.name for field in told if not field.depth] == list(post.command.__struct_fields__)
        assert all(field.told() for field in told)


def test_help_names_units_choices_limits_and_who_may(ask: Ask) -> None:
    told = ask("do", "order.place", "--help").output
    for line in (
        r"quantity_lots +whole number from 1, in lots of the instrument; required",
        r"side +one of buy, sell; required",
        r"account_id +identifier, as A1-184; required",
        r'time_in_force +one of .*day.*; else "day"',
        r"Posted to /v1/orders by: .*investor",
    ):
        assert re.search(line, told), line
    assert "Refused: account.unknown" in told
    eyes = next(post.command for post in POSTS if needs_four_eyes(post.command)).__struct_config__.tag
    assert "It waits for a second person." in ask("do", str(eyes), "--help").output
    assert "second person" not in told


# --- show ------------------------------------------------------------------------------------------------------------


def test_every_resource_answers(ask: Ask) -> None:
    listed = [line.split()[0] for line in ask("show", "--list").output.splitlines()]
    assert listed == sorted(resource.path.removeprefix("/v1/") for resource in RESOURCES)
    for name in listed:
        done = ask("show", name, "--limit", "1")
        assert done.exit_code == 0, (name, done.output)
        assert "as of row" in done.output


def test_pages_are_followed_to_the_limit_and_not_beyond(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in range(5):
        member(ask, f"Paged {place}")
    every = json.loads(ask("show", "members", "--limit", "100000", "--json").output)
    monkeypatch.setattr("exchange.cli.showing.PAGE", 2)
    for limit in (1, 2, 3, 5):
        some = json.loads(ask("show", "members", "--limit", str(limit), "--json").output)
        assert some["items"] == every["items"][:limit]
        assert some["more"] == (limit < len(every["items"]))
    assert json.loads(ask("show", "members", "--limit", "100000", "--json").output)["items"] == every["items"]
    assert "there are more" in ask("show", "members", "--limit", "1").output


def test_what_is_public_needs_no_password_and_the_rest_does(serving: Serving) -> None:
    for name, code in (("assets", 0), ("members", 1)):
        done = CliRunner().invoke(app, ["show", name, "--url", serving.url], env={"EXCHANGE_PASSWORD": ""}, input="")
        assert done.exit_code == code, done.output


def test_chosen_columns_are_shown_in_their_order(ask: Ask) -> None:
    member(ask, "Columns")
    lines = ask("show", "members", "--fields", "name,member_id", "--limit", "500").output.splitlines()
    assert re.match(r"name +member_id$", lines[0])
    assert any(re.match(r"Columns +M1-\d+$", line) for line in lines)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("memberz",), "resource.unknown"),
        (("members", "M1-999999"), "resource.unknown"),
        (("members", "A1-0"), "request.parameter"),
        (("members", "../lots"), "request.not_found"),
        (("members", "--filter", "colour=red"), "request.parameter"),
        (("members", "--filter", "role=king"), "request.parameter"),
        (("members", "--fields", "colour"), "request.parameter"),
    ],
)
def test_a_question_that_is_none_is_refused_with_its_code(ask: Ask, arguments: tuple[str, ...], code: str) -> None:
    refused(ask("show", *arguments), code)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("members", "--limit", "0"),
        ("members", "--limit", "9" * 40),
        ("members", "--filter", "role"),
        ("members", "--filter", "role=investor", "--filter", "role=operator"),
        ("members", "M1-0", "M1-1"),
        ("members", ""),
        ("members", "M1-0", "--filter", "role=investor"),
    ],
)
def test_a_question_that_cannot_be_understood_ends_with_2(ask: Ask, arguments: tuple[str, ...]) -> None:
    assert ask("show", *arguments).exit_code == 2


def test_every_key_has_as_many_parts_as_its_record() -> None:
    assert all(key_fields(resource.record) for resource in RESOURCES)


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "name", "text", "value"),
    [
        (PlaceOrder, "quantity_lots", "10", 10),
        (PlaceOrder, "quantity_lots", "10.0", "10.0"),
        (PlaceOrder, "quantity_lots", "ten", "ten"),
        (PlaceOrder, "price_ticks", "null", None),
        (PlaceOrder, "hidden", "true", True),
        (PlaceOrder, "hidden", "yes", "yes"),
        (PlaceOrder, "client_order_id", "10", "10"),
        (PlaceOrder, "client_order_id", "null", "null"),
        (ClassMember, "standings", "invited", ["invited"]),
        (ClassMember, "standings", '["a", "b"]', ["a", "b"]),
        (ClassMember, "standings", "[", "["),
        (RegisterMember, "name", "[x]", "[x]"),
        (RegisterRight, "evidence", "ab", ["ab"]),
    ],
)
def test_a_value_is_read_as_its_field_wants_it(command: Any, name: str, text: str, value: Any) -> None:
    field = next(field for field in fields_of(command) if field.name == name)
    assert value_of(field, text) == value


def test_the_schema_and_the_command_agree_about_what_is_required() -> None:
    for post in POSTS:
        needed = {
            field.name for field in msgspec.structs.fields(struct_twin(post.command, asked=True)) if field.required
        }
        assert {field.name for field in fields_of(post.command) if field.required} == needed


def test_no_name_steers_the_terminal() -> None:
    assert plain("a\x1b[2J\nb\u202e") == "a\\x1b[2J\\nb\\u202e"
    assert plain("\ud800") == "\\ud800"
    item = {"name": "\x1b[31m" + "李" * 60, "at_ns": 1_795_000_000_000_000_000, "more": None, "yes": True}
    for lines in (as_table([item, item], ("name",)), as_lines(item)):
        assert "\x1b" not in "".join(lines)
    assert len({len(line) for line in as_table([{"a": "李李", "b": "1"}, {"a": "x", "b": "2"}], ())}) > 1
    assert as_table([{"a": "李李", "b": "1"}, {"a": "x", "b": "2"}], ()) == ["a     b", "李李  1", "x     2"]


def test_a_wide_table_leaves_out_columns_and_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    lines = as_table([{"one": "x" * 10, "two": "y" * 10, "three": "z" * 10}], ("two",))
    assert lines[0].split() == ["two", "one"]
    assert lines[-1].startswith("(1 more fields: three;")


def test_moments_are_told_in_utc_and_lengths_of_time_are_not() -> None:
    assert shown("at_ns", 1_795_000_000_000_000_000) == "2026-11-18 11:06:40 UTC"
    assert shown("wait_ns", 5_000_000_000) == "5000000000"
    assert shown("units", 1_795_000_000_000_000_000) == "1795000000000000000"
    assert near("order.plac", ["order.place", "x"]) == ["order.place"]
