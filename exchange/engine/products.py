"""A product's life: claims pooled, offered, subscribed, issued against cash, collected, paid to holders of record."""

from __future__ import annotations

import msgspec

from custody.accounts import AccountKind
from custody.corrections_messages import AssetFrozen
from custody.ledger import Leg
from custody.messages import AccountOpened, AssetIssued
from exchange.core.ids import AccountId, ClaimId, ProductId, SubscriptionId, make_id, to_wire
from exchange.core.instruments import AssetKind, TitleRegime
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Run, RunKind
from exchange.core.parties import Role, UserRight
from exchange.core.rejections import RejectCode
from exchange.core.units import Minor, TimeNs
from exchange.engine.access import refuse_account
from exchange.engine.encumbrances import pledges_on
from exchange.engine.issuance import asset_code_taken, issue_units, open_venue_account
from exchange.engine.notes import refuse_ending_notes
from exchange.engine.rules import holder_of, profile_of
from exchange.engine.runs import start_run
from exchange.engine.state import ExchangeState
from exchange.rulebook.checks import check_currency, check_holder_cap, check_method, check_suitability, check_value_cap
from exchange.rulebook.profile import Method
from matching.licence_messages import Licence, LicenceState
from matching.messages import Market
from securitization.messages import (
    MAX_SUBSCRIPTIONS,
    Claim,
    ClaimCollected,
    ClaimRegistered,
    ClaimStatus,
    CloseProduct,
    CreateProduct,
    HoldersPaid,
    OfferProduct,
    PayClaim,
    PayProduct,
    Product,
    ProductCreated,
    ProductFailed,
    ProductIssued,
    ProductOffered,
    ProductPaid,
    ProductPaymentStarted,
    ProductStatus,
    ProductSubscribed,
    RegisterClaim,
    SubscribeProduct,
    Subscription,
)
from securitization.pool import ineligible, pool_total
from securitization.waterfall import to_holders, to_originators


def register_claim(state: ExchangeState, header: Header, command: RegisterClaim) -> list[Event]:
    """Keep a licence-fee claim; the originator must hold the right it is for."""
    if (refusal := refuse_account(state, header, command.originator_account_id, UserRight.TRADE)) is not None:
        return [refusal]
    if command.debtor_account_id not in state.accounts:
        return [Rejected(code=RejectCode.ACCOUNT_UNKNOWN, detail="debtor_account_id")]
    money, right = state.assets.get(command.money_asset_id), state.assets.get(command.right_asset_id)
    if (
        money is None
        or money.kind is not AssetKind.MONEY
        or right is None
        or right.kind in (AssetKind.MONEY, AssetKind.USE_RIGHT, AssetKind.RECEIVABLE)
    ):
        return [Rejected(code=RejectCode.ASSET_UNKNOWN)]
    if not _may_claim(state, command):
        return [Rejected(code=RejectCode.RIGHT_NOT_OWNED)]
    if state.accounts[command.debtor_account_id].kind is not AccountKind.CLIENT or _same_member(state, command):
        return [Rejected(code=RejectCode.CLAIM_NOT_ELIGIBLE, detail="the debtor is another member's account")]
    if any(claim.contract_sha256 == command.contract_sha256 for claim in state.table(Claim).values()):
        return [Rejected(code=RejectCode.CLAIM_NOT_ELIGIBLE, detail="this contract is on record")]

    state.change()
    claim = Claim(
        claim_id=ClaimId(make_id(header.sequence)),
        originator_account_id=command.originator_account_id,
        debtor_account_id=command.debtor_account_id,
        right_asset_id=command.right_asset_id,
        money_asset_id=command.money_asset_id,
        amount_minor=command.amount_minor,
        due_date=command.due_date,
        contract_sha256=command.contract_sha256,
        status=ClaimStatus.REGISTERED,
    )
    state.put(claim)
    return [ClaimRegistered(claim=claim)]


