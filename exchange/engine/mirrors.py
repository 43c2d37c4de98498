"""Products whose register is elsewhere: no order and no agreement here, one registrar paid, its files mirrored."""

from __future__ import annotations

from datetime import date

import msgspec

from custody.accounts import AccountKind
from custody.ledger import Leg
from exchange.core.calendar import local_date
from exchange.core.ids import AssetId, MarketId, MemberId, MirrorFileId, MirrorPageId, make_id, to_wire
from exchange.core.messages import Citation, Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.units import TimeNs, Units
from exchange.engine.deal_checks import refuse_frozen_assets, refuse_stopped
from exchange.engine.documents import refuse_documents
from exchange.engine.issuance import outstanding_units
from exchange.engine.rules import profile_of
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.rulebook.profile import RegisterOfRecord, cite
from matching.messages import Market
from securitization.issue_messages import Issue, IssueState, NoteLock
from securitization.messages import Product
from securitization.mirror import (
    MAX_HAND_OVER,
    CompleteMirrorFile,
    ConfirmMirrorFile,
    DiscardMirrorFile,
    HandOverRegister,
    ImportMirrorLines,
    MirrorFile,
    MirrorFileCompleted,
    MirrorFileConfirmed,
    MirrorFileDiscarded,
    MirrorFileOpened,
    MirrorHandedOver,
    MirrorLine,
    MirrorLinesImported,
    MirrorPage,
    MirrorRegister,
    MirrorState,
    OpenMirrorFile,
    counts_before,
    follows,
)


def external_rule(state: ExchangeState, asset_id: AssetId) -> Citation | None:
    """The provision by which another register decides who holds notes; None where our own does."""
    market_id = _market_of(state, asset_id)
    if market_id is None:
        return None
    profile = profile_of(state, state.table(Market)[market_id])
    if profile.fields.register_of_record.value is not RegisterOfRecord.EXTERNAL:
        return None
    return cite(profile, "register_of_record")


def refuse_external(state: ExchangeState, asset_id: AssetId, what: str) -> Rejected | None:
    """Whether an asset takes no such step here because its register is elsewhere, whichever market is named.

    Refused: rule.method_not_allowed, with the profile, version, field and provision of the market it was issued in.
    """
    rule = external_rule(state, asset_id)
    if rule is None:
        return None
    detail = f"another register's holdings take no {what} here"
    return Rejected(code=RejectCode.RULE_METHOD_NOT_ALLOWED, detail=detail, rule=rule)


def hand_over(state: ExchangeState, header: Header, command: HandOverRegister) -> list[Event]:
    """Move every unit to the registrar's account, in one transfer. Arrives here with two signatures."""
    asset_id, to = command.asset_id, command.registrar_account_id
    if (refusal := _refuse_hand_over(state, command)) is not None:
        return [refusal]

    state.change()
    lock = state.table(NoteLock).get(asset_id)
    legs: list[Leg] = [
        (account_id, asset_id, -units) for account_id, units in state.ledger.holders(asset_id) if account_id != to
    ]
    legs.append((to, asset_id, -sum(units for _, _, units in legs)))
    releases: list[Leg] = [(lock.account_id, asset_id, -lock.units)] if lock is not None else []
    movement = state.ledger.move(header.sequence, legs, releases)
    held = state.ledger.move(header.sequence, [], [(to, asset_id, lock.units)] if lock is not None else [])
    if lock is not None:
        lock = msgspec.structs.replace(lock, account_id=to)
        state.put(lock)
    register = MirrorRegister(
        asset_id=asset_id,
        registrar_account_id=to,
        units=Units(outstanding_units(state, asset_id)),
        document_sha256=command.document_sha256,
        handed_over_ns=TimeNs(header.at_ns),
    )
    state.put(register)
    return [MirrorHandedOver(register=register, movement=movement, held=held, lock=lock)]


def open_file(state: ExchangeState, header: Header, command: OpenMirrorFile) -> list[Event]:
    """Give a file of the outside register its version."""
    register = state.table(MirrorRegister).get(command.asset_id)
    if register is None:
        return [Rejected(code=RejectCode.MIRROR_UNKNOWN)]
    if (problem := _date_problem(header, register, command.as_of)) is not None:
        return [Rejected(code=RejectCode.MIRROR_INVALID, detail=problem)]
    for other in state.table(MirrorFile).values():
        if other.asset_id == command.asset_id:
            return [Rejected(code=RejectCode.MIRROR_STATE, detail=f"{_name(other)} is {other.state}")]
    if (refusal := refuse_documents(state, MemberId(0), (command.file_sha256,))) is not None:
        return [refusal]

    state.change()
    register = msgspec.structs.replace(register, versions=register.versions + 1)
    state.put(register)
    file = MirrorFile(
        mirror_file_id=MirrorFileId(make_id(header.sequence)),
        asset_id=command.asset_id,
        version=register.versions,
        source=command.source,
        as_of=command.as_of,
        file_sha256=command.file_sha256,
        total_units=Units(command.total_units),
        holders=command.holders,
        state=MirrorState.OPEN,
        opened_by=header.principal,
        opened_at_ns=TimeNs(header.at_ns),
    )
    state.put(file)
    return [MirrorFileOpened(register=register, file=file)]


