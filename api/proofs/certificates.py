"""A certificate of title: what one account holds of one right, with all that speaks for and against it, and proofs.

It stands at the newest head with holdings. Proved against that head: the amount, and each of the register's entries by
which it came about. Stated under the exchange's signature: who the holder is, who holds the whole right, the chain of
recorded papers, what lies on the right, the documents' hashes. A certificate of parties that do not exist says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from custody.accounts import Account, Asset
from custody.outcomes import Outcome
from custody.rights import Right
from exchange.assets.messages import Patent
from exchange.core.ids import KINDS, AccountId, AssetId, to_wire
from exchange.core.instruments import AssetKind
from exchange.core.membership import Member
from exchange.node.burdens import Burdens
from exchange.store.queries import journal, records, register
from exchange.store.queries.accounts import statement
from exchange.store.queries.journal import Entry
from exchange.store.queries.proofs import documents
from exchange.store.queries.reader import Snapshot

FORMAT = 1
MOST_ENTRIES = 100
"""The newest entries of the register that a certificate carries; it says where older ones begin."""
MOST_RIGHTS = 100
"""Rights in one patent that are looked through."""
MOST_HOLDERS = 1_000
"""The largest holders of the right that it names; it says how many more there are."""

Json = dict[str, Any]
TitleOf = Callable[[Snapshot, Patent], Json]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the tables say for a certificate, at one sequence."""

    sequence: int
    about: Json
    right_ids: tuple[AssetId, ...]
    """The whole rights: the asset itself, or what its shares are parts of; an outcome may rest on several patents."""
    entries: tuple[Entry, ...]
    earlier_sequence: int
    """Where entries go on that are not carried; 0: none."""


def facts(snapshot: Snapshot, account_id: AccountId, asset_id: AssetId, size: int, title_of: TitleOf) -> Facts | None:
    """Read a certificate's facts; `size` is the last row under its head. None: there is no such right, or account."""
    asset = records.one(snapshot, Asset, (asset_id,))
    account = records.one(snapshot, Account, (account_id,))
    if not isinstance(asset, Asset) or not isinstance(account, Account) or asset.kind is AssetKind.MONEY:
        return None
    member = records.one(snapshot, Member, (account.member_id,))
    rights = rights_of(snapshot, asset)
    if not isinstance(member, Member):
        return None
    about: Json = {
        "right": {
            "code": asset.code,
            "kind": asset.kind.value,
            "total_units": asset.total_units,
            "title_regime": asset.title_regime.value,
        },
        "holder": {
            "account_id": to_wire(KINDS["AccountId"], account_id),
            "member_id": to_wire(KINDS["MemberId"], member.member_id),
            "name": member.name,
            "country": member.country,
            "identifier": member.identifier,
            "beneficiary": account.beneficiary,
            "frozen": account.frozen,
        },
        "simulated": member.simulated,
        "subject": None,
        "title": None,
        "documents": [],
        "holders": None,
    }
    for right in rights[:1]:
        about["right"] |= {
            "form": right.form.value,
            "settlement": right.settlement.value,
            "title_examined": right.title.value,
            "title_reasons": right.title_reasons,
            "encumbered_by_examination": any(one.encumbered for one in rights),
        }
        about["documents"] = _documents(
            snapshot, tuple(sha256 for one in rights for sha256 in (*one.evidence, *one.examined_on))
        )
        about |= _subject(snapshot, asset, rights, title_of)
    if len(rights) == 1:
        about["holders"] = _holders(snapshot, rights[0])
    entries, earlier = _entries(snapshot, account_id, asset_id, size)
    whole = tuple(right.asset_id for right in rights) or (asset_id,)
    return Facts(snapshot.sequence, about, whole, entries, earlier)


def rights_of(snapshot: Snapshot, asset: Asset) -> tuple[Right, ...]:
    """The whole right that an asset is, or those its shares are parts of, in the order of the outcome's patents."""
    right = records.one(snapshot, Right, (asset.asset_id,))
    if isinstance(right, Right):
        return (right,)
    outcome = records.one(snapshot, Outcome, (asset.subject_id,)) if asset.kind is AssetKind.SHARE else None
    if not isinstance(outcome, Outcome):
        return ()
    found = [records.one(snapshot, Right, (outcome.right_id,))] if outcome.right_id else []
    for patent_id in outcome.patent_ids:
        found += records.page(snapshot, Right, MOST_RIGHTS, filters={"patent_id": patent_id}).records
    return tuple({one.asset_id: one for one in found if isinstance(one, Right)}.values())