def create_product(state: ExchangeState, header: Header, command: CreateProduct) -> list[Event]:
    """Pool claims and open the account that will collect them."""
    if (refusal := refuse_account(state, header, command.issuer_account_id, UserRight.TRADE)) is not None:
        return [refusal]
    market = state.table(Market).get(command.market_id)
    if market is None:
        return [Rejected(code=RejectCode.MARKET_UNKNOWN)]
    arranger = state.members.get(command.arranger_member_id)
    if arranger is None or arranger.role is not Role.INTERMEDIARY:
        return [Rejected(code=RejectCode.MEMBER_UNKNOWN, detail="arranger_member_id is no intermediary")]
    claims: list[Claim] = []
    for claim_id in command.claims:
        claim = state.table(Claim).get(claim_id)
        if claim is None:
            return [Rejected(code=RejectCode.CLAIM_UNKNOWN)]
        if (reason := ineligible(claim, market.money_asset_id, command.final_date)) is not None:
            return [Rejected(code=RejectCode.CLAIM_NOT_ELIGIBLE, detail=reason)]
        claims.append(claim)
    if len({claim.claim_id for claim in claims}) != len(claims):
        return [Rejected(code=RejectCode.PRODUCT_INVALID, detail="a claim stands twice")]
    faces = command.notes * command.note_face_minor
    if faces > pool_total(claims):
        return [Rejected(code=RejectCode.PRODUCT_INVALID, detail=f"faces {faces} exceed the pool {pool_total(claims)}")]
    if asset_code_taken(state, _note_code(command.name)):
        return [Rejected(code=RejectCode.PRODUCT_INVALID, detail="a product of that name exists")]

    state.change()
    product_id = ProductId(make_id(header.sequence))
    account_id = AccountId(make_id(header.sequence, 1))
    account = open_venue_account(state, account_id, AccountKind.ESCROW, f"collection:{command.name}")
    product = Product(
        product_id=product_id,
        name=command.name,
        market_id=command.market_id,
        issuer_account_id=command.issuer_account_id,
        arranger_member_id=command.arranger_member_id,
        money_asset_id=market.money_asset_id,
        claims=command.claims,
        note_face_minor=command.note_face_minor,
        notes=command.notes,
        final_date=command.final_date,
        status=ProductStatus.DRAFT,
        collection_account_id=account_id,
    )
    state.put(product)
    pooled = _with_status(state, claims, ClaimStatus.POOLED, product_id)
    return [AccountOpened(account=account), ProductCreated(product=product, claims=pooled)]


def offer_product(state: ExchangeState, header: Header, command: OfferProduct) -> list[Event]:
    """Admit the product to subscription, if its market's profile lets notes be placed by agreement."""
    del header
    product = state.table(Product).get(command.product_id)
    if product is None:
        return [Rejected(code=RejectCode.PRODUCT_UNKNOWN)]
    if product.status is not ProductStatus.DRAFT:
        return [Rejected(code=RejectCode.PRODUCT_STATE, detail=product.status)]
    market = state.table(Market)[product.market_id]
    profile = profile_of(state, market)
    for refusal in (check_method(profile, Method.AGREEMENT), check_currency(profile, market.currency)):
        if refusal is not None:
            return [refusal.rejected()]

    state.change()
    return [ProductOffered(product=_put(state, product, status=ProductStatus.OFFERED))]