def import_lines(state: ExchangeState, header: Header, command: ImportMirrorLines) -> list[Event]:
    """Keep the next part of a file."""
    file = _file(state, command.mirror_file_id, MirrorState.OPEN)
    if isinstance(file, Rejected):
        return [file]
    if command.part != file.parts + 1:
        return [Rejected(code=RejectCode.MIRROR_STALE, detail=f"next part is {file.parts + 1}")]
    if (problem := _line_problem(state, file, command.lines)) is not None:
        return [Rejected(code=RejectCode.MIRROR_LINES_INVALID, detail=problem)]

    state.change()
    page = MirrorPage(
        page_id=MirrorPageId(make_id(header.sequence)),
        mirror_file_id=file.mirror_file_id,
        asset_id=file.asset_id,
        n=command.part,
        lines=command.lines,
    )
    state.put(page)
    read = _put(
        state,
        file,
        parts=command.part,
        read_holders=file.read_holders + len(command.lines),
        read_units=Units(file.read_units + sum(line.units for line in command.lines)),
        last_holder=command.lines[-1].holder_sha256,
    )
    return [MirrorLinesImported(file=read, page=page)]


def complete_file(state: ExchangeState, header: Header, command: CompleteMirrorFile) -> list[Event]:
    """Check a file against what it said of itself, and against the units there are."""
    del header
    file = _file(state, command.mirror_file_id, MirrorState.OPEN)
    if isinstance(file, Rejected):
        return [file]
    if (refusal := _refuse_totals(state, file)) is not None:
        return [refusal]

    state.change()
    return [MirrorFileCompleted(file=_put(state, file, state=MirrorState.COMPLETE))]


def confirm_file(state: ExchangeState, header: Header, command: ConfirmMirrorFile) -> list[Event]:
    """The second person lets a file count; a file of an earlier day corrects that day and not the present."""
    file = _file(state, command.mirror_file_id, MirrorState.COMPLETE)
    if isinstance(file, Rejected):
        return [file]
    if header.principal == file.opened_by:
        return [Rejected(code=RejectCode.MIRROR_SAME_PERSON, detail=to_wire("U", header.principal))]
    if (refusal := _refuse_totals(state, file)) is not None:
        return [refusal]

    state.change()
    confirmed = _put(
        state,
        file,
        state=MirrorState.CONFIRMED,
        confirmed_by=header.principal,
        confirmed_at_ns=TimeNs(header.at_ns),
    )
    register = state.table(MirrorRegister)[file.asset_id]
    if counts_before((register.as_of, register.version), (file.as_of, file.version)):
        register = msgspec.structs.replace(
            register, mirror_file_id=file.mirror_file_id, as_of=file.as_of, version=file.version
        )
        state.put(register)
    return [MirrorFileConfirmed(register=register, file=confirmed)]


def discard_file(state: ExchangeState, header: Header, command: DiscardMirrorFile) -> list[Event]:
    """Give a file up that does not count yet."""
    del header
    file = _file(state, command.mirror_file_id, MirrorState.OPEN, MirrorState.COMPLETE)
    if isinstance(file, Rejected):
        return [file]

    state.change()
    return [MirrorFileDiscarded(file=_put(state, file, state=MirrorState.DISCARDED, reason=command.reason))]


# --- Inside -----------------------------------------------------------------------------------------------------------


def _market_of(state: ExchangeState, asset_id: AssetId) -> MarketId | None:
    """The market in which notes were issued; None where the asset is no note of an issue or product."""
    asset = state.assets.get(asset_id)
    if asset is None:
        return None
    issue = state.table(Issue).get(asset.subject_id)
    if issue is not None and any(each.asset_id == asset_id for each in issue.classes):
        return issue.market_id
    product = state.table(Product).get(asset.subject_id)
    return product.market_id if product is not None and product.note_asset_id == asset_id else None


