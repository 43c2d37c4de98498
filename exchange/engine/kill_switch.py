"""The kill switch: an account's orders end, and no new ones are taken until an operator releases it."""

from __future__ import annotations

import msgspec

from custody.accounts import AccountKind
from custody.corrections_messages import KillOrders, OrdersKilled, OrdersReleased, ReleaseOrders
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import RunKind
from exchange.core.parties import Role, UserRight
from exchange.core.rejections import RejectCode
from exchange.engine.access import refuse_account
from exchange.engine.runs import start_run
from exchange.engine.state import ExchangeState
from matching.messages import CancelReason


def kill_orders(state: ExchangeState, header: Header, command: KillOrders) -> list[Event]:
    """Stop an account at once; its open orders end as a run. Whoever is frozen may still stop."""
    account = state.accounts.get(command.account_id)
    if account is None or account.kind is not AccountKind.CLIENT:
        return [Rejected(code=RejectCode.ACCOUNT_UNKNOWN)]
    if Role.OPERATOR not in state.users[header.principal].roles:
        refusal = refuse_account(state, header, command.account_id, UserRight.TRADE, frozen_too=True)
        if refusal is not None:
            return [refusal]

    state.change()
    killed = msgspec.structs.replace(account, orders_killed=True)
    state.put(killed)
    plan = [order.order_id for order in state.orders_in_sequence() if order.account_id == command.account_id]
    return [
        OrdersKilled(account=killed, reason=command.reason),
        *start_run(state, header, RunKind.CANCEL_ORDERS, plan, argument=CancelReason.KILL_SWITCH),
    ]


def release_orders(state: ExchangeState, header: Header, command: ReleaseOrders) -> list[Event]:
    """Take an account's orders again."""
    del header
    account = state.accounts.get(command.account_id)
    if account is None or account.kind is not AccountKind.CLIENT:
        return [Rejected(code=RejectCode.ACCOUNT_UNKNOWN)]

    state.change()
    released = msgspec.structs.replace(account, orders_killed=False)
    state.put(released)
    return [OrdersReleased(account=released, reason=command.reason)]
