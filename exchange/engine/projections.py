"""What a deal's periods are expected to bring, on record beside what they brought."""

from __future__ import annotations

import msgspec

from exchange.core.ids import ProjectedPeriodId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.units import MAX_INTEGER
from exchange.engine.documents import refuse_documents
from exchange.engine.servicing import deal_of, parties_of, refuse_servicing
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from securitization.servicing_messages import ProjectionRecorded, RecordProjection
from securitization.servicing_records import Collection, CollectionTotals, ProjectedPeriod, Servicing

FIGURES = CollectionTotals.__struct_fields__


def record_projection(state: ExchangeState, header: Header, command: RecordProjection) -> list[Event]:
    """Keep what is expected, in place of what was expected of the same periods."""
    servicing = refuse_servicing(state, header, command.servicing_id, "servicer", "trustee")
    if isinstance(servicing, Rejected):
        return [servicing]
    if (problem := _problem(servicing, command)) != "":
        return [Rejected(code=RejectCode.PROJECTION_INVALID, detail=problem)]
    member_id = state.users[header.principal].member_id
    if (refusal := refuse_documents(state, member_id, (command.document_sha256,))) is not None:
        return [refusal]

    state.change()
    before = {one.period: one for one in expected_of(state, servicing)}
    replaced: list[ProjectedPeriod] = []
    periods: list[ProjectedPeriod] = []
    for place, each in enumerate(command.periods):
        known = before.get(each.period)
        if known is not None:
            replaced.append(_put(state, known, over=True))
        periods.append(
            ProjectedPeriod(
                projected_period_id=ProjectedPeriodId(make_id(header.sequence, place)),
                servicing_id=servicing.servicing_id,
                account_id=servicing.trustee_account_id,
                servicer_account_id=servicing.servicer_account_id,
                period=each.period,
                version=known.version + 1 if known is not None else 1,
                projected=CollectionTotals(**{name: getattr(each, name) for name in FIGURES}),
                document_sha256=command.document_sha256,
            )
        )
        state.put(periods[-1])
    movement = move_and_tell(state, header, parties_of(servicing))
    return [ProjectionRecorded(periods=tuple(periods), replaced=tuple(replaced), movement=movement)]


def compare(state: ExchangeState, servicing: Servicing, collection: Collection) -> ProjectedPeriod | None:
    """What was expected of a complete collection's period, with the difference; none if nothing was. After the line."""
    known = next((one for one in expected_of(state, servicing) if one.period == collection.period), None)
    if known is None:
        return None
    more = {name: getattr(collection.totals, name) - getattr(known.projected, name) for name in FIGURES}
    return _put(state, known, collection_id=collection.collection_id, difference=CollectionTotals(**more))


def end_expected(state: ExchangeState, servicing: Servicing) -> ProjectedPeriod | None:
    """The current period is paid: its comparison stays as it is. Call after the line."""
    known = next((one for one in expected_of(state, servicing) if one.period == servicing.period), None)
    return _put(state, known, over=True) if known is not None else None


def expected_of(state: ExchangeState, servicing: Servicing) -> list[ProjectedPeriod]:
    """What stands for a deal's periods that are not paid, by their numbers."""
    table = state.table(ProjectedPeriod).values()
    return sorted((one for one in table if one.servicing_id == servicing.servicing_id), key=lambda one: one.period)


def _problem(servicing: Servicing, command: RecordProjection) -> str:
    """What of a projection makes no sense; empty if nothing."""
    numbers = [each.period for each in command.periods]
    first, last = servicing.period + bool(servicing.collection_id or servicing.paying), len(deal_of(servicing).periods)
    if sorted(set(numbers)) != numbers or not first <= numbers[0] <= numbers[-1] <= last:
        return f"rising periods, from {first} to {last}"
    cash = [each.interest_minor + each.principal_minor + each.prepayment_minor for each in command.periods]
    return "the sums are too large" if max(cash) > MAX_INTEGER else ""


def _put(state: ExchangeState, expected: ProjectedPeriod, /, **changes: object) -> ProjectedPeriod:
    changed = msgspec.structs.replace(expected, **changes)
    state.put(changed)
    return changed
