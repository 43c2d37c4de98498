"""Collections of a serviced deal: imported by versions, deposited in money, claims bought back."""

from __future__ import annotations

import hashlib

import msgspec

from custody.ledger import Leg
from exchange.core.ids import CollectionId, CollectionPageId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.units import MAX_INTEGER, Minor
from exchange.engine.deal_checks import party, refuse_stopped
from exchange.engine.deal_payments import take_back
from exchange.engine.deal_pools import buy_back, fallen_rights, figures_with, pool_of, rows_problem
from exchange.engine.documents import refuse_documents
from exchange.engine.projections import compare
from exchange.engine.servicing import (
    deal_of,
    duties_of,
    end_duty,
    open_duty,
    parties_of,
    put_servicing,
    refuse_servicing,
)
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from securitization.deal import Deal
from securitization.servicing import NO_ROWS, sorted_keys, with_rows
from securitization.servicing_messages import (
    CollectionDeposited,
    CollectionImported,
    DepositCollection,
    ImportCollection,
    MakeRepurchase,
    RepurchaseMade,
)
from securitization.servicing_records import (
    Collection,
    CollectionPage,
    CollectionState,
    Duty,
    DutyKind,
    DutyState,
    Servicing,
)

NO_HASH = "0" * 64


def import_collection(state: ExchangeState, header: Header, command: ImportCollection) -> list[Event]:
    """Keep the rows; a complete version replaces the one before it and withdraws what was prepared from that."""
    servicing = refuse_servicing(state, header, command.servicing_id, "servicer")
    if isinstance(servicing, Rejected):
        return [servicing]
    if command.period != servicing.period or servicing.paying:
        return [Rejected(code=RejectCode.COLLECTION_PERIOD, detail=f"period={servicing.period}")]
    before = _open_version(state, servicing, command)
    if isinstance(before, Rejected):
        return [before]
    totals = with_rows(before.totals if before else NO_ROWS, command.rows)
    if not sorted_keys(command.rows, before.last_key if before else ""):
        return [Rejected(code=RejectCode.COLLECTION_INVALID, detail="keys rise, from part to part")]
    sums = (totals.cash_minor + servicing.repurchased_minor, totals.default_minor, totals.balance_minor)
    if max(sums) > MAX_INTEGER:
        return [Rejected(code=RejectCode.COLLECTION_INVALID, detail="the sums are too large")]
    deal, fallen = deal_of(servicing), fallen_rights(state, servicing)
    wrong = _figures_wrong(deal, command) or rows_problem(state, servicing, command)
    if (
        not wrong
        and servicing.pool_id
        and command.figures
        and command.figures.invalidated_rights
        not in (
            0,
            len(fallen),
        )
    ):
        wrong = f"the register knows of {len(fallen)} rights that fell"
    if wrong:
        return [Rejected(code=RejectCode.COLLECTION_INVALID, detail=wrong)]

    state.change()
    page_bytes = msgspec.msgpack.encode(command.rows)
    hashed = bytes.fromhex(before.rows_sha256 if before else NO_HASH) + page_bytes
    collection = Collection(
        collection_id=before.collection_id if before else CollectionId(make_id(header.sequence)),
        servicing_id=servicing.servicing_id,
        account_id=servicing.servicer_account_id,
        period=command.period,
        version=command.version,
        state=CollectionState.OPEN if command.figures is None else CollectionState.COMPLETE,
        parts=command.part,
        rows=(before.rows if before else 0) + len(command.rows),
        last_key=command.rows[-1].key if command.rows else (before.last_key if before else ""),
        totals=totals,
        rows_sha256=hashlib.sha256(hashed).hexdigest(),
        figures=figures_with(command.figures, fallen, pooled=bool(servicing.pool_id)),
        fallen=fallen if command.figures is not None else (),
    )
    state.put(collection)
    page = CollectionPage(
        page_id=CollectionPageId(make_id(header.sequence)),
        collection_id=collection.collection_id,
        account_id=servicing.servicer_account_id,
        n=command.part,
        rows=command.rows,
    )
    if collection.state is CollectionState.OPEN:
        movement = move_and_tell(state, header, parties_of(servicing))
        return [CollectionImported(collection=collection, page=page, servicing=servicing, movement=movement)]
    replaced = state.table(Collection).get(servicing.collection_id)
    if replaced is not None:
        replaced = msgspec.structs.replace(replaced, state=CollectionState.SUPERSEDED)
        state.put(replaced)
    payment, duties, legs, events = take_back(state, header, servicing, "the collection was corrected")
    changed = put_servicing(
        state, servicing, collection_id=collection.collection_id, payment_id=0 if payment else servicing.payment_id
    )
    if payment is not None and changed.deposited_minor == totals.cash_minor:
        duty, told = open_duty(state, header, changed, deal, DutyKind.SHORTFALL_NOTICE, servicing.servicer_account_id)
        duties, events = (*duties, duty), [*events, told]
    elif not totals.cash_minor and not changed.deposited_minor:
        more, told_too = _collected(state, header, changed, deal)
        duties, events = (*duties, *more), [*events, *told_too]
    return [
        CollectionImported(
            collection=collection,
            page=page,
            servicing=changed,
            replaced=replaced,
            payment=payment,
            duties=duties,
            movement=move_and_tell(state, header, parties_of(servicing), legs),
            projected=compare(state, servicing, collection),
        ),
        *events,
    ]