def unsigned(
    found: Facts, burdens: Burdens, holding: Json, head: Json, keys: list[Json], entries: list[Json], made_at_ns: int
) -> Json:
    """The certificate before its signature; the key that will sign it is the newest."""
    return {
        "format": FORMAT,
        "kind": "certificate",
        "made_at_ns": made_at_ns,
        "head": head,
        "keys": keys,
        "key": keys[-1]["public_key"],
        "account": holding["account"],
        "asset": holding["asset"],
        "asset_id": to_wire(KINDS["AssetId"], holding["asset"]),
        "units": holding["units"],
        "held_units": holding["held_units"],
        "holding": holding,
        **found.about,
        "facts_as_of_sequence": found.sequence,
        "burdens": {
            "as_of_sequence": burdens.sequence,
            "items": [
                {"entry": one.entry, "kind": one.kind.value, "blocks": one.blocks, "summary": one.summary}
                for one in burdens.found
            ],
        },
        "entries": entries,
        "earlier_sequence": found.earlier_sequence,
    }


def _entries(snapshot: Snapshot, account_id: AccountId, asset_id: AssetId, size: int) -> tuple[tuple[Entry, ...], int]:
    """The rows that moved the holding and lie under the head, newest first."""
    sequences: list[int] = []
    position: int | None = None
    while position != 0:
        lines = statement(snapshot, account_id, asset_id, MOST_ENTRIES, position)
        position = lines.next_sequence
        sequences += [line.sequence for line in lines.records if line.sequence <= size]
        unique = list(dict.fromkeys(sequences))
        if len(unique) >= MOST_ENTRIES:
            later = unique[MOST_ENTRIES] if len(unique) > MOST_ENTRIES else position
            return _rows(snapshot, unique[:MOST_ENTRIES]), later
    return _rows(snapshot, list(dict.fromkeys(sequences))), 0


def _rows(snapshot: Snapshot, sequences: list[int]) -> tuple[Entry, ...]:
    found = (journal.entry(snapshot, sequence) for sequence in sequences)
    return tuple(entry for entry in found if entry is not None)


def _holders(snapshot: Snapshot, right: Right) -> Json | None:
    """Who holds the whole right, which everybody may read; of its shares and notes a member reads only its own."""
    asset = records.one(snapshot, Asset, (right.asset_id,))
    if not isinstance(asset, Asset) or asset.kind is not AssetKind.RIGHT:
        return None
    now_ns = register.head_ns(snapshot)
    held = register.standing_of(snapshot, right.asset_id, now_ns, now_ns).holders
    largest = sorted(held.items(), key=lambda item: (-item[1], item[0]))
    return {
        "asset_id": to_wire(KINDS["AssetId"], right.asset_id),
        "items": [_holder(snapshot, account_id, units) for account_id, units in largest[:MOST_HOLDERS]],
        "more": max(0, len(largest) - MOST_HOLDERS),
    }


def _holder(snapshot: Snapshot, account_id: AccountId, units: int) -> Json:
    account = records.one(snapshot, Account, (account_id,))
    return {
        "account_id": to_wire(KINDS["AccountId"], account_id),
        "member_id": to_wire(KINDS["MemberId"], account.member_id) if isinstance(account, Account) else "",
        "account_kind": account.kind.value if isinstance(account, Account) else "",
        "units": units,
    }


def _documents(snapshot: Snapshot, hashes: tuple[str, ...]) -> list[Json]:
    """Each document that the right rests on, by its hash, with what its filer called it."""
    named = list(dict.fromkeys(hashes))
    filed = documents(snapshot, named) if named else {}
    found: list[Json] = []
    for sha256 in named:
        title, media_type, size_bytes = filed.get(sha256, ("", "", 0))
        found.append({"sha256": sha256, "title": title, "media_type": media_type, "size_bytes": size_bytes})
    return found


def _subject(snapshot: Snapshot, asset: Asset, rights: tuple[Right, ...], title_of: TitleOf) -> Json:
    """The patent or the outcome, and what the recorded papers say of a patent."""
    right = rights[0]
    patent = records.one(snapshot, Patent, (right.patent_id,)) if right.patent_id and len(rights) == 1 else None
    if isinstance(patent, Patent):
        named = {"kind": "patent", "country": patent.country, "number": patent.number, "title": patent.title}
        return {"subject": named, "title": title_of(snapshot, patent)}
    outcome_id = right.outcome_id or (asset.subject_id if asset.kind is AssetKind.SHARE else 0)
    outcome = records.one(snapshot, Outcome, (outcome_id,)) if outcome_id else None
    return {"subject": {"kind": "outcome", "title": outcome.title}} if isinstance(outcome, Outcome) else {}
