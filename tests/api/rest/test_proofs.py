"""Heads, rows, holdings and certificates as readers get them, checked by the verifier that knows nothing of us."""

from __future__ import annotations

import copy
import io
import itertools
import json
import zipfile
from typing import Any

import pytest

from api.proofs.printed import page
from exchange.core.ids import KINDS, from_wire
from tests.api.rest.exchange import Exchange
from tests.verifier import SOURCE, module, refusal, run_alone


async def first_key(exchange: Exchange) -> str:
    """The key that a careful reader noted on the first day."""
    found = (await exchange.client.get("/v1/proofs/head")).json()
    return str(found["keys"][0]["public_key"])


async def checkpoint(exchange: Exchange) -> None:
    """Sign a head over everything now."""
    await exchange.services.proofs.step(checkpoint=True)


async def document(exchange: Exchange, name: str, path: str) -> dict[str, Any]:
    """A proof, as somebody reads it."""
    answer = await (await exchange.by(name)).get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_everybody_reads_the_newest_head_and_it_is_signed(exchange: Exchange) -> None:
    await checkpoint(exchange)
    shown = (await exchange.client.get("/v1/proofs/head")).json()
    assert shown["head"]["size"] == exchange.sequence
    assert refusal(shown, await first_key(exchange)) == ""
    assert refusal(shown, "ab" * 32)
    for name, value in (("size", 1), ("root", "00" * 32), ("at_ns", 7), ("holdings_root", "00" * 32)):
        assert "signature" in refusal({**shown, "head": {**shown["head"], name: value}}, await first_key(exchange))


async def test_heads_name_the_one_before_them_by_its_hash(exchange: Exchange) -> None:
    for place in range(3):
        await exchange.place("wu", "sell", 10, 100 + place, str(place))
        await checkpoint(exchange)
    shown = (await exchange.client.get("/v1/proofs/heads")).json()
    heads = [{name: value for name, value in head.items() if name != "given_up"} for head in shown["items"]]
    assert [head["number"] for head in heads] == list(range(1, len(heads) + 1))
    assert [head["size"] for head in heads] == sorted({head["size"] for head in heads})
    for before, after in itertools.pairwise(heads):
        plain = {name: value for name, value in before.items() if name != "signature"}
        text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert module().sha256(f"ip-exchange head v1\n{text}".encode()).hexdigest() == after["previous"]


async def test_a_member_proves_its_own_row_and_nobody_gets_anothers(exchange: Exchange) -> None:
    made = await exchange.place("wu", "sell", 10, 100, "one")
    await exchange.place("li", "sell", 10, 101, "two")
    await checkpoint(exchange)
    path, key = f"/v1/proofs/inclusion?sequence={made['sequence']}", await first_key(exchange)
    shown = await document(exchange, "wu", path)
    assert refusal(shown, key) == ""
    assert refusal(await document(exchange, "regulator", path), key) == ""
    assert (await (await exchange.by("li")).get(path)).status_code == 404
    assert (await exchange.client.get(path)).status_code == 401

    for change in ("bytes", "salt"):
        other = copy.deepcopy(shown)
        told = other["row"]["events"][0]
        told[change] = ("ff" if told[change][:2] != "ff" else "00") + told[change][2:]
        assert "was changed" in refusal(other, key)
    moved = copy.deepcopy(shown)
    told = moved["row"]["events"][0]
    told["salt"], told["bytes"] = told["salt"] + told["bytes"][:2], told["bytes"][2:]
    assert "16 bytes" in refusal(moved, key)
    for name in ("sequence", "epoch", "at_ns", "engine_version"):
        assert refusal({**shown, "row": {**shown["row"], name: shown["row"][name] - 1}}, key)
    assert refusal({**shown, "path": shown["path"][:-1]}, key)


async def test_a_row_under_no_head_yet_is_not_proved(exchange: Exchange) -> None:
    await checkpoint(exchange)
    made = await exchange.place("wu", "sell", 10, 100, "one")
    answer = await (await exchange.by("wu")).get(f"/v1/proofs/inclusion?sequence={made['sequence']}")
    assert answer.status_code == 404
    assert "under no head" in answer.json()["detail"]


async def test_growth_is_proved_between_two_signed_heads_and_no_others(exchange: Exchange) -> None:
    await checkpoint(exchange)
    first = exchange.sequence
    await exchange.place("wu", "sell", 10, 100, "one")
    await exchange.place("wu", "sell", 10, 101, "two")
    await checkpoint(exchange)
    second, key = exchange.sequence, await first_key(exchange)
    shown = (await exchange.client.get(f"/v1/proofs/consistency?first={first}&second={second}")).json()
    assert refusal(shown, key) == ""
    assert refusal({**shown, "path": shown["path"][1:]}, key)
    same = (await exchange.client.get(f"/v1/proofs/consistency?first={second}")).json()
    assert refusal(same, key) == ""
    for query, status in (
        (f"first={second}&second={first}", 422),
        (f"first={second + 1}", 404),
        (f"first={second - 1}", 404),
        ("first=0", 404),
        ("second=1", 422),
        ("first=x", 422),
    ):
        assert (await exchange.client.get(f"/v1/proofs/consistency?{query}")).status_code == status, query


