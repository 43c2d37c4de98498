"""Rewards to issuers and intermediaries: a programme funded by its sponsor, a claim opened by an issue, one payment."""

from __future__ import annotations

import msgspec

from exchange.core.ids import ProgrammeId, RewardId, make_id, to_wire
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.core.units import Minor
from exchange.engine.access import refuse_account
from exchange.engine.state import ExchangeState
from securitization.application_messages import Application, ApplicationState
from securitization.messages import (
    ClaimReward,
    OpenProgramme,
    PayReward,
    Product,
    ProductStatus,
    Programme,
    ProgrammeOpened,
    Reward,
    RewardClaimed,
    RewardPaid,
    RewardRole,
)
from securitization.reward import reward_minor

ISSUED = (ProductStatus.ISSUED, ProductStatus.PAYING, ProductStatus.PAID)


def open_programme(state: ExchangeState, header: Header, command: OpenProgramme) -> list[Event]:
    """Hold a sponsor's budget; a programme pays from nothing else."""
    if (refusal := refuse_account(state, header, command.sponsor_account_id, UserRight.TRADE)) is not None:
        return [refusal]
    if any(programme.name == command.name for programme in state.table(Programme).values()):
        return [Rejected(code=RejectCode.PROGRAMME_EXISTS, detail=command.name)]
    if command.budget_minor > state.ledger.available(command.sponsor_account_id, command.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    programme = Programme(
        programme_id=ProgrammeId(make_id(header.sequence)),
        name=command.name,
        sponsor_account_id=command.sponsor_account_id,
        money_asset_id=command.money_asset_id,
        issuer_rate_ppm=command.issuer_rate_ppm,
        intermediary_rate_ppm=command.intermediary_rate_ppm,
        cap_minor=command.cap_minor,
        budget_left_minor=command.budget_minor,
    )
    state.put(programme)
    hold = (command.sponsor_account_id, command.money_asset_id, command.budget_minor)
    return [ProgrammeOpened(programme=programme, movement=state.ledger.move(header.sequence, [], [hold]))]


def claim_reward(state: ExchangeState, header: Header, command: ClaimReward) -> list[Event]:
    """Compute what one role of one issue earns, from the ledger's own figures, and set it aside."""
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    programme = state.table(Programme).get(command.programme_id)
    if programme is None:
        return [Rejected(code=RejectCode.REWARD_UNKNOWN, detail="programme_id")]
    product = state.table(Product).get(command.product_id)
    if product is None:
        return [Rejected(code=RejectCode.PRODUCT_UNKNOWN)]
    if product.status not in ISSUED or product.money_asset_id != programme.money_asset_id:
        return [Rejected(code=RejectCode.PRODUCT_STATE, detail=product.status)]
    claimant = state.accounts[command.account_id].member_id
    entitled = {
        RewardRole.ISSUER: state.accounts[product.issuer_account_id].member_id,
        RewardRole.INTERMEDIARY: product.arranger_member_id,
    }
    if claimant != entitled[command.role]:
        return [Rejected(code=RejectCode.REWARD_STATE, detail=f"not the {command.role} of this product")]
    if any(
        (reward.programme_id, reward.product_id, reward.role)
        == (programme.programme_id, product.product_id, command.role)
        for reward in state.table(Reward).values()
    ):
        return [Rejected(code=RejectCode.REWARD_DOUBLE_CLAIM)]
    for each in state.table(Application).values():
        earned = (each.product_id, each.role.value, each.member_id)
        if each.state is not ApplicationState.DRAFT and earned == (product.product_id, command.role.value, claimant):
            detail = f"{to_wire('AP', each.application_id)} under {each.programme}"
            return [Rejected(code=RejectCode.REWARD_DOUBLE_CLAIM, detail=detail)]
    base = product.notes * product.note_face_minor
    amount = reward_minor(programme, command.role, base)
    if amount <= 0:
        return [Rejected(code=RejectCode.REWARD_BUDGET, detail=f"budget_left_minor={programme.budget_left_minor}")]

    state.change()
    reward = Reward(
        reward_id=RewardId(make_id(header.sequence)),
        programme_id=programme.programme_id,
        product_id=product.product_id,
        role=command.role,
        account_id=command.account_id,
        base_minor=Minor(base),
        amount_minor=Minor(amount),
    )
    state.put(reward)
    less = msgspec.structs.replace(programme, budget_left_minor=Minor(programme.budget_left_minor - amount))
    state.put(less)
    return [RewardClaimed(reward=reward, programme=less)]


def pay_reward(state: ExchangeState, header: Header, command: PayReward) -> list[Event]:
    """Move a claimed reward from the sponsor's held budget to who earned it."""
    reward = state.table(Reward).get(command.reward_id)
    if reward is None:
        return [Rejected(code=RejectCode.REWARD_UNKNOWN)]
    if reward.status != "claimed":
        return [Rejected(code=RejectCode.REWARD_STATE, detail=reward.status)]

    state.change()
    programme = state.table(Programme)[reward.programme_id]
    sponsor, money, amount = programme.sponsor_account_id, programme.money_asset_id, reward.amount_minor
    movement = state.ledger.move(
        header.sequence,
        [(sponsor, money, -amount), (reward.account_id, money, amount)],
        [(sponsor, money, -amount)],
    )
    paid = msgspec.structs.replace(reward, status="paid")
    state.put(paid)
    return [RewardPaid(reward=paid, movement=movement)]
