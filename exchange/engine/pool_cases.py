"""What pools ask of the register, and what it tells them: facts for the rules, hands that change, rights that fall."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import msgspec

from custody.encumbrances import BurdenKind
from custody.ledger import Leg
from custody.pledges import STANDING, Encumbrance
from custody.rights import Right, TitleCheck
from exchange.core.calendar import local_date, start_of_day_ns
from exchange.core.ids import AccountId, AssetId, PoolAssetId, PoolId, to_wire
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import UserRight
from exchange.core.postings import Movement
from exchange.core.rejections import RejectCode
from exchange.core.units import Minor, TimeNs
from exchange.engine import patent_status, timers
from exchange.engine.access import refuse_account
from exchange.engine.rights import patents_of, refuse_patent
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.engine.telling import move_and_tell
from securitization.pool_messages import PoolTripped
from securitization.pool_records import Pool, PoolAsset, PoolAssetState, Valuation
from securitization.pool_rules import MAX_KEPT, Facts, Failure, Report, examine

# --- Looking ----------------------------------------------------------------------------------------------------------


def today_of(header: Header) -> str:
    """The venue's date."""
    return local_date(header.at_ns, VENUE_TIME_ZONE).isoformat()


def own_pool(state: ExchangeState, header: Header, pool_id: PoolId) -> Pool | Rejected:
    """A pool, for its issuer.

    Refused: pool.unknown, pool.not_party, mandate.invalid, account.frozen, member.frozen.
    """
    pool = state.table(Pool).get(pool_id)
    if pool is None:
        return Rejected(code=RejectCode.POOL_UNKNOWN)
    refusal = refuse_account(state, header, pool.issuer_account_id, UserRight.TRADE)
    if refusal is not None and refusal.code is RejectCode.ACCOUNT_NOT_YOURS:
        return Rejected(code=RejectCode.POOL_NOT_PARTY)
    return refusal or pool


def assets_of(state: ExchangeState, pool: Pool) -> list[PoolAsset]:
    """What is in a pool, in the order in which it entered."""
    return [state.table(PoolAsset)[pool_asset_id] for pool_asset_id in pool.assets]


def right_problem(state: ExchangeState, header: Header, asset_id: AssetId) -> str:
    """How a right has fallen; empty if it stands. A claim of somebody's on it is no fall."""
    for patent in patents_of(state, state.table(Right)[asset_id]):
        refusal = refuse_patent(header, patent)
        if refusal is not None and refusal.code is RejectCode.RIGHT_EXPIRED:
            return f"{patent.number} has expired"
        if refusal is not None and refusal.code is RejectCode.PATENT_NOT_LISTABLE:
            return refusal.detail
    return ""


def right_expires(state: ExchangeState, asset_id: AssetId) -> str:
    """When the first patent of a right ends by its term; empty if that is not known of each."""
    days = [patent.nominal_expiry for patent in patents_of(state, state.table(Right)[asset_id])]
    return min(days) if days and all(days) else ""


def valuation_of(state: ExchangeState, asset_id: AssetId, money_asset_id: AssetId) -> Valuation | None:
    """A right's newest valuation in a money."""
    return state.find(Valuation, (asset_id, money_asset_id))


def pledge_of(state: ExchangeState, asset: PoolAsset) -> Encumbrance | None:
    """The pledge that secures an asset, if it stands on its right for its originator."""
    found = state.table(Encumbrance).get(asset.encumbrance_id)
    if found is None or found.kind is not BurdenKind.PLEDGE or found.state not in STANDING:
        return None
    of = state.accounts
    same = of[found.pledgee_account_id].member_id == of[asset.originator_account_id].member_id
    return found if same and found.asset_id == asset.right_asset_id else None


