"""An issue up to its offer: the deal's text published, the issue proposed, its closing checklist shown."""

from __future__ import annotations

import msgspec

from custody.accounts import AccountKind
from custody.messages import AccountOpened
from exchange.core.ids import AccountId, IssueId, PoolId, ShelfId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.core.rule_messages import Published, PublishedKind
from exchange.core.units import TimeNs
from exchange.engine.access import acts_for_member, refuse_account
from exchange.engine.authorisations import refuse_unauthorised
from exchange.engine.documents import refuse_documents
from exchange.engine.issuance import open_venue_account
from exchange.engine.issue_checks import (
    checklist,
    claims_of,
    classes_of,
    invalid,
    not_shown,
    refuse_not_party,
    refuse_parties,
)
from exchange.engine.issue_pools import free_pool, pool_for, wait_for
from exchange.engine.parsing import canonical, parse
from exchange.engine.rules import profile_of
from exchange.engine.state import ExchangeState
from exchange.rulebook.checks import check_currency, check_method
from exchange.rulebook.profile import Method
from exchange.rulebook.texts import TextError, is_date, text_hash
from matching.messages import Market
from securitization.deal import Deal
from securitization.issue_messages import (
    ClosingItem,
    ClosingKind,
    ClosingSatisfied,
    ClosingState,
    DealAccount,
    DealPublished,
    Issue,
    IssueProposed,
    IssueRole,
    IssueState,
    IssueWithdrawn,
    ProposeIssue,
    PublishDeal,
    SatisfyClosing,
    WithdrawIssue,
)
from securitization.messages import Claim, ClaimStatus
from securitization.offering_messages import Shelf
from securitization.running import begin
from securitization.stored import NO_PERIOD, store


def publish_deal(state: ExchangeState, header: Header, command: PublishDeal) -> list[Event]:
    """Keep one version of a deal for good, in its canonical spelling."""
    del header
    deal = parse(PublishedKind.DEAL, command.text)
    if isinstance(deal, TextError):
        return [Rejected(code=deal.code, detail=f"{deal.path}: {deal.reason}"[:1_000])]
    if not is_date(command.effective_from):
        return [Rejected(code=RejectCode.DEAL_TEXT_INVALID, detail="effective_from: no such date")]
    if state.published(PublishedKind.DEAL, deal.name, command.version) is not None:
        return [Rejected(code=RejectCode.DOCUMENT_EXISTS, detail=f"{deal.name}@{command.version}")]

    state.change()
    text = canonical(deal)
    published = Published(
        kind=PublishedKind.DEAL,
        name=deal.name,
        version=command.version,
        effective_from=command.effective_from,
        text=text,
        text_hash=text_hash(text),
    )
    state.put(published)
    return [DealPublished(published=published)]