async def held(exchange: Exchange, name: str, asset: str) -> dict[str, Any]:
    return await document(
        exchange, name, f"/v1/proofs/holdings/{exchange[asset]}?account_id={exchange[f'account.{name}']}"
    )


async def test_a_holder_proves_what_it_has_and_what_is_promised(exchange: Exchange) -> None:
    await exchange.place("wu", "sell", 10, 100, "one")
    await checkpoint(exchange)
    key, shown = await first_key(exchange), await held(exchange, "wu", "asset")
    balances = (await (await exchange.by("wu")).get(f"/v1/accounts/{exchange['account.wu']}/holdings")).json()["items"]
    mine = next(item for item in balances if item["asset_id"] == exchange["asset"])
    proof = shown["holding"]
    assert (proof["units"], proof["held_units"]) == (mine["units"], mine["held_units"])
    assert proof["held_units"] > 0
    assert refusal(shown, key) == ""
    for name in ("units", "held_units", "account", "asset"):
        other = copy.deepcopy(shown)
        other["holding"][name] += 1
        assert refusal(other, key)
        other["holding"]["leaves"][0][name] += 1
        assert refusal(other, key)


async def test_who_holds_nothing_proves_it_with_two_leaves_of_its_own(exchange: Exchange) -> None:
    await checkpoint(exchange)
    key = await first_key(exchange)
    regulator = await exchange.by("regulator")
    path = f"/v1/proofs/holdings/{exchange['asset']}?account_id={exchange['account.uni']}"
    shown = (await regulator.get(path)).json()
    account = from_wire(KINDS["AccountId"], exchange["account.uni"])
    assert shown["holding"]["units"] == 0
    assert [leaf["account"] for leaf in shown["holding"]["leaves"]] == [account, account]
    assert refusal(shown, key) == ""
    wide = copy.deepcopy(shown)
    wide["holding"]["units"] = 1
    assert refusal(wide, key)
    one = copy.deepcopy(shown)
    one["holding"]["leaves"] = one["holding"]["leaves"][:1]
    assert refusal(one, key)
    outside = copy.deepcopy(shown)
    outside["holding"]["asset"] = 0
    assert "enclose" in refusal(outside, key)


async def test_a_holding_that_is_there_is_not_proved_away(exchange: Exchange) -> None:
    await checkpoint(exchange)
    shown = await held(exchange, "wu", "asset")
    money = await held(exchange, "wu", "money")
    claim = copy.deepcopy(shown)
    claim["holding"] |= {
        "units": 0,
        "held_units": 0,
        "leaves": [money["holding"]["leaves"][0], *claim["holding"]["leaves"]],
    }
    assert refusal(claim, await first_key(exchange))


async def test_nobody_proves_anothers_holding(exchange: Exchange) -> None:
    await checkpoint(exchange)
    path = f"/v1/proofs/holdings/{exchange['asset']}?account_id={exchange['account.wu']}"
    assert (await (await exchange.by("li")).get(path)).status_code == 404
    assert (await exchange.client.get(path)).status_code == 401
    assert (await (await exchange.by("regulator")).get(path)).status_code == 200


async def test_a_proof_names_nobody_but_its_holder(exchange: Exchange) -> None:
    await checkpoint(exchange)
    told = json.dumps((await held(exchange, "wu", "asset"))["holding"])
    other = from_wire(KINDS["AccountId"], exchange["account.li"])
    assert f'"account": {other}' not in told
    assert exchange["account.li"] not in told


async def test_a_rotated_key_is_followed_from_the_first_one(exchange: Exchange) -> None:
    await checkpoint(exchange)
    key = await first_key(exchange)
    operator = await exchange.by("ops")
    assert (await operator.post("/v1/proofs/keys")).status_code == 201
    await exchange.place("wu", "sell", 10, 100, "one")
    assert (await operator.post("/v1/proofs/head")).status_code == 201
    shown = (await exchange.client.get("/v1/proofs/head")).json()
    assert [statement["number"] for statement in shown["keys"]] == [1, 2]
    assert shown["head"]["key"] == shown["keys"][1]["public_key"] != key
    assert refusal(shown, key) == ""
    forged = copy.deepcopy(shown)
    forged["keys"][1]["public_key"] = "cd" * 32
    assert refusal(forged, key)
    for name in ("wu", "regulator"):
        for path in ("/v1/proofs/keys", "/v1/proofs/head"):
            assert (await (await exchange.by(name)).post(path)).status_code == 403


async def certificate(exchange: Exchange, name: str, form: str = "json") -> Any:
    path = f"/v1/certificates/{exchange['asset']}?account_id={exchange[f'account.{name}']}&form={form}"
    answer = await (await exchange.by(name)).get(path)
    assert answer.status_code == 200, answer.text
    return answer


