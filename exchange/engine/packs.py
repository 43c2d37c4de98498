"""Due-diligence packs: documents come under their heads, the register adds what it knows, and a complete one is sealed.

What the register knows is written down anew at each step while a deal runs, and for the last time when the right
passes. A pilot's case says when it is complete itself, so its facts are taken when the pack is sealed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import msgspec

from custody.accounts import VENUE
from custody.packs import (
    MOST_EVIDENCE,
    AddEvidence,
    Evidence,
    EvidenceAdded,
    EvidenceHead,
    Pack,
    PackFrozen,
    PackSealed,
    PackState,
    SealPack,
    lacking,
    pack_hash,
    text_hash,
)
from custody.pilot import Pilot, PilotState
from exchange.core.ids import AccountId, UserId, from_wire, to_wire
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import MemberStatus, UserRight
from exchange.core.rejections import RejectCode
from exchange.engine.access import acts_for_member
from exchange.engine.deal_cases import FOLLOWERS
from exchange.engine.deal_checks import party
from exchange.engine.documents import refuse_documents
from exchange.engine.sale_deals import lot_of, method_of
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.rulebook.profile import Method
from matching.consideration import Items
from matching.deals import Deal, DealState
from matching.messages import Market

PRICED_HERE = (Method.ENGLISH, Method.DUTCH, Method.SEALED, Method.TENDER)
"""A price found in public on this exchange: its log is the evidence of publicity and care."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the register knows of a running or completed disposal."""

    account_id: AccountId
    facts: str
    met: tuple[EvidenceHead, ...]
    over: bool


def add_evidence(state: ExchangeState, header: Header, command: AddEvidence) -> list[Event]:
    """One document more; the first one opens the pack."""
    pack = _packs(state).get(command.case_id)
    known = _known(state, command.case_id)
    if pack is None and known is None:
        return [Rejected(code=RejectCode.PACK_UNKNOWN, detail=command.case_id)]
    account_id = pack.account_id if pack is not None else known.account_id if known is not None else AccountId(0)
    if (refusal := _refuse_party(state, header, account_id, UserRight.TRADE)) is not None:
        return [refusal]
    kept = pack.evidence if pack is not None else ()
    if pack is not None and pack.state is not PackState.FROZEN and (pack.state is not PackState.OPEN or known is None):
        return [Rejected(code=RejectCode.PACK_STATE, detail=pack.state)]
    if any((one.head, one.sha256) == (command.head, command.sha256) for one in kept):
        return [Rejected(code=RejectCode.PACK_DUPLICATE, detail=command.sha256)]
    if len(kept) >= MOST_EVIDENCE:
        return [Rejected(code=RejectCode.PACK_FULL, detail=str(MOST_EVIDENCE))]
    member_id = party(state, account_id).member_id
    if (refusal := refuse_documents(state, member_id, (command.sha256,))) is not None:
        return [refusal]

    state.change()
    added = Evidence(
        head=command.head,
        sha256=command.sha256,
        note=command.note,
        added_by=header.principal,
        added_at_ns=header.at_ns,
    )
    if pack is None:
        pack = Pack(
            case_id=command.case_id,
            account_id=account_id,
            member_id=member_id,
            state=PackState.OPEN,
            facts="",
            facts_sha256="",
            met_by_register=(),
            missing=(),
            evidence=(),
            opened_by=header.principal,
            opened_at_ns=header.at_ns,
        )
    changed = _put(state, pack, known if pack.state is PackState.OPEN else None, evidence=(*kept, added))
    return [EvidenceAdded(pack=changed, movement=move_and_tell(state, header, (account_id,)))]


