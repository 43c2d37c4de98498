"""Check offline what the exchange has signed: python verifier.py FILE KEY. It imports nothing of the exchange.

FILE is a signed head, a certificate or proof as JSON, or a bundle (zip) with a signed manifest. KEY is the exchange's
first public key, in hex, from where you trust it. What is proved: bytes of journal rows, and amounts held. Other words
are the exchange's own, under its signature.
"""

import json
import struct
import sys
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Json = dict[str, Any]
HOLDING = ("account", "asset", "units", "held_units")


def need(condition: object, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)


def check_signature(kind: str, statement: Json, key: str, trusted: list[str]) -> None:
    need(key in trusted, f"the key of the {kind} does not follow from the one you trust")
    plain = {name: value for name, value in statement.items() if name != "signature"}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    signature, signed = bytes.fromhex(statement["signature"]), f"ip-exchange {kind} v1\n{text}".encode()
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, signed)
    except InvalidSignature:
        raise ValueError(f"the signature of the {kind} is not by the key it names") from None


def trusted_keys(keys: list[Json], first: str) -> list[str]:
    """Every key that follows from the first one: each new key is signed by the key before it."""
    found = [first]
    for statement in keys:
        check_signature("key", statement, found[-1], found)
        found.append(statement["public_key"])
    return found


def turns(place: int, last: int, path: list[str]) -> Iterator[tuple[bytes, bool]]:
    for step in path:  # each with whether it stands to the left: RFC 9162 2.1.3.2
        need(last > 0, "the path is too long")
        left = place % 2 == 1 or place == last
        yield bytes.fromhex(step), left
        while left and place and place % 2 == 0:
            place, last = place // 2, last // 2
        place, last = place // 2, last // 2
    need(last == 0, "the path is too short")


def check_leaf(leaf: bytes, index: int, size: int, path: list[str], root: str, what: str) -> None:
    need(0 <= index < size, f"{what} lies outside the tree")
    for step, left in turns(index, size - 1, path):
        leaf = sha256(b"\x01" + (step + leaf if left else leaf + step)).digest()
    need(leaf.hex() == root, f"{what} is not under the head")


def check_consistency(first: Json, second: Json, path: list[str]) -> None:
    need(0 < (rows := first["size"]) <= second["size"], "the second head is over fewer rows than the first")
    place, last = (rows - 1, second["size"] - 1) if rows < second["size"] else (0, 0)
    while place % 2:  # RFC 9162 2.1.4.2
        place, last = place // 2, last // 2
    steps = path if rows & (rows - 1) and last else [first["root"], *path]
    old = new = bytes.fromhex(steps[0])
    for step, left in turns(place, last, steps[1:]):
        new = sha256(b"\x01" + (step + new if left else new + step)).digest()
        old = sha256(b"\x01" + step + old).digest() if left else old
    need([old.hex(), new.hex()] == [first["root"], second["root"]], "history was rewritten between the two heads")


def check_row(row: Json, path: list[str], head: Json) -> None:
    for told in (told for told in row["events"] if "bytes" in told):
        need(len(told["salt"]) == 32, "a salt has 16 bytes")
        found = sha256(b"\x02" + bytes.fromhex(told["salt"] + told["bytes"])).hexdigest()
        need(found == row["event_hashes"][told["place"]], f"an event of row {row['sequence']} was changed")
    numbers = [row[name] for name in ("format", "shard", "sequence", "epoch", "at_ns", "engine_version")]
    hashes = struct.pack(">H", len(row["event_hashes"])) + bytes.fromhex("".join(row["event_hashes"]))
    data = struct.pack(">cHHQQQI", b"\x00", *numbers) + bytes.fromhex(row["command_hash"]) + hashes
    check_leaf(sha256(data).digest(), row["sequence"] - 1, head["size"], path, head["root"], f"row {row['sequence']}")


def check_holding(proof: Json, head: Json) -> None:
    """What an account holds of an asset at the head, or, by two neighbours, that it holds nothing."""
    stated, leaves = [proof[name] for name in HOLDING], proof["leaves"]
    found = [[leaf[name] for name in HOLDING] for leaf in leaves]
    for leaf, numbers in zip(leaves, found, strict=True):
        data = sha256(b"\x00holding" + bytes.fromhex(leaf["salt"]) + struct.pack(">qqqq", *numbers)).digest()
        check_leaf(data, leaf["index"], head["holdings_size"], leaf["path"], head["holdings_root"], "a holding")
    if len(found) == 1:
        need(found[0] == stated, "another holding is proved than is stated")
    else:
        need(len(found) == 2 and stated[2:] == [0, 0], "a missing holding has two neighbours")
        need(leaves[0]["index"] + 1 == leaves[1]["index"], "the two neighbours are not side by side")
        need(found[0][:2] < stated[:2] < found[1][:2], "the two neighbours do not enclose the holding")


def check(document: Json, first_key: str) -> str:
    """Check one JSON document; answers what was shown, in a sentence."""
    keys, kind, head = trusted_keys(document["keys"], first_key), document["kind"], document["head"]
    need(kind in ("head", "consistency", "inclusion", "holding", "certificate"), "no kind of proof")
    check_signature("head", head, head["key"], keys)
    said = f"head {head['number']} over rows 1..{head['size']}"
    if kind == "consistency":
        check_signature("head", document["first_head"], document["first_head"]["key"], keys)
        check_consistency(document["first_head"], head, document["path"])
        said += f" only adds to head {document['first_head']['number']}"
    for entry in [document] if kind == "inclusion" else document["entries"] if kind == "certificate" else []:
        check_row(entry["row"], entry["path"], head)
        said += f", row {entry['row']['sequence']}"
    if kind in ("holding", "certificate"):
        check_holding(document["holding"], head)
        said += f", {document['holding']['units']} units held"
    if kind == "certificate":
        check_signature("certificate", document, document["key"], keys)
        same = all(document[name] == document["holding"][name] for name in HOLDING)
        need(same, "the certificate states another holding than it proves")
    return said + (" (SIMULATED parties)" if document.get("simulated") else "")


def check_file(path: str, first_key: str) -> str:
    """Check a JSON file; or a zip: its manifest, every file it names, none besides, and every proof among them."""
    if not zipfile.is_zipfile(path):
        return check(json.loads(Path(path).read_bytes()), first_key)
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
        need(len(archive.namelist()) == len(files), "the bundle holds two files of one name")
    manifest = json.loads(files.pop("manifest.json"))
    check_signature("bundle", manifest, manifest["key"], trusted_keys(manifest["keys"], first_key))
    hashes = {name: sha256(body).hexdigest() for name, body in files.items()}
    changed = sorted({name for name, _ in hashes.items() ^ manifest["files"].items()})
    need(not changed, f"not as signed: {', '.join(changed)}")
    said = [check(json.loads(files[name]), first_key) for name in sorted(files) if name.endswith(".proof.json")]
    return "; ".join([f"{len(files)} files of '{manifest['about']}' as signed", *said])


if __name__ == "__main__":
    path, first_key = sys.argv[1:] if len(sys.argv) == 3 else sys.exit("usage: python verifier.py FILE KEY")
    try:
        print("proved:", check_file(path, first_key))
    except (LookupError, TypeError, ValueError, struct.error, zipfile.BadZipFile) as error:
        sys.exit(f"NOT PROVED: {error} ({type(error).__name__})")