def _refuse_hand_over(state: ExchangeState, command: HandOverRegister) -> Rejected | None:
    asset, account = state.assets.get(command.asset_id), state.accounts.get(command.registrar_account_id)
    if asset is None or _market_of(state, command.asset_id) is None:
        return Rejected(code=RejectCode.ASSET_UNKNOWN, detail="no notes of an issue")
    if external_rule(state, command.asset_id) is None:
        return _own_register(state, command.asset_id)
    if command.asset_id in state.table(MirrorRegister):
        return Rejected(code=RejectCode.MIRROR_STATE, detail="handed over before")
    if account is None or account.kind is not AccountKind.CLIENT:
        return Rejected(code=RejectCode.ACCOUNT_UNKNOWN, detail="registrar_account_id")
    if (
        refusal := refuse_stopped(state, account.account_id) or refuse_frozen_assets(state, asset.asset_id)
    ) is not None:
        return refusal
    if (refusal := _refuse_holdings(state, asset.asset_id)) is not None:
        return refusal
    return refuse_documents(state, MemberId(0), (command.document_sha256,))


def _own_register(state: ExchangeState, asset_id: AssetId) -> Rejected:
    market_id = _market_of(state, asset_id)
    profile = profile_of(state, state.table(Market)[market_id or MarketId(0)])
    return Rejected(code=RejectCode.MIRROR_OWN_REGISTER, rule=cite(profile, "register_of_record"))


def _refuse_holdings(state: ExchangeState, asset_id: AssetId) -> Rejected | None:
    """Whether there are units, all free but what an originator keeps, and on few enough accounts for one transfer."""
    issue = state.table(Issue).get(state.assets[asset_id].subject_id)
    if issue is not None and issue.state is not IssueState.ESTABLISHED:
        return Rejected(code=RejectCode.MIRROR_STATE, detail=f"the issue is {issue.state}")
    holders = state.ledger.holders(asset_id)
    if not holders:
        return Rejected(code=RejectCode.MIRROR_STATE, detail="no units are out")
    if len(holders) > MAX_HAND_OVER:
        return Rejected(code=RejectCode.MIRROR_TOO_MANY, detail=f"{len(holders)} holders, at most {MAX_HAND_OVER}")
    lock = state.table(NoteLock).get(asset_id)
    for account_id, _ in holders:
        kept = lock.units if lock is not None and lock.account_id == account_id else 0
        if state.ledger.held(account_id, asset_id) != kept:
            return Rejected(code=RejectCode.MIRROR_UNITS_HELD, detail=to_wire("A", account_id))
    return None


def _date_problem(header: Header, register: MirrorRegister, text: str) -> str | None:
    """Why a file cannot be of that day; None if it can."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return f"no such date: {text}"
    first, today = (local_date(at_ns, VENUE_TIME_ZONE) for at_ns in (register.handed_over_ns, header.at_ns))
    return None if first <= day <= today else f"{text} is not from {first} to {today}"


def _line_problem(state: ExchangeState, file: MirrorFile, lines: tuple[MirrorLine, ...]) -> str | None:
    """Why lines do not go on with a file; None if they do."""
    if not follows(file.last_holder, lines):
        return "holders rise, each once"
    if file.read_holders + len(lines) > file.holders:
        return f"the file has {file.holders} lines"
    if file.read_units + sum(line.units for line in lines) > file.total_units:
        return f"the file has {file.total_units} units"
    for line in lines:
        account = state.accounts.get(line.account_id) if line.account_id is not None else None
        if line.account_id is not None and (account is None or account.kind is not AccountKind.CLIENT):
            return f"{to_wire('A', line.account_id)} is nobody's account"
    return None


def _refuse_totals(state: ExchangeState, file: MirrorFile) -> Rejected | None:
    """Whether lines, the file's own figures, and the units there are differ.

    Refused: mirror.totals.
    """
    there = outstanding_units(state, file.asset_id)
    if (file.read_holders, file.read_units) != (file.holders, file.total_units):
        detail = f"{file.read_holders} of {file.holders} lines, {file.read_units} of {file.total_units} units"
    elif file.total_units != there:
        detail = f"{file.total_units} units in the file, {there} here"
    else:
        return None
    return Rejected(code=RejectCode.MIRROR_TOTALS, detail=detail)


def _file(state: ExchangeState, mirror_file_id: MirrorFileId, *states: MirrorState) -> MirrorFile | Rejected:
    file = state.table(MirrorFile).get(mirror_file_id)
    if file is None:
        return Rejected(code=RejectCode.MIRROR_FILE_UNKNOWN)
    if file.state not in states:
        return Rejected(code=RejectCode.MIRROR_STATE, detail=file.state)
    return file


def _put(state: ExchangeState, file: MirrorFile, /, **changed: object) -> MirrorFile:
    after = msgspec.structs.replace(file, **changed)
    state.put(after)
    return after


def _name(file: MirrorFile) -> str:
    return to_wire("MF", file.mirror_file_id)