def seal_pack(state: ExchangeState, header: Header, command: SealPack) -> list[Event]:
    """One hash over all of a complete pack."""
    pack = _packs(state).get(command.case_id)
    if pack is None:
        return [Rejected(code=RejectCode.PACK_UNKNOWN, detail=command.case_id)]
    if (refusal := _refuse_party(state, header, pack.account_id, UserRight.APPROVE)) is not None:
        return [refusal]
    known = _known(state, command.case_id) if pack.state is PackState.OPEN else None
    if pack.state is not PackState.FROZEN and (known is None or not known.over):
        return [Rejected(code=RejectCode.PACK_STATE, detail=pack.state)]
    missing = lacking(known.met if known is not None else pack.met_by_register, pack.evidence)
    if missing:
        return [Rejected(code=RejectCode.PACK_INCOMPLETE, detail="; ".join(missing))]

    state.change()
    frozen = _put(state, pack, known, frozen_at_ns=pack.frozen_at_ns or header.at_ns)
    sealed = _put(
        state,
        frozen,
        None,
        state=PackState.SEALED,
        sealed_by=header.principal,
        sealed_at_ns=header.at_ns,
        pack_sha256=pack_hash(frozen.facts_sha256, frozen.evidence),
    )
    return [PackSealed(pack=sealed, movement=move_and_tell(state, header, (pack.account_id,)))]


def follow_deal(state: ExchangeState, header: Header, deal: Deal) -> list[Event]:
    """A deal took a step: when that was its last, its pack keeps what the register knows of it now."""
    pack = _packs(state).get(to_wire("D", deal.deal_id))
    if pack is None or deal.live:
        return []
    passed = deal.state is DealState.COMPLETED
    frozen = _put(
        state,
        pack,
        _of_deal(state, deal),
        state=PackState.FROZEN if passed else PackState.VOID,
        frozen_at_ns=header.at_ns,
    )
    return [PackFrozen(pack=frozen, movement=move_and_tell(state, header, (pack.account_id,)))]


FOLLOWERS.insert(0, follow_deal)  # before a public sale closes the lot that says how the price was found


def _packs(state: ExchangeState) -> dict[str, Pack]:
    """The packs, by their disposal's name."""
    return cast("dict[str, Pack]", state.records[Pack])


def _refuse_party(state: ExchangeState, header: Header, account_id: AccountId, right: UserRight) -> Rejected | None:
    """Whether the principal acts for who disposes, or, to add a document, for the venue.

    Refused: pack.not_party, member.frozen.
    """
    member = party(state, account_id)
    by_venue = right is UserRight.TRADE and state.users[header.principal].member_id == VENUE
    if not by_venue and not acts_for_member(state, header, member.member_id, right):
        return Rejected(code=RejectCode.PACK_NOT_PARTY)
    if member.status is MemberStatus.FROZEN:
        return Rejected(code=RejectCode.MEMBER_FROZEN)
    return None


def _put(state: ExchangeState, pack: Pack, known: Known | None, /, **changes: Any) -> Pack:
    """Keep the pack under its new values, with what the register knows if it is told. Call after the line."""
    changed = msgspec.structs.replace(pack, **changes)
    if known is not None:
        changed = msgspec.structs.replace(
            changed, facts=known.facts, facts_sha256=text_hash(known.facts), met_by_register=known.met
        )
    changed = msgspec.structs.replace(changed, missing=lacking(changed.met_by_register, changed.evidence))
    state.put(changed)
    return changed


# --- What the register knows ------------------------------------------------------------------------------------------


def _known(state: ExchangeState, case: str) -> Known | None:
    """A disposal that runs, or a pilot that gave its units; None: there is none of that name."""
    kind = case.partition("1-")[0]
    try:
        identifier = from_wire(kind, case)
    except ValueError:
        return None
    if kind == "D":
        deal = state.table(Deal).get(identifier)
        return _of_deal(state, deal) if deal is not None else None
    if kind == "J":
        pilot = state.table(Pilot).get(identifier)
        return _of_pilot(state, pilot) if pilot is not None else None
    return None