def facts_of(state: ExchangeState, header: Header, pool: Pool, asset: PoolAsset) -> Facts:
    """What the rules ask about one asset, as the register stands now."""
    right = state.table(Right)[asset.right_asset_id]
    pledge = pledge_of(state, asset)
    same_money = pledge is not None and pledge.money_asset_id == pool.money_asset_id
    value = valuation_of(state, asset.right_asset_id, pool.money_asset_id)
    return Facts(
        pool_asset_id=asset.pool_asset_id,
        path=to_wire("PX", asset.pool_asset_id),
        kind=asset.kind.value,
        balance_minor=asset.balance_minor,
        arrears_days=asset.arrears_days,
        last_due=asset.last_due,
        debtor=asset.debtor,
        industry=asset.industry,
        region=asset.region,
        right=state.assets[asset.right_asset_id].code,
        right_problem=right_problem(state, header, asset.right_asset_id),
        right_expires=right_expires(state, asset.right_asset_id),
        title_clear=right.title is TitleCheck.CLEAR,
        secured_minor=pledge.secured_minor if pledge is not None and same_money else 0,
        value_minor=value.value_minor if value is not None else None,
        valued_on=value.valued_on if value is not None else "",
    )


def report_on(state: ExchangeState, header: Header, pool: Pool, assets: Sequence[PoolAsset]) -> Report:
    """Test a pool as if it held these assets."""
    day = date.fromisoformat(today_of(header))
    return examine(
        pool.rules,
        [facts_of(state, header, pool, asset) for asset in assets],
        final_date=pool.final_date,
        today=day.isoformat(),
        haircut_ppm=pool.haircut_ppm,
        oldest=(day - timedelta(days=pool.valuation_days)).isoformat(),
    )


def refuse_failures(failures: Sequence[Failure]) -> Rejected | None:
    """Whether a rule does not hold; the refusal names each asset and rule, the first ten.

    Refused: pool.rules_failed.
    """
    if not failures:
        return None
    said = [
        f"{each.subject} {each.rule}: {each.detail or f'{each.found}, allowed {each.limit}'}" for each in failures[:10]
    ]
    more = [f"and {len(failures) - 10} more"] if len(failures) > 10 else []
    return Rejected(code=RejectCode.POOL_RULES_FAILED, detail="; ".join([*said, *more]))


# --- Changing. All of it after the line. ------------------------------------------------------------------------------


def put_pool(state: ExchangeState, pool: Pool, /, **changes: object) -> Pool:
    """Keep a pool under its new values."""
    changed = msgspec.structs.replace(pool, **changes)
    state.put(changed)
    return changed


def put_asset(state: ExchangeState, asset: PoolAsset, /, **changes: object) -> PoolAsset:
    """Keep an asset under its new values."""
    changed = msgspec.structs.replace(asset, **changes)
    state.put(changed)
    return changed


def tested(header: Header, report: Report) -> dict[str, object]:
    """What a pool keeps of its last test."""
    return {
        "balance_minor": Minor(report.balance_minor),
        "borrowing_base_minor": Minor(report.borrowing_base_minor),
        "debtors": report.debtors,
        "hhi_ppm2": report.hhi_ppm2,
        "failed": len(report.failures),
        "failures": report.failures[:MAX_KEPT],
        "checked_at_ns": header.at_ns,
    }


def tell_pool(state: ExchangeState, header: Header, pool: Pool, assets: Iterable[PoolAsset] = ()) -> Movement:
    """Tell the issuer, and the originators of these assets."""
    return move_and_tell(state, header, told_of(pool, assets))


def told_of(pool: Pool, assets: Iterable[PoolAsset] = ()) -> list[AccountId]:
    """Whom a step of a pool concerns: its issuer, and the originators of these assets."""
    named = (pool.issuer_account_id, *(asset.originator_account_id for asset in assets))
    return list(dict.fromkeys(named))