async def test_a_certificate_proves_its_amount_and_each_of_its_entries(exchange: Exchange) -> None:
    await exchange.place("wu", "sell", 10, 100, "rests")
    await exchange.place("li", "buy", 10, 100, "takes")
    await checkpoint(exchange)
    await exchange.place("li", "sell", 1, 200, "after")
    key, made = await first_key(exchange), (await certificate(exchange, "li")).json()
    assert refusal(made, key) == ""
    assert made["holder"]["name"] == "li"
    assert made["burdens"]["items"] == []
    assert made["burdens"]["as_of_sequence"] >= made["head"]["size"]
    assert made["held_units"] == 0  # the order came after the head
    traded = [told["event"]["type"] for entry in made["entries"] for told in entry["row"]["events"]]
    assert "trade.made" in traded
    for change in ({"units": made["units"] + 1}, {"simulated": not made["simulated"]}, {"burdens": {}}):
        assert refusal({**made, **change}, key)
    other = copy.deepcopy(made)
    other["holder"]["name"] = "wu"
    assert "signature" in refusal(other, key)


async def test_a_certificate_shows_its_own_events_alone(exchange: Exchange) -> None:
    await exchange.place("wu", "sell", 10, 100, "rests")
    await exchange.place("li", "buy", 10, 100, "takes")
    await checkpoint(exchange)
    assert exchange["account.wu"] not in (await certificate(exchange, "li")).text


async def test_a_bundle_is_checked_away_from_the_project(exchange: Exchange) -> None:
    await checkpoint(exchange)
    key, body = await first_key(exchange), (await certificate(exchange, "wu", "bundle")).content
    done = run_alone(body, key)
    assert done.returncode == 0, done.stderr
    assert "files of 'certificate of title" in done.stdout
    assert run_alone(body, "ab" * 32).returncode == 1
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert files["verifier.py"] == SOURCE.read_bytes()
    for name in ("certificate.html", "certificate.pdf", "certificate.proof.json", "README.txt"):
        changed = run_alone(packed({**files, name: files[name] + b" "}), key)
        assert changed.returncode == 1
        assert name in changed.stderr
    assert run_alone(packed({**files, "more.txt": b""}), key).returncode == 1
    assert run_alone(packed({name: files[name] for name in files if name != "README.txt"}), key).returncode == 1


def packed(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return made.getvalue()


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b'{"keys": [], "kind": "x", "head": {}}', b"PK\x03\x04", b"\xff"]
)
async def test_the_verifier_says_of_nonsense_that_it_is_not_proved(content: bytes) -> None:
    done = run_alone(content, "ab" * 32)
    assert done.returncode == 1
    assert done.stderr.startswith("NOT PROVED")
    assert "Traceback" not in done.stderr


async def test_the_page_says_who_holds_what_and_carries_nothing_from_elsewhere(exchange: Exchange) -> None:
    await checkpoint(exchange)
    answer = await certificate(exchange, "wu", "html")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "权利证书" in answer.text
    assert "<script" not in answer.text
    assert "http" not in answer.text.split("<body>")[1]


async def test_the_page_says_that_parties_are_simulated_and_shows_burdens_and_recorded_papers(
    exchange: Exchange,
) -> None:
    await checkpoint(exchange)
    made = (await certificate(exchange, "wu")).json()
    assert "SIMULATED" not in page(made)
    link = {"reel_frame": "1/2", "kind": "assignment", "executed_on": "2020-01-01", "from": ["甲 & Co"], "to": ["乙"]}
    burden = {"entry": "EN1-204", "kind": "pledge", "blocks": True, "summary": "质押"}
    subject = {"kind": "patent", "country": "CN", "number": "107000005", "title": "一种 <测试> 方法"}
    title = {"title": "clear", "reasons": [{"text": "no paper is missing"}], "chain": [link]}
    burdens = {"as_of_sequence": 7, "items": [burden]}
    document = {"sha256": "ab" * 32, "title": "Deed", "media_type": "text/plain", "size_bytes": 1}
    full = {"simulated": True, "subject": subject, "title": title, "burdens": burdens, "documents": [document]}
    told = page({**made, **full, "earlier_sequence": 3})
    for words in (
        "SIMULATED 模拟",
        "一种 &lt;测试&gt; 方法",
        "甲 &amp; Co",
        "EN1-204",
        "质押",
        "CN 107000005",
        "ab" * 32,
    ):
        assert words in told


async def test_certificates_are_for_who_may_view_the_account_and_of_rights_alone(exchange: Exchange) -> None:
    await checkpoint(exchange)
    wu = exchange["account.wu"]
    assert (
        await (await exchange.by("li")).get(f"/v1/certificates/{exchange['asset']}?account_id={wu}")
    ).status_code == 404
    own = await exchange.by("wu")
    assert (await own.get(f"/v1/certificates/{exchange['money']}?account_id={wu}")).status_code == 404
    assert (await own.get(f"/v1/certificates/S1-999?account_id={wu}")).status_code == 404
    assert (await own.get(f"/v1/certificates/{exchange['asset']}")).status_code == 422
    assert (await own.get(f"/v1/certificates/{exchange['asset']}?account_id={wu}&form=docx")).status_code == 422


async def test_the_verifier_is_downloaded_as_it_is_shipped(exchange: Exchange) -> None:
    assert (await exchange.client.get("/v1/proofs/verifier")).content == SOURCE.read_bytes()