def _of_deal(state: ExchangeState, deal: Deal) -> Known:
    """Who decided, on which rule, at which price, found how, shown how long, to whom."""
    market, method = state.table(Market)[deal.market_id], method_of(state, deal)
    lot = lot_of(state, deal)
    asset = state.assets[deal.asset_id]
    facts = {
        "case": to_wire("D", deal.deal_id),
        "kind": "deal",
        "state": deal.state.value,
        "right": {"asset_id": to_wire("S", deal.asset_id), "code": asset.code, "units": deal.units},
        "price_minor": deal.price_minor,
        "currency": market.currency,
        "items": deal.items if isinstance(deal.items, Items) else None,
        "method": method.value,
        "sale": {"sale_id": to_wire("SL", lot.sale_id), "lot_id": to_wire("LT", lot.lot_id)} if lot else None,
        "rules": {
            "market_id": to_wire("Y", deal.market_id),
            "profile": market.profile,
            "profile_version": market.profile_version,
            "jurisdiction": deal.jurisdiction,
            "overlays_version": deal.overlays_version,
            "fee_version": deal.fee_version,
        },
        "related_party": deal.related_party,
        "publicity": {
            "days": deal.publicity_days,
            "until_ns": deal.publicity_until_ns,
            "last_objection_by": _user(deal.objected_by),
        },
        "steps": [
            {"step": step, "by": _user(by), "at_ns": at_ns}
            for step, by, at_ns in (
                ("proposed", deal.proposed_by, deal.proposed_at_ns),
                ("accepted", deal.accepted_by, deal.accepted_at_ns),
                ("seller_signed", deal.seller_signed_by, deal.seller_signed_at_ns),
                ("buyer_signed", deal.buyer_signed_by, deal.buyer_signed_at_ns),
            )
            if at_ns
        ],
        "parties": {"seller": to_wire("A", deal.seller_account_id), "buyer": to_wire("A", deal.buyer_account_id)},
        "contract_sha256": deal.contract_sha256,
        "terms_sha256": deal.terms_sha256,
        "contracted_at_ns": deal.contracted_at_ns,
        "effective_date": deal.effective_date,
        "office_reference": deal.office_reference,
    }
    met: list[EvidenceHead] = []
    ran = deal.publicity_days > 0 and deal.state not in (
        DealState.PROPOSED,
        DealState.PUBLICITY,
        DealState.OBJECTED,
        DealState.STOPPED,
        DealState.WITHDRAWN,
    )
    if ran or method in PRICED_HERE:
        met.append(EvidenceHead.PUBLICITY)
    if method in PRICED_HERE:
        met.append(EvidenceHead.CARE)
    return Known(deal.seller_account_id, msgspec.json.encode(facts).decode(), tuple(met), not deal.live)


def _of_pilot(state: ExchangeState, pilot: Pilot) -> Known:
    """Whose decision it was, on which funding, shown how long, to which team. No price is asked."""
    market = state.table(Market)[pilot.market_id]
    facts = {
        "case": to_wire("J", pilot.pilot_id),
        "kind": "pilot",
        "state": pilot.state.value,
        "outcome_id": to_wire("X", pilot.outcome_id),
        "funding": [{"amount_minor": one.amount_minor, "fiscal": one.fiscal} for one in pilot.funding],
        "rules": {
            "market_id": to_wire("Y", pilot.market_id),
            "profile": market.profile,
            "profile_version": market.profile_version,
        },
        "team": [
            {
                "account_id": to_wire("A", one.account_id),
                "numerator": one.numerator,
                "denominator": one.denominator,
                "signed_at_ns": one.signed_at_ns,
            }
            for one in pilot.team
        ],
        "team_share": {"numerator": pilot.team_numerator, "denominator": pilot.team_denominator},
        "income_ratio_ppm": pilot.income_ratio_ppm,
        "publicity": {"until_ns": pilot.notice_until_ns, "last_objection_by": _user(pilot.objected_by)},
        "steps": [
            {"step": step, "by": _user(by), "at_ns": at_ns}
            for step, by, at_ns in (
                ("proposed", pilot.proposed_by, pilot.proposed_at_ns),
                ("decided", pilot.decided_by, pilot.decided_at_ns),
                ("signed", pilot.signed_by, pilot.signed_at_ns),
            )
            if at_ns
        ],
        "split_sha256": pilot.split_sha256,
        "decision_sha256": pilot.decision_sha256,
        "duties_sha256": pilot.duties_sha256,
        "terms_sha256": pilot.terms_sha256,
        "completed_at_ns": pilot.completed_at_ns,
    }
    over = pilot.state is PilotState.COMPLETED
    met = [EvidenceHead.DECISION] if pilot.decision_sha256 else []
    if over:
        met += [EvidenceHead.PUBLICITY, EvidenceHead.CARE]
    return Known(pilot.account_id, msgspec.json.encode(facts).decode(), tuple(met), over)


def _user(user_id: UserId) -> str:
    return to_wire("U", user_id) if user_id else ""