def propose_issue(state: ExchangeState, header: Header, command: ProposeIssue) -> list[Event]:
    """Put parties, claims and classes to a deal in force; open the deal's accounts and the checklist."""
    arranger = next((party for party in command.parties if party.role is IssueRole.ARRANGER), None)
    if arranger is None:
        return [invalid("nobody is arranger")]
    if (refusal := refuse_account(state, header, arranger.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    market = state.table(Market).get(command.market_id)
    if market is None:
        return [Rejected(code=RejectCode.MARKET_UNKNOWN)]
    deal = deal_in_force(state, header, command.deal_name, command.deal_version)
    if isinstance(deal, Rejected):
        return [deal]
    if deal.currency != market.currency:
        return [Rejected(code=RejectCode.CURRENCY_MISMATCH, detail=f"the deal pays in {deal.currency}")]
    profile = profile_of(state, market)
    if (refusal := refuse_unauthorised(state, header, profile)) is not None:
        return [refusal]
    for broken in (check_method(profile, Method.AGREEMENT), check_currency(profile, market.currency)):
        if broken is not None:
            return [broken.rejected()]
    if (refusal := refuse_parties(state, command, deal)) is not None:
        return [refusal]
    shelf = state.table(Shelf).get(command.shelf_id) if command.shelf_id is not None else None
    issuer = next(party for party in command.parties if party.role is IssueRole.ISSUER)
    if command.shelf_id is not None and (shelf is None or shelf.member_id != issuer.member_id):
        return [Rejected(code=RejectCode.SHELF_UNKNOWN)]
    classes = classes_of(state, command, deal)
    if isinstance(classes, Rejected):
        return [classes]
    if bool(command.claims) == (command.pool_id is not None):
        return [invalid("it sells claims, or a pool")]
    claims = claims_of(state, command, deal, market.money_asset_id) if command.claims else []
    if isinstance(claims, Rejected):
        return [claims]
    pool = pool_for(state, command, deal, market.money_asset_id) if command.pool_id is not None else None
    if isinstance(pool, Rejected):
        return [pool]

    state.change()
    names = ["proceeds", *(f"account:{account.name}" for account in deal.accounts)]
    opened = [
        open_venue_account(
            state,
            AccountId(make_id(header.sequence, place)),
            AccountKind.ESCROW,
            f"{command.name}:{name}:{header.sequence}",
        )
        for place, name in enumerate(names)
    ]
    accounts = tuple(
        DealAccount(name=account.name, account_id=place.account_id)
        for account, place in zip(deal.accounts, opened[1:], strict=True)
    )
    published = state.published(PublishedKind.DEAL, command.deal_name, command.deal_version)
    assert published is not None  # noqa: S101 - for the type checker; deal_in_force() above is the guard
    issue = Issue(
        issue_id=IssueId(make_id(header.sequence)),
        name=command.name,
        market_id=command.market_id,
        money_asset_id=market.money_asset_id,
        deal_name=command.deal_name,
        deal_version=command.deal_version,
        deal_hash=published.text_hash,
        model=command.model,
        state=IssueState.PROPOSED,
        parties=command.parties,
        claims=command.claims,
        classes=classes,
        accounts=accounts,
        payees=command.payees,
        closing_fees=command.closing_fees,
        proceeds_account_id=opened[0].account_id,
        running=store(begin(deal, NO_PERIOD)),
        pool_id=command.pool_id or PoolId(0),
        shelf_id=command.shelf_id or ShelfId(0),
        proposed_by=header.principal,
        proposed_at_ns=TimeNs(header.at_ns),
    )
    state.put(issue)
    items = checklist(header, command, deal, pool.assets if pool is not None else ())
    for item in items:
        state.put(item)
    pooled = with_status(state, claims, ClaimStatus.POOLED, issue.issue_id)
    return [
        *(AccountOpened(account=account) for account in opened),
        IssueProposed(issue=issue, items=tuple(items), claims=pooled, pool=wait_for(state, pool, issue.issue_id)),
    ]


def satisfy_closing(state: ExchangeState, header: Header, command: SatisfyClosing) -> list[Event]:
    """Keep what shows an item, once, by the party whose word it is."""
    item = state.table(ClosingItem).get(command.closing_item_id)
    if item is None:
        return [Rejected(code=RejectCode.CLOSING_UNKNOWN)]
    issue = state.table(Issue)[item.issue_id]
    if issue.state not in (IssueState.PROPOSED, IssueState.OFFERED):
        return [Rejected(code=RejectCode.CLOSING_STATE, detail=f"the issue is {issue.state}")]
    by_register = item.kind in (ClosingKind.PLEDGE_REGISTERED, ClosingKind.FIRST_LICENCE)
    again = by_register and not_shown(state, item, item.reference_id) != ""
    if item.state is ClosingState.SATISFIED and not again:
        return [Rejected(code=RejectCode.CLOSING_STATE, detail=item.state)]
    if (refusal := refuse_not_party(state, header, issue, item)) is not None:
        return [refusal]
    problem = _problem(state, item, command, by_register=by_register)
    if problem:
        return [Rejected(code=RejectCode.CLOSING_NOT_SHOWN, detail=problem)]
    member_id = state.users[header.principal].member_id
    if (refusal := refuse_documents(state, member_id, command.documents)) is not None:
        return [refusal]

    state.change()
    shown = msgspec.structs.replace(
        item,
        state=ClosingState.SATISFIED,
        documents=command.documents,
        reference_id=command.reference_id,
        grade=command.grade,
        satisfied_by=header.principal,
        satisfied_at_ns=TimeNs(header.at_ns),
    )
    state.put(shown)
    return [ClosingSatisfied(item=shown)]


def withdraw_issue(state: ExchangeState, header: Header, command: WithdrawIssue) -> list[Event]:
    """The arranger gives it up before the offer."""
    issue = state.table(Issue).get(command.issue_id)
    if issue is None:
        return [Rejected(code=RejectCode.ISSUE_UNKNOWN)]
    arranger = issue.party(IssueRole.ARRANGER)
    if arranger is None or not acts_for_member(state, header, arranger.member_id, UserRight.TRADE):
        return [Rejected(code=RejectCode.ACCOUNT_NOT_YOURS)]
    if issue.state is not IssueState.PROPOSED:
        return [Rejected(code=RejectCode.ISSUE_STATE, detail=issue.state)]

    state.change()
    withdrawn = put_issue(state, issue, state=IssueState.WITHDRAWN, reason=command.reason)
    return [IssueWithdrawn(issue=withdrawn, claims=free_claims(state, issue), pool=free_pool(state, issue))]


# --- For the offer ----------------------------------------------------------------------------------------------------


def deal_in_force(state: ExchangeState, header: Header, name: str, version: int) -> Deal | Rejected:
    """A published deal that two operators put in force and whose date has come.

    Refused: deal.text_unknown.
    """
    deal = state.parsed.get((PublishedKind.DEAL.value, name, version))
    active = [v for from_ns, v in state.in_force.get((PublishedKind.DEAL.value, name), ()) if from_ns <= header.at_ns]
    if not isinstance(deal, Deal) or version not in active:
        return Rejected(code=RejectCode.DEAL_TEXT_UNKNOWN, detail=f"{name}@{version}")
    return deal


def deal_of(state: ExchangeState, issue: Issue) -> Deal:
    """The deal an issue was proposed from."""
    deal = state.parsed[PublishedKind.DEAL.value, issue.deal_name, issue.deal_version]
    assert isinstance(deal, Deal)  # noqa: S101 - for the type checker
    return deal


def put_issue(state: ExchangeState, issue: Issue, /, **changes: object) -> Issue:
    """Keep an issue's next version."""
    changed = msgspec.structs.replace(issue, **changes)
    state.put(changed)
    return changed


def with_status(state: ExchangeState, claims: list[Claim], status: ClaimStatus, issue_id: IssueId) -> tuple[Claim, ...]:
    """Keep where claims stand now."""
    changed = tuple(msgspec.structs.replace(claim, status=status, issue_id=issue_id) for claim in claims)
    for claim in changed:
        state.put(claim)
    return changed


def free_claims(state: ExchangeState, issue: Issue) -> tuple[Claim, ...]:
    """The issue's claims may go into another pool."""
    claims = [state.table(Claim)[claim_id] for claim_id in issue.claims]
    return with_status(state, claims, ClaimStatus.REGISTERED, IssueId(0))


def _problem(state: ExchangeState, item: ClosingItem, command: SatisfyClosing, *, by_register: bool) -> str:
    """Why what was named shows nothing; empty if it does."""
    if by_register:
        of_licence = item.kind is ClosingKind.FIRST_LICENCE
        wrong = command.encumbrance_id if of_licence else command.licence_id
        return "names what it is not shown by" if wrong else not_shown(state, item, command.reference_id)
    if command.reference_id:
        return f"{item.kind} is shown by documents"
    if not command.documents:
        return f"{item.kind} names its documents"
    if (item.kind is ClosingKind.RATING) != bool(command.grade):
        return "a rating, and nothing else, names a grade"
    return ""
