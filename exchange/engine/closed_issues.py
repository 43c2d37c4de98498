"""What the ledger shows of a closed issue to those who are rewarded for it: its day, its size, who took part as what.

An issue of a deal is rewarded at the face of all its classes. Its intermediaries are those who served it; the
enterprises it financed are the debtors of its loans and licences back, and the sellers of its fees.
Source: SECURITIZATION.md 5.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from exchange.core.calendar import local_date
from exchange.core.ids import AccountId, AssetId, IssueId, MemberId, ProductId
from exchange.core.messages import Rejected
from exchange.core.rejections import RejectCode
from exchange.core.reward_terms import Fact, SchemeRole
from exchange.core.units import TimeNs
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from securitization.issue_messages import Issue, IssueModel, IssueRole, IssueState
from securitization.messages import Claim, Product, ProductStatus
from securitization.pool_records import PoolAsset

ISSUED_PRODUCTS = (ProductStatus.ISSUED, ProductStatus.PAYING, ProductStatus.PAID)
ISSUED = (IssueState.ESTABLISHED, IssueState.REDEEMED, IssueState.UNPAID)
REWARDED_AS: dict[IssueRole, SchemeRole] = {
    IssueRole.ISSUER: SchemeRole.ISSUER,
    IssueRole.GUARANTOR: SchemeRole.GUARANTOR,
    IssueRole.ARRANGER: SchemeRole.INTERMEDIARY,
    IssueRole.UNDERWRITER: SchemeRole.INTERMEDIARY,
    IssueRole.RATING_AGENCY: SchemeRole.INTERMEDIARY,
    IssueRole.VALUER: SchemeRole.INTERMEDIARY,
    IssueRole.LAW_FIRM: SchemeRole.INTERMEDIARY,
    IssueRole.AUDITOR: SchemeRole.INTERMEDIARY,
}
"""In which role of a programme a party of an issue claims; the others serve the notes, paid by the waterfall."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What opened a claim: when, who as what, and the figures that are known of it."""

    happened_on: str
    parties: tuple[tuple[SchemeRole, int], ...]
    facts: dict[Fact, int]


def product_closed(state: ExchangeState, product_id: ProductId, money_asset_id: AssetId) -> Occasion | Rejected:
    """A closed product of one class.

    Refused: application.no_event.
    """
    product = state.table(Product).get(product_id)
    if product is None or product.status not in ISSUED_PRODUCTS or product.money_asset_id != money_asset_id:
        return _none(product.status if product is not None else "no such issue")
    firms = (state.table(Claim)[claim_id].originator_account_id for claim_id in product.claims)
    return Occasion(
        happened_on=_day(product.issued_at_ns),
        parties=(
            (SchemeRole.ISSUER, state.accounts[product.issuer_account_id].member_id),
            (SchemeRole.INTERMEDIARY, product.arranger_member_id),
            *((SchemeRole.ENTERPRISE, firm) for firm in _members(state, firms)),
        ),
        facts={Fact.ISSUE_SIZE: product.notes * product.note_face_minor},
    )


def issue_closed(state: ExchangeState, issue_id: IssueId, money_asset_id: AssetId) -> Occasion | Rejected:
    """An established issue of a deal.

    Refused: application.no_event.
    """
    issue = state.table(Issue).get(issue_id)
    if issue is None or issue.state not in ISSUED or issue.money_asset_id != money_asset_id:
        return _none(issue.state if issue is not None else "no such issue")
    served = ((REWARDED_AS[party.role], party.member_id) for party in issue.parties if party.role in REWARDED_AS)
    return Occasion(
        happened_on=_day(issue.established_at_ns),
        parties=(
            *dict.fromkeys(served),
            *((SchemeRole.ENTERPRISE, firm) for firm in _members(state, _financed(state, issue))),
        ),
        facts={Fact.ISSUE_SIZE: sum(each.face_minor for each in issue.classes)},
    )


def _financed(state: ExchangeState, issue: Issue) -> Iterator[AccountId]:
    """The accounts of those who have the money in the end; who is known by name only has none."""
    claims: list[Claim | PoolAsset] = [state.table(Claim)[claim_id] for claim_id in issue.claims]
    if issue.pool_id:
        claims += [each for each in state.table(PoolAsset).values() if each.pool_id == issue.pool_id]
    for claim in claims:
        sold = issue.model is IssueModel.RECEIVABLES
        yield claim.originator_account_id if sold else claim.debtor_account_id


def _members(state: ExchangeState, accounts: Iterable[AccountId]) -> list[MemberId]:
    """Whose accounts these are, each once."""
    return list(dict.fromkeys(state.accounts[each].member_id for each in accounts if each))


def _day(at_ns: TimeNs) -> str:
    return local_date(at_ns, VENUE_TIME_ZONE).isoformat()


def _none(detail: str) -> Rejected:
    return Rejected(code=RejectCode.APPLICATION_NO_EVENT, detail=detail)