def deposit_collection(state: ExchangeState, header: Header, command: DepositCollection) -> list[Event]:
    """Move what the complete collection says and is not deposited yet, or back what is too much."""
    servicing = refuse_servicing(state, header, command.servicing_id, "servicer")
    if isinstance(servicing, Rejected):
        return [servicing]
    if (refusal := refuse_stopped(state, servicing.servicer_account_id)) is not None:
        return [refusal]
    collection = state.table(Collection).get(servicing.collection_id)
    if collection is None or servicing.paying:
        return [Rejected(code=RejectCode.COLLECTION_INCOMPLETE)]
    amount = collection.totals.cash_minor - servicing.deposited_minor
    if not amount:
        return [Rejected(code=RejectCode.COLLECTION_PERIOD, detail="nothing is to be deposited")]
    if amount > state.ledger.available(servicing.servicer_account_id, servicing.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE, detail=f"amount_minor={amount}")]

    state.change()
    changed = put_servicing(state, servicing, deposited_minor=collection.totals.cash_minor)
    legs: list[Leg] = [
        (servicing.servicer_account_id, servicing.money_asset_id, -amount),
        (servicing.collections_account_id, servicing.money_asset_id, amount),
    ]
    movement = move_and_tell(state, header, parties_of(servicing), legs)
    duties, events = _collected(state, header, changed, deal_of(servicing))
    return [CollectionDeposited(servicing=changed, amount_minor=amount, duties=duties, movement=movement), *events]


def make_repurchase(state: ExchangeState, header: Header, command: MakeRepurchase) -> list[Event]:
    """Take the price from the originator; it is principal of the period."""
    known = state.table(Servicing).get(command.servicing_id)
    pool = pool_of(state, known) if known is not None else None
    if known is not None and pool is not None:
        return buy_back(state, header, known, pool, command)
    servicing = refuse_servicing(state, header, command.servicing_id, "originator")
    if isinstance(servicing, Rejected):
        return [servicing]
    payer = servicing.originator_account_id
    if (refusal := refuse_stopped(state, payer)) is not None:
        return [refusal]
    if servicing.payment_id or servicing.paying:
        return [Rejected(code=RejectCode.COLLECTION_PERIOD, detail="the period's payment is prepared")]
    if (refusal := refuse_documents(state, party(state, payer).member_id, (command.document_sha256,))) is not None:
        return [refusal]
    if command.amount_minor > state.ledger.available(payer, servicing.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    changed = put_servicing(state, servicing, repurchased_minor=servicing.repurchased_minor + command.amount_minor)
    legs: list[Leg] = [
        (payer, servicing.money_asset_id, -command.amount_minor),
        (servicing.collections_account_id, servicing.money_asset_id, command.amount_minor),
    ]
    return [
        RepurchaseMade(
            key=command.key,
            amount_minor=Minor(command.amount_minor),
            reason=command.reason,
            document_sha256=command.document_sha256,
            servicing=changed,
            movement=move_and_tell(state, header, parties_of(servicing), legs),
        )
    ]


# --- Inside -----------------------------------------------------------------------------------------------------------


def _open_version(
    state: ExchangeState, servicing: Servicing, command: ImportCollection
) -> Collection | Rejected | None:
    """The version this is the next part of; none where it is the first part of the next version.

    Refused: collection.version.
    """
    live = [one for _, one in sorted(state.table(Collection).items()) if one.servicing_id == servicing.servicing_id]
    opened = next((one for one in live if one.state is CollectionState.OPEN), None)
    done = max((one.version for one in live if one.state is CollectionState.COMPLETE), default=0)
    wanted = (opened.version, opened.parts + 1) if opened else (done + 1, 1)
    if (command.version, command.part) != wanted:
        return Rejected(code=RejectCode.COLLECTION_VERSION, detail=f"version={wanted[0]}, part={wanted[1]}")
    return opened


def _figures_wrong(deal: Deal, command: ImportCollection) -> str:
    """What is wrong with the figures of a complete version, or nothing."""
    figures = command.figures
    if figures is None:
        return ""
    if sorted(one.name for one in figures.rates_ppm) != sorted(deal.indexes):
        return f"one rate for each of {sorted(deal.indexes)}"
    if sorted(one.name for one in figures.events) != sorted(deal.events) or any(o.value < 0 for o in figures.events):
        return f"one count for each of {sorted(deal.events)}"
    if any(abs(one.value) > 1_000_000 for one in figures.rates_ppm):
        return "a rate is above 1,000,000 ppm"
    return ""


def _collected(
    state: ExchangeState, header: Header, servicing: Servicing, deal: Deal
) -> tuple[tuple[Duty, ...], list[Event]]:
    """The collection is handed in whole: next, the payment is worked out."""
    duties: list[Duty] = []
    events: list[Event] = []
    for duty in duties_of(state, servicing, DutyKind.COLLECTION):
        done, told = end_duty(state, duty, DutyState.DONE)
        duties.append(done)
        events += told
    if not duties_of(state, servicing, DutyKind.SHORTFALL_NOTICE):
        duty, set_too = open_duty(
            state, header, servicing, deal, DutyKind.SHORTFALL_NOTICE, servicing.servicer_account_id
        )
        duties.append(duty)
        events.append(set_too)
    return tuple(duties), events