def subscribe_product(state: ExchangeState, header: Header, command: SubscribeProduct) -> list[Event]:
    """Hold the faces of the notes asked for; first come, first served."""
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    product = state.table(Product).get(command.product_id)
    if product is None:
        return [Rejected(code=RejectCode.PRODUCT_UNKNOWN)]
    if product.status is not ProductStatus.OFFERED:
        return [Rejected(code=RejectCode.PRODUCT_STATE, detail=product.status)]
    left = product.notes - product.subscribed_notes
    if command.notes > left:
        return [Rejected(code=RejectCode.SUBSCRIPTION_INVALID, detail=f"notes_left={left}")]
    if (refusal := _refuse_subscriber(state, product, command)) is not None:
        return [refusal]
    cost = command.notes * product.note_face_minor
    if cost > state.ledger.available(command.account_id, product.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    subscription = Subscription(
        subscription_id=SubscriptionId(make_id(header.sequence)),
        product_id=product.product_id,
        account_id=command.account_id,
        notes=command.notes,
    )
    state.put(subscription)
    changed = _put(state, product, subscribed_notes=product.subscribed_notes + command.notes)
    held = state.ledger.move(header.sequence, [], [(command.account_id, product.money_asset_id, cost)])
    return [ProductSubscribed(subscription=subscription, product=changed, movement=held)]


def close_product(state: ExchangeState, header: Header, command: CloseProduct) -> list[Event]:
    """Issue when every note is taken, else release everything."""
    product = state.table(Product).get(command.product_id)
    if product is None:
        return [Rejected(code=RejectCode.PRODUCT_UNKNOWN)]
    if product.status is not ProductStatus.OFFERED:
        return [Rejected(code=RejectCode.PRODUCT_STATE, detail=product.status)]

    state.change()
    subscriptions = subscriptions_of(state, product)
    if product.subscribed_notes < product.notes:
        return [_fail(state, header, product, subscriptions)]
    return _issue(state, header, product, subscriptions)


def pay_claim(state: ExchangeState, header: Header, command: PayClaim) -> list[Event]:
    """The debtor pays into the collection account; the pool knows its claims by their own records."""
    claim = state.table(Claim).get(command.claim_id)
    if claim is None:
        return [Rejected(code=RejectCode.CLAIM_UNKNOWN)]
    if (refusal := refuse_account(state, header, claim.debtor_account_id, UserRight.TRADE)) is not None:
        return [refusal]
    if claim.status is not ClaimStatus.SOLD:
        return [Rejected(code=RejectCode.CLAIM_NOT_ELIGIBLE, detail=claim.status)]
    if claim.issue_id:  # its servicer collects, period by period
        return [Rejected(code=RejectCode.CLAIM_NOT_ELIGIBLE, detail=f"collected for {to_wire('IS', claim.issue_id)}")]
    if claim.amount_minor > state.ledger.available(claim.debtor_account_id, claim.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    product = state.table(Product)[claim.product_id]
    legs: list[Leg] = [
        (claim.debtor_account_id, claim.money_asset_id, -claim.amount_minor),
        (product.collection_account_id, claim.money_asset_id, claim.amount_minor),
    ]
    collected = _with_status(state, [claim], ClaimStatus.COLLECTED, product.product_id)[0]
    changed = _put(state, product, collected_minor=Minor(product.collected_minor + claim.amount_minor))
    return [ClaimCollected(claim=collected, product=changed, movement=state.ledger.move(header.sequence, legs))]


def pay_product(state: ExchangeState, header: Header, command: PayProduct) -> list[Event]:
    """Fix the holders of record and what each gets, then pay them in a run."""
    product = state.table(Product).get(command.product_id)
    if product is None:
        return [Rejected(code=RejectCode.PRODUCT_UNKNOWN)]
    if product.status is not ProductStatus.ISSUED:
        return [Rejected(code=RejectCode.PRODUCT_STATE, detail=product.status)]
    for claim_id in product.claims:
        if state.table(Claim)[claim_id].status is not ClaimStatus.COLLECTED:
            return [Rejected(code=RejectCode.PRODUCT_INVALID, detail="a claim is not collected yet")]
    if (refusal := refuse_ending_notes(state, product.note_asset_id)) is not None:
        return [refusal]

    state.change()
    holders = state.ledger.holders(product.note_asset_id)
    plan: list[int] = []
    for account_id, notes, amount in to_holders(product.collected_minor, holders):
        plan += [account_id, notes, amount]
    frozen = msgspec.structs.replace(state.assets[product.note_asset_id], frozen=True)
    state.put(frozen)
    paying = _put(state, product, status=ProductStatus.PAYING, record_sequence=header.sequence)
    return [
        AssetFrozen(asset=frozen, reason="redemption"),
        ProductPaymentStarted(product=paying),
        *start_run(state, header, RunKind.PAY_PRODUCT, plan, subject_id=product.product_id),
    ]


def pay_chunk(state: ExchangeState, header: Header, run: Run, entries: list[int]) -> list[Event]:
    """Pay some holders of record against their notes; the last chunk ends the product."""
    product = state.table(Product)[run.subject_id]
    home = state.assets[product.note_asset_id].home_account_id
    legs: list[Leg] = []
    paid = 0
    for account_id, notes, amount in zip(entries[0::3], entries[1::3], entries[2::3], strict=True):
        legs += [
            (AccountId(account_id), product.note_asset_id, -notes),
            (home, product.note_asset_id, notes),
            (AccountId(account_id), product.money_asset_id, amount),
        ]
        paid += amount
    legs.append((product.collection_account_id, product.money_asset_id, -paid))
    movement = state.ledger.move(header.sequence, legs)
    events: list[Event] = [HoldersPaid(product_id=product.product_id, movement=movement)]
    if run.position + len(entries) >= run.total:
        events.append(ProductPaid(product=_put(state, product, status=ProductStatus.PAID)))
    return events


def subscriptions_of(state: ExchangeState, product: Product) -> list[Subscription]:
    """A product's open subscriptions, the earliest first."""
    found = sorted(state.table(Subscription).items())
    return [subscription for _, subscription in found if subscription.product_id == product.product_id]


def _issue(state: ExchangeState, header: Header, product: Product, subscriptions: list[Subscription]) -> list[Event]:
    """Notes against cash, cash against claims, in one transfer: nobody has paid without having, nor had unpaid."""
    issue = issue_units(
        state,
        header,
        ordinal=0,
        kind=AssetKind.NOTE,
        code=_note_code(product.name),
        total_units=product.notes,
        title_regime=TitleRegime.OWN_REGISTER,
        subject_id=product.product_id,
        to_account_id=product.collection_account_id,
    )
    note_id, money_id = issue.asset.asset_id, product.money_asset_id
    claims = [state.table(Claim)[claim_id] for claim_id in product.claims]
    raised = product.notes * product.note_face_minor
    releases: list[Leg] = []
    legs: list[Leg] = [(product.collection_account_id, note_id, -product.notes)]
    for subscription in subscriptions:
        cost = subscription.notes * product.note_face_minor
        releases.append((subscription.account_id, money_id, -cost))
        legs += [(subscription.account_id, money_id, -cost), (subscription.account_id, note_id, subscription.notes)]
    sold = [(int(claim.originator_account_id), int(claim.amount_minor)) for claim in claims]
    legs += [(AccountId(account), money_id, amount) for account, amount in to_originators(raised, sold)]
    movement = state.ledger.move(header.sequence, legs, releases)
    issued = _put(
        state,
        product,
        status=ProductStatus.ISSUED,
        note_asset_id=note_id,
        issued_at_ns=TimeNs(header.at_ns),
    )
    return [
        AssetIssued(asset=issue.asset, account=issue.account, movement=issue.movement),
        ProductIssued(
            product=issued,
            subscriptions=_end(state, subscriptions, "filled"),
            claims=_with_status(state, claims, ClaimStatus.SOLD, product.product_id),
            movement=movement,
        ),
    ]


def _fail(state: ExchangeState, header: Header, product: Product, subscriptions: list[Subscription]) -> ProductFailed:
    """Everybody's cash is free again, and every claim may go into another pool."""
    releases: list[Leg] = [
        (subscription.account_id, product.money_asset_id, -subscription.notes * product.note_face_minor)
        for subscription in subscriptions
    ]
    claims = [state.table(Claim)[claim_id] for claim_id in product.claims]
    return ProductFailed(
        product=_put(state, product, status=ProductStatus.FAILED),
        subscriptions=_end(state, subscriptions, "released"),
        claims=_with_status(state, claims, ClaimStatus.REGISTERED, ProductId(0)),
        movement=state.ledger.move(header.sequence, [], releases),
    )


def _refuse_subscriber(state: ExchangeState, product: Product, command: SubscribeProduct) -> Rejected | None:
    """Suitability, value and holders by the market's profile, and one subscription an account."""
    earlier = subscriptions_of(state, product)
    if any(subscription.account_id == command.account_id for subscription in earlier):
        return Rejected(code=RejectCode.SUBSCRIPTION_INVALID, detail="the account has subscribed")
    if len(earlier) >= MAX_SUBSCRIPTIONS:
        return Rejected(code=RejectCode.SUBSCRIPTION_INVALID, detail=f"max_subscriptions={MAX_SUBSCRIPTIONS}")
    profile = profile_of(state, state.table(Market)[product.market_id])
    member = state.members[state.accounts[command.account_id].member_id]
    holders = {holder_of(state, subscription.account_id) for subscription in earlier}
    holders.add(holder_of(state, command.account_id))
    for refusal in (
        check_suitability(profile, member.standings),
        check_value_cap(profile, command.notes * product.note_face_minor),
        check_holder_cap(profile, len(holders)),
    ):
        if refusal is not None:
            return refusal.rejected()
    return None


def _note_code(name: str) -> str:
    return f"NOTE:{name}"


def _may_claim(state: ExchangeState, command: RegisterClaim) -> bool:
    """Whether the originator holds the right, lent on a registered pledge of it, or is its licensee."""
    account_id, asset_id = command.originator_account_id, command.right_asset_id
    return (
        state.ledger.units(account_id, asset_id) > 0
        or any(pledge.pledgee_account_id == account_id for pledge in pledges_on(state, asset_id))
        or any(
            licence.licensee_account_id == account_id and licence.state is LicenceState.IN_FORCE
            for licence in state.table(Licence).values()
            if licence.asset_id == asset_id
        )
    )


def _same_member(state: ExchangeState, command: RegisterClaim) -> bool:
    accounts = state.accounts
    return accounts[command.debtor_account_id].member_id == accounts[command.originator_account_id].member_id


def _put(state: ExchangeState, product: Product, **changes: object) -> Product:
    changed = msgspec.structs.replace(product, **changes)
    state.put(changed)
    return changed


def _with_status(
    state: ExchangeState, claims: list[Claim], status: ClaimStatus, product_id: ProductId
) -> tuple[Claim, ...]:
    changed = tuple(msgspec.structs.replace(claim, status=status, product_id=product_id) for claim in claims)
    for claim in changed:
        state.put(claim)
    return changed


def _end(state: ExchangeState, subscriptions: list[Subscription], status: str) -> tuple[Subscription, ...]:
    ended = tuple(msgspec.structs.replace(subscription, status=status) for subscription in subscriptions)
    for subscription in ended:
        state.put(subscription)
    return ended