def hand_over(
    state: ExchangeState,
    header: Header,
    given: Sequence[tuple[PoolAsset, AccountId]],
    money: Sequence[Leg],
    told: list[AccountId],
) -> tuple[Movement, Movement]:
    """Move whole receivables to their new holders, and money with them, in one transfer; they are held there.

    Answers the transfer, and the holds that follow it.
    """
    releases = [(asset.holder_account_id, asset.asset_id, -asset.held_units) for asset, _ in given]
    legs: list[Leg] = []
    for asset, to_account_id in given:
        units = asset.held_units
        legs += [(asset.holder_account_id, asset.asset_id, -units), (to_account_id, asset.asset_id, units)]
    moved = move_and_tell(state, header, told, [*legs, *money], releases)
    holds = [(to_account_id, asset.asset_id, asset.held_units) for asset, to_account_id in given]
    return moved, state.ledger.move(header.sequence, [], holds)


def enter(
    state: ExchangeState, header: Header, pool: Pool, asset: PoolAsset, /, **changes: object
) -> tuple[PoolAsset, list[Event]]:
    """Take an asset in: from here on the fall of its right is followed, until the final maturity."""
    problem = right_problem(state, header, asset.right_asset_id)
    at_ns = header.at_ns if problem else TimeNs(0)
    taken = put_asset(state, asset, tripped=problem, tripped_at_ns=at_ns, **changes)
    expires = right_expires(state, asset.right_asset_id)
    if not expires or expires > pool.final_date or expires <= today_of(header):
        return taken, []
    due_ns = start_of_day_ns(date.fromisoformat(expires), VENUE_TIME_ZONE)
    return taken, [timers.set_timer(state, header, TimerKind.POOL_RIGHT_EXPIRES, due_ns, asset.pool_asset_id)]


def leave(state: ExchangeState, asset: PoolAsset) -> tuple[PoolAsset, list[Event]]:
    """Let an asset go back to being offered."""
    gone = put_asset(state, asset, state=PoolAssetState.OFFERED, tripped="", tripped_at_ns=TimeNs(0))
    return gone, timers.drop_timers(state, TimerKind.POOL_RIGHT_EXPIRES, asset.pool_asset_id)


def tripped_in(state: ExchangeState, pool_assets: Iterable[PoolAssetId]) -> int:
    """How many of these hang on a right that has fallen."""
    return sum(bool(state.table(PoolAsset)[pool_asset_id].tripped) for pool_asset_id in pool_assets)


# --- Rights that fall -------------------------------------------------------------------------------------------------


def follow_right(state: ExchangeState, header: Header, asset_id: AssetId) -> list[Event]:
    """Trip what hangs on a right that has fallen, and cure it when the right stands again. Call after the line."""
    problem = right_problem(state, header, asset_id)
    hanging: dict[PoolId, list[PoolAsset]] = {}
    for _, asset in sorted(state.table(PoolAsset).items()):
        pooled = asset.state in (PoolAssetState.POOLED, PoolAssetState.SOLD)
        if pooled and asset.right_asset_id == asset_id and asset.tripped != problem:
            hanging.setdefault(asset.pool_id, []).append(asset)
    events: list[Event] = []
    for pool_id, assets in hanging.items():
        at_ns = header.at_ns if problem else TimeNs(0)
        changed = tuple(put_asset(state, asset, tripped=problem, tripped_at_ns=at_ns) for asset in assets)
        pool = state.table(Pool)[pool_id]
        counted = put_pool(state, pool, tripped=tripped_in(state, pool.assets))
        movement = tell_pool(state, header, counted, changed)
        events.append(PoolTripped(pool=counted, assets=changed, movement=movement))
    return events


def _expires(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """A right has come to the end of its term."""
    asset = state.table(PoolAsset)[PoolAssetId(timer.subject_id)]
    return follow_right(state, header, asset.right_asset_id)


timers.FIRINGS[TimerKind.POOL_RIGHT_EXPIRES] = _expires
patent_status.FOLLOWERS.append(follow_right)
